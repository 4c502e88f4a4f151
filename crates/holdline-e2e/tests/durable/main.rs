//! `--data`: what was acknowledged is there after every end of the server, and clients go on without noticing.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod crashes;
mod faults;
mod older;
mod restarts;

use std::path::Path;

use holdline_e2e::{Server, cursor_parts as parts, poll_all};
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

fn ask(server: &Server, method: &str, target: &str, fields: &str, body: &str) -> (u16, Value) {
    let (status, answer) = holdline_e2e::ask(server, method, target, fields, body).unwrap();
    assert!(!answer.is_null(), "{target}: no JSON");
    (status, answer)
}

fn post(server: &Server, channel: &str, text: &str) -> String {
    let (status, answer) = ask(server, "POST", &format!("/channels/{channel}"), "", text);
    assert_eq!(status, 200, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

fn poll(server: &Server, channel: &str, since: &str) -> (Vec<(String, String)>, bool) {
    poll_all(server, channel, since).unwrap()
}

fn texts(messages: &[(String, String)]) -> Vec<&str> {
    messages.iter().map(|(_, data)| data.as_str()).collect()
}
