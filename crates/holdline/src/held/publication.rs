//! A publisher waiting to hear what became of its message.

use std::sync::Arc;
use std::time::Duration;

use holdline_comet::{Cursor, Position, Since};
use serde_json::json;

use super::reply::{Patience, key_in_use};
use crate::hub::{Batch, Hub, Published, Read, Waiter};
use crate::journal::{Outcome, Receipt, Refusal};
use crate::poll_answer::{ANSWER, encode_answer};
use crate::reader::Reader;
use crate::reply::Reply;
use crate::shared::Options;

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
    /// The message came before under the same idempotency key.
    repeated: bool,
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
            repeated: false,
        }
    }

    /// The same, if the receipt is that of the first time.
    pub(crate) fn repeated(self, repeated: bool) -> Self {
        Self { repeated, ..self }
    }

    /// How long to wait for an answer that says all.
    pub(super) fn wait(&self, options: &Options) -> Duration {
        match self.repeated {
            true => options.key_patience,
            false => options.patience,
        }
    }

    /// The answer, if it is known. If not, the connection is woken when it may be.
    pub(crate) fn reply(&mut self, hub: &Hub, patience: Patience) -> Option<Reply> {
        let outcome = self.receipt.outcome();
        let repeated = self.repeated || matches!(outcome, Outcome::Before(_));
        let (cursor, receivers) = match outcome {
            Outcome::Shown(Published { cursor, receivers }) => (cursor, Some(receivers)),
            Outcome::Before(cursor) => (cursor, None),
            Outcome::Kept(cursor) if patience >= Patience::Over => (cursor, None),
            Outcome::Refused(refusal) => return Some(refusal.into()),
            Outcome::Pending if patience == Patience::Stopping => {
                return Some(Refusal::Unknown.into());
            }
            Outcome::Pending if self.repeated && patience >= Patience::Over => {
                return Some(key_in_use());
            }
            Outcome::Pending | Outcome::Kept(_) => return None,
        };
        let mut answer = encode_published(cursor, receivers, repeated);
        if let Some((channel, since)) = &self.since {
            let (channels, waiter) = (std::slice::from_ref(channel), Some(self.waiter));
            let position = self
                .position
                .get_or_insert_with(|| hub.position(channels, *since));
            let batch = match hub.read(channels, position, ANSWER, waiter) {
                Read::Batch(batch) => batch,
                // It asks again from where it is.
                Read::Unreadable => Batch::default(),
                Read::Later | Read::Reading if patience >= Patience::Over => Batch::default(),
                Read::Later | Read::Reading => return None,
            };
            if let Some(reader) = &self.reader {
                reader.take(hub, &batch);
            }
            // The same object as a poll's, with two more members in front.
            let poll = encode_answer(position, &batch, None, None);
            answer.pop();
            answer.push(b',');
            answer.extend_from_slice(poll.strip_prefix(b"{").unwrap_or(&poll));
        }
        Some(Reply::ok(answer))
    }

    pub(super) fn closed(&self, hub: &Hub) {
        self.receipt.leave(self.waiter);
        if let Some(position) = &self.position {
            hub.stop_waiting(position, self.waiter);
        }
    }
}

/// `{"id":…,"receivers":…}`, and `"repeated":true` if it came before.
pub(crate) fn encode_published(cursor: Cursor, receivers: Option<u64>, repeated: bool) -> Vec<u8> {
    let mut answer = json!({ "id": cursor.to_string(), "receivers": receivers });
    if repeated {
        answer["repeated"] = true.into();
    }
    answer.to_string().into_bytes()
}
