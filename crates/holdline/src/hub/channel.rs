//! One channel: its log, and who watches it.

use std::sync::Arc;

use holdline_comet::{Lingering, Log, LogLimits};

use crate::message::Message;
use crate::transport::Transport;

#[derive(Debug)]
pub(super) struct Channel {
    pub(super) name: Arc<str>,
    pub(super) log: Log<Arc<Message>>,
    pub(super) presence: Presence,
    /// The number of the last message of a channel that counts as published to. `None` for one that was
    /// only asked for.
    pub(super) published: Option<u64>,
    /// How many subscribers each event loop has.
    loops: Vec<u32>,
    /// What is put down of its log in [`Kept`](super::kept::Kept).
    pub(super) filed: Option<Lingering>,
}

impl Channel {
    /// A channel whose messages up to `gone`, if it ever had any, are not known any more.
    pub(super) fn new(name: &str, limits: LogLimits, gone: u64) -> Self {
        Self {
            name: name.into(),
            log: Log::with_evicted_through(limits, gone),
            presence: Presence::default(),
            published: None,
            loops: Vec::new(),
            filed: None,
        }
    }

    pub(super) fn watch(&mut self, index: usize) {
        if self.loops.len() <= index {
            self.loops.resize(index + 1, 0);
        }
        self.loops[index] += 1;
    }

    pub(super) fn unwatch(&mut self, index: usize) {
        if let Some(count) = self.loops.get_mut(index) {
            *count = count.saturating_sub(1);
        }
    }

    /// How far the live stream is behind that is furthest behind.
    pub(super) fn lag(&self) -> Lag {
        if u64::from(self.log.up_to_date()) >= self.presence.total() {
            return Lag::default();
        }
        let (messages, bytes) = self.log.furthest_behind();
        Lag {
            bytes,
            messages: messages as u64,
        }
    }

    pub(super) fn is_unwatched(&self) -> bool {
        self.presence.total() == 0
    }

    /// How many subscribers each event loop has.
    pub(super) fn watched(&self) -> &[u32] {
        &self.loops
    }

    /// The bytes of history, and of what is only still to be delivered. What is remembered of a channel that was
    /// published to is part of them.
    pub(super) fn bytes(&self) -> (u64, u64) {
        let (retained, lingering) = (self.log.retained_bytes(), self.log.lingering_bytes());
        if self.published.is_none() {
            return (retained, lingering);
        }
        let record = (RECORD + self.name.len()) as u64;
        match self.log.retained() == 0 && !self.log.is_empty() {
            true => (retained, lingering + record),
            false => (retained + record, lingering),
        }
    }
}

/// How far a stream is behind.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Lag {
    /// Bytes of text that it does not have yet.
    pub(crate) bytes: u64,
    pub(crate) messages: u64,
}

/// How many subscribers there are, by transport.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Presence {
    counts: [u64; Transport::ALL.len()],
}

impl Presence {
    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(crate) fn by_transport(&self) -> impl Iterator<Item = (Transport, u64)> {
        Transport::ALL.into_iter().zip(self.counts)
    }

    pub(super) fn add(&mut self, transport: Transport) {
        self.counts[transport as usize] += 1;
    }

    pub(super) fn remove(&mut self, transport: Transport) {
        let count = &mut self.counts[transport as usize];
        *count = count.saturating_sub(1);
    }
}

/// The tables of channels may be half empty. The rest is the name's own frame, a place in each of two
/// ordered lists, and the smallest ring of messages.
const RECORD: usize = 2 * size_of::<(Arc<str>, Channel)>() + 448;
