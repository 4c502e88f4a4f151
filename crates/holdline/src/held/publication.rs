//! A publisher waiting to hear what became of its message.

use std::sync::Arc;

use holdline_comet::{Position, Since};
use serde_json::json;

use super::reply::Patience;
use crate::hub::{Batch, Hub, Published, Read, Waiter};
use crate::journal::{Outcome, Receipt, Refusal};
use crate::poll_answer::{ANSWER, encode_answer};
use crate::reader::Reader;
use crate::reply::Reply;

/// The publisher's request.
#[derive(Debug)]
pub(crate) struct Publication {
    receipt: Receipt,
    /// Set if the publisher also wants what came to the channel after this.
    since: Option<(Arc<str>, Since)>,
    /// The position for that, once the message was shown.
    position: Option<Position>,
    waiter: Waiter,
    reader: Option<Reader>,
}

impl Publication {
    pub(crate) fn new(
        receipt: Receipt,
        since: Option<(Arc<str>, Since)>,
        waiter: Waiter,
        reader: Option<Reader>,
    ) -> Self {
        Self {
            reader,
            receipt,
            since,
            position: None,
            waiter,
        }
    }

    /// The answer, if it is known. If not, the connection is woken when it may be.
    pub(crate) fn reply(&mut self, hub: &Hub, patience: Patience) -> Option<Reply> {
        let (cursor, receivers) = match self.receipt.outcome() {
            Outcome::Shown(Published { cursor, receivers }) => (cursor, Some(receivers)),
            Outcome::Kept(cursor) if patience >= Patience::Over => (cursor, None),
            Outcome::Refused(refusal) => return Some(refusal.into()),
            Outcome::Pending if patience == Patience::Stopping => {
                return Some(Refusal::Unknown.into());
            }
            Outcome::Pending | Outcome::Kept(_) => return None,
        };
        let mut answer = json!({ "id": cursor.to_string(), "receivers": receivers })
            .to_string()
            .into_bytes();
        if let Some((channel, since)) = &self.since {
            let (channels, waiter) = (std::slice::from_ref(channel), Some(self.waiter));
            let position = self
                .position
                .get_or_insert_with(|| hub.position(channels, *since));
            let batch = match hub.read(channels, position, ANSWER, waiter) {
                Read::Batch(batch) => batch,
                Read::Later if patience >= Patience::Over => Batch::default(),
                Read::Later => return None,
            };
            if let Some(reader) = &self.reader {
                reader.take(hub, &batch);
            }
            // The same object as a poll's, with two more members in front.
            let poll = encode_answer(position, &batch, None);
            answer.pop();
            answer.push(b',');
            answer.extend_from_slice(poll.strip_prefix(b"{").unwrap_or(&poll));
        }
        Some(Reply::ok(answer))
    }

    pub(super) fn closed(&self, hub: &Hub) {
        if let Some(position) = &self.position {
            hub.stop_waiting(position, self.waiter);
        }
    }
}
