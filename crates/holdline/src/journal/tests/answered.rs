//! Messages over a WebSocket that are answered (`holdline.v2`), through the server itself. The sequence of these tests
//! remembers two keys.

use std::net::TcpStream;

use holdline_net::blocking::websocket::{ClientWebSocket, Message, Options, WebSocket};

use super::*;

fn connect(served: &Served, target: &str) -> ClientWebSocket {
    let (stream, host) = (served.connect(), served.address.to_string());
    let protocols = &["unknown", "holdline.v2", "holdline"];
    let options = Options::default();
    let mut socket: WebSocket<TcpStream, _> =
        WebSocket::connect_with(stream, &host, target, (), protocols, options).unwrap();
    assert_eq!(socket.protocol(), Some("holdline.v2"));
    assert_eq!(read(&mut socket)["event"], "holdline.open");
    socket
}

fn read(socket: &mut ClientWebSocket) -> Value {
    match socket.read().unwrap() {
        Some(Message::Text(json)) => serde_json::from_str(json).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn say(socket: &mut ClientWebSocket, message: &Value) {
    socket.send_text(&message.to_string()).unwrap();
}

#[test]
fn an_answer_comes_when_the_message_is_kept_and_after_what_the_stream_has_before_it() {
    let served = Served::start(LIMIT);
    let mut socket = connect(&served, "/channels/a/websocket");
    say(
        &mut socket,
        &json!({"publish": "a", "data": "stall", "ref": 1}),
    );
    served.wait_for_stalled(1);
    // Another channel, kept before the first message, which has the smaller number.
    say(
        &mut socket,
        &json!({"publish": "b", "data": "other", "ref": 2}),
    );
    wait_until(|| served::is_on_its_way(&served.shared.hub, 2));
    say(
        &mut socket,
        &json!({"publish": "a", "data": "fail", "ref": 3}),
    );
    let failed = read(&mut socket);
    assert_eq!(
        (
            &failed["event"],
            &failed["ref"],
            &failed["status"],
            &failed["retry_after"]
        ),
        (&json!("holdline.error"), &json!(3), &json!(503), &json!(1))
    );
    assert_eq!(failed["error"]["code"], "not_kept");
    served.release();
    let message = read(&mut socket);
    assert_eq!(
        (&message["id"], &message["data"]),
        (&json!("1-1"), &json!("stall"))
    );
    let mut acks = [read(&mut socket), read(&mut socket)];
    acks.sort_by_key(|ack| ack["ref"].as_u64());
    assert_eq!(
        acks,
        [
            json!({"event": "holdline.ack", "ref": 1, "id": "1-1", "receivers": 1}),
            json!({"event": "holdline.ack", "ref": 2, "id": "1-2", "receivers": 0}),
        ]
    );
}

#[test]
fn who_waits_too_long_is_told_what_is_known() {
    let served = Served::start(Duration::from_millis(60));
    let mut socket = connect(&served, "/channels/a/websocket");
    let first = json!({"publish": "a", "data": "stall", "key": "k", "ref": "first"});
    say(&mut socket, &first);
    served.wait_for_stalled(1);
    say(
        &mut socket,
        &json!({"publish": "a", "data": "stall", "key": "k", "ref": "again"}),
    );
    let again = read(&mut socket);
    assert_eq!(
        (&again["ref"], &again["status"]),
        (&json!("again"), &json!(409))
    );
    assert_eq!(again["error"]["code"], "key_in_use");
    say(
        &mut socket,
        &json!({"publish": "a", "data": "kept", "ref": "kept"}),
    );
    assert_eq!(
        read(&mut socket),
        json!({"event": "holdline.ack", "ref": "kept", "id": "1-2", "receivers": null})
    );
    served.release();
    let got = [read(&mut socket), read(&mut socket), read(&mut socket)];
    let at = |found: &dyn Fn(&Value) -> bool| got.iter().position(found).unwrap();
    let stalled = at(&|message| message["data"] == "stall");
    let ack = json!({"event": "holdline.ack", "ref": "first", "id": "1-1", "receivers": 1});
    assert!(
        stalled < at(&|message| message["data"] == "kept"),
        "{got:?}"
    );
    assert!(stalled < at(&|message| *message == ack), "{got:?}");
    // Over another transport it is the same key.
    let repeated = served.post_under("k", "stall").join().unwrap();
    assert_eq!(repeated.json["repeated"], true);
    say(&mut socket, &first);
    assert_eq!(read(&mut socket)["repeated"], true);
}

#[test]
fn two_that_send_the_same_at_once_get_the_same_answer() {
    let served = Served::start(LIMIT);
    let (mut one, mut two) = (
        connect(&served, "/channels/b/websocket"),
        connect(&served, "/channels/b/websocket"),
    );
    let message = json!({"publish": "a", "data": "stall", "key": "k"});
    say(&mut one, &message);
    served.wait_for_stalled(1);
    say(&mut two, &message);
    // A message of its own that is answered shows that the other has come.
    say(&mut two, &json!({"publish": "a", "data": "fail"}));
    assert_eq!(read(&mut two)["error"]["code"], "not_kept");
    served.release();
    let answer = json!({"event": "holdline.ack", "id": "1-1", "receivers": 0});
    assert_eq!(read(&mut one), answer);
    let mut repeated = answer;
    repeated["repeated"] = true.into();
    assert_eq!(read(&mut two), repeated);
}

#[test]
fn a_client_with_too_many_messages_that_are_not_answered_is_told_so() {
    let served = Served::start(LIMIT);
    let mut socket = connect(&served, "/channels/b/websocket");
    say(
        &mut socket,
        &json!({"publish": "a", "data": "stall", "key": "k"}),
    );
    served.wait_for_stalled(1);
    for _ in 0..256 {
        say(
            &mut socket,
            &json!({"publish": "a", "data": "stall", "key": "k", "ref": 1}),
        );
    }
    let busy = read(&mut socket);
    assert_eq!(
        (&busy["ref"], &busy["error"]["code"]),
        (&json!(1), &json!("busy"))
    );
    served.release();
    for _ in 0..256 {
        assert_eq!(read(&mut socket)["event"], "holdline.ack");
    }
}

#[test]
fn a_client_that_is_gone_takes_no_message_with_it() {
    let served = Served::start(LIMIT);
    let mut socket = connect(&served, "/channels/b/websocket");
    say(
        &mut socket,
        &json!({"publish": "a", "data": "stall", "key": "k"}),
    );
    served.wait_for_stalled(1);
    drop(socket);
    wait_until(|| served.handle.connections() == 0);
    served.release();
    let poll = served.get("/channels/a/poll?since=earliest");
    assert_eq!(poll.messages(), [(1, "stall")]);
}
