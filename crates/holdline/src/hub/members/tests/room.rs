//! More names than are listed, or than there is memory for.

use super::*;

#[test]
fn a_crowd_has_counts_only_until_a_quarter_of_the_most_has_gone() {
    let limits = MemberLimits {
        listed: 4,
        ..MemberLimits::default()
    };
    let mut world = World::new(limits);
    let mut viewer = world.watch("a", 100);
    let mut guests: Vec<Guest> = (0..4)
        .map(|n| world.enter("a", &n.to_string(), n))
        .collect();
    world.pass(SECOND);
    assert_eq!(viewer.read(&world), ["members 0,1,2,3"]);
    guests.push(world.enter("a", "4", 4));
    assert!(world.is_crowd("a"));
    world.pass(SECOND);
    assert_eq!(viewer.read(&world), ["members ?"]);
    // Who comes now is told the same.
    assert_eq!(world.watch("a", 101).read(&world), ["members ?"]);
    // Nobody is told of changes in a crowd.
    guests.push(world.enter("a", "5", 5));
    assert!(!world.pass(SECOND).contains(&100));
    for n in [0, 1] {
        world.leave(&guests[n], n as u32);
    }
    world.pass(11 * SECOND);
    assert!(world.is_crowd("a"));
    world.leave(&guests[2], 2);
    world.pass(11 * SECOND);
    assert_eq!(viewer.read(&world), ["members 3,4,5"]);
    assert_eq!(world.listed("a").len(), 3);
}

#[test]
fn names_for_which_there_is_no_room_make_a_crowd_and_nothing_is_kept_of_them() {
    let limits = MemberLimits {
        total_bytes: 4 << 10,
        ..MemberLimits::default()
    };
    let mut world = World::new(limits);
    let mut viewer = world.watch("a", 100);
    let guests: Vec<Guest> = (0..50)
        .map(|n| world.enter("a", &format!("{n:0>100}"), n))
        .collect();
    for n in 50..1000 {
        let name = n.to_string();
        let who = introduction(Some(&name), None);
        world
            .members
            .visit(&list(&format!("c{n}")), &who, world.now);
        world.members.visit(&list("a"), &who, world.now);
        let watches = introduction(None, Some(Box::new([0])));
        world
            .members
            .visit(&list(&format!("d{n}")), &watches, world.now);
    }
    let (names, bytes) = world.members.totals();
    assert!((1..10).contains(&names), "{names}");
    assert!(bytes <= 4 << 10, "{bytes}");
    assert!(world.is_crowd("a"));
    world.pass(SECOND);
    assert_eq!(viewer.read(&world), ["members ?"]);
    for (guest, waiter) in guests.iter().zip(0..) {
        world.leave(guest, waiter);
    }
    world.pass(11 * SECOND);
    assert_eq!(viewer.read(&world), ["members "]);
    assert_eq!(world.members.totals().0, 0);
}

#[test]
fn nothing_is_remembered_of_channels_that_nobody_is_in() {
    let mut world = World::new(MemberLimits::default());
    let mut viewer = world.watch("b", 100);
    for n in 0..100 {
        let channels = format!("a{n},b");
        let guest = world.enter(&channels, "ann", n);
        world.leave(&guest, n);
    }
    world.leave(&viewer.guest, 100);
    world.pass(60 * SECOND);
    assert_eq!(world.members.totals(), (0, 0));
    assert_eq!(
        world.members.wait(world.now),
        Duration::from_millis(u64::MAX) - world.now
    );
    assert_eq!(viewer.read(&world), ["members "]);
}
