//! An open database, and the one transaction in which a batch of messages is kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{Database, Durability, ReadableDatabase, ReadableTable, Table, WriteTransaction};

use super::index::{DiskLimits, Index};
use super::opened::Parts;
use super::pending::{Kind, Pending, now};
use super::place::Place;
use super::row::{Row, charge};
use super::scan::scan;
use super::tables::{GAPS, KEYS, LIVES, MARKS, MESSAGES, META, decode};
use super::trouble::{FORMAT, Trouble, guarded};
use crate::journal::keys::Keyed;
use crate::lives::{Life, Lives};

/// An open database.
#[derive(Debug)]
pub(super) struct Store {
    database: Arc<Database>,
    index: Arc<Mutex<Index>>,
    limits: DiskLimits,
    /// The last number that is kept, or that is never to be given again.
    last: u64,
    /// Numbers up to this one may be given before they are kept.
    ceiling: u64,
}

/// How far the loss of what was acknowledged goes when the process or the machine dies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u64)]
enum Run {
    /// The last run ended well.
    Ended = 0,
    /// Nothing is lost.
    Always = 1,
    /// What was acknowledged last.
    Timed = 2,
}

impl Store {
    /// Opens the database, and reads and checks all of it. `failed` are numbers whose commit failed: they may be in the
    /// file all the same, and are removed.
    pub(super) fn open(
        place: &dyn Place,
        limits: DiskLimits,
        failed: &[u64],
    ) -> Result<Self, Trouble> {
        guarded(|| {
            let database = Arc::new(place.open()?);
            let last = prepare(&database, failed)?;
            let index = scan(&database)?;
            Ok(Self {
                database,
                index: Arc::new(Mutex::new(index)),
                limits,
                last,
                ceiling: 0,
            })
        })
    }

    /// Begins a run of the server: goes on with the life that the database has, or begins a new one if nobody knows
    /// what is missing. `witnessed` is the last number that was kept once.
    pub(super) fn begin(
        &mut self,
        timed: bool,
        new_epoch: bool,
        witnessed: u64,
        random: u64,
    ) -> Result<Lives, Trouble> {
        let write = self.write()?;
        let lives = {
            let mut meta = write.open_table(META)?;
            let before = meta.get("run")?.map_or(0, |run| run.value());
            let ceiling = meta.get("ceiling")?.map_or(0, |number| number.value());
            let was_cut = before == Run::Timed as u64;
            if was_cut {
                // Clients may have these numbers.
                self.last = self.last.max(ceiling);
            }
            if witnessed > self.last && !new_epoch {
                return Err(Trouble::damaged(format!(
                    "it ends with message {}, and has had message {witnessed}",
                    self.last
                )));
            }
            self.last = self.last.max(witnessed);
            let lives = self.lives(&write, was_cut || new_epoch, random)?;
            let run = if timed { Run::Timed } else { Run::Always };
            meta.insert("run", run as u64)?;
            self.reserve(&mut meta, timed)?;
            meta.insert("last", self.last)?;
            Lives::of(lives)
        };
        // The limits may be others than in the last run.
        self.index().trim_all(&self.limits, now());
        self.tidy(&write, now(), 0)?;
        write.commit()?;
        self.index().committed();
        lives.ok_or_else(|| Trouble::damaged("it has no life"))
    }

    /// The lives that the database has, and another one if a new one begins.
    fn lives(
        &self,
        write: &WriteTransaction,
        begins: bool,
        random: u64,
    ) -> Result<Vec<Life>, Trouble> {
        let mut table = write.open_table(LIVES)?;
        let mut lives = Vec::new();
        for row in table.iter()? {
            let (epoch, first, is_clean) = row?.1.value();
            lives.push(Life {
                epoch,
                first,
                is_clean,
            });
        }
        if lives.is_empty() || begins {
            let life = Life {
                epoch: random,
                first: self.last + 1,
                is_clean: lives.is_empty(),
            };
            let next = table.last()?.map_or(0, |(at, _)| at.value() + 1);
            table.insert(next, (life.epoch, life.first, life.is_clean))?;
            if !lives.is_empty() {
                tracing::warn!(
                    "a new life of the history begins: clients with older cursors are told that messages are lost"
                );
            }
            lives.push(life);
            write.open_table(KEYS)?.retain(|_, _| false)?;
        }
        Ok(lives)
    }

