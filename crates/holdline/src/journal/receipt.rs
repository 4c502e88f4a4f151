//! The answer for a publisher that has to wait for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holdline_comet::Cursor;

use crate::hub::{Hub, Published, Waiter, Wakes};

/// What is known about a message somebody wants to publish.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// Nothing yet.
    Pending,
    /// It is kept, and will be shown after all messages with smaller numbers.
    Kept(Cursor),
    /// Everyone can see it.
    Shown(Published),
    /// It was published before the server started, so that nobody knows any more how many received it.
    Before(Cursor),
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
    /// There is no room on the disk.
    NoSpace,
    /// The journal ended without an answer, so the message may have been kept. This run of the server never shows
    /// it.
    Unknown,
    /// The broker does not answer.
    Away,
    /// The broker takes nothing, until somebody does what this says.
    Fault(&'static str),
    /// The broker may have kept it or not.
    Uncertain,
    /// Another message has come under its idempotency key.
    OtherContent,
    /// There are as many idempotency keys as there may be. One is forgotten after so long.
    NoRoomForKey { wait: Duration },
}

/// Tells publishers what became of a message: the first one, and those that sent it again under its key. The journal
/// fills in the same receipt.
#[derive(Clone, Debug)]
pub(crate) struct Receipt(Arc<Mutex<Told>>);

#[derive(Debug)]
struct Told {
    outcome: Outcome,
    /// Who is woken when there is another outcome.
    waiting: Vec<Waiter>,
}

impl Receipt {
    pub(crate) fn new(outcome: Outcome) -> Self {
        let waiting = Vec::new();
        Self(Arc::new(Mutex::new(Told { outcome, waiting })))
    }

    pub(crate) fn outcome(&self) -> Outcome {
        self.lock().outcome
    }

    /// Has a publisher woken whenever there is another outcome. Call it before looking at the outcome.
    pub(super) fn join(&self, publisher: Waiter) {
        self.lock().waiting.push(publisher);
    }

    /// The publisher does not wait any more.
    pub(crate) fn leave(&self, publisher: Waiter) {
        self.lock().waiting.retain(|waiter| *waiter != publisher);
    }

    pub(super) fn set(&self, outcome: Outcome, hub: &Hub, wakes: &mut Wakes) {
        let mut told = self.lock();
        told.outcome = outcome;
        for &waiter in &told.waiting {
            hub.wake(waiter, wakes);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
