//! Requests for messages: a poll, a held request, a stream, a WebSocket.

use holdline::event_stream::{self, Opening};
use holdline_comet::jsonp::CallbackName;
use holdline_comet::{Hold, Since, iframe, stream};
use holdline_http1::Fields;

use super::hold::answer_or_hold;
use super::websocket::{Messages, upgrade};
use crate::answer::Call;
use crate::app::{App, Stream};
use crate::held::{Poll, Question};
use crate::hub::TooManyChannels;
use crate::names;
use crate::reply::{Reply, UNCACHED};
use crate::request::Query;
use crate::subscription::{Form, answer_type};
use crate::transport::Transport;

/// Answers a request to one of the transports.
pub(super) fn subscribe(
    app: &mut App,
    call: Call<'_, '_>,
    names: &str,
    transport: Transport,
    query: &Query<'_>,
) {
    let names = match names::parse_channels(names) {
        Ok(names) => names,
        Err(error) => return call.error(400, "bad_channel", &error.to_string()),
    };
    let since = match query.since(&call.request.head) {
        Ok(since) => since,
        Err(error) => return call.error(400, "bad_cursor", &error),
    };
    match transport {
        Transport::Poll => now(app, call, &names, since),
        Transport::LongPoll => held(app, call, &names, since, query, None),
        Transport::Jsonp => match callback(query) {
            Ok(callback) => held(app, call, &names, since, query, Some(callback)),
            Err(error) => call.error(400, "bad_callback", &error),
        },
        Transport::XhrStream => {
            body(
                app,
                call,
                &names,
                since,
                Form::Lines,
                ([("Content-Type", stream::CONTENT_TYPE)], STREAMED),
            );
        }
        Transport::Sse => {
            let json = match query.value("format") {
                None | Some("text") => false,
                Some("json") => true,
                Some(_) => {
                    return call.error(400, "bad_format", "`format` is `text` or `json`");
                }
            };
            let padding = Opening::of(&call.request.head).wants_padding();
            let form = Form::Events { json, padding };
            body(app, call, &names, since, form, event_stream::HEADERS);
        }
        Transport::Iframe => {
            let page = callback(query)
                .and_then(|callback| iframe::Page::new(callback).map_err(|e| e.to_string()));
            let page = match page {
                Ok(page) => Box::new(page),
                Err(error) => return call.error(400, "bad_callback", &error),
            };
            let headers = [
                ("Content-Type", iframe::CONTENT_TYPE),
                (
                    "Content-Security-Policy",
                    "default-src 'none'; script-src 'unsafe-inline'",
                ),
                ("X-Frame-Options", "SAMEORIGIN"),
            ];
            body(
                app,
                call,
                &names,
                since,
                Form::Page { page, sent: 0 },
                (headers, STREAMED),
            );
        }
        Transport::WebSocket => {
            let head = &call.request.head;
            let may_publish = app.shared.policy.may_publish(head, query.value("token"));
            let connection = call.request.connection;
            let messages = match may_publish {
                true => Messages::Taken,
                false => Messages::Refused,
            };
            upgrade(app, call, messages, |app| {
                let deflate_from = app.shared.options.deflate_from.unwrap_or(usize::MAX);
                let form = Form::WebSocket {
                    may_publish,
                    deflate_from,
                };
                app.subscribe(connection, &names, since, form)
                    .map(Stream::Subscriber)
            });
        }
    }
}

/// A poll: what there is, at once.
fn now(app: &App, call: Call<'_, '_>, names: &[String], since: Since) {
    let channels: Box<[_]> = names.iter().map(|name| name.as_str().into()).collect();
    let position = app.hub().position(&channels, since);
    let poll = Poll::new(channels, position, app.waiter(call.request.connection));
    answer_or_hold(app, call, Question::Poll(poll));
}

/// A long poll: what there is, or the first thing that comes.
fn held(
    app: &mut App,
    call: Call<'_, '_>,
    names: &[String],
    since: Since,
    query: &Query<'_>,
    callback: Option<CallbackName>,
) {
    let wait = match query.wait(app.shared.options.long_poll) {
        Ok(wait) => wait,
        Err(error) => return call.error(400, "bad_wait", error),
    };
    if call.request.head.method() == "HEAD" {
        return call.stream((answer_type(callback.as_ref()), UNCACHED), Stream::Head);
    }
    let hold = Hold::new(app.hub().uptime(), wait);
    let form = Form::Answer {
        hold,
        callback,
        cors: call.cors.clone(),
    };
    match app.subscribe(call.request.connection, names, since, form) {
        Ok(subscription) => call.responder.hold(Stream::Subscriber(subscription)),
        Err(TooManyChannels) => call.reply(&Reply::too_many_channels()),
    }
}

/// A stream over a response body.
fn body(
    app: &mut App,
    call: Call<'_, '_>,
    names: &[String],
    since: Since,
    form: Form,
    headers: impl Fields,
) {
    if call.request.head.method() == "HEAD" {
        return call.stream(headers, Stream::Head);
    }
    match app.subscribe(call.request.connection, names, since, form) {
        Ok(subscription) => call.stream(headers, Stream::Subscriber(subscription)),
        Err(TooManyChannels) => call.reply(&Reply::too_many_channels()),
    }
}

fn callback(query: &Query<'_>) -> Result<CallbackName, String> {
    match query.value("callback") {
        Some(name) => CallbackName::new(name).map_err(|error| error.to_string()),
        None => Err("`callback` names the function to call".to_owned()),
    }
}

/// Of every stream: [`UNCACHED`], and that nginx must not hold it back.
const STREAMED: [(&str, &str); 3] = [UNCACHED[0], UNCACHED[1], ("X-Accel-Buffering", "no")];
