//! How much there is over all channels, and what of it is to go first.

use std::collections::BTreeMap;

use holdline_comet::Lingering;

use super::channel::Channel;
use super::channels::Id;

/// The sums over all channels. Every change of a log goes through here.
///
/// A channel that was published to counts with its [record](Channel::bytes), too: with what is still to be
/// delivered, if it has nothing else, and with history otherwise.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// History.
    pub(super) messages: u64,
    pub(super) bytes: u64,
    /// What is not history any more, and still to be delivered.
    pub(super) lingering_bytes: u64,
    /// Channels whose oldest lingering message no live stream needs, by its number.
    unneeded: BTreeMap<u64, Id>,
    /// Channels whose oldest lingering message a live stream needs, by its number: the stream that is
    /// furthest behind comes first.
    needed: BTreeMap<u64, Id>,
}

impl Kept {
    /// Counts what `change` makes of one channel.
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

    /// Puts down which message of a channel is the first to let go. To be called when it may be another
    /// one, or needed no longer.
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

    /// The channel is not known any more.
    pub(super) fn forget(&mut self, channel: &Channel) {
        self.subtract(channel);
        if let Some(filed) = channel.filed {
            self.place(filed).remove(&filed.sequence);
        }
    }

    /// The channel whose oldest message is to be let go first, of those before `head`: first the oldest one
    /// that no live stream needs, and then what the stream needs that is furthest behind.
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
