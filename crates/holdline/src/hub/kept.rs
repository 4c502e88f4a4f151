//! How much is kept over all channels, and what is dropped first.

use std::collections::BTreeMap;

use holdline_comet::Lingering;

use super::channel::Channel;
use super::channels::Id;

/// The sums over all channels. Every change to a log goes through here.
///
/// A channel that was published to also counts with its [record](Channel::bytes): as memory for delivery if it has
/// nothing else, otherwise as history.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Messages in the history.
    pub(super) messages: u64,
    pub(super) bytes: u64,
    /// Bytes of messages that have left the history but are still to be delivered.
    pub(super) lingering_bytes: u64,
    /// Channels whose oldest lingering message no live stream needs, by its number.
    unneeded: BTreeMap<u64, Id>,
    /// Channels whose oldest lingering message a live stream needs, by its number. The slowest stream comes first.
    needed: BTreeMap<u64, Id>,
}

impl Kept {
    /// Applies `change` to one channel and updates the sums.
    pub(super) fn changing(
        &mut self,
        id: Id,
        channel: &mut Channel,
        change: impl FnOnce(&mut Channel),
    ) {
        self.subtract(channel);
        change(channel);
        let (bytes, lingering_bytes) = channel.bytes();
        self.messages += channel.log.retained() as u64;
        self.bytes += bytes;
        self.lingering_bytes += lingering_bytes;
        self.file(id, channel);
    }

    /// Notes which message of a channel is dropped first. Call this whenever that may have become another message,
    /// or one that no stream needs any more.
    pub(super) fn file(&mut self, id: Id, channel: &mut Channel) {
        let oldest = channel.log.oldest_lingering();
        if oldest == channel.filed {
            return;
        }
        if let Some(filed) = std::mem::replace(&mut channel.filed, oldest) {
            self.place(filed).remove(&filed.sequence);
        }
        if let Some(oldest) = oldest {
            self.place(oldest).insert(oldest.sequence, id);
        }
    }

    /// Removes the channel from the sums.
    pub(super) fn forget(&mut self, channel: &Channel) {
        self.subtract(channel);
        if let Some(filed) = channel.filed {
            self.place(filed).remove(&filed.sequence);
        }
    }

    /// The channel whose oldest message is dropped first, considering only messages before `head`: first the oldest
    /// one that no live stream needs, then the one that the slowest stream needs.
    pub(super) fn first_to_let_go(&self, head: u64) -> Option<Id> {
        let first = |of: &BTreeMap<u64, Id>| {
            let (number, id) = of.first_key_value()?;
            (*number < head).then_some(*id)
        };
        first(&self.unneeded).or_else(|| first(&self.needed))
    }

    fn place(&mut self, lingering: Lingering) -> &mut BTreeMap<u64, Id> {
        match lingering.is_needed {
            true => &mut self.needed,
            false => &mut self.unneeded,
        }
    }

    fn subtract(&mut self, channel: &Channel) {
        let (bytes, lingering_bytes) = channel.bytes();
        self.messages -= channel.log.retained() as u64;
        self.bytes -= bytes;
        self.lingering_bytes -= lingering_bytes;
    }

    #[cfg(test)]
    pub(super) fn filed(&self) -> usize {
        self.unneeded.len() + self.needed.len()
    }
}
