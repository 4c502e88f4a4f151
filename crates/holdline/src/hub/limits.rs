//! How much the hub keeps, and the error for when that is not enough.

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

/// The limit on channels that were only asked for has been reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooManyChannels;
