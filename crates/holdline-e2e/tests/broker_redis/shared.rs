//! Two servers, one sequence.

use std::thread;

use holdline_e2e::{Transport, wait_for};

use super::*;

#[test]
fn what_is_published_on_one_server_is_received_from_the_other_over_all_transports() {
    let redis = Redis::durable();
    let (a, b) = (node(&redis), node(&redis));
    let begin = post(&a, "begin");
    wait_for_text(&b, "begin");
    let all: Vec<_> = thread::scope(|scope| {
        let readers: Vec<_> = Transport::ALL
            .into_iter()
            .map(|transport| {
                let (b, begin) = (&b, &begin);
                scope.spawn(move || receive(b, transport, begin, "end"))
            })
            .collect();
        let published: Vec<_> = ["one", "two", "end"]
            .into_iter()
            .map(|text| (post(&a, text), text.to_owned()))
            .collect();
        for reader in readers {
            assert_eq!(reader.join().unwrap(), published);
        }
        published
    });
    // And the same cursors are good on both.
    for server in [&a, &b] {
        assert_eq!(poll(server, &all[0].0), (all[1..].to_vec(), false));
    }
}

#[test]
fn a_client_goes_on_at_the_other_server_with_its_cursor_over_any_transport() {
    let redis = Redis::durable();
    let (mut a, b) = (node(&redis), node(&redis));
    let first = post(&a, "first");
    let published = receive(&a, Transport::Sse, "earliest", "first");
    assert_eq!(published, [(first.clone(), "first".to_owned())]);
    a.kill();
    let second = post(&b, "second");
    for transport in Transport::ALL {
        let received = receive(&b, transport, &first, "second");
        assert_eq!(received, [(second.clone(), "second".to_owned())]);
    }
    // A server that comes back has everything, too.
    a.restart().unwrap();
    assert_eq!(
        poll(&a, &first),
        (vec![(second, "second".to_owned())], false)
    );
}

#[test]
fn a_server_that_starts_later_has_the_history_with_its_deletions() {
    let redis = Redis::durable();
    let a = node(&redis);
    let ids: Vec<_> = (0..2500).map(|n| post(&a, &n.to_string())).collect();
    let (status, answer) = ask(&a, "DELETE", "/channels/test", "", "");
    assert_eq!(status, 200, "{answer}");
    let last = post(&a, "last");
    let b = node(&redis);
    assert_eq!(
        poll(&b, "earliest"),
        (vec![(last.clone(), "last".to_owned())], false)
    );
    for id in [&ids[0], &ids[2498]] {
        let (messages, lost) = poll(&b, id);
        assert!(lost, "{id}");
        assert_eq!(texts(&messages), ["last"]);
    }
    assert_eq!(poll(&b, &last), (Vec::new(), false));
}

#[test]
fn a_message_is_published_once_under_its_key_whichever_server_it_comes_to() {
    let redis = Redis::durable();
    let (a, b) = (
        node(&redis),
        node_with(&redis, &["--idempotency-keys", "1"]),
    );
    let keyed = |server: &Server, key: &str, text: &str| {
        let key = format!("Idempotency-Key: {key}\r\n");
        ask(server, "POST", "/channels/test", &key, text)
    };
    let (_, first) = keyed(&a, "k", "once");
    assert_eq!(first["repeated"], Value::Null);
    for server in [&a, &b] {
        let (status, again) = keyed(server, "k", "once");
        assert_eq!((status, &again["id"]), (200, &first["id"]));
        assert_eq!(again["repeated"], true);
        let (status, other) = keyed(server, "k", "another");
        assert_eq!((status, code(&other)), (422, "key_reused"));
    }
    let (status, full) = keyed(&b, "l", "no room");
    assert_eq!((status, code(&full)), (503, "too_many_keys"));
    let (messages, _) = poll(&b, "earliest");
    assert_eq!(texts(&messages), ["once"]);
}

#[test]
fn anybody_may_publish_with_redis_cli() {
    let redis = Redis::durable();
    let a = node_with(&redis, &["--max-message", "1000"]);
    let begin = post(&a, "begin");
    let add = |fields: &[&str]| {
        let command = [&["XADD", "holdline", "0-*"], fields].concat();
        redis.cli(&command).trim().to_owned()
    };
    let id = add(&["channel", "test", "data", "hello"]);
    // These are no messages, and use up their numbers.
    add(&["channel", "test"]);
    add(&["data", "nobody's"]);
    add(&["channel", "a/b", "data", "bad name"]);
    add(&[
        "channel",
        "test",
        "event",
        "holdline.lost",
        "data",
        "bad event",
    ]);
    add(&["channel", "test", "data", &"x".repeat(1001)]);
    add(&["channel", "test", "channel", "test", "data", "twice"]);
    add(&[
        "channel",
        "test",
        "event",
        "tick",
        "data",
        "typed",
        "note",
        "for others",
    ]);
    let received = receive(&a, Transport::Sse, &begin, "typed");
    let (epoch, number) = parts(&begin);
    let expected = [(1, "hello"), (8, "typed")].map(|(more, text)| {
        let number = number + more;
        (format!("{epoch}-{number:x}"), text.to_owned())
    });
    assert_eq!(received, expected);
    assert_eq!(id, format!("0-{}", number + 1));
    let (_, stats) = ask(&a, "GET", "/stats", "", "");
    assert_eq!(stats["bad_broker_entries"], 6);
    assert!(a.log().contains("is left out"), "{}", a.log());
}

#[test]
fn two_streams_of_one_redis_are_apart() {
    let redis = Redis::durable();
    let a = node(&redis);
    let other = format!("{}?key=other", redis.url());
    let b = Server::start(&["--drain", "0s", "--broker", &other]).unwrap();
    post(&a, "for a");
    post(&b, "for b");
    assert_eq!(texts(&poll(&a, "earliest").0), ["for a"]);
    assert_eq!(texts(&poll(&b, "earliest").0), ["for b"]);
}

/// A cursor that another server gave may be ahead of this one, for a moment.
#[test]
fn a_cursor_that_no_server_gave_is_told_lost_and_one_that_another_gave_is_not() {
    let redis = Redis::durable();
    let (a, b) = (node(&redis), node(&redis));
    let id = post(&a, "here");
    assert_eq!(poll(&b, &id), (Vec::new(), false));
    let (epoch, number) = parts(&id);
    let ahead = format!("{epoch}-{:x}", number + 1);
    let next = thread::scope(|scope| {
        let reader = scope.spawn(|| poll(&b, &ahead));
        let reader = reader.join().unwrap();
        assert!(reader.1, "it was made up");
        reader.0
    });
    assert_eq!(texts(&next), ["here"]);
    wait_for("the two to have the same head", || {
        let head = |server: &Server| ask(server, "GET", "/stats", "", "").1["cursor"].clone();
        (head(&a) == head(&b)).then_some(())
    });
}
