//! One channel: its log, and how many subscribers it has.

use std::sync::Arc;

use holdline_comet::{Lingering, Log, LogLimits};

use crate::message::Message;
use crate::transport::Transport;

#[derive(Debug)]
pub(super) struct Channel {
    pub(super) name: Arc<str>,
    pub(super) log: Log<Arc<Message>>,
    pub(super) presence: Presence,
    /// The number of the last message, if the channel counts as published to. `None` if subscribers only asked for
    /// it.
    pub(super) published: Option<u64>,
    /// The number of the last message that was deleted; 0 for none.
    pub(super) deleted: u64,
    /// The number of the last message that was let go because all channels together had too much to deliver; 0 for none.
    pub(super) squeezed: u64,
    /// The number of its last [gap](super::gaps); 0 for none.
    pub(super) gap: u64,
    /// Subscribers by event loop.
    loops: Vec<u32>,
    /// Its log's entry in [`Kept`](super::kept::Kept).
    pub(super) filed: Option<Lingering>,
}

impl Channel {
    /// A channel whose messages up to `gone`, if it ever had any, have been forgotten.
    pub(super) fn new(name: &str, limits: LogLimits, gone: u64) -> Self {
        Self {
            name: name.into(),
            log: Log::with_evicted_through(limits, gone),
            presence: Presence::default(),
            published: None,
            deleted: 0,
            squeezed: 0,
            gap: 0,
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

    /// How far the slowest live stream is behind.
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

    /// Subscribers by event loop.
    pub(super) fn watched(&self) -> &[u32] {
        &self.loops
    }

    /// The bytes of history, and of messages that are only kept for delivery. For a channel that was published to,
    /// they include the record of the channel itself.
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

/// How far behind a stream is.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Lag {
    /// Bytes of text that it has not received yet.
    pub(crate) bytes: u64,
    pub(crate) messages: u64,
}

/// Number of subscribers by transport.
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

/// The tables of channels may be half empty, so each record counts twice. The rest is the allocation header of the
/// name, an entry in each of two ordered lists, and the smallest ring of messages.
const RECORD: usize = 2 * size_of::<(Arc<str>, Channel)>() + 448;
