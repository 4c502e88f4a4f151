//! `--broker redis://…`: any server serves any client, with Debian's redis-server.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod crashes;
mod faults;
mod lives;
mod redis;
mod shared;

use std::ops::ControlFlow;

use holdline_e2e::{Client, Item, Server, Transport, subscribe, wait_for};
use serde_json::Value;

use self::redis::Redis;

fn node(redis: &Redis) -> Server {
    node_with(redis, &[])
}

fn node_with(redis: &Redis, more: &[&str]) -> Server {
    let url = redis.url();
    let arguments = [&["--threads", "2", "--drain", "0s", "--broker", &url], more].concat();
    Server::start(&arguments).unwrap()
}

/// Sends a request, and gives status and JSON, or `null` if the answer is none.
fn ask(server: &Server, method: &str, target: &str, fields: &str, body: &str) -> (u16, Value) {
    let mut client = Client::connect(server.address()).unwrap();
    let length = body.len();
    let head = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{fields}");
    client
        .send(format!("{head}Content-Length: {length}\r\n\r\n{body}"))
        .unwrap();
    let answer = client.answer(method).unwrap();
    (answer.head.status, answer.json().unwrap_or_default())
}

fn try_post(server: &Server, text: &str) -> (u16, Value) {
    ask(server, "POST", "/channels/test", "", text)
}

fn post(server: &Server, text: &str) -> String {
    let (status, answer) = try_post(server, text);
    assert_eq!(status, 200, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

/// The code of an error.
fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

/// All messages after a cursor as `(id, data)`, and whether some are lost.
fn poll(server: &Server, since: &str) -> (Vec<(String, String)>, bool) {
    let (mut since, mut messages, mut lost) = (since.to_owned(), Vec::new(), false);
    loop {
        let target = format!("/channels/test/poll?since={since}");
        let (status, answer) = ask(server, "GET", &target, "", "");
        assert_eq!(status, 200, "{answer}");
        lost |= answer["lost"].as_bool().unwrap();
        let more = answer["messages"].as_array().unwrap();
        if more.is_empty() {
            return (messages, lost);
        }
        for message in more {
            let text = |name: &str| message[name].as_str().unwrap().to_owned();
            messages.push((text("id"), text("data")));
        }
        since = answer["cursor"].as_str().unwrap().to_owned();
    }
}

fn texts(messages: &[(String, String)]) -> Vec<&str> {
    messages.iter().map(|(_, data)| data.as_str()).collect()
}

/// Waits until a server has this text as its newest message.
fn wait_for_text(server: &Server, text: &str) {
    wait_for("the message to reach the server", || {
        let (messages, _) = poll(server, "earliest");
        (texts(&messages).last() == Some(&text)).then_some(())
    });
}

/// What one connection receives after a cursor, up to the text `end`.
fn receive(server: &Server, transport: Transport, since: &str, end: &str) -> Vec<(String, String)> {
    let mut received = Vec::new();
    let result = subscribe(
        transport,
        server.address(),
        "test",
        Some(since),
        &mut |item| {
            match item {
                Item::Position(_) | Item::Told { .. } => {}
                Item::Lost(at) => panic!("{transport} is told that something is lost at {at}"),
                Item::Message { id, data, .. } => {
                    let is_last = data == end;
                    received.push((id, data));
                    if is_last {
                        return ControlFlow::Break(());
                    }
                }
            }
            ControlFlow::Continue(())
        },
    );
    result.unwrap();
    received
}

/// Epoch and number of a cursor.
fn parts(cursor: &str) -> (&str, u64) {
    let (epoch, number) = cursor.split_once('-').unwrap();
    (epoch, u64::from_str_radix(number, 16).unwrap())
}
