//! What a peer can do wrong, and what the caller can.

use core::fmt;

use crate::{close::CloseCode, header::HeaderError};

/// A rule that the peer broke. It is the peer's fault, never the caller's.
///
/// The connection has failed with it: nothing more is received (RFC 6455 §7.1.7), each later call
/// returns the same error, and [`Connection::poll_transmit`](crate::Connection::poll_transmit) gives the
/// Close frame that tells the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiveError {
    kind: ReceiveErrorKind,
    at: u64,
}

impl ReceiveError {
    pub(crate) const fn new(kind: ReceiveErrorKind, at: u64) -> Self {
        Self { kind, at }
    }

    /// Which rule was broken.
    #[must_use]
    pub const fn kind(&self) -> ReceiveErrorKind {
        self.kind
    }

    /// Where: the byte's offset in the stream, counted from the first byte after the handshake.
    ///
    /// For rules on the first byte of a header (opcode, FIN, reserved bits) it is that byte; for rules on
    /// mask and length the second byte; for text the first impossible byte (or the end of the message
    /// that ends too soon); for a close code its first byte. For what is wrong in a compressed message once
    /// it is inflated (text, length, DEFLATE) it is the first byte of the message.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// The section that has the rule, such as `"RFC 6455 §5.5"`.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        self.kind.section()
    }

    /// The code of the Close frame that answers it. 1006, which is never sent, when the stream ended too
    /// soon for an answer.
    #[must_use]
    pub const fn close_code(&self) -> CloseCode {
        self.kind.close_code()
    }
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (section, code, what) = self.kind.rule();
        write!(
            f,
            "{what} at byte {} ({section}); close with {code}",
            self.at
        )
    }
}

impl core::error::Error for ReceiveError {}

/// The rules of RFC 6455 and RFC 7692 that a peer can break, one variant each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReceiveErrorKind {
    /// RSV1, RSV2 or RSV3 is set and no extension gives it a meaning (§5.2).
    ReservedBits,
    /// Opcode 3 to 7 or 11 to 15 (§5.2).
    ReservedOpcode,
    /// A control frame without FIN (§5.5).
    ControlFragmented,
    /// A control frame with more than 125 bytes (§5.5).
    ControlTooLong,
    /// A length that is not in its shortest form (§5.2).
    NonMinimalLength,
    /// A 64-bit length with its highest bit set (§5.2).
    LengthHighBit,
    /// A frame without mask came to a server (§5.1).
    FrameNotMasked,
    /// A masked frame came to a client (§5.1).
    FrameMasked,
    /// A continuation frame, and no message to continue (§5.4).
    UnexpectedContinuation,
    /// A new message before the last fragment of the one under way (§5.4).
    MessageUnfinished,
    /// A frame longer than [`Limits::max_frame`](crate::Limits::max_frame) (§10.4).
    FrameTooLong,
    /// A message longer than [`Limits::max_message`](crate::Limits::max_message) (§10.4).
    MessageTooLong,
    /// Text that is not UTF-8, or ends within a code point (§8.1).
    InvalidText,
    /// A Close frame with a payload of one byte (§5.5.1).
    ClosePayload,
    /// A close code that must not stand in a Close frame (§7.4).
    CloseCode,
    /// A close reason that is not UTF-8 (§5.5.1, §8.1).
    CloseReason,
    /// A compressed message that is not DEFLATE, or ends within a block (RFC 7692 §7.2.2), or refers to bytes before
    /// the agreed window or before the first message (§7.1.2). It is a protocol error and not 1007, because what is
    /// wrong is the extension's own data, before there is a payload to judge. Only with feature `deflate`.
    InvalidDeflate,
    /// The stream ended within a frame or a message (§7.1.5).
    UnexpectedEof,
}

