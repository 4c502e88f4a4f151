//! permessage-deflate: any bytes inflated, and what one side compresses.

use bytes::BytesMut;
use holdline_websocket::{
    Buffer, Config, Connection, Deflate, DeflateOptions, Event, MaskKeys, PieceEvent,
    ReceiveErrorKind, handshake::server,
};

use crate::cuts::{Cuts, seed};

type Outcome = (Vec<String>, Option<(ReceiveErrorKind, u64)>);

/// Any bytes as the payload of a compressed message, after a good one and before another: the same messages and the
/// same error however they are cut, whole or in pieces, within the limits. Or, with an odd seed, a script of messages:
/// what one side compresses the other inflates.
pub fn deflate(data: &[u8]) {
    let (options, rest) = seed(data);
    let (seed, payload) = seed(rest);
    let agreed = agree(options);
    // One of them, because the compressors take most of the time.
    if seed & 1 == 0 {
        any_bytes(agreed, seed, payload);
    } else {
        round_trip(agreed, seed, payload);
    }
}

/// A server with these options, and a client that takes whatever it asks for.
pub(super) fn agree(byte: u8) -> Deflate {
    let mut options = DeflateOptions::default();
    options.no_context_takeover = byte & 1 != 0;
    options.peer_no_context_takeover = byte & 2 != 0;
    options.max_window_bits = 8 + (byte >> 2 & 7);
    options.peer_max_window_bits = 15 - (byte >> 2 & 7);
    options.level = 1 + (byte >> 5);
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
    request.accept_deflate(&options).expect("a good offer")
}

pub(super) fn config(agreed: Deflate, max_message: u64) -> Config {
    let mut config = Config::default();
    config.deflate = Some(agreed);
    config.limits = super::limits(16 << 20, max_message);
    config
}

pub(super) fn client(agreed: Deflate, max_message: u64) -> Connection<impl FnMut() -> [u8; 4]> {
    let mut key = 0u32;
    Connection::client(config(agreed, max_message), move || {
        key = key.wrapping_mul(0x9e37_79b9).wrapping_add(1);
        key.to_be_bytes()
    })
}

fn any_bytes(agreed: Deflate, seed: u8, payload: &[u8]) {
    // "Hello", then the payload in two fragments with a ping between, then "Hello" again from the window.
    let mut wire = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00".to_vec();
    let (one, two) = payload.split_at(payload.len().min(usize::from(seed)));
    for (first, part) in [(0x41 + (seed >> 1 & 1), one), (0x80, two)] {
        let [high, low] = (part.len() as u16).to_be_bytes();
        match part.len() {
            length @ ..126 => wire.extend([first, length as u8]),
            126..=0xffff => wire.extend([first, 126, high, low]),
            _ => return,
        }
        wire.extend_from_slice(part);
        wire.extend(b"\x89\x00");
    }
    wire.extend(b"\xc1\x05\xf2\x00\x11\x00\x00");

    let whole = receive(client(agreed, LIMIT), std::iter::once(&wire[..]));
    assert_eq!(
        whole,
        receive(client(agreed, LIMIT), Cuts::new(&wire, seed))
    );
    let pieces = receive_pieces(client(agreed, LIMIT), Cuts::new(&wire, seed));
    assert_eq!(whole, pieces);
    let pieces = receive_pieces(client(agreed, LIMIT), std::iter::once(&wire[..]));
    assert_eq!(whole, pieces);
}

