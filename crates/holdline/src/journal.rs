//! Where messages get their number and are kept.
//!
//! Publishing has two steps. The journal takes a message, gives it its number and keeps it; then the hub
//! shows it, and the publisher is answered. In [`Memory`] both happen at once. A journal on a disk or over
//! a network answers later: it gives the message to a [`Sequence`](sequence::Sequence), which gives the
//! number; writes it elsewhere, many at a time; and says of each, in any order, whether it was kept. The
//! sequence brings the messages to the hub in the order of their numbers.
//!
//! What holds for every journal:
//!
//! - A number is never given twice, and a message whose commit failed is never shown.
//! - No message is shown before all those with smaller numbers are shown or have failed.
//! - A publisher is answered when its own message is shown. If it is kept but waits for others, it is
//!   told so after a while ([`Outcome::Kept`]).
//! - Taking a message does not block: a publisher is an event loop.

mod memory;
mod receipt;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the journal in memory answers at once")
)]
pub(crate) mod sequence;

use std::fmt;

pub(crate) use self::memory::Memory;
pub(crate) use self::receipt::{Outcome, Receipt, Refusal};
use crate::hub::{Published, Waiter};

/// What somebody wants to publish.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) channel: &'a str,
    /// Must have passed [`parse_event`](crate::names::parse_event).
    pub(crate) event: Option<&'a str>,
    pub(crate) data: &'a str,
}

/// A place that keeps messages.
pub(crate) trait Journal: fmt::Debug + Send + Sync {
    /// Takes a message. If the journal answers later, `publisher` is woken then.
    fn append(&self, draft: Draft<'_>, publisher: Option<Waiter>) -> Result<Appended, Refusal>;
}

/// What became of a message that a journal took.
#[derive(Debug)]
#[must_use]
pub(crate) enum Appended {
    /// It is kept, and all can see it.
    Shown(Published),
    /// The receipt will tell.
    Later(Receipt),
}

#[cfg(test)]
mod tests;
