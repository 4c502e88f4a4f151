use std::hint::black_box;

use allocation_counter::measure;
use bytes::BytesMut;
use holdline_websocket::{
    Buffer, Config, Connection, Deflate, DeflateOptions, Event, PreparedMessage, ReceiveErrorKind,
    Unmasked, handshake::server,
};

use crate::{allocates_nothing, left, most};

fn server() -> Connection<Unmasked> {
    Connection::server(Config::default())
}

/// A frame of a client with this first byte, masked with zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u64;
    let mut frame = vec![first];
    match length {
        0..126 => frame.push(0x80 | length as u8),
        126..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// Gives it all in pieces of this size. How many messages came, or what was wrong.
fn feed(
    connection: &mut Connection<Unmasked>,
    buffer: &mut Buffer,
    wire: &mut [u8],
    size: usize,
) -> Result<usize, ReceiveErrorKind> {
    let mut messages = 0;
    for mut piece in wire.chunks_mut(size) {
        loop {
            match connection.receive(&mut piece, buffer) {
                Ok(Some(Event::Text(_) | Event::Binary(_))) => messages += 1,
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return Err(error.kind()),
            }
        }
    }
    Ok(messages)
}

#[test]
fn an_idle_connection_takes_280_bytes_and_no_memory_of_its_own() {
    assert!(size_of::<Connection<Unmasked>>() <= 200);
    assert!(size_of::<Buffer>() <= 80);
    allocates_nothing(|| {
        let (_connection, _buffer) = (server(), Buffer::new());
    });
}

#[test]
fn messages_in_one_piece_allocate_nothing() {
    let (mut connection, mut buffer) = (server(), Buffer::new());
    let mut wire = [frame(0x81, b"hello"), frame(0x82, &[7; 70_000])].concat();
    let size = wire.len();
    allocates_nothing(|| {
        assert_eq!(feed(&mut connection, &mut buffer, &mut wire, size), Ok(2));
    });
}

#[test]
fn nothing_is_reserved_for_a_length_that_was_only_declared() {
    let (mut connection, mut buffer) = (server(), Buffer::new());
    // 16 MiB, of which 1000 bytes come.
    let mut wire = frame(0x82, &[]);
    wire.splice(1..2, [0x80 | 127, 0, 0, 0, 0, 1, 0, 0, 0]);
    wire.extend([7; 1000]);
    let taken = most(|| {
        assert_eq!(feed(&mut connection, &mut buffer, &mut wire, 10), Ok(0));
    });
    assert!(taken <= 8 << 10, "{taken}");
}

#[test]
fn a_message_in_pieces_takes_twice_its_length_and_gives_it_back() {
    for first in [0x81, 0x82] {
        let (mut connection, mut buffer) = (server(), Buffer::new());
        let mut wire = frame(first, &[b'a'; 1_000_000]);
        let last = wire.len() - 1;
        let (begin, end) = wire.split_at_mut(last);
        let begun = measure(|| {
            assert_eq!(feed(&mut connection, &mut buffer, begin, 5000), Ok(0));
        });
        assert!(begun.bytes_current <= 2_000_000, "{begun:?}");
        assert_eq!(begun.bytes_current as usize, buffer.capacity());
        // While it grows the old half is there beside the new whole.
        assert!(begun.bytes_max <= 3_000_000, "{begun:?}");
        let given_back = left(|| {
            assert_eq!(feed(&mut connection, &mut buffer, end, 1), Ok(1));
        });
        assert_eq!(begun.bytes_current + given_back, 0);
    }
}

#[test]
fn a_flood_of_pings_takes_one_pong() {
    let (mut connection, mut buffer) = (server(), Buffer::new());
    let mut wire = frame(0x89, &[7; 125]).repeat(10_000);
    for size in [wire.len(), 50] {
        let taken = most(|| {
            assert_eq!(feed(&mut connection, &mut buffer, &mut wire, size), Ok(0));
        });
        assert!(taken <= 1024, "{taken}");
    }
}

fn agreed(options: &DeflateOptions) -> Deflate {
    let headers = [
        ("Upgrade", &b"websocket"[..]),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", b"13"),
        (
            "Sec-WebSocket-Extensions",
            b"permessage-deflate; client_max_window_bits",
        ),
    ];
    let request = server::accept("GET", headers.into_iter()).expect("a good request");
    request.accept_deflate(options).expect("offered")
}

fn compressing(options: &DeflateOptions, max_message: u64) -> Connection<Unmasked> {
    let mut config = Config::default();
    config.limits.max_message = max_message;
    config.deflate = Some(agreed(options));
    Connection::server(config)
}

/// A client's frame with so many zeros, compressed.
fn bomb(size: usize) -> Vec<u8> {
    let message = PreparedMessage::binary(&vec![0; size]).with_deflate(9);
    let sent = message.compressed_bytes().expect("compressed");
    // Without the header of a server's frame of up to 64 KiB.
    let header = if sent[1] < 126 { 2 } else { 4 };
    frame(0xc2, &sent[header..])
}

#[test]
fn what_a_small_message_inflates_to_takes_no_more_than_the_limit() {
    let mut wire = bomb(10 << 20);
    for size in [1, wire.len()] {
        let taken = most(|| {
            let mut connection = compressing(&DeflateOptions::default(), 100_000);
            let refused = feed(&mut connection, &mut Buffer::new(), &mut wire.clone(), size);
            assert_eq!(refused, Err(ReceiveErrorKind::MessageTooLong));
        });
        // The message as it grows, the window, and what decompresses; and the copy of what is fed.
        let most = 3 * 100_000 + (32 << 10) + (16 << 10) + wire.len() as u64;
        assert!(taken <= most, "{taken} > {most}");
    }
    wire.clear();
}

#[test]
fn a_connection_keeps_the_window_that_was_agreed_and_nothing_without_takeover() {
    for bits in 8..=15 {
        for takeover in [true, false] {
            let mut options = DeflateOptions::default();
            options.peer_max_window_bits = bits;
            options.peer_no_context_takeover = !takeover;
            let mut connection = compressing(&options, 1 << 20);
            let (mut buffer, mut wire) = (Buffer::new(), bomb(200_000));
            // `bomb` refers back 32 KiB at most, but zeros are alike: distance 1.
            let size = wire.len();
            let kept = left(|| {
                assert_eq!(feed(&mut connection, &mut buffer, &mut wire, size), Ok(1));
            });
            let most = if takeover { 1 << bits } else { 0 };
            assert!(kept <= most, "{bits} bits: {kept} > {most}");
        }
    }
}

#[test]
fn the_compressor_takes_313_kib_and_without_takeover_only_while_it_sends() {
    for takeover in [true, false] {
        let mut options = DeflateOptions::default();
        options.no_context_takeover = !takeover;
        let text = "a text that is alike ".repeat(100);
        let mut connection = compressing(&options, 1 << 20);
        let mut out = BytesMut::with_capacity(8 << 10);
        let info = measure(|| {
            connection.send_text(&text, &mut out).expect("open");
        });
        let (most, kept) = (info.bytes_max, info.bytes_current);
        assert!(most <= (313 << 10) + 2 * text.len() as u64 + 1024, "{most}");
        match takeover {
            true => assert!((200 << 10..=313 << 10).contains(&kept), "{kept}"),
            false => assert_eq!(kept, 0),
        }
        black_box(out);
    }
}
