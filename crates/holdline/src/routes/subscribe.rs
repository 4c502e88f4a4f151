//! Requests for messages: one row for each transport, which answers them.

use holdline_comet::Since;

use crate::access::Rights;
use crate::answer::Call;
use crate::app::App;
use crate::journal::Standing;
use crate::query::Query;
use crate::reply::Reply;
use crate::transport::{
    SubscribeRequest, Transport, iframe, jsonp, long_poll, poll, sse, websocket, xhr_stream,
};

pub(super) fn subscribe(
    app: &mut App,
    call: Call<'_, '_>,
    names: &str,
    transport: Transport,
    query: &Query<'_>,
    rights: Rights,
) {
    let request = SubscribeRequest::of(app.hub(), call.request, names, transport, query, rights);
    let request = match request {
        Ok(request) => request,
        Err(refusal) => return call.reply(&refusal),
    };
    let is_behind = match app.shared.journal.standing() {
        Standing::Current => false,
        Standing::Stale => request.since == Since::Now,
        Standing::Away => true,
    };
    if is_behind {
        return call.reply(&Reply::behind());
    }
    let answer = match transport {
        Transport::Poll => poll::answer,
        Transport::LongPoll => long_poll::answer,
        Transport::Jsonp => jsonp::answer,
        Transport::XhrStream => xhr_stream::answer,
        Transport::Iframe => iframe::answer,
        Transport::Sse => sse::answer,
        Transport::WebSocket => websocket::answer,
        // It has no path.
        Transport::Socket => return call.error(404, "not_found", "it has a port of its own"),
    };
    answer(app, call, &request);
}
