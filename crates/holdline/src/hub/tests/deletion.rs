//! What is deleted, and who is told of it.

use super::delivery::{Stream, no_history};
use super::*;
use crate::counters::Loss;

fn delete(hub: &Hub, channel: &str) -> u64 {
    let number = hub.totals().head.sequence() + 1;
    hub.delete(number, channel, &mut Wakes::default());
    hub.lock().check();
    number
}

#[test]
fn a_cursor_before_the_last_message_is_told_lost_and_one_after_it_is_not() {
    let hub = Hub::new(1, limits(100));
    for _ in 0..3 {
        publish(&hub, "a", "x");
    }
    publish(&hub, "b", "y");
    assert_eq!(delete(&hub, "a"), 5);
    assert_eq!(
        (hub.totals().head.sequence(), hub.totals().messages),
        (5, 1)
    );
    let (a, both) = (names(&["a"]), names(&["a", "b"]));
    let missed = |cursor| {
        let mut position = hub.position(&a, Since::Cursor(Cursor::new(1, cursor)));
        let missed = drain(&hub, &a, &mut position);
        assert_eq!(position.cursor(), Cursor::new(1, 5));
        missed
    };
    let mut position = hub.position(&a, Since::Cursor(Cursor::new(1, 0)));
    assert_eq!(
        read(&hub, &a, &mut position, 300).loss(),
        Some(Loss::Deleted)
    );
    let mut position = hub.position(&a, Since::Cursor(Cursor::new(7, 0)));
    assert_eq!(read(&hub, &a, &mut position, 300).loss(), Some(Loss::Gone));
    assert_eq!(missed(0), (vec![], true));
    assert_eq!(missed(2), (vec![], true));
    for has_everything in 3..=5 {
        assert_eq!(missed(has_everything), (vec![], false), "{has_everything}");
    }
    // The other channel has all it had, and the number is used up.
    let mut position = hub.position(&both, Since::Cursor(Cursor::new(1, 1)));
    assert_eq!(drain(&hub, &both, &mut position), (vec![4], true));
    let mut position = hub.position(&a, Since::Earliest);
    assert_eq!(drain(&hub, &a, &mut position), (vec![], false));
    assert_eq!(publish(&hub, "a", "new").cursor.sequence(), 6);
    let mut position = hub.position(&a, Since::Earliest);
    assert_eq!(drain(&hub, &a, &mut position), (vec![6], false));
    assert_eq!(missed_through(&hub, &a, 2), (vec![6], true));
}

fn missed_through(hub: &Hub, names: &[Arc<str>], cursor: u64) -> (Vec<u64>, bool) {
    let mut position = hub.position(names, Since::Cursor(Cursor::new(1, cursor)));
    drain(hub, names, &mut position)
}

#[test]
fn a_stream_that_is_behind_is_told_once_and_keeps_what_it_needs_of_other_channels() {
    for limits in [limits(100), no_history()] {
        let hub = Hub::new(1, limits);
        let mut behind = Stream::open(&hub, &["a", "b"]);
        let mut level = Stream::open(&hub, &["a"]);
        for text in ["1", "2"] {
            publish(&hub, "a", text);
            publish(&hub, "b", text);
        }
        level.read_all(&hub);
        delete(&hub, "a");
        publish(&hub, "a", "3");
        publish(&hub, "b", "3");
        behind.read_all(&hub);
        level.read_all(&hub);
        assert_eq!((&*behind.got.join(","), behind.lost), ("1,2,3,3", 1));
        assert_eq!((&*level.got.join(","), level.lost), ("1,2,3", 0));
        // Both are live as before: what comes waits for them.
        hub.expire();
        publish(&hub, "a", "4");
        hub.expire();
        behind.read_all(&hub);
        level.read_all(&hub);
        assert_eq!((&*behind.got.join(","), behind.lost), ("1,2,3,3,4", 1));
        assert_eq!((&*level.got.join(","), level.lost), ("1,2,3,4", 0));
        behind.close(&hub);
        level.close(&hub);
        hub.lock().check();
    }
}

#[test]
fn a_look_that_others_share_does_not_outlive_the_deletion() {
    let hub = Hub::new(1, limits(100));
    let (mut first, mut second) = (Stream::open(&hub, &["a"]), Stream::open(&hub, &["a"]));
    publish(&hub, "a", "1");
    let mut looks = Looks::default();
    first.share(&hub, 300, &mut looks);
    delete(&hub, "a");
    second.share(&hub, 300, &mut looks);
    looks.clear(&hub);
    assert_eq!((&*first.got.join(","), first.lost), ("1", 0));
    assert_eq!((second.got.len(), second.lost), (0, 1));
    hub.lock().check();
}

#[test]
fn a_channel_that_is_not_there_costs_a_number_alone() {
    let hub = Hub::new(1, limits(100));
    publish(&hub, "a", "x");
    assert_eq!(delete(&hub, "nowhere"), 2);
    assert_eq!((hub.totals().channels, hub.totals().asked_channels), (1, 0));
    assert_eq!(
        missed_through(&hub, &names(&["nowhere"]), 1),
        (vec![], false)
    );
    // Nor is a channel there again that was deleted and then forgotten.
    delete(&hub, "a");
    assert_eq!(missed_through(&hub, &names(&["a"]), 0), (vec![], true));
}
