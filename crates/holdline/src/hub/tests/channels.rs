//! What is remembered of channels, and that no reader can take it away.

use super::*;

/// The place of a subscriber that has read nothing yet.
fn nowhere(hub: &Hub, channels: &[Arc<str>]) -> Place {
    hub.place(channels, Since::Now)
}

fn watch(hub: &Hub, names: &[String]) -> Result<Arc<[Arc<str>]>, TooManyChannels> {
    hub.register(LoopKey(0), names, Transport::Sse)
}

fn named(word: &str, count: usize) -> Vec<String> {
    (0..count).map(|i| format!("{word} {i}")).collect()
}

/// How many messages `since=earliest` returns.
fn history(hub: &Hub, names: &[String]) -> usize {
    let names: Vec<Arc<str>> = names.iter().map(|name| name.as_str().into()).collect();
    let mut position = hub.position(&names, Since::Earliest);
    drain(hub, &names, &mut position).0.len()
}

/// `--max-channels 32`, 32 channels with history, and one GET of 32 names that nobody has heard of.
#[test]
fn names_that_were_only_asked_for_neither_evict_history_nor_keep_anyone_from_publishing() {
    let hub = Hub::new(
        1,
        HubLimits {
            channels: 32,
            ..limits(10)
        },
    );
    let (old, new) = (named("old", 32), named("new", 32));
    for name in &old {
        publish(&hub, name, "x");
    }
    watch(&hub, &new).unwrap();
    assert_eq!(history(&hub, &old), 32);
    for name in &old {
        publish(&hub, name, "y");
    }
    assert_eq!(history(&hub, &old), 64);
    assert_eq!(
        (hub.totals().channels, hub.totals().asked_channels),
        (32, 32)
    );
    assert_eq!(publish(&hub, &new[0], "z").receivers, 1);
    assert_eq!(hub.totals().channels, 32);
}

/// A subscriber that watches as many channels as there may be keeps nobody from publishing to a new one, and still
/// gets everything.
#[test]
fn watching_every_channel_does_not_block_publishing_and_loses_nothing() {
    let hub = Hub::new(
        1,
        HubLimits {
            channels: 4,
            ..limits(10)
        },
    );
    let old = named("old", 4);
    for name in &old {
        publish(&hub, name, "x");
    }
    let channels = watch(&hub, &old).unwrap();
    let mut place = hub.place(&channels, Since::Now);
    let mut got = Vec::new();
    let mut looks = Looks::default();
    let mut read = || {
        let batch = looks.read(&hub, &mut place, wanted(1 << 20), None);
        assert_eq!(batch.lost, None);
        got.extend(
            batch
                .messages
                .iter()
                .map(|message| message.cursor().sequence()),
        );
    };
    read();
    for name in old.iter().chain(&named("new", 20)).chain(&old) {
        publish(&hub, name, "y");
    }
    read();
    assert_eq!(got, (5..=8).chain(29..=32).collect::<Vec<_>>());
    assert_eq!(hub.totals().channels, 4);
    hub.unregister(LoopKey(0), Transport::Sse, &place);
    assert_eq!((hub.totals().channels, hub.totals().asked_channels), (4, 0));
}

/// 3,126 GETs of 32 names: more names than there may be.
#[test]
fn with_default_options_thousands_of_gets_of_new_names_are_refused_in_the_end_and_publishing_goes_on()
 {
    let hub = Hub::new(
        1,
        HubLimits {
            channels: 100_000,
            asked_channels: 100_000,
            ..limits(10)
        },
    );
    publish(&hub, "old", "x");
    let mut refused = 0;
    for request in 0..3_126 {
        refused += usize::from(watch(&hub, &named(&format!("new {request}"), 32)).is_err());
    }
    assert_eq!(refused, 1);
    assert_eq!(hub.totals().asked_channels, 100_000);
    // Known channels can still be watched, and unknown ones can still be published to.
    assert!(watch(&hub, &["old".to_owned()]).is_ok());
    publish(&hub, "another", "x");
    assert_eq!(history(&hub, &["old".to_owned(), "another".to_owned()]), 2);
}

/// `--history-total` also holds for a single channel, and even if there is nothing but empty channels.
#[test]
fn the_total_bounds_the_newest_channel_and_the_channels_themselves() {
    let total_bytes = 100_000;
    let small = HubLimits {
        total_bytes,
        delivery_bytes: 50_000,
        channels: 100_000,
        ..limits(10_000)
    };
    let hub = Hub::new(1, small);
    for _ in 0..200 {
        publish(&hub, "a", &"x".repeat(10_000));
        assert!(hub.totals().bytes <= total_bytes);
    }
    assert!(history(&hub, &["a".to_owned()]) >= 8);
    let hub = Hub::new(1, small);
    for name in named(&"long".repeat(30), 2_000) {
        publish(&hub, &name, "");
    }
    let totals = hub.totals();
    assert!(totals.bytes <= total_bytes, "{totals:?}");
    assert!((50..1_000).contains(&totals.channels), "{totals:?}");
    let hub = Hub::new(
        1,
        HubLimits {
            total_bytes: 0,
            ..small
        },
    );
    publish(&hub, "a", "x");
    assert_eq!(history(&hub, &["a".to_owned()]), 0);
    hub.expire();
    assert_eq!(hub.totals().channels, 0);
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
            total_bytes: 100_000,
            ..limits(100)
        },
    );
    for i in 0..500 {
        publish(&hub, &format!("channel {}", i % 50), &"x".repeat(i));
        assert!(hub.totals().bytes <= 100_000);
    }
    let first = names(&["channel 0"]);
    let mut position = hub.position(&first, Since::Cursor(Cursor::new(1, 0)));
    assert!(drain(&hub, &first, &mut position).1);
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
    assert_eq!(publish(&hub, "a", "x").receivers, 2);
    assert_eq!(publish(&hub, "b", "x").receivers, 1);
    hub.unregister(key, Transport::Sse, &nowhere(&hub, &channels));
    assert_eq!(hub.presence("a").total(), 1);
    assert_eq!(hub.presence("b").total(), 0);
}

#[test]
fn a_channel_that_was_only_watched_is_not_remembered() {
    let hub = Hub::new(1, limits(10));
    let channels = hub
        .register(LoopKey(0), &["a".to_owned()], Transport::Sse)
        .unwrap();
    assert_eq!(hub.totals().asked_channels, 1);
    hub.unregister(LoopKey(0), Transport::Sse, &nowhere(&hub, &channels));
    assert_eq!(hub.totals().asked_channels, 0);
}

#[test]
fn a_subscription_that_fails_leaves_nothing_behind() {
    let hub = Hub::new(
        1,
        HubLimits {
            asked_channels: 3,
            ..limits(10)
        },
    );
    let wanted: Vec<String> = (0..4).map(|i| format!("new {i}")).collect();
    assert!(hub.register(LoopKey(0), &wanted, Transport::Sse).is_err());
    assert_eq!(hub.totals().asked_channels, 0);
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
    // Once nobody watches them, they make room like any other channel.
    for names in &held {
        hub.unregister(LoopKey(0), Transport::Sse, &nowhere(&hub, names));
    }
    for i in 0..100 {
        publish(&hub, &format!("later {i}"), "x");
    }
    assert_eq!(hub.totals().channels, 100);
    let mut position = hub.position(&held[0], Since::Cursor(Cursor::new(1, 0)));
    assert_eq!(drain(&hub, &held[0], &mut position), (vec![], true));
}
