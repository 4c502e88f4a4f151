//! WebSocket, sending: from messages to what is written to a socket, for both roles and for many receivers.
//!
//! What is written is copied once more, for everyone, as the system would. Small messages go out together
//! in writes of up to 64 KiB, where a contestant can.

mod many;
mod more;

use std::cell::RefCell;

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use holdline_net::entropy::mask_key;
use holdline_websocket::{Buffer, Config, Connection, Event, MaskKeys, MessageKind};
use tokio_util::codec::Encoder;
use tokio_util::compat::TokioAsyncReadCompatExt;

use crate::memory::{Outgoing, run};
use crate::sample::{Random, binary, size};
use crate::{BLOCK, Case, Digest, FLOOR, OURS, Sink, contestants};

/// Both roles in every size, and a message for many.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for length in [16, 125, 1 << 10, 16 << 10, 1 << 20] {
        let count = ((1 << 20) / length).clamp(4, 4096);
        let messages = move || Messages::new(length, count);
        let server = format!("server {}", size(length));
        cases.push(
            Case::new(GROUP, server, count as u64, move || {
                contestants![messages();
                    OURS => server::ours,
                    "holdline, header alone" => server::ours_header_alone,
                    "fastwebsockets" => server::fastwebsockets,
                    "sockudo-ws" => more::server::sockudo_ws,
                    "soketto" => server::soketto,
                    "tokio-websockets" => server::tokio_websockets,
                    "tungstenite" => server::tungstenite,
                    "web-socket" => more::server::web_socket,
                    "websocket-codec" => server::websocket_codec,
                    "websocket-sans-io" => server::websocket_sans_io,
                    "wtx" => more::server::wtx,
                    "yawc" => server::yawc,
                    FLOOR => server::floor,
                ]
            })
            .written(decode_as_client),
        );
        let client = format!("client {}", size(length));
        cases.push(
            Case::new(GROUP, client, count as u64, move || {
                contestants![messages();
                    OURS => client::ours,
                    "fastwebsockets" => client::fastwebsockets,
                    "sockudo-ws" => more::client::sockudo_ws,
                    "soketto" => client::soketto,
                    "tokio-websockets" => client::tokio_websockets,
                    "tungstenite" => client::tungstenite,
                    "web-socket" => more::client::web_socket,
                    "websocket-codec" => client::websocket_codec,
                    "websocket-sans-io" => client::websocket_sans_io,
                    "wtx" => more::client::wtx,
                    "yawc" => client::yawc,
                    FLOOR => client::floor,
                ]
            })
            .written(decode_as_server),
        );
    }
    cases.extend([125, 16 << 10].map(to_many));
    cases
}

/// One message to many connections.
fn to_many(length: usize) -> Case {
    let name = format!("to 1,000 receivers {}", size(length));
    let case = Case::new(GROUP, name, RECEIVERS as u64, move || {
        contestants![Messages::new(length, 1);
            OURS => many::ours,
            "fastwebsockets" => many::fastwebsockets,
            "sockudo-ws" => more::many::sockudo_ws,
            "tokio-websockets" => many::tokio_websockets,
            "tungstenite" => many::tungstenite,
            "web-socket" => more::many::web_socket,
            "yawc" => many::yawc,
            FLOOR => many::floor,
        ]
    });
    case.written(decode_as_client)
}

const GROUP: &str = "WebSocket encode";

/// To how many connections one message goes.
const RECEIVERS: usize = 1000;

/// The messages, and the same for who wants to be allowed to change them.
struct Messages(Vec<Bytes>, RefCell<Vec<Vec<u8>>>);

impl Messages {
    fn new(length: usize, count: usize) -> Self {
        let mut random = Random::new(3);
        let messages: Vec<_> = (0..count).map(|_| binary(length, &mut random)).collect();
        let shared = messages.iter().cloned().map(Bytes::from).collect();
        Self(shared, RefCell::new(messages))
    }
}

fn decode_as_client(written: &[u8], sink: &mut Digest) {
    decode(
        Connection::client(Config::default(), mask_key),
        written,
        sink,
    );
}

fn decode_as_server(written: &[u8], sink: &mut Digest) {
    decode(Connection::server(Config::default()), written, sink);
}

fn decode<K: MaskKeys>(mut websocket: Connection<K>, written: &[u8], sink: &mut Digest) {
    let mut bytes = written.to_vec();
    let (mut input, mut buffer) = (&mut bytes[..], Buffer::new());
    while let Some(event) = websocket.receive(&mut input, &mut buffer).expect("valid") {
        let Event::Binary(data) = event else {
            panic!("{event:?}")
        };
        sink.item(data);
    }
}

