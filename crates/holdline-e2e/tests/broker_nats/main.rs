//! `--broker nats://…`: two servers and a real nats-server, which dies, loses what it had, and is fed by hand.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod balanced;
mod faults;
mod nodes;
mod older;
mod restarts;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::ops::ControlFlow;

use holdline_e2e::{Client, Item, NatsServer, Server, Transport, cursor_parts as parts, subscribe};
use serde_json::Value;

/// A server at this broker, of which `query` says more.
fn node(nats: &NatsServer, query: &str) -> Server {
    node_with(nats, query, &[])
}

fn node_with(nats: &NatsServer, query: &str, more: &[&str]) -> Server {
    node_at(&format!("{}{query}", nats.url()), more)
}

fn node_at(url: &str, more: &[&str]) -> Server {
    let own = [
        "--threads",
        "2",
        "--drain",
        "0s",
        "--heartbeat",
        "2s",
        "--broker",
        url,
    ];
    Server::start(&[&own, more].concat()).unwrap()
}

/// Sends a request, and gives status and JSON.
fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    fields: &str,
    body: &str,
) -> std::io::Result<(u16, Value)> {
    let mut client = Client::connect(address)?;
    let length = body.len();
    let head = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{fields}");
    client.send(format!("{head}Content-Length: {length}\r\n\r\n{body}"))?;
    let answer = client.answer(method)?;
    let json = answer
        .json()
        .map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok((answer.head.status, json))
}

fn post(server: &Server, channel: &str, text: &str) -> String {
    let target = format!("/channels/{channel}");
    let (status, answer) = ask(server.address(), "POST", &target, "", text).unwrap();
    assert_eq!(status, 200, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

fn post_again(server: &Server, text: &str) -> String {
    holdline_e2e::post_again(server, text).unwrap()
}

/// What comes after a cursor, up to this text.
fn until(transport: Transport, address: SocketAddr, since: Option<&str>, end: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut since = since.map(str::to_owned);
    loop {
        let result = subscribe(transport, address, "test", since.as_deref(), &mut |item| {
            let is_end = matches!(&item, Item::Message { data, .. } if data == end);
            items.push(item);
            match is_end {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        match result {
            Ok(()) => return items,
            // A held poll that ended, or a stream that was told to go elsewhere.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                since = items.last().map(|item| item.cursor().to_owned()).or(since);
            }
            Err(error) => panic!("{transport}: {error}, after {items:?}"),
        }
    }
}

fn texts(items: &[Item]) -> Vec<&str> {
    let mut texts = Vec::new();
    for item in items {
        if let Item::Message { data, .. } = item {
            texts.push(data.as_str());
        }
    }
    texts
}

fn lost(items: &[Item]) -> usize {
    items
        .iter()
        .filter(|item| matches!(item, Item::Lost(_)))
        .count()
}
