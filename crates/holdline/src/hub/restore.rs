//! Messages that a journal had before the server started.

use std::time::Duration;

use holdline_comet::Log;

use super::Hub;
use super::loops::Wakes;
use crate::message::Content;

/// A message that was kept.
#[derive(Debug)]
pub(crate) struct Kept<'a> {
    pub(crate) number: u64,
    pub(crate) channel: &'a str,
    /// The number of the message before it in its channel, or a greater one if that is not known.
    pub(crate) previous: u64,
    pub(crate) content: Content,
    /// How long ago it came.
    pub(crate) age: Duration,
}

/// To be called before anybody subscribes or publishes.
impl Hub {
    /// Puts a message back. Its number must be greater than those before.
    pub(crate) fn restore(&self, kept: Kept<'_>) {
        let Kept {
            number, channel, ..
        } = kept;
        let cursor = self.cursor(number);
        let pushed = self.now().saturating_sub(kept.age);
        let mut state = self.lock_to_change();
        let is_new = state.channels.id(channel).is_none();
        if is_new {
            // What came before in this channel is not here.
            state.insert_after(channel, &self.limits, kept.previous);
        }
        let id = state.for_publishing(channel, &self.limits);
        state.append(id, cursor, kept.content, pushed, &mut Wakes::default());
        state.shrink(&self.limits);
    }

    /// Up to this number there were messages, perhaps, of a channel that is not known: it had to make room for others.
    pub(crate) fn forgotten(&self) -> u64 {
        self.lock().unknown.evicted_through()
    }

    /// The number of the last message of a channel, or a greater one if the channel is not known.
    pub(crate) fn last_of(&self, name: &str) -> u64 {
        let state = self.lock();
        let channel = state.channels.id(name);
        let log = channel
            .and_then(|id| state.channels.get(id))
            .map(|channel| &channel.log);
        let log = log.unwrap_or(&state.unknown);
        log.last_sequence().max(log.evicted_through())
    }

    /// Puts back a channel of which no message is put back. Its last one has the number `last`.
    pub(crate) fn restore_channel(&self, name: &str, last: u64) {
        let mut guard = self.lock_to_change();
        let state = &mut *guard;
        if state.channels.id(name).is_none() {
            let id = state.insert_after(name, &self.limits, last);
            state.count_as_published(id, last);
        }
        state.shrink(&self.limits);
    }

    /// All is put back. The newest number was `head`; whoever has less than `gone` may have lost something in a channel
    /// that was not put back.
    pub(crate) fn restored(&self, head: u64, gone: u64) {
        let mut state = self.lock_to_change();
        state.head = head;
        state.given = head;
        let gone = gone.max(state.unknown.evicted_through());
        state.unknown = Log::with_evicted_through(self.limits.log, gone);
        state.expire(self.now());
    }
}
