//! Publishing over a WebSocket with the subprotocol `holdline.v2`, read by a client that is not ours.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use std::io::{Read, Write};
use std::net::TcpStream;

use holdline_e2e::{Client, Server, publish};
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

type Socket = WebSocket<TcpStream>;

fn connect(server: &Server, target: &str, protocols: &str) -> (Socket, Option<String>) {
    let mut request = format!("ws://{}{target}", server.address())
        .into_client_request()
        .unwrap();
    let offer = ("Sec-WebSocket-Protocol", protocols.parse().unwrap());
    request.headers_mut().insert(offer.0, offer.1);
    let stream = TcpStream::connect(server.address()).unwrap();
    stream
        .set_read_timeout(Some(std::time::Duration::from_secs(30)))
        .unwrap();
    let (socket, answer) = tungstenite::client(request, stream).unwrap();
    let agreed = answer.headers().get("Sec-WebSocket-Protocol");
    let agreed = agreed.map(|agreed| agreed.to_str().unwrap().to_owned());
    (socket, agreed)
}

fn open(server: &Server, target: &str) -> Socket {
    let (mut socket, agreed) = connect(server, target, "holdline.v2");
    assert_eq!(agreed.as_deref(), Some("holdline.v2"));
    assert_eq!(read(&mut socket)["event"], "holdline.open");
    socket
}

