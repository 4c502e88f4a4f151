//! The journal that keeps messages only in the hub.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Appended, Draft, Journal, Refusal};
use crate::hub::{Hub, Waiter, Wakes};
use crate::message::Content;

/// Both steps of publishing at once: a numbered message counts as kept, until the server ends.
#[derive(Debug)]
pub(crate) struct Memory {
    hub: Arc<Hub>,
    /// The number of the last message. The lock is held until the message is shown, so that messages are shown in
    /// order.
    last: Mutex<u64>,
}

impl Memory {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            last: Mutex::new(0),
        }
    }
}

impl Journal for Memory {
    fn append(&self, draft: Draft<'_>, _: Option<Waiter>) -> Result<Appended, Refusal> {
        let Draft {
            channel,
            event,
            data,
        } = draft;
        let content = Content::new(channel, event, data);
        let mut wakes = Wakes::default();
        // `last` changes only after the message is shown, so a panic cannot leave it half changed.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let published = self.hub.show(*last + 1, channel, content, &mut wakes);
        *last = published.cursor.sequence();
        drop(last);
        wakes.notify();
        Ok(Appended::Shown(published))
    }
}
