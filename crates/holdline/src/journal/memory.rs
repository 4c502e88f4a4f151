//! The journal that keeps messages nowhere but in the hub.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Appended, Draft, Journal, Refusal};
use crate::hub::{Hub, Waiter, Wakes};
use crate::message::Content;

/// Both steps of publishing at once: what has a number is kept, until the server ends.
#[derive(Debug)]
pub(crate) struct Memory {
    hub: Arc<Hub>,
    /// The number of the last message. Held until the message is shown, so that they come in order.
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
        // A number is as good as the message that has it, whatever panics.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let published = self.hub.show(*last + 1, channel, content, &mut wakes);
        *last = published.cursor.sequence();
        drop(last);
        wakes.notify();
        Ok(Appended::Shown(published))
    }
}
