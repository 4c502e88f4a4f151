//! Disks that fail.

use std::io::ErrorKind;

use super::*;
use crate::journal::tests::reader::{Client, waiters};

/// Publishes until it works again, and returns the number.
fn when_it_works_again(running: &Running, data: &str) -> u64 {
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(20) {
        if let Ok(number) = running.say("a", data) {
            return number;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("it does not work again");
}

#[test]
fn a_full_disk_is_told_to_publishers_and_others_go_on_reading() {
    let device = Device::default();
    let running = Running::start(&device, options(), EPOCH).unwrap();
    assert_eq!(running.say("a", "one"), Ok(1));
    device.fail(Some(ErrorKind::StorageFull));
    for _ in 0..5 {
        assert_eq!(running.say("a", "not kept"), Err(Refusal::NoSpace));
        assert_eq!(running.texts("a"), ["one"]);
        thread::sleep(Duration::from_millis(50));
    }
    device.fail(None);
    let number = when_it_works_again(&running, "two");
    assert!(number > 2, "the number of what failed is not given again");
    assert_eq!(running.texts("a"), ["one", "two"]);
    running.end();
    let again = Running::start(&device, options(), NEXT_EPOCH).unwrap();
    assert_eq!(again.texts("a"), ["one", "two"]);
    assert!(!again.after("a", again.cursor(1)).1);
    again.end();
}

#[test]
fn what_a_failed_commit_left_on_the_disk_is_removed() {
    let device = Device::default();
    let running = Running::start(&device, options(), EPOCH).unwrap();
    assert_eq!(running.say("a", "one"), Ok(1));
    device.lie();
    assert_eq!(running.say("a", "not kept"), Err(Refusal::NotKept));
    device.be_honest();
    when_it_works_again(&running, "two");
    assert_eq!(running.texts("a"), ["one", "two"]);
    running.end();
    let again = Running::start(&device, options(), NEXT_EPOCH).unwrap();
    assert_eq!(again.texts("a"), ["one", "two"]);
    again.end();
}

#[test]
fn a_key_whose_message_was_not_kept_may_come_again() {
    let device = Device::default();
    let key = IdempotencyKey::parse(b"k").unwrap();
    let draft = Draft::message("a", None, "x").under(&key, None);
    let running = Running::start(&device, options(), EPOCH).unwrap();
    device.fail(Some(ErrorKind::Other));
    assert_eq!(running.publish(draft), Err(Refusal::NotKept));
    device.fail(None);
    when_it_works_again(&running, "works");
    assert!(running.publish(draft).is_ok());
    assert_eq!(running.texts("a"), ["works", "x"]);
    running.end();
}

#[test]
fn what_was_acknowledged_early_is_kept_when_the_disk_works_again() {
    let device = Device::default();
    let mut timed = options();
    timed.sync = Some(Duration::from_millis(20));
    let running = Running::start(&device, timed, EPOCH).unwrap();
    device.fail(Some(ErrorKind::Other));
    assert_eq!(running.say("a", "one"), Ok(1));
    let since = Instant::now();
    while running.say("a", "more").is_ok() {
        assert!(since.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(5));
    }
    let acknowledged = running.texts("a");
    device.fail(None);
    when_it_works_again(&running, "last");
    running.end();
    let again = Running::start(&device, options(), NEXT_EPOCH).unwrap();
    let kept = again.texts("a");
    assert_eq!(kept[..acknowledged.len()], acknowledged[..]);
    assert_eq!(kept.last().map(String::as_str), Some("last"));
    again.end();
}

#[test]
fn a_disk_that_fails_until_the_end_does_not_keep_the_server_from_ending() {
    let device = Device::default();
    let running = Running::start(&device, options(), EPOCH).unwrap();
    assert_eq!(running.say("a", "one"), Ok(1));
    device.fail(Some(ErrorKind::Other));
    assert!(running.say("a", "two").is_err());
    running.end();
    device.fail(None);
    let again = Running::start(&device.after_kill(), options(), NEXT_EPOCH).unwrap();
    assert_eq!(again.texts("a"), ["one"]);
    again.end();
}

#[test]
fn nothing_is_told_as_lost_because_of_what_a_full_disk_refused() {
    let device = Device::default();
    let mut few = older::small(20_000);
    few.limits.messages = 100;
    let running = Running::start(&device, few, EPOCH).unwrap();
    for number in 1..=100 {
        assert_eq!(running.say("a", &"x".repeat(300)), Ok(number));
    }
    let waiter = waiters(&running.hub, 1)[0];
    for draft in [Draft::deletion("a"), Draft::message("a", None, "x")] {
        device.fail(Some(ErrorKind::StorageFull));
        assert_eq!(running.publish(draft), Err(Refusal::NoSpace));
        // Memory does not have these, and the disk cannot be read now.
        for since in [running.cursor(0), Since::Earliest] {
            let mut client = Client::new(&running.hub, &["a"], since, waiter);
            assert_eq!(client.position.cursor().sequence(), 0);
            let began = Instant::now();
            let read = loop {
                match client.look(1000) {
                    Read::Reading => thread::sleep(Duration::from_millis(1)),
                    read => break read,
                }
                assert!(began.elapsed() < Duration::from_secs(20));
            };
            assert!(matches!(read, Read::Unreadable), "{read:?}");
            client.leave();
        }
        device.fail(None);
        let began = Instant::now();
        while running.publish(Draft::message("b", None, "works")).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20));
            thread::sleep(Duration::from_millis(10));
        }
        let mut client = Client::new(&running.hub, &["a"], running.cursor(0), waiter);
        assert_eq!(client.all(1000), ((1..=100).collect(), vec![]));
    }
    running.end();
}
