//! What a journal tells that several servers share: the newest number, what is lost, and new lives.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use holdline_comet::{Log, Since};

use super::Hub;
use super::loops::Wakes;
use super::state::State;
use crate::lives::Lives;

impl Hub {
    /// The same, where other servers give numbers as well: a client may know one that is not known here yet.
    pub(crate) fn shared(self) -> Self {
        self.lock().is_shared = true;
        self
    }

    /// The greatest number that was shown, or that anybody was told.
    pub(crate) fn given(&self) -> u64 {
        let state = self.lock();
        state.given.max(state.head)
    }

    /// A number that is not known here, which a client claims to know; 0 if there is none. Ask it before you look which
    /// number is the newest, and then [say so](Self::heard).
    pub(crate) fn asked(&self) -> u64 {
        self.lock().asked
    }

    /// The newest number is `newest`, or was since the call that returned `asked`. Who claimed to know a greater one is
    /// told that it has lost messages.
    pub(crate) fn heard(&self, newest: u64, asked: u64) {
        let mut wakes = Wakes::default();
        let mut state = self.lock_to_change();
        state.given = state.given.max(newest);
        if state.asked != 0 && state.asked <= asked.max(state.given) {
            let asked = std::mem::take(&mut state.asked);
            if asked > state.given {
                // Those that still wait for a good number do so again.
                state.loops.reached(u64::MAX, &mut wakes);
            }
        }
        drop(state);
        wakes.notify();
    }

    /// A number has no message, and nothing is lost.
    pub(crate) fn skip(&self, number: u64, wakes: &mut Wakes) {
        let mut state = self.lock_to_change();
        state.head = number;
        state.loops.reached(number, wakes);
    }

    /// The journal has lost messages up to number `through`, which is greater than all that were shown. Everyone is
    /// told, and older messages are dropped.
    pub(crate) fn lose(&self, through: u64, wakes: &mut Wakes) {
        let mut state = self.lock_to_change();
        self.settle_corrections(&mut state);
        state.drop_all(Some(through), self);
        state.broken = through;
        state.head = through;
        state.given = state.given.max(through);
        state.tell_all(self, wakes);
        state.loops.reached(through, wakes);
    }

    /// A new life begins, in which all messages have greater numbers than `start`, which is not less than any number
    /// before. Everyone is told that messages may be lost, and older ones are dropped.
    pub(crate) fn begin_life(&self, lives: Lives, start: u64, wakes: &mut Wakes) {
        let mut state = self.lock_to_change();
        self.settle_corrections(&mut state);
        state.drop_all(None, self);
        state.head = start;
        state.given = start;
        state.asked = 0;
        self.epoch.store(lives.epoch(), Ordering::Relaxed);
        *self.lives.lock().unwrap_or_else(PoisonError::into_inner) = lives;
        state.tell_all(self, wakes);
        state.loops.reached(u64::MAX, wakes);
    }

    /// Wakes everyone who is connected to a channel.
    pub(crate) fn wake_all(&self) {
        let mut wakes = Wakes::default();
        self.lock().tell_all(self, &mut wakes);
        wakes.notify();
    }
}

impl State {
    /// A client comes with this cursor.
    pub(super) fn ask(&mut self, epoch: u64, since: Since) {
        if let Since::Cursor(cursor) = since
            && self.is_shared
            && cursor.epoch() == epoch
            && cursor.sequence() > self.given.max(self.head)
        {
            self.asked = self.asked.max(cursor.sequence());
        }
    }

    /// Drops all messages. With `through`, also those up to there count that never came.
    fn drop_all(&mut self, through: Option<u64>, hub: &Hub) {
        for (id, channel) in self.channels.iter_mut() {
            self.kept.changing(id, channel, |channel| {
                let through = through.unwrap_or(channel.log.last_sequence());
                channel.log.evict_through(through);
            });
        }
        let through = through.unwrap_or(self.head);
        let gone = through.max(self.unknown.evicted_through());
        self.unknown = Log::with_evicted_through(hub.limits.log, gone);
    }

    fn tell_all(&mut self, hub: &Hub, wakes: &mut Wakes) {
        let now = hub.now();
        for (_, channel) in self.channels.iter_mut() {
            let watched = channel.watched();
            self.loops
                .tell_of_channel(&channel.name, watched, now, wakes);
        }
    }
}
