//! How long a request waits, and the answer to a publisher whose message was not published.

use crate::journal::Refusal;
use crate::reply::{Reply, seconds};

/// How much longer a request waits.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Patience {
    Waits,
    /// An incomplete answer will do.
    Over,
    /// The server is stopping: answer now or never.
    Stopping,
}

/// The same message came before, and nobody knows yet what becomes of it.
pub(crate) fn key_in_use() -> Reply {
    let message = "the message that came first under this idempotency key is still under way; ask again later";
    Reply::error(409, "key_in_use", message).with("Retry-After", "1")
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
            Refusal::NoSpace => Self::unavailable(
                "no_space",
                "there is no room on the server's disk, so that the message is not published; try again later",
            ),
            Refusal::Unknown => Self::unavailable(
                "outcome_unknown",
                "it is not known whether the message was kept; it was not shown to anyone",
            ),
            Refusal::Away => Self::unavailable(
                "broker_away",
                "the broker cannot be reached, so that the message is not published; try again later",
            ),
            Refusal::Fault(cure) => Self::unavailable("broker_fault", cure),
            Refusal::Uncertain => Self::unavailable(
                "outcome_unknown",
                "it is not known whether the broker kept the message, which may still be shown",
            ),
            Refusal::OtherContent => Self::error(
                422,
                "key_reused",
                "another message was published in this channel under this idempotency key: give each its own",
            ),
            Refusal::NoRoomForKey { wait } => {
                let message = format!(
                    "the server remembers as many idempotency keys as it may; try again in {} s",
                    seconds(wait)
                );
                Self::error(503, "too_many_keys", &message).after(wait)
            }
        }
    }
}
