//! What the pages about techniques ask for, apart from channels.

use holdline::event_stream::{self, Opening};

use crate::answer::Call;
use crate::app::App;
use crate::query::Query;
use crate::reply::Reply;
use crate::request::Resource;
use crate::techniques::{Command, FOUR_EVENTS, LAST_OF_FOUR};

/// What the requests of a page took on the wire.
pub(super) fn meter(app: &App, call: Call<'_, '_>, query: &Query<'_>) {
    match query.meter() {
        Some(id) => call.json(200, &app.shared.meters.read(id)),
        None => call.error(400, "bad_meter", "`meter` says whose requests are meant"),
    }
}

/// Gives all four events, and ends. The browser comes back by itself and shows the last ID that it saw; then there is
/// nothing more, and 204 tells it to stay away (WHATWG HTML §9.2.3).
pub(super) fn events(call: Call<'_, '_>) {
    let opening = Opening::of(&call.request.head);
    match opening.last_event_id() {
        Some(LAST_OF_FOUR) => call.bytes(204, (), b""),
        _ => call.bytes(200, event_stream::HEADERS, FOUR_EVENTS.as_bytes()),
    }
}

/// What a command of a web IM stands for: a request for messages, or a message to publish.
pub(super) fn im<'r>(
    names: &'r str,
    method: &str,
    query: &Query<'_>,
) -> Result<(Resource<'r>, Option<String>), Reply> {
    if let Some(transport) = Command::of(method, query.value("cmd"))?.transport() {
        return Ok((Resource::Subscribe(names, transport), None));
    }
    match query.value("message") {
        Some(message) => Ok((Resource::Channel(names), Some(message.to_owned()))),
        None => Err(Reply::error(
            400,
            "bad_message",
            "`message` is what to publish",
        )),
    }
}
