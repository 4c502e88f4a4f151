//! The broker dies, and a replica takes over its address.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use super::crashes::work;
use super::lives::is_told;
use super::*;

/// A server and one that follows it.
fn pair() -> (Redis, Redis) {
    let (primary, replica) = (Redis::durable(), Redis::durable());
    replica.follow(&primary);
    (primary, replica)
}

/// Nobody knows whether it has everything: a new life begins. In both lives each number is of one message, and what was
/// acknowledged in the new one comes to all, once, after they are told.
#[test]
fn a_replica_takes_over_under_load_and_no_number_is_wrong_or_twice() {
    let (mut primary, mut replica) = pair();
    let (a, b) = (node(&primary), node(&primary));
    let begin = post(&a, "begin");
    wait_for_text(&b, "begin");
    let (published, received) = work(&[a.address(), b.address()], &begin, || {
        thread::sleep(Duration::from_millis(700));
        primary.kill();
        // At first it is one that takes nothing.
        replica.move_to(&primary);
        let (status, answer) = try_post(&a, "to a replica");
        assert_eq!(status, 503, "{answer}");
        replica.cli(&["REPLICAOF", "NO", "ONE"]);
        thread::sleep(Duration::from_millis(1500));
    });
    let mut texts = HashMap::new();
    for (id, text) in published
        .iter()
        .chain(received.iter().flat_map(|(received, _)| received))
    {
        let known = texts.entry(id).or_insert(text);
        assert_eq!(*known, text, "{id} is of two messages");
    }
    for (mut received, lost) in received {
        assert!(lost > 0, "the new life is told");
        let numbers: Vec<_> = received.iter().map(|(id, _)| parts(id).1).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        let (end, text) = received.pop().unwrap();
        assert_eq!(text, "end");
        let (old, new) = (parts(&begin).0, parts(&end).0);
        assert_ne!(old, new);
        let of = |messages: &[(String, String)], life: &str| {
            let mut messages = messages.to_vec();
            messages.retain(|(id, _)| parts(id).0 == life);
            messages
        };
        let after = of(&published, new);
        let new = of(&received, new);
        // A stream that had everything goes on with the newest message after it was told.
        assert!(
            !new.is_empty() && after.ends_with(&new),
            "{:?} to {:?} of {:?} to {:?}",
            new.first(),
            new.last(),
            after.first(),
            after.last()
        );
        // Before, it had all up to some number.
        let (before, all) = (of(&received, old), of(&published, old));
        let last = before.last().map_or(0, |(id, _)| parts(id).1);
        for message in all.iter().filter(|(id, _)| parts(id).1 <= last) {
            assert!(before.contains(message), "{message:?} is missing");
        }
    }
}

/// Some that were acknowledged and received.
#[test]
fn a_replica_that_lost_the_last_entries_begins_a_new_life() {
    let (mut primary, mut replica) = pair();
    let (a, b) = (node(&primary), node(&primary));
    for n in 0..20 {
        post(&a, &n.to_string());
    }
    replica.follow(&primary);
    replica.cli(&["REPLICAOF", "NO", "ONE"]);
    let mut before = String::new();
    for _ in 0..5 {
        before = post(&b, "lost");
    }
    wait_for_text(&a, "lost");
    is_told(&a, &b, &before, || {
        primary.kill();
        replica.move_to(&primary);
    });
    for server in [&a, &b] {
        let (messages, lost) = poll(server, &before);
        assert!(lost);
        assert!(!texts(&messages).contains(&"lost"), "{messages:?}");
    }
    // A server that starts later knows of no more, as numbers are missing.
    let c = node(&replica);
    assert_eq!(texts(&poll(&c, "earliest").0), ["after"]);
}

/// As docs/server.md advises, so that an old primary that nobody follows any more takes nothing.
#[test]
fn a_primary_that_must_have_a_replica_takes_nothing_without_one() {
    let (primary, mut replica) = pair();
    primary.cli(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    let a = node(&primary);
    let here = post(&a, "here");
    replica.kill();
    let (status, answer) = wait_for("publishing to be refused", || {
        let answer = try_post(&a, "no");
        (answer.0 != 200).then_some(answer)
    });
    assert_eq!((status, code(&answer)), (503, "not_kept"));
    assert_eq!(texts(&poll(&a, "earliest").0)[0], "here");
    wait_for("the reason in the log", || {
        a.log().contains("NOREPLICAS").then_some(())
    });
    replica.restart();
    replica.follow(&primary);
    let after = post_again(&a, "again");
    assert_eq!(parts(&after).0, parts(&here).0);
}
