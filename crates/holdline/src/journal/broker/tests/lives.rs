//! When a new life begins, and what is told as lost.

use holdline_comet::{Cursor, Since};

use super::fake::message;
use super::*;
use crate::hub::{Read, Wanted};
use crate::journal::broker::engine::What;
use crate::message::Wire;

/// Whether a client with this cursor is told that messages are lost, and the texts that it gets.
fn read(node: &Node, cursor: Cursor) -> (bool, Vec<String>) {
    let names = ["a".into()];
    let wanted = Wanted {
        budget: usize::MAX,
        wire: Wire::Json,
    };
    let mut position = node.hub.position(&names, Since::Cursor(cursor));
    wait_for(
        || match node.hub.read(&names, &mut position, wanted, None) {
            Read::Batch(batch) => {
                let texts = batch.messages.iter();
                let texts = texts.map(|message| message.data().to_owned());
                Some((batch.lost.is_some(), texts.collect()))
            }
            Read::Later | Read::Reading | Read::Unreadable => None,
        },
    )
}

fn head(node: &Node) -> Cursor {
    node.hub.totals().head
}

/// Changes the engine while it is away, and waits until all servers are connected to it again.
fn restart(fake: &Arc<Fake>, nodes: &[&Node], change: impl FnOnce(&mut fake::State)) {
    let mut state = fake.state();
    state.name = format!("after {}", state.name);
    change(&mut state);
    let name = state.name.clone();
    drop(state);
    for node in nodes {
        wait_for(|| {
            let life = node.broker.flow.life();
            life.is_some_and(|life| life.engine == name).then_some(())
        });
    }
}

/// Both servers are in one life, which is not that of `before`, and go on after it.
fn has_begun(one: &Node, other: &Node, before: Cursor) {
    let (first, second) = (one.number("after"), other.number("after"));
    assert!(first > before.sequence() && second > first);
    wait_for(|| (head(one) == head(other)).then_some(()));
    assert_ne!(head(one).epoch(), before.epoch());
    for node in [one, other] {
        let (lost, texts) = read(node, before);
        assert!(lost);
        assert_eq!(texts, ["after", "after"]);
    }
}

#[test]
fn a_durable_engine_that_starts_again_goes_on() {
    let fake = Fake::new();
    let (one, other) = (Node::new(&fake), Node::new(&fake));
    one.number("before");
    let before = head(&one);
    restart(&fake, &[&one, &other], |_| {});
    assert_eq!(other.number("after"), 2);
    wait_for(|| (head(&one).sequence() == 2).then_some(()));
    assert_eq!(read(&one, before), (false, vec!["after".to_owned()]));
}

#[test]
fn one_that_is_not_durable_begins_a_new_life() {
    let fake = Fake::new();
    fake.state().is_durable = false;
    let (one, other) = (Node::new(&fake), Node::new(&fake));
    one.number("before");
    let before = head(&one);
    restart(&fake, &[&one, &other], |_| {});
    has_begun(&one, &other, before);
    // The next server, too, if nobody was there in between.
    drop((one, other));
    let life = fake.state().life.clone();
    fake.state().name = "once more".to_owned();
    let late = Node::new(&fake);
    late.number("late");
    assert_ne!(fake.state().life, life);
}

#[test]
fn one_that_lost_its_last_entries_begins_a_new_life_after_the_greatest_number() {
    let fake = Fake::new();
    let (one, other) = (Node::new(&fake), Node::new(&fake));
    for n in 1..=10 {
        assert_eq!(one.number(&n.to_string()), n);
    }
    wait_for(|| (head(&other).sequence() == 10).then_some(()));
    let before = head(&other);
    restart(&fake, &[&one, &other], |state| {
        state.entries.truncate(7);
        state.last = 7;
    });
    has_begun(&one, &other, before);
}

