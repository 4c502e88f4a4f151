//! Subscribers on their connections. The variants differ in how they are written to; what the messages look like is
//! up to the [transport](crate::transport).

mod answers;
mod body;
mod follower;
mod held;
mod socket;
mod speaker;
mod until;

use std::sync::Arc;

use holdline_net::{Output, Progress};
use holdline_websocket::CloseCode;

pub(crate) use self::answers::{Answers, Asked};
pub(crate) use self::body::{BodyFormat, BodyStream};
pub(crate) use self::follower::{Follower, Given};
pub(crate) use self::held::HeldPoll;
pub(crate) use self::socket::{EXPIRED, Plugged, SocketStream};
pub(crate) use self::speaker::{Speaker, refuse};
pub(crate) use self::until::Until;
use crate::access::Rights;
use crate::hub::{Hub, Looks};

/// A held request, a stream or a WebSocket that receives messages.
#[derive(Debug)]
pub(crate) enum Subscription {
    Held(HeldPoll),
    Body(BodyStream),
    WebSocket(SocketStream),
    /// Of a plug-in.
    Socket(Box<Plugged>),
}

impl Subscription {
    pub(crate) fn follower(&self) -> &Follower {
        match self {
            Self::Held(held) => held.follower(),
            Self::Body(stream) => stream.follower(),
            Self::WebSocket(socket) => socket.follower(),
            Self::Socket(plugged) => plugged.socket.follower(),
        }
    }

    /// The channel to which a WebSocket's text messages are published, and what they are judged by.
    pub(crate) fn publishes(&self, hub: &Hub) -> Option<(Arc<str>, &Rights)> {
        match self {
            Self::WebSocket(socket) => socket.publishes(hub),
            Self::Held(_) | Self::Body(_) | Self::Socket(_) => None,
        }
    }

    /// The stream of a client that wants its messages answered (`holdline.v2`).
    pub(crate) fn answered(&mut self) -> Option<&mut SocketStream> {
        self.socket().filter(|stream| stream.is_answered())
    }

    /// The client of a WebSocket or plug-in socket made a mistake that [ends the stream](SocketStream::end_mistaken).
    pub(crate) fn end_mistaken(&mut self) {
        if let Some(stream) = self.socket() {
            stream.end_mistaken();
        }
    }

    /// Whether nothing more is taken from that client.
    pub(crate) fn is_mistaken(&mut self) -> bool {
        self.socket().is_some_and(|stream| stream.is_mistaken())
    }

    /// The stream of a client that is sent whole texts.
    fn socket(&mut self) -> Option<&mut SocketStream> {
        match self {
            Self::WebSocket(stream) => Some(stream),
            Self::Socket(plugged) => Some(&mut plugged.socket),
            Self::Held(_) | Self::Body(_) => None,
        }
    }

    /// Writes what there is to write.
    pub(crate) fn ready(&mut self, hub: &Hub, looks: &mut Looks, output: Output<'_>) -> Progress {
        match (self, output) {
            (Self::Held(poll), Output::Held(held)) => poll.ready(hub, looks, held),
            (Self::Body(stream), Output::Body(body)) => stream.ready(hub, looks, body),
            (this, output) => match (this.socket(), Speaker::of(output)) {
                (Some(stream), Some(speaker)) => stream.ready(hub, looks, speaker),
                // The kind of output of a connection never changes after it was subscribed.
                _ => Progress::Idle,
            },
        }
    }

    /// The timer has fired: a long poll's wait is over, or a stream needs a heartbeat or has lasted long enough. A
    /// WebSocket sends its own pings, and a heartbeat only if its client asked for it.
    pub(crate) fn timer(&mut self, hub: &Hub, looks: &mut Looks, output: Output<'_>) {
        match (self, output) {
            (Self::Held(poll), Output::Held(held)) => poll.give_up(hub, looks, held, hub.now()),
            (Self::Body(stream), Output::Body(body)) => stream.timer(hub, looks, body),
            (this, output) => {
                if let (Some(stream), Some(speaker)) = (this.socket(), Speaker::of(output)) {
                    stream.timer(hub, speaker);
                }
            }
        }
    }

    /// The rights have ended: the stream says so and ends; a held poll gets its normal answer.
    pub(crate) fn expire(&mut self, hub: &Hub, looks: &mut Looks, output: Output<'_>) {
        match (self, output) {
            (Self::Held(poll), Output::Held(held)) => poll.answer_now(hub, looks, held),
            (Self::Body(stream), Output::Body(body)) => stream.expire(hub, body),
            (this, output) => {
                if let (Some(stream), Some(speaker)) = (this.socket(), Speaker::of(output)) {
                    stream.expire(hub, speaker);
                }
            }
        }
    }

    /// The server is stopping, or the client has closed its sending side: a held request is answered, and a page is
    /// finished properly.
    pub(crate) fn stopping(&mut self, hub: &Hub, looks: &mut Looks, output: Output<'_>) {
        match (self, output) {
            (Self::Held(poll), Output::Held(held)) => poll.answer_now(hub, looks, held),
            (Self::Body(stream), Output::Body(body)) => stream.end(body),
            _ => {}
        }
    }

    /// Another server knows more: the client should come to that one.
    pub(crate) fn send_away(&mut self, hub: &Hub, looks: &mut Looks, output: Output<'_>) {
        match (self, output) {
            (Self::Held(poll), Output::Held(held)) => poll.answer_now(hub, looks, held),
            (Self::Body(stream), Output::Body(body)) => stream.send_away(body),
            (Self::WebSocket(_), Output::WebSocket(mut socket)) => {
                let reason = "the server does not know what is new";
                if let Err(error) = socket.close(CloseCode::TRY_AGAIN_LATER, reason) {
                    tracing::debug!(%error, "a WebSocket is already closing");
                }
            }
            _ => {}
        }
    }
}
