//! A poll that is held until there is something to answer, as JSON or as a script.

use std::sync::Arc;
use std::time::Duration;

use holdline_comet::Hold;
use holdline_comet::jsonp::CallbackName;
use holdline_http1::HeaderBlock;
use holdline_net::{Held, Output, Progress};

use super::follower::Follower;
use crate::hub::{Batch, Hub, Looks, Withheld};
use crate::poll_answer::{ANSWER, Heard, answer_type, encode_answer};
use crate::reply::{Reply, UNCACHED};

#[derive(Debug)]
pub(crate) struct HeldPoll {
    follower: Follower,
    hold: Hold,
    callback: Option<CallbackName>,
    /// Fields that say which pages may have the answer.
    fields: Arc<HeaderBlock>,
}

impl HeldPoll {
    pub(crate) fn new(
        follower: Follower,
        hold: Hold,
        callback: Option<CallbackName>,
        fields: Arc<HeaderBlock>,
    ) -> Self {
        Self {
            follower,
            hold,
            callback,
            fields,
        }
    }

    pub(super) fn follower(&self) -> &Follower {
        &self.follower
    }

    /// Answers if there is something to answer, and otherwise sets the timer.
    pub(super) fn ready(&mut self, hub: &Hub, looks: &mut Looks, held: Held<'_>) -> Progress {
        let wait = self.hold.poll_timeout();
        let heard = self.hear(hub);
        let has_heard = heard.as_ref().is_some_and(|heard| !heard.told.is_empty());
        let batch = self.follower.read(hub, looks, ANSWER);
        if !batch.messages.is_empty() || batch.lost.is_some() || has_heard {
            if self.hold.data().is_some() {
                self.answer(hub, held, batch, heard);
            }
        } else if batch.withheld == Some(Withheld::Reading) {
            // An empty answer would bring nobody further.
            Output::Held(held).set_timer(READING);
        } else if batch.withheld == Some(Withheld::Unreadable) {
            self.refuse(held);
        } else if let Some(until) = wait {
            if until <= hub.now() {
                self.give_up(hub, looks, held, until);
            } else {
                Output::Held(held).set_timer(until.saturating_sub(hub.now()));
            }
        }
        Progress::Idle
    }

    /// Answers with what there is, even if the wait is not over.
    pub(super) fn answer_now(&mut self, hub: &Hub, looks: &mut Looks, held: Held<'_>) {
        self.give_up(hub, looks, held, Duration::MAX);
    }

    /// Answers if the wait is over at `now`, even if there is nothing.
    pub(super) fn give_up(&mut self, hub: &Hub, looks: &mut Looks, held: Held<'_>, now: Duration) {
        let Some(until) = self.hold.poll_timeout() else {
            return;
        };
        if until <= now {
            let batch = self.follower.read(hub, looks, ANSWER);
            match batch.withheld {
                Some(Withheld::Reading) if now < until.saturating_add(READING) => {
                    Output::Held(held).set_timer(READING);
                }
                Some(Withheld::Reading) if now < Duration::MAX => self.refuse(held),
                Some(Withheld::Unreadable) => self.refuse(held),
                _ if self.hold.handle_timeout(now).is_none() => {}
                _ => {
                    let heard = self.hear(hub);
                    self.answer(hub, held, batch, heard);
                }
            }
        } else {
            // The loop and the hub read their clocks at different moments.
            Output::Held(held).set_timer(until.saturating_sub(now) + Duration::from_millis(1));
        }
    }

    /// Answers that what it asks for cannot be read.
    fn refuse(&mut self, held: Held<'_>) {
        if self.hold.data().is_none() {
            return;
        }
        let reply = Reply::unreadable();
        reply.count();
        let headers = (&*self.fields, reply.fields());
        if let Err(error) = held.respond(reply.status, headers, &reply.body) {
            tracing::error!(%error, "an answer cannot be sent");
        }
    }

    /// What it is told about members, if it watches.
    fn hear(&mut self, hub: &Hub) -> Option<Heard> {
        let told = self.follower.member_news(hub, ANSWER.budget).told;
        let token = self.follower.presence_token(hub)?;
        Some(Heard { told, token })
    }

    fn answer(&mut self, hub: &Hub, held: Held<'_>, batch: &Batch, heard: Option<Heard>) {
        let callback = self.callback.as_ref();
        let body = encode_answer(self.follower.position(), batch, heard.as_ref(), callback);
        self.follower.count(hub, batch);
        let headers = (answer_type(callback), UNCACHED);
        if let Err(error) = held.respond(200, (&*self.fields, headers), &body) {
            tracing::error!(%error, "an answer cannot be sent");
        }
    }
}

/// So much longer it is held while what it asks for is read from the disk.
const READING: Duration = Duration::from_secs(10);
