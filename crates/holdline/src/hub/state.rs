//! What the hub's lock guards: the channels, and the order in which they are forgotten.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use holdline_comet::{Cursor, Log};

use super::channel::{Channel, Lag, Presence};
use super::channels::{Channels, Id};
use super::deletions::Deletions;
use super::gaps::Gaps;
use super::kept::Kept;
use super::limits::{HubLimits, TooManyChannels};
use super::loops::{Loops, Wakes};
use crate::access::patterns::covers;
use crate::message::{Content, Message};

#[derive(Debug)]
pub(super) struct State {
    /// The number of the newest message that is shown.
    pub(super) head: u64,
    /// The greatest number that anyone may have been told. Its message may still be on its way.
    pub(super) given: u64,
    /// Beyond `given`: the greatest number that a client knows from another server, perhaps. Its cursor counts as
    /// good until it is known what the newest number is.
    pub(super) asked: u64,
    /// Whether that can be, because others publish through the same journal.
    pub(super) is_shared: bool,
    /// Numbers up to this one were lost by the journal, or some of them.
    pub(super) broken: u64,
    pub(super) channels: Channels,
    /// Channels that were published to, by the number of their last message: the longest silent comes first.
    published: BTreeMap<u64, Id>,
    /// Those of `published` that nobody watches. The one to forget first comes first.
    unwatched: BTreeMap<u64, Id>,
    /// Channels whose last message has this number or a smaller one have no history left.
    emptied: u64,
    pub(super) kept: Kept,
    /// How far the slowest live stream was behind at the last [`expire`](Self::expire).
    pub(super) lag: Lag,
    /// Subscribers, each counted once however many channels it has.
    pub(super) presence: Presence,
    /// Stands in for every unknown channel: it is empty, and its messages up to the last one of any forgotten
    /// channel may be gone.
    pub(super) unknown: Log<Arc<Message>>,
    pub(super) loops: Loops,
    pub(super) deletions: Deletions,
    pub(super) gaps: Gaps,
}

impl State {
    pub(super) fn new(limits: &HubLimits) -> Self {
        Self {
            head: 0,
            given: 0,
            asked: 0,
            is_shared: false,
            broken: 0,
            channels: Channels::default(),
            published: BTreeMap::new(),
            unwatched: BTreeMap::new(),
            emptied: 0,
            kept: Kept::default(),
            lag: Lag::default(),
            presence: Presence::default(),
            unknown: Log::new(limits.log),
            loops: Loops::default(),
            deletions: Deletions::default(),
            gaps: Gaps::default(),
        }
    }

    /// Appends a message to a channel [for publishing](Self::for_publishing), and returns how many subscribers that
    /// channel has.
    pub(super) fn append(
        &mut self,
        id: Id,
        cursor: Cursor,
        content: Content,
        now: Duration,
        wakes: &mut Wakes,
    ) -> u64 {
        let Some(channel) = self.channels.get_mut(id) else {
            return 0;
        };
        let number = cursor.sequence();
        let message = Arc::new(Message::new(cursor, Arc::clone(&channel.name), content));
        if let Some(last) = channel.published {
            self.published.remove(&last);
            self.unwatched.remove(&last);
        }
        self.published.insert(number, id);
        if channel.is_unwatched() {
            self.unwatched.insert(number, id);
        }
        let size = message.size();
        self.kept.changing(id, channel, |channel| {
            channel.published = Some(number);
            if let Err(error) = channel.log.push(number, size, now, message) {
                tracing::error!(%error, "the sequence of messages is broken");
            }
        });
        self.head = number;
        self.loops
            .tell_of_channel(&channel.name, channel.watched(), now, wakes);
        self.loops.reached(number, wakes);
        channel.presence.total()
    }

