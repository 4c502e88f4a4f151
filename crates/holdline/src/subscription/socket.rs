//! A stream over a WebSocket.

use std::sync::Arc;
use std::time::Duration;

use holdline_net::{Output, Progress, WebSocketOutput};

use super::follower::{Follower, STREAM_BUDGET};
use holdline_websocket::CloseCode;

use crate::access::Rights;
use crate::hub::{Hub, Looks};
use crate::message::Wire;
use crate::names;

#[derive(Debug)]
pub(crate) struct SocketStream {
    follower: Follower,
    /// Each message that it sends is judged by these.
    rights: Rights,
    /// Messages of at least this size are compressed, if that was negotiated.
    deflate_from: usize,
    /// Between heartbeats that a page can see, if it has asked for them.
    heartbeat: Option<Duration>,
    begun: bool,
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
            begun: false,
        }
    }

    pub(super) fn follower(&self) -> &Follower {
        &self.follower
    }

    pub(super) fn publishes_to(&self, hub: &Hub) -> Option<Arc<str>> {
        let first = hub.names(self.follower.place()).into_iter().next();
        first.filter(|channel| self.rights.may_publish(channel))
    }

    pub(super) fn ready(
        &mut self,
        hub: &Hub,
        looks: &mut Looks,
        mut socket: WebSocketOutput<'_>,
    ) -> Progress {
        let mut result = Ok(());
        let begins = !std::mem::replace(&mut self.begun, true);
        if begins {
            let cursor = self.follower.position().cursor();
            result = socket.send_text(&self.follower.own_json(hub, names::OPEN, cursor));
        }
        let news = self.follower.member_news(hub, STREAM_BUDGET);
        for told in &news.told {
            result = result.and_then(|()| socket.send_text(&self.follower.told_json(told)));
        }
        let deflate_from = match socket.compresses() {
            true => self.deflate_from,
            false => usize::MAX,
        };
        let batch = self
            .follower
            .next(hub, looks, Wire::WebSocket { deflate_from });
        if let Some(cursor) = batch.lost {
            let lost = self.follower.own_json(hub, names::LOST, cursor);
            result = result.and_then(|()| socket.send_text(&lost));
        }
        for message in &batch.messages {
            let prepared = match message.json_len() >= deflate_from {
                true => message.websocket_deflated(),
                false => message.websocket(),
            };
            hub.correct(message);
            result = result.and_then(|()| socket.send_prepared(prepared));
        }
        if self.follower.must_wait(hub) {
            let reason = "too much was read of what was published before";
            result = result.and_then(|()| socket.close(CloseCode::TRY_AGAIN_LATER, reason));
        }
        if let Err(error) = result {
            tracing::debug!(%error, "a WebSocket takes no more messages");
            return Progress::Idle;
        }
        if begins && let Some(heartbeat) = self.heartbeat {
            Output::WebSocket(socket).set_timer(heartbeat);
        }
        match news.more {
            true => Progress::More,
            false => batch.progress(),
        }
    }

    /// Sends a heartbeat that a page can see, which a ping is not, and sets the timer for the next one.
    pub(super) fn beat(&self, hub: &Hub, mut socket: WebSocketOutput<'_>) {
        let Some(heartbeat) = self.heartbeat else {
            return;
        };
        let cursor = self.follower.position().cursor();
        let json = self.follower.own_json(hub, names::HEARTBEAT, cursor);
        if let Err(error) = socket.send_text(&json) {
            tracing::debug!(%error, "no heartbeat");
            return;
        }
        Output::WebSocket(socket).set_timer(heartbeat);
    }
}
