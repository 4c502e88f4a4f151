//! SIGTERM and SIGINT: everything that is open is ended as its protocol ends things, and the
//! program exits with code 0.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::io::{ErrorKind, Read};
use std::net::TcpStream;

use holdline_e2e::{Body, Client, LIMIT, Server, publish, wait_for};
use rustix::process::Signal;
use serde_json::Value;
use tungstenite::{Message, WebSocket};

#[test]
fn sigterm_ends_everything_in_good_order() {
    ends_everything(Signal::TERM);
}

#[test]
fn sigint_ends_everything_in_good_order() {
    ends_everything(Signal::INT);
}

fn ends_everything(signal: Signal) {
    let mut server = Server::start(&[]).unwrap();
    let address = server.address();
    let mut publisher = Client::connect(address).unwrap();
    let id = publish(&mut publisher, "a", "before").unwrap();
    let request = |target: &str, version: &str| {
        let mut client = Client::connect(address).unwrap();
        client
            .send(format!(
                "GET /channels/a/{target} HTTP/{version}\r\nHost: test\r\n\r\n"
            ))
            .unwrap();
        client
    };
    let mut streams: Vec<_> = ["sse", "xhr-stream", "iframe?callback=f"]
        .into_iter()
        .flat_map(|target| {
            ["1.1", "1.0"].map(|version| (target, version, request(target, version)))
        })
        .collect();
    let mut held = request(&format!("long-poll?since={id}"), "1.1");
    let mut script = request(&format!("jsonp?callback=f&since={id}"), "1.1");
    let sockets = ["/channels/a/websocket", "/echo"].map(|target| websocket(&server, target));
    wait_for_subscribers(&mut publisher, 9);
    let mut idle = Client::connect(address).unwrap();
    idle.send("GET /health HTTP/1.1\r\nHost: test\r\n\r\n")
        .unwrap();
    assert_eq!(idle.answer("GET").unwrap().text(), "ok");
    // One that has not said anything yet.
    let silent = Client::connect(address).unwrap();

    server.signal(signal).unwrap();

    for (target, version, client) in &mut streams {
        let head = client.head().unwrap().unwrap();
        assert_eq!(head.status, 200);
        let chunked = head.get("Transfer-Encoding") == Some("chunked");
        assert_eq!(chunked, *version == "1.1", "{head:?}");
        // Without its last chunk, this would be an error.
        let text = whole(&mut client.body(&head, "GET").unwrap());
        match *target {
            "sse" => assert!(text.ends_with("\n\n"), "{text:?}"),
            "xhr-stream" => assert!(text.ends_with('\n'), "{text:?}"),
            _ => assert!(text.trim_end().ends_with("</html>"), "{text:?}"),
        }
        assert_eq!(client.rest().unwrap(), b"");
    }
    let answer = held.answer("GET").unwrap();
    assert_eq!(answer.head.get("Connection"), Some("close"), "{answer:?}");
    assert_empty(&answer.json().unwrap(), &id);
    let answer = script.answer("GET").unwrap().text();
    let json = answer
        .strip_prefix("/**/f(")
        .and_then(|rest| rest.strip_suffix(");"));
    assert_empty(&serde_json::from_str(json.unwrap()).unwrap(), &id);
    for mut client in [held, script, idle, silent, publisher] {
        assert_eq!(client.rest().unwrap(), b"");
    }
    drop(streams);
    for mut socket in sockets {
        let closed = loop {
            match socket.read().unwrap() {
                Message::Close(frame) => break frame.unwrap(),
                Message::Text(open) => assert!(open.contains("holdline.open"), "{open}"),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(u16::from(closed.code), 1001);
        // Reading on sends the answer to the close.
        let error = socket.read().unwrap_err();
        assert!(
            matches!(error, tungstenite::Error::ConnectionClosed),
            "{error}"
        );
    }
    let status = server.wait().unwrap();
    assert!(status.success(), "it ended with {status}");
    let error = TcpStream::connect(address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

/// Clients that do not do their part cannot keep it from ending.
#[test]
fn ends_although_clients_do_not_answer() {
    let mut server = Server::start(&[]).unwrap();
    let address = server.address();
    // Never answers a close.
    let mut deaf = websocket(&server, "/channels/a/websocket");
    // In the middle of a head, and in the middle of a body.
    let mut head = Client::connect(address).unwrap();
    head.send("GET /health HT").unwrap();
    let mut body = Client::connect(address).unwrap();
    body.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf")
        .unwrap();
    // Reads nothing, though there is more than the system's buffers hold.
    let mut full = Client::connect(address).unwrap();
    full.send("GET /channels/a/sse HTTP/1.1\r\nHost: test\r\n\r\n")
        .unwrap();
    let mut publisher = Client::connect(address).unwrap();
    wait_for_subscribers(&mut publisher, 2);
    let text = "x".repeat(1 << 20);
    for _ in 0..12 {
        publish(&mut publisher, "a", &text).unwrap();
    }
    server.signal(Signal::TERM).unwrap();
    let status = server.wait().unwrap();
    assert!(status.success(), "it ended with {status}");
    let _ = deaf.read();
}

/// A request that is on its way when the signal comes is answered.
#[test]
fn finishes_an_upload() {
    // One loop, so that what one connection notices has been told to all.
    let mut server = Server::start(&["--threads", "1"]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    client
        .send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\nhalf")
        .unwrap();
    let mut idle = Client::connect(server.address()).unwrap();
    idle.send("GET /health HTTP/1.1\r\nHost: test\r\n\r\n")
        .unwrap();
    idle.answer("GET").unwrap();
    server.signal(Signal::TERM).unwrap();
    // It is stopping when this is closed.
    assert_eq!(idle.rest().unwrap(), b"");
    client.send("half").unwrap();
    let answer = client.answer("POST").unwrap();
    assert_eq!(answer.text(), "halfhalf");
    assert_eq!(answer.head.get("Connection"), Some("close"), "{answer:?}");
    assert_eq!(client.rest().unwrap(), b"");
    // Else the server would linger, in case that they still send.
    drop((client, idle));
    assert!(server.wait().unwrap().success());
}

/// Stopped and started again on the same port, at once, with connections that were open.
#[test]
fn starts_again_on_the_same_port() {
    let mut server = Server::start(&[]).unwrap();
    let mut cursor = None;
    for round in 0..3 {
        let mut client = Client::connect(server.address()).unwrap();
        let mut stream = Client::connect(server.address()).unwrap();
        stream
            .send("GET /channels/a/sse HTTP/1.1\r\nHost: test\r\n\r\n")
            .unwrap();
        stream.head().unwrap().unwrap();
        if let Some(cursor) = &cursor {
            // An old cursor is told that it lost something, before any message.
            publish(&mut client, "a", "new").unwrap();
            client
                .send(format!(
                    "GET /channels/a/poll?since={cursor} HTTP/1.1\r\nHost: test\r\n\r\n"
                ))
                .unwrap();
            let answer = client.answer("GET").unwrap().json().unwrap();
            assert_eq!(answer["lost"], true, "{answer}");
            assert_eq!(answer["messages"][0]["data"], "new", "{answer}");
        }
        cursor = Some(publish(&mut client, "a", "old").unwrap());
        if round % 2 == 0 {
            // With the connections open.
            server.kill();
        } else {
            drop((client, stream));
            server.stop().unwrap();
        }
        server.restart().unwrap();
    }
}

/// The second signal does not wait.
#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Server::start(&[]).unwrap();
    let mut upload = Client::connect(server.address()).unwrap();
    upload
        .send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\nhalf")
        .unwrap();
    let mut idle = Client::connect(server.address()).unwrap();
    idle.send("GET /health HTTP/1.1\r\nHost: test\r\n\r\n")
        .unwrap();
    idle.answer("GET").unwrap();
    server.signal(Signal::INT).unwrap();
    assert_eq!(idle.rest().unwrap(), b"");
    server.signal(Signal::INT).unwrap();
    let status = server.wait().unwrap();
    assert!(
        !status.success(),
        "it took no notice of the second signal: {status}"
    );
}

fn assert_empty(answer: &Value, cursor: &str) {
    assert_eq!(answer["messages"], Value::Array(Vec::new()), "{answer}");
    assert_eq!(answer["lost"], false, "{answer}");
    assert_eq!(answer["cursor"], cursor, "{answer}");
}

fn whole(body: &mut Body<'_>) -> String {
    let mut text = String::new();
    body.read_to_string(&mut text).unwrap();
    text
}

fn websocket(server: &Server, target: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    tungstenite::client(format!("ws://test{target}"), stream)
        .unwrap()
        .0
}

fn wait_for_subscribers(client: &mut Client, number: u64) {
    wait_for("the subscribers", || {
        client
            .send("GET /channels/a/presence HTTP/1.1\r\nHost: test\r\n\r\n")
            .unwrap();
        let answer = client.answer("GET").unwrap().json().unwrap();
        (answer["subscribers"] == number).then_some(())
    });
}
