//! Members that poll, and are nowhere between two polls.

use std::time::{Duration, Instant};

use holdline_e2e::{Server, Transport};

use super::viewer::Viewer;
use super::{get, members};

#[test]
fn who_polls_is_a_member_between_two_polls() {
    let server = Server::start(&["--presence-linger", "2s"]).unwrap();
    let (mut viewer, _) = Viewer::watch(&server, Transport::Sse, "a");
    for path in ["poll?", "long-poll?wait=0&"] {
        let target = format!("/channels/a/{path}name=ann");
        get(&server, &target);
        assert_eq!(viewer.next(), "join a ann");
        for _ in 0..5 {
            assert_eq!(viewer.next_within(Duration::from_millis(800)), None);
            assert_eq!(members(&server, "a").unwrap(), ["ann 0"]);
            get(&server, &target);
        }
        let begun = Instant::now();
        assert_eq!(viewer.next(), "leave a ann");
        assert!(begun.elapsed() > Duration::from_millis(1500));
    }
}

#[test]
fn a_held_poll_is_answered_when_somebody_joins() {
    let server = Server::start(&["--presence-linger", "1s"]).unwrap();
    let told = |answer: &serde_json::Value| {
        let messages = answer["messages"].as_array().unwrap();
        let told = messages.iter().map(|message| {
            assert_eq!(message["id"], answer["cursor"], "{answer}");
            format!("{} {}", message["event"], message["data"])
        });
        (
            told.collect::<Vec<_>>().join(" "),
            answer["presence"].as_str().unwrap().to_owned(),
        )
    };
    let first = get(&server, "/channels/a/poll?presence=true");
    let (all, token) = told(&first);
    assert!(all.contains(r#""holdline.members""#), "{all}");
    // Nothing has happened: it waits as long as it should.
    let begun = Instant::now();
    let target = format!("/channels/a/long-poll?wait=0.5&presence={token}");
    let (nothing, token) = told(&get(&server, &target));
    assert_eq!(nothing, "");
    assert!(begun.elapsed() >= Duration::from_millis(500));
    // Its own name is news to it, too.
    let target = format!("/channels/a/long-poll?wait=50&name=ann&presence={token}");
    let begun = Instant::now();
    let (joined, token) = told(&get(&server, &target));
    assert!(joined.contains(r#""holdline.join""#), "{joined}");
    assert!(joined.contains("ann"), "{joined}");
    assert!(begun.elapsed() < Duration::from_secs(40));
    let target = format!("/channels/a/long-poll?wait=50&presence={token}");
    let (left, _) = told(&get(&server, &target));
    assert!(left.contains(r#""holdline.leave""#), "{left}");
}

#[test]
fn a_token_of_another_life_is_told_everything() {
    let mut server = Server::start(&[]).unwrap();
    let first = get(&server, "/channels/a,b/poll?presence=true&name=ann");
    let token = first["presence"].as_str().unwrap().to_owned();
    server.kill();
    server.restart().unwrap();
    let again = get(
        &server,
        &format!("/channels/a,b/long-poll?wait=50&presence={token}"),
    );
    let messages = again["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2, "{again}");
    for message in messages {
        assert_eq!(message["event"], "holdline.members", "{again}");
    }
}
