//! Peers that came later.

use ::wtx::rng::Xorshift64;
use ::wtx::web_socket::{FrameMut, OpCode, WebSocketBuffer, WebSocketOwned};
use bytes::BytesMut;
use futures_util::SinkExt;
use tokio::io::BufWriter;

use super::{Messages, RECEIVERS, flush};
use crate::memory::{Outgoing, run};
use crate::{BLOCK, Sink, wtx_stream};

fn web_socket<'s, S: Sink>(
    new: impl FnOnce(BufWriter<Outgoing<'s, S>>) -> ::web_socket::WebSocket<BufWriter<Outgoing<'s, S>>>,
    messages: &Messages,
    sink: &'s mut S,
) {
    let mut websocket = new(BufWriter::with_capacity(BLOCK, Outgoing(sink)));
    run(async {
        for message in &messages.0 {
            websocket.send(&message[..]).await.expect("open");
        }
        websocket.flash().await.expect("open");
    });
}

/// It wants to be allowed to change the payload.
fn wtx<S: Sink, const IS_CLIENT: bool>(
    sink: &mut S,
    send: impl AsyncFnOnce(
        &mut WebSocketOwned<(), Xorshift64, &mut wtx_stream::Outgoing<'_, S>, IS_CLIENT>,
    ),
) {
    let mut stream = wtx_stream::Outgoing::new(sink, BLOCK);
    let (random, buffer) = (Xorshift64::from(7), WebSocketBuffer::new());
    let websocket = WebSocketOwned::new((), false, random, &mut stream, buffer);
    run(send(&mut websocket.expect("infallible")));
    stream.flush();
}

pub(super) mod server {
    use super::*;

    /// Its own stream copies no large message. The check of time that its reader does is not in it.
    pub(in super::super) fn sockudo_ws(messages: &Messages, sink: &mut impl Sink) {
        use ::sockudo_ws::{Config, Message, Role, WebSocketStream};
        let mut websocket =
            WebSocketStream::from_raw(Outgoing(sink), Role::Server, Config::default());
        run(async {
            for message in &messages.0 {
                let message = Message::Binary(message.clone());
                websocket.feed(message).await.expect("open");
            }
            websocket.flush().await.expect("open");
        });
    }

    pub(in super::super) fn web_socket(messages: &Messages, sink: &mut impl Sink) {
        super::web_socket(::web_socket::WebSocket::server, messages, sink);
    }

    pub(in super::super) fn wtx(messages: &Messages, sink: &mut impl Sink) {
        let mut payloads = messages.1.take();
        super::wtx::<_, false>(sink, async |websocket| {
            for payload in &mut payloads {
                let mut frame = FrameMut::new_fin(OpCode::Binary, &mut payload[..]);
                websocket.write_frame(&mut frame).await.expect("open");
            }
        });
        messages.1.replace(payloads);
    }
}

pub(super) mod client {
    use super::*;

    /// Without its stream, which would do the same.
    pub(in super::super) fn sockudo_ws(messages: &Messages, sink: &mut impl Sink) {
        use ::sockudo_ws::protocol::{Message, Protocol, Role};
        let mut protocol = Protocol::new(Role::Client, 2 << 20, 2 << 20);
        let mut out = BytesMut::with_capacity(BLOCK);
        for message in &messages.0 {
            let message = Message::Binary(message.clone());
            protocol.encode_message(&message, &mut out).expect("open");
            flush(&mut out, BLOCK, sink);
        }
        flush(&mut out, 0, sink);
    }

    pub(in super::super) fn web_socket(messages: &Messages, sink: &mut impl Sink) {
        super::web_socket(::web_socket::WebSocket::client, messages, sink);
    }

    /// It masks the payload in place, so who wants to keep it copies it first.
    pub(in super::super) fn wtx(messages: &Messages, sink: &mut impl Sink) {
        super::wtx::<_, true>(sink, async |websocket| {
            let mut copy = Vec::new();
            for message in &messages.0 {
                copy.clear();
                copy.extend_from_slice(message);
                let mut frame = FrameMut::new_fin(OpCode::Binary, &mut copy[..]);
                websocket.write_frame(&mut frame).await.expect("open");
            }
        });
    }
}

pub(super) mod many {
    use super::*;

    pub(in super::super) fn sockudo_ws(messages: &Messages, sink: &mut impl Sink) {
        use ::sockudo_ws::{Config, Message, Role, WebSocketStream};
        let mut websocket =
            WebSocketStream::from_raw(Outgoing(sink), Role::Server, Config::default());
        run(async {
            for _ in 0..RECEIVERS {
                let message = Message::Binary(messages.0[0].clone());
                websocket.send(message).await.expect("open");
            }
        });
    }

    pub(in super::super) fn web_socket(messages: &Messages, sink: &mut impl Sink) {
        let mut websocket = ::web_socket::WebSocket::server(Outgoing(sink));
        run(async {
            for _ in 0..RECEIVERS {
                websocket.send(&messages.0[0][..]).await.expect("open");
            }
        });
    }
}
