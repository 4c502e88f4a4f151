//! What publishers are told.

use std::thread;

use holdline_comet::Since;

use super::engine::{Change, What};
use super::fake::message;
use super::*;
use crate::hub::Read;
use crate::idempotency_key::IdempotencyKey;
use crate::journal::Fence;
use crate::poll_answer::ANSWER;

fn keyed<'a>(text: &'a str, key: &str) -> Draft<'a> {
    let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
    Draft::message("a", None, text).under(&key, None)
}

#[test]
fn messages_of_all_servers_have_one_sequence() {
    let fake = Fake::new();
    let (one, other) = (Node::new(&fake), Node::new(&fake));
    assert_eq!(one.number("1"), 1);
    assert_eq!(other.number("2"), 2);
    fake.add(message("a", "3"));
    assert_eq!(one.number("4"), 4);
    for node in [&one, &other] {
        wait_for(|| (node.hub.totals().head.sequence() == 4).then_some(()));
        assert_eq!(node.hub.totals().messages, 4);
    }
}

#[test]
fn a_message_whose_answer_was_lost_is_found_when_it_comes_back() {
    let fake = Fake::new();
    let node = Node::new(&fake);
    fake.state().mute = 1;
    assert_eq!(node.number("kept"), 1);
    assert_eq!(fake.state().batches, [1]);
}

#[test]
fn a_message_with_a_key_is_sent_again_and_one_without_is_not() {
    let fake = Fake::new();
    let node = Node::new(&fake);
    fake.state().deaf = 1;
    let outcome = node.publish(keyed("text", "k"));
    assert!(matches!(outcome, Outcome::Shown(_)), "{outcome:?}");
    fake.state().deaf = 1;
    let outcome = node.publish(Draft::message("a", None, "gone"));
    assert!(
        matches!(outcome, Outcome::Refused(Refusal::Uncertain)),
        "{outcome:?}"
    );
    assert_eq!(fake.state().entries.len(), 1);
    assert_eq!(fake.state().batches, [1, 1, 1]);
}

#[test]
fn the_same_under_its_key_is_one_message_and_something_else_is_refused() {
    let fake = Fake::new();
    let (one, other) = (Node::new(&fake), Node::new(&fake));
    let Outcome::Shown(first) = one.publish(keyed("text", "k")) else {
        panic!("it is new");
    };
    for node in [&one, &other] {
        match node.publish(keyed("text", "k")) {
            Outcome::Before(cursor) => assert_eq!(cursor, first.cursor),
            outcome => panic!("{outcome:?}"),
        }
        let outcome = node.publish(keyed("another", "k"));
        assert!(
            matches!(outcome, Outcome::Refused(Refusal::OtherContent)),
            "{outcome:?}"
        );
    }
}

