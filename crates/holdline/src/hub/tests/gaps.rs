//! Where messages may be missing that never came, and who is told of it.

use super::delivery::{Stream, no_history};
use super::*;
use crate::counters::Loss;

fn gap(hub: &Hub, pattern: &str) -> u64 {
    let number = hub.totals().head.sequence() + 1;
    hub.gap(number, pattern, &mut Wakes::default());
    hub.lock().check();
    number
}

fn after(hub: &Hub, channel: &str, cursor: u64) -> (Vec<u64>, bool) {
    let a = names(&[channel]);
    let mut position = hub.position(&a, Since::Cursor(Cursor::new(1, cursor)));
    let got = drain(hub, &a, &mut position);
    assert_eq!(position.cursor(), hub.totals().head);
    got
}

#[test]
fn who_passes_a_gap_is_told_once_and_gets_what_is_before_and_after_it() {
    let hub = Hub::new(1, limits(100));
    publish(&hub, "news.a", "1");
    publish(&hub, "news.a", "2");
    assert_eq!(gap(&hub, "news.*"), 3);
    publish(&hub, "news.a", "4");
    publish(&hub, "other", "5");
    let a = names(&["news.a"]);
    let mut position = hub.position(&a, Since::Cursor(Cursor::new(1, 1)));
    let mut next = || {
        let batch = read(&hub, &a, &mut position, 10_000);
        let numbers: Vec<_> = batch
            .messages
            .iter()
            .map(|message| message.cursor().sequence())
            .collect();
        (batch.lost, batch.loss(), numbers, batch.more)
    };
    assert_eq!(next(), (None, None, vec![2], true));
    let after_gap = Some(Cursor::new(1, 3));
    assert_eq!(next(), (after_gap, Some(Loss::Feed), vec![4], false));
    assert_eq!(next(), (None, None, vec![], false));
    for (cursor, expected) in [
        (0, (vec![1, 2, 4], true)),
        (2, (vec![4], true)),
        (3, (vec![4], false)),
        (4, (vec![], false)),
    ] {
        assert_eq!(after(&hub, "news.a", cursor), expected, "{cursor}");
    }
    assert_eq!(after(&hub, "other", 0), (vec![5], false));
}

#[test]
fn one_who_asks_for_all_is_told_only_if_something_is_before_the_gap() {
    let hub = Hub::new(1, limits(100));
    assert_eq!(gap(&hub, "*"), 1);
    let a = names(&["a"]);
    let all = |hub: &Hub| {
        let mut position = hub.position(&a, Since::Earliest);
        drain(hub, &a, &mut position)
    };
    assert_eq!(all(&hub), (vec![], false));
    publish(&hub, "a", "2");
    assert_eq!(all(&hub), (vec![2], false));
    gap(&hub, "a");
    assert_eq!(all(&hub), (vec![2], true));
    publish(&hub, "a", "4");
    assert_eq!(all(&hub), (vec![2, 4], true));
}

/// Nobody watches between two polls, so that the channel is not known.
#[test]
fn a_gap_counts_for_channels_that_nobody_knows_yet() {
    let hub = Hub::new(1, limits(100));
    publish(&hub, "other", "1");
    gap(&hub, "news.*");
    assert_eq!(after(&hub, "news.later", 1), (vec![], true));
    assert_eq!(after(&hub, "news.later", 2), (vec![], false));
    assert_eq!(after(&hub, "later", 1), (vec![], false));
    publish(&hub, "news.later", "3");
    assert_eq!(after(&hub, "news.later", 1), (vec![3], true));
    assert_eq!(after(&hub, "news.later", 2), (vec![3], false));
}

#[test]
fn each_of_several_channels_has_its_own_gap() {
    let hub = Hub::new(1, limits(100));
    publish(&hub, "a", "1");
    gap(&hub, "a");
    publish(&hub, "b", "3");
    gap(&hub, "b");
    publish(&hub, "a", "5");
    let both = names(&["a", "b"]);
    let mut position = hub.position(&both, Since::Cursor(Cursor::new(1, 0)));
    let mut told = Vec::new();
    loop {
        let batch = read(&hub, &both, &mut position, 10_000);
        told.push(batch.lost.map(|lost| lost.sequence()));
        told.extend(batch.messages.iter().map(|message| {
            let number = message.cursor().sequence();
            Some(100 + number)
        }));
        if !batch.more {
            break;
        }
    }
    assert_eq!(
        told,
        [None, Some(101), Some(2), Some(103), Some(4), Some(105)]
    );
}

#[test]
fn a_stream_that_has_everything_is_told_and_goes_on() {
    let hub = Hub::new(1, no_history());
    let mut stream = Stream::open(&hub, &["a"]);
    let mut next = |hub: &Hub| {
        stream.read_all(hub);
        let lost = std::mem::take(&mut stream.lost);
        (std::mem::take(&mut stream.got).concat(), lost)
    };
    publish(&hub, "a", "1");
    assert_eq!(next(&hub), ("1".to_owned(), 0));
    gap(&hub, "a*");
    assert_eq!(next(&hub), (String::new(), 1));
    assert_eq!(next(&hub), (String::new(), 0));
    publish(&hub, "a", "3");
    gap(&hub, "a*");
    publish(&hub, "a", "5");
    assert_eq!(next(&hub), ("35".to_owned(), 1));
    stream.close(&hub);
    hub.lock().check();
}

#[test]
fn more_gaps_than_are_remembered_count_for_all_channels() {
    let hub = Hub::new(1, limits(100));
    for pattern in 0..100 {
        gap(&hub, &format!("p{pattern}.*"));
    }
    // The number of the newest that was forgotten.
    assert!(after(&hub, "a", 35).1);
    assert!(!after(&hub, "a", 36).1);
    assert!(after(&hub, "p99.a", 99).1);
    assert!(!after(&hub, "p98.a", 99).1);
}
