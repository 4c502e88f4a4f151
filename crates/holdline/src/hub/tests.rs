//! The hub against a model that never forgets. `delivery` tests what is kept for those who are connected, `channels`
//! what is remembered of channels, and `looks` what subscribers share.

mod channels;
mod deletion;
mod delivery;
mod gaps;
mod looks;

use std::sync::Arc;
use std::time::Duration;

use holdline_comet::{LogLimits, Position, Since};

use super::*;
use crate::lives::Life;
use crate::message::{Content, Wire};
use crate::random::Random;

fn limits(messages: usize) -> HubLimits {
    let mut log = LogLimits::default();
    log.max_messages = messages;
    log.max_bytes = usize::MAX;
    log.max_lag = 1 << 30;
    HubLimits::ample(log)
}

fn names(list: &[&str]) -> Vec<Arc<str>> {
    list.iter().map(|&name| name.into()).collect()
}

fn publish(hub: &Hub, channel: &str, data: &str) -> Published {
    let number = hub.totals().head.sequence() + 1;
    let content = Content::new(channel, None, data);
    hub.show(number, channel, content, &mut Wakes::default())
}

fn wanted(budget: usize) -> Wanted {
    let wire = Wire::JsonLine;
    Wanted { budget, wire }
}

/// Reads what there is now.
fn read(hub: &Hub, names: &[Arc<str>], position: &mut Position, budget: usize) -> Batch {
    match hub.read(names, position, wanted(budget), None) {
        Read::Batch(batch) => batch,
        Read::Later | Read::Reading | Read::Unreadable => panic!("not here yet: {position:?}"),
    }
}

/// All sequence numbers that a subscriber gets.
fn drain(hub: &Hub, names: &[Arc<str>], position: &mut Position) -> (Vec<u64>, bool) {
    let mut got = Vec::new();
    let mut lost = false;
    loop {
        let batch = read(hub, names, position, 300);
        lost |= batch.lost.is_some();
        got.extend(
            batch
                .messages
                .iter()
                .map(|message| message.cursor().sequence()),
        );
        if !batch.more {
            return (got, lost);
        }
    }
}

#[test]
fn one_cursor_works_over_any_set_of_channels() {
    let hub = Hub::new(1, limits(100));
    for i in 0..10 {
        publish(&hub, if i % 2 == 0 { "a" } else { "b" }, "x");
    }
    let both = names(&["a", "b"]);
    let since = Since::Cursor(Cursor::new(1, 4));
    let mut position = hub.position(&both, since);
    assert_eq!(position.cursor(), Cursor::new(1, 4));
    assert_eq!(
        drain(&hub, &both, &mut position),
        ((5..=10).collect(), false)
    );
    let mut position = hub.position(&both[1..], since);
    assert_eq!(
        drain(&hub, &both[1..], &mut position),
        (vec![6, 8, 10], false)
    );
}

#[test]
fn a_gap_is_told_once_and_only_to_those_who_have_it() {
    let hub = Hub::new(1, limits(3));
    for _ in 0..5 {
        publish(&hub, "a", "x");
    }
    publish(&hub, "b", "y");
    let a = names(&["a"]);
    let mut behind = hub.position(&a, Since::Cursor(Cursor::new(1, 1)));
    let mut level = hub.position(&a, Since::Cursor(Cursor::new(1, 2)));
    assert_eq!(drain(&hub, &a, &mut behind), (vec![3, 4, 5], true));
    assert_eq!(drain(&hub, &a, &mut behind), (vec![], false));
    assert_eq!(drain(&hub, &a, &mut level), (vec![3, 4, 5], false));
    // Channel b has forgotten nothing.
    let b = names(&["b"]);
    let mut start = hub.position(&b, Since::Cursor(Cursor::new(1, 0)));
    assert_eq!(drain(&hub, &b, &mut start), (vec![6], false));
}

#[test]
fn a_gap_in_one_channel_does_not_swallow_the_other() {
    let hub = Hub::new(1, limits(2));
    publish(&hub, "quiet", "1");
    for _ in 0..10 {
        publish(&hub, "busy", "x");
    }
    let both = names(&["quiet", "busy"]);
    let mut position = hub.position(&both, Since::Cursor(Cursor::new(1, 0)));
    let batch = read(&hub, &both, &mut position, 1);
    assert_eq!(batch.lost, Some(Cursor::new(1, 0)));
    assert_eq!(batch.messages[0].cursor().sequence(), 1);
    // The rest follows without reporting the same gap twice.
    assert_eq!(drain(&hub, &both, &mut position), (vec![10, 11], false));
}

