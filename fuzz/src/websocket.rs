//! WebSocket frames, connections and handshakes.

use bytes::BytesMut;
use holdline_websocket::handshake::server;
use holdline_websocket::{
    Buffer, CloseCode, Config, Connection, Event, Limits, MessageDecoder, PieceEvent,
    ReceiveErrorKind, Role,
};

use crate::cuts::{Cuts, seed};

mod deflate;
mod hixie76;

pub use deflate::deflate;
pub use hixie76::hixie76;

type Outcome = (Vec<String>, Option<(ReceiveErrorKind, u64)>);

/// However a stream is cut, the messages and the error are the same, for either role, whole and in pieces. A caller that
/// asks for pieces and for whole messages in turns gets each message whole or only its beginning, never one with a hole.
pub fn frames(data: &[u8]) {
    let (seed, stream) = seed(data);
    let limits = limits(5_000, 8_000);
    for role in [Role::Server, Role::Client] {
        let whole = decode(role, limits, std::iter::once(stream));
        assert_eq!(whole, decode(role, limits, Cuts::new(stream, seed)));
        let single = stream.chunks(1);
        assert_eq!(whole, decode(role, limits, single));
        let pieces = mixed(role, limits, Cuts::new(stream, seed), 0xff);
        assert_eq!(pieces, whole);
        let (items, error) = mixed(role, limits, Cuts::new(stream, seed), seed);
        assert_eq!(error, whole.1);
        let mut expected = whole.0.iter();
        for item in &items {
            assert!(expected.any(|whole| whole == item), "{item} has a hole");
        }
    }
}

/// Two of our own connections understand one another: what one sends in a legal order arrives as it
/// was, whatever the cuts, and closing is clean.
pub fn session(data: &[u8]) {
    let (seed, script) = seed(data);
    let mut key = u32::from(seed);
    let mut client = Connection::client(Config::default(), move || {
        key = key.wrapping_mul(0x9e37_79b9).wrapping_add(1);
        key.to_be_bytes()
    });
    let mut server = Connection::server(Config::default());
    let (mut wire, mut sent) = (BytesMut::new(), Vec::new());
    let mut steps = script.split(|&byte| byte == b'\n');
    for step in &mut steps {
        let Some((&kind, payload)) = step.split_first() else {
            continue;
        };
        let text = String::from_utf8_lossy(payload);
        match kind % 4 {
            0 => {
                client.send_text(&text, &mut wire).expect("it is open");
                sent.push(format!("text {text}"));
            }
            1 => {
                client.send_binary(payload, &mut wire).expect("it is open");
                sent.push(format!("binary {}", payload.escape_ascii()));
            }
            2 => {
                let payload = &payload[..payload.len().min(125)];
                client.send_ping(payload, &mut wire).expect("it is open");
                sent.push(format!("ping {}", payload.escape_ascii()));
            }
            _ => {
                let code = CloseCode::from(u16::from_be_bytes([kind, 0xe8]));
                let before = wire.len();
                if client.send_close(code, &text, &mut wire).is_err() {
                    assert_eq!(wire.len(), before);
                    continue;
                }
                break;
            }
        }
    }
    if client.is_open() {
        client
            .send_close(CloseCode::NORMAL, "", &mut wire)
            .expect("it is open");
    }
    let (mut got, mut reply, mut buffer) = (Vec::new(), BytesMut::new(), Buffer::new());
    for piece in Cuts::new(&wire, seed) {
        let mut block = piece.to_vec();
        let mut input = &mut block[..];
        while let Some(event) = server
            .receive(&mut input, &mut buffer)
            .expect("our own frames")
        {
            match event {
                Event::Text(text) => got.push(format!("text {text}")),
                Event::Binary(data) => got.push(format!("binary {}", data.escape_ascii())),
                Event::Ping(data) => got.push(format!("ping {}", data.escape_ascii())),
                _ => {}
            }
        }
        server.poll_transmit(&mut reply);
    }
    assert_eq!(got, sent);
    assert!(server.should_close());
    let mut input = &mut reply[..];
    let mut buffer = Buffer::new();
    while client
        .receive(&mut input, &mut buffer)
        .expect("our own frames")
        .is_some()
    {}
    assert!(client.is_clean() && server.is_clean());
}