fn ours<K: MaskKeys>(mut websocket: Connection<K>, messages: &Messages, sink: &mut impl Sink) {
    let mut out = BytesMut::with_capacity(BLOCK);
    for message in &messages.0 {
        websocket.send_binary(message, &mut out).expect("open");
        flush(&mut out, BLOCK, sink);
    }
    flush(&mut out, 0, sink);
}

fn flush(out: &mut BytesMut, from: usize, sink: &mut impl Sink) {
    if out.len() >= from {
        sink.write(out);
        out.clear();
    }
}

fn fastwebsockets(role: fastwebsockets::Role, messages: &Messages, sink: &mut impl Sink) {
    use fastwebsockets::{Frame, Payload, WebSocket};
    run(async {
        let stream = tokio::io::BufWriter::with_capacity(BLOCK, Outgoing(sink));
        let mut websocket = WebSocket::after_handshake(stream, role);
        for message in &messages.0 {
            let frame = Frame::binary(Payload::Borrowed(message));
            websocket.write_frame(frame).await.expect("open");
        }
        websocket.flush().await.expect("open");
    });
}

fn soketto(mode: soketto::Mode, messages: &Messages, sink: &mut impl Sink) {
    run(async {
        let stream = tokio::io::BufWriter::with_capacity(BLOCK, Outgoing(sink));
        let builder = soketto::connection::Builder::new(stream.compat(), mode);
        let (mut sender, _receiver) = builder.finish();
        for message in &messages.0 {
            sender.send_binary(message).await.expect("open");
        }
        sender.flush().await.expect("open");
    });
}

async fn tokio_websockets<S: Sink>(
    mut websocket: tokio_websockets::WebSocketStream<Outgoing<'_, S>>,
    messages: &Messages,
) {
    for message in &messages.0 {
        let message = tokio_websockets::Message::binary(message.clone());
        websocket.feed(message).await.expect("open");
    }
    websocket.flush().await.expect("open");
}

fn tungstenite(role: tungstenite::protocol::Role, messages: &Messages, sink: &mut impl Sink) {
    use tungstenite::{Message, WebSocket, protocol::WebSocketConfig};
    let config = WebSocketConfig::default()
        .read_buffer_size(1)
        .write_buffer_size(BLOCK);
    let mut websocket = WebSocket::from_raw_socket(Outgoing(sink), role, Some(config));
    for message in &messages.0 {
        websocket
            .write(Message::Binary(message.clone()))
            .expect("open");
    }
    websocket.flush().expect("open");
}

fn websocket_codec(
    mut codec: websocket_codec::MessageCodec,
    messages: &Messages,
    sink: &mut impl Sink,
) {
    let mut out = BytesMut::with_capacity(BLOCK);
    for message in &messages.0 {
        let message = websocket_codec::Message::binary(message.clone());
        codec.encode(&message, &mut out).expect("valid");
        flush(&mut out, BLOCK, sink);
    }
    flush(&mut out, 0, sink);
}

fn websocket_sans_io(is_client: bool, messages: &Messages, sink: &mut impl Sink) {
    use websocket_sans_io::{FrameInfo, Opcode, WebsocketFrameEncoder};
    let mut encoder = WebsocketFrameEncoder::new();
    let mut out = BytesMut::with_capacity(BLOCK);
    for message in &messages.0 {
        let header = encoder.start_frame(&FrameInfo {
            opcode: Opcode::Binary,
            payload_length: message.len() as u64,
            mask: is_client.then(mask_key),
            fin: true,
            reserved: 0,
        });
        out.extend_from_slice(&header);
        let start = out.len();
        out.extend_from_slice(message);
        encoder.transform_frame_payload(&mut out[start..]);
        flush(&mut out, BLOCK, sink);
    }
    flush(&mut out, 0, sink);
}

fn yawc(role: yawc::Role, messages: &Messages, sink: &mut impl Sink) {
    use yawc::{Frame, Options, WebSocket};
    run(async {
        let options = Options::default()
            .with_limits(2 << 20, 4 << 20)
            .with_write_buffer_capacity(BLOCK)
            .with_backpressure_boundary(BLOCK);
        let stream = Outgoing(sink);
        let mut websocket = WebSocket::from_stream(stream, role, options).expect("options");
        for message in &messages.0 {
            let frame = Frame::binary(message.clone());
            websocket.feed(frame).await.expect("open");
        }
        websocket.flush().await.expect("open");
    });
}

