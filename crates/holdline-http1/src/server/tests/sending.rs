//! What is sent, and what the caller is refused.

use bytes::{BufMut, BytesMut};

use super::*;
use crate::{PreChunked, SendError, SendErrorKind};

/// A connection that has received `request` to its end.
pub(super) fn after_request(request: &str) -> ServerConnection {
    let mut http = ServerConnection::new(ServerConfig::default());
    let mut buffer = Buffer::new();
    let mut input = request.as_bytes();
    while let Some(event) = http.receive(&mut input, &mut buffer).expect("good") {
        if event == Event::Paused {
            break;
        }
    }
    http
}

pub(super) const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
pub(super) const HEAD: &str = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
pub(super) const GET_1_0: &str = "GET / HTTP/1.0\r\n\r\n";
pub(super) const GET_1_0_KEPT: &str = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";

pub(super) fn sent(
    request: &str,
    send: impl FnOnce(&mut ServerConnection, &mut BytesMut),
) -> (String, bool) {
    let mut http = after_request(request);
    let mut out = BytesMut::from("before|");
    send(&mut http, &mut out);
    let text = String::from_utf8(out.to_vec()).expect("UTF-8");
    (
        text.strip_prefix("before|").expect("appended").into(),
        http.is_idle(),
    )
}

#[test]
fn whole_responses() {
    let send = |status, body: &'static str| {
        move |http: &mut ServerConnection, out: &mut BytesMut| {
            http.respond(status, [("A", "b")], body.as_bytes(), out)
                .expect("good");
        }
    };
    for (request, status, body, expected, kept) in [
        (
            GET,
            200,
            "hi",
            "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\nhi",
            true,
        ),
        (
            HEAD,
            200,
            "hi",
            "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\n",
            true,
        ),
        (
            HEAD,
            200,
            "",
            "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\n\r\n",
            true,
        ),
        (
            GET,
            204,
            "",
            "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n",
            true,
        ),
        (
            GET,
            304,
            "",
            "HTTP/1.1 304 Not Modified\r\nA: b\r\n\r\n",
            true,
        ),
        (
            GET,
            205,
            "",
            "HTTP/1.1 205 Reset Content\r\nA: b\r\nContent-Length: 0\r\n\r\n",
            true,
        ),
        (
            GET,
            599,
            "",
            "HTTP/1.1 599 \r\nA: b\r\nContent-Length: 0\r\n\r\n",
            true,
        ),
        (
            GET_1_0,
            200,
            "hi",
            "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
            false,
        ),
        (
            GET_1_0_KEPT,
            200,
            "hi",
            "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi",
            true,
        ),
    ] {
        assert_eq!(sent(request, send(status, body)), (expected.into(), kept));
    }
}

#[test]
fn streamed_responses() {
    let stream = |http: &mut ServerConnection, out: &mut BytesMut| {
        http.send_response(200, (), ResponseBody::Streamed, out)
            .expect("head");
        http.send_data(b"", out).expect("nothing");
        http.send_data(b"hello world, hello", out).expect("data");
        let shared = PreChunked::new(b"all");
        let bytes = http.send_prechunked(&shared).expect("shared");
        out.put_slice(&bytes);
        http.send_end(out).expect("end");
    };
    let head = "HTTP/1.1 200 OK\r\n";
    for (request, expected, kept) in [
        (
            GET,
            "Transfer-Encoding: chunked\r\n\r\n12\r\nhello world, hello\r\n3\r\nall\r\n0\r\n\r\n",
            true,
        ),
        (HEAD, "Transfer-Encoding: chunked\r\n\r\n", true),
        (
            GET_1_0,
            "Connection: close\r\n\r\nhello world, helloall",
            false,
        ),
        (
            GET_1_0_KEPT,
            "Connection: close\r\n\r\nhello world, helloall",
            false,
        ),
    ] {
        assert_eq!(sent(request, stream), (format!("{head}{expected}"), kept));
    }
}

