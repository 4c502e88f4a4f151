//! What a peer of this protocol can do wrong, and what the caller can.

use core::fmt;

/// A rule that the peer broke. Nothing more is received after it, and each later call returns it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiveError {
    kind: ReceiveErrorKind,
    at: u64,
}

impl ReceiveError {
    pub(super) const fn new(kind: ReceiveErrorKind, at: u64) -> Self {
        Self { kind, at }
    }

    /// Which rule was broken.
    #[must_use]
    pub const fn kind(&self) -> ReceiveErrorKind {
        self.kind
    }

    /// Where: the byte's offset in the stream, counted from the first byte after the head.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// The section that has the rule, such as `"draft-hixie-76 §5.3"`.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        self.kind.section()
    }
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (section, what) = self.kind.rule();
        write!(f, "{what} at byte {} ({section})", self.at)
    }
}

impl core::error::Error for ReceiveError {}

/// The rules that a peer can break once the heads are exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReceiveErrorKind {
    /// To a client: the sixteen bytes after the head do not answer the challenge.
    Answer,
    /// Text that is not UTF-8, or ends within a code point. The draft lets a receiver put U+FFFD in its place; here
    /// it is refused, as RFC 6455 does.
    InvalidText,
    /// A message longer than [`Limits::max_message`](crate::Limits::max_message).
    MessageTooLong,
    /// A frame to be skipped that is longer than [`Limits::max_frame`](crate::Limits::max_frame).
    FrameTooLong,
}

impl ReceiveErrorKind {
    /// What was wrong, in a few words.
    #[must_use]
    pub const fn description(self) -> &'static str {
        self.rule().1
    }

    /// The section that has the rule, such as `"draft-hixie-76 §5.3"`.
    #[must_use]
    pub const fn section(self) -> &'static str {
        self.rule().0
    }

    const fn rule(self) -> (&'static str, &'static str) {
        match self {
            Self::Answer => (
                "draft-hixie-76 §4.1",
                "the challenge is not answered rightly",
            ),
            Self::InvalidText => ("draft-hixie-76 §5.3", "text is not UTF-8"),
            Self::MessageTooLong => ("draft-hixie-76 §5.3", "message over the limit"),
            Self::FrameTooLong => ("draft-hixie-76 §5.3", "frame to be skipped over the limit"),
        }
    }
}

/// A call that the connection cannot do. Nothing was appended to `out`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The handshake is not over: [`Event::Open`](super::Event::Open) has not come.
    #[error("the handshake is not over: nothing can be sent yet")]
    NotOpen,
    /// The closing frame was sent, or the connection has failed or ended.
    #[error("the connection is closing or closed: nothing more can be sent")]
    Closed,
}