fn read(socket: &mut Socket) -> Value {
    loop {
        match socket.read().unwrap() {
            Message::Text(text) => return serde_json::from_str(text.as_str()).unwrap(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn say(socket: &mut Socket, message: impl ToString) {
    socket.send(Message::text(message.to_string())).unwrap();
}

fn poll(server: &Server, channel: &str) -> Vec<Value> {
    let mut client = Client::connect(server.address()).unwrap();
    let target = format!("/channels/{channel}/poll?since=earliest");
    client
        .send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"))
        .unwrap();
    let answer = client.answer("GET").unwrap().json().unwrap();
    answer["messages"].as_array().unwrap().clone()
}

#[test]
fn each_message_says_its_channel_and_is_answered_with_its_ref() {
    let server = Server::start(&[]).unwrap();
    let mut socket = open(&server, "/channels/a,b/websocket");
    say(
        &mut socket,
        json!({"publish": "a", "event": "e", "data": "one", "ref": "r1"}),
    );
    let message = read(&mut socket);
    assert_eq!(
        (&message["channel"], &message["event"], &message["data"]),
        (&json!("a"), &json!("e"), &json!("one"))
    );
    let ack = read(&mut socket);
    let expected =
        json!({"event": "holdline.ack", "ref": "r1", "id": message["id"], "receivers": 1});
    assert_eq!(ack, expected);
    // A channel that it does not read, with a name that a path would have to encode.
    say(
        &mut socket,
        json!({"publish": "caf\u{e9} 100%", "data": "\u{2028}\0\"", "ref": 2}),
    );
    let ack = read(&mut socket);
    assert_eq!((&ack["ref"], &ack["receivers"]), (&json!(2), &json!(0)));
    let there = poll(&server, "caf%C3%A9%20100%25");
    assert_eq!(
        (&there[0]["id"], &there[0]["data"]),
        (&ack["id"], &json!("\u{2028}\0\""))
    );
    // Without a ref there is an answer without one.
    say(&mut socket, json!({"publish": "c", "data": ""}));
    let ack = read(&mut socket);
    assert_eq!(
        (&ack["event"], ack.get("ref")),
        (&json!("holdline.ack"), None)
    );
}

#[test]
fn messages_of_hundreds_of_kib_and_their_answers_come_whole_and_in_order() {
    let server = Server::start(&[]).unwrap();
    let mut socket = open(&server, "/channels/a/websocket");
    // What JSON escapes is longer on the way than here. One frame has at most 1 MiB.
    let texts = [
        "x".repeat(700_000),
        "\u{1f980}\u{e9}\u{2028}".repeat(40_000),
        "\"\\\n".repeat(100_000),
        "\0".repeat(100_000),
        String::new(),
        "x".repeat(1 << 16),
    ];
    // The reader and the writer have a buffer of the system between them that is smaller than all of it.
    for (number, text) in texts.iter().enumerate() {
        say(
            &mut socket,
            json!({"publish": "a", "data": text, "ref": number}),
        );
        let message = read(&mut socket);
        assert!(message["data"] == **text, "text {number} has changed");
        let ack = read(&mut socket);
        assert_eq!(
            (&ack["event"], &ack["ref"], &ack["id"]),
            (&json!("holdline.ack"), &json!(number), &message["id"])
        );
    }
    // Many at once, of which none is read before all are sent.
    let text = "y".repeat(150_000);
    let mut sender = open(&server, "/channels/b/websocket");
    for number in 0..20 {
        say(
            &mut sender,
            json!({"publish": "a", "data": text, "ref": number}),
        );
    }
    for number in 0..20 {
        let ack = read(&mut sender);
        assert_eq!(ack["ref"], number, "{ack}");
        let message = read(&mut socket);
        assert!(message["data"] == *text && message["id"] == ack["id"]);
    }
    // What the server says about a large message that is wrong is small.
    say(
        &mut sender,
        json!({"publish": "a".repeat(300_000), "data": "", "ref": "r"}),
    );
    let error = read(&mut sender);
    assert_eq!(
        (&error["ref"], &error["error"]["code"]),
        (&json!("r"), &json!("bad_channel"))
    );
    assert!(error.to_string().len() < 2_000);
}

#[test]
fn what_is_wrong_is_told_and_the_connection_goes_on() {
    let server = Server::start(&[]).unwrap();
    let mut socket = open(&server, "/channels/a/websocket");
    for (message, code, reference) in [
        ("hello", "bad_message", Value::Null),
        (
            r#"{"ref":"r","publish":"a","data":"x","evnt":"e"}"#,
            "bad_message",
            json!("r"),
        ),
        (
            r#"{"ref":"r","publish":"a","data":["x"]}"#,
            "bad_message",
            json!("r"),
        ),
        (
            r#"{"ref":"r","publish":"a,b","data":"x"}"#,
            "bad_channel",
            json!("r"),
        ),
        (
            r#"{"ref":"r","publish":"a","event":"holdline.ack","data":"x"}"#,
            "bad_event",
            json!("r"),
        ),
        (
            r#"{"ref":"r","publish":"a","key":"","data":"x"}"#,
            "bad_key",
            json!("r"),
        ),
    ] {
        say(&mut socket, message);
        let error = read(&mut socket);
        assert_eq!(
            (
                &error["event"],
                &error["ref"],
                &error["status"],
                &error["error"]["code"]
            ),
            (
                &json!("holdline.error"),
                &reference,
                &json!(400),
                &json!(code)
            ),
            "{message}"
        );
        assert!(error["error"]["message"].is_string());
    }
    assert!(poll(&server, "a").is_empty());
    say(&mut socket, json!({"publish": "a", "data": "x"}));
    assert_eq!(read(&mut socket)["data"], "x");
    // What is no text has no ref, and is no message.
    socket.send(Message::binary(b"x".to_vec())).unwrap();
    let closed = loop {
        match socket.read() {
            Ok(Message::Close(frame)) => break frame.unwrap(),
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(u16::from(closed.code), 1003);
}

#[test]
fn a_stream_begins_with_where_it_stands_though_a_mistake_came_with_the_handshake() {
    let server = Server::start(&[]).unwrap();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let handshake = format!(
        "GET /channels/a/websocket HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: holdline.v2\r\n\r\n",
        server.address()
    );
    let no_json = b"\x81\x82\0\0\0\0no";
    let all = [handshake.as_bytes(), no_json].concat();
    stream.write_all(&all).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let mut socket = WebSocket::from_raw_socket(stream, Role::Client, None);
    assert_eq!(read(&mut socket)["event"], "holdline.open");
    assert_eq!(read(&mut socket)["error"]["code"], "bad_message");
    say(&mut socket, json!({"publish": "a", "data": "one"}));
    assert_eq!(read(&mut socket)["data"], "one");
}

#[test]
fn a_key_is_the_same_one_over_a_websocket_and_a_post() {
    let server = Server::start(&[]).unwrap();
    let mut socket = open(&server, "/channels/b/websocket");
    let message = json!({"publish": "a", "data": "x", "key": "k", "ref": 1});
    say(&mut socket, &message);
    let first = read(&mut socket);
    assert_eq!(first["event"], "holdline.ack");
    say(&mut socket, &message);
    let again = read(&mut socket);
    assert_eq!(
        (&again["id"], &again["repeated"]),
        (&first["id"], &json!(true))
    );
    say(
        &mut socket,
        json!({"publish": "a", "data": "y", "key": "k", "ref": 1}),
    );
    let other = read(&mut socket);
    assert_eq!(
        (&other["status"], &other["error"]["code"]),
        (&json!(422), &json!("key_reused"))
    );
    let mut client = Client::connect(server.address()).unwrap();
    client
        .send("POST /channels/a HTTP/1.1\r\nHost: test\r\nIdempotency-Key: k\r\nContent-Length: 1\r\n\r\nx")
        .unwrap();
    let posted = client.answer("POST").unwrap().json().unwrap();
    assert_eq!(
        (&posted["id"], &posted["repeated"]),
        (&first["id"], &json!(true))
    );
    assert_eq!(poll(&server, "a").len(), 1);
}

/// An answer comes after the messages before it, so its `id` may be taken for the place of the stream.
#[test]
fn an_answer_does_not_overtake_what_the_stream_is_still_to_get() {
    let server = Server::start(&[]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    let text = "x".repeat(50_000);
    for _ in 0..100 {
        publish(&mut client, "a", &text).unwrap();
    }
    let mut socket = open(&server, "/channels/a/websocket?since=earliest");
    say(
        &mut socket,
        json!({"publish": "other", "data": "", "ref": 1}),
    );
    let mut messages = 0;
    loop {
        let message = read(&mut socket);
        match message["event"].as_str() {
            Some("holdline.ack") => break,
            Some(other) => panic!("{other}"),
            None => messages += 1,
        }
    }
    assert_eq!(messages, 100);
}

#[test]
fn the_right_to_publish_is_judged_for_each_message() {
    let server = Server::start(&["--publish-token", "open-sesame"]).unwrap();
    let mut socket = open(&server, "/channels/a/websocket");
    for _ in 0..2 {
        say(
            &mut socket,
            json!({"publish": "a", "data": "x", "ref": "r"}),
        );
        let error = read(&mut socket);
        assert_eq!(
            (&error["ref"], &error["status"], &error["error"]["code"]),
            (&json!("r"), &json!(401), &json!("unauthorized"))
        );
    }
    assert!(poll(&server, "a").is_empty());
    let mut socket = open(&server, "/channels/a/websocket?token=open-sesame");
    say(
        &mut socket,
        json!({"publish": "b", "data": "x", "ref": "r"}),
    );
    assert_eq!(read(&mut socket)["event"], "holdline.ack");
}

#[test]
fn a_message_that_is_too_long_closes_as_ever() {
    let server = Server::start(&["--max-message", "100"]).unwrap();
    let mut socket = open(&server, "/channels/a/websocket");
    say(
        &mut socket,
        json!({"publish": "a", "data": "x".repeat(100)}),
    );
    let closed = loop {
        match socket.read() {
            Ok(Message::Close(frame)) => break frame.unwrap(),
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(u16::from(closed.code), 1009);
}

/// Plain text is published as it is, and has no answer.
#[test]
fn what_was_published_before_binary_data_is_answered_though_both_came_at_once() {
    let server = Server::start(&[]).unwrap();
    let mut socket = open(&server, "/channels/a/websocket");
    let publish = json!({"publish": "a", "data": "one", "ref": 1});
    let never = json!({"publish": "a", "data": "never", "ref": 2});
    socket.write(Message::text(publish.to_string())).unwrap();
    socket.write(Message::binary(vec![1, 2])).unwrap();
    socket.write(Message::text(never.to_string())).unwrap();
    socket.flush().unwrap();
    let message = read(&mut socket);
    let ack = read(&mut socket);
    assert_eq!((&message["data"], &ack["ref"]), (&json!("one"), &json!(1)));
    match socket.read().unwrap() {
        Message::Close(Some(frame)) => assert_eq!(u16::from(frame.code), 1003),
        other => panic!("{other:?}"),
    }
    assert_eq!(poll(&server, "a").len(), 1);
}

#[test]
fn without_the_subprotocol_nothing_changes() {
    let server = Server::start(&[]).unwrap();
    let text = json!({"publish": "b", "data": "x"}).to_string();
    for (offer, agreed) in [
        ("holdline", Some("holdline")),
        ("holdline, holdline.v2", Some("holdline")),
        ("chat, holdline.v2", Some("holdline.v2")),
    ] {
        let (mut socket, got) = connect(&server, "/channels/a/websocket", offer);
        assert_eq!(got.as_deref(), agreed, "{offer}");
        assert_eq!(read(&mut socket)["event"], "holdline.open");
        say(&mut socket, &text);
        let first = read(&mut socket);
        match agreed {
            Some("holdline.v2") => assert_eq!(first["event"], "holdline.ack"),
            _ => assert_eq!(
                (&first["channel"], &first["data"]),
                (&json!("a"), &json!(text))
            ),
        }
    }
}
