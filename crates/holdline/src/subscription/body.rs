//! A stream in a response body that does not end.

use std::fmt;
use std::time::Duration;

use bytes::BytesMut;
use holdline_comet::Cursor;
use holdline_http1::SendError;
use holdline_net::{Body, Output, Progress};

use super::follower::{Follower, STREAM_BUDGET};
use crate::hub::{Hub, Looks, Withheld};
use crate::message::{Message, Wire};
use crate::names;

/// What the messages of a stream look like: the part that a transport adds.
pub(crate) trait BodyFormat: fmt::Debug + Send {
    /// Appends what comes before everything else.
    fn begin(&self, out: &mut BytesMut);

    /// Appends one of the server's own messages, of type `event`; `json` is its whole content.
    fn own(&self, event: &str, cursor: Cursor, json: &str, out: &mut BytesMut);

    /// Appends what the client is told about members: one of the server's own messages, which does not move its place.
    /// `data` is its text, `json` its whole content.
    fn told(&mut self, event: &str, data: &str, json: &str, out: &mut BytesMut);

    /// The form of a message that [`message`](Self::message) sends.
    fn wire(&self) -> Wire;

    /// Sends a message.
    fn message(&mut self, message: &Message, body: &mut Body<'_>) -> Result<(), SendError>;

    /// The bytes that show that the stream is alive.
    fn heartbeat(&self) -> &'static [u8];

    /// Appends what comes after everything else, if the server gets to choose the end.
    fn end(&self, out: &mut BytesMut) {
        let _ = out;
    }

    /// The time of the hub at which the stream ends, if it has one.
    fn until(&self) -> Option<Duration> {
        None
    }

    /// Whether the client must start a new stream because this one has become too long for it.
    fn is_full(&self) -> bool {
        false
    }
}

#[derive(Debug)]
pub(crate) struct BodyStream {
    follower: Follower,
    format: Box<dyn BodyFormat>,
    heartbeat: Duration,
    begun: bool,
}

impl BodyStream {
    pub(crate) fn new(
        follower: Follower,
        format: Box<dyn BodyFormat>,
        heartbeat: Duration,
    ) -> Self {
        Self {
            follower,
            format,
            heartbeat,
            begun: false,
        }
    }

    pub(super) fn follower(&self) -> &Follower {
        &self.follower
    }

    pub(super) fn ready(&mut self, hub: &Hub, looks: &mut Looks, mut body: Body<'_>) -> Progress {
        let mut scratch = BytesMut::new();
        let begins = !std::mem::replace(&mut self.begun, true);
        if begins {
            self.format.begin(&mut scratch);
            let cursor = self.follower.position().cursor();
            self.own(hub, names::OPEN, cursor, &mut scratch);
        }
        let news = self.follower.member_news(hub, STREAM_BUDGET);
        for told in &news.told {
            let json = self.follower.told_json(told);
            self.format
                .told(told.event, told.data(), &json, &mut scratch);
        }
        let batch = self.follower.next(hub, looks, self.format.wire());
        if let Some(cursor) = batch.lost {
            self.own(hub, names::LOST, cursor, &mut scratch);
        }
        let mut messages = batch.messages.iter();
        let sent = body.send(&scratch).and_then(|()| {
            messages.try_for_each(|message| self.format.message(message, &mut body))
        });
        if let Err(error) = sent {
            tracing::debug!(%error, "a stream cannot go on");
            return Progress::Idle;
        }
        let is_unreadable = batch.withheld == Some(Withheld::Unreadable);
        let progress = match news.more {
            true => Progress::More,
            false => batch.progress(),
        };
        // What is being read from the disk comes before the end.
        let is_over = progress == Progress::Idle && batch.withheld.is_none() && self.is_over(hub);
        if is_over || is_unreadable || self.format.is_full() || self.follower.wait(hub).is_some() {
            scratch.clear();
            if is_over {
                let cursor = self.follower.position().cursor();
                self.own(hub, names::TIMEOUT, cursor, &mut scratch);
            }
            self.format.end(&mut scratch);
            if let Err(error) = body.send(&scratch).and_then(|()| body.end()) {
                tracing::debug!(%error, "a stream cannot be ended");
            }
            return Progress::Idle;
        }
        if begins {
            self.set_timer(hub, body);
        }
        progress
    }

    /// A heartbeat is due, or the end.
    pub(super) fn timer(&mut self, hub: &Hub, looks: &mut Looks, body: Body<'_>) {
        if self.is_over(hub) {
            // What is left to be delivered has woken it already, and comes before the end.
            let _ = self.ready(hub, looks, body);
        } else {
            self.beat(hub, body);
        }
    }

    fn is_over(&self, hub: &Hub) -> bool {
        self.format.until().is_some_and(|until| until <= hub.now())
    }

    /// Sends a heartbeat, and sets the timer for the next one.
    fn beat(&self, hub: &Hub, mut body: Body<'_>) {
        if let Err(error) = body.send(self.format.heartbeat()) {
            tracing::debug!(%error, "no heartbeat");
        }
        self.set_timer(hub, body);
    }

    fn set_timer(&self, hub: &Hub, body: Body<'_>) {
        let left = self
            .format
            .until()
            .map(|until| until.saturating_sub(hub.now()));
        // The loop's clock and the hub's are read at different moments.
        let left = left.map_or(Duration::MAX, |left| left + Duration::from_millis(2));
        Output::Body(body).set_timer(self.heartbeat.min(left));
    }

    /// Says that the rights have ended, and ends the body.
    pub(super) fn expire(&mut self, hub: &Hub, mut body: Body<'_>) {
        let mut last = BytesMut::new();
        let cursor = self.follower.position().cursor();
        if !std::mem::replace(&mut self.begun, true) {
            self.format.begin(&mut last);
            self.own(hub, names::OPEN, cursor, &mut last);
        }
        self.own(hub, names::EXPIRED, cursor, &mut last);
        self.format.end(&mut last);
        if let Err(error) = body.send(&last).and_then(|()| body.end()) {
            tracing::debug!(%error, "a stream cannot be ended");
        }
    }

    /// Appends the end. The server then ends the body.
    pub(super) fn end(&self, mut body: Body<'_>) {
        let mut end = BytesMut::new();
        self.format.end(&mut end);
        if let Err(error) = body.send(&end) {
            tracing::debug!(%error, "a stream ends without last words");
        }
    }

    /// The same when the server goes on.
    pub(super) fn send_away(&self, mut body: Body<'_>) {
        let mut end = BytesMut::new();
        self.format.end(&mut end);
        if let Err(error) = body.send(&end).and_then(|()| body.end()) {
            tracing::debug!(%error, "a stream cannot be ended");
        }
    }

    fn own(&self, hub: &Hub, event: &str, cursor: Cursor, out: &mut BytesMut) {
        let json = self.follower.own_json(hub, event, cursor);
        self.format.own(event, cursor, &json, out);
    }
}
