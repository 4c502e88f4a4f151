//! The protocol of the first browsers: handshake and frames, with exact bytes. A case runs whole, at every cut, byte
//! by byte and with trailing bytes.
#![cfg(feature = "hixie76")]

use crate::support::every_cut;
use std::time::Duration;

use bytes::BytesMut;
use holdline_websocket::{
    Buffer, ClosedBy, Transport,
    hixie76::{
        Challenge, ClientRequest, Config, Connection, Event, HandshakeError, PreparedMessage,
        ReceiveErrorKind as Kind, SendError, VerifyError, accept, is_offered,
    },
};

pub(crate) mod client;
pub(crate) mod deadlines;
pub(crate) mod frames;
pub(crate) mod opening;

type Pairs<'h> = Vec<(&'h str, &'h [u8])>;

/// The keys, the body and the answer of the example in §1.3.
const KEY1: &str = "18x 6]8vM;54 *(5:  {   U1]8  z [  8";
const KEY2: &str = "1_ tx7X d  <  nw  334J702) 7]o}` 0";
const BODY: [u8; 8] = *b"Tm[K T2u";
const ANSWER: &[u8; 16] = b"fQJ,fN/4F4!~K~MH";

fn pairs<'h>(without: &[&str], with: &[(&'h str, &'h str)]) -> Pairs<'h> {
    [
        ("Host", "example.com"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key2", KEY2),
        ("Sec-WebSocket-Protocol", "sample"),
        ("Upgrade", "WebSocket"),
        ("Sec-WebSocket-Key1", KEY1),
        ("Origin", "http://example.com"),
    ]
    .iter()
    .filter(|(name, _)| !without.contains(name))
    .chain(with)
    .map(|(name, value)| (*name, value.as_bytes()))
    .collect()
}

#[track_caller]
fn refused(without: &[&str], with: &[(&str, &str)], expected: HandshakeError) {
    let headers = pairs(without, with);
    let error = accept("GET", "/demo", false, headers.into_iter()).unwrap_err();
    assert_eq!((error, error.status()), (expected, 400));
}

fn challenge() -> Challenge {
    Challenge::parse(KEY1.as_bytes(), KEY2.as_bytes()).unwrap()
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    items: Vec<String>,
    error: Option<(Kind, u64)>,
    reply: Vec<u8>,
}

fn in_parts(mut connection: Connection, parts: &[&[u8]]) -> Outcome {
    let (mut buffer, mut reply) = (Buffer::new(), BytesMut::new());
    let (mut items, mut error) = (Vec::new(), None);
    for part in parts {
        let mut owned = part.to_vec();
        let mut input = &mut owned[..];
        loop {
            match connection.receive(&mut input, &mut buffer) {
                Ok(Some(Event::Text(text))) => items.push(format!("text {text}")),
                Ok(Some(event)) => items.push(format!("{event:?}")),
                Ok(None) => break,
                Err(e) => {
                    assert!(error.is_none_or(|first| first == (e.kind(), e.at())));
                    assert_eq!(buffer.capacity(), 0, "nothing is kept");
                    error = Some((e.kind(), e.at()));
                    break;
                }
            }
        }
        assert!(input.is_empty(), "the drain law");
    }
    connection.poll_transmit(&mut reply);
    let reply = reply.to_vec();
    Outcome {
        items,
        error,
        reply,
    }
}

fn every_way(new: impl Fn() -> Connection, bytes: &[u8]) -> Outcome {
    let whole = every_cut(bytes, |parts| in_parts(new(), parts));
    if whole.error.is_some() || whole.items.last().is_some_and(|i| i.starts_with("Closed")) {
        let longer = [bytes, b"\x00late\xff"].concat();
        assert_eq!(in_parts(new(), &[&longer]), whole, "with trailing bytes");
    }
    whole
}

/// What a server makes of the frames after the challenge, with limits of 8 and 10 bytes.
fn frames(frames: &[u8]) -> Outcome {
    let mut config = Config::default();
    config.limits.max_message = 8;
    config.limits.max_frame = 10;
    let outcome = every_way(
        || Connection::server(config, challenge()),
        &[&BODY[..], frames].concat(),
    );
    assert_eq!(outcome.items[0], "Open");
    assert_eq!(outcome.reply[..16], ANSWER[..]);
    Outcome {
        items: outcome.items[1..].to_vec(),
        reply: outcome.reply[16..].to_vec(),
        ..outcome
    }
}

#[track_caller]
fn refused_frames(bytes: &[u8], kind: Kind, at: u64) {
    let outcome = frames(bytes);
    assert_eq!(outcome.error, Some((kind, 8 + at)));
    assert_eq!(outcome.reply, b"\xff\x00");
}
