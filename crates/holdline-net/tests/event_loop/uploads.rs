//! Requests and messages that are not whole have one bound over all connections and loops.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use holdline_net::{Config, Ending};

use crate::support::{HANDSHAKE, Running, config, read_until};

/// Nothing but the bound ends anything.
fn bound(most: usize) -> Config {
    let never = Duration::from_secs(3600);
    let mut config = config();
    config.max_upload_total = most;
    config.head_timeout = never;
    config.body_timeout = never;
    config.message_timeout = never;
    config
}

/// Sends a part of something and no more. Whoever does so first is furthest behind. All that the other clients sent must
/// have been read.
fn stall(server: &Running, part: &[u8]) -> TcpStream {
    let before = server.received();
    let mut client = server.connect();
    client.write_all(part).unwrap();
    server.wait_for_bytes(before + part.len() as u64);
    // The next one is behind by a millisecond at least.
    sleep(Duration::from_millis(5));
    client
}

fn post(length: usize, body: usize) -> Vec<u8> {
    let head = format!("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), &vec![b'x'; body]].concat()
}

/// What the server has said to a client that it has given up.
fn rest(client: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    rest
}

#[test]
fn the_slowest_bodies_go_first_and_the_others_are_taken() {
    // Room for two of the three, their heads, and what is kept beside them.
    let server = Running::start(bound(1_100_000));
    let mut slowest = stall(&server, &post(400_000, 300_000));
    let mut slow = stall(&server, &post(400_000, 300_000));
    let mut quick = server.connect();
    quick.write_all(&post(600_000, 599_999)).unwrap();
    let answer = String::from_utf8(rest(&mut slowest)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    quick.write_all(b"x").unwrap();
    read_until(&mut quick, b"x]");
    slow.write_all(&[b'x'; 100_000]).unwrap();
    read_until(&mut slow, b"x]");
}

#[test]
fn a_body_that_could_never_be_taken_is_refused_at_its_head() {
    let server = Running::start(bound(1000));
    let mut client = stall(&server, &post(1001, 0));
    assert!(rest(&mut client).starts_with(b"HTTP/1.1 413 "));
    let mut client = stall(&server, &post(700, 700));
    read_until(&mut client, b"x]");
}

#[test]
fn the_slowest_heads_go_first() {
    let server = Running::start(bound(64 * 1024));
    let part = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(8_000));
    let mut clients: Vec<_> = (0..12).map(|_| stall(&server, part.as_bytes())).collect();
    assert!(rest(&mut clients[0]).starts_with(b"HTTP/1.1 408 "));
    let last = clients.last_mut().unwrap();
    last.write_all(b"\r\n\r\n").unwrap();
    read_until(last, b"\r\n\r\n/");
}

#[test]
fn the_slowest_messages_are_closed_with_1009_and_freed() {
    let server = Running::start(bound(2_000_000));
    // 400,000 bytes are announced.
    let part = [
        HANDSHAKE,
        b"\x81\xff\0\0\0\0\0\x06\x1a\x80\0\0\0\0",
        &[b'x'; 300_000],
    ]
    .concat();
    let mut clients: Vec<_> = (0..8).map(|_| stall(&server, &part)).collect();
    read_until(&mut clients[0], b"\r\n\r\n");
    let close = rest(&mut clients[0]);
    assert_eq!(
        (close[0], &close[2..4]),
        (0x88, &1009_u16.to_be_bytes()[..])
    );
    let last = clients.last_mut().unwrap();
    last.write_all(&[b'x'; 100_000]).unwrap();
    read_until(last, &[b'x'; 400_000]);
    assert!(server.endings(1).contains(&Ending::NoRoom));
}

/// Nobody has asked for what comes ahead of a response.
#[test]
fn what_is_sent_ahead_of_a_response_counts() {
    let server = Running::start(bound(64 * 1024));
    let part = [
        &b"GET /silent HTTP/1.1\r\nHost: a\r\n\r\n"[..],
        &[b'x'; 12_000],
    ]
    .concat();
    let clients: Vec<_> = (0..8).map(|_| stall(&server, &part)).collect();
    assert!(server.endings(1).contains(&Ending::NoRoom));
    let mut quick = server.connect();
    quick.write_all(&post(30_000, 30_000)).unwrap();
    read_until(&mut quick, b"x]");
    drop(clients);
}
