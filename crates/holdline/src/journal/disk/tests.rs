//! The journal on a disk in memory. `faults` tests disks that fail, `crashes` power cuts and damaged files, `limits` what
//! is dropped, `older` what memory does not have, `gaps` what never came.

mod crashes;
mod device;
mod faults;
mod gaps;
mod limits;
mod older;

use std::thread;
use std::time::Instant;

use holdline_comet::{Cursor, LogLimits, Position, Since};

use self::device::Device;
use super::*;
use crate::hub::{Batch, HubLimits, Read};
use crate::idempotency_key::IdempotencyKey;
use crate::poll_answer::ANSWER;

const EPOCH: u64 = 7;
const NEXT_EPOCH: u64 = 8;

fn options() -> DiskOptions {
    DiskOptions {
        limits: DiskLimits {
            messages: 1000,
            age: None,
            bytes: 16 << 20,
            channels: 100,
        },
        sync: None,
        new_epoch: false,
        cache: 1 << 20,
        memory: 16 << 20,
        most_waiting: 1 << 20,
        keys: 100,
    }
}

/// A server without its network.
struct Running {
    hub: Arc<Hub>,
    disk: Disk,
}

impl Running {
    fn start(device: &Device, options: DiskOptions, epoch: u64) -> Result<Self, String> {
        Self::start_with(device, options, epoch, |_| {})
    }

    /// The same with other limits of what memory has.
    fn start_with(
        device: &Device,
        options: DiskOptions,
        epoch: u64,
        change: impl FnOnce(&mut HubLimits),
    ) -> Result<Self, String> {
        let place = Arc::new(device.clone());
        let opened = OpenedDisk::at(place, options, epoch).map_err(|error| error.to_string())?;
        let mut log = LogLimits::default();
        log.max_messages = options.limits.messages;
        log.max_bytes = usize::MAX;
        log.resume_window = Duration::ZERO;
        log.max_age = options.limits.age.map(Duration::from_millis);
        let mut limits = HubLimits::ample(log);
        limits.total_bytes = options.memory;
        change(&mut limits);
        let hub = Arc::new(Hub::new(opened.lives.clone(), limits));
        let disk = Disk::start(opened, &hub)?;
        Ok(Self { hub, disk })
    }

    /// Publishes, and waits for the answer: the number, or why not.
    fn publish(&self, draft: Draft<'_>) -> Result<u64, Refusal> {
        let receipt = match self.disk.append(draft, None)? {
            Appended::Shown(published) => return Ok(published.cursor.sequence()),
            Appended::Later(receipt) | Appended::Repeated(receipt) => receipt,
        };
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(20) {
            match receipt.outcome() {
                Outcome::Pending | Outcome::Kept(_) => thread::sleep(Duration::from_micros(50)),
                Outcome::Shown(published) => return Ok(published.cursor.sequence()),
                Outcome::Before(cursor) => return Ok(cursor.sequence()),
                Outcome::Refused(refusal) => return Err(refusal),
            }
        }
        panic!("no answer");
    }

    fn say(&self, channel: &str, data: &str) -> Result<u64, Refusal> {
        self.publish(Draft::message(channel, None, data))
    }

    /// The numbers and texts after a cursor, and whether something was lost.
    fn after(&self, channel: &str, since: Since) -> (Vec<(u64, String)>, bool) {
        let names = [Arc::from(channel)];
        let mut position = self.hub.position(&names, since);
        let (mut got, mut lost) = (Vec::new(), false);
        loop {
            let batch = self.read(&names, &mut position);
            lost |= batch.lost.is_some();
            got.extend(
                batch
                    .messages
                    .iter()
                    .map(|message| (message.cursor().sequence(), message.data().to_owned())),
            );
            if !batch.more {
                return (got, lost);
            }
        }
    }

    fn read(&self, names: &[Arc<str>], position: &mut Position) -> Batch {
        match self.hub.read(names, position, ANSWER, None) {
            Read::Batch(batch) => batch,
            Read::Later | Read::Reading | Read::Unreadable => panic!("not here: {position:?}"),
        }
    }

    fn all(&self, channel: &str) -> Vec<(u64, String)> {
        self.after(channel, Since::Earliest).0
    }

    fn texts(&self, channel: &str) -> Vec<String> {
        self.all(channel)
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }

    fn cursor(&self, number: u64) -> Since {
        Since::Cursor(self.hub.cursor_of(number))
    }

