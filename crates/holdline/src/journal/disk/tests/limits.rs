//! What leaves the disk, and what is known of it after a restart.

use super::*;

#[test]
fn each_channel_keeps_so_many_messages() {
    let device = Device::default();
    let mut few = options();
    few.limits.messages = 3;
    let first = Running::start(&device, few, EPOCH).unwrap();
    for number in 1..=10 {
        let channel = if number % 2 == 0 { "a" } else { "b" };
        assert_eq!(first.say(channel, "x"), Ok(number));
    }
    first.end();
    let again = Running::start(&device, few, NEXT_EPOCH).unwrap();
    assert_eq!(numbers(&again.all("a")), [6, 8, 10]);
    assert_eq!(numbers(&again.all("b")), [5, 7, 9]);
    // Message 4 of channel a is gone, and message 3 of channel b.
    assert!(again.after("a", again.cursor(3)).1);
    assert!(!again.after("a", again.cursor(4)).1);
    assert!(again.after("b", again.cursor(2)).1);
    assert!(!again.after("b", again.cursor(3)).1);
    again.end();
}

#[test]
fn without_history_numbers_go_on_and_losses_are_told() {
    let device = Device::default();
    let mut none = options();
    none.limits.messages = 0;
    let first = Running::start(&device, none, EPOCH).unwrap();
    assert_eq!(first.say("a", "one"), Ok(1));
    assert_eq!(first.say("a", "two"), Ok(2));
    first.end();
    let again = Running::start(&device, none, NEXT_EPOCH).unwrap();
    assert_eq!(again.all("a"), []);
    assert!(again.after("a", again.cursor(1)).1);
    assert!(!again.after("a", again.cursor(2)).1);
    assert_eq!(again.say("a", "three"), Ok(3));
    again.end();
}

#[test]
fn the_file_stays_under_twice_the_limit() {
    for size in [20, 300, 3000, 20_000] {
        let device = Device::default();
        let mut total = options();
        total.limits.bytes = 2 << 20;
        total.limits.messages = usize::MAX;
        let running = Running::start(&device, total, EPOCH).unwrap();
        let text = "x".repeat(size);
        let count = (3 * total.limits.bytes as usize / (size + 100)).min(30_000);
        let mut published = 0;
        let channels: Vec<String> = (0..50).map(|i| format!("channel {i}")).collect();
        while published < count {
            for channel in channels.iter().cycle().skip(published).take(200) {
                let appended = running
                    .disk
                    .append(Draft::message(channel, None, &text), None);
                match appended {
                    Ok(_) => published += 1,
                    Err(Refusal::Busy) => break,
                    Err(refusal) => panic!("{refusal:?}"),
                }
            }
            loop {
                match running.say("end", "x") {
                    Err(Refusal::Busy) => thread::sleep(Duration::from_millis(1)),
                    said => break assert!(said.is_ok()),
                }
            }
            let length = device.length() as u64;
            assert!(
                length < 2 * total.limits.bytes,
                "{length} bytes after {published} messages of {size}"
            );
        }
        running.end();
        let again = Running::start(&device, total, NEXT_EPOCH).unwrap();
        let kept: usize = channels
            .iter()
            .map(|channel| again.all(channel).len())
            .sum();
        let least = total.limits.bytes as usize / 3 / (size + 100);
        assert!(
            kept > least && kept < count,
            "{kept} messages of {size} are there"
        );
        again.end();
    }
}

#[test]
fn what_is_too_old_is_not_there_after_a_restart() {
    let device = Device::default();
    let first = Running::start(&device, options(), EPOCH).unwrap();
    assert_eq!(first.say("a", "old"), Ok(1));
    first.end();
    thread::sleep(Duration::from_millis(1200));
    let second = Running::start(&device, options(), EPOCH).unwrap();
    assert_eq!(second.say("a", "new"), Ok(2));
    second.end();
    let mut short = options();
    short.limits.age = Some(1000);
    let third = Running::start(&device, short, EPOCH).unwrap();
    assert_eq!(third.texts("a"), ["new"]);
    assert!(third.after("a", third.cursor(0)).1);
    // The disk drops them while nothing is published.
    thread::sleep(Duration::from_millis(3500));
    third.end();
    let fourth = Running::start(&device, options(), EPOCH).unwrap();
    assert_eq!(fourth.all("a"), []);
    assert!(fourth.after("a", fourth.cursor(1)).1);
    assert!(!fourth.after("a", fourth.cursor(2)).1);
    fourth.end();
}

#[test]
fn the_longest_silent_channels_are_forgotten() {
    let device = Device::default();
    let mut few = options();
    few.limits.channels = 2;
    let first = Running::start(&device, few, EPOCH).unwrap();
    for (number, channel) in (1..).zip(["a", "b", "a", "c"]) {
        assert_eq!(first.say(channel, "x"), Ok(number));
    }
    first.end();
    let again = Running::start(&device, few, NEXT_EPOCH).unwrap();
    assert_eq!(again.all("b"), []);
    assert!(again.after("b", again.cursor(1)).1);
    assert_eq!(numbers(&again.all("a")), [1, 3]);
    assert_eq!(numbers(&again.all("c")), [4]);
    again.end();
}

#[test]
fn what_was_deleted_does_not_come_back_when_its_channel_was_forgotten() {
    let device = Device::default();
    let mut few = options();
    few.limits.channels = 2;
    let first = Running::start(&device, few, EPOCH).unwrap();
    for (number, channel) in (1..).zip(["b", "a", "a"]) {
        assert_eq!(first.say(channel, "secret"), Ok(number));
    }
    assert_eq!(first.publish(Draft::deletion("a")), Ok(4));
    // Now channel a has been silent longest, and there is no room for it.
    for (number, channel) in (5..).zip(["b", "c"]) {
        assert_eq!(first.say(channel, "x"), Ok(number));
    }
    let left = device.after_kill();
    let again = Running::start(&left, options(), NEXT_EPOCH).unwrap();
    assert_eq!(again.all("a"), []);
    assert!(again.after("a", again.cursor(1)).1, "it lost messages");
    again.end();
    // It comes again.
    assert_eq!(first.say("a", "new"), Ok(7));
    let left = device.after_kill();
    for options in [few, options()] {
        let again = Running::start(&left, options, NEXT_EPOCH).unwrap();
        assert_eq!(again.texts("a"), ["new"]);
        assert!(again.after("a", again.cursor(1)).1, "it lost messages");
        assert!(!again.after("a", again.cursor(6)).1);
        again.end();
    }
    first.end();
}
