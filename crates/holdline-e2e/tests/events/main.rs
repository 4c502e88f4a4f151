//! Event streams between ours and not ours, both ways: IDs, types, data of several lines, the
//! reconnection time, and going on after a cut.
//!
//! Clients that are not ours read from the program through a network that fails, and from a
//! [`Feed`], which also sets the reconnection time. Our client reads from a server that is not ours.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod blocking;
mod chromium;
mod feed;
mod launchdarkly;
mod reqwest_eventsource;

use feed::Feed;
use holdline_e2e::{CutProxy, Server, wait_for};
use serde_json::Value;

/// An event as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    id: String,
    kind: String,
    data: String,
}

/// Type and data of events to publish, and the data that a client sees: every line end is LF.
const EVENTS: [(&str, &str, &str); 10] = [
    ("", "plain", "plain"),
    ("update", "two\nlines", "two\nlines"),
    ("update", "\n\nfour\n", "\n\nfour\n"),
    ("", "all\r\nline\rends\n", "all\nline\nends\n"),
    (
        "Update",
        " a space, and a second  ",
        " a space, and a second  ",
    ),
    ("", ":data: no field\nid: 7", ":data: no field\nid: 7"),
    ("", "世界🦀\u{feff}\0", "世界🦀\u{feff}\0"),
    ("", "\u{feff}", "\u{feff}"),
    ("a b", "the type has a space", "the type has a space"),
    ("", "the last one", "the last one"),
];

/// Publishes them all and tells what is to be seen.
fn publish_all(server: &Server) -> Vec<Seen> {
    let events = EVENTS.iter();
    events
        .map(|&(kind, data, seen)| {
            let url = server.url(&format!("/channels/a?event={}", kind.replace(' ', "%20")));
            let url = match kind {
                "" => server.url("/channels/a"),
                _ => url,
            };
            let mut answer = ureq::post(&url).send(data).unwrap();
            let answer = answer.body_mut().read_to_string().unwrap();
            let answer: Value = serde_json::from_str(&answer).unwrap();
            Seen {
                id: answer["id"].as_str().unwrap().to_owned(),
                kind: match kind {
                    "" => "message".to_owned(),
                    _ => kind.to_owned(),
                },
                data: seen.to_owned(),
            }
        })
        .collect()
}

/// A client sees what is published while it is connected, and after a cut what was published while it was away.
async fn assert_resumes(server: &Server, proxy: &CutProxy, mut next: impl AsyncFnMut() -> Seen) {
    for _ in 0..2 {
        for expected in publish_all(server) {
            assert_eq!(next().await, expected);
        }
        proxy.refuse(true);
        proxy.cut();
        wait_for_subscribers(server, 0);
        let away = publish_all(server);
        proxy.refuse(false);
        for expected in away {
            assert_eq!(next().await, expected);
        }
    }
}

/// Waits until the channel has so many subscribers.
fn wait_for_subscribers(server: &Server, number: u64) {
    let url = server.url("/channels/a/presence");
    wait_for("the subscribers", || {
        let mut answer = ureq::get(&url).call().unwrap();
        let answer = answer.body_mut().read_to_string().unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        (answer["subscribers"] == number).then_some(())
    });
}
