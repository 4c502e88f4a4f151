//! What the hub's lock guards: the channels, and what is to be forgotten first.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use holdline_comet::Log;

use super::channel::{Channel, Presence};
use super::kept::Kept;
use super::limits::{HubLimits, TooManyChannels};
use super::loops::{Loops, Wakes};
use crate::message::Message;

#[derive(Debug)]
pub(super) struct State {
    /// The number of the newest message that is shown.
    pub(super) head: u64,
    /// The greatest number that somebody may have been told. Its message may still be on its way.
    pub(super) given: u64,
    pub(super) channels: HashMap<Arc<str>, Channel>,
    /// Channels that were published to, by their last message: the one that was silent longest comes
    /// first.
    published: BTreeMap<u64, Arc<str>>,
    /// Those of them that nobody watches: the one to forget first comes first.
    unwatched: BTreeMap<u64, Arc<str>>,
    /// No channel whose last message has this number or a smaller one has history.
    emptied: u64,
    pub(super) kept: Kept,
    /// Subscribers, each once however many channels it has.
    pub(super) presence: Presence,
    /// Stands for every channel that is not known: it has nothing, and its messages up to the last one
    /// of a channel that has been forgotten may be gone.
    pub(super) unknown: Log<Arc<Message>>,
    pub(super) loops: Loops,
}

impl State {
    pub(super) fn new(limits: &HubLimits) -> Self {
        Self {
            head: 0,
            given: 0,
            channels: HashMap::new(),
            published: BTreeMap::new(),
            unwatched: BTreeMap::new(),
            emptied: 0,
            kept: Kept::default(),
            presence: Presence::default(),
            unknown: Log::new(limits.log),
            loops: Loops::default(),
        }
    }

    /// Puts a message into a channel [for publishing](Self::for_publishing), and says how many
    /// subscribers that has.
    pub(super) fn append(
        &mut self,
        name: &Arc<str>,
        number: u64,
        message: Arc<Message>,
        now: Duration,
        wakes: &mut Wakes,
    ) -> u64 {
        let Some(channel) = self.channels.get_mut(name) else {
            return 0;
        };
        if let Some(last) = channel.published {
            self.published.remove(&last);
            self.unwatched.remove(&last);
        }
        self.published.insert(number, Arc::clone(name));
        if channel.is_unwatched() {
            self.unwatched.insert(number, Arc::clone(name));
        }
        let size = message.size();
        self.kept.changing(name, channel, |channel| {
            channel.published = Some(number);
            if let Err(error) = channel.log.push(number, size, now, message) {
                tracing::error!(%error, "the sequence of messages is broken");
            }
        });
        self.head = number;
        self.loops.tell_of_channel(name, channel.watched(), wakes);
        self.loops.reached(number, wakes);
        channel.presence.total()
    }

    /// Drops messages that are past their age.
    pub(super) fn expire(&mut self, now: Duration) {
        for (name, channel) in &mut self.channels {
            self.kept
                .changing(name, channel, |channel| channel.log.expire(now));
        }
    }

    /// Channels that were only asked for.
    pub(super) fn asked(&self) -> usize {
        self.channels.len() - self.published.len()
    }

    /// The channel of that name, with room for it among those that were published to.
    ///
    /// There is room always: nobody who watches channels keeps others from being published to.
    pub(super) fn for_publishing(&mut self, name: &str, limits: &HubLimits) -> Arc<str> {
        let known = self.channels.get_key_value(name);
        let known = known.map(|(name, channel)| (Arc::clone(name), channel.published));
        if let Some((name, Some(_))) = known {
            return name;
        }
        while self.published.len() >= limits.channels.max(1) {
            if !self.forget_oldest(limits) {
                self.demote_oldest();
            }
        }
        match known {
            Some((name, _)) => name,
            None => self.insert(name, limits),
        }
    }

    /// The channel of that name for somebody who watches it.
    pub(super) fn for_watching(
        &mut self,
        name: &str,
        limits: &HubLimits,
    ) -> Result<Arc<str>, TooManyChannels> {
        if let Some((name, _)) = self.channels.get_key_value(name) {
            return Ok(Arc::clone(name));
        }
        if self.asked() >= limits.asked_channels {
            return Err(TooManyChannels);
        }
        Ok(self.insert(name, limits))
    }

    fn insert(&mut self, name: &str, limits: &HubLimits) -> Arc<str> {
        let name: Arc<str> = name.into();
        let channel = Channel::new(limits.log, self.unknown.evicted_through());
        self.channels.insert(Arc::clone(&name), channel);
        name
    }

