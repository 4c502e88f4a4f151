//! Showing messages and deleting them, each time with the number that the journal gave.

use holdline_comet::Cursor;

use super::Hub;
use super::loops::{Waiter, Wakes};
use super::state::State;
use crate::message::{Content, Message};

/// A message that subscribers can see.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Published {
    pub(crate) cursor: Cursor,
    /// Streams and held requests that receive it.
    pub(crate) receivers: u64,
}

impl Hub {
    /// Shows a message to everyone who watches its channel. `number` must be greater than all numbers shown before,
    /// and `content` must have been measured for this channel. Notify `wakes` once you hold no lock.
    pub(crate) fn show(
        &self,
        number: u64,
        channel: &str,
        content: Content,
        wakes: &mut Wakes,
    ) -> Published {
        let now = self.now();
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

/// What is deleted.
impl Hub {
    /// Deletes what there is of a channel. `number` is as for [`show`](Self::show).
    ///
    /// A subscriber that did not have all of it yet is told that it is lost, whether it is connected or comes with
    /// a cursor. One that had everything has lost nothing.
    pub(crate) fn delete(&self, number: u64, channel: &str, wakes: &mut Wakes) -> Published {
        let cursor = self.cursor(number);
        let mut state = self.lock_to_change();
        self.settle_corrections(&mut state);
        let receivers = state.delete(number, channel, wakes);
        Published { cursor, receivers }
    }
}

/// What is missing.
impl Hub {
    /// Messages with smaller numbers may be missing in the channels of `pattern`, because they never came here. Who has no
    /// greater number is told. `number` is as for [`show`](Self::show).
    pub(crate) fn gap(&self, number: u64, pattern: &str, wakes: &mut Wakes) -> Published {
        let (now, cursor) = (self.now(), self.cursor(number));
        let mut state = self.lock_to_change();
        self.settle_corrections(&mut state);
        let receivers = state.gap(number, pattern, now, wakes);
        Published { cursor, receivers }
    }
}

/// Memory of messages.
impl Hub {
    /// Gives back what this message takes less than it was charged for. Call it after asking for a compressed form.
    pub(crate) fn correct(&self, message: &Message) {
        self.corrections.leave(message);
    }

    /// Counts the corrections left since the last call.
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
    /// Says that a publisher may be told this number before its message is shown: a cursor up to it is valid, and a
    /// subscriber that reads from it is asked to wait.
    pub(crate) fn give(&self, number: u64) {
        let mut state = self.lock_to_change();
        state.given = state.given.max(number);
    }

    /// Wakes a connection because its answer is here.
    pub(crate) fn wake(&self, waiter: Waiter, wakes: &mut Wakes) {
        self.lock().loops.wake(waiter, wakes);
    }

    /// The same, at once.
    pub(crate) fn wake_now(&self, waiter: Waiter) {
        let mut wakes = Wakes::default();
        self.wake(waiter, &mut wakes);
        wakes.notify();
    }

    /// The cursor after message `number`.
    pub(crate) fn cursor_of(&self, number: u64) -> Cursor {
        self.cursor(number)
    }
}
