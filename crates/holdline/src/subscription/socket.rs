//! A stream over a WebSocket or a plug-in socket.

use std::sync::Arc;
use std::time::Duration;

use holdline_net::{MessageError, Progress};

use super::answers::Answers;
use super::follower::{Follower, STREAM_BUDGET};
use super::speaker::Speaker;

use crate::access::Rights;
use crate::hub::{Hub, Looks, Withheld};
use crate::names;
use crate::plug::Cutter;
use crate::reply::Reply;
use crate::spoken::{Reference, encode_error};

#[derive(Debug)]
pub(crate) struct SocketStream {
    follower: Follower,
    /// Each message that it sends is judged by these.
    rights: Rights,
    /// Messages of at least this size are compressed, if that was negotiated.
    deflate_from: usize,
    /// Between heartbeats that a page can see, if it has asked for them.
    heartbeat: Option<Duration>,
    /// When the next one is due, on the hub's clock.
    next_beat: Option<Duration>,
    begun: bool,
    /// The client was told where it begins.
    opened: bool,
    /// Only of a client that wants them: `holdline.v2`.
    answers: Option<Box<Answers>>,
    /// The client made a mistake that ends the stream, and is owed answers to what came before.
    mistaken: bool,
}

/// A subscriber over a plug-in socket.
#[derive(Debug)]
pub(crate) struct Plugged {
    pub(crate) socket: SocketStream,
    /// What cuts the bytes that it sends into messages.
    pub(crate) cutter: Cutter,
}

impl SocketStream {
    pub(crate) fn new(
        follower: Follower,
        rights: Rights,
        deflate_from: usize,
        heartbeat: Option<Duration>,
    ) -> Self {
        Self {
            follower,
            rights,
            deflate_from,
            heartbeat,
            next_beat: None,
            begun: false,
            opened: false,
            answers: None,
            mistaken: false,
        }
    }

    /// The same, whose client is answered if there are `answers`.
    pub(crate) fn with_answers(self, answers: Option<Answers>) -> Self {
        let answers = answers.map(Box::new);
        Self { answers, ..self }
    }

    pub(super) fn follower(&self) -> &Follower {
        &self.follower
    }

    pub(super) fn publishes(&self, hub: &Hub) -> Option<(Arc<str>, &Rights)> {
        let first = hub.names(self.follower.place()).into_iter().next();
        first.map(|channel| (channel, &self.rights))
    }

    /// Whether the client wants its messages answered.
    pub(super) const fn is_answered(&self) -> bool {
        self.answers.is_some()
    }

    /// What judges its messages, and where their answers go, if it wants any.
    pub(crate) fn answers(&mut self) -> Option<(&Rights, &mut Answers)> {
        let answers = self.answers.as_deref_mut()?;
        Some((&self.rights, answers))
    }

    /// Tells the client what is wrong with what it said.
    pub(crate) fn refuse(
        &mut self,
        hub: &Hub,
        socket: &mut Speaker<'_>,
        reference: Option<&Reference>,
        reply: &Reply,
    ) {
        reply.count();
        let error = encode_error(reference, reply);
        let told = self
            .open(hub, socket)
            .and_then(|()| socket.send_text(&error));
        if let Err(error) = told {
            tracing::debug!(%error, "a client takes no more answers");
        }
    }

    /// Whether everything that the client published was answered.
    pub(crate) fn are_all_answered(&self) -> bool {
        let answers = self.answers.as_ref();
        answers.is_none_or(|answers| answers.are_all_given())
    }

    /// The client made a mistake that ends the stream. It ends when the client has the answers to all that came before:
    /// who is not told that a message was published publishes it again. To be called before the connection is woken.
    pub(crate) const fn end_mistaken(&mut self) {
        self.mistaken = true;
    }

    /// Whether nothing more is taken from the client.
    pub(crate) const fn is_mistaken(&self) -> bool {
        self.mistaken
    }

