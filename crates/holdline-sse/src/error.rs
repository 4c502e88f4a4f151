use thiserror::Error;

/// The peer's stream went over a limit.
///
/// An event stream has no other errors: the standard gives every sequence of bytes a meaning.
/// The error is sticky: a decoder that failed returns the same error from every later call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} at byte {at} ({}); drop the connection, or raise the limit", self.section())]
pub struct DecodeError {
    kind: DecodeErrorKind,
    at: u64,
}

impl DecodeError {
    pub(crate) const fn new(kind: DecodeErrorKind, at: u64) -> Self {
        Self { kind, at }
    }

    /// Which limit was exceeded.
    #[must_use]
    pub const fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// The offset in the stream of the first byte that was too much, counted from 0 and
    /// including a byte order mark. It does not depend on how the stream was cut into pieces.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// The section of the standard that describes what could not be finished.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        match self.kind {
            DecodeErrorKind::LineTooLong { .. } => "WHATWG HTML §9.2.5",
            DecodeErrorKind::EventTooLong { .. } => "WHATWG HTML §9.2.6",
        }
    }
}

/// The limit that a stream exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The value of a `data`, `event` or `id` line is longer than
    /// [`Limits::max_line`](crate::Limits::max_line).
    #[error("a line's value is longer than {limit} bytes")]
    LineTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The joined data of one event is longer than
    /// [`Limits::max_event`](crate::Limits::max_event).
    #[error("an event's data is longer than {limit} bytes")]
    EventTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// The caller asked to write something that an event stream cannot carry. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The event type contains CR, LF or NUL. A line end would begin another field
    /// (WHATWG HTML §9.2.5). The standard allows NUL, which few listeners can name.
    #[error("an event type cannot contain {}, found at byte {at}; remove it", name(*.byte))]
    EventType {
        /// The byte: 0x0D, 0x0A or 0x00.
        byte: u8,
        /// Its offset in the event type.
        at: usize,
    },
    /// The ID contains CR, LF or NUL. A line end would begin another field, and an ID with NUL
    /// is ignored by every receiver (WHATWG HTML §9.2.6).
    #[error("an event ID cannot contain {}, found at byte {at}; remove it", name(*.byte))]
    Id {
        /// The byte: 0x0D, 0x0A or 0x00.
        byte: u8,
        /// Its offset in the ID.
        at: usize,
    },
}

fn name(byte: u8) -> &'static str {
    match byte {
        0x0d => "CR",
        0x0a => "LF",
        _ => "NUL",
    }
}
