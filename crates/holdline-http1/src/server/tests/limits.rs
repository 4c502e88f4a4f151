//! The limits, and what is taken or left at the end of a message and of a stream.

use super::rules::{NEXT, accepted, refused, with_fields};
use super::*;

#[test]
fn each_body_may_have_a_limit_of_its_own() {
    let mut connection = ServerConnection::new(ServerConfig::default());
    let mut buffer = Buffer::new();
    let mut input = &b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\na\r\n"[..];
    let head = connection.receive(&mut input, &mut buffer);
    assert!(matches!(head, Ok(Some(Event::Request { .. }))));
    connection.set_max_body(9);
    let error = connection.receive(&mut input, &mut buffer).unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::BodyTooLong, 413));
}

#[test]
pub(crate) fn limits_are_kept() {
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(8191));
    let whole =
        crate::tests::harness::feed(server(&ServerConfig::default()), &[long.as_bytes()], false);
    assert_eq!(whole.error, None);

    let mut config = ServerConfig::default();
    config.limits.max_target = 10;
    config.limits.max_method = 4;
    config.limits.max_head = 80;
    config.limits.max_fields = 3;
    config.limits.max_body = 9;
    config.limits.max_trailers = 12;
    let serve = |bytes: &[u8]| every_way(|| server(&config), bytes, false);
    let host = "Host: a\r\n";
    let pass = [
        format!("GET /123456789 HTTP/1.1\r\n{host}\r\n"),
        format!("POST / HTTP/1.1\r\n{host}A: b\r\nC: d\r\n\r\n"),
        format!(
            "POST / HTTP/1.1\r\n{host}A: {}\r\n\r\n",
            "b".repeat(80 - 33)
        ),
        format!("POST / HTTP/1.1\r\n{host}Content-Length: 9\r\n\r\n123456789"),
        format!(
            "POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n5\r\n12345\r\n0\r\nA: 12345\r\n\r\n"
        ),
    ];
    for request in pass {
        assert_eq!(serve(request.as_bytes()).error, None, "{request}");
    }
    let fail = [
        (
            format!("GET /1234567890 HTTP/1.1\r\n{host}\r\n"),
            Kind::TargetTooLong,
            14,
        ),
        (
            format!("PATCH / HTTP/1.1\r\n{host}\r\n"),
            Kind::MethodTooLong,
            4,
        ),
        (
            format!("GET / HTTP/1.1\r\n{host}A: b\r\nC: d\r\nE: f\r\n\r\n"),
            Kind::TooManyFields,
            37,
        ),
        (
            format!(
                "POST / HTTP/1.1\r\n{host}A: {}\r\n\r\n",
                "b".repeat(80 - 32)
            ),
            Kind::HeadTooLong,
            80,
        ),
        (
            format!("POST / HTTP/1.1\r\n{host}Content-Length: 10\r\n\r\n"),
            Kind::BodyTooLong,
            42,
        ),
        (
            format!(
                "POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n006\r\n"
            ),
            Kind::BodyTooLong,
            65,
        ),
        (
            format!(
                "POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n0\r\nA: 123456\r\n\r\n"
            ),
            Kind::TrailersTooLong,
            71,
        ),
    ];
    for (request, kind, at) in fail {
        assert_eq!(
            serve(request.as_bytes()).error,
            Some((kind, at)),
            "{request}"
        );
    }
}

#[test]
fn more_fields_than_usual_can_be_allowed() {
    let mut config = ServerConfig::default();
    config.limits.max_fields = 400;
    let request = format!(
        "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "A: b\r\n".repeat(399)
    );
    let outcome = crate::tests::harness::feed(server(&config), &[request.as_bytes()], false);
    assert_eq!(outcome.error, None);
    config.limits.max_fields = 399;
    let outcome = crate::tests::harness::feed(server(&config), &[request.as_bytes()], false);
    assert_eq!(
        outcome.error.map(|(kind, _)| kind),
        Some(Kind::TooManyFields)
    );
}

