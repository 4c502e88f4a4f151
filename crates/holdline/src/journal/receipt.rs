//! The answer to a publisher that has to wait for it.

use std::sync::{Arc, Mutex, PoisonError};

use holdline_comet::Cursor;

use crate::hub::Published;

/// What is known about a message that somebody wants to publish.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// Nothing yet.
    Pending,
    /// It is kept, and will be shown when all with smaller numbers are.
    Kept(Cursor),
    /// All can see it.
    Shown(Published),
    /// It is not published.
    Refused(Refusal),
}

/// Why a message was not published.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// More messages are on their way to be kept than there may be.
    Busy,
    /// The journal could not keep it.
    NotKept,
    /// The journal ended without a word, so it may have been kept. It is never shown in this life of the
    /// server.
    Unknown,
}

/// Tells a publisher what became of its message. The same receipt is filled in by the journal.
#[derive(Clone, Debug)]
pub(crate) struct Receipt(Arc<Mutex<Outcome>>);

impl Receipt {
    pub(crate) fn new(outcome: Outcome) -> Self {
        Self(Arc::new(Mutex::new(outcome)))
    }

    pub(crate) fn outcome(&self) -> Outcome {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, outcome: Outcome) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }
}
