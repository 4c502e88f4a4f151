//! What waits to be published.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::engine::{BATCH, Change, Outgoing};

/// In the order in which it came.
#[derive(Debug)]
pub(super) struct Queue {
    max_bytes: usize,
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Outgoing>,
    /// Bytes of what waits, and of what was taken and has no answer yet.
    bytes: usize,
    is_closed: bool,
}

/// There is no room.
#[derive(Debug)]
pub(super) struct Full;

impl Queue {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            state: Mutex::default(),
            more: Condvar::new(),
        }
    }

    pub(super) fn push(&self, outgoing: Outgoing) -> Result<(), Full> {
        let bytes = size(&outgoing);
        let mut state = self.lock();
        if state.is_closed || state.bytes + bytes > self.max_bytes {
            return Err(Full);
        }
        state.bytes += bytes;
        state.waiting.push_back(outgoing);
        drop(state);
        self.more.notify_one();
        Ok(())
    }

    /// What waits, about as much as is published at a time. Waits a moment if there is nothing. `None` if nothing will
    /// come any more. Call [`answered`](Self::answered) with what it returned.
    pub(super) fn take(&self, wait: Duration) -> Option<Vec<Outgoing>> {
        let mut state = self.lock();
        if state.waiting.is_empty() && !state.is_closed {
            let waited = self.more.wait_timeout(state, wait);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.waiting.is_empty() && state.is_closed {
            return None;
        }
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < MOST
            && bytes < BATCH
            && let Some(outgoing) = state.waiting.pop_front()
        {
            bytes += size(&outgoing);
            batch.push(outgoing);
        }
        Some(batch)
    }

    /// These do not count any more.
    pub(super) fn answered(&self, entries: &[Outgoing]) {
        let bytes: usize = entries.iter().map(size).sum();
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
    }

    /// What waits is still published. Nothing more is taken.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.more.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(outgoing: &Outgoing) -> usize {
    let texts = match &outgoing.change {
        Change::Message { event, data } => event.as_ref().map_or(0, String::len) + data.len(),
        Change::Deletion | Change::Gap => 0,
    };
    OVERHEAD + outgoing.channel.len() + texts
}

/// Entries that are published at a time.
const MOST: usize = 1000;
/// The charge for each, on top of its texts.
const OVERHEAD: usize = 256;