#[test]
fn bad_chunks_are_refused_at_once() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let at = head.len() as u64;
    for (body, kind, offset) in [
        ("5 \r\nhello", Kind::InvalidChunkSize, 1),
        ("5\nhello", Kind::BareLf, 1),
        ("5\r\nhelloworld", Kind::InvalidChunkEnd, 8),
        ("5\r\nhello\n0\r\n\r\n", Kind::InvalidChunkEnd, 8),
        ("0x5\r\nhello\r\n", Kind::InvalidChunkSize, 1),
        ("0\r\nA : b\r\n\r\n", Kind::InvalidFieldName, 4),
        ("0\r\n A: b\r\n\r\n", Kind::LeadingWhitespace, 3),
        ("0\r\nA: b\n\r\n", Kind::BareLf, 7),
        ("0\r\n\n", Kind::BareLf, 3),
    ] {
        refused(format!("{head}{body}").as_bytes(), kind, at + offset);
    }
}

#[test]
pub(crate) fn a_trailer_that_must_not_be_there_is_left_out() {
    let items = accepted(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         0\r\nHost: b\r\nX: 1\r\nContent-Length: 5\r\nY: 2\r\ncookie: c\r\n\r\n",
    );
    assert_eq!(items[1], "end {\"X\": \"1\", \"Y\": \"2\"}");
}

#[test]
pub(crate) fn a_length_may_have_zeros_in_front() {
    let items = accepted(&format!("{}hello", with_fields("Content-Length: 0005\r\n")));
    assert_eq!(items[1], "data hello");
    refused(
        with_fields("Content-Length: 5\r\nContent-Length: 0005\r\n").as_bytes(),
        Kind::DuplicateContentLength,
        61,
    );
}

#[test]
pub(crate) fn nothing_is_parsed_after_close() {
    for first in [
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\nConnection: keep-alive\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
    ] {
        for rest in [NEXT, "\0\n"] {
            let outcome = serve(format!("{first}{rest}").as_bytes());
            assert_eq!(outcome.error, None);
            assert_eq!(outcome.left, rest.as_bytes());
            assert_eq!(outcome.sent.matches("HTTP/1.1").count(), 1);
            assert!(outcome.sent.contains("Connection: close\r\n"));
            assert!(outcome.closes);
        }
    }
}

#[test]
pub(crate) fn a_good_request_before_bad_bytes_is_answered() {
    let outcome = serve(format!("{NEXT}GET\0").as_bytes());
    assert_eq!(
        outcome.error,
        Some((Kind::InvalidMethod, NEXT.len() as u64 + 3))
    );
    let answers: Vec<_> = outcome
        .sent
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| outcome.sent[at + 9..at + 12].to_string())
        .collect();
    assert_eq!(answers, ["200", "400"]);
}

#[test]
fn the_decoder_alone_gives_the_same_items() {
    let stream = format!(
        "{}hello{NEXT}{}5\r\nhello\r\n0\r\nA: b\r\n\r\n{NEXT}",
        with_fields("Content-Length: 5\r\n"),
        with_fields("Transfer-Encoding: chunked\r\n"),
    );
    let decoder = Decoder::new;
    let decoded = every_way(decoder, stream.as_bytes(), true);
    assert_eq!(decoded.items, serve(stream.as_bytes()).items);
    assert_eq!(decoded.items.len(), 10);
}

#[test]
pub(crate) fn the_end_of_the_stream_is_judged() {
    let serve =
        |bytes: &str| every_way(|| server(&ServerConfig::default()), bytes.as_bytes(), true);
    assert_eq!(serve("").error, None);
    assert_eq!(serve("\r\n").error, None);
    assert_eq!(serve(NEXT).error, None);
    assert_eq!(serve("GET").error, Some((Kind::TruncatedHead, 3)));
    let head = with_fields("Content-Length: 5\r\n");
    let at = head.len() as u64 + 2;
    assert_eq!(
        serve(&format!("{head}hi")).error,
        Some((Kind::TruncatedBody, at))
    );
}

#[test]
pub(crate) fn a_lost_buffer_is_noticed() {
    let mut http = ServerConnection::new(ServerConfig::default());
    let mut buffer = Buffer::new();
    assert_eq!(http.receive(&mut &b"GET / HT"[..], &mut buffer), Ok(None));
    assert!(!buffer.is_empty());
    let mut other = Buffer::new();
    let lost = http.receive(&mut &b"TP/1.1\r\n"[..], &mut other);
    let error = lost.expect_err("another buffer");
    assert_eq!((error.kind(), error.at()), (Kind::BufferMismatch, 8));
}