impl ReceiveErrorKind {
    /// What was wrong, in a few words. It is also the reason in the Close frame.
    #[must_use]
    pub const fn description(self) -> &'static str {
        self.rule().2
    }

    /// The section that has the rule, such as `"RFC 6455 §5.5"`.
    #[must_use]
    pub const fn section(self) -> &'static str {
        self.rule().0
    }

    /// The code of the Close frame that answers it.
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        self.rule().1
    }

    /// Section, close code and words, side by side.
    const fn rule(self) -> (&'static str, CloseCode, &'static str) {
        const PROTOCOL: CloseCode = CloseCode::PROTOCOL_ERROR;
        const TOO_BIG: CloseCode = CloseCode::MESSAGE_TOO_BIG;
        const PAYLOAD: CloseCode = CloseCode::INVALID_PAYLOAD;
        match self {
            Self::ReservedBits => ("RFC 6455 §5.2", PROTOCOL, "a reserved bit is set"),
            Self::ReservedOpcode => ("RFC 6455 §5.2", PROTOCOL, "the opcode is reserved"),
            Self::ControlFragmented => ("RFC 6455 §5.5", PROTOCOL, "fragmented control frame"),
            Self::ControlTooLong => (
                "RFC 6455 §5.5",
                PROTOCOL,
                "control frame of more than 125 bytes",
            ),
            Self::NonMinimalLength => ("RFC 6455 §5.2", PROTOCOL, "length not in shortest form"),
            Self::LengthHighBit => ("RFC 6455 §5.2", PROTOCOL, "length of 2^63 or more"),
            Self::FrameNotMasked => ("RFC 6455 §5.1", PROTOCOL, "frame to a server not masked"),
            Self::FrameMasked => ("RFC 6455 §5.1", PROTOCOL, "frame to a client masked"),
            Self::UnexpectedContinuation => {
                ("RFC 6455 §5.4", PROTOCOL, "continuation of no message")
            }
            Self::MessageUnfinished => (
                "RFC 6455 §5.4",
                PROTOCOL,
                "new message before the end of the last",
            ),
            Self::FrameTooLong => ("RFC 6455 §10.4", TOO_BIG, "frame over the limit"),
            Self::MessageTooLong => ("RFC 6455 §10.4", TOO_BIG, "message over the limit"),
            Self::InvalidText => ("RFC 6455 §8.1", PAYLOAD, "text is not UTF-8"),
            Self::ClosePayload => ("RFC 6455 §5.5.1", PROTOCOL, "close payload of one byte"),
            Self::CloseCode => ("RFC 6455 §7.4", PROTOCOL, "close code not allowed"),
            Self::CloseReason => ("RFC 6455 §5.5.1", PAYLOAD, "close reason is not UTF-8"),
            Self::InvalidDeflate => ("RFC 7692 §7.2.2", PROTOCOL, "message is not DEFLATE"),
            Self::UnexpectedEof => (
                "RFC 6455 §7.1.5",
                CloseCode::ABNORMAL,
                "the stream ended too soon",
            ),
        }
    }
}

impl From<HeaderError> for ReceiveErrorKind {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::ReservedOpcode => Self::ReservedOpcode,
            HeaderError::ControlFragmented => Self::ControlFragmented,
            HeaderError::ControlTooLong => Self::ControlTooLong,
            HeaderError::NonMinimalLength => Self::NonMinimalLength,
            HeaderError::LengthHighBit => Self::LengthHighBit,
        }
    }
}

/// A call that the connection cannot do. It is the caller's fault; nothing was appended to `out`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// A Close frame was sent, or the connection has failed or ended. "The application MUST NOT send any
    /// more data frames after sending a Close frame" (RFC 6455 §5.5.1).
    #[error("the connection is closing or closed: nothing more can be sent")]
    Closed,
    /// A whole message, or a fragment of the other kind, between the fragments of a message (§5.4).
    #[error("a fragmented message is unfinished: send its last fragment first")]
    MessageUnfinished,
    /// A ping or pong payload of more than 125 bytes (§5.5).
    #[error("{0} bytes do not fit a control frame: it carries at most 125")]
    ControlTooLong(usize),
    /// A close code that must not stand in a Close frame (§7.4), or a reason without code.
    #[error("close code {0} must not be sent, or not with a reason")]
    CloseCode(CloseCode),
    /// A payload length of 2^63 or more (§5.2).
    #[error("a payload of {0} bytes does not fit a frame")]
    TooLong(u64),
}