    /// Says that the run ends well.
    pub(super) fn end(&mut self) -> Result<(), Trouble> {
        guarded(|| {
            let write = self.write()?;
            write.open_table(META)?.insert("run", Run::Ended as u64)?;
            Ok(write.commit()?)
        })
    }

    /// Keeps a batch, whose numbers are greater than all before. All of it is kept, or nothing.
    pub(super) fn keep(&mut self, batch: &[Pending], timed: bool, now: u64) -> Result<(), Trouble> {
        let kept = guarded(|| {
            let write = self.write()?;
            self.put(&write, batch)?;
            self.tidy(&write, now, 2 * batch.len())?;
            {
                let mut meta = write.open_table(META)?;
                if let Some(last) = batch.last() {
                    self.last = self.last.max(last.number);
                    meta.insert("last", self.last)?;
                }
                self.reserve(&mut meta, timed)?;
            }
            Ok(write.commit()?)
        });
        match &kept {
            Ok(()) => self.index().committed(),
            Err(_) => self.index().failed(),
        }
        kept
    }

    /// With sync from time to time, numbers are given before they are kept. So that they are not given again after a
    /// crash, so many are set aside.
    fn reserve(&mut self, meta: &mut Table<'_, &str, u64>, timed: bool) -> Result<(), Trouble> {
        if timed && self.last + RESERVE / 2 > self.ceiling {
            self.ceiling = self.last + RESERVE;
            meta.insert("ceiling", self.ceiling)?;
        }
        Ok(())
    }

    fn put(&self, write: &WriteTransaction, batch: &[Pending]) -> Result<(), Trouble> {
        let mut messages = write.open_table(MESSAGES)?;
        let mut keys = write.open_table(KEYS)?;
        for pending in batch {
            let channel = &*pending.channel;
            let mut index = self.index();
            match &pending.kind {
                // It was kept, although the database said it was not.
                _ if pending.number <= self.last => continue,
                Kind::Message { event, data } => {
                    let row = Row {
                        time: pending.time,
                        previous: index.previous(channel),
                        channel,
                        event: event.as_deref(),
                        data,
                    };
                    let bytes = row.encode(pending.number);
                    index.push(
                        pending.number,
                        channel,
                        row.previous,
                        charge(bytes.len()),
                        pending.time,
                    );
                    index.trim_channel(channel, &self.limits);
                    drop(index);
                    messages.insert(pending.number, &*bytes)?;
                }
                Kind::Deletion => {
                    drop(index);
                    while self.index().delete_some(channel) {}
                }
                Kind::Gap => {
                    drop(index);
                    write.open_table(GAPS)?.insert(channel, pending.number)?;
                }
            }
            if let Some(keyed) = &pending.key {
                keys.insert(pending.number, (keyed.to_bytes(), pending.time))?;
            }
        }
        Ok(())
    }

    /// Drops what is too old or too much, and removes some of what was dropped from the file.
    fn tidy(&self, write: &WriteTransaction, now: u64, sweep: usize) -> Result<(), Trouble> {
        let (marks, swept, forgotten) = {
            let mut index = self.index();
            index.trim(&self.limits, now);
            let swept = index.to_sweep(&self.limits, sweep);
            (index.take_marks(), swept, index.forgotten())
        };
        if !marks.is_empty() {
            let mut table = write.open_table(MARKS)?;
            for (name, gone) in marks {
                match gone {
                    Some(gone) => drop(table.insert(&*name, gone)?),
                    None => drop(table.remove(&*name)?),
                }
            }
            write.open_table(META)?.insert("forgotten", forgotten)?;
        }
        if !swept.is_empty() {
            let mut messages = write.open_table(MESSAGES)?;
            for number in swept {
                messages.remove(number)?;
                self.index().swept(number);
            }
        }
        let mut keys = write.open_table(KEYS)?;
        for _ in 0..MOST_KEYS {
            match keys.first()? {
                Some((_, row)) if row.value().1 + KEPT < now => {}
                _ => break,
            }
            keys.pop_first()?;
        }
        Ok(())
    }

