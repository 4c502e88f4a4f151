//! The journal that keeps messages in a database on the disk.
//!
//! One [thread](writer) writes. It takes what waits and keeps it in one transaction, so that many publishers share the
//! time that a commit takes, and a single one waits for nothing but its own. Only then the messages are shown.
//!
//! With `--sync TIME` a message is shown at once and written later. After a crash nobody knows what is missing, so that a
//! new [life](crate::lives) begins.
//!
//! If a commit fails, its publishers are told so, and all others, until the database is open again. What is in memory
//! is read as ever.

mod index;
mod older;
mod opened;
mod pending;
mod place;
mod row;
mod scan;
mod store;
mod tables;
mod trouble;
mod writer;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) use self::index::DiskLimits;
use self::older::Reading;
use self::opened::Opened;
use self::pending::{Pending, now};
use self::place::{Directory, Place};
use self::row::Row;
use self::store::Store;
use self::trouble::{Trouble, guarded};
use self::writer::{Job, State, Writer};
use super::keys::Keys;
use super::older::Older;
use super::receipt::Outcome;
use super::sequence::Sequence;
use super::{Appended, Change, Draft, Journal, Refusal};
use crate::hub::{Archive, Hub, KeptMessage, Waiter, Wakes};
use crate::lives::Lives;
use crate::message::{Content, size_of_texts};
use crate::threads;

/// How messages are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DiskOptions {
    pub(crate) limits: DiskLimits,
    /// How long what was acknowledged may be only in memory; `None` if it may not.
    pub(crate) sync: Option<Duration>,
    /// Begin a new life, whatever the database says.
    pub(crate) new_epoch: bool,
    /// Memory for pages of the database.
    pub(crate) cache: usize,
    /// Memory for messages that the database has already.
    pub(crate) memory: u64,
    /// Bytes of messages that may be on their way.
    pub(crate) most_waiting: usize,
    /// How many idempotency keys are remembered.
    pub(crate) keys: usize,
}

/// A database that is open, before anything else is.
#[derive(Debug)]
pub(crate) struct OpenedDisk {
    place: Arc<dyn Place>,
    store: Store,
    options: DiskOptions,
    pub(crate) lives: Lives,
}

impl OpenedDisk {
    /// Opens the database of a directory, or makes it. `random` is the epoch of a new life.
    pub(crate) fn new(path: &Path, options: DiskOptions, random: u64) -> Result<Self, String> {
        let opened = Directory::new(path, options.cache)
            .and_then(|place| Self::at(Arc::new(place), options, random));
        opened.map_err(|trouble| {
            let cure = match &trouble {
                Trouble::Damaged(_) => {
                    ". Put back a copy and start with --new-epoch, or move the directory away and begin with an empty one"
                }
                _ => "",
            };
            format!("--data {}: {trouble}{cure}", path.display())
        })
    }

    fn at(place: Arc<dyn Place>, options: DiskOptions, random: u64) -> Result<Self, Trouble> {
        let mut store = Store::open(&*place, options.limits, &[])?;
        let witnessed = place.witnessed();
        let (timed, new_epoch) = (options.sync.is_some(), options.new_epoch);
        let lives = guarded(|| store.begin(timed, new_epoch, witnessed, random))?;
        Ok(Self {
            place,
            store,
            options,
            lives,
        })
    }
}

/// A journal on the disk.
#[derive(Debug)]
pub(crate) struct Disk {
    sequence: Arc<Sequence>,
    state: Arc<State>,
    is_timed: bool,
    most_waiting: usize,
    /// The lock is held while a message gets its number, so that the numbers arrive in order.
    jobs: Mutex<Sender<Job>>,
    archive: Arc<Archive>,
    /// The one that writes, and the one that reads.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Disk {
    /// Shows what is on the disk, as much as memory may have of it, and begins to write.
    pub(crate) fn start(opened: OpenedDisk, hub: &Arc<Hub>) -> Result<Self, String> {
        let OpenedDisk {
            place,
            store,
            options,
            ..
        } = opened;
        let keys = guarded(|| {
            restore(&store, hub, options.memory)?;
            restored_keys(&store, hub, options.keys)
        });
        let keys = keys.map_err(|trouble| format!("--data: {trouble}"))?;
        let sequence = Sequence::new(Arc::clone(hub), store.last(), options.most_waiting, keys);
        let (jobs, to_do) = channel();
        let state = Arc::new(State::default());
        let opened = Opened::new(store.parts());
        let writer = Writer {
            place,
            limits: options.limits,
            sync: options.sync,
            jobs: to_do,
            state: Arc::clone(&state),
            opened: opened.clone(),
        };
        let archive = hub.open_archive(Box::new(opened.clone()));
        let reading = Reading {
            opened,
            writer: jobs.clone(),
        };
        let older = Older::new(hub, &archive, reading);
        let writes = threads::start("disk", move || writer.run(store))?;
        let reads = threads::start("older", move || older.run())?;
        Ok(Self {
            sequence,
            state,
            is_timed: options.sync.is_some(),
            most_waiting: options.most_waiting,
            jobs: Mutex::new(jobs),
            archive,
            threads: Mutex::new(vec![writes, reads]),
        })
    }

