//! Channels: publishing, subscribing, presence, history.
//!
//! All channels share one sequence of numbers, so that one cursor stands for a place in any set of
//! channels, and one lock, so that the sequence has no holes which are filled later: a subscriber
//! that has seen message 7 will never be shown a message 6. Nothing is encoded and nothing is sent
//! under the lock.
//!
//! A subscriber registers first and reads then. What is published in between is in its log when it
//! reads, and what comes later wakes it.

mod channel;
mod state;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use holdline_comet::{Cursor, Log, LogLimits, Position, Reader, Since};
use holdline_net::{Notifier, Progress};

pub(crate) use self::channel::Presence;
use self::state::{Kept, Loop, State};
use crate::message::{Content, Message};
use crate::metrics::Metrics;
use crate::transport::Transport;

/// What a [`Hub`] keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HubLimits {
    /// Of each channel.
    pub(crate) log: LogLimits,
    /// Octets of history over all channels.
    pub(crate) total_bytes: u64,
    /// Channels that are remembered.
    pub(crate) channels: usize,
    /// Octets that a stream may be behind before the rest is skipped and it is told so.
    pub(crate) lag: u64,
}

/// Every channel of the server.
#[derive(Debug)]
pub(crate) struct Hub {
    epoch: u64,
    origin: Instant,
    limits: HubLimits,
    state: Mutex<State>,
    pub(crate) metrics: Metrics,
}

/// The answer of [`Hub::read`].
#[derive(Debug)]
pub(crate) struct Batch {
    /// Something before the messages is lost; the cursor from which they go on.
    pub(crate) lost: Option<Cursor>,
    pub(crate) messages: Vec<Arc<Message>>,
    /// There are more.
    pub(crate) more: bool,
}

impl Batch {
    /// What [`Handler::ready`](holdline_net::Handler::ready) says after writing it.
    pub(crate) fn progress(&self) -> Progress {
        if self.more {
            Progress::More
        } else {
            Progress::Idle
        }
    }
}

/// The answer of [`Hub::publish`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Published {
    pub(crate) cursor: Cursor,
    /// Streams and held requests that it reaches.
    pub(crate) receivers: u64,
}

/// There are as many channels as there may be, and all are in use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooManyChannels;

impl Hub {
    pub(crate) fn new(epoch: u64, limits: HubLimits) -> Self {
        let state = State {
            head: 0,
            channels: HashMap::new(),
            full: BTreeMap::new(),
            unwatched: BTreeMap::new(),
            kept: Kept::default(),
            presence: Presence::default(),
            unknown: Log::new(limits.log),
            loops: Vec::new(),
        };
        Self {
            epoch,
            origin: Instant::now(),
            limits,
            state: Mutex::new(state),
            metrics: Metrics::default(),
        }
    }

    /// Has `notifier` called when there are [news](Self::take_news) for its loop.
    pub(crate) fn join(&self, notifier: Notifier) -> LoopKey {
        let mut state = self.lock();
        state.loops.push(Loop {
            notifier,
            news: Vec::new(),
        });
        LoopKey(state.loops.len() - 1)
    }

    /// Appends a message and wakes who waits for it.
    pub(crate) fn publish(
        &self,
        channel: &str,
        event: Option<&str>,
        data: &str,
    ) -> Result<Published, TooManyChannels> {
        let content = Content::new(channel, event, data);
        let now = self.origin.elapsed();
        let mut state = self.lock();
        let name = state.channel(channel, &self.limits)?;
        state.head += 1;
        let sequence = state.head;
        let cursor = self.cursor(sequence);
        let message = Message::new(cursor, Arc::clone(&name), content);
        let State {
            channels,
            full,
            unwatched,
            kept,
            loops,
            ..
        } = &mut *state;
        let Some(channel) = channels.get_mut(&name) else {
            return Err(TooManyChannels);
        };
        if let Some(last) = channel.published.replace(sequence) {
            full.remove(&last);
            unwatched.remove(&last);
        }
        full.insert(sequence, Arc::clone(&name));
        if channel.is_unwatched() {
            unwatched.insert(sequence, Arc::clone(&name));
        }
        let size = message.size();
        let message = Arc::new(message);
        kept.changing(&mut channel.log, |log| {
            if let Err(error) = log.push(sequence, size, now, message) {
                tracing::error!(%error, "the sequence of messages is broken");
            }
        });
        let mut wake = Vec::new();
        for (index, count) in channel.loops.iter().enumerate() {
            if *count > 0
                && let Some(target) = loops.get_mut(index)
            {
                if target.news.last() != Some(&name) {
                    target.news.push(Arc::clone(&name));
                }
                wake.push(target.notifier.clone());
            }
        }
        let receivers = channel.presence.total();
        state.shrink(&self.limits);
        drop(state);
        self.metrics.published(receivers);
        for notifier in wake {
            notifier.notify();
        }
        Ok(Published { cursor, receivers })
    }

    /// The channels of one loop that got messages since this was called last.
    pub(crate) fn take_news(&self, key: LoopKey) -> Vec<Arc<str>> {
        let mut state = self.lock();
        let mut news = match state.loops.get_mut(key.0) {
            Some(own) => std::mem::take(&mut own.news),
            None => Vec::new(),
        };
        drop(state);
        news.sort_unstable();
        news.dedup();
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

    /// Where a subscriber that asks for `since` stands.
    pub(crate) fn position(&self, names: &[Arc<str>], since: Since) -> Position {
        let state = self.lock();
        self.with_reader(&state, names, |reader| reader.position(since))
    }

    /// What comes after `position`, at most about `budget` bytes of it as JSON, and moves the position.
    ///
    /// With `limited_lag`, a subscriber that is further behind than it may be is moved to the end
    /// and told so.
    pub(crate) fn read(
        &self,
        names: &[Arc<str>],
        position: &mut Position,
        budget: usize,
        limited_lag: bool,
    ) -> Batch {
        let state = self.lock();
        self.with_reader(&state, names, |reader| {
            if limited_lag && reader.lag(position) > self.limits.lag {
                return Batch {
                    lost: Some(reader.skip(position)),
                    messages: Vec::new(),
                    more: false,
                };
            }
            let mut reading = reader.read(position);
            // Most readers get one.
            let mut messages = Vec::with_capacity(usize::from(reading.has_more()));
            let mut size = 0;
            while size < budget
                && let Some((_, _, message)) = reading.next()
            {
                size += message.json_len();
                messages.push(Arc::clone(message));
            }
            Batch {
                lost: reading.lost,
                messages,
                more: reading.has_more(),
            }
        })
    }

    fn with_reader<T>(
        &self,
        state: &State,
        names: &[Arc<str>],
        read: impl FnOnce(Reader<'_, Arc<Message>>) -> T,
    ) -> T {
        // One channel is the usual case, and this is done for each message and subscriber: there is no
        // list of one.
        match names {
            [name] => read(Reader::new(self.epoch, state.head, &[state.log(name)])),
            names => {
                let logs: Vec<_> = names.iter().map(|name| state.log(name)).collect();
                read(Reader::new(self.epoch, state.head, &logs))
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

    /// Messages retained, their octets, and channels known.
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
        let now = self.origin.elapsed();
        if self.limits.log.max_age.is_none() {
            return;
        }
        let mut state = self.lock();
        let State { channels, kept, .. } = &mut *state;
        for channel in channels.values_mut() {
            kept.changing(&mut channel.log, |log| log.expire(now));
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

/// Names a loop that [joined](Hub::join).
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoopKey(usize);

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
