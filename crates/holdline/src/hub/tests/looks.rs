//! Subscribers of one loop that share a look get what each would have found alone.

use super::delivery::{Stream, no_history};
use super::state::State;
use super::*;

/// A stream of one of two loops, and what it must have received in the end.
struct Follower {
    index: usize,
    stream: Stream,
    expected: Vec<String>,
}

impl Follower {
    fn open(hub: &Hub, index: usize) -> Self {
        Self {
            index,
            stream: Stream::open(hub, &["a"]),
            expected: Vec::new(),
        }
    }
}

#[test]
fn everybody_gets_everything_in_order_and_nothing_is_kept_for_those_who_have_it() {
    let hub = Hub::new(1, no_history());
    let mut random = Random::from_environment();
    let mut looks = [Looks::default(), Looks::default()];
    let mut followers: Vec<Follower> = (0..10).map(|n| Follower::open(&hub, n % 2)).collect();
    for number in 0..20_000 {
        let index = random.below(2);
        let at = random.below(followers.len());
        match random.below(20) {
            0..=2 => {
                let text = number.to_string();
                publish(&hub, "a", &text);
                for follower in &mut followers {
                    follower.expected.push(text.clone());
                }
            }
            3 => looks[index].clear(&hub),
            4 => {
                let follower = followers.swap_remove(at);
                assert!(follower.expected.starts_with(&follower.stream.got));
                assert_eq!(follower.stream.lost, 0);
                looks[follower.index].settle(&hub);
                follower.stream.close(&hub);
                followers.push(Follower::open(&hub, index));
            }
            _ => {
                let Follower { index, stream, .. } = &mut followers[at];
                let budget = 1 + random.below(400);
                stream.share(&hub, budget, &mut looks[*index]);
            }
        }
    }
    for Follower {
        index,
        stream,
        expected,
    } in &mut followers
    {
        while stream.share(&hub, 1000, &mut looks[*index]) {}
        assert_eq!((&stream.got, stream.lost), (&*expected, 0));
    }
    for looks in &mut looks {
        looks.clear(&hub);
    }
    hub.expire();
    assert_eq!(hub.totals().delivery_bytes, 0);
    hub.lock().check();
}

#[test]
fn who_looks_after_something_was_forgotten_is_told_so() {
    let hub = Hub::new(1, no_history());
    let (mut first, mut second) = (Stream::open(&hub, &["a"]), Stream::open(&hub, &["a"]));
    let mut looks = Looks::default();
    publish(&hub, "a", "one");
    publish(&hub, "a", "two");
    first.share(&hub, 1, &mut looks);
    assert_eq!(first.got, ["one"]);
    // What `--delivery-total` does.
    let mut state = hub.lock_to_change();
    let id = state.channels.id("a").unwrap();
    let State { kept, channels, .. } = &mut *state;
    let channel = channels.get_mut(id).unwrap();
    kept.changing(id, channel, |channel| assert!(channel.log.let_go()));
    drop(state);
    second.share(&hub, 1, &mut looks);
    assert_eq!((second.got.len(), second.lost), (0, 1));
    first.share(&hub, 1, &mut looks);
    assert_eq!((&first.got[1], first.lost), (&"two".to_owned(), 0));
}

#[test]
fn a_channel_that_takes_the_place_of_another_is_not_taken_for_it() {
    let hub = Hub::new(1, no_history());
    let mut old = Stream::open(&hub, &["a"]);
    let mut looks = Looks::default();
    old.share(&hub, 1, &mut looks);
    looks.settle(&hub);
    old.close(&hub);
    // Nobody published to the first channel, so its slot is free again. A look at it is still cached.
    let mut new = Stream::open(&hub, &["b"]);
    publish(&hub, "b", "for b");
    new.share(&hub, 1, &mut looks);
    assert_eq!(new.got, ["for b"]);
}

#[test]
fn when_a_turn_has_ended_no_message_is_kept_alive_by_a_look() {
    let hub = Hub::new(1, no_history());
    let mut stream = Stream::open(&hub, &["a"]);
    let mut looks = Looks::default();
    publish(&hub, "a", "one");
    let batch = looks.read(&hub, &mut stream.place, wanted(1), None);
    let message = Arc::downgrade(&batch.messages[0]);
    looks.clear(&hub);
    hub.expire();
    assert!(message.upgrade().is_none());
}