/// The number is there, but it is another entry.
#[test]
fn one_whose_newest_entry_is_another_begins_a_new_life() {
    let fake = Fake::new();
    let (one, other) = (Node::new(&fake), Node::new(&fake));
    one.number("before");
    wait_for(|| (head(&other).sequence() == 1).then_some(()));
    let before = head(&other);
    restart(&fake, &[&one, &other], |state| state.entries[0].mark += 1);
    has_begun(&one, &other, before);
}

#[test]
fn one_that_was_emptied_while_connected_begins_a_new_life() {
    let fake = Fake::new();
    let (one, other) = (Node::new(&fake), Node::new(&fake));
    one.number("before");
    wait_for(|| (head(&other).sequence() == 1).then_some(()));
    let before = head(&other);
    {
        let mut state = fake.state();
        state.entries.clear();
        (state.last, state.life) = (0, None);
        state.keys.clear();
    }
    for node in [&one, &other] {
        wait_for(|| (head(node).epoch() != before.epoch()).then_some(()));
    }
    wait_for(|| one.broker.flow.refusal().is_none().then_some(()));
    has_begun(&one, &other, before);
}

/// Its entries were trimmed while this server was away.
#[test]
fn a_gap_is_told_as_lost_and_is_no_new_life() {
    let fake = Fake::new();
    let node = Node::new(&fake);
    node.number("before");
    let before = head(&node);
    fake.state().is_away = true;
    wait_for(|| (node.broker.flow.refusal() == Some(Refusal::Away)).then_some(()));
    for n in 2..=9 {
        fake.add(message("a", &n.to_string()));
    }
    fake.state().entries.drain(..6);
    fake.state().is_away = false;
    wait_for(|| (head(&node).sequence() == 9).then_some(()));
    let texts = ["7", "8", "9"].map(str::to_owned).to_vec();
    assert_eq!(read(&node, before), (true, texts));
    assert_eq!(head(&node).epoch(), before.epoch());
}

#[test]
fn what_is_no_message_uses_up_its_number_and_nothing_is_lost() {
    let fake = Fake::new();
    let node = Node::new(&fake);
    node.number("before");
    let before = head(&node);
    fake.add(What::Bad("of no kind".to_owned()));
    fake.add(message("a/b", "a bad name"));
    fake.add(message("a", &"x".repeat(1001)));
    fake.add(What::Nothing);
    assert_eq!(node.number("after"), 6);
    assert_eq!(read(&node, before), (false, vec!["after".to_owned()]));
    assert_eq!(node.hub.counters.read().bad_entries, 3);
}

#[test]
fn a_server_that_starts_has_what_is_kept_and_knows_what_is_not() {
    let fake = Fake::new();
    let first = Node::new(&fake);
    for n in 1..=9 {
        first.number(&n.to_string());
    }
    let epoch = head(&first).epoch();
    fake.state().entries.drain(..6);
    let late = Node::new(&fake);
    let texts = ["7", "8", "9"].map(str::to_owned).to_vec();
    assert_eq!(read(&late, Cursor::new(epoch, 6)), (false, texts.clone()));
    assert_eq!(read(&late, Cursor::new(epoch, 5)), (true, texts));
}

/// They were deleted in the engine, or trimmed while this server read.
#[test]
fn a_server_that_starts_when_the_newest_entries_are_not_there_any_more_tells_that_they_are_lost() {
    let fake = Fake::new();
    let first = Node::new(&fake);
    for n in 1..=9 {
        first.number(&n.to_string());
    }
    let epoch = head(&first).epoch();
    drop(first);
    fake.state().entries.truncate(6);
    let late = Node::new(&fake);
    let (lost, _) = read(&late, Cursor::new(epoch, 6));
    assert!(lost, "7, 8 and 9 were published, and are gone");
    assert_eq!(read(&late, Cursor::new(epoch, 9)), (false, Vec::new()));
    assert_eq!(late.number("after"), 10);
    assert_eq!(head(&late).epoch(), epoch);
}
