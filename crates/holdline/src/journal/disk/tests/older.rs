//! What memory does not have is read from the disk.

use std::collections::HashSet;

use super::*;
use crate::journal::tests::reader::{Client, waiters};
use crate::random::Random;

pub(super) fn small(memory: u64) -> DiskOptions {
    DiskOptions {
        memory,
        ..options()
    }
}

fn filled(device: &Device, memory: u64, count: u64) -> Running {
    let running = Running::start(device, small(memory), EPOCH).unwrap();
    for number in 1..=count {
        let channel = if number % 3 == 0 { "b" } else { "a" };
        assert_eq!(running.say(channel, &"x".repeat(300)), Ok(number));
    }
    running
}

#[test]
fn old_messages_come_from_the_disk_and_new_ones_from_memory() {
    let device = Device::default();
    let running = filled(&device, 20_000, 200);
    let waiter = waiters(&running.hub, 1)[0];
    for again in [false, true] {
        let running = match again {
            false => &running,
            true => &Running::start(&device.after_kill(), small(20_000), NEXT_EPOCH).unwrap(),
        };
        for budget in [1, 1000, 100_000] {
            let mut client = Client::new(&running.hub, &["a"], Since::Earliest, waiter);
            let numbers: Vec<u64> = (1..=200).filter(|n| n % 3 != 0).collect();
            assert_eq!(client.all(budget), (numbers, vec![]));
            let since = running.cursor(17);
            let mut client = Client::new(&running.hub, &["a", "none", "b"], since, waiter);
            assert_eq!(client.all(budget), ((18..=200).collect(), vec![]));
        }
        assert_eq!(running.disk.archive.len(), 0);
    }
    running.end();
}

#[test]
fn a_cursor_that_says_nothing_is_told_lost_and_gets_all_there_is() {
    let device = Device::default();
    let running = filled(&device, 20_000, 100);
    let waiter = waiters(&running.hub, 1)[0];
    for cursor in [Cursor::new(99, 50), Cursor::new(EPOCH, 1000)] {
        let since = Since::Cursor(cursor);
        let mut client = Client::new(&running.hub, &["a", "b"], since, waiter);
        assert_eq!(client.all(2000), ((1..=100).collect(), vec![0]));
    }
    running.end();
}

#[test]
fn what_the_disk_has_dropped_is_told_as_lost_and_no_more_than_that() {
    let device = Device::default();
    let mut few = small(20_000);
    few.limits.messages = 100;
    let running = Running::start(&device, few, EPOCH).unwrap();
    for number in 1..=300 {
        let channel = if number <= 10 { "quiet" } else { "busy" };
        assert_eq!(running.say(channel, &"x".repeat(300)), Ok(number));
    }
    let waiter = waiters(&running.hub, 1)[0];
    let names = ["busy", "quiet"];
    let mut client = Client::new(&running.hub, &names, running.cursor(3), waiter);
    let rest = || (4..=10).chain(201..=300).collect::<Vec<u64>>();
    assert_eq!(client.all(1000), (rest(), vec![3]));
    let mut client = Client::new(&running.hub, &names, running.cursor(200), waiter);
    assert_eq!(client.all(1000), ((201..=300).collect(), vec![]));
    // Who asks for all there is has lost nothing, unless it is dropped before it comes.
    let mut client = Client::new(&running.hub, &names, Since::Earliest, waiter);
    assert_eq!(client.next(1).messages[0].cursor().sequence(), 1);
    for number in 301..=310 {
        assert_eq!(running.say("busy", "x"), Ok(number));
    }
    let (numbers, lost) = client.all(1000);
    assert_eq!(numbers, (2..=10).chain(211..=310).collect::<Vec<_>>());
    assert_eq!(lost.len(), 1);
    running.end();
}

#[test]
fn a_deletion_counts_for_what_was_read_before_it() {
    let device = Device::default();
    for sync in [None, Some(Duration::from_secs(10))] {
        let running = Running::start(
            &device,
            DiskOptions {
                sync,
                ..small(20_000)
            },
            EPOCH,
        );
        let running = running.unwrap();
        let first = running.say("a", "first").unwrap();
        for _ in 0..100 {
            running.say("a", &"x".repeat(300)).unwrap();
        }
        let waiter = waiters(&running.hub, 1)[0];
        let mut client = Client::new(&running.hub, &["a"], running.cursor(first - 1), waiter);
        assert!(matches!(client.look(1000), Read::Reading));
        // The piece is here, but not given to anybody yet.
        thread::sleep(Duration::from_millis(100));
        let began = Instant::now();
        let deletion = running.publish(Draft::deletion("a")).unwrap();
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "it waits for no timer"
        );
        let new = running.say("a", "new").unwrap();
        assert_eq!(new, deletion + 1);
        let (numbers, lost) = client.all(1000);
        assert_eq!((numbers, lost.len()), (vec![new], 1));
        running.end();
    }
}

#[test]
fn what_is_shown_before_it_is_written_comes_when_it_is_written() {
    let device = Device::default();
    let sync = Some(Duration::from_millis(100));
    let running = Running::start(
        &device,
        DiskOptions {
            sync,
            ..small(5_000)
        },
        EPOCH,
    )
    .unwrap();
    for number in 1..=100 {
        assert_eq!(running.say("a", &"x".repeat(300)), Ok(number));
    }
    let waiter = waiters(&running.hub, 1)[0];
    let mut client = Client::new(&running.hub, &["a"], running.cursor(0), waiter);
    assert_eq!(client.all(1000), ((1..=100).collect(), vec![]));
    running.end();
}

