//! The tester itself: it must see what is wrong with a peer.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::thread;

use holdline_e2e::conformance::{cases, test_server};
use tungstenite::Message;
use tungstenite::handshake::derive_accept_key;

/// What a server says, to a client that sends the text "a" and expects it back, and what the tester
/// says to that.
const ANSWERS: &[(&[u8], &str)] = &[
    (b"\x81\x01a\x88\x02\x03\xe8", ""),
    (b"\x81\x01a\x88\x0a\x03\xe8a reason", ""),
    (b"\x01\x01a\x80\0\x88\x02\x03\xe8", ""),
    (b"", "seen the end of the connection"),
    (b"\x81", "ended with 1 bytes of a frame"),
    (
        b"\x81\x01b",
        "seen text of 1 bytes: \"b\"\n     which differ at byte 0",
    ),
    (b"\x82\x01a", "seen binary of 1 bytes"),
    (b"\x81\x02aa", "seen text of 2 bytes"),
    (b"\x8a\x01a", "seen pong of 1 bytes"),
    (b"\x81\x81\0\0\0\0a", "§5.1: a masked frame from a server"),
    (
        b"\x81\x7e\0\x01a",
        "§5.2: a length in more bytes than it needs",
    ),
    (b"\xc1\x01a", "§5.2: reserved bits 0x40"),
    (b"\x83\0", "§5.4: opcode 3"),
    (b"\x80\x01a", "§5.4: opcode 0 without a message"),
    (b"\x01\x01a\x81\x01a", "§5.4: opcode 1 within a message"),
    (b"\x09\0", "§5.5: a fragmented control frame"),
    (b"\x81\x01\xff", "§5.6: text that is no UTF-8"),
    (b"\x81\x01a\x88\x01\x03", "§5.5.1: a Close of one byte"),
    (
        b"\x81\x01a\x88\x03\x03\xe8\xff",
        "§5.5.1: a Close whose reason is no UTF-8",
    ),
    (b"\x81\x01a\x88\x02\x03\xe9", "seen close 1001"),
    (b"\x81\x01a\x88\0", "seen close without a code"),
    (b"\x81\x01a", "expected close 1000\n     seen the end"),
    (
        b"\x81\x01a\x88\x02\x03\xe8\x89\0",
        "expected the end of the connection\n     seen ping of 0 bytes",
    ),
];

#[test]
fn sees_what_is_wrong() {
    let mut cases = cases(16 << 20);
    cases.retain(|case| case.name == "a text of 1 bytes, in one write");
    assert_eq!(cases.len(), 1);
    for (answer, expected) in ANSWERS {
        let failures = test_server(say(answer), "/", &cases);
        match (&failures[..], *expected) {
            ([], "") => {}
            ([failure], expected) if !expected.is_empty() => {
                let text = failure.to_string();
                assert!(text.contains(expected), "{answer:?}: {text}");
                assert!(text.contains("RFC 6455 §5.6"), "{text}");
            }
            (failures, _) => panic!("{answer:?}: {failures:?}"),
        }
    }
}

/// tungstenite echoes as it should, and does not tell with a Close what it refuses.
#[test]
fn sees_a_missing_close() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let Ok(mut socket) = tungstenite::accept(stream) else {
                continue;
            };
            while let Ok(message) = socket.read() {
                if let Message::Text(_) | Message::Binary(_) = message {
                    let _ = socket.send(message);
                }
            }
        }
    });
    for (name, fails) in [
        ("three messages in one write", false),
        ("opcode 3, empty", true),
    ] {
        let mut cases = cases(16 << 20);
        cases.retain(|case| case.name == name);
        let failures = test_server(address, "/", &cases);
        assert_eq!(failures.len(), usize::from(fails), "{name}: {failures:?}");
        if let [failure] = &failures[..] {
            assert!(failure.what.starts_with("expected close 1002"), "{failure}");
        }
    }
}

/// A server that has one answer, and then ends.
fn say(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let key = head
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))
            .unwrap();
        let response = format!(
            "HTTP/1.1 101 Hello\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n\r\n",
            derive_accept_key(key.as_bytes())
        );
        let _ = stream.write_all(&[response.as_bytes(), answer].concat());
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    address
}

#[test]
fn the_book_counts_the_cases() {
    let book = include_str!("../../../../docs/conformance.md");
    let sentence = format!("\n{} cases in", cases(16 << 20).len());
    assert!(book.contains(&sentence), "the book does not say {sentence}");
}
