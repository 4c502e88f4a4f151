//! How much there is over all channels, and what of it is to go first.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdline_comet::Lingering;

use super::channel::Channel;

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
    unneeded: BTreeMap<u64, Arc<str>>,
    /// Channels whose oldest lingering message a live stream needs, by its number: the stream that is
    /// furthest behind comes first.
    needed: BTreeMap<u64, Arc<str>>,
}

impl Kept {
    /// Counts what `change` makes of one channel.
    pub(super) fn changing(
        &mut self,
        name: &Arc<str>,
        channel: &mut Channel,
        change: impl FnOnce(&mut Channel),
    ) {
        self.subtract(name, channel);
        change(channel);
        let (bytes, lingering_bytes) = channel.bytes(name);
        self.messages += channel.log.retained() as u64;
        self.bytes += bytes;
        self.lingering_bytes += lingering_bytes;
        self.file(name, channel);
    }

    /// Puts down which message of a channel is the first to let go. To be called when it may be another
    /// one, or needed no longer.
    pub(super) fn file(&mut self, name: &Arc<str>, channel: &mut Channel) {
        let oldest = channel.log.oldest_lingering();
        if oldest == channel.filed {
            return;
        }
        if let Some(filed) = std::mem::replace(&mut channel.filed, oldest) {
            self.place(filed).remove(&filed.sequence);
        }
        if let Some(oldest) = oldest {
            self.place(oldest).insert(oldest.sequence, Arc::clone(name));
        }
    }

    /// The channel is not known any more.
    pub(super) fn forget(&mut self, name: &str, channel: &Channel) {
        self.subtract(name, channel);
        if let Some(filed) = channel.filed {
            self.place(filed).remove(&filed.sequence);
        }
    }

    /// The channel whose oldest message is to be let go first, of those before `head`: first the oldest one
    /// that no live stream needs, and then what the stream needs that is furthest behind.
    pub(super) fn first_to_let_go(&self, head: u64) -> Option<Arc<str>> {
        let first = |of: &BTreeMap<u64, Arc<str>>| {
            let (number, name) = of.first_key_value()?;
            (*number < head).then(|| Arc::clone(name))
        };
        first(&self.unneeded).or_else(|| first(&self.needed))
    }

    fn place(&mut self, lingering: Lingering) -> &mut BTreeMap<u64, Arc<str>> {
        match lingering.is_needed {
            true => &mut self.needed,
            false => &mut self.unneeded,
        }
    }

    fn subtract(&mut self, name: &str, channel: &Channel) {
        let (bytes, lingering_bytes) = channel.bytes(name);
        self.messages -= channel.log.retained() as u64;
        self.bytes -= bytes;
        self.lingering_bytes -= lingering_bytes;
    }

    #[cfg(test)]
    pub(super) fn filed(&self) -> usize {
        self.unneeded.len() + self.needed.len()
    }
}
