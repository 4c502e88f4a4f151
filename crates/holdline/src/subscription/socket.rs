//! A stream over a WebSocket.

use std::sync::Arc;

use holdline_net::{Progress, WebSocketOutput};

use super::follower::Follower;
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
    begun: bool,
}

impl SocketStream {
    pub(crate) fn new(follower: Follower, rights: Rights, deflate_from: usize) -> Self {
        Self {
            follower,
            rights,
            deflate_from,
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
        if !std::mem::replace(&mut self.begun, true) {
            let cursor = self.follower.position().cursor();
            result = socket.send_text(&self.follower.own_json(hub, names::OPEN, cursor));
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
        batch.progress()
    }
}
