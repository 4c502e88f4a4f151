//! Small things that a caller sees, each of which no other test would miss.

use std::time::Duration;

use bytes::BytesMut;
use holdline_sse::{
    Buffer, Config, DecodeErrorKind, Decoder, EncodeError, EventFields, EventSource, FieldName,
    HEARTBEAT, Item, ItemBuf, Limits, PADDING, Reason, Response, encode_comment, encode_id,
    encode_retry, is_temporary,
};

/// Memory up to this is kept.
const KEPT: usize = 4096;

/// Feeds it in pieces, and gives what came out.
fn feed(decoder: &mut Decoder, buffer: &mut Buffer, stream: &[u8], size: usize) -> Vec<ItemBuf> {
    let mut items = Vec::new();
    for mut piece in stream.chunks(size) {
        while let Some(item) = decoder.decode(&mut piece, buffer).expect("no limit") {
            items.push(item.to_owned());
        }
    }
    items
}

/// An event whose type, ID and data are the values 1, 2 and 4.
fn event_of(value: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
    let parts = [
        &b"event: "[..],
        &value(1),
        b"\nid: ",
        &value(2),
        b"\ndata: ",
        &value(4),
        b"\n\n",
    ];
    parts.concat()
}

#[test]
fn memory_of_every_part_is_given_back_behind_its_event() {
    for byte in [b'a', 0xff] {
        for large in 0..8 {
            for size in [1, 1000] {
                let value = |bit| vec![byte; if large & bit == 0 { 1 } else { 5000 }];
                let (mut decoder, mut buffer) = (Decoder::default(), Buffer::new());
                let items = feed(&mut decoder, &mut buffer, &event_of(value), size);
                let [ItemBuf::Event(event)] = &items[..] else {
                    panic!("{items:?}");
                };
                let length = |text: &str| text.chars().count();
                assert_eq!(length(&event.event), value(1).len());
                assert_eq!(length(&event.id), value(2).len());
                assert_eq!(length(&event.data), value(4).len());
                assert_eq!(decoder.decode(&mut &b""[..], &mut buffer), Ok(None));
                let kept = buffer.capacity();
                assert!(kept < KEPT, "{kept} bytes of {large} in pieces of {size}");
            }
        }
    }
}

#[test]
fn memory_of_a_line_is_given_back_while_a_block_is_unfinished() {
    for field in ["event", "id", "data"] {
        let mut decoder = Decoder::default().with_comments();
        let mut buffer = Buffer::new();
        let long = "a".repeat(5000);
        let begin = format!("{field}: {long}\n: {long}\n");
        let items = feed(&mut decoder, &mut buffer, begin.as_bytes(), 7);
        assert_eq!(items, [ItemBuf::Comment(long.clone())]);
        assert_eq!(decoder.decode(&mut &b""[..], &mut buffer), Ok(None));
        let kept = buffer.capacity();
        assert!((5000..8192 + 512).contains(&kept), "{field}: {kept}");
        let items = feed(&mut decoder, &mut buffer, b"data: x\n\n", 7);
        let [ItemBuf::Event(event)] = &items[..] else {
            panic!("{items:?}");
        };
        let joined = format!("{long}\nx");
        match field {
            "event" => assert_eq!((&event.event, &*event.data), (&long, "x")),
            "id" => assert_eq!((&event.id, &*event.data), (&long, "x")),
            _ => assert_eq!(event.data, joined),
        }
    }
}

#[test]
fn memory_of_text_that_grew_by_replacement_characters_is_given_back() {
    // U+FFFD takes three bytes, so the text is large where the bytes are not.
    for large in 1..8 {
        let value = |bit| vec![0xff; if large & bit == 0 { 1 } else { 2000 }];
        let (mut decoder, mut buffer) = (Decoder::default(), Buffer::new());
        let items = feed(&mut decoder, &mut buffer, &event_of(value), 1 << 14);
        assert_eq!(items.len(), 1);
        assert_eq!(decoder.decode(&mut &b""[..], &mut buffer), Ok(None));
        let kept = buffer.capacity();
        assert!(kept < KEPT, "{kept} bytes of {large}");
    }
}

#[test]
fn a_new_buffer_holds_nothing() {
    assert_eq!(Buffer::new().capacity(), 0);
    let (mut decoder, mut buffer) = (Decoder::default(), Buffer::new());
    let whole = feed(&mut decoder, &mut buffer, b"event: e\ndata: whole\n\n", 64);
    assert_eq!((whole.len(), buffer.capacity()), (1, 0));
    feed(&mut decoder, &mut buffer, b"data: cut", 64);
    assert!(
        (9..=64).contains(&buffer.capacity()),
        "{}",
        buffer.capacity()
    );
}

