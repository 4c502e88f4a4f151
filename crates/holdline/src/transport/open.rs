//! How transports of the same kind begin.

use std::time::Duration;

use holdline_comet::Hold;
use holdline_comet::jsonp::CallbackName;
use holdline_http1::Fields;

use super::request::SubscribeRequest;
use crate::answer::Call;
use crate::app::{App, Stream};
use crate::hub::TooManyChannels;
use crate::poll_answer::answer_type;
use crate::reply::{Reply, UNCACHED};
use crate::subscription::{BodyFormat, BodyStream, HeldPoll, Subscription, Until};

/// Holds a request until there is something to answer.
pub(super) fn hold(
    app: &mut App,
    call: Call<'_, '_>,
    request: &SubscribeRequest<'_>,
    callback: Option<CallbackName>,
) {
    let wait = match request.query.wait(app.shared.options.long_poll) {
        Ok(wait) => wait,
        Err(error) => return call.error(400, "bad_wait", error),
    };
    if call.request.head.method() == "HEAD" {
        return call.stream((answer_type(callback.as_ref()), UNCACHED), Stream::Head);
    }
    let hold = Hold::new(app.hub().now(), wait);
    match app.follow(call.request.connection, request) {
        Ok(follower) => {
            let held = HeldPoll::new(follower, hold, callback, call.fields);
            let stream = Stream::Subscriber(Subscription::Held(held));
            call.responder.hold(stream);
        }
        Err(TooManyChannels) => call.reply(&Reply::too_many_channels()),
    }
}

/// Begins a stream over a response body.
pub(super) fn stream(
    app: &mut App,
    call: Call<'_, '_>,
    request: &SubscribeRequest<'_>,
    headers: impl Fields,
    format: impl BodyFormat + 'static,
) {
    if call.request.head.method() == "HEAD" {
        return call.stream(headers, Stream::Head);
    }
    let connection = call.request.connection;
    let heartbeat = app.heartbeat(connection);
    match app.follow(connection, request) {
        Ok(follower) => {
            let stream = BodyStream::new(follower, Box::new(format), heartbeat);
            call.stream(headers, Stream::Subscriber(Subscription::Body(stream)));
        }
        Err(TooManyChannels) => call.reply(&Reply::too_many_channels()),
    }
}

/// The same. If the query has `wait`, the stream ends after so many seconds and says so.
pub(super) fn stream_for(
    app: &mut App,
    call: Call<'_, '_>,
    request: &SubscribeRequest<'_>,
    headers: impl Fields,
    format: impl BodyFormat + 'static,
) {
    if request.query.value("wait").is_none() {
        return stream(app, call, request, headers, format);
    }
    match request.query.wait(Duration::ZERO) {
        Ok(wait) => {
            let until = app.hub().now() + wait;
            stream(app, call, request, headers, Until { format, until });
        }
        Err(error) => call.error(400, "bad_wait", error),
    }
}

/// Header fields of every stream: [`UNCACHED`], and that nginx must not buffer it.
pub(super) const STREAMED: [(&str, &str); 3] =
    [UNCACHED[0], UNCACHED[1], ("X-Accel-Buffering", "no")];
