//! Idempotency keys, deletion and answered messages, each by its token.

use std::net::TcpStream;

use holdline_e2e::Server;
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket};

use super::{ask, bearer, code, sign, start};

#[test]
fn a_key_is_one_of_its_publisher() {
    let server = start(&["--publish-token", "open-sesame"]);
    let publish = |token: &str, text: &str| {
        let fields = format!(
            "{}Idempotency-Key: k\r\nContent-Length: 1\r\n",
            bearer(token)
        );
        ask(&server, "POST /channels/a", &format!("{fields}\r\n{text}"))
    };
    let ann = sign(&["--publish", "*", "--name", "ann"]);
    let bob = sign(&["--publish", "*", "--name", "bob"]);
    let nobody = sign(&["--publish", "*"]);
    for (token, text) in [(&*ann, "1"), (&*bob, "2"), (&*nobody, "3")] {
        let answer = publish(token, text).json().unwrap();
        assert!(answer.get("repeated").is_none(), "{answer}");
        assert_eq!(publish(token, text).json().unwrap()["repeated"], true);
        assert_eq!(code(&publish(token, "x")), "key_reused");
    }
    // Another token of the same person, and others that have no name.
    let phone = sign(&["--publish", "a", "--name", "ann"]);
    assert_eq!(publish(&phone, "1").json().unwrap()["repeated"], true);
    assert_eq!(
        publish("open-sesame", "3").json().unwrap()["repeated"],
        true
    );
}

#[test]
fn deleting_needs_the_right_to_manage_the_channel() {
    let server = start(&["--publish-token", "open-sesame"]);
    let publisher = sign(&["--publish", "*", "--subscribe", "*", "--presence", "*"]);
    let fields = format!("{}Content-Length: 1\r\n\r\nx", bearer(&publisher));
    assert_eq!(ask(&server, "POST /channels/a", &fields).head.status, 200);
    let other = sign(&["--manage", "b"]);
    for token in [&*publisher, &other, "open-sesame"] {
        let refused = ask(&server, "DELETE /channels/a", &bearer(token));
        assert_eq!((refused.head.status, &*code(&refused)), (403, "forbidden"));
    }
    let refused = ask(&server, "DELETE /channels/a", "");
    assert_eq!(
        (refused.head.status, &*code(&refused)),
        (401, "unauthorized")
    );
    let kept = || {
        let line = "GET /channels/a/poll?since=earliest";
        let poll = ask(&server, line, &bearer(&publisher)).json().unwrap();
        poll["messages"].as_array().unwrap().len()
    };
    assert_eq!(kept(), 1);
    let manager = sign(&["--manage", "a"]);
    let deleted = ask(&server, "DELETE /channels/a", &bearer(&manager));
    assert_eq!((deleted.head.status, kept()), (200, 0));
}

pub(super) fn open(server: &Server, token: &str) -> WebSocket<TcpStream> {
    let target = format!("/channels/a/websocket?token={token}");
    let mut request = format!("ws://{}{target}", server.address())
        .into_client_request()
        .unwrap();
    let protocol = "holdline.v2".parse().unwrap();
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", protocol);
    let stream = TcpStream::connect(server.address()).unwrap();
    let timeout = std::time::Duration::from_secs(30);
    stream.set_read_timeout(Some(timeout)).unwrap();
    tungstenite::client(request, stream).unwrap().0
}

/// Says something, and gives what is answered to it.
pub(super) fn say(socket: &mut WebSocket<TcpStream>, message: &Value) -> Value {
    socket.send(Message::text(message.to_string())).unwrap();
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            let told: Value = serde_json::from_str(text.as_str()).unwrap();
            if told["ref"] == message["ref"] {
                return told;
            }
        }
    }
}

/// The first channel is one that may only be read, and neither does that matter nor what was refused before.
#[test]
fn each_message_over_a_websocket_is_judged_by_its_own_channel() {
    let server = start(&[]);
    let token = sign(&["--subscribe", "a", "--publish", "b", "--publish", "room-*"]);
    let mut socket = open(&server, &token);
    for (number, (channel, may)) in [
        ("a", false),
        ("b", true),
        ("c", false),
        ("room-1", true),
        ("room", false),
        ("b", true),
    ]
    .into_iter()
    .enumerate()
    {
        let message = json!({"publish": channel, "data": "x", "ref": number});
        let told = say(&mut socket, &message);
        match may {
            true => assert_eq!(told["event"], "holdline.ack", "{channel}: {told}"),
            false => assert_eq!(
                (&told["status"], &told["error"]["code"]),
                (&json!(403), &json!("forbidden")),
                "{channel}"
            ),
        }
    }
}

/// So that whoever wrote the application need not guess.
#[test]
fn who_lacks_a_right_is_told_which_and_for_which_channel() {
    let server = start(&["--publish-token", "open-sesame"]);
    let token = sign(&["--subscribe", "a", "--publish", "b"]);
    for (line, right, channel) in [
        ("POST /channels/a", "`publish`", "a"),
        ("DELETE /channels/b", "`manage`", "b"),
        (
            "GET /channels/a,caf%C3%A9,c/poll",
            "`subscribe`",
            "caf\u{e9}",
        ),
        ("POST /channels/b?since=earliest", "`subscribe`", "b"),
        ("GET /channels/a/poll?presence=true", "`presence`", "a"),
        ("GET /channels/c", "`subscribe` or `publish`", "c"),
        ("GET /channels/c/presence", "`subscribe` or `presence`", "c"),
    ] {
        let answer = ask(&server, line, &bearer(&token)).json().unwrap();
        let said = format!("the token does not grant {right} for the channel {channel}");
        assert_eq!(answer["error"]["message"], said, "{line}");
    }
    // What anybody may read is not what anybody may publish.
    let shows = |server: &Server, path: &str, expected: &str| {
        let stream = TcpStream::connect(server.address()).unwrap();
        let url = format!("ws://{}{path}", server.address());
        let mut socket = tungstenite::client(url, stream).unwrap().0;
        socket.send(Message::text("x")).unwrap();
        let close = loop {
            if let Message::Close(close) = socket.read().unwrap() {
                break close.unwrap();
            }
        };
        assert_eq!(close.code, CloseCode::Policy);
        assert_eq!(close.reason.as_str(), expected);
    };
    let path = format!("/channels/a/websocket?token={token}");
    let lacking = "the token does not grant `publish` for the channel a";
    shows(&server, &path, lacking);
    let open = start(&["--anonymous-subscribe", "a"]);
    shows(&open, "/channels/a/websocket", "this needs a token");
    let secret = Server::start(&["--publish-token", "open-sesame"]).unwrap();
    shows(
        &secret,
        "/channels/a/websocket",
        "this needs the publish token",
    );
}
