//! Why a message was not published, or may not have been.

use std::fmt;
use std::io;
use std::time::Duration;

use holdline_http1::ReceiveErrorKind;
use holdline_net::blocking::http::Error;

#[derive(Debug)]
pub(super) enum Failure {
    Connect(io::Error),
    /// The arguments cannot be sent.
    Request(Error),
    /// The request was not written to its end.
    NotSent(Error),
    /// The request was sent, and no answer came.
    Unknown(Error),
    /// The server answered with an error.
    Refused(Refused),
    /// It was sent, no answer came, and then this.
    After(Box<Failure>),
    Input(io::Error),
    LineTooLong {
        /// Bytes that it may have.
        most: u64,
    },
}

/// An answer that is an error.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) said: String,
    /// When to come again.
    pub(super) after: Option<Duration>,
}

impl Failure {
    /// It was sent whole, so it may have been published.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// Whether the same may succeed soon. `unknown`: an earlier attempt may have.
    pub(super) fn may_pass(&self, unknown: bool) -> bool {
        match self {
            Self::Connect(_) | Self::NotSent(_) => true,
            Self::Unknown(error) => is_cut(error),
            // The first attempt is still under way, or this publisher is too fast.
            Self::Refused(refused) if matches!(refused.status, 409 | 429) => {
                refused.after.is_some()
            }
            // What it says is about this attempt, and the question is what became of an earlier one.
            Self::Refused(refused) => unknown && refused.after.is_some(),
            Self::Request(_) | Self::After(_) | Self::Input(_) | Self::LineTooLong { .. } => false,
        }
    }

    /// How long the server asks to wait.
    pub(super) fn after(&self) -> Duration {
        match self {
            Self::Refused(refused) => refused.after.unwrap_or_default(),
            _ => Duration::ZERO,
        }
    }
}

/// Whether the connection broke, and not a rule of HTTP.
fn is_cut(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Stale(_) => true,
        Error::Receive(error) => matches!(
            error.kind(),
            ReceiveErrorKind::ConnectionEnded
                | ReceiveErrorKind::TruncatedHead
                | ReceiveErrorKind::TruncatedBody
        ),
        _ => false,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "cannot connect: {error}"),
            Self::Request(error) => write!(f, "it cannot be sent: {error}"),
            Self::NotSent(error) if error.is_timeout() => {
                f.write_str("the server took too long to receive it")
            }
            Self::NotSent(error) => write!(f, "it was not sent: {error}"),
            Self::Unknown(error) if error.is_timeout() => {
                write!(f, "no answer came in time; {UNKNOWN}")
            }
            Self::Unknown(error) => write!(f, "no answer came ({error}); {UNKNOWN}"),
            Self::Refused(refused) => f.write_str(&refused.said),
            Self::After(last) => write!(f, "no answer came, and then {last}; {UNKNOWN}"),
            Self::Input(error) => write!(f, "cannot read standard input: {error}"),
            Self::LineTooLong { most } => write!(f, "it has more than {most} bytes"),
        }
    }
}

const UNKNOWN: &str = "whether it was published is not known";
