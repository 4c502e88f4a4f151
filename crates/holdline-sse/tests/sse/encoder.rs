//! What the encoder writes, byte for byte.

use std::time::Duration;

use bytes::BytesMut;
use holdline_sse::{
    EncodeError, EventFields, HEARTBEAT, PADDING, encode_comment, encode_id, encode_retry,
};

use crate::harness::{FOUR_EVENTS, comment, id, message, retry, trace};

#[track_caller]
fn writes(fields: EventFields<'_>, expected: &str) {
    let mut out = BytesMut::from("before");
    fields.encode(&mut out).expect("valid fields");
    assert_eq!(
        out.escape_ascii().to_string(),
        format!("before{}", expected.escape_default())
    );
}

#[test]
fn all_fields() {
    let fields = EventFields {
        event: Some("add"),
        id: Some("a-1"),
        data: Some("one\ntwo"),
        retry: Some(Duration::from_millis(3000)),
    };
    let expected = "event: add\nid: a-1\nretry: 3000\ndata: one\ndata: two\n\n";
    writes(fields, expected);
}

#[test]
fn the_tutorials_listing_of_four_events() {
    let mut out = BytesMut::new();
    let with_id = |id, data| EventFields {
        id: Some(id),
        ..EventFields::data(data)
    };
    let named = EventFields {
        event: Some("myevent"),
        ..with_id("101", "third event")
    };
    EventFields::data("first event").encode(&mut out).unwrap();
    with_id("100", "second event").encode(&mut out).unwrap();
    named.encode(&mut out).unwrap();
    encode_comment("this is a comment", &mut out);
    let data = "fourth event\nfourth event continue";
    EventFields::data(data).encode(&mut out).unwrap();
    assert_eq!(
        trace(&out).items(),
        trace(FOUR_EVENTS.as_bytes()).items(),
        "{out:?}"
    );
}

#[test]
fn empty_data_and_no_data_differ() {
    writes(EventFields::data(""), "data:\n\n");
    writes(EventFields::default(), "\n");
}

#[test]
fn every_line_end_of_data_begins_a_line() {
    writes(
        EventFields::data("a\r\nb\rc\nd"),
        "data: a\ndata: b\ndata: c\ndata: d\n\n",
    );
    writes(EventFields::data("\n"), "data:\ndata:\n\n");
    writes(EventFields::data("a\r"), "data: a\ndata:\n\n");
    writes(EventFields::data("\n\r"), "data:\ndata:\ndata:\n\n");
}

#[test]
fn a_space_before_the_value_keeps_the_values_own() {
    writes(EventFields::data(" a"), "data:  a\n\n");
    writes(EventFields::data(":"), "data: :\n\n");
}

#[test]
fn retry_is_whole_milliseconds() {
    for (time, text) in [
        (Duration::ZERO, "0"),
        (Duration::from_micros(1999), "1"),
        (Duration::from_secs(10), "10000"),
        (Duration::MAX, "18446744073709551615"),
    ] {
        let mut out = BytesMut::new();
        encode_retry(time, &mut out);
        assert_eq!(out, format!("retry: {text}\n\n"));
    }
    assert_eq!(trace(b"retry: 10000\n\n").items(), [retry(10000)]);
}

#[test]
fn line_ends_and_nul_are_refused_and_nothing_is_written() {
    for (text, byte, at) in [("\n", b'\n', 0), ("a\r\nb", b'\r', 1), ("ab\0", 0, 2)] {
        let mut out = BytesMut::from("before");
        let event = EventFields {
            event: Some(text),
            id: Some("1"),
            ..EventFields::data("a")
        };
        assert_eq!(
            event.encode(&mut out),
            Err(EncodeError::EventType { byte, at })
        );
        let id = EventFields {
            event: Some("e"),
            id: Some(text),
            ..EventFields::data("a")
        };
        assert_eq!(id.encode(&mut out), Err(EncodeError::Id { byte, at }));
        assert_eq!(encode_id(text, &mut out), Err(EncodeError::Id { byte, at }));
        assert_eq!(&out[..], b"before");
    }
}

#[test]
fn an_encode_error_says_what_and_where() {
    let error = encode_id("a\rb", &mut BytesMut::new()).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "an event ID cannot contain CR, found at byte 1; remove it"
    );
}

#[test]
fn an_id_only_block_dispatches_nothing() {
    let mut out = BytesMut::new();
    encode_id("a", &mut out).expect("valid id");
    encode_id("", &mut out).expect("valid id");
    assert_eq!(&out[..], b"id: a\n\nid:\n\n");
    assert_eq!(trace(&out).items(), [id("a"), id("")]);
}

#[test]
fn a_comment_of_many_lines_is_many_comments() {
    let mut out = BytesMut::new();
    encode_comment("a\r\ndata: b\n\n c", &mut out);
    assert_eq!(&out[..], b": a\n: data: b\n:\n:  c\n\n");
    let expected = [comment("a"), comment("data: b"), comment(""), comment(" c")];
    assert_eq!(trace(&out).items(), expected);
}

#[test]
fn heartbeats_and_padding_are_comments() {
    let stream = [HEARTBEAT, PADDING, b"data: a\n\n"].concat();
    assert_eq!(PADDING.len(), 2050);
    let trace = crate::harness::run(holdline_sse::Decoder::default(), stream.chunks(1));
    assert_eq!(trace.items(), [message("a")]);
    assert_eq!(crate::harness::trace(HEARTBEAT).items(), [comment("")]);
}
