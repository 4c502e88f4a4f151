//! Members join and leave, and clients that watch end up with the right list, whatever they missed.

mod others;
mod pollers;
mod random;
mod room;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::names;

const SECOND: Duration = Duration::from_secs(1);

/// The members of a server whose clock the test sets.
struct World {
    members: Members<u32>,
    now: Duration,
}

impl World {
    fn new(limits: MemberLimits) -> Self {
        Self {
            members: Members::new(7, limits),
            now: SECOND,
        }
    }

    fn enter(&self, channels: &str, name: &str, waiter: u32) -> Guest {
        let who = introduction(Some(name), None);
        let guest = self.members.enter(&list(channels), &who, waiter, self.now);
        guest.unwrap()
    }

    fn watch(&self, channels: &str, waiter: u32) -> Viewer {
        let channels = list(channels);
        let told = Some(vec![0; channels.len()].into());
        let who = introduction(None, told);
        let guest = self.members.enter(&channels, &who, waiter, self.now);
        Viewer::new(guest.unwrap(), waiter)
    }

    fn leave(&self, guest: &Guest, waiter: u32) {
        self.members.leave(guest, waiter, self.now);
    }

    /// Lets time pass. Returns the connections that were woken.
    fn pass(&mut self, time: Duration) -> BTreeSet<u32> {
        let until = self.now + time;
        let mut woken = BTreeSet::new();
        while self.now < until {
            self.now += Duration::from_millis(10);
            woken.extend(self.members.tick(self.now));
            self.members.lock().check();
        }
        woken
    }

    fn listed(&self, channel: &str) -> Vec<(String, u32)> {
        match self.members.listed(channel) {
            Listed::Names(names) => names
                .into_iter()
                .map(|(name, connections)| (name.to_string(), connections))
                .collect(),
            Listed::Crowd => panic!("a crowd"),
        }
    }

    fn is_crowd(&self, channel: &str) -> bool {
        self.members.listed(channel) == Listed::Crowd
    }
}

/// A client that watches, and the lists that it has.
struct Viewer {
    guest: Guest,
    waiter: u32,
    /// `None` for counts only.
    seen: BTreeMap<String, Option<BTreeSet<String>>>,
}

impl Viewer {
    fn new(guest: Guest, waiter: u32) -> Self {
        let seen = BTreeMap::new();
        Self {
            guest,
            waiter,
            seen,
        }
    }

    /// Reads all events and returns them.
    fn read(&mut self, world: &World) -> Vec<String> {
        let mut events = Vec::new();
        loop {
            let (channels, watch) = self.guest.watching().unwrap();
            let news = world.members.news(channels, watch, 64);
            for told in &news.told {
                let names = self.believe(told.event, told.data());
                events.push(format!("{} {names}", &told.event["holdline.".len()..]));
            }
            if !news.more {
                return events;
            }
        }
    }

    fn believe(&mut self, event: &str, data: &str) -> String {
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        let channel = data["channel"].as_str().unwrap().to_owned();
        let Some(given) = data["names"].as_array() else {
            assert_eq!(event, names::MEMBERS);
            self.seen.insert(channel, None);
            return "?".to_owned();
        };
        let given = given.iter().map(|name| name.as_str().unwrap().to_owned());
        let given: BTreeSet<String> = given.collect();
        let text = given
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(",");
        if event == names::MEMBERS {
            self.seen.insert(channel, Some(given));
            return text;
        }
        let seen = self.seen.get_mut(&channel).unwrap().as_mut().unwrap();
        for name in given {
            // No member joins twice, or leaves without having joined.
            let is_new = match event {
                names::JOIN => seen.insert(name),
                names::LEAVE => seen.remove(&name),
                other => panic!("{other}"),
            };
            assert!(is_new, "{event} {text}");
        }
        text
    }
}

fn list(channels: &str) -> Arc<[Arc<str>]> {
    channels.split(',').map(Arc::from).collect()
}

fn introduction(name: Option<&str>, told: Option<Box<[u64]>>) -> Introduction {
    Introduction {
        name: name.map(Arc::from),
        told,
    }
}

fn pairs(pairs: &[(&str, u32)]) -> Vec<(String, u32)> {
    let pairs = pairs.iter();
    pairs.map(|&(name, n)| (name.to_owned(), n)).collect()
}

