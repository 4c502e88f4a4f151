use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::serve;

/// A WebSocket on a server whose heartbeat is 200 ms.
fn upgrade(address: &str, target: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// It hung up without a word.
#[test]
fn a_client_that_answers_no_ping_is_told_with_close_1011() {
    let (_server, address) = serve("127.0.0.1:0", &["--heartbeat", "200ms"]);
    let mut stream = upgrade(&address, "/echo");
    let mut got = Vec::new();
    stream.read_to_end(&mut got).unwrap();
    let end = got.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let frames = &got[end..];
    assert_eq!(
        frames,
        b"\x89\x04\0\0\0\x01\x88\x21\x03\xf3a ping was not answered in time"
    );
}

/// A page sees no pings, so it asks for messages.
#[test]
fn heartbeats_that_a_page_can_see_come_when_they_are_asked_for() {
    let (_server, address) = serve("127.0.0.1:0", &["--heartbeat", "200ms"]);
    for (query, asked) in [
        ("", false),
        ("?heartbeat=false", false),
        ("?heartbeat=true", true),
    ] {
        let mut stream = upgrade(&address, &format!("/channels/a/websocket{query}"));
        let mut got = Vec::new();
        // Until it is closed, since nobody answers the pings.
        stream.read_to_end(&mut got).unwrap();
        let got = String::from_utf8_lossy(&got);
        let beats = got.matches(r#""channel":"a","event":"holdline.heartbeat","data":""}"#);
        assert_eq!(beats.count() > 0, asked, "{query}: {got}");
        assert!(got.contains("holdline.open"), "{got}");
    }
    let mut answer = String::new();
    let mut stream = upgrade(&address, "/channels/a/websocket?heartbeat=1");
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("bad_parameter"),
        "{answer}"
    );
}
