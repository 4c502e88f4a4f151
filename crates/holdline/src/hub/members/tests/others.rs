//! Members of other servers, beside those of this one.

use super::*;
use crate::random::Random;

/// Servers that tell each other about members.
struct Cluster {
    worlds: Vec<World>,
    passes: Vec<u32>,
}

impl Cluster {
    fn new(limits: &[MemberLimits]) -> Self {
        let worlds: Vec<_> = limits.iter().map(|limits| World::new(*limits)).collect();
        for world in &worlds {
            world.members.share();
        }
        let passes = vec![0; worlds.len()];
        Self { worlds, passes }
    }

    /// Each tells the others what has changed. `is_lost` says of which server the rest does not hear it: then everything
    /// is told once more.
    fn exchange(&mut self, mut is_lost: impl FnMut(usize) -> bool) {
        for from in 0..self.worlds.len() {
            match self.worlds[from].members.changes() {
                Changes::None => {}
                Changes::Some(_) if is_lost(from) => self.tell_all(from),
                Changes::Some(rooms) => {
                    self.hear(from, &rooms);
                }
                Changes::All(rooms) => self.tell_state(from, &rooms),
            }
        }
    }

    fn tell_all(&mut self, from: usize) {
        let (rooms, _) = self.worlds[from].members.own();
        self.tell_state(from, &rooms);
    }

    fn tell_state(&mut self, from: usize, rooms: &[RoomNews]) {
        self.passes[from] += 1;
        // In two parts, of which the second one has half of a room.
        let (mut first, mut second) = (rooms.to_vec(), Vec::new());
        if let Some(last) = first.last_mut() {
            let half = last.here.len() / 2;
            let mut rest = RoomNews::new(&last.channel, last.is_crowd);
            rest.here = last.here.split_off(half);
            second.push(rest);
        }
        self.hear(from, &first);
        self.hear(from, &second);
        for (to, world) in self.worlds.iter().enumerate() {
            if to != from {
                world.members.sweep(self.source(from), world.now);
            }
        }
    }

    /// Returns whether all have memory for it.
    fn hear(&self, from: usize, rooms: &[RoomNews]) -> bool {
        let source = self.source(from);
        let others = self.worlds.iter().enumerate().filter(|(to, _)| *to != from);
        others.fold(true, |all, (_, world)| {
            let has_room = world.members.hear(source, rooms, world.now);
            world.members.lock().check();
            has_room && all
        })
    }

    fn source(&self, from: usize) -> Source {
        let (node, pass) = (from as u64 + 100, self.passes[from]);
        Source { node, pass }
    }

    fn pass(&mut self, time: Duration) {
        for world in &mut self.worlds {
            world.pass(time);
        }
    }
}

fn limits(listed: usize) -> MemberLimits {
    MemberLimits {
        linger: Duration::ZERO,
        listed,
        ..MemberLimits::default()
    }
}

#[test]
fn a_name_at_two_servers_joins_once_and_leaves_once() {
    let mut cluster = Cluster::new(&[limits(1000); 2]);
    let mut viewers: Vec<_> = cluster.worlds.iter().map(|it| it.watch("a", 9)).collect();
    let mut told = |cluster: &mut Cluster| {
        cluster.exchange(|_| false);
        cluster.pass(SECOND);
        let mut events = cluster.worlds.iter().zip(&mut viewers);
        let first = events.next().map(|(world, viewer)| viewer.read(world));
        let second = events.next().map(|(world, viewer)| viewer.read(world));
        assert_eq!(first, second);
        first.unwrap()
    };
    assert_eq!(told(&mut cluster), ["members "]);
    let here = cluster.worlds[0].enter("a", "ann", 1);
    assert_eq!(told(&mut cluster), ["join ann"]);
    let there = cluster.worlds[1].enter("a", "ann", 2);
    assert_eq!(told(&mut cluster), [] as [&str; 0]);
    for world in &cluster.worlds {
        assert_eq!(world.listed("a"), pairs(&[("ann", 2)]));
    }
    cluster.worlds[0].leave(&here, 1);
    assert_eq!(told(&mut cluster), [] as [&str; 0]);
    cluster.worlds[1].leave(&there, 2);
    assert_eq!(told(&mut cluster), ["leave ann"]);
    for world in &cluster.worlds {
        assert_eq!(world.members.totals().0, 0);
    }
}

#[test]
fn a_server_that_is_forgotten_takes_only_its_own_members_with_it() {
    let mut cluster = Cluster::new(&[limits(1000); 3]);
    let guests = [
        (0, "a,b", "ann"),
        (1, "a", "ann"),
        (1, "a,c", "bob"),
        (2, "a", "carl"),
    ];
    for (waiter, (at, channels, name)) in (0..).zip(guests) {
        cluster.worlds[at].enter(channels, name, waiter);
    }
    cluster.exchange(|_| false);
    cluster.pass(SECOND);
    let gone = cluster.source(1).node;
    let world = &mut cluster.worlds[0];
    assert_eq!(
        world.listed("a"),
        pairs(&[("ann", 2), ("bob", 1), ("carl", 1)])
    );
    world.members.forget(gone, world.now);
    world.pass(SECOND);
    assert_eq!(world.listed("a"), pairs(&[("ann", 1), ("carl", 1)]));
    assert_eq!(world.listed("b"), pairs(&[("ann", 1)]));
    assert_eq!(world.listed("c"), []);
}