    /// Somebody watches this channel now.
    pub(super) fn is_watched(&mut self, published: Option<u64>) {
        if let Some(last) = published {
            self.unwatched.remove(&last);
        }
    }

    /// Nobody may be watching this channel any more. One that was only asked for is forgotten;
    /// any other may be, when its room is needed.
    pub(super) fn forget_unused(&mut self, name: &Arc<str>, limits: &HubLimits) {
        let Some(channel) = self.channels.get(name) else {
            return;
        };
        match channel.published {
            _ if !channel.is_unwatched() => {}
            None => self.forget(name, limits),
            Some(last) => {
                self.unwatched.insert(last, Arc::clone(name));
            }
        }
    }

    fn forget(&mut self, name: &Arc<str>, limits: &HubLimits) {
        let Some(channel) = self.channels.remove(name) else {
            return;
        };
        self.kept.forget(name, &channel);
        let last = channel.log.last_sequence();
        if last > self.unknown.evicted_through() {
            self.unknown = Log::with_evicted_through(limits.log, last);
        }
    }

    /// Makes room: of the channels that nobody watches, the one that was silent longest goes with its
    /// history. Returns whether there was one.
    fn forget_oldest(&mut self, limits: &HubLimits) -> bool {
        let Some((last, name)) = self.unwatched.pop_first() else {
            return false;
        };
        self.published.remove(&last);
        self.forget(&name, limits);
        tracing::debug!(channel = %name, "forgetting a channel to make room");
        true
    }

    /// Makes room when all channels are watched: the one that was silent longest loses its history. Who
    /// watches it gets what it needs, and what comes.
    fn demote_oldest(&mut self) {
        let Some((_, name)) = self.published.pop_first() else {
            return;
        };
        if let Some(channel) = self.channels.get_mut(&name) {
            self.kept.changing(&name, channel, |channel| {
                channel.published = None;
                while channel.log.retire() {}
            });
        }
        tracing::debug!(channel = %name, "a watched channel loses its history to make room");
    }

    /// Keeps history and what is to be delivered within their limits over all channels.
    pub(super) fn shrink(&mut self, limits: &HubLimits) {
        while self.kept.bytes > limits.total_bytes && self.shrink_history(limits)
            || self.kept.lingering_bytes > limits.delivery_bytes && self.shrink_delivery()
        {}
    }

    /// The message that can be missed most goes, if it is not the newest of all. Returns whether there was
    /// one.
    fn shrink_delivery(&mut self) -> bool {
        let Some(name) = self.kept.first_to_let_go(self.head) else {
            return false;
        };
        if let Some(channel) = self.channels.get_mut(&name) {
            self.kept.changing(&name, channel, |channel| {
                channel.log.let_go();
            });
        }
        true
    }

    /// The channel that was silent longest loses its oldest message, or is forgotten if it has none and
    /// nobody watches it. Returns whether there was one.
    fn shrink_history(&mut self, limits: &HubLimits) -> bool {
        let has_none = |name| {
            let channel = self.channels.get(name);
            channel.is_some_and(|channel| channel.log.is_empty())
        };
        if self.unwatched.values().next().is_some_and(has_none) {
            return self.forget_oldest(limits);
        }
        let rest = (Bound::Excluded(self.emptied), Bound::Unbounded);
        let Some((&last, name)) = self.published.range(rest).next() else {
            return false;
        };
        let channel = self.channels.get_mut(name);
        if let Some(channel) = channel.filter(|channel| channel.log.retained() > 0) {
            self.kept.changing(name, channel, |channel| {
                channel.log.retire();
            });
        } else {
            self.emptied = last;
        }
        true
    }
}

#[cfg(test)]
impl State {
    /// What is counted is there.
    pub(super) fn check(&self) {
        let channels = || self.channels.values();
        let bytes = self
            .channels
            .iter()
            .map(|(name, channel)| channel.bytes(name));
        let sums = bytes.fold((0, 0), |sums, bytes| (sums.0 + bytes.0, sums.1 + bytes.1));
        assert_eq!((self.kept.bytes, self.kept.lingering_bytes), sums);
        let published = channels().filter(|channel| channel.published.is_some());
        assert_eq!(self.published.len(), published.count());
        for channel in channels() {
            assert_eq!(channel.filed, channel.log.oldest_lingering());
        }
        let filed = channels().filter(|channel| channel.filed.is_some());
        assert_eq!(self.kept.filed(), filed.count());
    }
}