#[test]
fn errors_are_told_in_words() {
    let mut limits = Limits::default();
    limits.max_line = 4;
    limits.max_event = 6;
    let error = |stream: &[u8]| {
        let (mut decoder, mut buffer) = (Decoder::new(limits), Buffer::new());
        let mut input = stream;
        decoder
            .decode(&mut input, &mut buffer)
            .expect_err("a limit")
    };
    let line = error(b"data: 12345\n");
    assert_eq!(line.kind(), DecodeErrorKind::LineTooLong { limit: 4 });
    assert_eq!((line.at(), line.section()), (10, "WHATWG HTML §9.2.5"));
    assert_eq!(
        line.to_string(),
        "a line's value is longer than 4 bytes at byte 10 (WHATWG HTML §9.2.5); \
         drop the connection, or raise the limit"
    );
    let event = error(b"data: 1234\ndata: 123\n");
    assert_eq!(event.kind(), DecodeErrorKind::EventTooLong { limit: 6 });
    assert_eq!((event.at(), event.section()), (18, "WHATWG HTML §9.2.6"));
    for (byte, name) in [(b'\r', "CR"), (b'\n', "LF"), (0, "NUL")] {
        let text = format!("ab{}", char::from(byte));
        let refused = encode_id(&text, &mut BytesMut::new());
        assert_eq!(refused, Err(EncodeError::Id { byte, at: 2 }));
        let shown = format!("an event ID cannot contain {name}, found at byte 2; remove it");
        assert_eq!(refused.unwrap_err().to_string(), shown);
        let fields = EventFields {
            event: Some(&text),
            ..EventFields::data("x")
        };
        let refused = fields.encode(&mut BytesMut::new());
        assert_eq!(refused, Err(EncodeError::EventType { byte, at: 2 }));
    }
    assert_eq!(
        Reason::Status(503).to_string(),
        "the server answered with status 503"
    );
}

#[test]
fn the_names_of_fields_are_read_as_they_are_written() {
    for name in [
        FieldName::Data,
        FieldName::Event,
        FieldName::Id,
        FieldName::Retry,
    ] {
        let text = name.as_str();
        assert_eq!(FieldName::parse(text.as_bytes()), Some(name));
        assert_eq!(FieldName::parse(text.to_uppercase().as_bytes()), None);
        assert_eq!(FieldName::parse(&text.as_bytes()[1..]), None);
        assert_eq!(format!("{name:?}").to_lowercase(), text);
    }
    assert_eq!(FieldName::parse(b""), None);
}

#[test]
fn what_is_sent_between_events_means_nothing_or_one_thing() {
    let mut out = BytesMut::new();
    encode_comment("one\r\ntwo\n", &mut out);
    encode_id("7", &mut out).unwrap();
    encode_retry(Duration::from_micros(1_234_567_899), &mut out);
    encode_retry(Duration::ZERO, &mut out);
    encode_retry(Duration::MAX, &mut out);
    let written =
        ": one\n: two\n:\n\nid: 7\n\nretry: 1234567\n\nretry: 0\n\nretry: 18446744073709551615\n\n";
    assert_eq!(out, written);
    assert_eq!((HEARTBEAT, PADDING.len()), (&b":\n\n"[..], 2050));
    assert!(PADDING.starts_with(b": ") && PADDING.ends_with(b" \n\n"));
    let (mut decoder, mut buffer) = (Decoder::default().with_comments(), Buffer::new());
    let items = feed(
        &mut decoder,
        &mut buffer,
        &[PADDING, HEARTBEAT].concat(),
        100,
    );
    assert_eq!(items.len(), 2);
    assert_eq!(items[1], ItemBuf::Comment(String::new()));
}

#[test]
fn what_is_asked_for_is_handed_out_and_nothing_else() {
    let stream = b": c\nretry: 5\nid: 7\n\ndata: x\n\n";
    let plain = Decoder::default();
    for (decoder, count) in [
        (plain.clone(), 1),
        (plain.clone().with_comments(), 2),
        (plain.clone().with_retry(), 2),
        (plain.clone().with_ids(), 2),
        (plain.clone().with_comments().with_retry().with_ids(), 4),
    ] {
        let (mut decoder, mut buffer) = (decoder, Buffer::new());
        let items = feed(&mut decoder, &mut buffer, stream, 100);
        assert_eq!(items.len(), count, "{items:?}");
        assert_eq!(decoder.reconnection_time(), Some(Duration::from_millis(5)));
        assert_eq!(decoder.last_event_id(), "7");
        assert_eq!(decoder.position(), stream.len() as u64);
    }
    assert_eq!(plain.with_last_event_id("3").last_event_id(), "3");
}

