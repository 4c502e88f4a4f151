//! The codec in a `Framed`, over a duplex in memory.
#![cfg(feature = "tokio-util")]

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use holdline_websocket::{
    CloseCode, Config, Connection, PreparedMessage, ReceiveErrorKind, SendError,
    codec::{Codec, CodecError, Outgoing, OwnedEvent},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_util::codec::Framed;

fn server(stream: DuplexStream) -> Framed<DuplexStream, Codec> {
    Framed::new(stream, Codec::new(Connection::server(Config::default())))
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(test);
}

/// Answers like the documentation of the module.
async fn echo(stream: DuplexStream) {
    let mut websocket = server(stream);
    while let Some(event) = websocket.next().await {
        let answer = match event {
            Ok(OwnedEvent::Text(text)) => Outgoing::Text(text),
            Ok(OwnedEvent::Binary(data)) => Outgoing::Binary(data),
            _ => Outgoing::Replies,
        };
        websocket.send(answer).await.unwrap();
        if websocket.codec().connection().should_close() {
            break;
        }
    }
    websocket.close().await.unwrap();
}

async fn next<S>(websocket: &mut S) -> OwnedEvent
where
    S: StreamExt<Item = Result<OwnedEvent, CodecError>> + Unpin,
{
    websocket.next().await.unwrap().unwrap()
}

#[test]
fn both_roles_over_pipes_of_any_size() {
    for size in [1, 2, 7, 1 << 20] {
        run(async {
            let (near, far) = duplex(size);
            let echo = tokio::task::LocalSet::new();
            echo.spawn_local(self::echo(far));
            echo.run_until(async {
                let client = Connection::client(Config::default(), || [1, 2, 3, 4]);
                let mut websocket = Framed::new(near, Codec::new(client));
                let long = "é".repeat(3_000);
                for text in ["", "hello", &long] {
                    websocket.send(Outgoing::Text(text.into())).await.unwrap();
                    assert_eq!(next(&mut websocket).await, OwnedEvent::Text(text.into()));
                }
                let data = Bytes::from(long.clone());
                for last in [false, false, true] {
                    let data = data.clone();
                    let fragment = Outgoing::BinaryFragment { data, last };
                    websocket.send(fragment).await.unwrap();
                }
                let joined = OwnedEvent::Binary(long.repeat(3).into());
                assert_eq!(next(&mut websocket).await, joined);
                for last in [false, true] {
                    let text = "a".into();
                    let fragment = Outgoing::TextFragment { text, last };
                    websocket.send(fragment).await.unwrap();
                }
                assert_eq!(next(&mut websocket).await, OwnedEvent::Text("aa".into()));
                let close = Outgoing::Close {
                    code: CloseCode::NORMAL,
                    reason: "done".into(),
                };
                websocket.send(close).await.unwrap();
                let closed = next(&mut websocket).await;
                let (code, reason) = (CloseCode::NORMAL, String::new());
                assert_eq!(closed, OwnedEvent::Closed { code, reason });
                assert!(websocket.codec().connection().is_clean());
                assert!(websocket.next().await.is_none());
            })
            .await;
        });
    }
}

#[test]
fn pong_and_close_are_sent_with_the_replies() {
    run(async {
        let (mut peer, far) = duplex(1024);
        peer.write_all(b"\x89\x82\0\0\0\0hi\x88\x82\0\0\0\0\x03\xe9")
            .await
            .unwrap();
        echo(far).await;
        let mut bytes = Vec::new();
        peer.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, b"\x8a\x02hi\x88\x02\x03\xe9");
    });
}

#[test]
fn replies_go_before_the_item() {
    run(async {
        let (mut peer, far) = duplex(1024);
        let mut websocket = server(far);
        peer.write_all(b"\x89\x82\0\0\0\0hi").await.unwrap();
        assert_eq!(next(&mut websocket).await, OwnedEvent::Ping("hi".into()));
        let news = Outgoing::Prepared(PreparedMessage::text("news"));
        websocket.send(news.clone()).await.unwrap();
        let mut bytes = [0; 10];
        peer.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"\x8a\x02hi\x81\x04news");
        // After the peer's Close its answer goes out, and then nothing can.
        peer.write_all(b"\x88\x80\0\0\0\0").await.unwrap();
        assert!(matches!(
            next(&mut websocket).await,
            OwnedEvent::Closed { .. }
        ));
        let late = websocket.send(news).await;
        assert!(matches!(late, Err(CodecError::Send(SendError::Closed))));
        websocket.send(Outgoing::Replies).await.unwrap();
        websocket.close().await.unwrap();
        let mut rest = Vec::new();
        peer.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"\x88\0");
    });
}

