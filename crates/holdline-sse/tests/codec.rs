//! The codec for `Framed`, over an in-memory duplex.
#![cfg(feature = "tokio-util")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt, TryStreamExt, stream};
use holdline_sse::{
    Codec, CodecError, DecodeErrorKind, Decoder, EncodeError, EventBuf, EventFields, ItemBuf,
    Limits,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_util::codec::Framed;

fn everything() -> Decoder {
    Decoder::default().with_comments().with_retry().with_ids()
}

fn event(event: &str, data: &str, id: &str) -> ItemBuf {
    ItemBuf::Event(EventBuf {
        event: event.into(),
        data: data.into(),
        id: id.into(),
    })
}

fn reader(stream: DuplexStream) -> Framed<DuplexStream, Codec> {
    Framed::new(stream, Codec::new(everything()))
}

#[tokio::test]
async fn items_arrive_as_they_were_sent_however_small_the_pipe() {
    let items = [
        ItemBuf::Comment("welcome".into()),
        ItemBuf::Retry(Duration::from_millis(1500)),
        event("message", "one\ntwo\n", "7"),
        event("move", "", "7"),
        event("message", " no id any more", ""),
        ItemBuf::Id("9".into()),
        event("message", &"long".repeat(5000), "9"),
    ];
    for size in [1, 2, 7, 64, 1 << 20] {
        let (near, far) = duplex(size);
        let mut sender = Framed::new(near, Codec::default());
        let mut sent = stream::iter(items.clone()).map(Ok);
        let send = async {
            sender.send_all(&mut sent).await?;
            SinkExt::<ItemBuf>::close(&mut sender).await
        };
        let receive = reader(far).try_collect::<Vec<_>>();
        let (sent, received) = tokio::join!(send, receive);
        sent.expect("all is sent");
        assert_eq!(received.expect("all is received"), items, "{size}");
    }
}

#[tokio::test]
async fn fields_are_written_as_they_are_given() {
    let (near, mut far) = duplex(1024);
    let mut sender = Framed::new(near, Codec::default());
    let fields = EventFields {
        event: Some("move"),
        ..EventFields::data("4\r\n2")
    };
    sender.send(fields).await.expect("sent");
    drop(sender);
    let mut bytes = Vec::new();
    far.read_to_end(&mut bytes).await.expect("read");
    assert_eq!(bytes, b"event: move\ndata: 4\ndata: 2\n\n");
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_and_the_next_event_goes_out() {
    let (near, far) = duplex(1024);
    let mut sender = Framed::new(near, Codec::default());
    let bad = event("message", "x", "7\ndata: injected");
    let error = sender.send(bad).await.expect_err("refused");
    let is_id = matches!(
        error,
        CodecError::Encode(EncodeError::Id { byte: b'\n', at: 1 })
    );
    assert!(is_id, "{error:?}");
    sender.send(EventFields::data("fine")).await.expect("sent");
    drop(sender);
    let items: Vec<_> = reader(far).try_collect().await.expect("received");
    assert_eq!(items, [event("message", "fine", "")]);
}

#[tokio::test]
async fn an_unfinished_event_is_discarded_and_can_be_asked_for() {
    for (bytes, finished) in [
        (&b"id: 3\ndata: a\n\n"[..], true),
        (b"id: 3\ndata: a\n\ndata: b\n", false),
    ] {
        let (mut near, far) = duplex(1024);
        near.write_all(bytes).await.expect("written");
        drop(near);
        let mut items = reader(far);
        let next = items.try_next().await.expect("no error");
        assert_eq!(next, Some(event("message", "a", "3")));
        assert_eq!(items.try_next().await.expect("no error"), None);
        assert_eq!(items.codec().stream().is_between_events(), finished);
        assert_eq!(items.codec().stream().last_event_id(), "3");
    }
}

#[tokio::test]
async fn an_event_over_the_limit_is_an_error_after_the_items_before_it() {
    let (mut near, far) = duplex(1024);
    near.write_all(b"data: abcd\n\ndata: abcde\n\n")
        .await
        .expect("written");
    let mut limits = Limits::default();
    limits.max_line = 4;
    let mut items = Framed::new(far, Codec::new(Decoder::new(limits)));
    let next = items.try_next().await.expect("no error");
    assert_eq!(next, Some(event("message", "abcd", "")));
    let error = items.try_next().await.expect_err("too long");
    let CodecError::Decode(error) = error else {
        panic!("{error:?}");
    };
    let kind = DecodeErrorKind::LineTooLong { limit: 4 };
    assert_eq!((error.kind(), error.at()), (kind, 22));
}