#[test]
fn more_than_there_is_room_for_is_refused_at_once() {
    let fake = Fake::new();
    let node = Node::new(&fake);
    // The engine's lock is held, so that nothing gets through.
    let state = fake.state();
    let text = "x".repeat(900);
    let mut taken = Vec::new();
    let refusal = loop {
        match node.broker.append(Draft::message("a", None, &text), None) {
            Ok(appended) => taken.push(appended.receipt().0),
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(refusal, Refusal::Busy);
    assert_eq!(taken.len(), 8);
    drop(state);
    for receipt in taken {
        wait_for(|| matches!(receipt.outcome(), Outcome::Shown(_)).then_some(()));
    }
    assert_eq!(node.number("room again"), 9);
}

#[test]
fn while_it_is_away_or_poisoned_publishing_is_refused_with_what_helps() {
    let fake = Fake::new();
    let node = Node::new(&fake);
    fake.state().fault = Some("remove it");
    let outcome = node.publish(Draft::message("a", None, "no"));
    assert!(
        matches!(outcome, Outcome::Refused(Refusal::Fault("remove it"))),
        "{outcome:?}"
    );
    fake.state().fault = None;
    wait_for(|| node.broker.flow.refusal().is_none().then_some(()));
    fake.state().is_away = true;
    wait_for(|| (node.broker.flow.refusal() == Some(Refusal::Away)).then_some(()));
    let outcome = node.publish(Draft::message("a", None, "no"));
    assert!(
        matches!(outcome, Outcome::Refused(Refusal::Away)),
        "{outcome:?}"
    );
    fake.state().is_away = false;
    wait_for(|| node.broker.flow.refusal().is_none().then_some(()));
    assert_eq!(node.number("yes"), 1);
}

#[test]
fn what_waits_is_published_together_and_before_the_server_ends() {
    let fake = Fake::new();
    let node = Node::new(&fake);
    let state = fake.state();
    let receipts: Vec<_> = (0..20)
        .map(|n| {
            let text = n.to_string();
            let appended = node.broker.append(Draft::message("a", None, &text), None);
            appended.unwrap().receipt().0
        })
        .collect();
    drop(state);
    node.broker.close();
    assert_eq!(fake.state().entries.len(), receipts.len());
    assert!(
        fake.state().batches.len() <= 3,
        "{:?}",
        fake.state().batches
    );
    let refused = node.broker.append(Draft::message("a", None, "late"), None);
    assert!(refused.is_err());
}

#[test]
fn what_is_new_is_known_again_after_all_of_it_is_shown() {
    let fake = Fake::new();
    let node = Node::new(&fake);
    assert_eq!(node.broker.standing(), Standing::Current);
    fake.state().is_away = true;
    wait_for(|| (node.broker.standing() == Standing::Stale).then_some(()));
    for n in 0..100 {
        fake.add(message("a", &n.to_string()));
    }
    fake.state().is_away = false;
    while node.broker.standing() != Standing::Current {
        thread::sleep(Duration::from_micros(50));
    }
    assert_eq!(node.hub.totals().head.sequence(), 100);
}

/// There is always something that it has not shown yet, but nothing that is old.
#[test]
fn a_server_that_is_never_quite_up_to_date_still_knows_what_is_new() {
    let fake = Fake::new();
    let node = Node::new(&fake);
    let pace = Duration::from_millis(450);
    fake.state().pace = Some(pace);
    for n in 0..2 {
        fake.add(message("a", &n.to_string()));
    }
    for n in 2..12 {
        fake.add(message("a", &n.to_string()));
        thread::sleep(pace);
        assert_eq!(node.broker.standing(), Standing::Current, "{n}");
    }
    assert!(node.hub.totals().head.sequence() < 12);
    fake.state().pace = None;
}

#[test]
fn that_something_is_missing_is_told_in_all_servers_also_in_those_that_start_later() {
    let fake = Fake::new();
    let (one, other) = (Node::new(&fake), Node::new(&fake));
    assert_eq!(one.number("1"), 1);
    let outcome = one.publish(Draft::gap("a*"));
    assert!(matches!(outcome, Outcome::Shown(_)), "{outcome:?}");
    assert_eq!(one.number("3"), 3);
    let later = Node::new(&fake);
    for node in [&one, &other, &later] {
        wait_for(|| (node.hub.totals().head.sequence() == 3).then_some(()));
        let names = ["a".into()];
        let since = Since::Cursor(node.hub.cursor_of(1));
        let mut position = node.hub.position(&names, since);
        let Read::Batch(batch) = node.hub.read(&names, &mut position, ANSWER, None) else {
            panic!("it is here");
        };
        assert_eq!(
            (batch.lost, batch.messages.len()),
            (Some(node.hub.cursor_of(2)), 1)
        );
    }
    // Nobody can put it for channels that have no names.
    let channel = "a*b".to_owned();
    let change = Change::Gap;
    fake.add(What::Change { channel, change });
    wait_for(|| (one.hub.totals().head.sequence() == 4).then_some(()));
    assert_eq!(one.hub.counters.read().bad_entries, 1);
}

#[test]
fn a_message_whose_lease_is_somebody_elses_is_not_kept() {
    let fake = Fake::new();
    let node = Node::new(&fake);
    fake.state().lease = Some(("feed".to_owned(), "2-x".to_owned()));
    let publish = |number| {
        let lease = "feed";
        node.publish(Draft {
            fence: Some(Fence { lease, number }),
            ..Draft::message("a", None, "text")
        })
    };
    assert!(matches!(publish("2-x"), Outcome::Shown(_)));
    assert!(matches!(publish("1-x"), Outcome::Refused(Refusal::NotKept)));
    assert_eq!(fake.state().entries.len(), 1);
    // The connection is good still.
    assert_eq!(fake.state().batches, [1, 1]);
    assert_eq!(node.number("next"), 2);
}

/// It was told after 5 s that nobody knows, again and again, until something else was published.
#[test]
fn a_message_that_comes_again_at_a_server_that_has_just_started_has_its_answer() {
    let fake = Fake::new();
    let one = Node::new(&fake);
    let Outcome::Shown(first) = one.publish(keyed("text", "k")) else {
        panic!("it is new");
    };
    drop(one);
    let other = Node::new(&fake);
    match other.publish(keyed("text", "k")) {
        Outcome::Before(cursor) => assert_eq!(cursor, first.cursor),
        outcome => panic!("{outcome:?}"),
    }
}