    /// Whether there is something to do although nothing is published.
    pub(super) fn has_work(&self, now: u64) -> bool {
        let mut index = self.index();
        index.trim(&self.limits, now);
        index.has_marks() || !index.to_sweep(&self.limits, 1).is_empty()
    }

    /// What was published under a key lately: the number, the key, and when.
    pub(super) fn keys(&self) -> Result<Vec<(u64, Keyed, u64)>, Trouble> {
        let table = self.database.begin_read()?.open_table(KEYS)?;
        let mut keys = Vec::new();
        for row in table.iter()? {
            let (number, value) = row?;
            let (bytes, time) = value.value();
            keys.push((number.value(), Keyed::from_bytes(&bytes), time));
        }
        Ok(keys)
    }

    /// The last gap of each pattern of channels, oldest first.
    pub(super) fn gaps(&self) -> Result<Vec<(u64, String)>, Trouble> {
        let table = self.database.begin_read()?.open_table(GAPS)?;
        let mut gaps = Vec::new();
        for row in table.iter()? {
            let (pattern, number) = row?;
            gaps.push((number.value(), pattern.value().to_owned()));
        }
        gaps.sort();
        Ok(gaps)
    }

    /// Calls `take` with the newest messages, oldest first, for as much memory as `room` says. It gets the number and
    /// the row of each. Returns the number of the first one.
    pub(super) fn newest(
        &self,
        mut room: u64,
        size: impl Fn(&Row<'_>) -> u64,
        mut take: impl FnMut(u64, &Row<'_>),
    ) -> Result<u64, Trouble> {
        let table = self.database.begin_read()?.open_table(MESSAGES)?;
        let index = self.index();
        let mut first = self.last + 1;
        for row in table.iter()?.rev() {
            let (number, bytes) = row?;
            let row = decode(number.value(), bytes.value())?;
            if index.is_live(row.channel, number.value()) {
                let size = size(&row);
                if size > room {
                    break;
                }
                room -= size;
            }
            first = number.value();
        }
        for row in table.range(first..)? {
            let (number, bytes) = row?;
            let row = decode(number.value(), bytes.value())?;
            if index.is_live(row.channel, number.value()) {
                take(number.value(), &row);
            }
        }
        Ok(first)
    }

    /// For those who read beside the writer.
    pub(super) fn parts(&self) -> Parts {
        Parts {
            database: Arc::downgrade(&self.database),
            index: Arc::clone(&self.index),
        }
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> Result<WriteTransaction, Trouble> {
        let mut write = self.database.begin_write()?;
        write
            .set_durability(Durability::Immediate)
            .map_err(|error| Trouble::Failed(error.to_string()))?;
        Ok(write)
    }
}

/// Makes the tables if they are not there, checks the format, removes rows whose commit failed, and returns the last
/// number.
fn prepare(database: &Database, failed: &[u64]) -> Result<u64, Trouble> {
    let write = database.begin_write()?;
    let last = {
        let mut meta = write.open_table(META)?;
        let format = meta.get("format")?.map(|format| format.value());
        match format {
            None => drop(meta.insert("format", FORMAT)?),
            Some(format) if format > FORMAT => return Err(Trouble::Newer { format }),
            Some(_) => {}
        }
        let mut messages = write.open_table(MESSAGES)?;
        let mut keys = write.open_table(KEYS)?;
        write.open_table(MARKS)?;
        write.open_table(LIVES)?;
        write.open_table(GAPS)?;
        for number in failed {
            messages.remove(number)?;
            keys.remove(number)?;
        }
        let greatest = messages.last()?.map_or(0, |(number, _)| number.value());
        let last = meta.get("last")?.map_or(0, |last| last.value());
        last.max(greatest)
    };
    write.commit()?;
    Ok(last)
}

/// How many numbers are set aside.
const RESERVE: u64 = 1 << 24;
/// How long keys are remembered, in milliseconds.
const KEPT: u64 = 120_000;
/// How many keys are forgotten in one transaction.
const MOST_KEYS: usize = 1000;

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::journal::disk) fn set_format(place: &dyn Place, format: u64) {
        let database = place.open().unwrap();
        let write = database.begin_write().unwrap();
        let mut meta = write.open_table(META).unwrap();
        meta.insert("format", format).unwrap();
        drop(meta);
        write.commit().unwrap();
    }
}
