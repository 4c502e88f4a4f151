//! `--max-publish-rate`: over HTTP, over a WebSocket, and over one whose messages are answered.

use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use holdline_e2e::{Client, Response, Server};
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket};

use super::{ask, check_refusal};

/// Two at once, and then none for ten seconds.
const SLOW: [&str; 2] = ["--max-publish-rate", "6/min:2"];

fn request(client: &mut Client, line: &str, fields: &str) -> Response {
    let head = format!("{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n");
    client.send(head).unwrap();
    client.answer(line.split(' ').next().unwrap()).unwrap()
}

fn post(client: &mut Client, fields: &str) -> Response {
    request(
        client,
        "POST /channels/news",
        &format!("{fields}Content-Length: 1\r\n\r\nx"),
    )
}

/// How many messages there are.
fn published(server: &Server) -> usize {
    let (_, answer) = ask(server, "GET /channels/news/poll?since=earliest", "");
    answer.json().unwrap()["messages"].as_array().unwrap().len()
}

fn refused(server: &Server) -> u64 {
    let (_, metrics) = ask(server, "GET /metrics", "");
    let name = "holdline_refused_total{reason=\"publish_rate\"} ";
    let text = metrics.text();
    let count = text.lines().find_map(|line| line.strip_prefix(name));
    count.unwrap().parse().unwrap()
}

#[test]
fn a_connection_that_publishes_too_fast_is_told_when_to_go_on() {
    let server = Server::start(&SLOW).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    for _ in 0..2 {
        assert_eq!(post(&mut client, "").head.status, 200);
    }
    let answer = post(&mut client, "");
    check_refusal(&answer, 429, "too_many_messages");
    assert_eq!(answer.head.get("Retry-After"), Some("10"));
    let exposed = answer.head.get("Access-Control-Expose-Headers");
    assert_eq!(exposed, Some("Retry-After"));
    // A message that came before, and a deletion, are no less work.
    check_refusal(
        &post(&mut client, "Idempotency-Key: k\r\n"),
        429,
        "too_many_messages",
    );
    let deletion = request(&mut client, "DELETE /channels/news", "");
    check_refusal(&deletion, 429, "too_many_messages");
    // It may read, and others may publish.
    let poll = request(&mut client, "GET /channels/news/poll", "");
    assert_eq!(poll.head.status, 200);
    let mut other = Client::connect(server.address()).unwrap();
    assert_eq!(post(&mut other, "").head.status, 200);
    assert_eq!((published(&server), refused(&server)), (3, 3));
}

/// Nobody uploads a message only to be told that it came too early.
#[test]
fn it_is_told_so_before_it_sends_the_message() {
    let server = Server::start(&SLOW).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    for _ in 0..2 {
        assert_eq!(post(&mut client, "").head.status, 200);
    }
    let fields = "Expect: 100-continue\r\nContent-Length: 1000000\r\n";
    let answer = request(&mut client, "POST /channels/news", fields);
    check_refusal(&answer, 429, "too_many_messages");
    assert_eq!((published(&server), refused(&server)), (2, 1));
}

#[test]
fn who_waits_as_long_as_it_was_told_goes_on() {
    let server = Server::start(&["--max-publish-rate", "2/s:1"]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    assert_eq!(post(&mut client, "").head.status, 200);
    let answer = post(&mut client, "");
    check_refusal(&answer, 429, "too_many_messages");
    let wait = answer.head.get("Retry-After").unwrap().parse().unwrap();
    thread::sleep(Duration::from_secs(wait));
    assert_eq!(post(&mut client, "").head.status, 200);
}

/// A proxy has one connection for many clients.
#[test]
fn behind_a_trusted_proxy_each_address_counts_and_not_the_connection() {
    let options = [&SLOW[..], &["--trusted-proxy", "127.0.0.1"]].concat();
    let server = Server::start(&options).unwrap();
    let mut proxy = Client::connect(server.address()).unwrap();
    for address in ["192.0.2.1", "192.0.2.2"] {
        let fields = format!("X-Forwarded-For: {address}\r\n");
        for _ in 0..2 {
            assert_eq!(post(&mut proxy, &fields).head.status, 200);
        }
        // Also over another connection of the proxy.
        let mut second = Client::connect(server.address()).unwrap();
        for connection in [&mut proxy, &mut second] {
            check_refusal(&post(connection, &fields), 429, "too_many_messages");
        }
    }
}

fn open(server: &Server, protocol: Option<&str>) -> WebSocket<TcpStream> {
    let url = format!("ws://{}/channels/news/websocket", server.address());
    let mut request = url.into_client_request().unwrap();
    if let Some(protocol) = protocol {
        let protocol = protocol.parse().unwrap();
        let fields = request.headers_mut();
        fields.insert("Sec-WebSocket-Protocol", protocol);
    }
    let stream = TcpStream::connect(server.address()).unwrap();
    let timeout = Some(Duration::from_secs(30));
    stream.set_read_timeout(timeout).unwrap();
    tungstenite::client(request, stream).unwrap().0
}

#[test]
fn a_websocket_that_publishes_too_fast_is_closed_with_1008() {
    let server = Server::start(&SLOW).unwrap();
    let mut socket = open(&server, None);
    for number in 0..3 {
        socket.send(Message::text(number.to_string())).unwrap();
    }
    let mut texts = Vec::new();
    let close = loop {
        match socket.read().unwrap() {
            Message::Text(text) => {
                let told: Value = serde_json::from_str(text.as_str()).unwrap();
                texts.push(told["data"].as_str().unwrap().to_owned());
            }
            Message::Close(close) => break close.unwrap(),
            _ => {}
        }
    };
    assert_eq!(close.code, CloseCode::Policy);
    let reason = close.reason.as_str();
    assert!(reason.contains("than the 6/min allowed here"), "{reason}");
    // What came before is published, whether or not its client was still told of it.
    assert!(["", "0", "1"].starts_with(&texts.iter().map(|text| &**text).collect::<Vec<_>>()));
    assert_eq!((published(&server), refused(&server)), (2, 1));
    let mut another = open(&server, None);
    another.send(Message::text("x")).unwrap();
    // The opening, and then what it has published.
    for data in ["", "x"] {
        let Message::Text(text) = another.read().unwrap() else {
            panic!("no text")
        };
        let told: Value = serde_json::from_str(text.as_str()).unwrap();
        assert_eq!(told["data"], data);
    }
}

#[test]
fn one_whose_messages_are_answered_stays_open_and_is_told_when_to_go_on() {
    let server = Server::start(&["--max-publish-rate", "2/s:2"]).unwrap();
    let mut socket = open(&server, Some("holdline.v2"));
    let mut say = |reference: u64| {
        let message = json!({"publish": "other", "data": "x", "ref": reference});
        socket.send(Message::text(message.to_string())).unwrap();
        loop {
            if let Message::Text(text) = socket.read().unwrap() {
                let told: Value = serde_json::from_str(text.as_str()).unwrap();
                if told["ref"] == reference {
                    return told;
                }
            }
        }
    };
    // Half a second may pass between two of them on a busy machine, but not between all.
    let mut told = (1..100).map(&mut say);
    let refused = told.find(|told| told["event"] != "holdline.ack").unwrap();
    assert_eq!(refused["event"], "holdline.error");
    assert_eq!(refused["status"], 429);
    assert_eq!(refused["error"]["code"], "too_many_messages");
    let wait = refused["retry_after"].as_u64().unwrap();
    thread::sleep(Duration::from_secs(wait));
    assert_eq!(say(100)["event"], "holdline.ack");
}
