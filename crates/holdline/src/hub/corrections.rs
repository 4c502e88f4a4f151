//! What messages take less than they were charged for.
//!
//! A compressed form is charged before it is made, with the most that it can have. Who makes it holds no lock, and leaves the
//! difference here for whoever changes the hub next: so a delivery takes the hub's lock once, and what is to be dropped is
//! judged by what there really is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::message::Message;

#[derive(Debug, Default)]
pub(super) struct Corrections {
    some: AtomicBool,
    list: Mutex<Vec<Correction>>,
}

/// A message that takes so many bytes less.
#[derive(Debug)]
pub(super) struct Correction {
    pub(super) channel: Arc<str>,
    pub(super) number: u64,
    pub(super) bytes: u64,
}

impl Corrections {
    /// Leaves what this message takes less than it was charged for, if it does.
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

    /// What was left since the last time.
    pub(super) fn take(&self) -> Vec<Correction> {
        if !self.some.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        let list = self.list.lock();
        std::mem::take(&mut *list.unwrap_or_else(PoisonError::into_inner))
    }
}
