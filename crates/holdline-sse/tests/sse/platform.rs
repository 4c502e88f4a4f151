//! What the web platform tests know of event streams (their folder `eventsource`), as facts: a stream, and what comes of
//! it. Each is named as its test is. What they know of answers and reconnecting is in `client::platform`.

use std::time::Duration;

use holdline_sse::{EventBuf, Limits};

use crate::harness::{Trace, decoder, run, trace};

struct Fact {
    name: &'static str,
    stream: &'static [u8],
    /// Types, data and IDs.
    events: &'static [(&'static str, &'static str, &'static str)],
    /// In milliseconds.
    retry: Option<u64>,
}

const fn fact(
    name: &'static str,
    stream: &'static [u8],
    events: &'static [(&'static str, &'static str, &'static str)],
) -> Fact {
    Fact {
        name,
        stream,
        events,
        retry: None,
    }
}

const fn with_retry(mut fact: Fact, millis: u64) -> Fact {
    fact.retry = Some(millis);
    fact
}

/// An event without a type or an ID.
macro_rules! data {
    ($($data:literal),*) => { &[$(("message", $data, "")),*] };
}

const FACTS: &[Fact] = &[
    fact(
        "event-data",
        b"data:msg\ndata: msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\ndata\n\ndata:end\n\n",
        data!["msg\nmsg", "", "end"],
    ),
    fact(
        "format-bom",
        b"\xef\xbb\xbfdata:1\n\n\xef\xbb\xbfdata:2\n\ndata:3\n\n",
        data!["1", "3"],
    ),
    fact(
        "format-bom-2",
        b"\xef\xbb\xbf\xef\xbb\xbfdata:1\n\ndata:2\n\ndata:3\n\n",
        data!["2", "3"],
    ),
    with_retry(
        fact(
            "format-data-before-final-empty-line",
            b"retry:1000\ndata:test1\n\nid:test\ndata:test2",
            data!["test1"],
        ),
        1000,
    ),
    fact(
        "format-field-data",
        b"data:\n\ndata\ndata\n\ndata:test\n\n",
        data!["", "\n", "test"],
    ),
    fact(
        "format-field-event",
        b"event:test\ndata:x\n\ndata:x\n\n",
        &[("test", "x", ""), ("message", "x", "")],
    ),
    fact(
        "format-field-event-empty",
        b"event: \ndata:data\n\n",
        data!["data"],
    ),
    fact(
        "format-field-id",
        b"id: \xe2\x80\xa6\ndata: hello\n\n",
        &[("message", "hello", "\u{2026}")],
    ),
    fact(
        "format-field-id-3, persists",
        b"id: 1\ndata: 1\n\ndata: 2\n\n",
        &[("message", "1", "1"), ("message", "2", "1")],
    ),
    fact(
        "format-field-id-3, changes and persists",
        b"id: 1\ndata: 1\n\nid: 2\ndata:2\n\ndata:3\n\n",
        &[
            ("message", "1", "1"),
            ("message", "2", "2"),
            ("message", "3", "2"),
        ],
    ),
    fact(
        "format-field-id-3, resets",
        b"id: 1\ndata: 1\n\nid\ndata:2\n\ndata:3\n\n",
        &[
            ("message", "1", "1"),
            ("message", "2", ""),
            ("message", "3", ""),
        ],
    ),
    fact(
        "format-field-id-null",
        b"id: \0\0\ndata: hello\n\n",
        data!["hello"],
    ),
    fact(
        "format-field-id-null, after another",
        b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n",
        &[("message", "a", "1"), ("message", "b", "1")],
    ),
    fact(
        "format-field-parsing",
        b"data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
        data!["\0\n 2\n1\n3\n\n4"],
    ),
    with_retry(
        fact("format-field-retry", b"retry:03000\ndata:x\n\n", data!["x"]),
        3000,
    ),
    with_retry(
        fact(
            "format-field-retry-bogus",
            b"retry:2000\nretry:1000x\ndata:x\n\n",
            data!["x"],
        ),
        2000,
    ),
    fact(
        "format-field-retry-empty",
        b"retry\ndata:test\n\n",
        data!["test"],
    ),
    fact(
        "format-field-unknown",
        b"data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n",
        data!["test\n\ntest"],
    ),
    fact(
        "format-leading-space",
        b"data:\ttest\rdata: \ndata:test\n\n",
        data!["\ttest\n\ntest"],
    ),
    fact(
        "format-newlines",
        b"data:test\r\ndata\ndata:test\r\n\r",
        data!["test\n\ntest"],
    ),
    fact("format-null-character", b"data:\0\n\n", data!["\0"]),
    fact(
        "format-utf-8",
        b"data:ok\xe2\x80\xa6\n\n",
        data!["ok\u{2026}"],
    ),
    fact(
        "eventsource-from-readable-stream, line ends",
        b"data: cr\r\rdata: lf\n\ndata: crlf\r\n\r\n",
        data!["cr", "lf", "crlf"],
    ),
    fact(
        "eventsource-from-readable-stream, type",
        b"event: custom\ndata: hello\n\n",
        &[("custom", "hello", "")],
    ),
    fact(
        "eventsource-from-readable-stream, retry is no number",
        b"retry: bogus\ndata: hello\n\n",
        data!["hello"],
    ),
];

#[test]
fn streams_mean_what_the_web_platform_tests_say() {
    for fact in FACTS {
        check(fact, &trace(fact.stream));
    }
}

/// `format-comments`, whose comments are long: cut in fewer ways.
#[test]
fn long_comments_are_passed_over() {
    let long = "x".repeat(2048);
    let stream =
        format!("data:1\r:\0\n:\r\ndata:2\n:{long}\rdata:3\n:data:fail\r:{long}\ndata:4\n\n");
    let fact = fact("format-comments", b"", data!["1\n2\n3\n4"]);
    for piece in [1, 2, 3, 1021, stream.len()] {
        let pieces = stream.as_bytes().chunks(piece);
        check(&fact, &run(decoder(Limits::default()), pieces));
    }
}

fn check(fact: &Fact, trace: &Trace) {
    let expected: Vec<EventBuf> = fact
        .events
        .iter()
        .map(|&(event, data, id)| EventBuf {
            event: event.into(),
            data: data.into(),
            id: id.into(),
        })
        .collect();
    assert_eq!(trace.error, None, "{}", fact.name);
    assert_eq!(trace.events(), expected, "{}", fact.name);
    let last = expected.last().map_or("", |event| &event.id);
    assert_eq!(trace.last_event_id, last, "{}", fact.name);
    let retry = fact.retry.map(Duration::from_millis);
    assert_eq!(trace.reconnection_time, retry, "{}", fact.name);
}
