//! What the head decides is answered at the head: no body is waited for, invited or kept.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use holdline_e2e::Server;

/// The head of a publish of a megabyte, of which nothing is sent.
fn refused(server: &Server, target: &str, fields: &str) -> String {
    let head =
        format!("POST {target} HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n{fields}\r\n\r\n");
    answer(server, head.as_bytes())
}

/// Everything that the server says until it closes.
fn answer(server: &Server, bytes: &[u8]) -> String {
    let mut client = TcpStream::connect(server.address()).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    client.write_all(bytes).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn an_upload_that_is_refused_is_answered_without_its_body() {
    let server = Server::start(&["--publish-token", "open-sesame"]).unwrap();
    let long = "Content-Length: 1000000";
    let chunked = "Transfer-Encoding: chunked";
    for (status, code, target, fields) in [
        (401, "unauthorized", "/channels/a", ""),
        (401, "unauthorized", "/channels/a?token=wrong", ""),
        (
            403,
            "foreign_origin",
            "/channels/a",
            "Origin: http://evil.example\r\n",
        ),
        (403, "foreign_origin", "/echo", "Origin: null\r\n"),
        (
            403,
            "foreign_origin",
            "/channels/a",
            "Sec-Fetch-Site: cross-site\r\n",
        ),
        (404, "not_found", "/nothing", ""),
        (405, "method_not_allowed", "/channels/a/sse", ""),
        (405, "method_not_allowed", "/", ""),
        (400, "bad_channel", "/channels/a,b", ""),
        (
            400,
            "bad_event",
            "/channels/a?token=open-sesame&event=holdline.open",
            "",
        ),
        (
            400,
            "bad_cursor",
            "/channels/a?token=open-sesame&since=x",
            "",
        ),
        (
            415,
            "content_encoding",
            "/channels/a?token=open-sesame",
            "Content-Encoding: gzip\r\n",
        ),
        (
            400,
            "bad_key",
            "/channels/a?token=open-sesame",
            "Idempotency-Key: a b\r\n",
        ),
        (401, "unauthorized", "/demo/box?tick=100", ""),
        (
            413,
            "body_too_large",
            "/demo/box?tick=100&token=open-sesame",
            "",
        ),
    ] {
        for length in [long, chunked] {
            if status == 413 && length == chunked {
                continue;
            }
            let answer = refused(&server, target, &format!("{fields}{length}"));
            let expected = format!("HTTP/1.1 {status} ");
            assert!(answer.starts_with(&expected), "{target} {fields}: {answer}");
            assert!(answer.contains("Connection: close"), "{target}: {answer}");
            let expected = format!("{{\"error\":{{\"code\":\"{code}\"");
            assert!(answer.contains(&expected), "{target} {fields}: {answer}");
        }
    }
}

#[test]
fn a_page_may_read_why_its_upload_was_refused() {
    let options = ["--allow-origin", "http://app.example"];
    let server = Server::start(&options).unwrap();
    let fields = "Origin: http://app.example\r\nContent-Length: 100000000";
    for (target, status) in [("/channels/a", 413), ("/nothing", 404), ("/stats", 405)] {
        let answer = refused(&server, target, fields);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        let expected = "Access-Control-Allow-Origin: http://app.example\r\n";
        assert!(answer.contains(expected), "{target}: {answer}");
    }
}

#[test]
fn a_websocket_that_may_not_publish_is_refused_before_its_message_came() {
    let options = ["--publish-token", "open-sesame", "--legacy-hixie76"];
    let server = Server::start(&options).unwrap();
    let handshake = b"GET /channels/a/websocket HTTP/1.1\r\nHost: test\r\n\
        Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut client = TcpStream::connect(server.address()).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    client.write_all(handshake).unwrap();
    // A text of half a megabyte, and one byte of it.
    client
        .write_all(b"\x81\xff\0\0\0\0\0\x08\0\0\0\0\0\0x")
        .unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"this needs the publish token") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let close = answer.len() - "this needs the publish token".len();
    assert_eq!(answer[close - 2..close], 1008_u16.to_be_bytes());
}
