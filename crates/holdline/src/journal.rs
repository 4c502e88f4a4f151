//! Where messages get their numbers and are kept.
//!
//! Publishing has two steps. The journal takes a message, numbers it and keeps it; then the hub shows it, and the
//! publisher gets its answer. In [`Memory`] both happen at once. A journal on disk or over a network answers later.
//! It hands the message to a [`Sequence`](sequence::Sequence), which assigns the number; writes it elsewhere, many
//! at a time; and reports for each, in any order, whether it was kept. The sequence passes the messages to the hub
//! in the order of their numbers.
//!
//! The rules for every journal:
//!
//! - A number is never used twice, and a message whose commit failed is never shown.
//! - No message is shown before all messages with smaller numbers were shown or have failed.
//! - A publisher is answered when its own message is shown. If the message is kept but waits for others, the
//!   publisher is told so after a while ([`Outcome::Kept`]).
//! - Taking a message does not block, because the caller is an event loop.

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

/// A message to be published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) channel: &'a str,
    /// Must have passed [`parse_event`](crate::names::parse_event).
    pub(crate) event: Option<&'a str>,
    pub(crate) data: &'a str,
}

/// Something that keeps messages.
pub(crate) trait Journal: fmt::Debug + Send + Sync {
    /// Takes a message. If the journal answers later, it wakes `publisher` then.
    fn append(&self, draft: Draft<'_>, publisher: Option<Waiter>) -> Result<Appended, Refusal>;
}

/// The result of handing a message to a journal.
#[derive(Debug)]
#[must_use]
pub(crate) enum Appended {
    /// The message is kept, and everyone can see it.
    Shown(Published),
    /// The receipt will tell later.
    Later(Receipt),
}

#[cfg(test)]
mod tests;
