//! One channel: its log, and who watches it.

use std::sync::Arc;

use holdline_comet::{Log, LogLimits};

use crate::message::Message;
use crate::transport::Transport;

#[derive(Debug)]
pub(super) struct Channel {
    pub(super) log: Log<Arc<Message>>,
    pub(super) presence: Presence,
    /// The number of the last message, if there ever was one.
    pub(super) published: Option<u64>,
    /// How many subscribers each event loop has.
    pub(super) loops: Vec<u32>,
}

impl Channel {
    /// A channel whose messages up to `gone`, if it ever had any, are not known any more.
    pub(super) fn new(limits: LogLimits, gone: u64) -> Self {
        Self {
            log: Log::with_evicted_through(limits, gone),
            presence: Presence::default(),
            published: None,
            loops: Vec::new(),
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

    pub(super) fn is_unwatched(&self) -> bool {
        self.presence.total() == 0
    }
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
