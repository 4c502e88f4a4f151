//! The broker does not have any more what it had: a new life begins, and clients are told.

use std::ops::ControlFlow;
use std::sync::mpsc::channel;
use std::thread;

use holdline_e2e::{LIMIT, wait_for};

use super::*;

/// Follows a server over a stream, and calls `act` once it is connected. Then it must be told that messages are lost, in
/// another life than that of `before`, and after that get the text `after`, which is published once the server takes it.
pub(crate) fn is_told(follows: &Server, publishes: &Server, before: &str, act: impl FnOnce()) {
    let (live, is_live) = channel();
    let (address, since) = (follows.address(), before.to_owned());
    let reader = thread::spawn(move || {
        let (mut lost, mut after) = (Vec::new(), None);
        let result = subscribe(Transport::Sse, address, "test", Some(&since), &mut |item| {
            match item {
                Item::Position(_) => live.send(()).unwrap(),
                Item::Told { .. } => {}
                Item::Lost(at) => lost.push(at),
                Item::Message { id, data, .. } if data == "after" => {
                    after = Some(id);
                    return ControlFlow::Break(());
                }
                Item::Message { .. } => {}
            }
            ControlFlow::Continue(())
        });
        result.unwrap();
        (lost, after.unwrap())
    });
    is_live.recv_timeout(LIMIT).unwrap();
    act();
    let after = publish_when_possible(publishes, "after", before);
    let (lost, received) = reader.join().unwrap();
    assert_eq!(received, after);
    let lost = lost.last().expect("it must be told that messages are lost");
    assert_eq!(parts(lost).0, parts(&after).0);
    // Numbers never go back.
    assert!(parts(&after).1 > parts(before).1, "{after} after {before}");
}

/// Publishes in another life than that of `before`.
fn publish_when_possible(server: &Server, text: &str, before: &str) -> String {
    wait_for("a new life", || {
        let (status, answer) = ask(server, "GET", "/stats", "", "");
        assert_eq!(status, 200);
        let cursor = answer["cursor"].as_str().unwrap().to_owned();
        (parts(&cursor).0 != parts(before).0).then_some(())
    });
    wait_for("the server to publish", || {
        let (status, answer) = try_post(server, text);
        match status {
            200 => Some(answer["id"].as_str().unwrap().to_owned()),
            503 => None,
            _ => panic!("{status} {answer}"),
        }
    })
}

#[test]
fn a_broker_that_was_emptied() {
    let redis = Redis::durable();
    let (a, b) = (node(&redis), node(&redis));
    let before = post(&a, "before");
    is_told(&b, &a, &before, || {
        redis.cli(&["FLUSHALL"]);
    });
    // Also those who come later.
    for server in [&a, &b] {
        let (messages, lost) = poll(server, &before);
        assert!(lost);
        assert_eq!(texts(&messages), ["after"]);
    }
}

#[test]
fn a_stream_that_was_deleted() {
    let redis = Redis::durable();
    let (a, b) = (node(&redis), node(&redis));
    let before = post(&a, "before");
    is_told(&a, &b, &before, || {
        redis.cli(&["DEL", "holdline"]);
    });
}

#[test]
fn a_broker_that_comes_back_without_anything() {
    let mut redis = Redis::forgetful();
    let (a, b) = (node(&redis), node(&redis));
    assert!(a.log().contains("--appendfsync always"), "{}", a.log());
    let before = post(&a, "before");
    is_told(&a, &b, &before, || {
        redis.kill();
        redis.restart();
    });
}

/// What it lost are the last entries, among them some that were acknowledged and received.
#[test]
fn a_broker_that_is_rolled_back_by_some_entries() {
    let mut redis = Redis::durable();
    let (a, b) = (node(&redis), node(&redis));
    for n in 0..20 {
        post(&a, &n.to_string());
    }
    redis.kill();
    let copy = tempfile::tempdir().unwrap();
    redis.copy_to(copy.path());
    redis.restart();
    post_again(&a, "lost");
    let mut before = post_again(&b, "lost, too");
    for _ in 0..5 {
        before = post(&b, "lost");
    }
    wait_for_text(&a, "lost");
    is_told(&a, &b, &before, || {
        redis.kill();
        redis.copy_from(copy.path());
        redis.restart();
    });
    for server in [&a, &b] {
        let (messages, lost) = poll(server, &before);
        assert!(lost);
        assert!(!texts(&messages).contains(&"lost"), "{messages:?}");
    }
}

/// With one that is durable it goes on, and nobody notices.
#[test]
fn a_broker_that_comes_back_with_everything_is_no_new_life() {
    let mut redis = Redis::durable();
    let (a, b) = (node(&redis), node(&redis));
    let before = post(&a, "before");
    wait_for_text(&b, "before");
    redis.kill();
    let (status, answer) = try_post(&a, "while it is away");
    assert_eq!(status, 503, "{answer}");
    redis.restart();
    let after = post_again(&b, "after");
    assert_eq!(parts(&after).0, parts(&before).0);
    let received = receive(&a, Transport::LongPoll, &before, "after");
    assert_eq!(received, [(after, "after".to_owned())]);
    // Also one that starts only now.
    let c = node(&redis);
    let (messages, lost) = poll(&c, &before);
    assert_eq!((texts(&messages), lost), (vec!["after"], false));
}
