//! What feeds count, all together.

use std::sync::atomic::{AtomicU64, Ordering};

/// Of all feeds of the server.
#[derive(Debug, Default)]
pub(crate) struct FeedCounters {
    all: AtomicU64,
    connected: AtomicU64,
    taken: AtomicU64,
    refused: AtomicU64,
    torn: AtomicU64,
}

/// A snapshot of the [`FeedCounters`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct CountedFeeds {
    pub(crate) all: u64,
    /// Those that listen.
    pub(crate) connected: u64,
    /// Messages that were published.
    pub(crate) taken: u64,
    /// Messages that were not.
    pub(crate) refused: u64,
    /// How often the followers of a feed's channels were told that messages may be missing.
    pub(crate) torn: u64,
}

impl FeedCounters {
    pub(crate) fn set_all(&self, all: usize) {
        self.all.store(all as u64, Ordering::Relaxed);
    }

    /// One begins or ceases to listen.
    pub(crate) fn connected(&self, is: bool) {
        match is {
            true => self.connected.fetch_add(1, Ordering::Relaxed),
            false => self.connected.fetch_sub(1, Ordering::Relaxed),
        };
    }

    pub(crate) fn taken(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn torn(&self) {
        self.torn.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> CountedFeeds {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        CountedFeeds {
            all: read(&self.all),
            connected: read(&self.connected),
            taken: read(&self.taken),
            refused: read(&self.refused),
            torn: read(&self.torn),
        }
    }
}
