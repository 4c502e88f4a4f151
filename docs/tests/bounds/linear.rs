//! One byte at a time costs linear time.

use bytes::BytesMut;
use holdline_comet::socket;
use holdline_http1::{ServerConfig, ServerConnection};
use holdline_websocket as websocket;
use rustix::time::{ClockId, clock_gettime};

/// The processor's time of this thread, in nanoseconds.
fn time() -> i64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Eight times as many bytes may cost 24 times as much, where quadratic work costs 64 times as much. The caches of a
/// busy machine are no matter of the code: it has a few tries.
#[track_caller]
fn is_linear(bytes: usize, mut run: impl FnMut(usize)) {
    let mut ratio = || {
        let measured = [bytes, 8 * bytes].map(|bytes| {
            let start = time();
            run(bytes);
            (time() - start) as f64
        });
        measured[1] / measured[0]
    };
    let mut ratios = Vec::new();
    while ratios.len() < 5 {
        ratios.push(ratio());
        if ratios.iter().any(|&ratio| ratio < 24.0) {
            return;
        }
    }
    panic!("not linear: {ratios:?}");
}

#[test]
fn what_is_quadratic_would_be_noticed() {
    let quadratic = |bytes: usize| {
        let text = vec![b'a'; bytes];
        for end in 0..bytes {
            assert!(!std::hint::black_box(&text[..end]).contains(&b'\n'));
        }
    };
    let failed = std::panic::catch_unwind(|| is_linear(1 << 12, quadratic));
    assert!(failed.is_err());
}

#[test]
fn an_http_head() {
    is_linear(4000, |bytes| {
        let mut config = ServerConfig::default();
        config.limits.max_head = 1 << 20;
        let mut connection = ServerConnection::new(config);
        let mut buffer = holdline_http1::Buffer::new();
        let field = format!("A: {}\r\n", "b".repeat(bytes));
        for byte in [b"GET / HTTP/1.1\r\nHost: a\r\n", field.as_bytes()].concat() {
            assert_eq!(connection.receive(&mut &[byte][..], &mut buffer), Ok(None));
        }
    });
}

#[test]
fn the_size_of_an_http_chunk_and_its_extensions() {
    is_linear(4000, |bytes| {
        let mut config = ServerConfig::default();
        config.limits.max_chunk_extension = 1 << 20;
        config.limits.max_chunk_extensions = 1 << 20;
        let mut connection = ServerConnection::new(config);
        let mut buffer = holdline_http1::Buffer::new();
        let head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let event = connection.receive(&mut &head[..], &mut buffer);
        assert!(matches!(event, Ok(Some(_))));
        for byte in format!("5;a={}", "b".repeat(bytes)).bytes() {
            assert_eq!(connection.receive(&mut &[byte][..], &mut buffer), Ok(None));
        }
    });
}

#[test]
fn a_line_of_an_event_stream() {
    for start in ["data: ", "id: ", ": ", "other: "] {
        is_linear(8000, |bytes| {
            let mut decoder = holdline_sse::Decoder::new(holdline_sse::Limits::new());
            let mut buffer = holdline_sse::Buffer::new();
            for byte in format!("{start}{}", "é".repeat(bytes / 2)).bytes() {
                assert_eq!(decoder.decode(&mut &[byte][..], &mut buffer), Ok(None));
            }
        });
    }
}

#[test]
fn an_event_of_many_lines() {
    is_linear(2000, |bytes| {
        let mut decoder = holdline_sse::Decoder::new(holdline_sse::Limits::new());
        let mut buffer = holdline_sse::Buffer::new();
        for byte in "data: a\n".repeat(bytes).bytes() {
            assert_eq!(decoder.decode(&mut &[byte][..], &mut buffer), Ok(None));
        }
    });
}

#[test]
fn a_websocket_message_and_one_of_many_fragments() {
    for one_frame in [true, false] {
        is_linear(2000, |bytes| {
            let mut client = websocket::Connection::client(websocket::Config::default(), || [7; 4]);
            let mut wire = BytesMut::new();
            match one_frame {
                true => client
                    .send_text(&"é".repeat(bytes), &mut wire)
                    .expect("open"),
                false => {
                    // Each with its own header: not final, one byte, masked with zeros.
                    for opcode in std::iter::once(2).chain(std::iter::repeat_n(0, bytes)) {
                        wire.extend_from_slice(&[opcode, 0x81, 0, 0, 0, 0, b'a']);
                    }
                }
            }
            let mut server = websocket::Connection::server(websocket::Config::default());
            let mut buffer = websocket::Buffer::new();
            let last = wire.len() - 1;
            for byte in wire[..last].iter_mut() {
                let event = server.receive(&mut std::slice::from_mut(byte), &mut buffer);
                assert_eq!(event, Ok(None));
            }
        });
    }
}

#[test]
fn a_message_of_a_plain_socket() {
    is_linear(8000, |bytes| {
        let mut decoder = socket::Decoder::new(socket::Limits::default());
        let mut buffer = socket::Buffer::new();
        for byte in "é".repeat(bytes / 2).bytes() {
            assert_eq!(decoder.decode(&mut &[byte][..], &mut buffer), Ok(None));
        }
    });
}
