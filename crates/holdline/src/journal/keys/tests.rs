//! The keys beside a list of what was done.

use std::sync::Arc;

use holdline_comet::Cursor;

use super::*;
use crate::random::Random;

const SECOND: Duration = Duration::from_secs(1);

fn keyed(channel: &str, sub: Option<&str>, key: &str, event: Option<&str>, data: &str) -> Keyed {
    let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
    let sub = sub.map(Arc::from);
    let draft = Draft::message(channel, event, data).under(&key, sub.as_ref());
    draft.key.unwrap()
}

fn simple(key: usize, data: &str) -> Keyed {
    keyed("a", None, &key.to_string(), None, data)
}

fn published(number: u64) -> Published {
    Published {
        cursor: Cursor::new(1, number),
        receivers: number,
    }
}

#[test]
fn a_key_is_one_of_its_channel_and_publisher() {
    let scopes = [
        ("a", None, "k"),
        ("b", None, "k"),
        ("a", None, "l"),
        ("a", Some(""), "k"),
        ("a", Some("k"), "k"),
        ("a", Some("ann"), "k"),
        ("aa", Some("nn"), "k"),
        ("a", Some("annk"), "k"),
    ];
    let hashes = scopes.map(|(channel, sub, key)| keyed(channel, sub, key, None, "x").scope);
    for (index, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..index].contains(hash), "{:?}", scopes[index]);
    }
}

#[test]
fn another_event_or_text_is_another_content() {
    let contents = [
        (None, "ab"),
        (None, "ab "),
        (None, ""),
        (Some("a"), "b"),
        (Some("ab"), ""),
    ];
    let hashes = contents.map(|(event, data)| keyed("a", None, "k", event, data).content);
    for (index, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..index].contains(hash), "{:?}", contents[index]);
    }
}

/// Key, text, and what became of it: when it was published and with which number, or nothing yet.
type Row = (usize, String, Option<(Duration, u64)>);

/// What the table says, by the plainest means: a list of all that was ever done.
#[derive(Default)]
struct Model {
    all: Vec<Row>,
}

impl Model {
    fn live(&mut self, now: Duration) -> &mut Vec<Row> {
        self.all
            .retain(|(_, _, done)| done.is_none_or(|(at, _)| now < at + Duration::from_secs(120)));
        &mut self.all
    }
}

#[test]
fn whatever_comes_the_table_says_what_a_list_says() {
    let mut random = Random::from_environment();
    for _ in 0..200 {
        let (mut keys, mut model) = (Keys::new(5), Model::default());
        let (counters, mut refused) = (Counters::default(), 0);
        let mut now = Duration::ZERO;
        for number in 1..200 {
            now += SECOND * random.below(12) as u32;
            let (key, text) = (random.below(8), ["x", "y"][random.below(2)]);
            let live = model.live(now);
            let known = live.iter().position(|(known, _, _)| *known == key);
            let found = keys.find(&simple(key, text), now, &counters);
            match known.map(|index| &live[index]) {
                None if live.len() == 5 => {
                    let wait = match found {
                        Err(Refusal::NoRoomForKey { wait }) => wait,
                        other => panic!("{other:?}"),
                    };
                    let done = live.iter().filter_map(|(_, _, done)| *done);
                    let next = done.map(|(at, _)| at + 120 * SECOND - now).min();
                    assert_eq!(wait, next.unwrap_or_default());
                    refused += 1;
                }
                None => {
                    assert!(found.unwrap().is_none());
                    match random.below(2) {
                        0 => {
                            keys.begin(simple(key, text), Receipt::new(Outcome::Pending));
                            live.push((key, text.to_owned(), None));
                        }
                        _ => {
                            keys.publish(simple(key, text), published(number), now);
                            live.push((key, text.to_owned(), Some((now, number))));
                        }
                    }
                }
                Some((_, known, _)) if known != text => {
                    assert_eq!(found.unwrap_err(), Refusal::OtherContent);
                }
                Some((_, _, None)) => {
                    let outcome = found.unwrap().unwrap().outcome();
                    assert!(matches!(outcome, Outcome::Pending));
                    match random.below(3) {
                        0 => {
                            keys.fail(&simple(key, text));
                            live.retain(|(known, _, _)| *known != key);
                        }
                        1 => {
                            keys.publish(simple(key, text), published(number), now);
                            live.retain(|(known, _, _)| *known != key);
                            live.push((key, text.to_owned(), Some((now, number))));
                        }
                        _ => {}
                    }
                }
                Some((_, _, Some((_, number)))) => match found.unwrap().unwrap().outcome() {
                    Outcome::Shown(published) => {
                        assert_eq!(
                            (published.cursor.sequence(), published.receivers),
                            (*number, *number)
                        );
                    }
                    other => panic!("{other:?}"),
                },
            }
            assert!(keys.slots.len() <= 5 && keys.published.len() <= keys.slots.len());
        }
        let counted = counters.read().refused;
        let counted = counted
            .iter()
            .find(|(limit, _)| *limit == Limit::IdempotencyKeys);
        assert_eq!(counted, Some(&(Limit::IdempotencyKeys, refused)));
    }
}

#[test]
fn a_message_that_was_published_is_not_forgotten_by_a_failure() {
    let mut keys = Keys::new(1);
    keys.publish(simple(1, "x"), published(7), Duration::ZERO);
    keys.fail(&simple(1, "x"));
    let found = keys.find(&simple(1, "x"), SECOND, &Counters::default());
    assert!(found.unwrap().is_some());
}
