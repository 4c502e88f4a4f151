//! `--broker redis://…`: any server serves any client, with Debian's redis-server.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod crashes;
mod failover;
mod faults;
mod lives;
mod older;
mod shared;

use std::ops::ControlFlow;

use holdline_e2e::{
    Item, RedisServer as Redis, Server, Transport, cursor_parts as parts, poll_all, subscribe,
    wait_for,
};
use serde_json::Value;

fn node(redis: &Redis) -> Server {
    node_with(redis, &[])
}

fn node_with(redis: &Redis, more: &[&str]) -> Server {
    let url = redis.url();
    let arguments = [&["--threads", "2", "--drain", "0s", "--broker", &url], more].concat();
    Server::start(&arguments).unwrap()
}

fn ask(server: &Server, method: &str, target: &str, fields: &str, body: &str) -> (u16, Value) {
    holdline_e2e::ask(server, method, target, fields, body).unwrap()
}

fn try_post(server: &Server, text: &str) -> (u16, Value) {
    ask(server, "POST", "/channels/test", "", text)
}

fn post(server: &Server, text: &str) -> String {
    let (status, answer) = try_post(server, text);
    assert_eq!(status, 200, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

fn post_again(server: &Server, text: &str) -> String {
    holdline_e2e::post_again(server, text).unwrap()
}

/// The code of an error.
fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

fn poll(server: &Server, since: &str) -> (Vec<(String, String)>, bool) {
    poll_all(server, "test", since).unwrap()
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
