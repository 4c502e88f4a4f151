//! What memory does not have is read from the engine.

use holdline_comet::{Cursor, Since};

use super::fake::message;
use super::*;
use crate::hub::Read;
use crate::journal::tests::reader::{Client, waiters};

/// A server that has little memory.
fn little(fake: &Arc<Fake>) -> Node {
    let mut log = LogLimits::default();
    log.max_messages = 1000;
    log.resume_window = Duration::ZERO;
    let mut limits = HubLimits::ample(log);
    limits.total_bytes = 20_000;
    Node::with(fake, limits)
}

/// Every third message is in channel b, the others are in a.
fn filled(count: u64) -> (Arc<Fake>, Node) {
    let fake = Fake::new();
    let node = little(&fake);
    for number in 1..=count {
        let channel = if number % 3 == 0 { "b" } else { "a" };
        fake.add(message(channel, &"x".repeat(300)));
    }
    reached(&node, count);
    (fake, node)
}

fn reached(node: &Node, number: u64) {
    wait_for(|| (node.hub.given() >= number).then_some(()));
    wait_for(|| (node.hub.totals().head.sequence() >= number).then_some(()));
}

fn since(node: &Node, number: u64) -> Since {
    Since::Cursor(node.hub.cursor_of(number))
}

#[test]
fn old_messages_come_from_the_broker_and_new_ones_from_memory() {
    let (fake, first) = filled(200);
    let later = little(&fake);
    for node in [&first, &later] {
        let waiter = waiters(&node.hub, 1)[0];
        for budget in [1, 1000, 100_000] {
            let mut client = Client::new(&node.hub, &["a"], Since::Earliest, waiter);
            let numbers: Vec<u64> = (1..=200).filter(|n| n % 3 != 0).collect();
            assert_eq!(client.all(budget), (numbers, vec![]));
            let names = ["a", "none", "b"];
            let mut client = Client::new(&node.hub, &names, since(node, 17), waiter);
            assert_eq!(client.all(budget), ((18..=200).collect(), vec![]));
        }
        assert_eq!(node.broker.archive.len(), 0);
    }
}

/// More than is looked at in one turn.
#[test]
fn a_few_messages_are_found_among_many() {
    let fake = Fake::new();
    let node = little(&fake);
    let rare: Vec<u64> = (1..=7000)
        .filter(|number| {
            let is_rare = number % 1500 == 1;
            fake.add(message(if is_rare { "rare" } else { "a" }, "x"));
            is_rare
        })
        .collect();
    reached(&node, 7000);
    let waiter = waiters(&node.hub, 1)[0];
    let mut client = Client::new(&node.hub, &["rare"], Since::Earliest, waiter);
    assert_eq!(client.all(1000), (rare, vec![]));
}

#[test]
fn what_the_broker_has_no_more_is_told_as_lost_and_no_more_than_that() {
    let (fake, node) = filled(300);
    let waiter = waiters(&node.hub, 1)[0];
    // Somebody takes one out, and the oldest are trimmed.
    fake.state().entries.remove(99);
    fake.state().entries.drain(..50);
    let mut client = Client::new(&node.hub, &["a", "b"], since(&node, 10), waiter);
    let rest: Vec<u64> = (51..=300).filter(|number| *number != 100).collect();
    assert_eq!(client.all(1000), (rest.clone(), vec![50, 100]));
    let mut client = Client::new(&node.hub, &["a", "b"], since(&node, 100), waiter);
    assert_eq!(client.all(1000), ((101..=300).collect(), vec![]));
    let forged = Since::Cursor(Cursor::new(99, 5));
    let mut client = Client::new(&node.hub, &["a", "b"], forged, waiter);
    assert_eq!(client.all(1000).0, rest);
}

#[test]
fn what_is_deleted_while_it_is_read_is_told_as_lost() {
    let (fake, node) = filled(200);
    let waiter = waiters(&node.hub, 1)[0];
    let mut client = Client::new(&node.hub, &["a", "b"], since(&node, 0), waiter);
    let begin = client.next(1000).messages.len() as u64;
    assert!(matches!(client.look(1000), Read::Reading));
    let outcome = node.publish(Draft::deletion("a"));
    assert!(matches!(outcome, Outcome::Shown(_)), "{outcome:?}");
    let new = node.say("a", "new");
    let (numbers, lost) = client.all(1000);
    let rest = (begin + 1..=200).filter(|number| number % 3 == 0);
    assert_eq!(numbers, rest.chain([new]).collect::<Vec<_>>());
    assert_eq!(lost.len(), 1);
    // A server that starts later knows of it, too.
    let later = little(&fake);
    let waiter = waiters(&later.hub, 1)[0];
    let mut client = Client::new(&later.hub, &["a"], since(&later, 0), waiter);
    let (numbers, lost) = client.all(1000);
    assert_eq!((numbers, lost.len()), (vec![new], 1));
}

