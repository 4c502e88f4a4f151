use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::serve;

/// It hung up without a word.
#[test]
fn a_client_that_answers_no_ping_is_told_with_close_1011() {
    let (_server, address) = serve("127.0.0.1:0", &["--heartbeat", "200ms"]);
    let mut stream = TcpStream::connect(&address).unwrap();
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    let head = format!(
        "GET /echo HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut got = Vec::new();
    stream.read_to_end(&mut got).unwrap();
    let end = got.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let frames = &got[end..];
    assert_eq!(
        frames,
        b"\x89\x04\0\0\0\x01\x88\x21\x03\xf3a ping was not answered in time"
    );
}
