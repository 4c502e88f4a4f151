//! What one request takes on the wire, for whoever asks while it is under way.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::finished::End;

/// Counts the bytes of one request and of its response, heads and framing included. It is given to the request with
/// [`Responder::meter`](crate::Responder::meter); any thread may read it, also while a response or a WebSocket is open.
#[derive(Debug, Default)]
pub struct Meter {
    received: AtomicU64,
    sent: AtomicU64,
    end: OnceLock<End>,
}

impl Meter {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes of the request: its head, its body with its framing, and what a client sent over a WebSocket.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Bytes of the response that the system took so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Why the request is over. `None` while it is not.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        self.end.get().copied()
    }

    pub(crate) fn add_received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn set_sent(&self, bytes: u64) {
        self.sent.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn finish(&self, end: End) {
        // It is over once.
        let _ = self.end.set(end);
    }
}
