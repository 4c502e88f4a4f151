//! `--max-replay-per-address`.

use std::io::Read;
use std::net::Ipv4Addr;

use holdline_e2e::{Client, Server, publish, wait_for};

use super::{EVENT_SOURCE, HANDSHAKE, ask, check_event_stream, check_refusal, stream};

/// 300 KB in 30 messages, of which an address may read 100 KB a minute.
fn start() -> Server {
    let server = Server::start(&["--max-replay-per-address", "100000"]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    for number in 0..30 {
        publish(
            &mut client,
            "news",
            &format!("~{number}{}", "x".repeat(10_000)),
        )
        .unwrap();
    }
    server
}

/// Somebody else.
fn from(server: &Server, last: u8, target: &str, fields: &str) -> Client {
    let own = Ipv4Addr::new(127, 0, 0, last);
    let mut client = Client::connect_from(own.into(), server.address()).unwrap();
    let head = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n");
    client.send(head).unwrap();
    client
}

#[test]
fn who_has_read_too_much_of_what_was_before_waits_and_is_still_told_what_comes() {
    let server = start();
    let all = "GET /channels/news/poll?since=earliest";
    assert_eq!(ask(&server, all, "").1.head.status, 200);
    for (request, fields) in [
        (all, ""),
        // Made up.
        ("GET /channels/news/poll?since=1-1", ""),
        ("GET /channels/news/long-poll?since=earliest", ""),
        ("GET /channels/news/sse?since=earliest", ""),
        ("GET /channels/news/xhr-stream", "Last-Event-ID: 1-1\r\n"),
        ("GET /channels/news/websocket?since=earliest", HANDSHAKE),
        (
            "POST /channels/news?since=earliest",
            "Content-Length: 2\r\n",
        ),
    ] {
        let (_, answer) = ask(&server, request, fields);
        check_refusal(&answer, 429, "too_much_replay");
        let wait: u32 = answer.head.get("Retry-After").unwrap().parse().unwrap();
        assert!(wait > 60, "{answer:?}");
    }
    let (_, answer) = ask(
        &server,
        "GET /channels/news/sse?since=earliest",
        EVENT_SOURCE,
    );
    check_event_stream(&answer);
    let (_, metrics) = ask(&server, "GET /metrics", "");
    let line = "holdline_refused_total{reason=\"replay\"} 8\n";
    assert!(metrics.text().contains(line), "{}", metrics.text());
    // Somebody else reads it, and this address what is published from now on.
    let other = from(&server, 2, "/channels/news/poll?since=earliest", "").answer("GET");
    let other = other.unwrap().json().unwrap();
    assert_eq!(other["messages"].as_array().unwrap().len(), 30);
    let (mut live, head) = stream(&server, "");
    let mut client = Client::connect(server.address()).unwrap();
    publish(&mut client, "news", "from now on").unwrap();
    let mut body = live.body(&head, "GET").unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"data: from now on\n") {
        let mut byte = [0];
        body.read_exact(&mut byte).unwrap();
        seen.push(byte[0]);
    }
}

#[test]
fn a_stream_that_reads_too_much_of_what_was_before_ends_and_goes_on_later() {
    let server = start();
    for (last, transport) in [(3, "sse"), (4, "xhr-stream"), (5, "iframe")] {
        let target = format!("/channels/news/{transport}?callback=f&since=earliest");
        let mut client = from(&server, last, &target, "");
        let answer = client.answer("GET").unwrap();
        let text = answer.text();
        let messages = text.matches('~').count();
        assert!((10..20).contains(&messages), "{transport}: {messages}");
        match transport {
            "sse" => assert!(
                text.lines()
                    .rev()
                    .take(3)
                    .any(|line| line.starts_with("retry: "))
            ),
            "iframe" => assert!(text.contains("</body></html>")),
            _ => {}
        }
        // What comes after what it was given is for later, but nothing is lost.
        let answer = from(&server, last, &target, "").answer("GET").unwrap();
        check_refusal(&answer, 429, "too_much_replay");
    }
    let target = "/channels/news/websocket?since=earliest";
    let mut socket = from(&server, 6, target, HANDSHAKE);
    assert_eq!(socket.head().unwrap().unwrap().status, 101);
    let mut seen = Vec::new();
    let close = b"\x03\xf5too much was read of what was published before; try again in ";
    while !seen.windows(close.len()).any(|window| window == close) {
        let mut block = [0; 4096];
        let read = socket.socket().read(&mut block).unwrap();
        assert!(read > 0, "{} bytes", seen.len());
        seen.extend_from_slice(&block[..read]);
    }
}

/// Each of its requests names a cursor, but what it is given was not there when it came.
#[test]
fn a_long_poll_that_waits_for_what_comes_uses_nothing_up() {
    let server = Server::start(&["--max-replay-per-address", "3000"]).unwrap();
    let mut publisher = Client::connect(server.address()).unwrap();
    let mut cursor = publish(&mut publisher, "news", "first").unwrap();
    let mut poller = Client::connect(server.address()).unwrap();
    for _ in 0..10 {
        let target = format!("/channels/news/long-poll?wait=60&since={cursor}");
        poller
            .send(format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
            .unwrap();
        wait_for("the poll to be held", || {
            let (_, presence) = ask(&server, "GET /channels/news/presence", "");
            (presence.json().unwrap()["subscribers"] == 1).then_some(())
        });
        publish(&mut publisher, "news", &"x".repeat(1_000)).unwrap();
        let answer = poller.answer("GET").unwrap().json().unwrap();
        assert_eq!(answer["messages"].as_array().unwrap().len(), 1, "{answer}");
        cursor = answer["cursor"].as_str().unwrap().to_owned();
    }
}