#[test]
fn a_source_hands_out_what_its_configuration_asks_for() {
    for (comments, retry, ids) in [
        (true, false, false),
        (false, true, false),
        (false, false, true),
    ] {
        let mut config = Config::new("http://host/");
        (config.comments, config.retry, config.ids) = (comments, retry, ids);
        config.last_event_id = "3".into();
        let mut source = EventSource::new(config);
        assert_eq!(source.last_event_id(), "3");
        assert!(source.poll_request().is_some());
        let response = Response::new(200, [("content-type", &b"text/event-stream"[..])]);
        source.receive_response(&response, Duration::ZERO, 0);
        let (mut input, mut buffer) = (&b": c\nretry: 5\nid: 7\n\n"[..], Buffer::new());
        let item = source.receive(&mut input, &mut buffer).unwrap();
        match item {
            Some(Item::Comment(text)) => assert!(comments && text == "c"),
            Some(Item::Retry(time)) => assert!(retry && time == Duration::from_millis(5)),
            Some(Item::Id(id)) => assert!(ids && id == "7"),
            other => panic!("{other:?}"),
        }
        assert_eq!(source.receive(&mut input, &mut buffer), Ok(None));
    }
}

#[test]
fn a_source_tells_where_it_is_and_what_was_cut() {
    let mut source = EventSource::new(Config::new("http://host/"));
    assert_eq!(source.url(), "http://host/");
    assert!(source.poll_request().is_some());
    let response = Response::new(200, [("content-type", &b"text/event-stream"[..])]);
    source.receive_response(&response, Duration::ZERO, 0);
    let (mut input, mut buffer) = (&b"data: x\n"[..], Buffer::new());
    assert!(source.is_between_events());
    assert_eq!(source.receive(&mut input, &mut buffer), Ok(None));
    assert!(!source.is_between_events());
    assert_eq!(
        source.cut_event(&mut buffer).map(|event| event.data),
        Some("x")
    );
    let item = source.receive(&mut &b"\n"[..], &mut buffer);
    assert!(matches!(item, Ok(Some(Item::Event(_)))), "{item:?}");
    assert!(source.is_between_events());
    assert_eq!(source.cut_event(&mut buffer), None);
}

#[test]
fn a_byte_order_mark_is_unfinished_until_its_third_byte() {
    let (mut decoder, mut buffer) = (Decoder::default(), Buffer::new());
    for (byte, is_between) in [(0xef, false), (0xbb, false), (0xbf, true)] {
        assert_eq!(decoder.decode(&mut &[byte][..], &mut buffer), Ok(None));
        assert_eq!(decoder.is_between_events(), is_between, "{byte:x}");
    }
}

#[test]
fn the_statuses_that_pass_are_these() {
    let passing: Vec<u16> = (0..=999).filter(|status| is_temporary(*status)).collect();
    assert_eq!(passing, [408, 425, 429, 500, 502, 503, 504]);
    let config = Config::new("http://host/");
    assert!((0..=999).all(|status| !(config.retry_status)(status)));
    let config = Config::post_json("http://host/", "{}");
    assert_eq!(
        (&*config.method, &config.body[..], config.reconnect),
        ("POST", &b"{}"[..], false)
    );
    assert_eq!(
        config.headers,
        [("Content-Type".into(), b"application/json".to_vec())]
    );
}

/// Seconds from 1970 to a date, as `Retry-After` counts them.
fn since_1970(date: &str) -> Option<u64> {
    let headers = [
        ("retry-after", date.as_bytes()),
        ("date", &b"Thu, 01 Jan 1970 00:00:00 GMT"[..]),
    ];
    let wait = Response::new(503, headers).retry_after();
    wait.map(|wait| wait.as_secs())
}

#[test]
fn dates_end_where_a_month_a_day_and_a_century_do() {
    for (date, seconds) in [
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("Wed, 31 Dec 1969 23:59:59 GMT", None),
        ("Tue, 29 Feb 2000 23:59:59 GMT", Some(951_868_799)),
        ("Mon, 29 Feb 2100 00:00:00 GMT", None),
        ("Mon, 28 Feb 2100 00:00:00 GMT", Some(4_107_456_000)),
        ("Mon, 01 Mar 2100 00:00:00 GMT", Some(4_107_542_400)),
        ("Thu, 01 Jan 1970 23:59:60 GMT", Some(86_400)),
        ("Thu, 01 Jan 1970 00:59:00 GMT", Some(3540)),
        ("Thu, 01 Jan 1970 00:60:00 GMT", None),
        ("Thu, 01 Jan 1970 24:00:00 GMT", None),
        ("Thu, 32 Jan 1970 00:00:00 GMT", None),
        ("Thursday, 01-Jan-70 00:00:07 GMT", Some(7)),
        ("Tuesday, 01-Jan-69 00:00:00 GMT", Some(3_124_224_000)),
        ("Friday, 31-Dec-99 00:00:00 GMT", Some(946_598_400)),
        ("Thu Jan  1 00:00:07 1970", Some(7)),
        ("Thu Jan 11 00:00:07 1970", Some(864_007)),
        ("Thu Jan  1 00:00:07 1970 GMT", None),
        ("120", Some(120)),
        ("", None),
    ] {
        assert_eq!(since_1970(date), seconds, "{date}");
    }
}
