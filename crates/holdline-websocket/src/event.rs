//! What a connection reports.

use crate::reason::CloseReason;

/// A whole message, or a control frame that came between: what a [`Connection`](crate::Connection) or a
/// [`MessageDecoder`](crate::MessageDecoder) received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'b> {
    /// A text message: checked UTF-8.
    Text(&'b str),
    /// A binary message.
    Binary(&'b [u8]),
    /// A ping with its payload, at most 125 bytes. The pong of a connection comes from `poll_transmit`; there is
    /// nothing to do.
    Ping(&'b [u8]),
    /// A pong with its payload, at most 125 bytes. The keepalive's pings are answered with pongs, too.
    Pong(&'b [u8]),
    /// The last event: the peer sent a Close frame, or the stream ended without one (code 1006). What follows in the
    /// stream is discarded. The answer of a connection comes from `poll_transmit`.
    Closed(CloseReason<'b>),
}

impl<'b> Event<'b> {
    /// The same as a piece, which is the whole message.
    pub(crate) const fn into_piece(self) -> PieceEvent<'b> {
        match self {
            Self::Text(text) => PieceEvent::Text { text, last: true },
            Self::Binary(data) => PieceEvent::Binary { data, last: true },
            Self::Ping(payload) => PieceEvent::Ping(payload),
            Self::Pong(payload) => PieceEvent::Pong(payload),
            Self::Closed(reason) => PieceEvent::Closed(reason),
        }
    }
}

/// What was received, with messages in the pieces in which they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PieceEvent<'b> {
    /// The next part of a text message, cut between code points. Empty only when `last`.
    Text {
        /// The part.
        text: &'b str,
        /// Whether the message ends with it.
        last: bool,
    },
    /// The next part of a binary message. Empty only when `last`.
    Binary {
        /// The part.
        data: &'b [u8],
        /// Whether the message ends with it.
        last: bool,
    },
    /// A ping. Its pong comes from `poll_transmit`; there is nothing to do.
    Ping(&'b [u8]),
    /// A pong. The keepalive's pings are answered with pongs, too.
    Pong(&'b [u8]),
    /// The last event: the peer sent a Close frame.
    Closed(CloseReason<'b>),
}

/// What to do with the transport, once everything that `poll_transmit` gave is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Go on reading and writing.
    Keep,
    /// Nothing more will be sent: shut down the writing side, read on until the stream ends or the
    /// deadline of `poll_timeout` passes, then drop it. Closing at once, with unread bytes, could reset
    /// the connection and take the Close frame away from the peer (RFC 6455 §7.1.1).
    ShutdownWrite,
    /// Everything was said, and the server should close first: wait for the end of the stream or the
    /// deadline of `poll_timeout` (RFC 6455 §7.1.1).
    AwaitPeerClose,
    /// Close it now.
    Drop,
}

/// Who began to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClosedBy {
    /// This side: it sent the first Close, perhaps because the peer broke a rule or was silent too long.
    Us,
    /// The peer: it sent the first Close.
    Peer,
    /// Nobody said anything: the stream just ended.
    Nobody,
}

/// Which deadline passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timeout {
    /// The peer did not finish the closing handshake in time: its Close did not come, or ours could not be sent.
    Close,
    /// The peer did not answer a ping of the keepalive in time.
    Keepalive,
}