    fn end(self) {
        self.disk.close();
    }
}

fn numbers(messages: &[(u64, String)]) -> Vec<u64> {
    messages.iter().map(|(number, _)| *number).collect()
}

#[test]
fn a_restart_keeps_messages_and_cursors() {
    let device = Device::default();
    let first = Running::start(&device, options(), EPOCH).unwrap();
    assert_eq!(first.say("a", "one"), Ok(1));
    assert_eq!(
        first.publish(Draft::message("b", Some("news"), "two")),
        Ok(2)
    );
    assert_eq!(first.say("a", "three"), Ok(3));
    first.end();
    let again = Running::start(&device, options(), NEXT_EPOCH).unwrap();
    assert_eq!(again.hub.cursor_of(3), Cursor::new(EPOCH, 3));
    let (messages, lost) = again.after("a", Since::Cursor(Cursor::new(EPOCH, 1)));
    assert_eq!((messages, lost), (vec![(3, "three".to_owned())], false));
    assert_eq!(again.texts("b"), ["two"]);
    assert_eq!(
        again
            .hub
            .position(&["b".into()], Since::Now)
            .cursor()
            .sequence(),
        3
    );
    // A cursor that nobody was given says nothing.
    assert!(again.after("a", Since::Cursor(Cursor::new(EPOCH, 4))).1);
    assert_eq!(again.say("b", "four"), Ok(4));
    again.end();
}

#[test]
fn a_killed_server_keeps_the_same_life_if_it_syncs_always() {
    let device = Device::default();
    let first = Running::start(&device, options(), EPOCH).unwrap();
    for number in 1..=20 {
        assert_eq!(first.say("a", "x"), Ok(number));
    }
    let left = device.after_kill();
    let again = Running::start(&left, options(), NEXT_EPOCH).unwrap();
    let (messages, lost) = again.after("a", Since::Cursor(Cursor::new(EPOCH, 5)));
    assert_eq!((numbers(&messages), lost), ((6..=20).collect(), false));
    assert_eq!(again.say("a", "x"), Ok(21));
    again.end();
    first.end();
}

#[test]
fn a_killed_server_that_syncs_now_and_then_begins_a_new_life() {
    let device = Device::default();
    let mut timed = options();
    timed.sync = Some(Duration::from_secs(10));
    let first = Running::start(&device, timed, EPOCH).unwrap();
    assert_eq!(first.say("a", "one"), Ok(1));
    let left = device.after_kill();
    let again = Running::start(&left, timed, NEXT_EPOCH).unwrap();
    let (messages, lost) = again.after("a", Since::Cursor(Cursor::new(EPOCH, 1)));
    assert_eq!((messages, lost), (vec![], true));
    // The number that was lost is not given again.
    assert!(again.say("a", "two").unwrap() > 1);
    assert_eq!(again.hub.cursor_of(0).epoch(), NEXT_EPOCH);
    again.end();
    first.end();
}

#[test]
fn a_server_that_syncs_now_and_then_and_ends_well_keeps_its_life() {
    let device = Device::default();
    let mut timed = options();
    timed.sync = Some(Duration::from_secs(10));
    let first = Running::start(&device, timed, EPOCH).unwrap();
    let syncs = device.syncs();
    assert_eq!(
        (first.say("a", "one"), first.say("a", "two")),
        (Ok(1), Ok(2))
    );
    assert_eq!(device.syncs(), syncs, "nobody waits for the disk");
    first.end();
    let again = Running::start(&device, options(), NEXT_EPOCH).unwrap();
    let (messages, lost) = again.after("a", Since::Cursor(Cursor::new(EPOCH, 1)));
    assert_eq!((messages, lost), (vec![(2, "two".to_owned())], false));
    again.end();
}

#[test]
fn a_copy_with_a_new_epoch_tells_clients_that_messages_may_be_lost() {
    let device = Device::default();
    let first = Running::start(&device, options(), EPOCH).unwrap();
    assert_eq!(first.say("a", "one"), Ok(1));
    first.end();
    let mut new = options();
    new.new_epoch = true;
    let again = Running::start(&device, new, NEXT_EPOCH).unwrap();
    let (messages, lost) = again.after("a", Since::Cursor(Cursor::new(EPOCH, 1)));
    assert_eq!((messages, lost), (vec![(1, "one".to_owned())], true));
    assert_eq!(again.say("a", "two"), Ok(2));
    again.end();
}

