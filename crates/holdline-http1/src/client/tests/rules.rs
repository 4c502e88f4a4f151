//! Which responses are taken and which are refused, each at every split.

use bytes::BytesMut;

use super::*;

/// The items of a complete response, and whether the connection is reusable after it.
#[track_caller]
fn accepted(outcome: Outcome, body: &str, reusable: bool) {
    assert_eq!(outcome.error, None, "{outcome:?}");
    let data = outcome
        .items
        .iter()
        .find_map(|item| item.strip_prefix("data "));
    assert_eq!(data.unwrap_or_default(), body, "{outcome:?}");
    assert!(
        outcome
            .items
            .last()
            .is_some_and(|item| item.starts_with("end ")),
        "{outcome:?}"
    );
    assert_eq!(outcome.sent == "reusable", reusable, "{outcome:?}");
    assert_eq!(outcome.closes, !reusable, "{outcome:?}");
}

const BAD_LENGTHS: &str = "Content-Length: 1\r\nContent-Length: x\r\n";
const CODED: &str = "Transfer-Encoding: gzip, chunked\r\n";

#[track_caller]
fn refused(outcome: Outcome, kind: Kind, at: u64) {
    assert_eq!(outcome.error, Some((kind, at)), "{outcome:?}");
    assert!(outcome.closes && outcome.sent.is_empty(), "{outcome:?}");
}

#[test]
pub(crate) fn lengths_follow_the_rfc_in_order() {
    let length = "Content-Length: 2\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    let head = |status: &str, fields: &str| format!("HTTP/1.1 {status}\r\n{fields}\r\n");

    // Rule 1: HEAD, 1xx, 204 and 304 have no body, whatever the fields say.
    let both = format!("{length}{chunked}");
    for fields in ["", length, chunked, &both, BAD_LENGTHS, CODED] {
        accepted(
            answer("HEAD", None, head("200 OK", fields).as_bytes(), false),
            "",
            true,
        );
        accepted(
            get(head("204 No Content", fields).as_bytes(), false),
            "",
            true,
        );
        accepted(
            get(head("304 Not Modified", fields).as_bytes(), false),
            "",
            true,
        );
    }
    let early = format!("{}{}", head("103 Early Hints", &both), head("204 A", ""));
    accepted(get(early.as_bytes(), false), "", true);
    // Rule 2: 2xx to CONNECT switches; others have a body.
    for fields in ["", length, chunked, &both, BAD_LENGTHS, CODED] {
        let tunnel = answer(
            "CONNECT",
            None,
            format!("{}\x01", head("200 OK", fields)).as_bytes(),
            false,
        );
        assert_eq!(
            (&*tunnel.sent, &tunnel.left[..]),
            ("switched", &b"\x01"[..])
        );
    }
    let refusal = format!("{}no", head("403 Forbidden", length));
    accepted(
        answer("CONNECT", None, refusal.as_bytes(), false),
        "no",
        true,
    );
    // Rules 4, 6 and 8.
    let body = format!("{}2;a\r\nhi\r\n0\r\nA: b\r\n\r\n", head("200 OK", chunked));
    accepted(get(body.as_bytes(), false), "hi", true);
    accepted(
        get(format!("{}hi", head("200 OK", length)).as_bytes(), false),
        "hi",
        true,
    );
    accepted(
        get(head("200 OK", "Content-Length: 0\r\n").as_bytes(), false),
        "",
        true,
    );
    accepted(
        get(format!("{}hi\r\n\0", head("200 OK", "")).as_bytes(), true),
        "hi\\r\\n\\x00",
        false,
    );
    accepted(get(head("200 OK", "").as_bytes(), true), "", false);
}

#[test]
fn framing_is_never_ambiguous() {
    let at = "HTTP/1.1 200 OK\r\n".len() as u64;
    for (fields, kind, offset) in [
        (
            "Content-Length: 2\r\nContent-Length: 2\r\n",
            Kind::DuplicateContentLength,
            35,
        ),
        ("Content-Length: 2, 2\r\n", Kind::InvalidContentLength, 16),
        (
            "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
            Kind::ContentLengthWithTransferEncoding,
            16,
        ),
        (
            "Transfer-Encoding: gzip, chunked\r\n",
            Kind::UnsupportedTransferCoding,
            19,
        ),
        ("Transfer-Encoding: gzip\r\n", Kind::ChunkedNotFinal, 19),
    ] {
        let response = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        refused(get(response.as_bytes(), false), kind, at + offset);
    }
    let old = b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    refused(get(old, false), Kind::TransferEncodingInHttp10, at + 19);
}

