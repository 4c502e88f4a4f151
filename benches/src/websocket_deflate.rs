//! permessage-deflate (RFC 7692), both ways, with context takeover and without.
//!
//! Both compress with the same library at the same level, so what differs is what is done around it.

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use holdline_websocket::handshake::server;
use holdline_websocket::{Buffer, Config, Connection, Deflate, DeflateOptions, Event};

use crate::memory::{Incoming, Outgoing, run};
use crate::sample::{Random, ascii, size};
use crate::{BLOCK, Case, Digest, OURS, Sink, contestants};

/// Both directions, both kinds of context, small and large messages.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for takeover in [true, false] {
        let context = if takeover { "takeover" } else { "each alone" };
        for (length, count) in [(256, 256), (16 << 10, 16)] {
            let messages = move || Messages::new(takeover, length, count);
            cases.push(Case::new(
                "WebSocket inflate",
                format!("{context} {}", size(length)),
                count as u64,
                move || contestants![messages(); OURS => inflate_ours, "yawc" => inflate_yawc],
            ));
            cases.push(
                Case::new(
                    "WebSocket deflate",
                    format!("{context} {}", size(length)),
                    count as u64,
                    move || contestants![messages(); OURS => deflate_ours, "yawc" => deflate_yawc],
                )
                .written(if takeover {
                    |written, sink| decode(true, written, sink)
                } else {
                    |written, sink| decode(false, written, sink)
                }),
            );
        }
    }
    cases
}

struct Messages {
    takeover: bool,
    plain: Vec<String>,
    /// As a client sends them.
    wire: Bytes,
}

impl Messages {
    fn new(takeover: bool, length: usize, count: usize) -> Self {
        let mut random = Random::new(5);
        let plain: Vec<_> = (0..count).map(|_| json(length, &mut random)).collect();
        let mut client = Connection::client(config(takeover), || [1, 2, 3, 4]);
        let mut wire = BytesMut::new();
        for message in &plain {
            client.send_text(message, &mut wire).expect("open");
        }
        Self {
            takeover,
            plain,
            wire: wire.freeze(),
        }
    }
}

/// An array of small objects, about this long.
fn json(length: usize, random: &mut Random) -> String {
    let mut json = String::from("[");
    while json.len() < length {
        let (text, number) = (ascii(20, random), random.below(100_000));
        json += &format!("{{\"id\":{number},\"type\":\"message\",\"text\":\"{text}\"}},");
    }
    json.pop();
    json + "]"
}

/// What a server answers to the offer of this.
fn extension(takeover: bool) -> &'static str {
    if takeover {
        "permessage-deflate"
    } else {
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    }
}

fn config(takeover: bool) -> Config {
    let headers = [
        ("Upgrade", &b"websocket"[..]),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", b"13"),
        ("Sec-WebSocket-Extensions", extension(takeover).as_bytes()),
    ];
    let request = server::accept("GET", headers.into_iter()).expect("a handshake");
    let agreed: Deflate = request
        .accept_deflate(&DeflateOptions::default())
        .expect("an offer");
    let mut config = Config::default();
    config.deflate = Some(agreed);
    config
}

fn decode(takeover: bool, written: &[u8], sink: &mut Digest) {
    let mut client = Connection::client(config(takeover), || [1, 2, 3, 4]);
    let mut bytes = written.to_vec();
    let (mut input, mut buffer) = (&mut bytes[..], Buffer::new());
    while let Some(event) = client.receive(&mut input, &mut buffer).expect("valid") {
        let Event::Text(text) = event else {
            panic!("{event:?}")
        };
        sink.item(text.as_bytes());
    }
}

fn inflate_ours(messages: &Messages, sink: &mut impl Sink) {
    let mut websocket = Connection::server(config(messages.takeover));
    let mut buffer = Buffer::new();
    let mut block = vec![0; BLOCK];
    for read in messages.wire.chunks(BLOCK) {
        let mut input = &mut block[..read.len()];
        input.copy_from_slice(read);
        while let Some(event) = websocket.receive(&mut input, &mut buffer).expect("valid") {
            let Event::Text(text) = event else {
                panic!("{event:?}")
            };
            sink.item(text.as_bytes());
        }
    }
}

fn inflate_yawc(messages: &Messages, sink: &mut impl Sink) {
    let mut websocket = yawc(messages.takeover, Incoming::new(&messages.wire));
    run(async {
        while let Ok(frame) = websocket.next_frame().await {
            sink.item(frame.payload());
        }
    });
}

fn deflate_ours(messages: &Messages, sink: &mut impl Sink) {
    let mut websocket = Connection::server(config(messages.takeover));
    let mut out = BytesMut::with_capacity(BLOCK);
    for message in &messages.plain {
        websocket.send_text(message, &mut out).expect("open");
        if out.len() >= BLOCK {
            sink.write(&out);
            out.clear();
        }
    }
    sink.write(&out);
}

fn deflate_yawc(messages: &Messages, sink: &mut impl Sink) {
    let mut websocket = yawc(messages.takeover, Outgoing(sink));
    run(async {
        for message in &messages.plain {
            let frame = yawc::Frame::text(Bytes::copy_from_slice(message.as_bytes()));
            websocket.feed(frame).await.expect("open");
        }
        websocket.flush().await.expect("open");
    });
}

fn yawc<S>(takeover: bool, stream: S) -> yawc::WebSocket<S>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let options = yawc::Options::default()
        .with_balanced_compression()
        .with_utf8()
        .with_read_buffer_capacity(BLOCK)
        .with_write_buffer_capacity(BLOCK)
        .with_backpressure_boundary(BLOCK);
    let extensions = Some(extension(takeover));
    yawc::WebSocket::from_stream_with_extensions(stream, yawc::Role::Server, extensions, options)
        .expect("options")
}
