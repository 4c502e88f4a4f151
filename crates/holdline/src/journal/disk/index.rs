//! What is on the disk, channel by channel, in memory: numbers and sizes, no texts.
//!
//! The file has no such index. It would be written at a random place for each message, which costs many times as much
//! as the message itself. Instead each row says which message of its channel came before it, and this is made anew when
//! the database is opened, while all rows are read and checked anyway.
//!
//! A message that is dropped is *dead*: from then on nobody gets it. Dead rows leave the file many at a time, oldest
//! first. Those that are still there after a crash are messages of the history again until the limits drop them again.
//! Only those of a deleted channel must not be: the file has a *mark* for them, up to which all is gone. A channel that is
//! forgotten loses its mark and stays forgotten; if it comes again, it has a mark again.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use crate::hub::Mark;

/// How much history there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DiskLimits {
    /// Messages in each channel.
    pub(crate) messages: usize,
    /// Milliseconds.
    pub(crate) age: Option<u64>,
    /// Bytes of the file, at most half of which are for what is being written.
    pub(crate) bytes: u64,
    pub(crate) channels: usize,
}

impl DiskLimits {
    /// Bytes for live rows, as they are [charged](super::row::charge). The rest is for dead ones, and for the pages that
    /// a transaction needs before it gives others back.
    fn live_bytes(&self) -> u64 {
        self.bytes - self.bytes / 8 - (4 * TRANSACTION).min(self.bytes / 4)
    }

    /// How many bytes of messages one transaction keeps. In the file they may take twice as much.
    pub(super) fn transaction(&self) -> usize {
        TRANSACTION.min(self.bytes / 16) as usize
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    shelves: HashMap<Arc<str>, Shelf>,
    /// Channels that have messages, by the number of their oldest.
    oldest: BTreeMap<u64, Arc<str>>,
    /// All channels by the number of their last message: the longest silent one comes first.
    silent: BTreeSet<(u64, Arc<str>)>,
    /// Rows that are to leave the file, and their bytes.
    dead: BTreeMap<u64, u64>,
    dead_bytes: u64,
    bytes: u64,
    messages: u64,
    /// The last message of any channel that is not here any more.
    forgotten: u64,
    /// About once a second, the number of a message and when it came.
    times: VecDeque<(u64, u64)>,
    /// Channels whose mark is to be written.
    marks: BTreeSet<Arc<str>>,
    /// Where channels began before messages were dropped, until the file says that they are.
    begins: HashMap<Arc<str>, Mark>,
    /// The transaction that was to say so has failed.
    has_failed: bool,
}

/// The messages of a channel.
#[derive(Clone, Debug, Default)]
struct Shelf {
    entries: VecDeque<Entry>,
    /// The last message that is gone.
    gone: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    number: u64,
    bytes: u32,
}

impl Shelf {
    fn begin(&self) -> Mark {
        Mark {
            gone: self.gone,
            first: self.entries.front().map(|entry| entry.number),
        }
    }

    /// The number of the last message, whether it is there or gone.
    fn last(&self) -> u64 {
        self.entries.back().map_or(self.gone, |entry| entry.number)
    }
}

impl Index {
    /// Without any channel, but with channels that are forgotten.
    pub(super) fn new(forgotten: u64) -> Self {
        Self {
            forgotten,
            ..Self::default()
        }
    }

    /// A channel is there whose messages up to `gone` are gone, according to its mark.
    pub(super) fn set_mark(&mut self, name: &str, gone: u64) {
        let shelf = Shelf {
            gone,
            ..Shelf::default()
        };
        let name: Arc<str> = name.into();
        self.silent.insert((gone, Arc::clone(&name)));
        self.shelves.insert(name, shelf);
    }

    /// The last message of a channel, or a greater number if that is forgotten.
    pub(super) fn previous(&self, name: &str) -> u64 {
        self.shelves.get(name).map_or(self.forgotten, Shelf::last)
    }