    pub(super) fn ready(
        &mut self,
        hub: &Hub,
        looks: &mut Looks,
        mut socket: Speaker<'_>,
    ) -> Progress {
        let begins = !std::mem::replace(&mut self.begun, true);
        let mut result = self.open(hub, &mut socket);
        let news = self.follower.member_news(hub, STREAM_BUDGET);
        for told in &news.told {
            result = result.and_then(|()| socket.send_text(&self.follower.told_json(told)));
        }
        let wire = socket.wire(self.deflate_from);
        let batch = self.follower.next(hub, looks, wire);
        if let Some(cursor) = batch.lost {
            let lost = self.follower.own_json(hub, names::LOST, cursor);
            result = result.and_then(|()| socket.send_text(&lost));
        }
        for message in &batch.messages {
            result = result.and_then(|()| socket.send(message, wire));
            hub.correct(message);
        }
        let is_unreadable = batch.withheld == Some(Withheld::Unreadable);
        let wait = self.follower.wait(hub);
        if is_unreadable || wait.is_some() {
            let closed = result.and_then(|()| match wait {
                Some(wait) if !is_unreadable => socket.close_for_now(wait),
                _ => socket.close_unreadable(),
            });
            if let Err(error) = closed {
                tracing::debug!(%error, "a socket is already closing");
            }
            return Progress::Idle;
        }
        if let Err(error) = result {
            tracing::debug!(%error, "a WebSocket takes no more messages");
            return Progress::Idle;
        }
        let progress = match news.more {
            true => Progress::More,
            false => batch.progress(),
        };
        if begins {
            self.next_beat = self.heartbeat.map(|interval| hub.now() + interval);
        }
        let next = self.give_answers(hub, &mut socket);
        if self.is_over() {
            socket.mistaken();
            return Progress::Idle;
        }
        if begins || next.is_some() {
            self.set_timer(hub, next, socket);
        }
        progress
    }

    /// Tells where the stream begins, before anything else is told.
    fn open(&mut self, hub: &Hub, socket: &mut Speaker<'_>) -> Result<(), MessageError> {
        if std::mem::replace(&mut self.opened, true) {
            return Ok(());
        }
        let cursor = self.follower.position().cursor();
        socket.send_text(&self.follower.own_json(hub, names::OPEN, cursor))
    }

    /// The timer has fired: a heartbeat is due, or a message has waited for its answer as long as it should.
    pub(super) fn timer(&mut self, hub: &Hub, mut socket: Speaker<'_>) {
        if let (Some(interval), Some(due)) = (self.heartbeat, self.next_beat)
            && due <= hub.now()
        {
            self.beat(hub, &mut socket);
            self.next_beat = Some(hub.now() + interval);
        }
        let next = self.give_answers(hub, &mut socket);
        match self.is_over() {
            true => socket.mistaken(),
            false => self.set_timer(hub, next, socket),
        }
    }

    fn is_over(&self) -> bool {
        self.mistaken && self.are_all_answered()
    }

    /// Gives the answers that are known. Returns after what time another one is to be given at the latest.
    fn give_answers(&mut self, hub: &Hub, socket: &mut Speaker<'_>) -> Option<Duration> {
        let place = self.follower.position().cursor();
        self.answers.as_mut()?.give(hub, place, socket)
    }

    /// There is one timer for the heartbeat and the answers.
    fn set_timer(&self, hub: &Hub, answer: Option<Duration>, socket: Speaker<'_>) {
        let beat = self.next_beat.map(|due| due.saturating_sub(hub.now()));
        if let Some(wait) = [beat, answer].into_iter().flatten().min() {
            // The loop's clock and the hub's are read at different moments.
            let wait = wait + Duration::from_millis(1);
            socket.output().set_timer(wait);
        }
    }

    /// Says that the rights have ended, and closes.
    pub(super) fn expire(&self, hub: &Hub, mut socket: Speaker<'_>) {
        let cursor = self.follower.position().cursor();
        let json = self.follower.own_json(hub, names::EXPIRED, cursor);
        let closed = socket
            .send_text(&json)
            .and_then(|()| socket.close(EXPIRED.into(), "the token has expired"));
        if let Err(error) = closed {
            tracing::debug!(%error, "a WebSocket is already closing");
        }
    }

    /// Sends a heartbeat that a page can see, which a ping is not.
    fn beat(&self, hub: &Hub, socket: &mut Speaker<'_>) {
        let cursor = self.follower.position().cursor();
        let json = self.follower.own_json(hub, names::HEARTBEAT, cursor);
        if let Err(error) = socket.send_text(&json) {
            tracing::debug!(%error, "no heartbeat");
        }
    }
}

/// The close code for a token that has expired, of those that applications may choose (RFC 6455 §7.4.2).
pub(crate) const EXPIRED: u16 = 4401;
