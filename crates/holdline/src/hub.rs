//! Channels: what subscribers see of what was published.
//!
//! All channels share one lock and one sequence of numbers, so one cursor stands for a place in any set of channels.
//! The [journal](crate::journal) assigns the numbers and delivers the messages in order: a subscriber that has seen
//! message 7 is never shown a message 6. Nothing is encoded, written or waited for under the lock. A form of a
//! message is made the first time someone asks for it, by the one who asks, and loops are notified once the lock is
//! free again.
//!
//! A subscriber registers first and reads afterwards. What is published in between is in its log when it reads, and
//! what comes later wakes it.

mod archive;
mod begin;
mod channel;
mod channels;
mod corrections;
mod deletions;
mod gaps;
mod kept;
mod limits;
mod looks;
mod loops;
mod members;
mod older;
mod place;
mod read;
mod restore;
mod show;
mod state;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use holdline_comet::Cursor;
use holdline_net::Notifier;

pub(crate) use self::archive::{Archive, Mark, Marks, Order, Piece, Unreadable, empty_log};
pub(crate) use self::channel::{Lag, Presence};
use self::corrections::Corrections;
pub(crate) use self::limits::{HubLimits, TooManyChannels};
pub(crate) use self::looks::Looks;
pub(crate) use self::loops::{LoopKey, News, Waiter, Wakes};
pub(crate) use self::members::{
    Changes as MemberChanges, Guest, Introduction, Listed, MemberLimits, Members,
    News as MemberNews, RoomNews, Source as MemberSource, Told, Watch,
};
pub(crate) use self::place::Place;
pub(crate) use self::read::{Batch, Read, Wanted, Withheld};
pub(crate) use self::restore::Kept as KeptMessage;
pub(crate) use self::show::Published;
use self::state::State;
use crate::counters::Counters;
use crate::lives::Lives;
use crate::replays::Replays;
use crate::transport::Transport;

/// Every channel of the server.
#[derive(Debug)]
pub(crate) struct Hub {
    /// The epoch of the current life. It changes only under the lock of the state.
    epoch: AtomicU64,
    lives: Mutex<Lives>,
    origin: Instant,
    /// What the [clock](Self::now) said at the origin.
    lead: Duration,
    limits: HubLimits,
    state: Mutex<State>,
    /// How often the result of a [look](looks) may have changed.
    changes: AtomicU64,
    corrections: Corrections,
    /// Set if there is history that memory does not have.
    archive: OnceLock<Arc<Archive>>,
    pub(crate) counters: Counters,
    pub(crate) replays: Replays,
    pub(crate) members: Members,
}

impl Hub {
    /// With an epoch alone there are no older lives.
    pub(crate) fn new(lives: impl Into<Lives>, limits: HubLimits) -> Self {
        let lives = lives.into();
        Self {
            origin: Instant::now(),
            lead: limits.lead(),
            limits,
            state: Mutex::new(State::new(&limits)),
            changes: AtomicU64::new(0),
            corrections: Corrections::default(),
            archive: OnceLock::new(),
            counters: Counters::default(),
            replays: Replays::new(limits.replay_bytes),
            members: Members::new(lives.epoch(), limits.members),
            epoch: AtomicU64::new(lives.epoch()),
            lives: Mutex::new(lives),
        }
    }

    /// What is known of members is of this process, which goes on with no other's.
    pub(crate) fn in_process(self, id: u64) -> Self {
        let members = Members::new(id, self.limits.members);
        Self { members, ..self }
    }

    /// Calls `notifier` whenever there is [news](Self::take_news) for its loop.
    pub(crate) fn join(&self, notifier: Notifier) -> LoopKey {
        self.lock().loops.join(notifier)
    }

    /// The news for one loop since the last call.
    pub(crate) fn take_news(&self, key: LoopKey) -> News {
        let mut news = self.lock().loops.take_news(key);
        news.channels.sort_unstable();
        news.channels.dedup();
        news
    }

