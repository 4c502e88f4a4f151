//! Members against a model that asks each time.

use super::*;
use crate::random::Random;

#[test]
fn whatever_happens_everybody_who_reads_knows_who_is_there() {
    let limits = MemberLimits {
        linger: 2 * SECOND,
        listed: 8,
        total_bytes: 16 << 10,
    };
    let mut random = Random::from_environment();
    let mut world = World::new(limits);
    let channels = ["a", "b", "a,b", "b,a,c"];
    let (mut guests, mut viewers) = (Vec::new(), Vec::new());
    let mut passes = [1; 2];
    for waiter in 0..6_000 {
        let some = channels[random.below(channels.len())];
        match random.below(12) {
            10 => tell(&mut world, &mut random, &mut passes),
            11 if random.below(20) == 0 => world.members.forget(random.below(2) as u64, world.now),
            0..=2 => {
                let name = format!("{:0>50}", random.below(12));
                guests.push((world.enter(some, &name, waiter), waiter));
            }
            3..=5 if !guests.is_empty() => {
                let (guest, waiter) = guests.swap_remove(random.below(guests.len()));
                world.leave(&guest, waiter);
            }
            6 if viewers.len() < 8 => viewers.push(world.watch(some, waiter)),
            6 => {
                let viewer: Viewer = viewers.swap_remove(random.below(8));
                world.leave(&viewer.guest, viewer.waiter);
            }
            7 if !viewers.is_empty() => {
                let at = random.below(viewers.len());
                viewers[at].read(&world);
            }
            8 => {
                let name = format!("{:0>50}", random.below(12));
                let who = introduction(Some(&name), None);
                world.members.visit(&list(some), &who, world.now);
            }
            _ => {
                world.pass(Duration::from_millis(random.below(700) as u64));
            }
        }
        if random.below(50) == 0 {
            world.pass(3 * SECOND);
            for viewer in &mut viewers {
                viewer.read(&world);
                for (channel, seen) in &viewer.seen {
                    let there = match world.members.listed(channel) {
                        Listed::Names(names) => {
                            Some(names.iter().map(|(name, _)| name.to_string()).collect())
                        }
                        Listed::Crowd => None,
                    };
                    assert_eq!(*seen, there, "{channel}");
                }
            }
        }
    }
    for (guest, waiter) in guests {
        world.leave(&guest, waiter);
    }
    for viewer in viewers {
        world.leave(&viewer.guest, viewer.waiter);
    }
    for node in 0..2 {
        world.members.forget(node, world.now);
    }
    // Nothing is left, and nothing is counted that is not there.
    world.pass(60 * SECOND);
    assert_eq!(world.members.totals(), (0, 0));
}

/// One of two other servers tells what it has in some channels, and sometimes that this is all.
fn tell(world: &mut World, random: &mut Random, passes: &mut [u32; 2]) {
    let node = random.below(2);
    let is_all = random.below(3) == 0;
    passes[node] += u32::from(is_all);
    let source = Source {
        node: node as u64,
        pass: passes[node],
    };
    let mut rooms = Vec::new();
    for channel in ["a", "b", "d"] {
        let mut news = RoomNews::new(&channel.into(), random.below(12) == 0);
        for _ in 0..random.below(4) {
            let name: Arc<str> = format!("{:0>50}", random.below(12)).into();
            match random.below(2) {
                _ if news.is_crowd => {}
                0 => news.here.push((name, random.below(3) as u32)),
                _ => news.gone.push(name),
            }
        }
        rooms.push(news);
    }
    world.members.hear(source, &rooms, world.now);
    if is_all {
        world.members.sweep(source, world.now);
    }
}
