//! `--max-connections` and `--max-asked-channels` are reached.

use std::io::{BufRead, BufReader};

use holdline_e2e::{Server, wait_for};

use super::{EVENT_SOURCE, HANDSHAKE, ask, begin, check_event_stream, check_refusal, stream};

#[test]
fn a_full_server_still_publishes_and_tells_how_it_is() {
    let server = Server::start(&["--max-connections", "2"]).unwrap();
    let (mut reader, head) = stream(&server, EVENT_SOURCE);
    let (_other, _) = stream(&server, "");
    let (_, health) = ask(&server, "GET /health", "");
    assert_eq!((health.head.status, health.text()), (200, "ok".to_owned()));
    assert_eq!(health.head.get("Connection"), Some("close"));
    let mut publisher = begin(
        &server,
        "POST /channels/news",
        "Content-Length: 5\r\nExpect: 100-continue\r\n",
    );
    assert_eq!(publisher.head().unwrap().unwrap().status, 100);
    publisher.send("hello").unwrap();
    let published = publisher.answer("POST").unwrap();
    assert_eq!(published.json().unwrap()["receivers"], 2);
    let mut lines = BufReader::new(reader.body(&head, "GET").unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "data: hello"));
    let (_, metrics) = ask(&server, "GET /metrics", "");
    assert_eq!(metrics.head.status, 200);
    let (_, preflight) = ask(&server, "OPTIONS /channels/news", "");
    assert_eq!(preflight.head.status, 204);
}

#[test]
fn a_full_server_tells_everybody_else_to_come_back() {
    let server = Server::start(&["--max-connections", "1"]).unwrap();
    let taken = stream(&server, "");
    for (request, fields) in [
        ("GET /channels/news/sse", ""),
        ("GET /channels/news/sse", "Accept: */*\r\n"),
        ("GET /channels/news/poll?since=earliest", ""),
        ("GET /channels/news/long-poll", ""),
        ("GET /channels/news/websocket", HANDSHAKE),
        ("GET /", "Accept: text/html, */*\r\n"),
        ("GET /stats", ""),
        ("POST /echo", "Content-Length: 5\r\n"),
    ] {
        let (mut client, answer) = ask(&server, request, fields);
        check_refusal(&answer, 503, "unavailable");
        assert_eq!(client.rest().unwrap(), b"", "{request}");
    }
    for request in ["GET /channels/news/sse", "GET /stats/sse"] {
        let (mut client, answer) = ask(&server, request, EVENT_SOURCE);
        check_event_stream(&answer);
        assert_eq!(client.rest().unwrap(), b"", "{request}");
    }
    let (_, metrics) = ask(&server, "GET /metrics", "");
    let line = "holdline_refused_total{reason=\"connections\"} 10\n";
    assert!(metrics.text().contains(line), "{}", metrics.text());
    drop(taken);
    wait_for("a free place", || {
        let (_, answer) = ask(&server, "GET /", "");
        (answer.head.status == 200).then_some(())
    });
}

#[test]
fn an_event_source_comes_back_when_too_many_channels_are_asked_for() {
    let server = Server::start(&["--max-asked-channels", "1"]).unwrap();
    let _taken = stream(&server, "");
    for (transport, fields) in [("sse", ""), ("websocket", HANDSHAKE), ("xhr-stream", "")] {
        let (_, answer) = ask(&server, &format!("GET /channels/more/{transport}"), fields);
        check_refusal(&answer, 503, "too_many_channels");
    }
    let (_, answer) = ask(&server, "GET /channels/more/sse", EVENT_SOURCE);
    check_event_stream(&answer);
    let (_, metrics) = ask(&server, "GET /metrics", "");
    let line = "holdline_refused_total{reason=\"asked_channels\"} 4\n";
    assert!(metrics.text().contains(line), "{}", metrics.text());
}
