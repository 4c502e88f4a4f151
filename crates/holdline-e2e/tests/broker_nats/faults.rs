//! The stream is not as it was.

use std::process::Command;
use std::time::{Duration, Instant};

use holdline_e2e::{NatsServer, Server, Transport, program, wait_for};
use rustix::process::Signal;

use super::{ask, lost, node, parts, post, post_again, texts, until};

/// Both servers tell the clients of before, and go on with greater numbers and another epoch.
fn assert_new_life(nodes: &[&Server], before: &str, after: &str) {
    assert_ne!(parts(after).0, parts(before).0);
    assert!(parts(after).1 > parts(before).1, "{after} after {before}");
    for node in nodes {
        for transport in [Transport::Sse, Transport::LongPoll] {
            let items = until(transport, node.address(), Some(before), "after");
            assert_eq!(lost(&items), 1, "{items:?}");
            assert_eq!(texts(&items).last(), Some(&"after"), "{items:?}");
        }
    }
}

#[test]
fn a_stream_that_was_deleted_begins_a_new_life_with_greater_numbers() {
    let Some(nats) = NatsServer::start().unwrap() else {
        return;
    };
    let (one, two) = (node(&nats, "?sync=always"), node(&nats, "?sync=always"));
    for number in 0..10 {
        post(&one, "test", &number.to_string());
    }
    let before = post(&two, "test", "before");
    let answer = nats.ask("$JS.API.STREAM.DELETE.holdline", "").unwrap();
    assert!(answer.contains("\"success\":true"), "{answer}");
    let after = post_again(&one, "after");
    assert_new_life(&[&one, &two], &before, &after);
}

#[test]
fn a_stream_that_was_put_back_from_a_copy_begins_a_new_life_with_greater_numbers() {
    let Some(mut nats) = NatsServer::start().unwrap() else {
        return;
    };
    let (one, two) = (node(&nats, "?sync=always"), node(&nats, "?sync=always"));
    let copied = post(&one, "test", "is in the copy");
    nats.kill();
    let copy = nats.back_up().unwrap();
    nats.restart().unwrap();
    let before = post_again(&one, "is not");
    assert_eq!(parts(&before).0, parts(&copied).0);
    // A server that never saw what the copy lacks cannot miss it.
    until(Transport::Sse, two.address(), Some(&copied), "is not");
    nats.kill();
    nats.put_back(&copy).unwrap();
    nats.restart().unwrap();
    let after = post_again(&two, "after");
    assert_new_life(&[&one, &two], &before, &after);
    // A server that starts now reads what the copy has.
    let three = node(&nats, "?sync=always");
    let items = until(Transport::Poll, three.address(), Some("earliest"), "after");
    assert_eq!(texts(&items), ["is in the copy", "after"]);
}

#[test]
fn a_stream_that_was_purged_goes_on_and_servers_that_start_tell_what_is_gone() {
    let Some(nats) = NatsServer::start().unwrap() else {
        return;
    };
    let one = node(&nats, "?sync=always");
    let before = post(&one, "test", "before");
    post(&one, "test", "purged");
    let answer = nats.ask("$JS.API.STREAM.PURGE.holdline", "").unwrap();
    assert!(answer.contains("\"success\":true"), "{answer}");
    let after = post_again(&one, "after");
    assert_eq!(parts(&after), (parts(&before).0, 3));
    // This one has all of it still.
    let items = until(Transport::Sse, one.address(), Some(&before), "after");
    assert_eq!((texts(&items), lost(&items)), (vec!["purged", "after"], 0));
    let two = node(&nats, "?sync=always");
    let items = until(Transport::Sse, two.address(), Some(&before), "after");
    assert_eq!((texts(&items), lost(&items)), (vec!["after"], 1));
}

#[test]
fn while_nats_server_hangs_nothing_is_published_and_then_all_goes_on() {
    let Some(nats) = NatsServer::start().unwrap() else {
        return;
    };
    let (one, two) = (node(&nats, "?sync=always"), node(&nats, "?sync=always"));
    let before = post(&one, "test", "before");
    nats.signal(Signal::STOP).unwrap();
    let begun = Instant::now();
    let fields = "Idempotency-Key: k\r\n";
    let (status, answer) = ask(one.address(), "POST", "/channels/test", fields, "x").unwrap();
    assert_eq!(status, 503, "{answer}");
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    nats.signal(Signal::CONT).unwrap();
    let after = wait_for("the same message to be there", || {
        match ask(two.address(), "POST", "/channels/test", fields, "x").unwrap() {
            (200, answer) => Some(answer["id"].as_str().unwrap().to_owned()),
            _ => None,
        }
    });
    assert_eq!(parts(&after).0, parts(&before).0);
    // The first server may not know yet that its broker is there again.
    post_again(&one, "end");
    for server in [&one, &two] {
        let items = until(Transport::Sse, server.address(), Some(&before), "end");
        assert_eq!((texts(&items), lost(&items)), (vec!["x", "end"], 0));
    }
}

#[test]
fn a_broker_that_cannot_work_ends_the_start_with_what_would() {
    let Some(nats) = NatsServer::start().unwrap() else {
        return;
    };
    let fails = |url: &str| {
        let output = Command::new(program().unwrap())
            .args(["--listen", "127.0.0.1:0", "--broker", url])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let body = r#"{"name":"other","subjects":["x"],"retention":"limits","storage":"file","max_consumers":-1,
        "max_msgs":-1,"max_bytes":-1,"max_age":0,"num_replicas":1,"discard":"old"}"#;
    let answer = nats.ask("$JS.API.STREAM.CREATE.other", body).unwrap();
    assert!(answer.contains("\"did_create\":true"), "{answer}");
    let said = fails(&format!("{}/other", nats.url()));
    assert!(said.contains("it needs other.>"), "{said}");
    let said = fails(&format!("{}/a.b", nats.url()));
    assert!(said.contains("letters, digits"), "{said}");
    // A server of something else.
    let other = Server::start(&[]).unwrap();
    let begun = Instant::now();
    let said = fails(&format!("nats://ann:s3cret@{}", other.address()));
    assert!(!said.contains("s3cret"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}
