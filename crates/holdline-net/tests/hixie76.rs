//! The WebSocket of the first browsers on the event loop: bytes in, bytes out.
#![cfg(feature = "hixie76")]
#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use holdline_net::Ending;
use support::{Running, config, read_until};

/// The request of the draft's §1.3, without its end.
const HEAD: &[u8] = b"GET /old HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\nSec-WebSocket-Protocol: sample\r\n\
    Upgrade: WebSocket\r\nSec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n\
    Origin: http://example.com\r\n\r\n";
const CHALLENGE: &[u8] = b"^n:ds[4U";
const ANSWER: &[u8] = b"8jKS'y:G*Co,Wxa-";
/// The line of the response by which clients know it.
const LOCATION: &str = "Sec-WebSocket-Location: ws://example.com/old\r\n";

fn open(server: &Running) -> TcpStream {
    let mut client = server.connect();
    client.write_all(&[HEAD, CHALLENGE].concat()).unwrap();
    let head = read_until(&mut client, b"\r\n\r\n");
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains(LOCATION), "{head}");
    assert!(head.contains("Upgrade: WebSocket\r\n"), "{head}");
    let mut answer = [0; 16];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(answer, ANSWER);
    client
}

fn exact<const N: usize>(client: &mut TcpStream, expected: &[u8; N]) {
    let mut got = [0; N];
    client.read_exact(&mut got).unwrap();
    assert_eq!(&got, expected);
}

#[test]
fn messages_are_echoed_and_the_close_is_answered() {
    let server = Running::start(config());
    let mut client = open(&server);
    client
        .write_all(b"\x00Hello\xff\x00\xff\x00w\xc3\xb6rld")
        .unwrap();
    exact(&mut client, b"\x00Hello\xff\x00\xff");
    client.write_all(b"\xff\x00binary, please\xff").unwrap();
    exact(&mut client, b"\x00w\xc3\xb6rld\xff");
    exact(
        &mut client,
        b"\x00this client knows text messages only (draft-hixie-76)\xff",
    );
    client.write_all(b"\xff\x00\x00late\xff").unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"\xff\x00");
    assert_eq!(server.endings(1), [Ending::Finished]);
}

#[test]
fn what_comes_after_the_head_may_come_late_and_in_pieces_and_the_handler_waits_for_it() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.write_all(HEAD).unwrap();
    // A proxy may hand on nothing before it has seen this.
    read_until(&mut client, b"\r\n\r\n");
    let all = [CHALLENGE, b"\x00a\xff"].concat();
    for byte in &all[..7] {
        client.write_all(&[*byte]).unwrap();
    }
    assert_eq!(server.opened(), 0);
    server.notify("for those who can hear it");
    for byte in &all[7..] {
        client.write_all(&[*byte]).unwrap();
    }
    exact(&mut client, b"8jKS'y:G*Co,Wxa-\x00a\xff");
    server.wait_for("opened", 1);
}

#[test]
fn a_challenge_that_never_comes_is_given_up() {
    let server = Running::start(config());
    let mut client = server.connect();
    client.write_all(HEAD).unwrap();
    client.write_all(&CHALLENGE[..5]).unwrap();
    read_until(&mut client, b"\r\n\r\n");
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
    assert_eq!(server.endings(1), [Ending::TimedOut]);
}

/// The length of a frame that means nothing, and a text of which nothing has come.
#[test]
fn a_client_that_stops_within_a_frame_is_given_up() {
    let mut config = config();
    config.message_timeout = Duration::from_millis(300);
    let server = Running::start(config);
    for stop in [b"\x00".as_slice(), b"\x80\x84", b"\x80\x04a", b"\xff"] {
        let mut client = open(&server);
        client.write_all(stop).unwrap();
        exact(&mut client, b"\xff\x00");
    }
}

#[test]
fn what_is_not_text_ends_the_connection() {
    let server = Running::start(config());
    let mut client = open(&server);
    client
        .write_all(b"\x00good\xff\x00\xc3\xff\x00more\xff")
        .unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"\x00good\xff\xff\x00");
    assert_eq!(server.endings(1), [Ending::Failed]);
}

#[test]
fn stopping_closes_before_and_after_the_handshake_is_over() {
    let server = Running::start(config());
    let mut early = server.connect();
    early.write_all(HEAD).unwrap();
    read_until(&mut early, b"\r\n\r\n");
    let mut client = open(&server);
    server.wait_for("opened", 1);
    let stopped = server.stop();
    assert_eq!(early.read(&mut [0; 1]).unwrap(), 0);
    exact(&mut client, b"\xff\x00");
    client.write_all(b"\xff\x00").unwrap();
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    stopped.join().unwrap();
}
