//! How much the hub keeps, and the error for when that is not enough.

use std::time::Duration;

use holdline_comet::LogLimits;

use super::members::MemberLimits;

/// What a [`Hub`](super::Hub) keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HubLimits {
    /// Limits of each channel. They include how far a stream may fall behind before the rest is skipped and the
    /// client is told so.
    pub(crate) log: LogLimits,
    /// Bytes of history over all channels, including the records of the channels themselves.
    pub(crate) total_bytes: u64,
    /// Bytes over all channels of messages that have left the history but are still to be delivered.
    pub(crate) delivery_bytes: u64,
    /// Channels that were published to and are remembered.
    pub(crate) channels: usize,
    /// Channels that subscribers only asked for.
    pub(crate) asked_channels: usize,
    /// Bytes of older messages (published before it asked) that each address may read per minute.
    pub(crate) replay_bytes: Option<u64>,
    pub(crate) members: MemberLimits,
}

impl HubLimits {
    /// The age from which it does not matter how old a message is.
    pub(super) fn lead(&self) -> Duration {
        let age = self.log.max_age.unwrap_or_default();
        age.max(self.log.resume_window).min(LONGEST) + Duration::from_secs(1)
    }
}

#[cfg(test)]
impl HubLimits {
    /// So much that only the limits of a channel are ever met.
    pub(crate) fn ample(log: LogLimits) -> Self {
        Self {
            log,
            total_bytes: 1 << 30,
            delivery_bytes: 1 << 30,
            channels: 100,
            asked_channels: 100,
            replay_bytes: None,
            members: MemberLimits::default(),
        }
    }
}

/// About a century.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The limit on channels that were only asked for has been reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooManyChannels;
