//! What is sent, and what the caller is refused.

use bytes::BytesMut;

use super::*;
use alloc::string::ToString;

use crate::SendErrorKind;

const HOST: [(&str, &str); 1] = [("Host", "a")];
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

fn sent(send: impl FnOnce(&mut ClientConnection, &mut BytesMut)) -> String {
    let mut http = ClientConnection::new(ClientConfig::default());
    let mut out = BytesMut::new();
    send(&mut http, &mut out);
    String::from_utf8(out.to_vec()).expect("UTF-8")
}

#[test]
fn requests_are_framed() {
    for (method, body, expected) in [
        ("GET", "", "GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n"),
        (
            "POST",
            "",
            "POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "PUT",
            "hi",
            "PUT /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
        ),
    ] {
        let text = sent(|http, out| {
            http.request(method, "/a?b", HOST, body.as_bytes(), out)
                .expect("good");
        });
        assert_eq!(text, expected);
    }
    let text = sent(|http, out| {
        http.send_request("POST", "/", HOST, RequestBody::Streamed, out)
            .expect("head");
        http.send_data(b"hi", out).expect("data");
        http.send_end_with_trailers([("X", "y")], out).expect("end");
    });
    assert_eq!(
        text,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n\r\n"
    );
    let text = sent(|http, out| {
        let headers = (HOST, [("Upgrade", "websocket")]);
        http.send_request("GET", "/", headers, RequestBody::None, out)
            .expect("head");
    });
    assert!(text.ends_with("Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
    let text = sent(|http, out| {
        let headers = (HOST, [("Connection", "Upgrade"), ("Upgrade", "websocket")]);
        http.send_request("GET", "/", headers, RequestBody::None, out)
            .expect("head");
    });
    assert_eq!(text.matches("Connection").count(), 1);
}

#[test]
fn mistakes_leave_everything_as_it_was() {
    use SendErrorKind as E;
    for (method, target, headers, body, kind) in [
        ("G T", "/", "a", RequestBody::None, E::InvalidMethod),
        ("", "/", "a", RequestBody::None, E::InvalidMethod),
        ("GET", "", "a", RequestBody::None, E::InvalidTarget),
        ("GET", "/a b", "a", RequestBody::None, E::InvalidTarget),
        (
            "GET",
            "/a\r\nX: y",
            "a",
            RequestBody::None,
            E::InvalidTarget,
        ),
        ("GET", "/\u{e9}", "a", RequestBody::None, E::InvalidTarget),
        ("GET", "a", "a", RequestBody::None, E::InvalidTarget),
        ("GET", "*", "a", RequestBody::None, E::InvalidTarget),
        ("CONNECT", "/", "a", RequestBody::None, E::InvalidTarget),
        ("GET", "/", "a b", RequestBody::None, E::InvalidHost),
        ("GET", "/", "a\n", RequestBody::None, E::InvalidFieldValue),
        ("GET", "/", "a\rb", RequestBody::None, E::InvalidFieldValue),
        ("GET", "/\rb", "a", RequestBody::None, E::InvalidTarget),
        ("TRACE", "/", "a", RequestBody::Known(1), E::BodyNotAllowed),
        (
            "CONNECT",
            "a:1",
            "a:1",
            RequestBody::Streamed,
            E::BodyNotAllowed,
        ),
    ] {
        let mut http = ClientConnection::new(ClientConfig::default());
        let mut out = BytesMut::from("before");
        let error = http
            .send_request(method, target, [("Host", headers)], body, &mut out)
            .expect_err("refused");
        assert_eq!(
            (error.kind(), &out[..]),
            (kind, &b"before"[..]),
            "{method} {target}"
        );
        assert!(http.is_reusable());
    }
    for headers in [&[][..], &[("Host", "a"), ("host", "a")][..]] {
        let mut http = ClientConnection::new(ClientConfig::default());
        let error = http.request("GET", "/", headers, b"", &mut BytesMut::new());
        assert_eq!(error.expect_err("refused").kind(), E::InvalidHost);
    }
}

/// RFC 9112 §3.2: then "a client MUST send a Host header field with an empty field value".
#[test]
fn a_host_may_be_empty_when_the_target_has_no_authority() {
    let text = sent(|http, out| {
        http.request("GET", "/", [("Host", "")], b"", out)
            .expect("good");
    });
    assert_eq!(text, "GET / HTTP/1.1\r\nHost: \r\n\r\n");
}

#[test]
fn one_exchange_at_a_time() {
    let mut http = ClientConnection::new(ClientConfig::default());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    for _ in 0..3 {
        assert!(http.is_reusable());
        http.request("GET", "/", HOST, b"", &mut out).expect("good");
        let early = http
            .request("GET", "/", HOST, b"", &mut out)
            .expect_err("too early");
        assert_eq!(early.kind(), SendErrorKind::NotReady);
        let mut input = OK;
        while http
            .receive(&mut input, &mut buffer)
            .expect("good")
            .is_some()
        {}
    }
    http.request("GET", "/", (HOST, [("Connection", "close")]), b"", &mut out)
        .expect("good");
    let mut input = OK;
    while http
        .receive(&mut input, &mut buffer)
        .expect("good")
        .is_some()
    {}
    assert!(http.should_close() && !http.is_reusable());
}

#[test]
fn a_body_can_wait_for_the_servers_word() {
    let mut http = ClientConnection::new(ClientConfig::default());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    let headers = (HOST, [("Expect", "100-continue")]);
    http.send_request("POST", "/", headers, RequestBody::Known(2), &mut out)
        .expect("head");
    assert!(http.awaits_continue());
    let mut input = &b"HTTP/1.1 100 Continue\r\n\r\n"[..];
    let event = http.receive(&mut input, &mut buffer).expect("good");
    assert!(matches!(event, Some(ResponseEvent::Informational(head)) if head.status() == 100));
    assert!(!http.awaits_continue());
    http.send_data(b"hi", &mut out).expect("data");
    http.send_end(&mut out).expect("end");
}

/// A 103 says nothing about the body.
#[test]
fn only_a_100_or_a_final_response_ends_the_wait() {
    for (answer, awaits) in [
        ("HTTP/1.1 103 Early Hints\r\n\r\n", true),
        ("HTTP/1.1 100 Continue\r\n\r\n", false),
        ("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n", false),
        ("HTTP/1.1 200 \0", false),
    ] {
        let mut http = expecting(&mut BytesMut::new());
        let good = http
            .receive(&mut answer.as_bytes(), &mut Buffer::new())
            .is_ok();
        assert_eq!(good, !answer.contains('\0'));
        assert_eq!(http.awaits_continue(), awaits, "{answer}");
    }
}

fn expecting(out: &mut BytesMut) -> ClientConnection {
    let mut http = ClientConnection::new(ClientConfig::default());
    let headers = (HOST, [("Expect", "100-continue")]);
    http.send_request("POST", "/", headers, RequestBody::Streamed, out)
        .expect("head");
    assert!(http.awaits_continue());
    http
}

#[test]
fn sending_the_body_in_any_way_ends_the_wait() {
    let mut out = BytesMut::new();
    let mut http = expecting(&mut out);
    http.send_data(b"hi", &mut out).expect("data");
    assert!(!http.awaits_continue());
    let mut http = expecting(&mut out);
    http.send_frame(2).expect("a frame");
    assert!(!http.awaits_continue());
    let mut http = expecting(&mut out);
    http.send_end(&mut out).expect("the end");
    assert!(!http.awaits_continue());
    let mut http = ClientConnection::new(ClientConfig::default());
    let headers = (HOST, [("Expect", "100-continue")]);
    http.request("POST", "/", headers, b"hi", &mut out)
        .expect("whole");
    assert!(!http.awaits_continue());
}

#[test]
fn an_expectation_needs_a_body() {
    for body in [RequestBody::None, RequestBody::Known(0)] {
        let mut http = ClientConnection::new(ClientConfig::default());
        let mut out = BytesMut::new();
        let headers = (HOST, [("Expect", "100-continue")]);
        let error = http.send_request("POST", "/", headers, body, &mut out);
        let kind = error.expect_err("refused").kind();
        assert_eq!(kind, SendErrorKind::ExpectWithoutBody);
        assert!(out.is_empty() && http.is_reusable());
    }
}

#[test]
fn a_target_with_an_authority_gives_the_host() {
    for (method, target, host) in [
        ("GET", "http://b.example:81/c", "b.example:81"),
        ("CONNECT", "b:443", "b:443"),
    ] {
        let text = sent(|http, out| {
            http.request(method, target, [("X", "y")], b"", out)
                .expect("good");
        });
        assert_eq!(
            text,
            format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nX: y\r\n\r\n")
        );
        let mut http = ClientConnection::new(ClientConfig::default());
        let headers = [("X", "Host: b"), ("Host", "a")];
        let error = http.request(method, target, headers, b"", &mut BytesMut::new());
        let kind = error.expect_err("refused").kind();
        assert_eq!(kind, SendErrorKind::HostMismatch);
    }
    // What means the same may be written differently.
    let text = sent(|http, out| {
        let headers = [("X", "y"), ("hOST", "A:80")];
        http.request("GET", "http://a/", headers, b"", out)
            .expect("good");
    });
    assert_eq!(text, "GET http://a/ HTTP/1.1\r\nX: y\r\nhOST: A:80\r\n\r\n");
}

/// The server had closed before it saw the request: it may be sent again on another connection.
#[test]
fn a_stale_connection_can_be_told_from_a_broken_response() {
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    let mut http = ClientConnection::new(ClientConfig::default());
    for piece in ["", "H"] {
        http.request("GET", "/", HOST, b"", &mut out).expect("good");
        assert!(!http.response_started());
        let mut input = OK;
        while http
            .receive(&mut input, &mut buffer)
            .expect("good")
            .is_some()
        {}
        assert!(http.response_started() && http.is_reusable());
        let mut stale = http.clone();
        stale
            .request("GET", "/", HOST, b"", &mut out)
            .expect("good");
        stale
            .receive(&mut piece.as_bytes(), &mut buffer)
            .expect("good");
        stale.receive_eof().expect_err("no response");
        assert_eq!(stale.response_started(), !piece.is_empty());
        buffer = Buffer::new();
    }
}

#[test]
fn what_comes_unasked_ends_the_reuse_of_an_idle_connection() {
    let late: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
    for (mut bytes, eof) in [(late, false), (b"x", false), (b"", true)] {
        let mut http = ClientConnection::new(ClientConfig::default());
        let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
        http.request("HEAD", "/", HOST, b"", &mut out)
            .expect("good");
        let mut input = OK;
        while http
            .receive(&mut input, &mut buffer)
            .expect("good")
            .is_some()
        {}
        assert!(http.is_reusable());
        match eof {
            true => assert_eq!(http.receive_eof(), Ok(None)),
            false => {
                let error = http.receive(&mut bytes, &mut buffer).expect_err("unasked");
                assert!(error.to_string().ends_with("; close the connection"));
            }
        }
        assert!(!http.is_reusable() && http.should_close());
        let error = http.request("GET", "/", HOST, b"", &mut out);
        let kind = error.expect_err("closing").kind();
        assert_eq!(kind, SendErrorKind::NotReady);
    }
}

#[test]
fn an_early_response_can_end_an_upload() {
    let refusal = "HTTP/1.1 413 No\r\nContent-Length: 0\r\n";
    for (close, closes) in [("Connection: close\r\n", true), ("", false)] {
        let mut http = ClientConnection::new(ClientConfig::default());
        let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
        http.send_request("POST", "/", HOST, RequestBody::Known(2), &mut out)
            .expect("head");
        let response = format!("{refusal}{close}\r\n");
        let mut input = response.as_bytes();
        while http
            .receive(&mut input, &mut buffer)
            .expect("good")
            .is_some()
        {}
        assert_eq!((http.should_close(), http.is_reusable()), (closes, false));
        http.send_data(b"hi", &mut out).expect("still allowed");
        http.send_end(&mut out).expect("still allowed");
        assert_eq!(http.is_reusable(), !closes);
    }
}