#[test]
fn a_deleted_channel_stays_deleted() {
    let device = Device::default();
    let first = Running::start(&device, options(), EPOCH).unwrap();
    for number in 1..=3 {
        assert_eq!(first.say("a", "x"), Ok(number));
    }
    assert_eq!(first.say("b", "x"), Ok(4));
    assert_eq!(first.publish(Draft::deletion("a")), Ok(5));
    first.end();
    let again = Running::start(&device, options(), NEXT_EPOCH).unwrap();
    assert_eq!(again.all("a"), []);
    assert!(again.after("a", again.cursor(2)).1, "it lost a message");
    assert_eq!(again.texts("b"), ["x"]);
    // The number of the deletion is not given again.
    assert_eq!(again.say("a", "new"), Ok(6));
    again.end();
    let third = Running::start(&device, options(), NEXT_EPOCH).unwrap();
    assert_eq!(third.texts("a"), ["new"]);
    assert!(third.after("a", third.cursor(2)).1);
    assert!(!third.after("a", third.cursor(5)).1);
    third.end();
}

#[test]
fn a_key_is_remembered_over_a_restart_and_forgotten_by_a_new_life() {
    let device = Device::default();
    let key = IdempotencyKey::parse(b"k").unwrap();
    let draft = |data| Draft::message("a", None, data).under(&key, None);
    let first = Running::start(&device, options(), EPOCH).unwrap();
    assert_eq!(first.publish(draft("one")), Ok(1));
    let left = device.after_kill();
    let again = Running::start(&left, options(), NEXT_EPOCH).unwrap();
    assert_eq!(again.publish(draft("one")), Ok(1));
    assert_eq!(again.publish(draft("other")), Err(Refusal::OtherContent));
    assert_eq!(again.texts("a"), ["one"]);
    again.end();
    let mut new = options();
    new.new_epoch = true;
    let third = Running::start(&left, new, NEXT_EPOCH).unwrap();
    assert_eq!(third.publish(draft("one")), Ok(2));
    third.end();
    first.end();
}

#[test]
fn many_publishers_share_a_commit() {
    let device = Device::default();
    let running = Running::start(&device, options(), EPOCH).unwrap();
    let before = device.syncs();
    let receipts: Vec<_> = (0..200)
        .map(|_| running.disk.append(Draft::message("a", None, "x"), None))
        .collect();
    assert!(receipts.iter().all(Result::is_ok));
    assert_eq!(running.say("a", "last"), Ok(201));
    let syncs = device.syncs() - before;
    assert!(syncs < 100, "{syncs} syncs for 201 messages");
    running.end();
}

#[test]
fn after_a_restart_memory_has_the_newest() {
    let device = Device::default();
    let first = Running::start(&device, options(), EPOCH).unwrap();
    for number in 1..=50 {
        assert_eq!(first.say("a", &"x".repeat(1000)), Ok(number));
    }
    assert_eq!(first.say("b", "x"), Ok(51));
    first.end();
    let mut small = options();
    small.memory = 20_000;
    let again = Running::start(&device, small, NEXT_EPOCH).unwrap();
    let messages = numbers(&again.after("a", again.cursor(10)).0);
    assert!((5..20).contains(&messages.len()), "{messages:?}");
    assert_eq!(messages.last(), Some(&50));
    assert!(!again.after("a", again.cursor(messages[0] - 1)).1);
    again.end();
}

#[test]
fn a_restart_keeps_that_something_is_missing() {
    for sync in [None, Some(Duration::from_millis(20))] {
        let device = Device::default();
        let first = Running::start(&device, DiskOptions { sync, ..options() }, EPOCH).unwrap();
        assert_eq!(first.say("news.a", "one"), Ok(1));
        assert_eq!(first.publish(Draft::gap("news.*")), Ok(2));
        assert_eq!(first.say("news.a", "three"), Ok(3));
        first.end();
        let again = Running::start(&device, options(), NEXT_EPOCH).unwrap();
        for (cursor, expected, lost) in [
            (0, vec![1, 3], true),
            (1, vec![3], true),
            (2, vec![3], false),
        ] {
            let (messages, was_lost) = again.after("news.a", again.cursor(cursor));
            assert_eq!((numbers(&messages), was_lost), (expected, lost), "{cursor}");
        }
        assert_eq!(again.after("other", again.cursor(1)), (Vec::new(), false));
        assert_eq!(again.say("news.a", "four"), Ok(4));
        again.end();
    }
}