#[test]
fn two_connections_of_one_name_are_one_member() {
    let mut world = World::new(MemberLimits::default());
    let mut viewer = world.watch("a", 9);
    assert_eq!(viewer.read(&world), ["members "]);
    let first = world.enter("a", "ann", 1);
    let second = world.enter("a", "ann", 2);
    assert_eq!(world.listed("a"), pairs(&[("ann", 2)]));
    assert_eq!(world.pass(SECOND), [9].into());
    assert_eq!(viewer.read(&world), ["join ann"]);
    world.leave(&first, 1);
    assert_eq!(world.listed("a"), pairs(&[("ann", 1)]));
    world.leave(&second, 2);
    // For the time of a cut it is a member without a connection.
    assert_eq!(world.pass(9 * SECOND), [].into());
    assert_eq!(world.listed("a"), pairs(&[("ann", 0)]));
    assert_eq!(world.pass(2 * SECOND), [9].into());
    assert_eq!(viewer.read(&world), ["leave ann"]);
    assert_eq!(world.listed("a"), []);
}

#[test]
fn a_cut_that_is_shorter_than_the_linger_is_told_to_nobody() {
    let mut world = World::new(MemberLimits::default());
    let mut viewer = world.watch("a", 9);
    let mut ann = world.enter("a", "ann", 1);
    world.pass(SECOND);
    assert_eq!(viewer.read(&world), ["members ann"]);
    for waiter in 2..6 {
        world.leave(&ann, waiter - 1);
        assert_eq!(world.pass(9 * SECOND), [].into());
        ann = world.enter("a", "ann", waiter);
    }
    assert_eq!(world.pass(60 * SECOND), [].into());
    assert_eq!(viewer.read(&world), [] as [&str; 0]);
    assert_eq!(world.listed("a"), pairs(&[("ann", 1)]));
}

#[test]
fn without_linger_a_member_goes_with_its_connection() {
    let limits = MemberLimits {
        linger: Duration::ZERO,
        ..MemberLimits::default()
    };
    let mut world = World::new(limits);
    let mut viewer = world.watch("a", 9);
    let ann = world.enter("a", "ann", 1);
    world.pass(SECOND);
    viewer.read(&world);
    world.leave(&ann, 1);
    world
        .members
        .visit(&list("a"), &introduction(Some("bob"), None), world.now);
    assert_eq!(world.listed("a"), []);
    assert_eq!(world.pass(SECOND), [9].into());
    assert_eq!(viewer.read(&world), ["leave ann"]);
    // Who comes and goes in between was never there.
    let ann = world.enter("a", "ann", 1);
    world.leave(&ann, 1);
    world.pass(SECOND);
    assert_eq!(viewer.read(&world), [] as [&str; 0]);
}

#[test]
fn a_storm_is_one_change() {
    let mut world = World::new(MemberLimits::default());
    let mut viewer = world.watch("a", 0);
    viewer.read(&world);
    let guests: Vec<Guest> = (1..=1000)
        .map(|n| world.enter("a", &format!("n{n}"), n))
        .collect();
    assert_eq!(world.pass(SECOND), [0].into());
    let events = viewer.read(&world);
    assert_eq!(events.len(), 1);
    assert!(
        events[0].starts_with("join n1,n10,n100,n1000,"),
        "{}",
        events[0]
    );
    for (guest, waiter) in guests.iter().zip(1..) {
        world.leave(guest, waiter);
    }
    world.pass(11 * SECOND);
    assert_eq!(viewer.read(&world).len(), 1);
    assert_eq!(viewer.seen["a"], Some(BTreeSet::new()));
}

#[test]
fn who_missed_too_much_is_told_who_is_there() {
    let mut world = World::new(MemberLimits::default());
    let (mut slow, mut quick) = (world.watch("a", 100), world.watch("a", 101));
    slow.read(&world);
    quick.read(&world);
    let mut guests = Vec::new();
    for n in 0..40 {
        guests.push(world.enter("a", &format!("n{n:02}"), n));
        world.pass(SECOND);
        assert_eq!(quick.read(&world), [format!("join n{n:02}")]);
    }
    let events = slow.read(&world);
    assert_eq!(events.len(), 1);
    assert!(events[0].starts_with("members n00,"), "{}", events[0]);
    assert_eq!(slow.seen, quick.seen);
    guests.push(world.enter("a", "last", 99));
    world.pass(SECOND);
    assert_eq!(slow.read(&world), ["join last"]);
}
