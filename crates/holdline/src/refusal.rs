//! Requests that are refused before they reach a route, because they break HTTP or because there is no room for
//! them.

use std::sync::Arc;

use holdline::event_stream;
use holdline_http1::{RequestHead, SendError};
use holdline_net::{Exchange, Rejection};

use crate::app::Shared;
use crate::counters::Limit;
use crate::held::Explanation;
use crate::pasted;
use crate::reply::Reply;
use crate::request::Resource;

/// What is still served when all other connections are taken: publishing and health checks.
pub(crate) fn serves_when_full(head: &RequestHead<'_>) -> bool {
    match Resource::parse(head) {
        Some(Resource::Channel(_)) => matches!(head.method(), "POST" | "OPTIONS"),
        Some(Resource::Health | Resource::Metrics) => true,
        _ => false,
    }
}

/// Writes the answer to a request that is refused.
pub(crate) fn reject(
    shared: &Shared,
    rejection: &Rejection<'_>,
    exchange: &mut Exchange<'_>,
) -> Result<(), SendError> {
    count(shared, rejection);
    // A page may read what is wrong with the body it sent. If the head itself makes no sense, the sender is not
    // known.
    let head = exchange.request_head();
    let access = shared.access();
    let fields = match head {
        Some(head) => access.fields(access.origins.judge(&head)),
        None => Arc::clone(access.common_fields()),
    };
    let reply = reply(rejection);
    if reply.is_temporary() && head.is_some_and(|head| event_stream::is_accepted(&head)) {
        let headers = (&*fields, event_stream::HEADERS);
        return exchange.respond(200, headers, event_stream::not_now().as_bytes());
    }
    reply.count();
    if let Some((status, page)) = head.and_then(|head| pasted::refused(&head, &reply)) {
        let headers = (&*fields, (&reply.field, Explanation::HEADERS));
        return exchange.respond(status, headers, &page);
    }
    let headers = (&*fields, reply.fields());
    exchange.respond(reply.status, headers, &reply.body)
}

/// Counts what is refused.
pub(crate) fn count(shared: &Shared, rejection: &Rejection<'_>) {
    let counters = &shared.hub.counters;
    counters.rejected();
    match rejection {
        Rejection::TooManyConnections => counters.refused(Limit::Connections),
        Rejection::TooManyFromAddress => counters.refused(Limit::Address),
        Rejection::NoRoom => counters.refused(Limit::UploadTotal),
        Rejection::Stopping => counters.refused(Limit::Stopping),
        _ => {}
    }
}

/// What is answered to it.
pub(crate) fn reply(rejection: &Rejection<'_>) -> Reply {
    let status = rejection.status();
    let code = match status {
        408 if matches!(rejection, Rejection::NoRoom) => {
            let reply = Reply::error(status, "no_room", &rejection.to_string());
            return reply.with("Retry-After", "1");
        }
        408 => "timeout",
        413 => "body_too_large",
        414 => "target_too_long",
        429 => {
            let reply = Reply::error(status, "too_many_connections", &rejection.to_string());
            return reply.with("Retry-After", "1");
        }
        431 => "head_too_large",
        501 => "not_implemented",
        503 => return Reply::unavailable("unavailable", &rejection.to_string()),
        505 => "version_not_supported",
        500 => "internal",
        _ => "malformed_request",
    };
    let message = match rejection {
        // The error's own text ends with advice for servers, which is left out.
        Rejection::Malformed(error) => {
            let what = error.kind().description();
            format!("{what} at byte {} ({})", error.at(), error.section())
        }
        other => other.to_string(),
    };
    Reply::error(status, code, &message)
}
