//! `--feed redis://…`: what others PUBLISH in Redis, with Debian's redis-server.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod alone;
mod shared;

use std::ops::ControlFlow;

use holdline_e2e::{Item, RedisServer, Server, Transport, ask, poll_all, subscribe, wait_for};
use serde_json::Value;

/// A server that feeds from there. It may share a broker.
fn server(source: &RedisServer, more: &[&str]) -> Server {
    let feed = format!("{}/?pattern=news.*", source.url());
    let arguments = [&["--threads", "2", "--drain", "0s", "--feed", &feed], more].concat();
    Server::start(&arguments).unwrap()
}

/// What it says of its feeds.
fn feeds(server: &Server) -> Value {
    let (status, stats) = ask(server, "GET", "/stats", "", "").unwrap();
    assert_eq!(status, 200);
    stats["feeds"].clone()
}

/// Waits until it listens, and has said that something may be missing before that, so often.
fn listens(server: &Server, lost: u64) {
    wait_for("the server to listen", || {
        let feeds = feeds(server);
        (feeds["connected"] == 1 && feeds["lost"].as_u64() >= Some(lost)).then_some(())
    });
}

fn publish(source: &RedisServer, channel: &str, text: &str) {
    let heard = source.cli(&["PUBLISH", channel, text]);
    assert_ne!(heard.trim(), "0", "nobody heard {text}");
}

fn poll(server: &Server, channel: &str, since: &str) -> (Vec<(String, String)>, bool) {
    poll_all(server, channel, since).unwrap()
}

fn texts(messages: &[(String, String)]) -> Vec<&str> {
    messages.iter().map(|(_, data)| data.as_str()).collect()
}

/// Waits until a message is there, and says its cursor.
fn cursor_of(server: &Server, channel: &str, text: &str) -> String {
    wait_for("a message of the feed", || {
        let (messages, _) = poll(server, channel, "earliest");
        let mut messages = messages.into_iter();
        messages.find(|(_, data)| data == text).map(|(id, _)| id)
    })
}

/// What one connection receives after a cursor, up to this text, and how often it is told that something is lost.
fn receive(
    server: &Server,
    transport: Transport,
    since: &str,
    last: &str,
    mut position: impl FnMut(),
) -> (Vec<String>, usize) {
    let (mut received, mut lost) = (Vec::new(), 0);
    let tell = &mut |item| {
        match item {
            Item::Position(_) => position(),
            Item::Told { .. } => {}
            Item::Lost(_) => lost += 1,
            Item::Message { data, .. } => {
                received.push(data);
                if received.last().is_some_and(|data| data == last) {
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    };
    subscribe(transport, server.address(), "news.a", Some(since), tell).unwrap();
    (received, lost)
}
