//! `--data`: what was acknowledged is there after every end of the server, and clients go on without noticing.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod crashes;
mod faults;
mod older;
mod restarts;

use std::path::Path;

use holdline_e2e::{Client, Server};
use serde_json::Value;

/// A server that keeps its history in this directory.
fn serve(directory: &Path, more: &[&str]) -> Server {
    let directory = directory.to_str().unwrap();
    let arguments = [
        &["--threads", "2", "--drain", "0s", "--data", directory],
        more,
    ]
    .concat();
    Server::start(&arguments).unwrap()
}

/// Sends a request, and gives status and JSON.
fn ask(server: &Server, method: &str, target: &str, fields: &str, body: &str) -> (u16, Value) {
    let mut client = Client::connect(server.address()).unwrap();
    let length = body.len();
    let head = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{fields}");
    client
        .send(format!("{head}Content-Length: {length}\r\n\r\n{body}"))
        .unwrap();
    let answer = client.answer(method).unwrap();
    (answer.head.status, answer.json().unwrap())
}

fn post(server: &Server, channel: &str, text: &str) -> String {
    let (status, answer) = ask(server, "POST", &format!("/channels/{channel}"), "", text);
    assert_eq!(status, 200, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

/// All messages after a cursor as `(id, data)`, and whether some are lost.
fn poll(server: &Server, channel: &str, since: &str) -> (Vec<(String, String)>, bool) {
    let (mut since, mut messages, mut lost) = (since.to_owned(), Vec::new(), false);
    loop {
        let target = format!("/channels/{channel}/poll?since={since}");
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

/// Epoch and number of a cursor.
fn parts(cursor: &str) -> (&str, u64) {
    let (epoch, number) = cursor.split_once('-').unwrap();
    (epoch, u64::from_str_radix(number, 16).unwrap())
}
