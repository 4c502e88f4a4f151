//! Requests to answers: the HTTP interface, a function a row.

use holdline_comet::jsonp::CallbackName;
use holdline_comet::{Hold, iframe, jsonp, poll, stream};
use holdline_net::{Request, Responder};
use holdline_websocket as websocket;
use serde_json::json;

use crate::answer::{Call, log};
use crate::app::{App, Stream, jittered};
use crate::demo::MovingBox;
use crate::hub::{Since, TooManyChannels};
use crate::metrics;
use crate::names;
use crate::pages::{Asset, CONTENT_SECURITY_POLICY};
use crate::policy::Origin;
use crate::request::{METHODS, Query, Resource};
use crate::subscription::{ANSWER_BUDGET, Form, encode_answer};
use crate::transport::Transport;

/// Answers a request.
pub(crate) fn answer(app: &mut App, request: &Request<'_>, responder: Responder<'_, Stream>) {
    let head = &request.head;
    let origin = app.shared.policy.origin(head);
    let cors = match origin {
        Origin::Allowed(origin) => vec![
            ("Access-Control-Allow-Origin", origin.to_owned()),
            ("Vary", "Origin".to_owned()),
        ],
        Origin::Foreign => vec![("Vary", "Origin".to_owned())],
        Origin::None => Vec::new(),
    };
    let call = Call {
        request,
        responder,
        cors,
    };
    let method = head.method();
    if !METHODS.contains(&method) {
        return call.error(
            501,
            "method_not_implemented",
            "this server has no such method",
        );
    }
    let Some(resource) = Resource::parse(head) else {
        return call.error(404, "not_found", "there is nothing at this path");
    };
    if !resource.allows(method) {
        let allow = [("Allow", resource.allow())];
        let message = format!("this takes {} only", resource.allow());
        return call.error_with(405, allow, "method_not_allowed", &message);
    }
    if method == "OPTIONS" {
        return options(call, &resource, origin);
    }
    let unsafe_method = method == "POST";
    let socket = matches!(resource, Resource::Subscribe(_, Transport::WebSocket));
    if origin == Origin::Foreign && (unsafe_method || socket) {
        let message = "pages of this origin may not do this; see --allow-origin";
        return call.error(403, "foreign_origin", message);
    }
    let query = Query::parse(head);
    match resource {
        Resource::Server => call.error(404, "not_found", "`*` is for OPTIONS"),
        Resource::File(asset) => file(call, asset),
        Resource::Health => call.bytes(200, TEXT, b"ok"),
        Resource::Stats => {
            let stats = metrics::stats(app.hub(), app.notifier.connections());
            call.json(200, &stats);
        }
        Resource::Metrics => {
            let text = metrics::prometheus(app.hub(), app.notifier.connections());
            let headers = [
                ("Content-Type", "text/plain; version=0.0.4"),
                ("Cache-Control", "no-store"),
            ];
            call.bytes(200, headers, text.as_bytes());
        }
        Resource::Echo if unsafe_method => echo_body(call),
        Resource::Echo => echo_socket(app, call),
        Resource::Box => moving_box(app, call, &query, unsafe_method),
        Resource::Channel(name) => publish(app, call, name, &query),
        Resource::Presence(name) => match names::parse_channel(name) {
            Ok(name) => {
                let presence = metrics::presence(&app.hub().presence(&name));
                call.json(200, &presence);
            }
            Err(error) => call.error(400, "bad_channel", &error.to_string()),
        },
        Resource::Subscribe(names, transport) => subscribe(app, call, names, transport, &query),
    }
}

/// A preflight (Fetch §3.2.2), or a question what is allowed.
fn options(call: Call<'_, '_>, resource: &Resource<'_>, origin: Origin<'_>) {
    let allow = [("Allow", resource.allow())];
    let preflight = matches!(origin, Origin::Allowed(_)).then_some([
        ("Access-Control-Allow-Methods", resource.allow()),
        (
            "Access-Control-Allow-Headers",
            "Authorization, Content-Type, Last-Event-ID",
        ),
        ("Access-Control-Max-Age", "600"),
    ]);
    call.bytes(204, (allow, preflight), b"");
}

