//! Why emitting fails.

use std::fmt;

use holdline_sse::EncodeError;

/// Why something was not emitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EmitError {
    /// The stream is over: it was closed, or the client is gone.
    Closed,
    /// The client is behind: so much is waiting for it that there is no room for this now.
    Full,
    /// This alone is longer than [`Config::max_queued`](super::Config::max_queued), so there will never be room for
    /// it.
    TooLong,
    /// A name or an ID contains CR, LF or NUL, which no event stream can carry.
    Invalid(EncodeError),
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the event stream is closed"),
            Self::Full => f.write_str("the client of the event stream is too far behind"),
            Self::TooLong => f.write_str("the event is longer than an emitter may queue"),
            Self::Invalid(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EmitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Invalid(error) => Some(error),
            _ => None,
        }
    }
}
