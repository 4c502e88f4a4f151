use bytes::BytesMut;
use holdline_http1::{Buffer, Event, Limits, ReceiveErrorKind, ServerConfig, ServerConnection};

use crate::{allocates_nothing, left, most};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";

fn connection() -> ServerConnection {
    ServerConnection::new(ServerConfig::default())
}

/// Gives it all and says how it ended.
fn feed(
    connection: &mut ServerConnection,
    buffer: &mut Buffer,
    mut input: &[u8],
) -> Result<(), ReceiveErrorKind> {
    loop {
        match connection.receive(&mut input, buffer) {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            Err(error) => return Err(error.kind()),
        }
    }
}

#[test]
fn a_connection_is_one_value_without_any_memory_of_its_own() {
    assert!(size_of::<ServerConnection>() < 200);
    allocates_nothing(|| {
        let (_connection, _buffer) = (connection(), Buffer::new());
    });
}

#[test]
fn requests_in_one_piece_and_their_answers_allocate_nothing_after_the_first() {
    let (mut connection, mut buffer) = (connection(), Buffer::new());
    let mut out = BytesMut::with_capacity(1 << 10);
    let mut cycle = || {
        let mut input = GET;
        let event = connection.receive(&mut input, &mut buffer);
        assert!(matches!(event, Ok(Some(Event::Request { .. }))));
        while let Ok(Some(_)) = connection.receive(&mut input, &mut buffer) {}
        out.clear();
        let sent = connection.respond(200, [("Date", "x")], b"hello", &mut out);
        assert_eq!(sent, Ok(()));
    };
    cycle();
    cycle();
    allocates_nothing(|| (0..1000).for_each(|_| cycle()));
}

#[test]
fn an_idle_connection_keeps_nothing_once_its_buffer_is_released() {
    let (mut connection, mut buffer) = (connection(), Buffer::new());
    let kept = left(|| {
        for byte in GET {
            assert_eq!(feed(&mut connection, &mut buffer, &[*byte]), Ok(()));
        }
        buffer.release();
    });
    assert_eq!(kept, 0);
}

/// A vector that grows is there twice for a moment: the old half and the new whole.
const GROWING: u64 = 3;

#[test]
fn a_head_that_does_not_end_takes_no_more_than_its_limit_grown_by_doubling() {
    let limits = Limits::default();
    for field in [
        "A: b\r\n".to_owned(),
        format!("A: {}\r\n", "b".repeat(8000)),
    ] {
        let head = ["GET / HTTP/1.1\r\nHost: a\r\n", &field.repeat(9000)].concat();
        let mut end = Ok(());
        let taken = most(|| {
            let (mut connection, mut buffer) = (connection(), Buffer::new());
            for piece in head.as_bytes().chunks(7) {
                end = end.and_then(|()| feed(&mut connection, &mut buffer, piece));
            }
        });
        let refused = [
            ReceiveErrorKind::HeadTooLong,
            ReceiveErrorKind::TooManyFields,
        ];
        assert!(end.is_err_and(|kind| refused.contains(&kind)), "{end:?}");
        // And where each of the fields is.
        let most = GROWING * (limits.max_head as u64 + 32 * limits.max_fields as u64);
        assert!(taken <= most, "{taken} > {most}");
    }
}

#[test]
fn a_body_is_never_kept() {
    let chunk = [&b"8000\r\n"[..], &[b'a'; 0x8000], b"\r\n"].concat();
    for (framing, block) in [
        ("Content-Length: 999999999", &[b'a'; 0x8000][..]),
        ("Transfer-Encoding: chunked", &chunk),
    ] {
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n");
        let (mut connection, mut buffer) = (connection(), Buffer::new());
        assert_eq!(feed(&mut connection, &mut buffer, head.as_bytes()), Ok(()));
        allocates_nothing(|| {
            for _ in 0..100 {
                for piece in block.chunks(5000) {
                    assert_eq!(feed(&mut connection, &mut buffer, piece), Ok(()));
                }
            }
        });
    }
}

#[test]
fn trailers_that_do_not_end_take_no_more_than_their_limit_grown_by_doubling() {
    let limits = Limits::default();
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    let (mut connection, mut buffer) = (connection(), Buffer::new());
    assert_eq!(feed(&mut connection, &mut buffer, head), Ok(()));
    let mut end = Ok(());
    let taken = most(|| {
        for piece in format!("A: {}\r\n", "b".repeat(500))
            .repeat(99)
            .as_bytes()
            .chunks(7)
        {
            end = end.and_then(|()| feed(&mut connection, &mut buffer, piece));
        }
    });
    assert_eq!(end, Err(ReceiveErrorKind::TrailersTooLong));
    let text = 99 * 505;
    let most = text + GROWING * (limits.max_trailers as u64 + 32 * limits.max_fields as u64);
    assert!(taken <= most, "{taken} > {most}");
}
