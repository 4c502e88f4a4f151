//! How long a request waits, and the answer to a publisher whose message was not published.

use crate::journal::Refusal;
use crate::reply::Reply;

/// How much longer a request waits.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Patience {
    Waits,
    /// An incomplete answer will do.
    Over,
    /// The server is stopping: answer now or never.
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
                "it is not known whether the message was kept; it was not shown to anyone",
            ),
        }
    }
}