    /// Counts a subscriber, and wakes its loop for these channels from now on. Call this before
    /// [`position`](Self::position) and [`read`](Self::read).
    pub(crate) fn register(
        &self,
        key: LoopKey,
        names: &[String],
        transport: Transport,
    ) -> Result<Arc<[Arc<str>]>, TooManyChannels> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let mut known = Vec::with_capacity(names.len());
        for name in names {
            match state.for_watching(name, &self.limits) {
                Ok(id) => known.push(id),
                Err(error) => {
                    // Channels that were created just now must not stay if nobody watches them.
                    for id in known {
                        state.forget_unused(id, &self.limits);
                    }
                    return Err(error);
                }
            }
        }
        let mut channels = Vec::with_capacity(known.len());
        for id in known {
            if let Some(channel) = state.channels.get_mut(id) {
                channel.presence.add(transport);
                channel.watch(key.index());
                channels.push(Arc::clone(&channel.name));
                let published = channel.published;
                state.is_watched(published);
            }
        }
        state.presence.add(transport);
        Ok(channels.into())
    }

    /// Undoes [`register`](Self::register). `place` is the subscriber's current place.
    pub(crate) fn unregister(&self, key: LoopKey, transport: Transport, place: &Place) {
        let mut guard = self.lock_to_change();
        let state = &mut *guard;
        state.presence.remove(transport);
        for &id in place.ids.as_slice() {
            if let Some(channel) = state.channels.get_mut(id) {
                channel.presence.remove(transport);
                channel.unwatch(key.index());
                if place.is_live {
                    channel.log.leave(place.sequence());
                    state.kept.file(id, channel);
                }
                state.forget_unused(id, &self.limits);
            }
        }
    }

    /// The channel names of a [registered](Self::register) subscriber, in the order it gave them.
    pub(crate) fn names(&self, place: &Place) -> Vec<Arc<str>> {
        self.lock().names(&place.ids)
    }

    pub(crate) fn presence(&self, name: &str) -> Presence {
        let state = self.lock();
        let channel = state
            .channels
            .id(name)
            .and_then(|id| state.channels.get(id));
        channel.map(|channel| channel.presence).unwrap_or_default()
    }

    /// Totals over all channels.
    pub(crate) fn totals(&self) -> Totals {
        let state = self.lock();
        Totals {
            channels: (state.channels.len() - state.asked()) as u64,
            asked_channels: state.asked() as u64,
            messages: state.kept.messages,
            bytes: state.kept.bytes,
            delivery_bytes: state.kept.lingering_bytes,
            lag: state.lag,
            presence: state.presence,
            head: self.cursor(state.head),
        }
    }

    /// Drops messages that have outlived their age limit or the resume window. Call it now and then.
    pub(crate) fn expire(&self) {
        let now = self.now();
        let mut state = self.lock_to_change();
        self.settle_corrections(&mut state);
        state.expire(now);
        state.shrink(&self.limits);
    }

    /// Removes members whose time is over, and wakes the connections that are to be told about changes. Returns how long
    /// until there is more to do.
    pub(crate) fn tell_of_members(&self) -> Duration {
        let waiters = self.members.tick(self.now());
        if !waiters.is_empty() {
            let mut wakes = Wakes::default();
            let mut state = self.lock();
            for waiter in waiters {
                state.loops.wake(waiter, &mut wakes);
            }
            drop(state);
            wakes.notify();
        }
        self.members.wait(self.now())
    }

    /// The hub's clock. It began long enough before the server did that messages from the disk have come at some time
    /// of it, if they are not too old anyway.
    pub(crate) fn now(&self) -> Duration {
        self.lead + self.origin.elapsed()
    }

    /// How long the server has been up.
    pub(crate) fn uptime(&self) -> Duration {
        self.origin.elapsed()
    }

    fn cursor(&self, sequence: u64) -> Cursor {
        Cursor::new(self.epoch(), sequence)
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent between any two statements that can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same lock, for callers that show messages or may drop some. The change is counted before the lock is
    /// taken: anyone who looks after that takes the lock, and so waits for the change.
    fn lock_to_change(&self) -> MutexGuard<'_, State> {
        let state = self.lock();
        self.changed();
        state
    }

    fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }
}

/// The totals over all channels that `/stats` shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Totals {
    /// Channels that were published to.
    pub(crate) channels: u64,
    /// Channels that somebody watches but nobody has published to.
    pub(crate) asked_channels: u64,
    /// History: messages, and their bytes.
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    /// Bytes of messages that have left the history but are still to be delivered.
    pub(crate) delivery_bytes: u64,
    /// How far the slowest stream is behind, as of the last [`expire`](Hub::expire).
    pub(crate) lag: Lag,
    pub(crate) presence: Presence,
    pub(crate) head: Cursor,
}

#[cfg(test)]
mod tests;
