//! How long a request waits, and what a publisher is told whose message is not published.

use crate::journal::Refusal;
use crate::reply::Reply;

/// How much longer a request waits.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Patience {
    Waits,
    /// An answer that says less than all will do.
    Over,
    /// The server stops: it is answered now or never.
    Stopping,
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Busy => Self::unavailable(
                "busy",
                "more is being published than the server can keep; try again later",
            ),
            Refusal::NotKept => Self::unavailable(
                "not_kept",
                "the message could not be kept and is not published; try again later",
            ),
            Refusal::Unknown => Self::unavailable(
                "outcome_unknown",
                "whether the message is kept is not known; it was not shown to anyone",
            ),
        }
    }
}
