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

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use holdline_comet::{Cursor, Log, LogLimits, merge};
use holdline_net::Notifier;

use self::channel::Channel;
pub(crate) use self::channel::Presence;
use crate::message::Message;
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

#[derive(Debug)]
struct State {
    /// The number of the newest message.
    head: u64,
    channels: HashMap<Arc<str>, Channel>,
    /// Channels with history, by their last message: the one to empty first comes first.
    full: BTreeMap<u64, Arc<str>>,
    /// Channels that were published to and that nobody watches, by their last message: the one to
    /// forget first comes first.
    unwatched: BTreeMap<u64, Arc<str>>,
    /// History over all channels.
    kept: Kept,
    /// Subscribers, each once however many channels it has.
    presence: Presence,
    /// Channels with messages up to this number have been forgotten. What a channel that is not
    /// known had before, nobody knows.
    forgotten_through: u64,
    loops: Vec<Loop>,
}

/// What one event loop is to look at.
#[derive(Debug)]
struct Loop {
    notifier: Notifier,
    news: Vec<Arc<str>>,
}

/// Where a subscriber stands.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    /// The number of the last message that it has, or was told it lost.
    sequence: u64,
    /// For each channel, up to where messages were gone when that was told last, or were not asked
    /// for. Only while one of these is beyond `sequence`: a busy channel has lost more than what a
    /// quiet one still has to give.
    told: Option<Box<[u64]>>,
}