/// A prepared message is a frame as servers send it. A client masks it like any other.
#[test]
fn a_client_masks_what_was_prepared() {
    run(async {
        let (mut peer, far) = duplex(1024);
        let client = Connection::client(Config::default(), || [1, 2, 3, 4]);
        let mut websocket = Framed::new(far, Codec::new(client));
        let news = Outgoing::Prepared(PreparedMessage::text("hi"));
        websocket.send(news).await.unwrap();
        drop(websocket);
        let mut bytes = Vec::new();
        peer.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, b"\x81\x82\x01\x02\x03\x04\x69\x6b");
    });
}

#[test]
fn close_of_ones_own_stands_in_place_of_the_reply() {
    run(async {
        let (mut peer, far) = duplex(1024);
        let mut websocket = server(far);
        peer.write_all(b"\x89\x80\0\0\0\0\x88\x82\0\0\0\0\x03\xe8")
            .await
            .unwrap();
        assert_eq!(next(&mut websocket).await, OwnedEvent::Ping(Bytes::new()));
        assert!(matches!(
            next(&mut websocket).await,
            OwnedEvent::Closed { .. }
        ));
        let close = Outgoing::Close {
            code: CloseCode::GOING_AWAY,
            reason: "bye".into(),
        };
        websocket.send(close).await.unwrap();
        drop(websocket);
        let mut bytes = Vec::new();
        peer.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, b"\x88\x05\x03\xe9bye");
    });
}

#[test]
fn broken_rule_is_an_error_and_the_peer_is_told() {
    run(async {
        let (mut peer, far) = duplex(1024);
        let mut websocket = server(far);
        peer.write_all(b"\x81\x00").await.unwrap();
        let Some(Err(CodecError::Receive(error))) = websocket.next().await else {
            panic!("not refused");
        };
        assert_eq!(error.kind(), ReceiveErrorKind::FrameNotMasked);
        websocket.send(Outgoing::Replies).await.unwrap();
        assert!(websocket.codec().connection().should_close());
        drop(websocket);
        let mut bytes = Vec::new();
        peer.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes[..4], [0x88, bytes.len() as u8 - 2, 0x03, 0xea]);
    });
}

#[test]
fn end_of_the_stream_is_1006_once() {
    run(async {
        let (mut peer, far) = duplex(1024);
        let mut websocket = server(far);
        peer.write_all(b"\x82\x85\0\0\0\0ab").await.unwrap();
        drop(peer);
        let (code, reason) = (CloseCode::ABNORMAL, String::new());
        assert_eq!(
            next(&mut websocket).await,
            OwnedEvent::Closed { code, reason }
        );
        assert!(websocket.next().await.is_none());
    });
}

#[test]
fn binary_message_in_one_frame_shares_the_read_buffer() {
    use tokio_util::codec::Decoder as _;
    let mut codec = Codec::new(Connection::server(Config::default()));
    let mut source =
        bytes::BytesMut::from(&b"\x82\x83\0\0\0\0abc\x82\x80\0\0\0\0\x82\x84\0\0\0\0d"[..]);
    let payload = source[6..].as_ptr();
    let Ok(Some(OwnedEvent::Binary(data))) = codec.decode(&mut source) else {
        panic!("not a message");
    };
    assert_eq!((&data[..], data.as_ptr()), (&b"abc"[..], payload));
    let empty = OwnedEvent::Binary(Bytes::new());
    assert_eq!(codec.decode(&mut source).unwrap(), Some(empty));
    assert_eq!(codec.decode(&mut source).unwrap(), None);
    source.extend_from_slice(b"efg");
    let joined = OwnedEvent::Binary("defg".into());
    assert_eq!(codec.decode(&mut source).unwrap(), Some(joined));
}
