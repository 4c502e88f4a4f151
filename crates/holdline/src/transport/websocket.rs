//! WebSocket: a text message of JSON for each message. Clients that may publish do so with text messages. With
//! `heartbeat=true` the server also sends heartbeats that a page can see.

use super::request::SubscribeRequest;
use crate::answer::Call;
use crate::app::{App, Stream};
use crate::subscription::{SocketStream, Subscription};
use crate::upgrade::{Messages, upgrade};

pub(crate) fn answer(app: &mut App, call: Call<'_, '_>, request: &SubscribeRequest<'_>) {
    let heartbeat = match request.query.value("heartbeat") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            let message = "`heartbeat` is `true` or `false`";
            return call.error(400, "bad_parameter", message);
        }
    };
    let connection = call.request.connection;
    let rights = &request.rights;
    let messages = match request.names.first() {
        Some(first) if rights.may_publish(first) => Messages::Taken,
        _ => Messages::Refused,
    };
    upgrade(app, call, messages, |app| {
        let deflate_from = app.shared.options.deflate_from.unwrap_or(usize::MAX);
        let follower = app.follow(connection, request)?;
        let heartbeat = heartbeat.then(|| app.heartbeat(connection));
        let rights = request.rights.clone();
        let socket = SocketStream::new(follower, rights, deflate_from, heartbeat);
        Ok(Stream::Subscriber(Subscription::WebSocket(socket)))
    });
}
