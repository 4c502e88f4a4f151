//! Power cuts, and files that are not what they were.

use super::*;
use crate::journal::disk::store::tests::set_format;
use crate::random::Random;

/// How many power cuts: more in the long form.
fn rounds() -> usize {
    match std::env::var_os("HOLDLINE_LONG") {
        Some(_) => 1000,
        None => 50,
    }
}

/// Publishes at random, is cut at random. What was acknowledged is there, in order, and nothing else but what was under
/// way.
#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let mut random = Random::from_environment();
    let mut device = Device::default();
    let mut acknowledged: Vec<(u64, String)> = Vec::new();
    for round in 0..rounds() {
        let mut some = options();
        some.limits.messages = 40;
        let running = Running::start(&device, some, EPOCH).unwrap();
        let there = running.all("a");
        let last = acknowledged.last().map_or(0, |(number, _)| *number);
        let (old, late) = there.split_at(there.partition_point(|(number, _)| *number <= last));
        assert!(
            late.iter().all(|(_, text)| text == "late"),
            "round {round}: {late:?}"
        );
        let room = some.limits.messages - late.len();
        let from = acknowledged.len().saturating_sub(room);
        assert!(
            old == &acknowledged[from..],
            "round {round}: {old:?} is left of {acknowledged:?}"
        );
        assert!(there.is_sorted());
        assert_eq!(running.hub.cursor_of(0).epoch(), EPOCH);
        acknowledged = there;
        for _ in 0..random.below(12) {
            let text = "x".repeat(random.below(3000));
            let number = running.say("a", &text).unwrap();
            acknowledged.push((number, text));
        }
        // Some are under way when the power is cut.
        let under_way = random.below(4);
        for _ in 0..under_way {
            let appended = running.disk.append(Draft::message("a", None, "late"), None);
            assert!(appended.is_ok());
        }
        for _ in 0..random.below(2000) {
            std::hint::spin_loop();
        }
        device = device.after_power_cut(&mut random);
        running.end();
    }
}

/// A database with some messages, as a clean end and as a crash leave it, and what is in it.
fn written() -> ([Device; 2], Vec<(u64, String)>) {
    let device = Device::default();
    let running = Running::start(&device, options(), EPOCH).unwrap();
    for number in 1..=300_u64 {
        let text = format!("{number} {}", "x".repeat(number as usize % 90));
        assert_eq!(running.say("a", &text), Ok(number));
    }
    let all = running.all("a");
    let killed = device.after_kill();
    running.end();
    ([device.after_kill(), killed], all)
}

/// Starts with what is left of a file: a clear error, or all messages, or earlier messages and an error that says so.
fn judge(device: &Device, whole: &[(u64, String)]) -> Option<usize> {
    match Running::start(device, options(), NEXT_EPOCH) {
        Err(error) => {
            assert!(!error.is_empty());
            None
        }
        Ok(running) => {
            let there = running.all("a");
            let epoch = running.hub.cursor_of(0).epoch();
            running.end();
            if epoch == EPOCH {
                assert!(there == whole, "the same life without all of its messages");
            } else {
                // An empty file is a new database.
                assert!(there.is_empty(), "{there:?}");
            }
            Some(there.len())
        }
    }
}

#[test]
fn a_flipped_bit_is_an_error_or_does_not_matter() {
    let mut random = Random::from_environment();
    let (devices, whole) = written();
    let (mut errors, mut whole_ones) = (0, 0);
    for round in 0..300 {
        let device = &devices[round % 2];
        let mut bytes = device.bytes();
        let at = match round % 3 {
            // The header is small and matters most.
            0 => random.below(512),
            _ => random.below(bytes.len()),
        };
        bytes[at] ^= 1 << random.below(8);
        let damaged = device.after_kill();
        damaged.replace(bytes);
        match judge(&damaged, &whole) {
            None => errors += 1,
            Some(_) => whole_ones += 1,
        }
    }
    println!("{errors} errors, {whole_ones} whole");
    assert!(errors > 50);
}

#[test]
fn a_file_that_was_cut_is_an_error_or_does_not_matter() {
    let mut random = Random::from_environment();
    let (devices, whole) = written();
    let mut errors = 0;
    for round in 0..300 {
        let device = &devices[round % 2];
        let mut bytes = device.bytes();
        bytes.truncate(1 + random.below(bytes.len()));
        let damaged = device.after_kill();
        damaged.replace(bytes);
        errors += usize::from(judge(&damaged, &whole).is_none());
    }
    println!("{errors} errors");
    assert!(errors > 50);
}

#[test]
fn a_database_that_went_back_is_noticed() {
    let device = Device::default();
    let running = Running::start(&device, options(), EPOCH).unwrap();
    assert_eq!(running.say("a", "one"), Ok(1));
    let before = device.bytes();
    assert_eq!(running.say("a", "two"), Ok(2));
    let old = device.after_kill();
    old.replace(before);
    let error = Running::start(&old, options(), NEXT_EPOCH).err().unwrap();
    assert!(error.contains("ends with message 1"), "{error}");
    // As the error says.
    let mut new = options();
    new.new_epoch = true;
    let again = Running::start(&old, new, NEXT_EPOCH).unwrap();
    assert_eq!(again.texts("a"), ["one"]);
    assert_eq!(again.say("a", "three"), Ok(3));
    again.end();
    running.end();
}

#[test]
fn a_later_format_is_refused_with_what_is_needed() {
    let device = Device::default();
    Running::start(&device, options(), EPOCH).unwrap().end();
    set_format(&device, 9);
    let error = Running::start(&device, options(), EPOCH).err().unwrap();
    assert!(error.contains("its format is 9"), "{error}");
    assert!(error.contains("a later one"), "{error}");
}
