//! What is sent, and what the caller is refused.

use bytes::BytesMut;

use super::*;
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
        ("TRACE", "/", "a", RequestBody::Known(1), E::BodyNotAllowed),
        (
            "CONNECT",
            "a:1",
            "a",
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