/// A handshake request of any header lines is accepted or refused with a status, never else.
pub fn handshake(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines = text.split('\n').filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name, value.trim().as_bytes()))
    });
    match server::accept("GET", lines) {
        Ok(request) => {
            let answer = request.response(None);
            assert!(
                answer
                    .iter()
                    .any(|(name, _)| *name == "Sec-WebSocket-Accept")
            );
            let _ = (request.origin(), request.protocols(), request.extensions());
        }
        Err(error) => assert!([400, 405, 426].contains(&error.status())),
    }
}

/// Of frames and messages, in bytes.
fn limits(max_frame: u64, max_message: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_frame = max_frame;
    limits.max_message = max_message;
    limits
}

fn decode<'a>(role: Role, limits: Limits, pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = MessageDecoder::new(role, limits);
    let mut buffer = Buffer::new();
    let mut items = Vec::new();
    for piece in pieces {
        let mut block = piece.to_vec();
        let mut input = &mut block[..];
        loop {
            match decoder.decode(&mut input, &mut buffer) {
                Ok(Some(message)) => items.push(describe(&message)),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decoder.decode(&mut input, &mut buffer), Err(error));
                    return (items, Some((error.kind(), error.at())));
                }
            }
        }
        assert!(input.is_empty(), "None means that all was taken");
        assert!(buffer.capacity() <= 20_000, "{}", buffer.capacity());
    }
    let end = decoder.decode_eof().err();
    (items, end.map(|error| (error.kind(), error.at())))
}

/// Asks for pieces where a bit of `modes` is set, for whole messages where it is not, in turns over all eight.
fn mixed<'a>(
    role: Role,
    limits: Limits,
    parts: impl Iterator<Item = &'a [u8]>,
    modes: u8,
) -> Outcome {
    let mut decoder = MessageDecoder::new(role, limits);
    let (mut buffer, mut items) = (Buffer::new(), Vec::new());
    let (mut text, mut binary) = (String::new(), Vec::new());
    for (at, part) in parts.enumerate() {
        let mut block = part.to_vec();
        let mut input = &mut block[..];
        loop {
            if modes >> (at % 8) & 1 == 0 {
                // What there was of a message under way is not gone on with.
                (text, binary) = Default::default();
                match decoder.decode(&mut input, &mut buffer) {
                    Ok(Some(event)) => items.push(describe(&event)),
                    Ok(None) => break,
                    Err(error) => return (items, Some((error.kind(), error.at()))),
                }
                continue;
            }
            match decoder.decode_piece(&mut input, &mut buffer) {
                Ok(Some(PieceEvent::Text { text: piece, last })) => {
                    text.push_str(piece);
                    if last {
                        items.push(describe(&Event::Text(&std::mem::take(&mut text))));
                    }
                }
                Ok(Some(PieceEvent::Binary { data, last })) => {
                    binary.extend_from_slice(data);
                    if last {
                        items.push(describe(&Event::Binary(&std::mem::take(&mut binary))));
                    }
                }
                Ok(Some(PieceEvent::Ping(data))) => items.push(describe(&Event::Ping(data))),
                Ok(Some(PieceEvent::Pong(data))) => items.push(describe(&Event::Pong(data))),
                Ok(Some(PieceEvent::Closed(reason))) => {
                    items.push(describe(&Event::Closed(reason)));
                }
                Ok(Some(other)) => items.push(format!("{other:?}")),
                Ok(None) => break,
                Err(error) => return (items, Some((error.kind(), error.at()))),
            }
        }
    }
    let end = decoder.decode_eof().err();
    (items, end.map(|error| (error.kind(), error.at())))
}

fn describe(message: &Event<'_>) -> String {
    match message {
        Event::Text(text) => format!("text {text}"),
        Event::Binary(data) => format!("binary {}", data.escape_ascii()),
        Event::Ping(data) => format!("ping {}", data.escape_ascii()),
        Event::Pong(data) => format!("pong {}", data.escape_ascii()),
        Event::Closed(reason) => format!("close {reason:?}"),
        other => format!("{other:?}"),
    }
}