#[test]
pub(crate) fn status_lines_are_strict() {
    for good in [
        "HTTP/1.1 200",
        "HTTP/1.1 200 ",
        "HTTP/1.0 999 a\tb \u{e9}",
        "HTTP/1.2 200 OK",
    ] {
        let response = format!("{good}\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
        accepted(get(response.as_bytes(), false), "", true);
    }
    for (line, kind, at) in [
        ("HTTP/1.1  200 OK", Kind::InvalidStatus, 9),
        ("HTTP/1.1 099 OK", Kind::InvalidStatus, 9),
        ("HTTP/1.1 20 OK", Kind::InvalidStatus, 11),
        ("HTTP/1.1 2000 OK", Kind::InvalidStatus, 12),
        ("HTTP/1.1 200\tOK", Kind::InvalidStatus, 12),
        ("HTTP/1.1 200 O\0", Kind::InvalidReason, 14),
        ("HTTP/1.1\t200 OK", Kind::InvalidVersion, 8),
        ("HTTP/1.1", Kind::InvalidVersion, 8),
        ("http/1.1 200 OK", Kind::InvalidVersion, 0),
        (" HTTP/1.1 200 OK", Kind::InvalidVersion, 0),
        ("ICY 200 OK", Kind::InvalidVersion, 0),
        ("HTTP/2.0 200 OK", Kind::UnsupportedVersion, 0),
        ("\r\nHTTP/1.1 200 OK", Kind::InvalidVersion, 0),
        ("HTTP/1.1 200 OK\r\n A: b", Kind::LeadingWhitespace, 17),
        ("HTTP/1.1 200 OK\r\nA : b", Kind::InvalidFieldName, 18),
        ("HTTP/1.1 200 OK\r\nA: b\r\n c", Kind::ObsFold, 23),
        ("HTTP/1.1 200 OK\nA: b", Kind::BareLf, 15),
        ("HTTP/1.1 200\nA: b", Kind::BareLf, 12),
        ("HTTP/1.1 200 OK\r\nA: b\nC: d", Kind::BareLf, 21),
    ] {
        refused(get(format!("{line}\r\n\r\n").as_bytes(), false), kind, at);
    }
}

#[test]
fn a_later_minor_version_is_processed_as_1_1() {
    let chunks = "2\r\nhi\r\n0\r\n\r\n";
    let response = format!("HTTP/1.7 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
    let outcome = get(response.as_bytes(), false);
    assert!(outcome.items[0].contains("Http1Minor(7)"), "{outcome:?}");
    accepted(outcome, "hi", true);
    let switch = "HTTP/1.2 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    let outcome = answer("GET", Some("x"), switch.as_bytes(), false);
    assert_eq!((outcome.error, &*outcome.sent), (None, "switched"));
}

#[test]
fn folded_trailers_can_be_taken() {
    let config = ClientConfig {
        unfold: true,
        ..Default::default()
    };
    let response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\
                    A: b\r\n\tc\r\nExpires:\r\n 0\r\nD: e\r\n\r\n";
    let outcome = every_way(|| client(&config, "GET", None), response.as_bytes(), false);
    assert_eq!(outcome.items[2], r#"end {"A": "b  \tc", "D": "e"}"#);
    accepted(outcome, "hi", true);
    let at = response.find("\tc").expect("a fold") as u64;
    refused(get(response.as_bytes(), false), Kind::ObsFold, at);
}

#[test]
pub(crate) fn folded_lines_can_be_taken() {
    let config = ClientConfig {
        unfold: true,
        ..Default::default()
    };
    let response = "HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n  d\r\nContent-Length:\r\n 2\r\n\r\nhi";
    let outcome = every_way(|| client(&config, "GET", None), response.as_bytes(), false);
    assert!(
        outcome.items[0].contains(r#""A": "b  \tc    d""#),
        "{outcome:?}"
    );
    accepted(outcome, "hi", true);
}

#[test]
pub(crate) fn informational_responses_are_counted() {
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let outcome = get(format!("{}{last}", early.repeat(16)).as_bytes(), false);
    assert_eq!(outcome.items.len(), 18);
    accepted(outcome, "", true);
    let many = format!("{}{last}", early.repeat(17));
    refused(
        get(many.as_bytes(), false),
        Kind::TooManyInformational,
        16 * early.len() as u64,
    );
}

#[test]
pub(crate) fn a_switch_must_have_been_asked_for() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    let stream = format!("{switch}\x01\x02");
    let outcome = answer("GET", Some("x"), stream.as_bytes(), false);
    assert_eq!((outcome.error, &*outcome.sent), (None, "switched"));
    assert_eq!(outcome.left, b"\x01\x02");
    assert_eq!(outcome.items[1..], ["end {}"]);

    refused(get(stream.as_bytes(), false), Kind::UnexpectedSwitch, 0);
    refused(
        answer("CONNECT", None, stream.as_bytes(), false),
        Kind::UnexpectedSwitch,
        0,
    );
    let old = "HTTP/1.0 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    refused(
        answer("GET", Some("x"), old.as_bytes(), false),
        Kind::UnexpectedSwitch,
        0,
    );
    let declined = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    accepted(
        answer("GET", Some("x"), declined.as_bytes(), false),
        "",
        true,
    );
}

#[test]
fn connections_are_kept_or_not() {
    for (response, kept) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            false,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive, x, Close\r\n\r\n",
            false,
        ),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n",
            true,
        ),
    ] {
        accepted(get(response.as_bytes(), false), "", kept);
    }
    let close = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let outcome = get(format!("{close}\0").as_bytes(), false);
    assert_eq!((outcome.error, &outcome.left[..]), (None, &b"\0"[..]));
}

