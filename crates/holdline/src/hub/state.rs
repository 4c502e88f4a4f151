//! What the hub's lock guards: the channels, and what is to be forgotten first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use holdline_comet::Log;

use super::channel::{Channel, Presence};
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
    /// Channels with history, by their last message: the one to empty first comes first.
    pub(super) full: BTreeMap<u64, Arc<str>>,
    /// Channels that were published to and that nobody watches, by their last message: the one to
    /// forget first comes first.
    pub(super) unwatched: BTreeMap<u64, Arc<str>>,
    /// History over all channels.
    pub(super) kept: Kept,
    /// Subscribers, each once however many channels it has.
    pub(super) presence: Presence,
    /// Stands for every channel that is not known: it has nothing, and its messages up to the last one
    /// of a channel that has been forgotten may be gone.
    pub(super) unknown: Log<Arc<Message>>,
    pub(super) loops: Loops,
}

/// How much history there is.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

impl Kept {
    /// Counts what `change` makes of one of the logs.
    pub(super) fn changing<M>(&mut self, log: &mut Log<M>, change: impl FnOnce(&mut Log<M>)) {
        self.without(log);
        change(log);
        self.messages += log.len() as u64;
        self.bytes += log.bytes();
    }

    pub(super) fn without<M>(&mut self, log: &Log<M>) {
        self.messages -= log.len() as u64;
        self.bytes -= log.bytes();
    }
}

impl State {
    pub(super) fn new(limits: &HubLimits) -> Self {
        Self {
            head: 0,
            given: 0,
            channels: HashMap::new(),
            full: BTreeMap::new(),
            unwatched: BTreeMap::new(),
            kept: Kept::default(),
            presence: Presence::default(),
            unknown: Log::new(limits.log),
            loops: Loops::default(),
        }
    }

    /// Puts a message into a channel that is known, and says how many subscribers that has.
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
        if let Some(last) = channel.published.replace(number) {
            self.full.remove(&last);
            self.unwatched.remove(&last);
        }
        self.full.insert(number, Arc::clone(name));
        if channel.is_unwatched() {
            self.unwatched.insert(number, Arc::clone(name));
        }
        let size = message.size();
        self.kept.changing(&mut channel.log, |log| {
            if let Err(error) = log.push(number, size, now, message) {
                tracing::error!(%error, "the sequence of messages is broken");
            }
        });
        self.head = number;
        self.loops.tell_of_channel(name, &channel.loops, wakes);
        self.loops.reached(number, wakes);
        channel.presence.total()
    }

    /// There is no room for the channel of this message: it counts as forgotten.
    pub(super) fn pass_over(&mut self, number: u64, limits: &HubLimits, wakes: &mut Wakes) {
        self.unknown = Log::with_evicted_through(limits.log, number);
        self.head = number;
        self.loops.reached(number, wakes);
    }

    /// Whether [`channel`](Self::channel) finds or makes that channel.
    pub(super) fn has_room(&self, name: &str, limits: &HubLimits) -> bool {
        self.channels.contains_key(name)
            || self.channels.len() < limits.channels
            || !self.unwatched.is_empty()
    }

    /// Drops messages that are past their age.
    pub(super) fn expire(&mut self, now: Duration) {
        for channel in self.channels.values_mut() {
            self.kept.changing(&mut channel.log, |log| log.expire(now));
        }
    }

    /// The channel of that name, made when it is not known.
    pub(super) fn channel(
        &mut self,
        name: &str,
        limits: &HubLimits,
    ) -> Result<Arc<str>, TooManyChannels> {
        if let Some((name, _)) = self.channels.get_key_value(name) {
            return Ok(Arc::clone(name));
        }
        if self.channels.len() >= limits.channels {
            self.forget_oldest(limits)?;
        }
        let name: Arc<str> = name.into();
        let channel = Channel::new(limits.log, self.unknown.evicted_through());
        self.channels.insert(Arc::clone(&name), channel);
        Ok(name)
    }

    /// The log of a channel, known or not.
    pub(super) fn log(&self, name: &str) -> &Log<Arc<Message>> {
        let channel = self.channels.get(name);
        channel.map_or(&self.unknown, |channel| &channel.log)
    }

    /// Nobody may be watching this channel any more. One that was never published to is forgotten;
    /// any other may be, when its room is needed.
    pub(super) fn forget_unused(&mut self, name: &Arc<str>) {
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
    fn forget_oldest(&mut self, limits: &HubLimits) -> Result<(), TooManyChannels> {
        let (last, name) = self.unwatched.pop_first().ok_or(TooManyChannels)?;
        self.full.remove(&last);
        if let Some(channel) = self.channels.remove(&name) {
            self.kept.without(&channel.log);
        }
        let forgotten = self.unknown.evicted_through().max(last);
        self.unknown = Log::with_evicted_through(limits.log, forgotten);
        tracing::debug!(channel = %name, "forgetting a channel to make room");
        Ok(())
    }

    /// Drops the history of the channels that were published to longest ago until all of it is
    /// within `limit`. The newest channel keeps its history: its own limits bound it.
    pub(super) fn shrink(&mut self, limits: &HubLimits) {
        while self.kept.bytes > limits.total_bytes && self.full.len() > 1 {
            let Some((last, name)) = self.full.pop_first() else {
                return;
            };
            if let Some(channel) = self.channels.get_mut(&name) {
                self.kept.without(&channel.log);
                channel.log = Log::with_evicted_through(limits.log, last);
            }
        }
    }
}