    /// A channel that is not watched counts as published to, with a last message that is not here.
    pub(super) fn count_as_published(&mut self, id: Id, last: u64) {
        if self.published.contains_key(&last) {
            // Another one has this number, if that of one of them is only an upper bound.
            return;
        }
        self.published.insert(last, id);
        self.unwatched.insert(last, id);
        if let Some(channel) = self.channels.get_mut(id) {
            self.kept
                .changing(id, channel, |channel| channel.published = Some(last));
        }
    }

    /// Deletes what there is of a channel, and says how many subscribers that has.
    pub(super) fn delete(&mut self, number: u64, name: &str, wakes: &mut Wakes) -> u64 {
        let mut subscribers = 0;
        if let Some(id) = self.channels.id(name)
            && let Some(channel) = self.channels.get_mut(id)
        {
            self.kept.changing(id, channel, |channel| {
                channel.deleted = channel.log.last_sequence();
                while channel.log.retire() {}
                while channel.log.let_go() {}
            });
            subscribers = channel.presence.total();
        }
        self.deletions.add(number, name);
        self.head = number;
        self.loops.reached(number, wakes);
        subscribers
    }

    /// Says that messages may be missing in the channels of a pattern. Returns how many subscribers those have.
    pub(super) fn gap(
        &mut self,
        number: u64,
        pattern: &str,
        now: Duration,
        wakes: &mut Wakes,
    ) -> u64 {
        let mut subscribers = 0;
        self.gaps.add(pattern, number);
        for (_, channel) in self.channels.iter_mut() {
            if covers(pattern, &channel.name) {
                channel.gap = number;
                subscribers += channel.presence.total();
                self.loops
                    .tell_of_channel(&channel.name, channel.watched(), now, wakes);
            }
        }
        self.head = self.head.max(number);
        self.loops.reached(number, wakes);
        subscribers
    }

    /// Drops messages that have outlived their age limit, and measures how far streams are behind.
    pub(super) fn expire(&mut self, now: Duration) {
        self.lag = Lag::default();
        for (id, channel) in self.channels.iter_mut() {
            self.lag = self.lag.max(channel.lag());
            self.kept
                .changing(id, channel, |channel| channel.log.expire(now));
        }
    }

    /// How many channels were only asked for.
    pub(super) fn asked(&self) -> usize {
        self.channels.len() - self.published.len()
    }

    /// The channel with that name, with room for it among those that were published to.
    ///
    /// There is always room: watching channels cannot keep others from being published to.
    pub(super) fn for_publishing(&mut self, name: &str, limits: &HubLimits) -> Id {
        let known = self.channels.id(name);
        let channel = known.and_then(|id| self.channels.get(id));
        if let (Some(id), Some(Some(_))) = (known, channel.map(|channel| channel.published)) {
            return id;
        }
        while self.published.len() >= limits.channels.max(1) {
            if !self.forget_oldest(limits) {
                self.demote_oldest();
            }
        }
        known.unwrap_or_else(|| self.insert(name, limits))
    }

    /// The channel with that name, for a subscriber.
    pub(super) fn for_watching(
        &mut self,
        name: &str,
        limits: &HubLimits,
    ) -> Result<Id, TooManyChannels> {
        if let Some(id) = self.channels.id(name) {
            return Ok(id);
        }
        if self.asked() >= limits.asked_channels {
            return Err(TooManyChannels);
        }
        Ok(self.insert(name, limits))
    }

    fn insert(&mut self, name: &str, limits: &HubLimits) -> Id {
        let gone = self.unknown.evicted_through();
        self.insert_after(name, limits, gone)
    }

    /// A channel whose messages up to `gone`, if it ever had any, have been forgotten.
    pub(super) fn insert_after(&mut self, name: &str, limits: &HubLimits, gone: u64) -> Id {
        let mut channel = Channel::new(name, limits.log, gone);
        channel.gap = self.gaps.of(name);
        self.channels.insert(channel)
    }

