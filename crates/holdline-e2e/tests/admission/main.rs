//! Who is let in when there is not room for all, and what the others are told.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod addresses;
mod full;
mod memory;
mod options;
mod rates;
mod replays;
mod uploads;

use holdline_e2e::{Client, Head, Response, Server};

/// One request, over a connection of its own that is given back.
fn ask(server: &Server, request: &str, fields: &str) -> (Client, Response) {
    let mut client = begin(server, request, fields);
    let method = request.split(' ').next().unwrap();
    let answer = client.answer(method).unwrap();
    (client, answer)
}

/// The same without waiting for the answer.
fn begin(server: &Server, request: &str, fields: &str) -> Client {
    let mut client = Client::connect(server.address()).unwrap();
    let head = format!("{request} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n");
    client.send(head).unwrap();
    client
}

/// A stream that is there to stay.
fn stream(server: &Server, fields: &str) -> (Client, Head) {
    let mut client = begin(server, "GET /channels/news/sse", fields);
    let head = client.head().unwrap().unwrap();
    (client, head)
}

/// The refusal that everybody can read.
fn check_refusal(answer: &Response, status: u16, code: &str) {
    assert_eq!(answer.head.status, status, "{answer:?}");
    assert_eq!(answer.json().unwrap()["error"]["code"], code, "{answer:?}");
    let retry_after = answer.head.get("Retry-After").unwrap();
    assert!(retry_after.parse::<u32>().unwrap() > 0, "{answer:?}");
}

/// The refusal that an `EventSource` comes back from.
fn check_event_stream(answer: &Response) {
    let head = &answer.head;
    assert_eq!(
        (head.status, head.get("Content-Type")),
        (200, Some("text/event-stream"))
    );
    let text = answer.text();
    let retry = text
        .strip_prefix("retry: ")
        .and_then(|rest| rest.strip_suffix("\n\n"));
    let retry: u32 = retry
        .unwrap_or_else(|| panic!("{answer:?}"))
        .parse()
        .unwrap();
    assert!((2_000..=10_000).contains(&retry), "{answer:?}");
}

/// Bytes of the server's memory that are in use.
fn resident(server: &Server) -> u64 {
    let status = format!("/proc/{}/status", server.id().unwrap());
    let status = std::fs::read_to_string(status).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() * 1024
}

const EVENT_SOURCE: &str = "Accept: text/event-stream\r\n";
const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