#[test]
fn cursors_of_another_life_or_from_the_future_are_lost() {
    let hub = Hub::new(2, limits(100));
    publish(&hub, "a", "x");
    let a = names(&["a"]);
    for cursor in [Cursor::new(1, 0), Cursor::new(1, 50), Cursor::new(2, 2)] {
        let mut position = hub.position(&a, Since::Cursor(cursor));
        assert_eq!(position.cursor(), cursor);
        assert_eq!(drain(&hub, &a, &mut position), (vec![1], true), "{cursor}");
    }
}

#[test]
fn a_cursor_of_a_life_that_ended_well_is_as_good_as_one_of_this_life() {
    let clean = Life {
        epoch: 2,
        first: 4,
        is_clean: true,
    };
    let hub = Hub::new(Lives::new(1).then(clean), limits(100));
    let a = names(&["a"]);
    for number in 1..=5 {
        let content = Content::new("a", None, "x");
        let _ = hub.show(number, "a", content, &mut Wakes::default());
    }
    let drained = |cursor| {
        let mut position = hub.position(&a, Since::Cursor(cursor));
        drain(&hub, &a, &mut position)
    };
    assert_eq!(drained(Cursor::new(1, 2)), (vec![3, 4, 5], false));
    assert_eq!(drained(Cursor::new(1, 3)), (vec![4, 5], false));
    // It had no message 4. This is told as if the cursor was made up.
    assert_eq!(drained(Cursor::new(1, 4)), (vec![1, 2, 3, 4, 5], true));
    assert_eq!(drained(Cursor::new(2, 6)), (vec![1, 2, 3, 4, 5], true));
    // In the place of a stream, too.
    let place = hub.place(&a, Since::Cursor(Cursor::new(1, 3)));
    assert_eq!(place.position().cursor(), Cursor::new(2, 3));
}

#[test]
fn earliest_is_everything_there_is_and_nothing_lost() {
    let hub = Hub::new(1, limits(2));
    let all = names(&["a", "b"]);
    let mut position = hub.position(&all, Since::Earliest);
    assert_eq!(drain(&hub, &all, &mut position), (vec![], false));
    for _ in 0..3 {
        publish(&hub, "a", "x");
        publish(&hub, "b", "x");
    }
    let mut position = hub.position(&all, Since::Earliest);
    assert_eq!(drain(&hub, &all, &mut position), (vec![3, 4, 5, 6], false));
}

#[test]
fn whatever_happens_each_message_comes_once_or_is_told_lost() {
    let mut random = Random::from_environment();
    for round in 0..300 {
        let small = HubLimits {
            channels: 4,
            total_bytes: 6_000,
            ..limits(1 + round % 9)
        };
        let hub = Hub::new(1, small);
        let wanted = names(&["a", "c"]);
        let mut published: Vec<u64> = Vec::new();
        let mut position = hub.position(&wanted, Since::Now);
        let mut cursor = position.cursor();
        let mut told = 0;
        for _ in 0..60 {
            match random.below(4) {
                0 => {
                    // A cut: the subscriber comes back with the last cursor that it got.
                    position = hub.position(&wanted, Since::Cursor(cursor));
                }
                1 => {
                    let batch = read(&hub, &wanted, &mut position, 600);
                    if let Some(from) = batch.lost {
                        assert!(from.sequence() >= cursor.sequence());
                        cursor = from;
                        // It is told about everything missing between here and the latest message.
                        told = hub.totals().head.sequence();
                    }
                    for message in batch.messages {
                        let sequence = message.cursor().sequence();
                        published.retain(|&missing| missing >= sequence || missing > told);
                        assert_eq!(Some(&sequence), published.first());
                        published.remove(0);
                        cursor = message.cursor();
                    }
                }
                kind => {
                    let channel = ["a", "b", "c", "d", "e"][random.below(5)];
                    let new = publish(&hub, channel, &"x".repeat(kind * 40));
                    if ["a", "c"].contains(&channel) {
                        published.push(new.cursor.sequence());
                    }
                }
            }
        }
    }
}
