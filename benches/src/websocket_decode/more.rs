//! Peers that came later.

use bytes::BytesMut;

use super::Wire;
use crate::memory::{Incoming, run};
use crate::{BLOCK, Sink};

/// Text is left to its user to check.
fn put_checked(is_text: bool, data: &[u8], sink: &mut impl Sink) {
    if is_text {
        sink.item(simdutf8::basic::from_utf8(data).expect("text").as_bytes());
    } else {
        sink.item(data);
    }
}

pub(super) fn ratchet(wire: &Wire, sink: &mut impl Sink) {
    use ratchet_core::{Message, NoExt, Role, WebSocket, WebSocketConfig};
    run(async {
        // It reads what it lacks to the byte, and is meant to be given something buffered.
        let stream = tokio::io::BufReader::with_capacity(BLOCK, Incoming::new(&wire.bytes));
        let config = WebSocketConfig::default();
        let mut websocket =
            WebSocket::from_upgraded(config, stream, Some(NoExt), BytesMut::new(), Role::Server);
        let mut message = BytesMut::new();
        // The end of the stream without a Close is an error.
        while let Ok(kind) = websocket.read(&mut message).await {
            match kind {
                // It has checked it, but gives bytes.
                Message::Text | Message::Binary => sink.item(&message),
                other => panic!("{other:?}"),
            }
            message.clear();
        }
    });
}

pub(super) fn sockudo_ws(wire: &Wire, sink: &mut impl Sink) {
    use sockudo_ws::Message;
    use sockudo_ws::protocol::{Protocol, Role};
    let mut protocol = Protocol::new(Role::Server, 2 << 20, 2 << 20);
    let mut buffer = BytesMut::with_capacity(BLOCK);
    let mut messages = Vec::new();
    for read in wire.bytes.chunks(BLOCK) {
        buffer.extend_from_slice(read);
        protocol
            .process_into(&mut buffer, &mut messages)
            .expect("valid");
        for message in messages.drain(..) {
            match message {
                // It has checked text, but `as_text` does so again.
                Message::Text(data) | Message::Binary(data) => sink.item(&data),
                other => panic!("{other:?}"),
            }
        }
    }
}

pub(super) fn web_socket(wire: &Wire, sink: &mut impl Sink) {
    use web_socket::{DataType, Event, WebSocket};
    run(async {
        let stream = tokio::io::BufReader::with_capacity(BLOCK, Incoming::new(&wire.bytes));
        let mut websocket = WebSocket::server(stream);
        websocket.max_payload_len = 2 << 20;
        // The end of the stream without a Close is an error.
        while let Ok(event) = websocket.recv().await {
            match event {
                Event::Data {
                    ty: DataType::Complete(kind),
                    data,
                } => put_checked(kind.is_text(), &data, sink),
                other => panic!("{other:?}"),
            }
        }
    });
}

pub(super) fn wtx(wire: &Wire, sink: &mut impl Sink) {
    use wtx::rng::Xorshift64;
    use wtx::web_socket::{OpCode, WebSocketBuffer, WebSocketOwned};
    let buffer = WebSocketBuffer::with_capacity(BLOCK, BLOCK, 0).expect("memory");
    let stream = crate::wtx_stream::Incoming(Incoming::new(&wire.bytes));
    let websocket =
        WebSocketOwned::<_, _, _, false>::new((), false, Xorshift64::from(7), stream, buffer);
    let mut websocket = websocket.expect("infallible");
    run(async {
        while let Ok(frame) = websocket.read_frame().await {
            match frame.text_payload() {
                Some(text) => sink.item(text.as_bytes()),
                None => {
                    assert_eq!(frame.op_code(), OpCode::Binary);
                    sink.item(frame.payload());
                }
            }
        }
    });
}
