//! The WebSocket of the first browsers, byte by byte.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::{run, serve};

/// The keys from §1.3 of the draft, the eight bytes after the head, and the expected answer.
const CHALLENGE: &[u8] = b"^n:ds[4U";
const ANSWER: &[u8] = b"8jKS'y:G*Co,Wxa-";

fn request(target: &str, more: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\nUpgrade: WebSocket\r\n\
        Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nOrigin: http://example.com\r\n{more}\r\n"
    )
}

struct Old(TcpStream);

impl Old {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self(stream)
    }

    fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    fn until(&mut self, end: &[u8]) -> String {
        let mut got = Vec::new();
        let mut byte = [0];
        while !got.ends_with(end) {
            self.0.read_exact(&mut byte).unwrap();
            got.extend_from_slice(&byte);
        }
        String::from_utf8(got).unwrap()
    }

    fn exactly(&mut self, expected: &[u8]) {
        let mut got = vec![0; expected.len()];
        self.0.read_exact(&mut got).unwrap();
        assert_eq!(got, expected);
    }

    fn text(&mut self) -> String {
        self.exactly(b"\x00");
        let mut got = Vec::new();
        loop {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            match byte {
                [0xff] => return String::from_utf8(got).unwrap(),
                [byte] => got.push(byte),
            }
        }
    }

    fn rest(mut self) -> String {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).unwrap();
        String::from_utf8_lossy(&rest).into_owned()
    }
}

#[test]
fn it_echoes_and_closes() {
    let (_server, address) = serve("127.0.0.1:0", &["--legacy-hixie76"]);
    let mut old = Old::connect(&address);
    let asked = request(
        "/echo?x=1",
        "Sec-WebSocket-Protocol: holdline\r\nX-Forwarded-Proto: https\r\n",
    );
    old.send(asked.as_bytes());
    // The head is answered before the challenge comes.
    let head = old.until(b"\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    for line in [
        "Upgrade: WebSocket\r\n",
        "Connection: Upgrade\r\n",
        "Sec-WebSocket-Origin: http://example.com\r\n",
        "Sec-WebSocket-Location: wss://example.com/echo?x=1\r\n",
        "Sec-WebSocket-Protocol: holdline\r\n",
    ] {
        assert!(head.contains(line), "{line}{head}");
    }
    old.send(CHALLENGE);
    old.exactly(ANSWER);
    old.send(b"\x00h\xc3\xb6ld\xff\xff\x00");
    old.exactly(b"\x00h\xc3\xb6ld\xff\xff\x00");
    assert_eq!(old.rest(), "");
}

#[test]
fn it_receives_and_publishes_the_messages_of_a_channel() {
    let (_server, address) = serve("127.0.0.1:0", &["--legacy-hixie76"]);
    let mut old = Old::connect(&address);
    let ours = request("/channels/a/websocket", "").replace("http://example.com", "http://ours");
    old.send(
        &[
            ours.replace("Host: example.com", "Host: ours").as_bytes(),
            CHALLENGE,
        ]
        .concat(),
    );
    let head = old.until(b"\r\n\r\n");
    assert!(
        head.contains("Sec-WebSocket-Location: ws://ours/channels/a/websocket\r\n"),
        "{head}"
    );
    old.exactly(ANSWER);
    assert!(old.text().contains("\"event\":\"holdline.open\""));
    let url = format!("http://{address}/channels/a");
    let long = "long ".repeat(1000);
    for text in ["short", &long] {
        assert!(run(&["publish", &url, text], b"").status.success());
        let json = old.text();
        assert!(json.ends_with(&format!("\"data\":\"{text}\"}}")), "{json}");
    }
    old.send(b"\x00from long ago\xff");
    assert!(old.text().ends_with("\"data\":\"from long ago\"}"));
}

#[test]
fn what_is_refused_ends_the_connection() {
    let (_server, address) = serve("127.0.0.1:0", &["--legacy-hixie76"]);
    let foreign = request("/channels/a/websocket", "").replace("http://e", "http://not-e");
    let keyless = request("/echo", "").replace("P00", "P01");
    let twice = request("/echo", "Origin: http://example.com\r\n");
    for (request, status) in [
        (foreign, "403"),
        (keyless, "400"),
        // No browser sends two origins.
        (twice, "403"),
        (request("/nothing", ""), "404"),
    ] {
        let mut old = Old::connect(&address);
        old.send(&[request.as_bytes(), CHALLENGE].concat());
        let answer = old.rest();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}{answer}"
        );
        assert!(answer.contains("Connection: close\r\n"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    }
}

#[test]
fn it_is_off_by_default() {
    let (_server, address) = serve("127.0.0.1:0", &[]);
    let mut old = Old::connect(&address);
    old.send(request("/echo", "").as_bytes());
    let head = old.until(b"\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 426 "), "{head}");
    assert!(head.contains("Sec-WebSocket-Version: 13\r\n"), "{head}");
}
