//! By how much messages turned out smaller than they were charged for.
//!
//! A compressed form is charged for before it is made, at its largest possible size. Whoever makes it holds no lock,
//! and leaves the difference here for the next caller that changes the hub. So a delivery takes the hub's lock only
//! once, and what to drop is decided by real sizes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::message::Message;

#[derive(Debug, Default)]
pub(super) struct Corrections {
    some: AtomicBool,
    list: Mutex<Vec<Correction>>,
}

/// A message turned out smaller by this many bytes.
#[derive(Debug)]
pub(super) struct Correction {
    pub(super) channel: Arc<str>,
    pub(super) number: u64,
    pub(super) bytes: u64,
}

impl Corrections {
    /// Records by how much this message turned out smaller than it was charged for, if it did.
    pub(super) fn leave(&self, message: &Message) {
        let bytes = message.take_saving();
        if bytes == 0 {
            return;
        }
        let correction = Correction {
            channel: Arc::clone(message.channel()),
            number: message.cursor().sequence(),
            bytes,
        };
        let list = self.list.lock();
        list.unwrap_or_else(PoisonError::into_inner)
            .push(correction);
        self.some.store(true, Ordering::Release);
    }

    /// The corrections left since the last call.
    pub(super) fn take(&self) -> Vec<Correction> {
        if !self.some.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        let list = self.list.lock();
        std::mem::take(&mut *list.unwrap_or_else(PoisonError::into_inner))
    }
}
