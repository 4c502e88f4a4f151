//! What `/techniques/meter` says is what went over the wire.

use std::time::{Duration, Instant};

use crate::program::serve;
use crate::wire::{Wire, member};

const ID: &str = "00112233445566ff";

/// Asks until the server has counted what the client has seen.
#[track_caller]
fn assert_counts(address: &str, requests: u64, open: u64, wires: &[&Wire]) {
    let (received, sent) = wires.iter().fold((0, 0), |(received, sent), wire| {
        (received + wire.sent, sent + wire.received)
    });
    let expected = format!(
        "{{\"open\":{open},\"received\":{received},\"requests\":{requests},\"sent\":{sent},\"uncounted\":0}}"
    );
    let mut asking = Wire::connect(address);
    let began = Instant::now();
    let mut said = String::new();
    while said != expected && began.elapsed() < Duration::from_secs(20) {
        asking.get(&format!("/techniques/meter?meter={ID}"));
        said = asking.answer().1;
    }
    assert_eq!(said, expected);
}

#[test]
fn requests_and_bytes_are_those_of_the_wire_over_every_transport() {
    let (_server, address) = serve("127.0.0.1:0", &[]);
    let mut plain = Wire::connect(&address);
    plain.get(&format!("/channels/a/poll?meter={ID}"));
    let (_, answer) = plain.answer();
    let cursor = member(&answer, "cursor").to_owned();
    assert_counts(&address, 1, 0, &[&plain]);
    plain.post(&format!("/channels/a?meter={ID}"), "hello");
    plain.get(&format!(
        "/channels/a/jsonp?callback=f&wait=0&since={cursor}&meter={ID}"
    ));
    assert!(plain.answer().1.contains("hello"));
    plain.get(&format!("/channels/a/long-poll?wait=0.2&meter={ID}"));
    assert!(plain.answer().1.contains("\"messages\":[]"));
    plain.get(&format!("/techniques/im/a?cmd=polling&wait=0.1&meter={ID}"));
    plain.answer();
    plain.post(
        &format!("/techniques/im/a?cmd=send&message=x&meter={ID}"),
        "",
    );
    assert_counts(&address, 6, 0, &[&plain]);

    let mut open = Vec::new();
    for (transport, end) in [
        ("sse", "\n\n"),
        ("xhr-stream", "\"\"}\n\r\n"),
        ("iframe", "</script>\n\r\n"),
    ] {
        let mut stream = Wire::connect(&address);
        stream.get(&format!("/channels/b/{transport}?callback=f&meter={ID}"));
        stream.until(end.as_bytes());
        if transport == "sse" {
            stream.until(b"\r\n");
        }
        open.push(stream);
    }
    let mut socket = Wire::connect(&address);
    socket.send(
        format!(
            "GET /channels/b/websocket?meter={ID} HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n\
            Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        .as_bytes(),
    );
    socket.until(b"\"data\":\"\"}");
    // "Hello", masked: it is published.
    socket.send(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    socket.until(b"\"data\":\"Hello\"}");
    for stream in &mut open {
        stream.until(b"Hello");
        stream.until(b"\r\n");
    }
    let wires: Vec<&Wire> = open.iter().chain([&plain, &socket]).collect();
    assert_counts(&address, 10, 4, &wires);
}

#[test]
fn a_meter_that_is_none_is_refused_and_without_pages_there_are_none() {
    let (_server, address) = serve("127.0.0.1:0", &[]);
    let mut wire = Wire::connect(&address);
    for query in [
        "",
        "?meter=",
        "?meter=1",
        "?meter=00112233445566fg",
        "?Meter=00112233445566ff",
    ] {
        wire.get(&format!("/techniques/meter{query}"));
        assert_eq!(wire.answer().0, 400, "{query}");
    }
    wire.get("/channels/a/poll?meter=1");
    assert_eq!(wire.answer().0, 400);
    let (_server, address) = serve("127.0.0.1:0", &["--no-pages"]);
    let mut wire = Wire::connect(&address);
    for path in [
        "/techniques",
        "/techniques/long-poll",
        "/techniques/frame.js",
        "/techniques/code/long-poll.js",
        "/techniques/traces/hixie76.txt",
        "/techniques/meter?meter=00112233445566ff",
        "/techniques/events",
        "/techniques/im/a?cmd=build",
    ] {
        wire.get(path);
        let (status, body) = wire.answer();
        assert!(
            status == 404 && body.contains("pages_off"),
            "{path}: {body}"
        );
    }
    wire.get("/channels/a/poll?meter=00112233445566ff");
    assert_eq!(wire.answer().0, 200);
}
