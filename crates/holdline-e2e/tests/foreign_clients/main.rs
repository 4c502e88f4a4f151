//! Clients that are not ours find what they expect.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod curl;
mod websocket;

use holdline_e2e::{Server, wait_for};
use serde_json::Value;

/// Waits until `channel` has so many subscribers.
fn wait_for_subscribers(server: &Server, channel: &str, number: u64) {
    let url = server.url(&format!("/channels/{channel}/presence"));
    wait_for("the subscribers", || {
        let answer = ureq::get(&url)
            .call()
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        (answer["subscribers"] == number).then_some(())
    });
}

/// Publishes with ureq and gives the message's cursor.
fn publish(server: &Server, channel: &str, text: &str) -> String {
    let url = server.url(&format!("/channels/{channel}"));
    let answer = ureq::post(&url)
        .send(text)
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["id"].as_str().unwrap().to_owned()
}