/// Where a subscriber wants to begin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Since {
    /// With the next message.
    Now,
    /// With the oldest message there is.
    Earliest,
    /// After this one.
    Cursor(Cursor),
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
            forgotten_through: 0,
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
        // Copied before the lock is taken. A slice of the read block would keep all of it alive.
        let (event, data) = (event.map(Box::from), Box::from(data));
        let now = self.origin.elapsed();
        let mut state = self.lock();
        let name = state.channel(channel, self)?;
        state.head += 1;
        let sequence = state.head;
        let cursor = self.cursor(sequence);
        let message = Message::new(cursor, &name, event, data);
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
        state.shrink(self.limits.total_bytes, &self.limits.log, self.epoch);
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
            match state.channel(name, self) {
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

    /// Where a subscriber that asks for `since` stands, and the cursor that says so.
    pub(crate) fn position(&self, names: &[Arc<str>], since: Since) -> (Position, Cursor) {
        let state = self.lock();
        let mut position = Position {
            sequence: state.head,
            told: None,
        };
        match since {
            Since::Now => {}
            Since::Earliest => {
                let logs = names.iter().filter_map(|name| state.channels.get(name));
                // Before the oldest message that any of the channels still has.
                let oldest = logs.filter_map(|channel| channel.log.iter().next());
                let before = oldest.map(|(sequence, _)| sequence - 1).min();
                position.sequence = before.unwrap_or(state.head);
                position.tell(state.gone(names));
            }
            Since::Cursor(cursor) => {
                if cursor.epoch() == self.epoch && cursor.sequence() <= state.head {
                    position.sequence = cursor.sequence();
                } else {
                    // Not of this life of the server: whatever came after it is lost.
                    return (Position::FOREIGN, cursor);
                }
            }
        }
        let cursor = self.cursor(position.sequence);
        (position, cursor)
    }

    /// What comes after `position`, at most about `budget` octets of it as JSON, and moves the position.
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
        let logs: Vec<_> = names
            .iter()
            .filter_map(|name| state.channels.get(name))
            .map(|c| &c.log)
            .collect();
        let mut lost = None;
        if position.is_foreign() {
            let oldest = logs
                .iter()
                .filter_map(|log| log.iter().next())
                .map(|(first, _)| first);
            position.sequence = oldest.min().map_or(state.head, |first| first - 1);
            lost = Some(self.cursor(position.sequence));
        }
        let cursor = self.cursor(position.sequence);
        if lost.is_none() && position.misses(state.gone(names)) {
            let after = logs
                .iter()
                .filter_map(|log| log.resume(cursor).entries.next());
            let oldest = after.map(|(sequence, _)| sequence - 1).min();
            position.sequence = oldest.unwrap_or(state.head);
            lost = Some(self.cursor(position.sequence));
        }
        if lost.is_some() {
            position.tell(state.gone(names));
        }
        let cursor = self.cursor(position.sequence);
        if limited_lag && logs.iter().map(|log| log.lag(cursor)).sum::<u64>() > self.limits.lag {
            position.sequence = state.head;
            let lost = Some(self.cursor(state.head));
            return Batch {
                lost,
                messages: Vec::new(),
                more: false,
            };
        }
        let mut messages = Vec::new();
        let mut size = 0;
        let mut more = false;
        for (_, sequence, message) in merge(logs.iter().map(|log| log.resume(cursor).entries)) {
            if size >= budget {
                more = true;
                break;
            }
            size += message.json().len();
            position.sequence = sequence;
            messages.push(Arc::clone(message));
        }
        if !more {
            // Nothing of these channels lies between the last message and the head.
            position.sequence = state.head;
        }
        drop(state);
        Batch {
            lost,
            messages,
            more,
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

    /// The cursor of a position.
    pub(crate) fn cursor_at(&self, position: &Position) -> Cursor {
        self.cursor(position.sequence)
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

impl Position {
    const FOREIGN: Self = Self {
        sequence: u64::MAX,
        told: None,
    };

    fn is_foreign(&self) -> bool {
        self.sequence == u64::MAX
    }

    /// Whether any channel has lost something after this position that was not told.
    fn misses(&self, gone: impl Iterator<Item = u64>) -> bool {
        let told = |index: usize| self.told.as_ref().and_then(|told| told.get(index)).copied();
        gone.enumerate()
            .any(|(index, gone)| gone > self.sequence.max(told(index).unwrap_or(0)))
    }

    /// What is gone now has been told.
    fn tell(&mut self, gone: impl Iterator<Item = u64> + Clone) {
        let beyond = gone.clone().any(|gone| gone > self.sequence);
        self.told = beyond.then(|| gone.collect());
    }
}

/// How much history there is.
#[derive(Debug, Default)]
struct Kept {
    messages: u64,
    bytes: u64,
}

impl Kept {
    /// Counts what `change` makes of one of the logs.
    fn changing<M>(&mut self, log: &mut Log<M>, change: impl FnOnce(&mut Log<M>)) {
        self.without(log);
        change(log);
        self.messages += log.len() as u64;
        self.bytes += log.bytes();
    }

    fn without<M>(&mut self, log: &Log<M>) {
        self.messages -= log.len() as u64;
        self.bytes -= log.bytes();
    }
}

impl State {
    /// The channel of that name, made when it is not known.
    fn channel(&mut self, name: &str, hub: &Hub) -> Result<Arc<str>, TooManyChannels> {
        if let Some((name, _)) = self.channels.get_key_value(name) {
            return Ok(Arc::clone(name));
        }
        if self.channels.len() >= hub.limits.channels {
            self.forget_oldest()?;
        }
        let name: Arc<str> = name.into();
        let gone = self.forgotten_through;
        let channel = Channel::new(hub.epoch, hub.limits.log, gone);
        self.channels.insert(Arc::clone(&name), channel);
        Ok(name)
    }

    /// For each channel, up to which number its messages may be gone. One that is not known may
    /// have been forgotten.
    fn gone(&self, names: &[Arc<str>]) -> impl Iterator<Item = u64> + Clone {
        names.iter().map(|name| match self.channels.get(name) {
            Some(channel) => channel.log.evicted_through(),
            None => self.forgotten_through,
        })
    }

    /// Nobody may be watching this channel any more. One that was never published to is forgotten;
    /// any other may be, when its room is needed.
    fn forget_unused(&mut self, name: &Arc<str>) {
        let Some(channel) = self.channels.get(name) else {
            return;
        };
        match channel.published {
            _ if !channel.is_unwatched() => {}
            None => {
                self.channels.remove(name);
            }
            Some(last) => {
                self.unwatched.insert(last, Arc::clone(name));
            }
        }
    }

    /// Makes room for one more channel: the one that was published to longest ago, of those that
    /// nobody watches, goes with its history.
    fn forget_oldest(&mut self) -> Result<(), TooManyChannels> {
        let (last, name) = self.unwatched.pop_first().ok_or(TooManyChannels)?;
        self.full.remove(&last);
        if let Some(channel) = self.channels.remove(&name) {
            self.kept.without(&channel.log);
        }
        self.forgotten_through = self.forgotten_through.max(last);
        tracing::debug!(channel = %name, "forgetting a channel to make room");
        Ok(())
    }

    /// Drops the history of the channels that were published to longest ago until all of it is
    /// within `limit`. The newest channel keeps its history: its own limits bound it.
    fn shrink(&mut self, limit: u64, log: &LogLimits, epoch: u64) {
        while self.kept.bytes > limit && self.full.len() > 1 {
            let Some((last, name)) = self.full.pop_first() else {
                return;
            };
            if let Some(channel) = self.channels.get_mut(&name) {
                self.kept.without(&channel.log);
                channel.log = Log::with_evicted_through(epoch, *log, last);
            }
        }
    }
}

#[cfg(test)]
mod tests;