    /// Somebody now watches this channel.
    pub(super) fn is_watched(&mut self, published: Option<u64>) {
        if let Some(last) = published {
            self.unwatched.remove(&last);
        }
    }

    /// Call this when a channel may have lost its last subscriber. A channel that was only asked for is forgotten;
    /// any other may be forgotten once its room is needed.
    pub(super) fn forget_unused(&mut self, id: Id, limits: &HubLimits) {
        let Some(channel) = self.channels.get(id) else {
            return;
        };
        match channel.published {
            _ if !channel.is_unwatched() => {}
            None => self.forget(id, limits),
            Some(last) => {
                self.unwatched.insert(last, id);
            }
        }
    }

    fn forget(&mut self, id: Id, limits: &HubLimits) {
        let Some(channel) = self.channels.remove(id) else {
            return;
        };
        self.kept.forget(&channel);
        tracing::trace!(channel = ?channel.name, "a channel is not remembered any more");
        let last = channel.log.last_sequence();
        if last > self.unknown.evicted_through() {
            self.unknown = Log::with_evicted_through(limits.log, last);
        }
    }

    /// Makes room by forgetting the longest silent channel that nobody watches, with its history. Returns whether
    /// there was one.
    fn forget_oldest(&mut self, limits: &HubLimits) -> bool {
        let Some((last, id)) = self.unwatched.pop_first() else {
            return false;
        };
        self.published.remove(&last);
        self.forget(id, limits);
        true
    }

    /// Makes room when all channels are watched: the longest silent one loses its history. Its subscribers still get
    /// what they need, and what comes.
    fn demote_oldest(&mut self) {
        let Some((_, id)) = self.published.pop_first() else {
            return;
        };
        if let Some(channel) = self.channels.get_mut(id) {
            tracing::debug!(channel = ?channel.name, "a watched channel loses its history to make room");
            self.kept.changing(id, channel, |channel| {
                channel.published = None;
                while channel.log.retire() {}
            });
        }
    }

    /// Keeps history and memory for delivery within their limits over all channels.
    pub(super) fn shrink(&mut self, limits: &HubLimits) {
        while self.kept.bytes > limits.total_bytes && self.shrink_history(limits)
            || self.kept.lingering_bytes > limits.delivery_bytes && self.shrink_delivery()
        {}
    }

    /// Drops the most dispensable message kept for delivery, unless it is the newest of all. Returns whether there
    /// was one.
    fn shrink_delivery(&mut self) -> bool {
        let Some(id) = self.kept.first_to_let_go(self.head) else {
            return false;
        };
        if let Some(channel) = self.channels.get_mut(id) {
            self.kept.changing(id, channel, |channel| {
                if channel.log.let_go() {
                    channel.squeezed = channel.log.evicted_through();
                }
            });
        }
        true
    }

    /// Drops the oldest message of the longest silent channel, or forgets the channel if it has none and nobody
    /// watches it. Returns whether there was one.
    fn shrink_history(&mut self, limits: &HubLimits) -> bool {
        let has_none = |&id: &Id| {
            let channel = self.channels.get(id);
            channel.is_some_and(|channel| channel.log.is_empty())
        };
        if self.unwatched.values().next().is_some_and(has_none) {
            return self.forget_oldest(limits);
        }
        let rest = (Bound::Excluded(self.emptied), Bound::Unbounded);
        let Some((&last, &id)) = self.published.range(rest).next() else {
            return false;
        };
        let channel = self.channels.get_mut(id);
        if let Some(channel) = channel.filter(|channel| channel.log.retained() > 0) {
            self.kept.changing(id, channel, |channel| {
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
    /// Checks that the sums match what is really there.
    pub(super) fn check(&self) {
        let channels = || self.channels.iter();
        let sums = channels().fold((0, 0), |sums, channel| {
            let (bytes, lingering_bytes) = channel.bytes();
            (sums.0 + bytes, sums.1 + lingering_bytes)
        });
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
