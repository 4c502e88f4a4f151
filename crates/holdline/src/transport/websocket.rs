//! WebSocket: a text message of JSON for each message. Those who may publish do so by text message.

use super::request::SubscribeRequest;
use crate::answer::Call;
use crate::app::{App, Stream};
use crate::subscription::{SocketStream, Subscription};
use crate::upgrade::{Messages, upgrade};

pub(crate) fn answer(app: &mut App, call: Call<'_, '_>, request: &SubscribeRequest<'_>) {
    let head = &call.request.head;
    let may_publish = match app.shared.access().may_publish(head, request.query) {
        Ok(may_publish) => may_publish,
        Err(refusal) => return call.reply(&refusal),
    };
    let connection = call.request.connection;
    let messages = match may_publish {
        true => Messages::Taken,
        false => Messages::Refused,
    };
    upgrade(app, call, messages, |app| {
        let deflate_from = app.shared.options.deflate_from.unwrap_or(usize::MAX);
        let follower = app.follow(connection, request)?;
        let socket = SocketStream::new(follower, may_publish, deflate_from);
        Ok(Stream::Subscriber(Subscription::WebSocket(socket)))
    });
}