/// Against a model that counts, with news that is lost, and a limit that crowds go beyond.
#[test]
fn whatever_happens_all_servers_know_who_is_there() {
    const MOST: usize = 6;
    let mut random = Random::from_environment();
    let mut cluster = Cluster::new(&[limits(MOST); 3]);
    let channels = ["a", "b", "a,b"];
    let mut viewers: Vec<_> = cluster.worlds.iter().map(|it| it.watch("a,b", 0)).collect();
    let mut guests: Vec<(usize, Guest, u32, &str, String)> = Vec::new();
    let mut crowds = 0;
    for waiter in 1..4_000 {
        // Sometimes more come, and sometimes more go.
        let comes = if waiter % 400 < 200 { 6 } else { 3 };
        let at = random.below(3);
        match random.below(10) {
            step if step < comes && guests.len() < 40 => {
                let some = channels[random.below(channels.len())];
                let name = random.below(10).to_string();
                let guest = cluster.worlds[at].enter(some, &name, waiter);
                guests.push((at, guest, waiter, some, name));
            }
            step if step < 9 && !guests.is_empty() => {
                let gone = guests.swap_remove(random.below(guests.len()));
                cluster.worlds[gone.0].leave(&gone.1, gone.2);
            }
            _ => cluster.pass(Duration::from_millis(random.below(400) as u64)),
        }
        if random.below(4) == 0 {
            cluster.exchange(|_| random.below(5) == 0);
        }
        if random.below(40) > 0 {
            continue;
        }
        cluster.exchange(|_| false);
        cluster.pass(SECOND);
        for channel in ["a", "b"] {
            let mut there = BTreeMap::new();
            for (.., channels, name) in &guests {
                if channels.contains(channel) {
                    *there.entry(name.clone()).or_default() += 1;
                }
            }
            for (world, viewer) in cluster.worlds.iter().zip(&mut viewers) {
                viewer.read(world);
                let is_crowd = world.is_crowd(channel);
                crowds += usize::from(is_crowd);
                assert_eq!(viewer.seen[channel].is_none(), is_crowd);
                if is_crowd {
                    assert!(there.len() > MOST - MOST / 4, "{there:?}");
                    continue;
                }
                assert!(there.len() <= MOST, "{there:?}");
                let listed: BTreeMap<String, u32> = world.listed(channel).into_iter().collect();
                assert_eq!(listed, there);
                assert!(viewer.seen[channel].iter().flatten().eq(there.keys()));
            }
        }
    }
    assert!(crowds > 20, "{crowds}");
}

#[test]
fn names_of_others_for_which_there_is_no_room_make_a_crowd_until_there_is() {
    let small = MemberLimits {
        total_bytes: 4 << 10,
        ..limits(1000)
    };
    let mut cluster = Cluster::new(&[limits(1000), small]);
    let guests: Vec<_> = (0..50)
        .map(|n| cluster.worlds[0].enter("a", &format!("{n:0>100}"), n))
        .collect();
    for n in 50..200 {
        cluster.worlds[0].enter(&format!("c{n}"), "ann", n);
    }
    let Changes::All(rooms) = cluster.worlds[0].members.changes() else {
        panic!("the first changes are everything");
    };
    let (a, rest): (Vec<_>, Vec<_>) = rooms.into_iter().partition(|room| &*room.channel == "a");
    assert!(!cluster.hear(0, &a));
    assert!(!cluster.hear(0, &rest));
    cluster.pass(SECOND);
    let (_, bytes) = cluster.worlds[1].members.totals();
    assert!(bytes <= 4 << 10, "{bytes}");
    assert!(cluster.worlds[1].is_crowd("a"));
    for (guest, waiter) in guests.iter().zip(0..).skip(1) {
        cluster.worlds[0].leave(guest, waiter);
    }
    // What had no room is known once everything is told again.
    cluster.tell_all(0);
    cluster.pass(SECOND);
    let expected = pairs(&[(&format!("{:0>100}", 0), 1)]);
    assert_eq!(cluster.worlds[1].listed("a"), expected);
    let (node, now) = (cluster.source(0).node, cluster.worlds[1].now);
    cluster.worlds[1].members.forget(node, now);
    cluster.pass(SECOND);
    assert_eq!(cluster.worlds[1].members.totals(), (0, 0));
}

#[test]
fn changes_that_nobody_takes_become_everything() {
    let ample = MemberLimits {
        total_bytes: 16 << 20,
        ..limits(10_000)
    };
    let mut cluster = Cluster::new(&[ample; 2]);
    assert!(matches!(
        cluster.worlds[0].members.changes(),
        Changes::All(_)
    ));
    let enter = |cluster: &Cluster, n: u32| {
        let name = n.to_string();
        let who = introduction(Some(&name), None);
        let world = &cluster.worlds[0];
        let guest = world.members.enter(&list("a"), &who, n, world.now);
        world.members.leave(&guest.unwrap(), n, world.now);
    };
    enter(&cluster, 0);
    cluster.pass(SECOND);
    let Changes::Some(rooms) = cluster.worlds[0].members.changes() else {
        panic!("one change is told singly");
    };
    assert_eq!((rooms.len(), rooms[0].gone.len()), (1, 1));
    for n in 0..5000 {
        enter(&cluster, n);
    }
    cluster.pass(SECOND);
    let Changes::All(rooms) = cluster.worlds[0].members.changes() else {
        panic!("so many are not kept");
    };
    assert_eq!(rooms, []);
    assert!(matches!(cluster.worlds[0].members.changes(), Changes::None));
}
