//! The thread that writes: it takes what waits, and keeps it in one transaction.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::index::DiskLimits;
use super::opened::Opened;
use super::pending::{Pending, now};
use super::place::Place;
use super::store::Store;
use super::trouble::Trouble;
use crate::journal::Refusal;

pub(super) enum Job {
    Keep(Box<Pending>),
    /// Keep what came before, at once. If the database does not work, it is opened again.
    Look,
    /// Keep what came before, and close the database.
    Close,
}

/// What the loops have to know of the writer.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Why nothing can be kept at the moment.
    pub(super) refusal: Mutex<Option<Refusal>>,
    /// Bytes that were acknowledged and are not kept yet.
    pub(super) waiting: AtomicUsize,
}

impl State {
    pub(super) fn refusal(&self) -> Option<Refusal> {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, refusal: Option<Refusal>) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
    }
}

#[derive(Debug)]
pub(super) struct Writer {
    pub(super) place: Arc<dyn Place>,
    pub(super) limits: DiskLimits,
    /// How long what was acknowledged may wait; `None` if nothing is acknowledged before it is kept.
    pub(super) sync: Option<Duration>,
    pub(super) jobs: Receiver<Job>,
    pub(super) state: Arc<State>,
    pub(super) opened: Opened,
}

impl Writer {
    /// Runs until it is told to close.
    pub(super) fn run(self, store: Store) {
        let mut store = Some(store);
        let mut batch = Vec::new();
        let mut is_closing = false;
        while !is_closing {
            is_closing = self.gather(&mut batch, store.as_ref());
            let Some(open) = &mut store else { break };
            let bytes: usize = batch.iter().map(Pending::bytes).sum();
            match open.keep(&batch, self.sync.is_some(), now()) {
                Ok(()) => {
                    self.place.witness(open.last());
                    self.kept(&mut batch, bytes);
                }
                Err(trouble) => {
                    // It takes its file with it, so that it can be opened again.
                    drop(store.take());
                    store = self.recover(&trouble, &mut batch, &mut is_closing);
                }
            }
        }
        if let Some(mut store) = store
            && let Err(trouble) = store.end()
        {
            tracing::error!("the history was not closed well: {trouble}");
        }
    }

    /// Waits for work, and takes what there is of it. Returns whether the writer is to close.
    fn gather(&self, batch: &mut Vec<Pending>, store: Option<&Store>) -> bool {
        let mut bytes: usize = batch.iter().map(Pending::bytes).sum();
        let mut deadline = None;
        loop {
            let wait = match (batch.is_empty(), deadline) {
                (true, _) => HOUSEKEEPING,
                (false, None) => Duration::ZERO,
                (false, Some(deadline)) => {
                    Instant::saturating_duration_since(&deadline, Instant::now())
                }
            };
            let job = match wait {
                Duration::ZERO => self.jobs.try_recv().map_err(|error| match error {
                    TryRecvError::Empty => RecvTimeoutError::Timeout,
                    TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                }),
                wait => self.jobs.recv_timeout(wait),
            };
            match job {
                Ok(Job::Keep(pending)) => {
                    bytes += pending.bytes();
                    let is_awaited = pending.commit.is_some();
                    batch.push(*pending);
                    deadline = match self.sync {
                        // Somebody waits for it.
                        Some(_) if is_awaited => Some(Instant::now()),
                        Some(sync) => deadline.or_else(|| Some(Instant::now() + sync)),
                        None => None,
                    };
                    let most = self.limits.transaction();
                    if bytes >= most {
                        return false;
                    }
                }
                Ok(Job::Look) => return false,
                Ok(Job::Close) | Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) if !batch.is_empty() => return false,
                Err(RecvTimeoutError::Timeout) => {
                    if store.is_some_and(|store| store.has_work(now())) {
                        return false;
                    }
                }
            }
        }
    }

    fn kept(&self, batch: &mut Vec<Pending>, bytes: usize) {
        for pending in batch.drain(..) {
            if let Some(commit) = pending.commit {
                commit.kept();
            }
        }
        if self.sync.is_some() {
            self.state.waiting.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// After a failure: nothing is published until the database is open again, and can be written.
    fn recover(
        &self,
        trouble: &Trouble,
        batch: &mut Vec<Pending>,
        is_closing: &mut bool,
    ) -> Option<Store> {
        tracing::error!("messages cannot be kept, so that publishing is refused: {trouble}");
        let mut refusal = trouble.refusal();
        self.state.set(Some(refusal));
        let mut failed: Vec<u64> = Vec::new();
        let mut wait = FIRST_WAIT;
        loop {
            self.refuse(batch, refusal, &mut failed);
            let until = Instant::now() + wait;
            while !*is_closing && let Some(left) = until.checked_duration_since(Instant::now()) {
                match self.jobs.recv_timeout(left) {
                    Ok(Job::Keep(pending)) => {
                        batch.push(*pending);
                        self.refuse(batch, refusal, &mut failed);
                    }
                    Ok(Job::Look) => {}
                    Ok(Job::Close) | Err(RecvTimeoutError::Disconnected) => *is_closing = true,
                    Err(RecvTimeoutError::Timeout) => break,
                }
            }
            match self.open_again(batch, &failed) {
                Ok(store) => {
                    let bytes = batch.iter().map(Pending::bytes).sum();
                    self.kept(batch, bytes);
                    self.place.witness(store.last());
                    self.opened.replace(store.parts());
                    self.state.set(None);
                    tracing::warn!("messages can be kept again");
                    return Some(store);
                }
                Err(trouble) => {
                    tracing::debug!("messages can still not be kept: {trouble}");
                    refusal = trouble.refusal();
                    self.state.set(Some(refusal));
                }
            }
            if *is_closing {
                let count = batch.len();
                if count > 0 {
                    tracing::error!("{count} messages that were acknowledged are not kept");
                }
                return None;
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Ends the commits of those that were not acknowledged. The others stay, to be kept later.
    fn refuse(&self, batch: &mut Vec<Pending>, refusal: Refusal, failed: &mut Vec<u64>) {
        batch.retain_mut(|pending| match pending.commit.take() {
            None => true,
            Some(commit) => {
                if self.sync.is_some() {
                    let bytes = pending.bytes();
                    self.state.waiting.fetch_sub(bytes, Ordering::Relaxed);
                }
                failed.push(pending.number);
                commit.failed(refusal);
                false
            }
        });
    }

    /// Opens the database, removes what is not to be there, and keeps what was acknowledged already.
    fn open_again(&self, batch: &[Pending], failed: &[u64]) -> Result<Store, Trouble> {
        let mut store = Store::open(&*self.place, self.limits, failed)?;
        if store.last() < self.place.witnessed() {
            return Err(Trouble::damaged("it has lost messages that it had"));
        }
        store.keep(batch, self.sync.is_some(), now())?;
        Ok(store)
    }
}

/// How often old messages are dropped while nothing is published.
const HOUSEKEEPING: Duration = Duration::from_secs(1);
/// When the database is opened again after a failure: first soon, then after twice as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