    /// A message with a greater number than all before. `previous` is what its row says.
    pub(super) fn push(&mut self, number: u64, name: &str, previous: u64, bytes: u64, time: u64) {
        let name = match self.shelves.get_key_value(name) {
            Some((name, _)) => Arc::clone(name),
            None => {
                let name: Arc<str> = name.into();
                let shelf = Shelf {
                    gone: previous,
                    ..Shelf::default()
                };
                self.shelves.insert(Arc::clone(&name), shelf);
                if previous > 0 && previous == self.forgotten {
                    // If it was there before, its rows may still be in the file, and some of them were deleted.
                    self.marks.insert(Arc::clone(&name));
                }
                name
            }
        };
        let Some(shelf) = self.shelves.get_mut(&name) else {
            return;
        };
        if number <= shelf.gone {
            // It was deleted.
            self.bury(number, bytes);
            return;
        }
        if previous > shelf.last() && !shelf.entries.is_empty() {
            // There was one in between, so that those before it are no history without a hole.
            self.drop_all(&name);
        }
        let Some(shelf) = self.shelves.get_mut(&name) else {
            return;
        };
        self.silent.remove(&(shelf.last(), Arc::clone(&name)));
        if shelf.entries.is_empty() {
            shelf.gone = shelf.gone.max(previous);
            self.oldest.insert(number, Arc::clone(&name));
        }
        shelf.entries.push_back(Entry {
            number,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        });
        self.silent.insert((number, name));
        self.bytes += bytes;
        self.messages += 1;
        if self
            .times
            .back()
            .is_none_or(|(_, last)| time >= last + SECOND)
        {
            self.times.push_back((number, time));
        }
    }

    /// Deletes some of what there is of a channel, oldest first: call it until it says that nothing is left. So others
    /// do not wait long for the index.
    pub(super) fn delete_some(&mut self, name: &str) -> bool {
        let Some((name, _)) = self.shelves.get_key_value(name) else {
            return false;
        };
        let name = Arc::clone(name);
        self.marks.insert(Arc::clone(&name));
        (0..SWEEP).all(|_| self.drop_oldest(&name))
    }

    fn drop_all(&mut self, name: &Arc<str>) {
        while self.drop_oldest(name) {}
        self.marks.insert(Arc::clone(name));
    }

    /// Drops the oldest message of a channel. Returns whether there was one.
    fn drop_oldest(&mut self, name: &Arc<str>) -> bool {
        let Some(shelf) = self.shelves.get_mut(name) else {
            return false;
        };
        let begin = shelf.begin();
        let Some(entry) = shelf.entries.pop_front() else {
            return false;
        };
        self.begins.entry(Arc::clone(name)).or_insert(begin);
        shelf.gone = entry.number;
        self.oldest.remove(&entry.number);
        match shelf.entries.front() {
            Some(next) => {
                self.oldest.insert(next.number, Arc::clone(name));
            }
            None => {
                shelf.entries.shrink_to_fit();
                self.marks.insert(Arc::clone(name));
            }
        }
        self.messages -= 1;
        self.bytes -= u64::from(entry.bytes);
        self.bury(entry.number, entry.bytes.into());
        true
    }

    fn bury(&mut self, number: u64, bytes: u64) {
        self.dead.insert(number, bytes);
        self.dead_bytes += bytes;
    }

    /// Keeps one channel within its limit.
    pub(super) fn trim_channel(&mut self, name: &str, limits: &DiskLimits) {
        let Some((name, _)) = self.shelves.get_key_value(name) else {
            return;
        };
        let name = Arc::clone(name);
        while self
            .shelves
            .get(&name)
            .is_some_and(|shelf| shelf.entries.len() > limits.messages)
        {
            self.drop_oldest(&name);
        }
    }

    /// Keeps each channel within its limit, and all together.
    pub(super) fn trim_all(&mut self, limits: &DiskLimits, now: u64) {
        let names: Vec<_> = self.shelves.keys().cloned().collect();
        for name in names {
            self.trim_channel(&name, limits);
        }
        self.trim(limits, now);
    }

    /// Keeps all channels together within the limits. The oldest messages go first, whatever channel they are of.
    pub(super) fn trim(&mut self, limits: &DiskLimits, now: u64) {
        let old = limits.age.map_or(0, |age| now.saturating_sub(age));
        while let (Some(_), Some(&(number, time))) = (self.times.front(), self.times.get(1))
            && time < old
        {
            self.times.pop_front();
            self.drop_before(number);
        }
        // The last second has nothing after it that says when it was over.
        if let (1, Some(&(_, time))) = (self.times.len(), self.times.front())
            && time + SECOND < old
        {
            self.times.pop_front();
            self.drop_before(u64::MAX);
        }
        let first = self.oldest.first_key_value().map(|(number, _)| *number);
        while let Some(first) = first
            && let Some(&(number, _)) = self.times.get(1)
            && number <= first
        {
            self.times.pop_front();
        }
        while self.bytes > limits.live_bytes()
            && let Some((_, name)) = self.oldest.first_key_value()
        {
            let name = Arc::clone(name);
            self.drop_oldest(&name);
        }
        while self.shelves.len() > limits.channels.max(1)
            && let Some((last, name)) = self.silent.pop_first()
        {
            self.forget(last, name);
        }
    }

