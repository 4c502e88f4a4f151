//! What a client that speaks `holdline.v2`, or over a plug-in socket, is still to be told of its messages.

use std::time::Duration;

use holdline_comet::Cursor;

use super::speaker::Speaker;
use crate::held::{encode_published, key_in_use};
use crate::hub::{Hub, Published, Waiter};
use crate::journal::{Outcome, Receipt};
use crate::reply::Reply;
use crate::shared::Options;
use crate::spoken::{Reference, encode_ack, encode_error};

/// The answers are given as they are known. One that says where a message stands comes after all messages of
/// the stream up to there: so whoever takes its `id` for its own place has missed nothing.
#[derive(Debug)]
pub(crate) struct Answers {
    asked: Vec<Asked>,
    /// How long to wait for all of an answer, and for what becomes of a message that came before.
    patience: Duration,
    key_patience: Duration,
}

/// A message that was given to the journal.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) reference: Option<Reference>,
    pub(crate) receipt: Receipt,
    /// It came before under the same idempotency key.
    pub(crate) repeated: bool,
    /// When it came, on the hub's clock.
    pub(crate) at: Duration,
}

impl Answers {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            asked: Vec::new(),
            patience: options.patience,
            key_patience: options.key_patience,
        }
    }

    /// Whether there are as many messages without an answer as one client may have.
    pub(crate) fn are_full(&self) -> bool {
        self.asked.len() >= MOST
    }

    /// Whether every message has had its answer.
    pub(crate) fn are_all_given(&self) -> bool {
        self.asked.is_empty()
    }

    /// To be called before the connection is woken.
    pub(crate) fn expect(&mut self, asked: Asked) {
        self.asked.push(asked);
    }

    /// Gives the answers that are known, to a stream that stands at `place`. Returns after what time there may be
    /// another one although nobody wakes the connection.
    pub(super) fn give(
        &mut self,
        hub: &Hub,
        place: Cursor,
        socket: &mut Speaker<'_>,
    ) -> Option<Duration> {
        let (now, patience, key_patience) = (hub.now(), self.patience, self.key_patience);
        let place = Place {
            cursor: place,
            is_current: place.epoch() == hub.cursor_of(0).epoch(),
        };
        let mut next: Option<Duration> = None;
        self.asked.retain(|asked| {
            let waited = now.saturating_sub(asked.at);
            let answer = match asked.answer(place, waited >= patience, waited >= key_patience) {
                Answer::Known(answer) => answer,
                Answer::Later => return true,
                Answer::After(gives_up) => {
                    let limit = match gives_up {
                        GivesUp::Rest => patience,
                        GivesUp::First => key_patience,
                    };
                    let left = limit.saturating_sub(waited);
                    next = Some(next.map_or(left, |next| next.min(left)));
                    return true;
                }
            };
            if let Err(error) = socket.send_text(&answer) {
                tracing::debug!(%error, "a WebSocket takes no more answers");
            }
            false
        });
        next
    }

    /// The client is gone.
    pub(crate) fn leave(&self, waiter: Waiter) {
        for asked in &self.asked {
            asked.receipt.leave(waiter);
        }
    }
}

/// Where the stream stands.
#[derive(Clone, Copy)]
struct Place {
    cursor: Cursor,
    /// It is one of the current life.
    is_current: bool,
}

impl Place {
    /// Whether the stream was given all up to this cursor, or was told that it lost some of it.
    fn has_passed(self, cursor: Cursor) -> bool {
        match self.cursor.epoch() == cursor.epoch() {
            true => self.cursor.sequence() >= cursor.sequence(),
            // Then what was shown is of an older life, which the stream has left.
            false => self.is_current,
        }
    }
}

enum Answer {
    Known(String),
    /// The connection is woken when it is.
    Later,
    /// Or it is given up by then.
    After(GivesUp),
}

/// What a client does not wait for longer than so long.
enum GivesUp {
    /// That all can see the message, which is kept.
    Rest,
    /// What becomes of the same message that came before.
    First,
}

impl Asked {
    fn answer(&self, place: Place, rest_is_late: bool, first_is_late: bool) -> Answer {
        let has_passed = |cursor| place.has_passed(cursor);
        match self.receipt.outcome() {
            Outcome::Shown(Published { cursor, receivers }) if has_passed(cursor) => {
                self.ack(cursor, Some(receivers), self.repeated)
            }
            Outcome::Before(cursor) if has_passed(cursor) => self.ack(cursor, None, true),
            // There is more of the stream to read before.
            Outcome::Shown(_) | Outcome::Before(_) => Answer::Later,
            Outcome::Refused(refusal) => self.error(&refusal.into()),
            Outcome::Kept(cursor) if rest_is_late => self.ack(cursor, None, self.repeated),
            Outcome::Kept(_) => Answer::After(GivesUp::Rest),
            Outcome::Pending if !self.repeated => Answer::Later,
            Outcome::Pending if first_is_late => self.error(&key_in_use()),
            Outcome::Pending => Answer::After(GivesUp::First),
        }
    }

    fn ack(&self, cursor: Cursor, receivers: Option<u64>, repeated: bool) -> Answer {
        let published = encode_published(cursor, receivers, repeated);
        Answer::Known(encode_ack(self.reference.as_ref(), &published))
    }

    fn error(&self, reply: &Reply) -> Answer {
        reply.count();
        Answer::Known(encode_error(self.reference.as_ref(), reply))
    }
}

/// Messages of one client that wait for their answer.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    /// It had none at all.
    #[test]
    fn a_message_that_was_shown_before_a_new_life_began_has_its_answer_after_the_loss() {
        let cursor = Cursor::new(1, 5);
        let published = Published {
            cursor,
            receivers: 3,
        };
        let asked = Asked {
            reference: None,
            receipt: Receipt::new(Outcome::Shown(published)),
            repeated: false,
            at: Duration::ZERO,
        };
        for (cursor, is_current, is_answered) in [
            (Cursor::new(1, 4), true, false),
            (Cursor::new(1, 5), true, true),
            // A new life has begun, and the stream does not know yet.
            (Cursor::new(1, 4), false, false),
            (Cursor::new(2, 9), true, true),
            // It comes from a life before.
            (Cursor::new(9, 9), false, false),
        ] {
            let answer = asked.answer(Place { cursor, is_current }, false, false);
            let is_known = matches!(&answer, Answer::Known(ack) if ack.contains("\"id\":\"1-5\""));
            assert_eq!(is_known, is_answered, "{cursor}");
            assert_eq!(matches!(answer, Answer::Later), !is_answered, "{cursor}");
        }
    }
}