#[test]
fn a_new_life_ends_reading_what_was_of_the_old_one() {
    let (fake, node) = filled(200);
    let waiter = waiters(&node.hub, 1)[0];
    let old = since(&node, 0);
    let mut client = Client::new(&node.hub, &["a", "b"], old, waiter);
    assert!(!client.next(1000).messages.is_empty());
    assert!(matches!(client.look(1000), Read::Reading));
    let epoch = node.hub.totals().head.epoch();
    // It comes back without the last entries, and others get their numbers.
    let mut state = fake.state();
    state.name = "second".to_owned();
    state.is_durable = false;
    state.entries.truncate(150);
    state.last = 150;
    drop(state);
    for _ in 0..60 {
        fake.add(message("a", "another"));
    }
    wait_for(|| (node.hub.totals().head.epoch() != epoch).then_some(()));
    let new = wait_for(|| match node.publish(Draft::message("a", None, "new")) {
        Outcome::Shown(published) => Some(published.cursor.sequence()),
        _ => None,
    });
    for since in [old, Since::Cursor(client.position.cursor())] {
        let mut client = Client::new(&node.hub, &["a", "b"], since, waiter);
        let (numbers, lost) = client.all(1000);
        assert_eq!((numbers, lost.len()), (vec![new], 1));
    }
    let (numbers, lost) = client.all(1000);
    assert_eq!((numbers, lost.len()), (vec![new], 1));
}

#[test]
fn a_broker_that_hangs_is_told_and_read_when_it_can_and_nobody_else_waits() {
    let (fake, node) = filled(200);
    let waiters = waiters(&node.hub, 20);
    fake.state().hangs = true;
    let mut clients: Vec<_> = waiters
        .into_iter()
        .map(|waiter| Client::new(&node.hub, &["a", "b"], since(&node, 3), waiter))
        .collect();
    for client in &mut clients {
        assert!(matches!(client.look(1000), Read::Reading));
    }
    // What is new comes meanwhile.
    assert_eq!(node.say("a", "new"), 201);
    for client in &mut clients {
        let read = wait_for(|| match client.look(1000) {
            Read::Reading => None,
            read => Some(read),
        });
        assert!(matches!(read, Read::Unreadable), "{read:?}");
        assert_eq!(client.position.cursor().sequence(), 3);
    }
    assert_eq!(node.broker.archive.len(), 0);
    fake.state().hangs = false;
    for client in &mut clients {
        assert_eq!(client.all(1000), ((4..=201).collect(), vec![]));
    }
}

#[test]
fn a_broker_that_is_away_is_told_and_read_when_it_is_back() {
    let (fake, node) = filled(200);
    let waiter = waiters(&node.hub, 1)[0];
    let mut client = Client::new(&node.hub, &["a", "b"], since(&node, 0), waiter);
    let got = client.next(1000).messages.len() as u64;
    fake.state().is_away = true;
    let read = wait_for(|| match client.look(1000) {
        Read::Reading => None,
        // It was read before.
        Read::Batch(batch) if !batch.messages.is_empty() => {
            panic!("{batch:?}")
        }
        read => Some(read),
    });
    assert!(matches!(read, Read::Unreadable), "{read:?}");
    fake.state().is_away = false;
    wait_for(|| node.broker.flow.life());
    assert_eq!(client.all(1000), ((got + 1..=200).collect(), vec![]));
}

/// What memory had no room for while the server started, it must not take for what never was.
#[test]
fn a_channel_that_was_forgotten_while_a_server_started_has_all_its_messages() {
    let fake = Fake::new();
    drop(Node::new(&fake));
    for number in 1..=302 {
        let channel = match number {
            1 | 151 | 301 => "rare",
            _ if number % 2 == 0 => "a",
            _ => "b",
        };
        fake.add(message(channel, "x"));
    }
    let mut limits = HubLimits::ample(LogLimits::default());
    limits.channels = 2;
    let later = Node::with(&fake, limits);
    let waiter = waiters(&later.hub, 1)[0];
    for (begin, expected) in [
        (Since::Earliest, vec![1, 151, 301]),
        (since(&later, 0), vec![1, 151, 301]),
        (since(&later, 100), vec![151, 301]),
        (since(&later, 200), vec![301]),
    ] {
        let mut client = Client::new(&later.hub, &["rare"], begin, waiter);
        assert_eq!(client.all(1000), (expected, vec![]), "{begin:?}");
    }
}

/// Between the last message that was deleted and the deletion there is none of this channel.
#[test]
fn who_had_everything_that_was_deleted_is_told_nothing() {
    let mut log = LogLimits::default();
    log.max_messages = 0;
    log.resume_window = Duration::ZERO;
    let fake = Fake::new();
    let node = Node::with(&fake, HubLimits::ample(log));
    node.say("a", "1");
    node.say("b", "2");
    node.say("b", "3");
    assert!(matches!(
        node.publish(Draft::deletion("a")),
        Outcome::Shown(_)
    ));
    node.say("a", "5");
    node.say("b", "6");
    let late = Node::with(&fake, HubLimits::ample(log));
    for node in [&node, &late] {
        node.hub.expire();
        let waiter = waiters(&node.hub, 1)[0];
        for number in 0..4 {
            let mut client = Client::new(&node.hub, &["a"], since(node, number), waiter);
            let (numbers, lost) = client.all(1000);
            assert_eq!(numbers, [5]);
            assert_eq!(lost.is_empty(), number > 0, "since {number}: {lost:?}");
        }
        let mut client = Client::new(&node.hub, &["a", "b"], since(node, 1), waiter);
        assert_eq!(client.all(1000), (vec![2, 3, 5, 6], vec![]));
    }
}
