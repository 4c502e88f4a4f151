//! One message to many connections. To make these takes most contestants longer than to send, so one stands
//! for all, and writes each time.

use bytes::BytesMut;
use futures_util::SinkExt;
use holdline_websocket::{Config, Connection, PreparedMessage, Unmasked};

use super::{Messages, RECEIVERS, put_header};
use crate::Sink;
use crate::memory::{Outgoing, run};

pub(super) fn ours(messages: &Messages, sink: &mut impl Sink) {
    let mut websocket: Connection<Unmasked> = Connection::server(Config::default());
    let message = PreparedMessage::binary(&messages.0[0]);
    for _ in 0..RECEIVERS {
        sink.write(&websocket.send_prepared(&message).expect("open"));
    }
}

pub(super) fn fastwebsockets(messages: &Messages, sink: &mut impl Sink) {
    use ::fastwebsockets::{Frame, Payload, Role, WebSocket};
    run(async {
        let mut websocket = WebSocket::after_handshake(Outgoing(sink), Role::Server);
        for _ in 0..RECEIVERS {
            let frame = Frame::binary(Payload::Borrowed(&messages.0[0]));
            websocket.write_frame(frame).await.expect("open");
        }
    });
}

pub(super) fn tokio_websockets(messages: &Messages, sink: &mut impl Sink) {
    let mut websocket = ::tokio_websockets::ServerBuilder::new().serve(Outgoing(sink));
    let message = ::tokio_websockets::Message::binary(messages.0[0].clone());
    run(async {
        for _ in 0..RECEIVERS {
            websocket.send(message.clone()).await.expect("open");
        }
    });
}

pub(super) fn tungstenite(messages: &Messages, sink: &mut impl Sink) {
    use ::tungstenite::{Message, WebSocket, protocol::Role};
    let mut websocket = WebSocket::from_raw_socket(Outgoing(sink), Role::Server, None);
    let message = Message::Binary(messages.0[0].clone());
    for _ in 0..RECEIVERS {
        websocket.send(message.clone()).expect("open");
    }
}

pub(super) fn yawc(messages: &Messages, sink: &mut impl Sink) {
    use ::yawc::{Frame, Options, Role, WebSocket};
    let websocket = WebSocket::from_stream(Outgoing(sink), Role::Server, Options::default());
    let mut websocket = websocket.expect("options");
    let message = Frame::binary(messages.0[0].clone());
    run(async {
        for _ in 0..RECEIVERS {
            websocket.send(message.clone()).await.expect("open");
        }
    });
}

/// The frame as it was made once.
pub(super) fn floor(messages: &Messages, sink: &mut impl Sink) {
    let mut frame = BytesMut::new();
    put_header(0, messages.0[0].len(), &mut frame);
    frame.extend_from_slice(&messages.0[0]);
    for _ in 0..RECEIVERS {
        sink.write(&frame);
    }
}