/// A header of known length, and a copy.
fn put_header(first: u8, length: usize, out: &mut BytesMut) {
    match length {
        0..=125 => out.extend_from_slice(&[0x82, first | length as u8]),
        126..=0xffff => {
            let [a, b] = (length as u16).to_be_bytes();
            out.extend_from_slice(&[0x82, first | 126, a, b]);
        }
        _ => {
            out.extend_from_slice(&[0x82, first | 127]);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

mod server {
    use super::*;

    pub(super) fn ours(messages: &Messages, sink: &mut impl Sink) {
        super::ours(Connection::server(Config::default()), messages, sink);
    }

    /// The payload is written from where it is.
    pub(super) fn ours_header_alone(messages: &Messages, sink: &mut impl Sink) {
        let mut websocket = Connection::server(Config::default());
        let mut out = BytesMut::with_capacity(BLOCK);
        for message in &messages.0 {
            let header = websocket.send_header(MessageKind::Binary, message.len() as u64, &mut out);
            header.expect("open");
            flush(&mut out, 0, sink);
            sink.write(message);
        }
    }

    pub(super) fn fastwebsockets(messages: &Messages, sink: &mut impl Sink) {
        super::fastwebsockets(::fastwebsockets::Role::Server, messages, sink);
    }

    pub(super) fn soketto(messages: &Messages, sink: &mut impl Sink) {
        super::soketto(::soketto::Mode::Server, messages, sink);
    }

    pub(super) fn tokio_websockets(messages: &Messages, sink: &mut impl Sink) {
        let config = ::tokio_websockets::Config::default().flush_threshold(BLOCK);
        let builder = ::tokio_websockets::ServerBuilder::new().config(config);
        run(super::tokio_websockets(
            builder.serve(Outgoing(sink)),
            messages,
        ));
    }

    pub(super) fn tungstenite(messages: &Messages, sink: &mut impl Sink) {
        super::tungstenite(::tungstenite::protocol::Role::Server, messages, sink);
    }

    pub(super) fn websocket_codec(messages: &Messages, sink: &mut impl Sink) {
        super::websocket_codec(::websocket_codec::MessageCodec::server(), messages, sink);
    }

    pub(super) fn websocket_sans_io(messages: &Messages, sink: &mut impl Sink) {
        super::websocket_sans_io(false, messages, sink);
    }

    pub(super) fn yawc(messages: &Messages, sink: &mut impl Sink) {
        super::yawc(::yawc::Role::Server, messages, sink);
    }

    pub(super) fn floor(messages: &Messages, sink: &mut impl Sink) {
        let mut out = BytesMut::with_capacity(BLOCK);
        for message in &messages.0 {
            put_header(0, message.len(), &mut out);
            out.extend_from_slice(message);
            flush(&mut out, BLOCK, sink);
        }
        flush(&mut out, 0, sink);
    }
}

mod client {
    use super::*;

    pub(super) fn ours(messages: &Messages, sink: &mut impl Sink) {
        super::ours(
            Connection::client(Config::default(), mask_key),
            messages,
            sink,
        );
    }

    pub(super) fn fastwebsockets(messages: &Messages, sink: &mut impl Sink) {
        super::fastwebsockets(::fastwebsockets::Role::Client, messages, sink);
    }

    pub(super) fn soketto(messages: &Messages, sink: &mut impl Sink) {
        super::soketto(::soketto::Mode::Client, messages, sink);
    }

    pub(super) fn tokio_websockets(messages: &Messages, sink: &mut impl Sink) {
        let config = ::tokio_websockets::Config::default().flush_threshold(BLOCK);
        let builder = ::tokio_websockets::ClientBuilder::new().config(config);
        run(super::tokio_websockets(
            builder.take_over(Outgoing(sink)),
            messages,
        ));
    }

    pub(super) fn tungstenite(messages: &Messages, sink: &mut impl Sink) {
        super::tungstenite(::tungstenite::protocol::Role::Client, messages, sink);
    }

    pub(super) fn websocket_codec(messages: &Messages, sink: &mut impl Sink) {
        super::websocket_codec(::websocket_codec::MessageCodec::client(), messages, sink);
    }

    pub(super) fn websocket_sans_io(messages: &Messages, sink: &mut impl Sink) {
        super::websocket_sans_io(true, messages, sink);
    }

    pub(super) fn yawc(messages: &Messages, sink: &mut impl Sink) {
        super::yawc(::yawc::Role::Client, messages, sink);
    }

    /// A header of known length, a copy, an XOR in place.
    pub(super) fn floor(messages: &Messages, sink: &mut impl Sink) {
        let mut out = BytesMut::with_capacity(BLOCK);
        for message in &messages.0 {
            let mask = mask_key();
            put_header(0x80, message.len(), &mut out);
            out.extend_from_slice(&mask);
            let start = out.len();
            out.extend_from_slice(message);
            crate::websocket_decode::xor(&mut out[start..], mask);
            flush(&mut out, BLOCK, sink);
        }
        flush(&mut out, 0, sink);
    }
}