#[test]
fn trailers_follow_the_last_chunk() {
    let (text, kept) = sent(GET, |http, out| {
        http.send_response(200, (), ResponseBody::Streamed, out)
            .expect("head");
        let forbidden = http.send_end_with_trailers([("Content-Length", "1")], out);
        assert_eq!(
            forbidden.expect_err("refused").kind(),
            SendErrorKind::ForbiddenTrailer
        );
        let block = crate::HeaderBlock::new([("Host", "a")]).expect("good in a head");
        let forbidden = http.send_end_with_trailers(&block, out);
        assert_eq!(
            forbidden.expect_err("refused").kind(),
            SendErrorKind::ForbiddenTrailer
        );
        http.send_end_with_trailers([("X-Sum", "1")], out)
            .expect("end");
    });
    assert!(
        text.ends_with("chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n"),
        "{text}"
    );
    assert!(kept);
    sent(GET_1_0, |http, out| {
        http.send_response(200, (), ResponseBody::Streamed, out)
            .expect("head");
        let refused = http.send_end_with_trailers([("X-Sum", "1")], out);
        assert_eq!(
            refused.expect_err("refused").kind(),
            SendErrorKind::TrailersNotAllowed
        );
        http.send_end(out).expect("end");
    });
}

#[test]
fn mistakes_leave_everything_as_it_was() {
    use SendErrorKind as E;
    type Send = fn(&mut ServerConnection, &mut BytesMut) -> Result<(), SendError>;
    let cases: &[(&str, Send, E)] = &[
        (
            GET,
            |h, o| h.respond(200, [("A", "b\r\nC: d")], b"", o),
            E::InvalidFieldValue,
        ),
        (
            GET,
            |h, o| h.respond(200, [("A", "b\rc")], b"", o),
            E::InvalidFieldValue,
        ),
        (
            GET,
            |h, o| h.respond(200, [("A", "b\0")], b"", o),
            E::InvalidFieldValue,
        ),
        (
            GET,
            |h, o| h.respond(200, [("A b", "c")], b"", o),
            E::InvalidFieldName,
        ),
        (
            GET,
            |h, o| h.respond(200, [("", "c")], b"", o),
            E::InvalidFieldName,
        ),
        (
            GET,
            |h, o| h.respond(200, [("Content-Length", "0")], b"", o),
            E::FramingField,
        ),
        (
            GET,
            |h, o| h.respond(200, [("transfer-encoding", "x")], b"", o),
            E::FramingField,
        ),
        (GET, |h, o| h.respond(199, (), b"", o), E::InvalidStatus),
        (GET, |h, o| h.respond(1000, (), b"", o), E::InvalidStatus),
        (GET, |h, o| h.respond(204, (), b"x", o), E::BodyNotAllowed),
        (GET, |h, o| h.respond(304, (), b"x", o), E::BodyNotAllowed),
        (GET, |h, o| h.respond(205, (), b"x", o), E::BodyNotAllowed),
        (
            GET,
            |h, o| h.send_response(204, (), ResponseBody::Streamed, o),
            E::BodyNotAllowed,
        ),
        (GET, |h, o| h.send_data(b"x", o), E::NoBody),
        (GET, |h, o| h.send_end(o), E::NoBody),
        (
            GET,
            |h, o| h.send_informational(101, (), o),
            E::InvalidStatus,
        ),
        (
            GET,
            |h, o| h.send_informational(200, (), o),
            E::InvalidStatus,
        ),
        (
            GET_1_0,
            |h, o| h.send_informational(103, (), o),
            E::InformationalToHttp10,
        ),
        (
            GET,
            |h, o| h.send_switching_protocols([("Upgrade", "x")], o),
            E::NotUpgradable,
        ),
        ("", |h, o| h.respond(200, (), b"", o), E::NoRequest),
        ("", |h, o| h.send_informational(103, (), o), E::NoRequest),
    ];
    for (index, (request, send, kind)) in cases.iter().enumerate() {
        let mut http = after_request(request);
        let mut out = BytesMut::from("before");
        let state = http.state;
        let error = send(&mut http, &mut out).expect_err("refused");
        assert_eq!(error.kind(), *kind, "case {index}");
        assert_eq!(&out[..], b"before", "case {index}");
        assert_eq!(http.state, state, "case {index}");
        if !request.is_empty() {
            http.respond(200, (), b"", &mut out)
                .expect("still to be answered");
        }
    }
}

