//! WebSocket: a text message of JSON for each message. Clients that may publish do so with text messages.

use super::request::SubscribeRequest;
use crate::answer::Call;
use crate::app::{App, Stream};
use crate::subscription::{SocketStream, Subscription};
use crate::upgrade::{Messages, upgrade};

pub(crate) fn answer(app: &mut App, call: Call<'_, '_>, request: &SubscribeRequest<'_>) {
    let connection = call.request.connection;
    let rights = &request.rights;
    let messages = match request.names.first() {
        Some(first) if rights.may_publish(first) => Messages::Taken,
        _ => Messages::Refused,
    };
    upgrade(app, call, messages, |app| {
        let deflate_from = app.shared.options.deflate_from.unwrap_or(usize::MAX);
        let follower = app.follow(connection, request)?;
        let socket = SocketStream::new(follower, request.rights.clone(), deflate_from);
        Ok(Stream::Subscriber(Subscription::WebSocket(socket)))
    });
}
