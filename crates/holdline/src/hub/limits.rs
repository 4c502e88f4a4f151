//! How much the hub keeps, and what it answers when that is not enough.

use holdline_comet::LogLimits;

/// What a [`Hub`](super::Hub) keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HubLimits {
    /// Of each channel. How far a stream may be behind before the rest is skipped and it is told so
    /// is one of them.
    pub(crate) log: LogLimits,
    /// Bytes of history over all channels, and of what is remembered of the channels themselves.
    pub(crate) total_bytes: u64,
    /// Bytes over all channels that are not history any more, and still to be delivered.
    pub(crate) delivery_bytes: u64,
    /// Channels that were published to and are remembered.
    pub(crate) channels: usize,
    /// Channels that somebody only asked for.
    pub(crate) asked_channels: usize,
    /// Bytes that each address may read in a minute of what was published before it asked.
    pub(crate) replay_bytes: Option<u64>,
}

/// There are as many channels that were only asked for as there may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooManyChannels;
