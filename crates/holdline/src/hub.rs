//! Channels: what subscribers see of what was published.
//!
//! All channels share one sequence of numbers, so that one cursor stands for a place in any set of
//! channels, and one lock. The [journal](crate::journal) gives the numbers and brings the messages in
//! their order: a subscriber that has seen message 7 will never be shown a message 6. Nothing is encoded,
//! written or waited for under the lock: a form of a message is made when it is asked for first, by whoever
//! asks, and loops are notified when the lock is free again.
//!
//! A subscriber registers first and reads then. What is published in between is in its log when it
//! reads, and what comes later wakes it.

mod channel;
mod limits;
mod loops;
mod read;
mod show;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use holdline_comet::Cursor;
use holdline_net::Notifier;

pub(crate) use self::channel::Presence;
pub(crate) use self::limits::{HubLimits, TooManyChannels};
pub(crate) use self::loops::{LoopKey, News, Waiter, Wakes};
pub(crate) use self::read::{Batch, Read};
pub(crate) use self::show::Published;
use self::state::State;
use crate::counters::Counters;
use crate::transport::Transport;

/// Every channel of the server.
#[derive(Debug)]
pub(crate) struct Hub {
    epoch: u64,
    origin: Instant,
    limits: HubLimits,
    state: Mutex<State>,
    pub(crate) counters: Counters,
}

impl Hub {
    pub(crate) fn new(epoch: u64, limits: HubLimits) -> Self {
        Self {
            epoch,
            origin: Instant::now(),
            limits,
            state: Mutex::new(State::new(&limits)),
            counters: Counters::default(),
        }
    }

    /// Has `notifier` called when there are [news](Self::take_news) for its loop.
    pub(crate) fn join(&self, notifier: Notifier) -> LoopKey {
        self.lock().loops.join(notifier)
    }

    /// What there is for one loop since this was called last.
    pub(crate) fn take_news(&self, key: LoopKey) -> News {
        let mut news = self.lock().loops.take_news(key);
        news.channels.sort_unstable();
        news.channels.dedup();
        news
    }

    /// Counts a subscriber and has its loop woken for these channels from now on. Call before
    /// [`position`](Self::position) and [`read`](Self::read).
    pub(crate) fn register(
        &self,
        key: LoopKey,
        names: &[String],
        transport: Transport,
    ) -> Result<Arc<[Arc<str>]>, TooManyChannels> {
        let mut state = self.lock();
        let mut known = Vec::with_capacity(names.len());
        for name in names {
            match state.channel(name, &self.limits) {
                Ok(name) => known.push(name),
                Err(error) => {
                    // Those that were made just now must not stay for nobody.
                    for name in &known {
                        state.forget_unused(name);
                    }
                    return Err(error);
                }
            }
        }
        for name in &known {
            if let Some(channel) = state.channels.get_mut(name) {
                channel.presence.add(transport);
                channel.watch(key.0);
                let published = channel.published;
                if let Some(last) = published {
                    state.unwatched.remove(&last);
                }
            }
        }
        state.presence.add(transport);
        Ok(known.into())
    }

    /// Undoes [`register`](Self::register).
    pub(crate) fn unregister(&self, key: LoopKey, names: &[Arc<str>], transport: Transport) {
        let mut state = self.lock();
        state.presence.remove(transport);
        for name in names {
            if let Some(channel) = state.channels.get_mut(name) {
                channel.presence.remove(transport);
                channel.unwatch(key.0);
                state.forget_unused(name);
            }
        }
    }

    pub(crate) fn presence(&self, name: &str) -> Presence {
        self.lock()
            .channels
            .get(name)
            .map(|channel| channel.presence)
            .unwrap_or_default()
    }

    /// Messages retained, their bytes, and channels known.
    pub(crate) fn totals(&self) -> Totals {
        let state = self.lock();
        Totals {
            channels: state.channels.len() as u64,
            messages: state.kept.messages,
            bytes: state.kept.bytes,
            presence: state.presence,
            head: self.cursor(state.head),
        }
    }

    /// Drops messages that are past their age. To be called now and then.
    pub(crate) fn expire(&self) {
        if self.limits.log.max_age.is_some() {
            let now = self.uptime();
            self.lock().expire(now);
        }
    }

    /// How long the server has been up.
    pub(crate) fn uptime(&self) -> Duration {
        self.origin.elapsed()
    }

    fn cursor(&self, sequence: u64) -> Cursor {
        Cursor::new(self.epoch, sequence)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent between any two statements that can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `/stats` counts over all channels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Totals {
    pub(crate) channels: u64,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    pub(crate) presence: Presence,
    pub(crate) head: Cursor,
}

#[cfg(test)]
mod tests;