#[test]
fn who_leaves_leaves_nothing_behind() {
    let device = Device::default();
    let running = filled(&device, 20_000, 100);
    for (turn, waiter) in waiters(&running.hub, 50).into_iter().enumerate() {
        let mut client = Client::new(&running.hub, &["a"], Since::Earliest, waiter);
        assert!(matches!(client.look(1000), Read::Reading));
        thread::sleep(Duration::from_millis(turn as u64 % 5));
        client.leave();
        assert_eq!(running.disk.archive.len(), 0);
    }
    running.end();
}

#[test]
fn a_disk_that_cannot_be_read_is_told_and_then_read_when_it_can() {
    let device = Device::default();
    let first = filled(&device, 20_000, 300);
    let left = device.after_kill().without_cache();
    first.end();
    let running = Running::start(&left, small(20_000), EPOCH).unwrap();
    let waiter = waiters(&running.hub, 1)[0];
    let mut client = Client::new(&running.hub, &["a"], Since::Earliest, waiter);
    left.fail_reads(true);
    let since = Instant::now();
    let read = loop {
        match client.look(10_000) {
            Read::Reading => thread::sleep(Duration::from_millis(1)),
            read => break read,
        }
        assert!(since.elapsed() < Duration::from_secs(20));
    };
    assert!(matches!(read, Read::Unreadable));
    assert_eq!(client.position.cursor().sequence(), 0);
    left.fail_reads(false);
    let first = loop {
        // The database is opened again, although nobody publishes.
        match client.look(10_000) {
            Read::Batch(batch) => break batch,
            _ => thread::sleep(Duration::from_millis(1)),
        }
        assert!(since.elapsed() < Duration::from_secs(20));
    };
    let (rest, lost) = client.all(10_000);
    let first = first.messages.iter().map(|one| one.cursor().sequence());
    let all = (1..=300).filter(|number| number % 3 != 0);
    assert!(first.chain(rest).eq(all) && lost.is_empty());
    running.end();
}

/// Several subscribers with changing places read while others publish and delete.
#[test]
fn whatever_happens_each_message_comes_once_and_in_order_or_is_told_lost() {
    let mut random = Random::from_environment();
    let device = Device::default();
    let mut options = small(8_000);
    options.limits.messages = 150;
    let running = Running::start(&device, options, EPOCH).unwrap();
    let waiters = waiters(&running.hub, 3);
    let mut published: Vec<(u64, &str)> = Vec::new();
    let sets: [&[&str]; 3] = [&["a"], &["b", "a"], &["c", "never", "b"]];
    let mut clients: Vec<_> = sets
        .iter()
        .zip(&waiters)
        .map(|(names, &waiter)| Client::new(&running.hub, names, running.cursor(0), waiter))
        .collect();
    for turn in 0..3000 {
        let channel = ["a", "a", "a", "b", "c"][random.below(5)];
        if random.below(400) == 0 {
            assert!(running.publish(Draft::deletion(channel)).is_ok());
        } else {
            let text = "x".repeat(random.below(400));
            published.push((running.say(channel, &text).unwrap(), channel));
        }
        let client = &mut clients[random.below(3)];
        let before = client.position.cursor().sequence();
        match random.below(20) {
            0 => client.leave(),
            1..=4 => {
                let batch = client.next(1 + random.below(3000));
                let got: Vec<_> = batch
                    .messages
                    .iter()
                    .map(|one| one.cursor().sequence())
                    .collect();
                let wanted: HashSet<_> = client.names.iter().map(|name| &**name).collect();
                let wanted = published.iter().filter(|(number, channel)| {
                    *number > before
                        && *number <= client.position.cursor().sequence()
                        && wanted.contains(channel)
                });
                let wanted: Vec<_> = wanted.map(|(number, _)| *number).collect();
                if batch.lost.is_none() && client.position_is_simple() {
                    assert_eq!(got, wanted, "turn {turn}");
                } else {
                    assert!(got.is_sorted() && got.iter().all(|number| wanted.contains(number)));
                }
            }
            _ => {}
        }
    }
    for client in &mut clients {
        client.all(1000);
        client.leave();
    }
    assert_eq!(running.disk.archive.len(), 0);
    running.end();
}

#[test]
fn who_reads_one_channel_from_the_disk_gets_what_only_memory_has_of_another() {
    let device = Device::default();
    let mut few = options();
    few.limits.messages = 5;
    let running = Running::start_with(&device, few, EPOCH, |limits| {
        limits.log.resume_window = Duration::from_secs(60);
        limits.channels = 2;
    });
    let running = running.unwrap();
    for number in 1..=19 {
        assert_eq!(running.say("busy", "x"), Ok(number));
    }
    for (number, channel) in (20..).zip(["quiet", "busy", "other"]) {
        assert_eq!(running.say(channel, "x"), Ok(number));
    }
    // Memory has forgotten the channel `quiet`, and the disk all but five messages of `busy`.
    let waiter = waiters(&running.hub, 1)[0];
    for names in [["quiet", "busy"], ["busy", "quiet"]] {
        for budget in [1, 500, 100_000] {
            let mut client = Client::new(&running.hub, &names, running.cursor(2), waiter);
            assert_eq!(client.all(budget), ((3..=21).collect(), vec![]));
        }
    }
    running.end();
}
