//! WebSocket: a text message of JSON for each message. Clients that may publish do so with text messages. With
//! `heartbeat=true` the server also sends heartbeats that a page can see.

use super::request::SubscribeRequest;
use crate::answer::Call;
use crate::app::{App, Stream};
use crate::subscription::{Answers, SocketStream, Subscription};
use crate::upgrade::{ANSWERED, Messages, PLAIN, upgrade};

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
    upgrade(app, call, &[PLAIN, ANSWERED], |app, protocol| {
        let answers = (protocol == Some(ANSWERED)).then(|| Answers::new(&app.shared.options));
        let messages = match request.names.first() {
            // Each of them says its channel, and is told what is wrong with it.
            _ if answers.is_some() => Messages::Taken,
            Some(first) if rights.may_publish(first) => Messages::Taken,
            _ => Messages::Refused,
        };
        let deflate_from = app.shared.options.deflate_from.unwrap_or(usize::MAX);
        let follower = app.follow(connection, request)?;
        let heartbeat = heartbeat.then(|| app.heartbeat(connection));
        let socket = SocketStream::new(follower, rights.clone(), deflate_from, heartbeat);
        let socket = socket.with_answers(answers);
        let stream = Stream::Subscriber(Subscription::WebSocket(socket));
        Ok((stream, messages))
    });
}
