//! Subscribers on their connections. What a subscriber is depends on how it can be written to; what its messages
//! look like is the business of its [transport](crate::transport).

mod body;
mod follower;
mod held;
mod socket;

use std::sync::Arc;

use holdline_net::{Output, Progress};

pub(crate) use self::body::{BodyFormat, BodyStream};
pub(crate) use self::follower::{Follower, Given};
pub(crate) use self::held::HeldPoll;
pub(crate) use self::socket::SocketStream;
use crate::hub::{Hub, Looks};

/// A held request, a stream or a WebSocket that receives messages.
#[derive(Debug)]
pub(crate) enum Subscription {
    Held(HeldPoll),
    Body(BodyStream),
    WebSocket(SocketStream),
}

impl Subscription {
    pub(crate) fn follower(&self) -> &Follower {
        match self {
            Self::Held(held) => held.follower(),
            Self::Body(stream) => stream.follower(),
            Self::WebSocket(socket) => socket.follower(),
        }
    }

    /// The channel that a WebSocket's text messages are published to, if this one may publish.
    pub(crate) fn publishes_to(&self, hub: &Hub) -> Option<Arc<str>> {
        match self {
            Self::WebSocket(socket) => socket.publishes_to(hub),
            Self::Held(_) | Self::Body(_) => None,
        }
    }

    /// Writes what there is.
    pub(crate) fn ready(&mut self, hub: &Hub, looks: &mut Looks, output: Output<'_>) -> Progress {
        match (self, output) {
            (Self::Held(poll), Output::Held(held)) => poll.ready(hub, looks, held),
            (Self::Body(stream), Output::Body(body)) => stream.ready(hub, looks, body),
            (Self::WebSocket(stream), Output::WebSocket(socket)) => {
                stream.ready(hub, looks, socket)
            }
            // A connection stays what it was when it was subscribed.
            _ => Progress::Idle,
        }
    }

    /// The timer ran out: a long poll's wait is over, a stream is due a heartbeat. A WebSocket has pings
    /// of its own.
    pub(crate) fn timer(&mut self, hub: &Hub, looks: &mut Looks, output: Output<'_>) {
        match (self, output) {
            (Self::Held(poll), Output::Held(held)) => poll.give_up(hub, looks, held, hub.uptime()),
            (Self::Body(stream), Output::Body(body)) => stream.beat(body),
            _ => {}
        }
    }

    /// The server stops, or the client has shut down its side: a held request is answered, a page is ended as a
    /// page.
    pub(crate) fn stopping(&mut self, hub: &Hub, looks: &mut Looks, output: Output<'_>) {
        match (self, output) {
            (Self::Held(poll), Output::Held(held)) => poll.answer_now(hub, looks, held),
            (Self::Body(stream), Output::Body(body)) => stream.end(body),
            _ => {}
        }
    }
}
