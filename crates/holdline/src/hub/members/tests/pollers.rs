//! Members that poll, and those who poll to know.

use super::*;

#[test]
fn who_polls_is_a_member_between_two_polls() {
    let mut world = World::new(MemberLimits::default());
    let mut viewer = world.watch("a,b", 9);
    viewer.read(&world);
    for _ in 0..20 {
        let who = introduction(Some("ann"), None);
        world.members.visit(&list("a,b"), &who, world.now);
        assert_eq!(world.listed("b"), pairs(&[("ann", 0)]));
        world.pass(9 * SECOND);
    }
    assert_eq!(viewer.read(&world), ["join ann", "join ann"]);
    // A stream of the same name makes no difference.
    let stream = world.enter("a", "ann", 1);
    let who = introduction(Some("ann"), None);
    world.members.visit(&list("a"), &who, world.now);
    assert_eq!(world.listed("a"), pairs(&[("ann", 1)]));
    world.pass(60 * SECOND);
    assert_eq!(viewer.read(&world), ["leave ann"]);
    assert_eq!(world.listed("b"), []);
    world.leave(&stream, 1);
    world.pass(11 * SECOND);
    assert_eq!(viewer.read(&world), ["leave ann"]);
}

#[test]
fn a_poller_shows_what_it_was_told_and_gets_what_came_since() {
    let mut world = World::new(MemberLimits::default());
    let channels = list("a,b");
    let mut events = Vec::new();
    let mut token = "true".to_owned();
    let mut poll = |world: &World| {
        let told = world.members.told(&token, 2).unwrap();
        let who = introduction(None, Some(told));
        world.members.visit(&channels, &who, world.now);
        let mut watch = who.watch().unwrap();
        let news = world.members.news(&channels, &mut watch, usize::MAX);
        token = world.members.token(&watch);
        events.clear();
        events.extend(
            news.told
                .iter()
                .map(|told| format!("{} {}", told.event, told.data())),
        );
        events.clone()
    };
    let none = |channel| format!(r#"holdline.members {{"channel":"{channel}","names":[]}}"#);
    assert_eq!(poll(&world), [none("a"), none("b")]);
    let ann = world.enter("b", "ann", 1);
    world.pass(SECOND);
    assert_eq!(
        poll(&world),
        [r#"holdline.join {"channel":"b","names":["ann"]}"#]
    );
    assert_eq!(poll(&world), [] as [&str; 0]);
    // Others come and go elsewhere, which is nothing to it.
    let eve = world.enter("c", "eve", 2);
    world.pass(SECOND);
    world.leave(&eve, 2);
    world.leave(&ann, 1);
    world.pass(25 * SECOND);
    assert_eq!(
        poll(&world),
        [r#"holdline.leave {"channel":"b","names":["ann"]}"#]
    );
    world.pass(25 * SECOND);
    assert_eq!(poll(&world), [] as [&str; 0]);
}

#[test]
fn a_token_of_something_else_is_told_everything() {
    let world = World::new(MemberLimits::default());
    for nothing in ["true", "8-1.1", "7-1", "7-1.1.1", "0-0"] {
        assert_eq!(
            *world.members.told(nothing, 2).unwrap(),
            [0, 0],
            "{nothing}"
        );
    }
    assert_eq!(
        *world.members.told("7-ffffffff.0", 2).unwrap(),
        [0xffff_ffff, 0]
    );
    for bad in [
        "",
        "false",
        "7",
        "7-",
        "7-1.",
        "7-1.x",
        "7-1.-1",
        "7-1..1",
        "7-fffffffffffffffff",
        "7-1.0-1",
        "7-1.F",
    ] {
        assert_eq!(world.members.told(bad, 2), None, "{bad}");
    }
    // What cannot have been told was not told.
    let told = world.members.told("7-ffffffff", 1);
    let mut watch = introduction(None, told).watch().unwrap();
    let news = world.members.news(&list("a"), &mut watch, 1);
    assert_eq!(news.told.len(), 1);
    assert_eq!(world.members.token(&watch), "7-1");
}
