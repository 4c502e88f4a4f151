//! A disk in memory that fails, fills up, and loses what was not synced.

use std::io::{ErrorKind, Result};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use redb::{Builder, Database, StorageBackend};

use crate::journal::disk::place::Place;
use crate::journal::disk::trouble::Trouble;
use crate::random::Random;

/// A disk, and what is noted beside the database.
#[derive(Clone, Debug, Default)]
pub(super) struct Device {
    state: Arc<Mutex<State>>,
    witnessed: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct State {
    now: Vec<u8>,
    synced: Vec<u8>,
    since: Vec<Change>,
    /// What each write and sync says, if there is a fault.
    fault: Option<ErrorKind>,
    /// Only syncs fail, and what was written before is there all the same.
    lies: bool,
    unreadable: bool,
    uncached: bool,
    syncs: u64,
}

#[derive(Clone, Debug)]
enum Change {
    Length(usize),
    Write(usize, Vec<u8>),
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Length(length) => to.resize(*length, 0),
            Self::Write(at, bytes) => {
                let end = at + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                to[*at..end].copy_from_slice(bytes);
            }
        }
    }
}

impl State {
    fn change(&mut self, change: Change) -> Result<()> {
        if let Some(fault) = self.fault
            && !self.lies
        {
            return Err(fault.into());
        }
        change.apply(&mut self.now);
        self.since.push(change);
        Ok(())
    }
}

impl Device {
    /// With these bytes, as after a start of the machine.
    pub(super) fn with(bytes: Vec<u8>) -> Self {
        let device = Self::default();
        let mut state = device.lock();
        state.now.clone_from(&bytes);
        state.synced = bytes;
        drop(state);
        device
    }

    pub(super) fn fail(&self, fault: Option<ErrorKind>) {
        self.lock().fault = fault;
    }

    /// The database reads everything from here.
    pub(super) fn without_cache(self) -> Self {
        self.lock().uncached = true;
        self
    }

    /// Has reading fail, or work again.
    pub(super) fn fail_reads(&self, fail: bool) {
        self.lock().unreadable = fail;
    }

    /// Has only syncs fail.
    pub(super) fn lie(&self) {
        let mut state = self.lock();
        (state.fault, state.lies) = (Some(ErrorKind::Other), true);
    }

    pub(super) fn be_honest(&self) {
        let mut state = self.lock();
        (state.fault, state.lies) = (None, false);
    }

    /// How the disk is now: what a process that is killed leaves.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.lock().now.clone()
    }

    pub(super) fn length(&self) -> usize {
        self.lock().now.len()
    }

    pub(super) fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// The disk after a power cut: of what was not synced some is there, in any order, and some of that in part.
    pub(super) fn after_power_cut(&self, random: &mut Random) -> Self {
        let state = self.lock();
        let mut bytes = state.synced.clone();
        let mut since = state.since.clone();
        while !since.is_empty() {
            let change = since.swap_remove(random.below(since.len()));
            match (random.below(3), change) {
                (0, _) => {}
                (1, Change::Write(at, mut part)) => {
                    // Sectors are written whole.
                    part.truncate(random.below(part.len() / 512 + 1) * 512);
                    Change::Write(at, part).apply(&mut bytes);
                }
                (_, change) => change.apply(&mut bytes),
            }
        }
        let device = Self::with(bytes);
        let witnessed = self.witnessed.load(Ordering::SeqCst);
        device.witnessed.store(witnessed, Ordering::SeqCst);
        device
    }

    /// Has other bytes from now on.
    pub(super) fn replace(&self, bytes: Vec<u8>) {
        let mut state = self.lock();
        state.now.clone_from(&bytes);
        state.synced = bytes;
    }

    /// The same disk in another process, after this one was killed.
    pub(super) fn after_kill(&self) -> Self {
        let device = Self::with(self.bytes());
        let witnessed = self.witnessed.load(Ordering::SeqCst);
        device.witnessed.store(witnessed, Ordering::SeqCst);
        device
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Place for Device {
    fn open(&self) -> std::result::Result<Database, Trouble> {
        let mut builder = Builder::new();
        let cache = if self.lock().uncached { 0 } else { 1 << 20 };
        let builder = builder.set_cache_size(cache);
        Ok(builder.create_with_backend(Backend(self.clone()))?)
    }

    fn witnessed(&self) -> u64 {
        self.witnessed.load(Ordering::SeqCst)
    }

    fn witness(&self, number: u64) {
        self.witnessed.store(number, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct Backend(Device);

impl StorageBackend for Backend {
    fn len(&self) -> Result<u64> {
        Ok(self.0.length() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let state = self.0.lock();
        if state.unreadable {
            return Err(ErrorKind::Other.into());
        }
        let from = offset as usize;
        let bytes = state.now.get(from..from + out.len());
        out.copy_from_slice(bytes.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.0.lock().change(Change::Length(len as usize))
    }

    fn sync_data(&self) -> Result<()> {
        let mut state = self.0.lock();
        if let Some(fault) = state.fault {
            return Err(fault.into());
        }
        state.syncs += 1;
        let State { synced, since, .. } = &mut *state;
        for change in since.drain(..) {
            change.apply(synced);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        let change = Change::Write(offset as usize, data.to_vec());
        self.0.lock().change(change)
    }
}
