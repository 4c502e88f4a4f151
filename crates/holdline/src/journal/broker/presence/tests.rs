//! What servers hear of each other, whatever is lost on the way.

use std::sync::Arc;
use std::time::Duration;

use holdline_comet::LogLimits;

use super::message::{Saying, encode, parse, split};
use super::nodes::{GONE, Heard, Nodes};
use crate::hub::{Hub, HubLimits, Listed, RoomNews};

const SECOND: Duration = Duration::from_secs(1);
const OWN: u64 = 1;
const OTHER: u64 = 2;

/// A server that hears.
struct World {
    hub: Hub,
    nodes: Nodes,
    now: Duration,
}

impl World {
    fn new() -> Self {
        Self {
            hub: Hub::new(7, HubLimits::ample(LogLimits::default())),
            nodes: Nodes::new(OWN),
            now: SECOND,
        }
    }

    fn hear(&mut self, saying: Saying) {
        let message = encode(OTHER, saying);
        let heard = self.nodes.hear(&message, &self.hub.members, self.now);
        assert_eq!(heard, Ok(Heard::Other));
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.nodes.expire(&self.hub.members, self.now);
    }

    fn names(&self, channel: &str) -> Vec<(String, u32)> {
        match self.hub.members.listed(channel) {
            Listed::Names(names) => names
                .into_iter()
                .map(|(name, connections)| (name.to_string(), connections))
                .collect(),
            Listed::Crowd => panic!("a crowd"),
        }
    }

    fn asks(&mut self) -> bool {
        self.nodes.asks(self.now) == [OTHER]
    }
}

fn room(channel: &str, here: &[(&str, u32)], gone: &[&str]) -> RoomNews {
    RoomNews {
        channel: channel.into(),
        is_crowd: false,
        here: here
            .iter()
            .map(|(name, n)| (Arc::from(*name), *n))
            .collect(),
        gone: gone.iter().map(|name| Arc::from(*name)).collect(),
    }
}

fn state(number: u64, part: u32, parts: u32, rooms: Vec<RoomNews>) -> Saying {
    Saying::State {
        number,
        part,
        parts,
        rooms,
    }
}

fn change(number: u64, rooms: Vec<RoomNews>) -> Saying {
    Saying::Change { number, rooms }
}

fn list(names: &[(&str, u32)]) -> Vec<(String, u32)> {
    names
        .iter()
        .map(|(name, n)| ((*name).to_owned(), *n))
        .collect()
}

#[test]
fn a_server_of_which_nothing_is_known_is_asked_and_then_followed() {
    let mut world = World::new();
    world.hear(Saying::Number { number: 4 });
    assert!(world.asks());
    assert!(!world.asks(), "at once again");
    world.hear(state(4, 0, 1, vec![room("a", &[("ann", 2)], &[])]));
    world.hear(change(5, vec![room("a", &[("bob", 1)], &["ann"])]));
    world.hear(Saying::Number { number: 5 });
    assert_eq!(world.names("a"), list(&[("bob", 1)]));
    world.now += 10 * SECOND;
    assert!(!world.asks(), "nothing was missed");
}

#[test]
fn a_change_that_was_missed_is_noticed_by_the_next_one_and_by_the_number() {
    for next in [
        change(7, vec![room("a", &[("carl", 1)], &[])]),
        Saying::Number { number: 6 },
    ] {
        let mut world = World::new();
        world.hear(state(5, 0, 1, vec![room("a", &[("ann", 1)], &[])]));
        world.hear(next);
        assert_eq!(world.names("a"), list(&[("ann", 1)]));
        assert!(world.asks());
        let rooms = vec![room("a", &[("bob", 1)], &[]), room("b", &[("ann", 1)], &[])];
        world.hear(state(7, 0, 1, rooms));
        assert_eq!(world.names("a"), list(&[("bob", 1)]));
        assert_eq!(world.names("b"), list(&[("ann", 1)]));
        assert!(!world.asks());
    }
}

#[test]
fn a_state_in_parts_counts_when_all_have_come() {
    let mut world = World::new();
    world.hear(state(
        1,
        0,
        1,
        vec![room("a", &[("ann", 1), ("bob", 1)], &[])],
    ));
    world.hear(state(2, 0, 2, vec![room("a", &[("bob", 1)], &[])]));
    assert_eq!(world.names("a"), list(&[("ann", 1), ("bob", 1)]));
    world.hear(state(2, 1, 2, vec![room("a", &[("carl", 1)], &[])]));
    assert_eq!(world.names("a"), list(&[("bob", 1), ("carl", 1)]));
    // The middle one is missing, so nobody goes who may have been in it.
    world.hear(state(3, 0, 3, vec![room("a", &[("bob", 1)], &[])]));
    world.hear(state(3, 2, 3, vec![room("a", &[("dora", 1)], &[])]));
    assert_eq!(world.names("a"), list(&[("bob", 1), ("carl", 1)]));
    world.hear(Saying::Number { number: 3 });
    assert!(world.asks());
}