/// Each line is a message, by its first byte text, binary, or fragments, and it goes there and back.
fn round_trip(agreed: Deflate, seed: u8, script: &[u8]) {
    let (mut client, mut server) = (
        client(agreed, LIMIT),
        Connection::server(config(agreed, LIMIT)),
    );
    let (mut there, mut back, mut sent) = (BytesMut::new(), BytesMut::new(), Vec::new());
    for line in script.split(|byte| *byte == b'\n') {
        let Some((kind, payload)) = line.split_first() else {
            continue;
        };
        let payload = payload.repeat(1 + usize::from(kind >> 5));
        if payload.len() > 6_000 {
            continue;
        }
        let text = String::from_utf8_lossy(&payload);
        let is_text = kind & 1 != 0;
        sent.push(if is_text {
            format!("text {text}")
        } else {
            format!("binary {}", payload.escape_ascii())
        });
        for half in [false, true] {
            // The same message in both directions, as one frame and as two.
            let fragments = (kind & 2 != 0) ^ half;
            if half {
                send(&mut server, is_text, fragments, &payload, &mut back);
            } else {
                send(&mut client, is_text, fragments, &payload, &mut there);
            }
        }
    }
    let (at_server, error) = receive(server, Cuts::new(&there, seed));
    assert_eq!((at_server, error), (sent.clone(), None));
    let (at_client, error) = receive(client, Cuts::new(&back, seed));
    assert_eq!((at_client, error), (sent, None));
}

fn send<K: MaskKeys>(
    connection: &mut Connection<K>,
    is_text: bool,
    fragments: bool,
    payload: &[u8],
    out: &mut BytesMut,
) {
    let text = String::from_utf8_lossy(payload);
    let sent = match (is_text, fragments) {
        (true, false) => connection.send_text(&text, out),
        (false, false) => connection.send_binary(payload, out),
        (true, true) => connection
            .send_text_fragment("", false, out)
            .and_then(|()| connection.send_text_fragment(&text, true, out)),
        (false, true) => {
            let (one, two) = payload.split_at(payload.len() / 2);
            connection
                .send_binary_fragment(one, false, out)
                .and_then(|()| connection.send_binary_fragment(two, true, out))
        }
    };
    sent.expect("it is open");
}

fn receive<'a, K: MaskKeys>(
    mut connection: Connection<K>,
    parts: impl Iterator<Item = &'a [u8]>,
) -> Outcome {
    let (mut items, mut buffer) = (Vec::new(), Buffer::new());
    for part in parts {
        let mut block = part.to_vec();
        let mut input = &mut block[..];
        loop {
            match connection.receive(&mut input, &mut buffer) {
                Ok(Some(event)) => items.push(describe(&event)),
                Ok(None) => break,
                Err(error) => return (items, Some((error.kind(), error.at()))),
            }
        }
        assert!(buffer.capacity() <= 40_000, "{}", buffer.capacity());
    }
    (items, None)
}

fn receive_pieces<'a, K: MaskKeys>(
    mut connection: Connection<K>,
    parts: impl Iterator<Item = &'a [u8]>,
) -> Outcome {
    let (mut items, mut buffer) = (Vec::new(), Buffer::new());
    let (mut message, mut binary) = (String::new(), Vec::new());
    for part in parts {
        let mut block = part.to_vec();
        let mut input = &mut block[..];
        loop {
            match connection.receive_piece(&mut input, &mut buffer) {
                Ok(Some(PieceEvent::Text { text, last })) => {
                    message.push_str(text);
                    if last {
                        items.push(describe(&Event::Text(&std::mem::take(&mut message))));
                    }
                }
                Ok(Some(PieceEvent::Binary { data, last })) => {
                    binary.extend_from_slice(data);
                    if last {
                        items.push(describe(&Event::Binary(&std::mem::take(&mut binary))));
                    }
                }
                Ok(Some(PieceEvent::Ping(payload))) => items.push(describe(&Event::Ping(payload))),
                Ok(Some(other)) => items.push(format!("{other:?}")),
                Ok(None) => break,
                Err(error) => return (items, Some((error.kind(), error.at()))),
            }
        }
    }
    (items, None)
}

fn describe(event: &Event<'_>) -> String {
    match event {
        Event::Text(text) => format!("text {text}"),
        Event::Binary(data) => format!("binary {}", data.escape_ascii()),
        other => format!("{other:?}"),
    }
}

/// Of a message here, in bytes.
const LIMIT: u64 = 20_000;
