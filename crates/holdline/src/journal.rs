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
//! - The deletion of a channel's history is numbered like a message. So what has a smaller number is deleted and what
//!   has a greater one is not, in this process, after a restart, and wherever else the journal is read.
//! - A message with an idempotency key is published once, however often it comes. The key is part of the [`Draft`],
//!   so it is kept with the message or not at all. A journal on disk writes the draft of a commit and its number in
//!   one transaction; if it goes on with the same life after a restart, it puts what it finds back into [`keys`].

pub(crate) mod broker;
pub(crate) mod disk;
mod keys;
mod memory;
mod older;
mod receipt;
pub(crate) mod sequence;

use std::fmt;
use std::sync::Arc;

pub(crate) use self::keys::{KEPT, Keyed};
pub(crate) use self::memory::Memory;
pub(crate) use self::receipt::{Outcome, Receipt, Refusal};
use crate::hub::{Hub, Published, Waiter, Wakes};
use crate::idempotency_key::IdempotencyKey;
use crate::message::Content;

/// A change of a channel that takes a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) channel: &'a str,
    pub(crate) change: Change<'a>,
    /// What it is published under, if it may come again.
    pub(crate) key: Option<Keyed>,
    /// If it comes from a feed of several servers: it counts only while this one is the one that feeds.
    pub(crate) fence: Option<Fence<'a>>,
}

/// A lease in the broker, and the number with which it was taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Fence<'a> {
    pub(crate) lease: &'a str,
    pub(crate) number: &'a str,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Change<'a> {
    /// It is published.
    Message {
        /// Must have passed [`parse_event`](crate::names::parse_event).
        event: Option<&'a str>,
        data: &'a str,
    },
    /// All messages with smaller numbers are deleted.
    Deletion,
    /// Messages may be missing here that never came. The draft's channel is a
    /// [pattern](crate::access::patterns::covers) of those that are concerned.
    Gap,
}

impl<'a> Draft<'a> {
    pub(crate) fn message(channel: &'a str, event: Option<&'a str>, data: &'a str) -> Self {
        Self::new(channel, Change::Message { event, data })
    }

    pub(crate) fn deletion(channel: &'a str) -> Self {
        Self::new(channel, Change::Deletion)
    }

    pub(crate) fn gap(pattern: &'a str) -> Self {
        Self::new(pattern, Change::Gap)
    }

    fn new(channel: &'a str, change: Change<'a>) -> Self {
        Self {
            channel,
            change,
            key: None,
            fence: None,
        }
    }

    /// Under a key, which is one of `sub`, the name that the publisher's token says, or of nobody. Reads the
    /// whole message: call it when no lock is held.
    pub(crate) fn under(self, key: &IdempotencyKey, sub: Option<&Arc<str>>) -> Self {
        let key = Some(Keyed::new(&self, key, sub.map(AsRef::as_ref)));
        Self { key, ..self }
    }
}

/// A change without its channel and number.
#[derive(Debug)]
pub(crate) enum Effect {
    Message(Content),
    Deletion,
    Gap,
}

impl Effect {
    /// Measures a message: call it when no lock is held.
    pub(super) fn of(draft: &Draft<'_>) -> Self {
        match draft.change {
            Change::Message { event, data } => {
                Self::Message(Content::new(draft.channel, event, data))
            }
            Change::Deletion => Self::Deletion,
            Change::Gap => Self::Gap,
        }
    }

    /// Has everyone see it, with the number that it has. `channel` is a pattern if it is a gap.
    pub(crate) fn show(
        self,
        number: u64,
        channel: &str,
        hub: &Hub,
        wakes: &mut Wakes,
    ) -> Published {
        match self {
            Self::Message(content) => hub.show(number, channel, content, wakes),
            Self::Deletion => hub.delete(number, channel, wakes),
            Self::Gap => hub.gap(number, channel, wakes),
        }
    }
}

/// Something that keeps messages.
pub(crate) trait Journal: fmt::Debug + Send + Sync {
    /// Takes a message. If the journal answers later, it wakes `publisher` then.
    fn append(&self, draft: Draft<'_>, publisher: Option<Waiter>) -> Result<Appended, Refusal>;

    /// Whether it can say what is new.
    fn standing(&self) -> Standing {
        Standing::Current
    }

    /// The server ends: nothing more is published. Waits until everything that was taken is kept.
    fn close(&self) {}
}

/// Whether a journal knows which message is the newest one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    Current,
    /// Not any more.
    Stale,
    /// For so long that clients should go to another server.
    Away,
}

/// The result of handing a message to a journal.
#[derive(Debug)]
#[must_use]
pub(crate) enum Appended {
    /// The message is kept, and everyone can see it.
    Shown(Published),
    /// The receipt will tell later.
    Later(Receipt),
    /// It came before under the same key. The receipt of then tells, or will.
    Repeated(Receipt),
}

impl Appended {
    /// What tells the outcome, and whether the message came before.
    pub(crate) fn receipt(self) -> (Receipt, bool) {
        match self {
            Self::Shown(published) => (Receipt::new(Outcome::Shown(published)), false),
            Self::Later(receipt) => (receipt, false),
            Self::Repeated(receipt) => (receipt, true),
        }
    }
}

#[cfg(test)]
mod tests;
