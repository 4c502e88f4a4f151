//! How much the hub keeps, and what it answers when that is not enough.

use holdline_comet::LogLimits;

/// What a [`Hub`](super::Hub) keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HubLimits {
    /// Of each channel.
    pub(crate) log: LogLimits,
    /// Bytes of history over all channels.
    pub(crate) total_bytes: u64,
    /// Channels that are remembered.
    pub(crate) channels: usize,
    /// Bytes that a stream may be behind before the rest is skipped and it is told so.
    pub(crate) lag: u64,
}

/// There are as many channels as there may be, and all are in use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooManyChannels;
