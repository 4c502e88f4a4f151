//! A change on its way to the disk.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::journal::keys::Keyed;
use crate::journal::sequence::Commit;
use crate::journal::{Change, Draft};

#[derive(Debug)]
pub(super) struct Pending {
    pub(super) number: u64,
    /// In milliseconds since 1970.
    pub(super) time: u64,
    pub(super) channel: Box<str>,
    pub(super) kind: Kind,
    pub(super) key: Option<Keyed>,
    /// To be ended when it is kept. `None` if that was said before.
    pub(super) commit: Option<Commit>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Message {
        event: Option<Box<str>>,
        data: Box<str>,
    },
    Deletion,
    Gap,
}

impl Pending {
    /// With a copy of the draft. It has no commit yet.
    pub(super) fn new(number: u64, draft: Draft<'_>) -> Self {
        Self {
            number,
            time: now(),
            channel: draft.channel.into(),
            kind: match draft.change {
                Change::Message { event, data } => Kind::Message {
                    event: event.map(Box::from),
                    data: data.into(),
                },
                Change::Deletion => Kind::Deletion,
                Change::Gap => Kind::Gap,
            },
            key: draft.key,
            commit: None,
        }
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let texts = match &self.kind {
            Kind::Message { event, data } => {
                event.as_ref().map_or(0, |event| event.len()) + data.len()
            }
            Kind::Deletion | Kind::Gap => 0,
        };
        size_of::<Self>() + self.channel.len() + texts
    }
}

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
