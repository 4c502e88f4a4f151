//! The answer for a publisher that has to wait for it.

use std::sync::{Arc, Mutex, PoisonError};

use holdline_comet::Cursor;

use crate::hub::Published;

/// What is known about a message somebody wants to publish.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// Nothing yet.
    Pending,
    /// It is kept, and will be shown after all messages with smaller numbers.
    Kept(Cursor),
    /// Everyone can see it.
    Shown(Published),
    /// It was not published.
    Refused(Refusal),
}

/// Why a message was not published.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// Too many messages are already on their way to the journal.
    Busy,
    /// The journal could not keep it.
    NotKept,
    /// The journal ended without an answer, so the message may have been kept. This run of the server never shows
    /// it.
    Unknown,
}

/// Tells a publisher what became of its message. The journal fills in the same receipt.
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