fn file(call: Call<'_, '_>, asset: &Asset) {
    let etag = asset.etag();
    let headers = [
        ("ETag", etag.as_str()),
        ("Cache-Control", "no-cache"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ];
    // RFC 9110 §13.1.2. A weak comparison: `W/` makes no difference.
    let known = call
        .request
        .head
        .headers()
        .get_all("if-none-match")
        .any(|value| {
            let tags = std::str::from_utf8(value).unwrap_or_default().split(',');
            tags.map(|tag| tag.trim().trim_start_matches("W/"))
                .any(|tag| tag == etag || tag == "*")
        });
    if known {
        return call.bytes(304, headers, b"");
    }
    call.bytes(
        200,
        (headers, [("Content-Type", asset.content_type)]),
        asset.body,
    );
}

fn echo_body(call: Call<'_, '_>) {
    let head = &call.request.head;
    let content_type = head
        .headers()
        .get("content-type")
        .unwrap_or(b"application/octet-stream");
    let body = call.request.body;
    // The body is anybody's: it must not be taken for a page of this site.
    let guards = [
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "sandbox"),
    ];
    call.bytes(200, ([("Content-Type", content_type)], guards), body);
}

fn echo_socket(app: &mut App, call: Call<'_, '_>) {
    upgrade(app, call, |_| Ok(Stream::Echo));
}

fn moving_box(app: &App, call: Call<'_, '_>, query: &Query<'_>, choose: bool) {
    let moving_box = &app.shared.moving_box;
    if choose {
        let tick = query.value("tick").and_then(|tick| tick.parse().ok());
        if !tick.is_some_and(|tick| moving_box.set_tick(tick)) {
            let message = format!("`tick` is one of {:?} milliseconds", MovingBox::TICKS);
            return call.error(400, "bad_tick", &message);
        }
    }
    call.json(
        200,
        &json!({ "tick": moving_box.tick(), "channel": MovingBox::CHANNEL }),
    );
}

fn publish(app: &App, call: Call<'_, '_>, name: &str, query: &Query<'_>) {
    let head = &call.request.head;
    let name = match names::parse_channel(name) {
        Ok(name) => name,
        Err(error) => return call.error(400, "bad_channel", &error.to_string()),
    };
    if !app.shared.policy.may_publish(head, query.value("token")) {
        let message = "publishing needs the publish token, as `Authorization: Bearer TOKEN`";
        let challenge = [("WWW-Authenticate", "Bearer realm=\"publish\"")];
        return call.error_with(401, challenge, "unauthorized", message);
    }
    let event = match query.value("event").map(names::parse_event).transpose() {
        Ok(event) => event,
        Err(error) => return call.error(400, "bad_event", &error.to_string()),
    };
    let since = match query.value("since") {
        Some(_) => match query.since(head) {
            Ok(since) => Some(since),
            Err(error) => return call.error(400, "bad_cursor", &error),
        },
        None => None,
    };
    let Ok(text) = std::str::from_utf8(call.request.body) else {
        return call.error(400, "not_utf8", "the body must be UTF-8 text");
    };
    if text.len() > app.shared.options.max_message {
        let message = format!(
            "a message has at most {} bytes",
            app.shared.options.max_message
        );
        return call.error(413, "body_too_large", &message);
    }
    let Ok(published) = app.hub().publish(&name, event, text) else {
        return call.error(503, "too_many_channels", NO_CHANNEL);
    };
    let (id, receivers) = (published.cursor, published.receivers);
    let Some(since) = since else {
        return call.json(
            200,
            &json!({ "id": id.to_string(), "receivers": receivers }),
        );
    };
    let channels = [name.as_str().into()];
    let (mut position, _) = app.hub().position(&channels, since);
    let batch = app
        .hub()
        .read(&channels, &mut position, ANSWER_BUDGET, false);
    // The same object as a poll's, with two members before its own.
    let poll = encode_answer(app.hub(), &position, &batch, None);
    let mut answer = format!(r#"{{"id":"{id}","receivers":{receivers},"#).into_bytes();
    answer.extend_from_slice(poll.strip_prefix(b"{").unwrap_or(&poll));
    call.bytes(
        200,
        ([("Content-Type", poll::CONTENT_TYPE)], UNCACHED),
        &answer,
    );
}

fn subscribe(
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
                [("Content-Type", stream::CONTENT_TYPE)],
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
            let headers = [("Content-Type", "text/event-stream")];
            body(app, call, &names, since, Form::Events { json }, headers);
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
                headers,
            );
        }
        Transport::WebSocket => {
            let head = &call.request.head;
            let may_publish = app.shared.policy.may_publish(head, query.value("token"));
            let connection = call.request.connection;
            upgrade(app, call, |app| {
                let form = Form::WebSocket { may_publish };
                app.subscribe(connection, &names, since, form)
                    .map(Stream::Subscriber)
            });
        }
    }
}

