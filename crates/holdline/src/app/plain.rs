//! Messages over a WebSocket that are published as they are and have no answer.

use holdline_net::{ConnectionId, Message, Output, WebSocketOutput};
use holdline_websocket::CloseCode;

use super::App;
use super::append::Unpublished;
use super::closing::close;
use crate::access::{Lack, Rights};
use crate::journal::{Appended, Draft, Outcome, Refusal};
use crate::rates::Source;
use crate::subscription::{Speaker, Subscription};

impl App {
    /// Publishes a text message that came over a subscriber's WebSocket.
    pub(super) fn publish(
        &mut self,
        connection: ConnectionId,
        subscription: &mut Subscription,
        message: Message<'_>,
        output: Output<'_>,
    ) {
        let Output::WebSocket(socket) = output else {
            return;
        };
        if subscription.is_mistaken() {
            return;
        }
        if let (Message::Text(text), Some(stream)) = (message, subscription.answered()) {
            let speaker = Speaker::WebSocket(socket);
            // It is told so, and the WebSocket goes on.
            self.answer(connection, stream, text, speaker);
            return;
        }
        match message {
            Message::Text(text) => {
                if let Some((channel, rights)) = subscription.publishes(self.hub()) {
                    self.publish_text(connection, &channel, rights, text, socket);
                }
            }
            Message::Binary(_) => {
                subscription.end_mistaken();
                self.wake(connection);
            }
        }
    }

    fn publish_text(
        &mut self,
        connection: ConnectionId,
        channel: &str,
        rights: &Rights,
        text: &str,
        socket: WebSocketOutput<'_>,
    ) {
        // A WebSocket that may not publish gets its messages in pieces; this one might when it began.
        if let Err(lack) = rights.judge_publish(channel) {
            return may_not_publish(socket, &lack);
        }
        let waiter = self.waiter(connection);
        let draft = Draft::message(channel, None, text);
        match self.append(Source::Connection(waiter), rights, draft, waiter) {
            Ok(Appended::Shown(_)) => {}
            Ok(Appended::Later(receipt) | Appended::Repeated(receipt)) => {
                let unsettled = self.unsettled.entry(connection).or_default();
                unsettled.push_back(receipt);
            }
            Err(Unpublished::TooFast(too_fast)) => {
                close(socket, CloseCode::POLICY_VIOLATION, &too_fast.to_string());
            }
            Err(Unpublished::Refused(refusal)) => refuse(socket, refusal),
        }
    }

    /// A message begins to come over the WebSocket of a client that may not publish.
    pub(super) fn refuse_piece(&self, subscription: &Subscription, socket: WebSocketOutput<'_>) {
        if let Some((channel, rights)) = subscription.publishes(self.hub())
            && let Err(lack) = rights.judge_publish(&channel)
        {
            may_not_publish(socket, &lack);
        }
    }

    /// Forgets the messages of a WebSocket that were shown or will be. Returns why one was refused.
    pub(super) fn settle(&mut self, connection: ConnectionId) -> Option<Refusal> {
        let unsettled = self.unsettled.get_mut(&connection)?;
        while let Some(receipt) = unsettled.front() {
            match receipt.outcome() {
                Outcome::Pending => return None,
                Outcome::Refused(refusal) => return Some(refusal),
                Outcome::Kept(_) | Outcome::Shown(_) | Outcome::Before(_) => {}
            }
            unsettled.pop_front();
        }
        self.unsettled.remove(&connection);
        None
    }
}

/// Closes the WebSocket of a publisher, because a plain text message has no answer that could carry an error.
pub(super) fn refuse(socket: WebSocketOutput<'_>, refusal: Refusal) {
    let reason = match refusal {
        Refusal::Busy | Refusal::NoRoomForKey { .. } => "no room",
        Refusal::NotKept
        | Refusal::NoSpace
        | Refusal::Unknown
        | Refusal::Away
        | Refusal::Fault(_)
        | Refusal::Uncertain
        | Refusal::OtherContent => "a message could not be kept",
    };
    close(socket, CloseCode::TRY_AGAIN_LATER, reason);
}

fn may_not_publish(socket: WebSocketOutput<'_>, lack: &Lack) {
    close(socket, CloseCode::POLICY_VIOLATION, &lack.close_reason());
}
