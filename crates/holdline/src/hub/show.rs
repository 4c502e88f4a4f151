//! Messages come in, each with the number that the journal gave it.

use holdline_comet::Cursor;

use super::Hub;
use super::loops::{Waiter, Wakes};
use super::state::State;
use crate::message::{Content, Message};

/// A message that subscribers can see.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Published {
    pub(crate) cursor: Cursor,
    /// Streams and held requests that it reaches.
    pub(crate) receivers: u64,
}

impl Hub {
    /// Shows a message to all who watch its channel. `number` must be greater than every number that
    /// was shown before, and `content` measured for this channel. Notify `wakes` when you hold no lock.
    pub(crate) fn show(
        &self,
        number: u64,
        channel: &str,
        content: Content,
        wakes: &mut Wakes,
    ) -> Published {
        let now = self.uptime();
        let cursor = self.cursor(number);
        let mut state = self.lock_to_change();
        self.settle_corrections(&mut state);
        let id = state.for_publishing(channel, &self.limits);
        let receivers = state.append(id, cursor, content, now, wakes);
        state.shrink(&self.limits);
        drop(state);
        self.counters.published();
        Published { cursor, receivers }
    }
}

/// What messages take.
impl Hub {
    /// Has what this message takes less than it was charged for given back. To be called by whoever has asked for a
    /// compressed form.
    pub(crate) fn correct(&self, message: &Message) {
        self.corrections.leave(message);
    }

    /// Counts what was left since the last time.
    pub(super) fn settle_corrections(&self, state: &mut State) {
        for correction in self.corrections.take() {
            let Some(id) = state.channels.id(&correction.channel) else {
                continue;
            };
            if let Some(channel) = state.channels.get_mut(id) {
                state.kept.changing(id, channel, |channel| {
                    channel.log.discharge(correction.number, correction.bytes);
                });
            }
        }
    }
}

/// For journals that answer later.
impl Hub {
    /// A publisher may be told this number before its message is shown: a cursor up to it is good, and
    /// a subscriber that reads from it is asked to wait.
    pub(crate) fn give(&self, number: u64) {
        let mut state = self.lock_to_change();
        state.given = state.given.max(number);
    }

    /// Has a connection called because its answer is there.
    pub(crate) fn wake(&self, waiter: Waiter, wakes: &mut Wakes) {
        self.lock().loops.wake(waiter, wakes);
    }

    /// The cursor after message `number`.
    pub(crate) fn cursor_of(&self, number: u64) -> Cursor {
        self.cursor(number)
    }
}