/// A poll: what there is, at once.
fn now(app: &App, call: Call<'_, '_>, names: &[String], since: Since) {
    let channels: Vec<_> = names.iter().map(|name| name.as_str().into()).collect();
    let (mut position, _) = app.hub().position(&channels, since);
    let batch = app
        .hub()
        .read(&channels, &mut position, ANSWER_BUDGET, false);
    app.hub()
        .metrics
        .delivered(Transport::Poll, batch.messages.len());
    if batch.lost.is_some() {
        app.hub().metrics.lost();
    }
    let body = encode_answer(app.hub(), &position, &batch, None);
    call.bytes(
        200,
        ([("Content-Type", poll::CONTENT_TYPE)], UNCACHED),
        &body,
    );
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
        let content_type = match callback {
            Some(_) => jsonp::CONTENT_TYPE,
            None => poll::CONTENT_TYPE,
        };
        return call.stream(([("Content-Type", content_type)], UNCACHED), Stream::Head);
    }
    let hold = Hold::new(app.hub().uptime(), wait);
    let form = Form::Answer {
        hold,
        callback,
        cors: call.cors.clone(),
    };
    match app.subscribe(call.request.connection, names, since, form) {
        Ok(subscription) => call.responder.hold(Stream::Subscriber(subscription)),
        Err(TooManyChannels) => call.error(503, "too_many_channels", NO_CHANNEL),
    }
}

/// A stream over a response body.
fn body<const N: usize>(
    app: &mut App,
    call: Call<'_, '_>,
    names: &[String],
    since: Since,
    form: Form,
    headers: [(&str, &str); N],
) {
    let headers = (headers, (UNCACHED, [("X-Accel-Buffering", "no")]));
    if call.request.head.method() == "HEAD" {
        return call.stream(headers, Stream::Head);
    }
    match app.subscribe(call.request.connection, names, since, form) {
        Ok(subscription) => call.stream(headers, Stream::Subscriber(subscription)),
        Err(TooManyChannels) => call.error(503, "too_many_channels", NO_CHANNEL),
    }
}

/// A WebSocket, if the request asks for one as RFC 6455 says.
fn upgrade(
    app: &mut App,
    call: Call<'_, '_>,
    stream: impl FnOnce(&mut App) -> Result<Stream, TooManyChannels>,
) {
    let head = &call.request.head;
    let accept = match websocket::handshake::server::accept(head.method(), head.headers().iter()) {
        Ok(accept) => accept,
        Err(error) => {
            let message = error.to_string();
            return call.error_with(error.status(), error.headers(), "bad_handshake", &message);
        }
    };
    // HTTP/1.0 knows no upgrade (RFC 9110 §7.8), which a handshake's fields do not show.
    if !head.is_upgrade("websocket") {
        let upgrade = [("Upgrade", "websocket")];
        let message = "a WebSocket needs HTTP/1.1";
        return call.error_with(426, upgrade, "bad_handshake", message);
    }
    let protocol = accept.choose_protocol(&[SUBPROTOCOL]);
    let mut config = websocket::Config::default();
    let heartbeat = jittered(app.shared.options.heartbeat, call.request.connection);
    config.keepalive = Some(websocket::Keepalive {
        interval: heartbeat,
        timeout: heartbeat,
    });
    config.limits.max_frame = app.shared.options.max_message as u64;
    config.limits.max_message = app.shared.options.max_message as u64;
    match stream(app) {
        Ok(stream) => {
            log(call
                .responder
                .upgrade_websocket(accept.response(protocol), config, stream))
        }
        Err(TooManyChannels) => call.error(503, "too_many_channels", NO_CHANNEL),
    }
}

fn callback(query: &Query<'_>) -> Result<CallbackName, String> {
    match query.value("callback") {
        Some(name) => CallbackName::new(name).map_err(|error| error.to_string()),
        None => Err("`callback` names the function to call".to_owned()),
    }
}

const TEXT: [(&str, &str); 2] = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Cache-Control", "no-store"),
];
const UNCACHED: [(&str, &str); 2] = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
];
/// Browsers give up a WebSocket that offers subprotocols and is granted none; who wants to offer one
/// offers this.
const SUBPROTOCOL: &str = "holdline";
const NO_CHANNEL: &str = "the server has as many channels as it may; try again later";