#[test]
pub(crate) fn bytes_without_a_request_are_refused() {
    let one = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    refused(
        get(format!("{one}{one}").as_bytes(), false),
        Kind::UnsolicitedResponse,
        one.len() as u64,
    );
    let mut http = ClientConnection::new(ClientConfig::default());
    let error = http
        .receive(&mut one.as_bytes(), &mut Buffer::new())
        .expect_err("idle");
    assert_eq!((error.kind(), error.at()), (Kind::UnsolicitedResponse, 0));
    assert!(http.should_close());
}

#[test]
pub(crate) fn the_end_of_the_stream_is_judged() {
    refused(get(b"", true), Kind::ConnectionEnded, 0);
    refused(
        get(b"HTTP/1.1 100 Continue\r\n\r\n", true),
        Kind::ConnectionEnded,
        25,
    );
    refused(get(b"HTTP/1.", true), Kind::TruncatedHead, 7);
    let known = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi";
    refused(get(known, true), Kind::TruncatedBody, known.len() as u64);
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n";
    refused(
        get(chunked, true),
        Kind::TruncatedBody,
        chunked.len() as u64,
    );
    let mut idle = ClientConnection::new(ClientConfig::default());
    assert_eq!(idle.receive_eof(), Ok(None));
    assert!(idle.should_close() && !idle.is_reusable());
}

#[test]
fn a_server_that_never_closes_cannot_send_more_than_the_body_may_have() {
    let mut config = ClientConfig::default();
    config.limits.max_body = 100_000;
    let mut http = ClientConnection::new(config);
    let (mut buffer, mut body) = (Buffer::new(), 0_u64);
    http.request("GET", "/", [("Host", "a")], b"", &mut BytesMut::new())
        .unwrap();
    let mut input = &b"HTTP/1.0 200 OK\r\n\r\n"[..];
    while let Ok(Some(_)) = http.receive(&mut input, &mut buffer) {}
    let error = (0..1000).find_map(|_| {
        let mut input = &[b'x'; 1000][..];
        loop {
            match http.receive(&mut input, &mut buffer) {
                Ok(Some(ResponseEvent::Data(data))) => body += data.len() as u64,
                Ok(Some(other)) => panic!("{other:?}"),
                Ok(None) => return None,
                Err(error) => return Some(error),
            }
        }
    });
    let error = error.expect("a limit");
    assert_eq!(
        (error.kind(), error.at()),
        (Kind::BodyTooLong, 19 + 100_000)
    );
    assert_eq!(body, 100_000);
    assert!(http.should_close() && !http.is_reusable());
}

#[test]
fn limits_are_kept() {
    let mut config = ClientConfig::default();
    config.limits.max_head = 60;
    config.limits.max_fields = 1;
    config.limits.max_body = 3;
    let get = |bytes: &str| every_way(|| client(&config, "GET", None), bytes.as_bytes(), false);
    accepted(
        get("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
        "abc",
        true,
    );
    refused(
        get("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"),
        Kind::BodyTooLong,
        33,
    );
    let until_close = b"HTTP/1.1 200 OK\r\n\r\nabc";
    accepted(
        every_way(|| client(&config, "GET", None), until_close, true),
        "abc",
        false,
    );
    refused(
        get("HTTP/1.1 200 OK\r\n\r\nabcd"),
        Kind::BodyTooLong,
        19 + 3,
    );
    refused(
        get("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n"),
        Kind::TooManyFields,
        23,
    );
    let long = format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "b".repeat(60));
    refused(get(&long), Kind::HeadTooLong, 60);
}