#[test]
fn the_announced_length_is_kept() {
    let mut http = after_request(GET);
    let mut out = BytesMut::new();
    http.send_response(200, (), ResponseBody::Known(3), &mut out)
        .expect("head");
    http.send_data(b"ab", &mut out).expect("data");
    let before = out.clone();
    let short = http.send_end(&mut out).expect_err("short");
    assert_eq!(short.kind(), SendErrorKind::BodyTooShort);
    let long = http.send_data(b"cd", &mut out).expect_err("long");
    assert_eq!(long.kind(), SendErrorKind::BodyTooLong);
    let long = http
        .send_prechunked(&PreChunked::new(b"cd"))
        .expect_err("long");
    assert_eq!(long.kind(), SendErrorKind::BodyTooLong);
    let long = http.send_last_data(b"cd", &mut out).expect_err("long");
    assert_eq!(long.kind(), SendErrorKind::BodyTooLong);
    assert_eq!(out, before);
    http.send_last_data(b"c", &mut out).expect("the last one");
    assert!(http.is_idle());
}

#[test]
fn one_response_for_one_request() {
    let mut http = after_request(GET);
    let mut out = BytesMut::new();
    http.respond(200, (), b"", &mut out).expect("first");
    let second = http.respond(200, (), b"", &mut out).expect_err("second");
    assert_eq!(second.kind(), SendErrorKind::NoRequest);
}

#[test]
fn a_response_without_body_needs_no_end() {
    for end in [false, true] {
        let mut http = after_request(GET);
        let mut out = BytesMut::new();
        http.send_response(204, (), ResponseBody::None, &mut out)
            .expect("head");
        if end {
            http.send_end(&mut out).expect("nothing to do");
            http.send_end(&mut out).expect_err("once");
        }
        assert!(http.is_idle());
    }
}

#[test]
fn informational_responses_come_first() {
    let (text, _) = sent(GET, |http, out| {
        http.send_informational(103, [("Link", "</a>")], out)
            .expect("early hints");
        http.respond(200, (), b"", out).expect("final");
    });
    assert!(text.starts_with("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"));
}

#[test]
fn a_hundred_is_sent_when_the_body_is_asked_for() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
    let mut buffer = Buffer::new();
    let mut out = BytesMut::new();
    let receive_head = |buffer: &mut Buffer| {
        let mut http = ServerConnection::new(ServerConfig::default());
        let mut input = head.as_bytes();
        let event = http.receive(&mut input, buffer).expect("good");
        assert!(matches!(event, Some(Event::Request { .. })));
        http
    };

    let mut http = receive_head(&mut buffer);
    assert!(
        !http.poll_transmit(&mut out),
        "the caller has not asked for the body"
    );
    assert_eq!(http.receive(&mut &b""[..], &mut buffer), Ok(None));
    assert!(http.poll_transmit(&mut out));
    assert!(!http.poll_transmit(&mut out), "once");
    assert_eq!(&out[..], b"HTTP/1.1 100 Continue\r\n\r\n");

    let mut http = receive_head(&mut buffer);
    assert!(matches!(
        http.receive(&mut &b"h"[..], &mut buffer),
        Ok(Some(Event::Data(_)))
    ));
    assert_eq!(http.receive(&mut &b""[..], &mut buffer), Ok(None));
    assert!(!http.poll_transmit(&mut out), "the body has begun");

    let mut http = receive_head(&mut buffer);
    assert_eq!(http.receive(&mut &b""[..], &mut buffer), Ok(None));
    http.respond(413, (), b"", &mut out).expect("refusal");
    assert!(
        !http.poll_transmit(&mut out),
        "the final response has begun"
    );
    assert!(http.should_close() && http.is_receiving_body());
}