#[test]
fn who_is_not_heard_of_is_gone_and_who_ends_is_gone_after_the_linger_time() {
    let mut world = World::new();
    world.hear(state(1, 0, 1, vec![room("a", &[("ann", 1)], &[])]));
    world.pass(GONE - SECOND);
    world.hear(Saying::Number { number: 1 });
    world.pass(GONE - SECOND);
    assert_eq!(world.names("a"), list(&[("ann", 1)]));
    world.pass(SECOND);
    assert_eq!(world.names("a"), []);

    world.hear(state(1, 0, 1, vec![room("a", &[("ann", 1)], &[])]));
    world.hear(Saying::End);
    let linger = world.hub.members.linger();
    world.pass(linger - Duration::from_millis(1));
    assert_eq!(world.names("a"), list(&[("ann", 1)]));
    world.pass(Duration::from_millis(1));
    assert_eq!(world.names("a"), []);
}

/// Anybody may have written it.
#[test]
fn after_the_greatest_number_there_is_none() {
    let mut world = World::new();
    world.hear(state(u64::MAX, 0, 1, vec![room("a", &[("ann", 1)], &[])]));
    world.hear(change(0, vec![room("a", &[], &["ann"])]));
    assert_eq!(world.names("a"), list(&[("ann", 1)]));
    assert!(world.asks());
}

#[test]
fn a_question_to_all_or_to_this_server_is_to_be_answered() {
    for (node, is_asked) in [(None, true), (Some(OWN), true), (Some(3), false)] {
        let mut world = World::new();
        world.hear(Saying::Ask { node });
        assert_eq!(world.nodes.is_asked(), is_asked, "{node:?}");
    }
}

#[test]
fn what_a_server_hears_of_itself_has_no_effect() {
    let mut world = World::new();
    let message = encode(OWN, state(1, 0, 1, vec![room("a", &[("ann", 1)], &[])]));
    let heard = world.nodes.hear(&message, &world.hub.members, world.now);
    assert_eq!(heard, Ok(Heard::Own));
    assert_eq!(world.names("a"), []);
}

#[test]
fn what_is_said_is_read_as_it_was() {
    let mut crowd = room("b", &[], &[]);
    crowd.is_crowd = true;
    let rooms = vec![room("a \"x\"", &[("ann \u{1f469}", 3)], &["b\\ob"]), crowd];
    for saying in [
        Saying::Number { number: u64::MAX },
        Saying::Ask { node: None },
        Saying::Ask { node: Some(9) },
        change(3, rooms.clone()),
        state(3, 1, 2, rooms),
        Saying::End,
    ] {
        assert_eq!(parse(&encode(OTHER, saying.clone())), Ok((OTHER, saying)));
    }
}

#[test]
fn large_rooms_are_said_in_pieces_with_every_name_once() {
    let name = |n: usize| format!("{n:-^60}");
    let names: Vec<_> = (0..5000).map(name).collect();
    let here: Vec<_> = names.iter().map(|name| (&**name, 1)).collect();
    let pieces = split(vec![
        room("a", &here, &[]),
        room("b", &[("ann", 1)], &["bob"]),
    ]);
    assert!(pieces.len() > 5);
    let mut said = Vec::new();
    for rooms in pieces {
        let message = encode(OTHER, change(1, rooms.clone()));
        assert!(message.len() < 64 << 10, "{}", message.len());
        assert!(parse(&message).is_ok());
        said.extend(rooms.into_iter().filter(|room| &*room.channel == "a"));
    }
    let said: Vec<_> = said.iter().flat_map(|room| &room.here).collect();
    assert!(
        said.iter()
            .map(|(name, _)| &**name)
            .eq(names.iter().map(|name| &**name))
    );
    assert_eq!(split(Vec::new()), [Vec::new()]);
}

#[test]
fn what_is_not_of_a_server_is_refused_with_its_reason() {
    let long = vec![b' '; 300_000];
    for (message, expected) in [
        (&b"garbage"[..], "this is not of a server"),
        (b"{\"holdline\":2}", "let all be of the same version"),
        (b"{\"holdline\":1}", "this is not of a server"),
        (b"{\"holdline\":1,\"from\":\"2\",\"say\":\"end\"}", "16 hexadecimal digits"),
        (
            b"{\"holdline\":1,\"from\":\"0000000000000002\",\"say\":{\"change\":{\"number\":1,\"rooms\":[{\"channel\":\"\"}]}}}",
            "",
        ),
        (&long, "more than"),
    ] {
        let error = parse(message).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}