    /// Forgets channels again that were forgotten before, of which the file still has rows: some of these were deleted, and
    /// a channel that is forgotten has no mark. All others have a later message. To be called when all rows are here.
    pub(super) fn forget_again(&mut self) {
        while let Some(&(last, _)) = self.silent.first()
            && last <= self.forgotten
            && let Some((_, name)) = self.silent.pop_first()
        {
            self.forget(last, name);
        }
    }

    fn forget(&mut self, last: u64, name: Arc<str>) {
        while self.drop_oldest(&name) {}
        self.shelves.remove(&name);
        self.forgotten = self.forgotten.max(last);
        self.marks.insert(name);
    }

    fn drop_before(&mut self, number: u64) {
        while let Some((&oldest, name)) = self.oldest.first_key_value()
            && oldest < number
        {
            let name = Arc::clone(name);
            self.drop_oldest(&name);
        }
    }

    pub(super) fn has_marks(&self) -> bool {
        !self.marks.is_empty()
    }

    /// The marks to write since the last call: `None` for a channel that is forgotten.
    pub(super) fn take_marks(&mut self) -> Vec<(Arc<str>, Option<u64>)> {
        let marks = std::mem::take(&mut self.marks).into_iter();
        marks
            .map(|name| {
                let gone = self.shelves.get(&name).map(|shelf| shelf.gone);
                (name, gone)
            })
            .collect()
    }

    /// Rows to remove from the file now, if there are many: at least `least`, if there are so many. Tell with [`swept`](Self::swept) that they are.
    pub(super) fn to_sweep(&self, limits: &DiskLimits, least: usize) -> Vec<u64> {
        let are_many = self.dead.len() as u64 > SWEEP_FROM.max(self.messages / 16)
            || self.dead_bytes > limits.bytes / 16
            || self.messages == 0;
        match are_many {
            true => self.dead.keys().copied().take(SWEEP.max(least)).collect(),
            false => Vec::new(),
        }
    }

    pub(super) fn swept(&mut self, number: u64) {
        if let Some(bytes) = self.dead.remove(&number) {
            self.dead_bytes -= bytes;
        }
    }

    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// What was dropped leaves the file, or has a mark there.
    pub(super) fn committed(&mut self) {
        self.begins.clear();
    }

    /// It does not: this is not the index of what is in the file any more.
    pub(super) fn failed(&mut self) {
        self.has_failed = true;
    }

    /// Where a channel begins. If that could not be written, it begins where it began before.
    pub(super) fn mark(&self, name: &str) -> Mark {
        if self.has_failed
            && let Some(begin) = self.begins.get(name)
        {
            return *begin;
        }
        match self.shelves.get(name) {
            Some(shelf) => shelf.begin(),
            None => Mark {
                gone: self.forgotten,
                first: None,
            },
        }
    }

    /// The messages of a channel with greater numbers, oldest first.
    pub(super) fn after(&self, name: &str, number: u64) -> impl Iterator<Item = u64> {
        let entries = self.shelves.get(name).map(|shelf| {
            let entries = &shelf.entries;
            let first = entries.partition_point(|entry| entry.number <= number);
            entries.range(first..)
        });
        entries.into_iter().flatten().map(|entry| entry.number)
    }

    /// Whether a message is part of the history.
    pub(super) fn is_live(&self, name: &str, number: u64) -> bool {
        self.shelves
            .get(name)
            .is_some_and(|shelf| number > shelf.gone)
    }

    /// Channels that have no message from number `first` on, and the number of their last one.
    pub(super) fn without(&self, first: u64) -> impl Iterator<Item = (&Arc<str>, u64)> {
        let shelves = self.shelves.iter();
        shelves.filter_map(move |(name, shelf)| {
            let is_there = shelf
                .entries
                .back()
                .is_some_and(|entry| entry.number >= first);
            (!is_there).then(|| (name, shelf.last()))
        })
    }
}

/// In milliseconds.
const SECOND: u64 = 1000;
/// Bytes that are written in one transaction.
const TRANSACTION: u64 = 1 << 20;
/// Rows that are removed in one transaction.
const SWEEP: usize = 1000;
/// Fewer dead rows than this may stay.
const SWEEP_FROM: u64 = 1000;
