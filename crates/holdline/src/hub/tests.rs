//! The hub against a model that never forgets.

use std::sync::Arc;

use holdline_comet::{LogLimits, Position, Since};

use super::*;
use crate::message::Content;
use crate::random::Random;

fn limits(messages: usize) -> HubLimits {
    let mut log = LogLimits::default();
    log.max_messages = messages;
    HubLimits {
        log,
        total_bytes: 1 << 30,
        channels: 100,
        lag: 1 << 30,
    }
}

fn names(list: &[&str]) -> Vec<Arc<str>> {
    list.iter().map(|&name| name.into()).collect()
}

fn publish(hub: &Hub, channel: &str, data: &str) -> Cursor {
    try_publish(hub, channel, data).unwrap().cursor
}

fn try_publish(hub: &Hub, channel: &str, data: &str) -> Result<Published, TooManyChannels> {
    let number = hub.totals().head.sequence() + 1;
    let content = Content::new(channel, None, data);
    hub.show(number, channel, content, &mut Wakes::default())
}

/// What there is now.
fn read(
    hub: &Hub,
    names: &[Arc<str>],
    position: &mut Position,
    budget: usize,
    limited_lag: bool,
) -> Batch {
    match hub.read(names, position, budget, limited_lag, None) {
        Read::Batch(batch) => batch,
        Read::Later => panic!("not here yet: {position:?}"),
    }
}

/// The sequence numbers that a subscriber gets, all of them.
fn drain(hub: &Hub, names: &[Arc<str>], position: &mut Position) -> (Vec<u64>, bool) {
    let mut got = Vec::new();
    let mut lost = false;
    loop {
        let batch = read(hub, names, position, 300, false);
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
    let batch = read(&hub, &both, &mut position, 1, false);
    assert_eq!(batch.lost, Some(Cursor::new(1, 0)));
    assert_eq!(batch.messages[0].cursor().sequence(), 1);
    // The rest follows without a second complaint about the same gap.
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
fn who_lags_too_far_is_moved_on_and_told() {
    let hub = Hub::new(
        1,
        HubLimits {
            lag: 2_000,
            ..limits(100)
        },
    );
    let a = names(&["a"]);
    let mut position = hub.position(&a, Since::Now);
    for _ in 0..20 {
        publish(&hub, "a", "0123456789");
    }
    let head = hub.totals().head;
    let batch = read(&hub, &a, &mut position, 1 << 20, true);
    assert_eq!((batch.lost, batch.messages.len()), (Some(head), 0));
    publish(&hub, "a", "x");
    assert_eq!(
        read(&hub, &a, &mut position, 1 << 20, true).messages.len(),
        1
    );
}

#[test]
fn forgotten_channels_make_room_and_their_readers_are_told() {
    let hub = Hub::new(
        1,
        HubLimits {
            channels: 3,
            ..limits(100)
        },
    );
    for name in ["a", "b", "c", "d", "e"] {
        publish(&hub, name, "x");
    }
    assert_eq!(hub.totals().channels, 3);
    let a = names(&["a"]);
    publish(&hub, "a", "again");
    let mut position = hub.position(&a, Since::Cursor(Cursor::new(1, 0)));
    assert_eq!(drain(&hub, &a, &mut position), (vec![6], true));
}

#[test]
fn all_history_together_is_bounded() {
    let hub = Hub::new(
        1,
        HubLimits {
            total_bytes: 10_000,
            ..limits(100)
        },
    );
    for i in 0..500 {
        publish(&hub, &format!("channel {}", i % 50), &"x".repeat(i));
        assert!(hub.totals().bytes <= 10_000);
    }
    let first = names(&["channel 0"]);
    let mut position = hub.position(&first, Since::Cursor(Cursor::new(1, 0)));
    assert!(drain(&hub, &first, &mut position).1);
}

#[test]
fn whatever_happens_each_message_comes_once_or_is_told_lost() {
    let mut random = Random::from_environment();
    for round in 0..300 {
        let small = HubLimits {
            channels: 4,
            total_bytes: 3_000,
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
                    // A cut: the subscriber comes back with the last cursor it was given.
                    position = hub.position(&wanted, Since::Cursor(cursor));
                }
                1 => {
                    let batch = read(&hub, &wanted, &mut position, 600, false);
                    if let Some(from) = batch.lost {
                        assert!(from.sequence() >= cursor.sequence());
                        cursor = from;
                        // What is missing from here to what was published last is told.
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
                    if let Ok(new) = try_publish(&hub, channel, &"x".repeat(kind * 40))
                        && ["a", "c"].contains(&channel)
                    {
                        published.push(new.cursor.sequence());
                    }
                }
            }
        }
    }
}

#[test]
fn presence_counts_by_transport() {
    let hub = Hub::new(1, limits(10));
    assert_eq!(hub.presence("a").total(), 0);
    let key = LoopKey(0);
    let wanted = ["a".to_owned(), "b".to_owned()];
    let channels = hub.register(key, &wanted, Transport::Sse).unwrap();
    hub.register(key, &wanted[..1], Transport::LongPoll)
        .unwrap();
    assert_eq!(try_publish(&hub, "a", "x").unwrap().receivers, 2);
    assert_eq!(try_publish(&hub, "b", "x").unwrap().receivers, 1);
    hub.unregister(key, &channels, Transport::Sse);
    assert_eq!(hub.presence("a").total(), 1);
    assert_eq!(hub.presence("b").total(), 0);
}

#[test]
fn a_channel_that_was_only_watched_is_not_remembered() {
    let hub = Hub::new(1, limits(10));
    let channels = hub
        .register(LoopKey(0), &["a".to_owned()], Transport::Sse)
        .unwrap();
    assert_eq!(hub.totals().channels, 1);
    hub.unregister(LoopKey(0), &channels, Transport::Sse);
    assert_eq!(hub.totals().channels, 0);
}

#[test]
fn a_subscription_that_fails_leaves_nothing_behind() {
    let hub = Hub::new(
        1,
        HubLimits {
            channels: 3,
            ..limits(10)
        },
    );
    let wanted: Vec<String> = (0..4).map(|i| format!("new {i}")).collect();
    assert!(hub.register(LoopKey(0), &wanted, Transport::Sse).is_err());
    assert_eq!(hub.totals().channels, 0);
    assert_eq!(hub.totals().presence.total(), 0);
}

#[test]
fn watched_channels_do_not_keep_others_from_being_forgotten() {
    let hub = Hub::new(
        1,
        HubLimits {
            channels: 100,
            ..limits(10)
        },
    );
    let watched: Vec<String> = (0..90).map(|i| format!("watched {i}")).collect();
    for name in &watched {
        publish(&hub, name, "x");
    }
    let held: Vec<_> = watched
        .chunks(30)
        .map(|names| hub.register(LoopKey(0), names, Transport::Sse).unwrap())
        .collect();
    for i in 0..1000 {
        publish(&hub, &format!("passing {i}"), "x");
    }
    assert_eq!(hub.totals().channels, 100);
    let mut position = hub.position(&held[0], Since::Cursor(Cursor::new(1, 0)));
    assert_eq!(drain(&hub, &held[0], &mut position).0.len(), 30);
    // Once nobody watches them they make room like any other.
    for names in &held {
        hub.unregister(LoopKey(0), names, Transport::Sse);
    }
    for i in 0..100 {
        publish(&hub, &format!("later {i}"), "x");
    }
    assert_eq!(hub.totals().channels, 100);
    let mut position = hub.position(&held[0], Since::Cursor(Cursor::new(1, 0)));
    assert_eq!(drain(&hub, &held[0], &mut position), (vec![], true));
}