    /// Gives a message its number and the writer its copy.
    fn begin(&self, draft: Draft<'_>, publisher: Option<Waiter>) -> Result<Appended, Refusal> {
        let mut early = None;
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = self.sequence.begin(draft, publisher)?;
        let appended = begun.kept_by(|commit| {
            let mut pending = Box::new(Pending::new(commit.number(), draft));
            if self.is_timed {
                let waiting = &self.state.waiting;
                waiting.fetch_add(pending.bytes(), Ordering::Relaxed);
            }
            match draft.change {
                Change::Message { .. } if self.is_timed => early = Some(commit),
                // Once a deletion is shown, nobody reads from the disk what it deletes.
                Change::Message { .. } | Change::Deletion | Change::Gap => {
                    pending.commit = Some(commit);
                }
            }
            if jobs.send(Job::Keep(pending)).is_err() {
                // The writer has ended. The receipt says so.
                early = None;
            }
        });
        drop(jobs);
        if let Some(commit) = early {
            commit.kept();
        }
        Ok(appended)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Nobody is left who would close it.
        self.archive.close();
    }
}

impl Journal for Disk {
    fn append(&self, draft: Draft<'_>, publisher: Option<Waiter>) -> Result<Appended, Refusal> {
        if let Some(refusal) = self.state.refusal() {
            return Err(refusal);
        }
        if self.is_timed && self.state.waiting.load(Ordering::Relaxed) > self.most_waiting {
            return Err(Refusal::Busy);
        }
        match self.begin(draft, publisher)? {
            // It was shown at once.
            Appended::Later(receipt) => match receipt.outcome() {
                Outcome::Shown(published) => Ok(Appended::Shown(published)),
                _ => Ok(Appended::Later(receipt)),
            },
            other => Ok(other),
        }
    }

    fn close(&self) {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        // If it is not there any more, it has ended already.
        let _ = jobs.send(Job::Close);
        drop(jobs);
        self.archive.close();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the history has panicked");
            }
        }
    }
}

/// Shows the newest messages of the database.
fn restore(store: &Store, hub: &Hub, memory: u64) -> Result<(), Trouble> {
    let now = now();
    let size = |row: &Row<'_>| {
        let texts = row.event.map_or(0, str::len) + row.data.len();
        size_of_texts(texts) as u64
    };
    let first = store.newest(memory, size, |number, row| {
        let age = Duration::from_millis(now.saturating_sub(row.time));
        hub.restore(KeptMessage {
            number,
            channel: row.channel,
            previous: row.previous,
            content: Content::new(row.channel, row.event, row.data),
            age,
        });
    })?;
    let index = store.index();
    for (name, last) in index.without(first) {
        hub.restore_channel(name, last);
    }
    for (number, pattern) in store.gaps()? {
        // Nobody waits for it.
        let _ = hub.gap(number, &pattern, &mut Wakes::default());
    }
    hub.restored(store.last(), index.forgotten());
    Ok(())
}

/// The keys that count still.
fn restored_keys(store: &Store, hub: &Hub, most: usize) -> Result<Keys, Trouble> {
    let mut keys = Keys::new(most);
    let now = now();
    for (number, keyed, time) in store.keys()? {
        let age = Duration::from_millis(now.saturating_sub(time));
        keys.restore(keyed, hub.cursor_of(number), age, hub.now());
    }
    Ok(keys)
}

#[cfg(test)]
mod tests;
