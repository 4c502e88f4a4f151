//! What is decided at the head of a request, or of a message.

use std::io::{Read, Write};

use holdline_net::Ending;

use crate::support::{HANDSHAKE, Running, config, read_until};

const GET: &[u8] = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

fn post(path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

#[test]
fn a_refused_upload_is_answered_before_its_body_and_not_invited() {
    let server = Running::start(config());
    for length in ["Content-Length: 900000", "Transfer-Encoding: chunked"] {
        let mut client = server.connect();
        let fields = format!("{length}\r\nExpect: 100-continue");
        client.write_all(&post("/refused", &fields, b"")).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(answer.contains("Connection: close"), "{answer}");
        assert!(answer.ends_with("refused"), "{answer}");
    }
}

#[test]
fn an_upload_that_is_wanted_is_invited() {
    let server = Running::start(config());
    let mut client = server.connect();
    let fields = "Content-Length: 3\r\nExpect: 100-continue";
    client.write_all(&post("/body", fields, b"")).unwrap();
    let invitation = read_until(&mut client, b"\r\n\r\n");
    assert_eq!(invitation, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"abc").unwrap();
    read_until(&mut client, b"[abc]");
}

#[test]
fn a_small_body_that_is_refused_costs_no_connection() {
    let server = Running::start(config());
    let mut client = server.connect();
    let chunks = b"2\r\nhi\r\n0\r\n\r\n";
    let requests = [
        post("/refused", "Content-Length: 2", b"hi"),
        post("/refused", "Transfer-Encoding: chunked", chunks),
        GET.to_vec(),
    ];
    client.write_all(&requests.concat()).unwrap();
    let answers = read_until(&mut client, b"/hello");
    let answers = String::from_utf8(answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 403 ").count(), 2, "{answers}");
}

#[test]
fn a_resource_has_a_body_limit_of_its_own() {
    let server = Running::start(config());
    for (length, body) in [
        ("Content-Length: 5", &b""[..]),
        ("Transfer-Encoding: chunked", b"2\r\nhi\r\n3\r\n"),
    ] {
        let mut client = server.connect();
        client.write_all(&post("/small", length, body)).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }
    // The limit is not that of the next request.
    let mut client = server.connect();
    let small = post("/small", "Content-Length: 4", b"four");
    let large = post("/body", "Content-Length: 6", b"enough");
    client.write_all(&[small, large].concat()).unwrap();
    read_until(&mut client, b"[enough]");
}

#[test]
fn an_upload_is_handed_out_in_pieces_and_may_be_longer_than_a_body_that_is_kept() {
    let server = Running::start(config());
    let mut client = server.connect();
    let body = vec![b'x'; 3 << 20];
    client
        .write_all(&post("/pieces", "Content-Length: 3145728", &body))
        .unwrap();
    read_until(&mut client, b"3145728 bytes.");
    // And the connection goes on, also when the answer comes before the end of the body.
    let chunks = b"7\r\nenough!\r\n1\r\nx\r\n0\r\n\r\n";
    let early = post("/pieces", "Transfer-Encoding: chunked", chunks);
    client.write_all(&[&early[..], GET].concat()).unwrap();
    let answers = read_until(&mut client, b"/hello");
    let answers = String::from_utf8(answers).unwrap();
    assert!(answers.starts_with("HTTP/1.1 409 "), "{answers}");
}

#[test]
fn a_websocket_that_takes_no_messages_refuses_one_by_its_first_byte() {
    let server = Running::start(config());
    let mut client = server.connect();
    let handshake = String::from_utf8_lossy(HANDSHAKE).replace("/socket", "/deaf");
    client.write_all(handshake.as_bytes()).unwrap();
    read_until(&mut client, b"\r\n\r\n");
    // A ping is no message.
    client.write_all(b"\x89\x80\0\0\0\0").unwrap();
    read_until(&mut client, b"\x8a\x00");
    // A text of ten megabytes, and one byte of it.
    client
        .write_all(b"\x81\xff\0\0\0\0\0\xa0\0\0\0\0\0\0x")
        .unwrap();
    let mut close = [0; 4];
    client.read_exact(&mut close).unwrap();
    assert_eq!((close[0], &close[2..]), (0x88, &1008_u16.to_be_bytes()[..]));
}

#[test]
fn an_upload_in_pieces_that_breaks_off_in_a_bad_chunk_has_failed() {
    let server = Running::start(config());
    let mut client = server.connect();
    client
        .write_all(
            b"POST /pieces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nno chunk\r\n",
        )
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(server.endings(1), [Ending::Failed]);
}
