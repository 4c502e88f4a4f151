//! A server of event streams and nothing else.

use holdline_http1::SendError;
use holdline_net::{
    ConnectionId, Ending, Exchange, Handler, Intake, Notifier, Output, Progress, Rejection,
    Request, Responder, Wake,
};

use super::{Config, Emission, Emitters, Feed};
use crate::event_stream::{self, Opening};

/// A [`Handler`] that answers every GET with a feed of events.
///
/// The function you pass corresponds to a servlet's `newEventSource`. It gets the request and what that [asks
/// for](Opening), and returns the feed, or the status to answer with: 404 for an unknown path, 503 for *not now*,
/// and 204 for *do not come back*, which makes the client stop reconnecting. (A client that accepts an event stream
/// gets *not now* as an empty stream that says when to come back, because `EventSource` gives up after a 503.) The
/// function runs on the thread of an event loop and must not block.
///
/// HEAD is answered like GET but without the stream, OPTIONS as a preflight, and other methods with 405.
#[derive(Debug)]
pub struct FeedHandler<F> {
    emitters: Emitters,
    new_feed: F,
}

impl<F> FeedHandler<F>
where
    F: FnMut(&Request<'_>, &Opening<'_>) -> Result<Box<dyn Feed>, u16>,
{
    /// Makes a handler for the loop of `notifier`. Call it in the function that you pass to
    /// [`Server::run`](holdline_net::Server::run).
    #[must_use]
    pub fn new(notifier: Notifier, config: Config, new_feed: F) -> Self {
        Self {
            emitters: Emitters::new(notifier, config),
            new_feed,
        }
    }

    fn answer(
        &mut self,
        request: &Request<'_>,
        responder: Responder<'_, Emission>,
    ) -> Result<(), SendError> {
        let origin = self.emitters.config().origins.judge(&request.head);
        let fields = (&self.emitters.config().fields, origin.fields());
        let allow = [("Allow", METHODS)];
        match request.head.method() {
            "GET" | "HEAD" => {}
            "OPTIONS" => {
                let allowed = (allow, origin.preflight(METHODS));
                return responder.respond(204, (fields, allowed), b"");
            }
            _ => return responder.respond(405, (fields, allow), b""),
        }
        match (self.new_feed)(request, &Opening::of(&request.head)) {
            Ok(feed) => self.emitters.open(request, responder, feed, |it| it),
            Err(503) if event_stream::is_accepted(&request.head) => {
                let fields = (origin.fields(), event_stream::HEADERS);
                responder.respond(200, fields, event_stream::not_now().as_bytes())
            }
            Err(status) => {
                let uncached = [("Cache-Control", "no-store")];
                responder.respond(status, (fields, uncached), b"")
            }
        }
    }
}

impl<F> Handler for FeedHandler<F>
where
    F: FnMut(&Request<'_>, &Opening<'_>) -> Result<Box<dyn Feed>, u16>,
{
    type Stream = Emission;

    fn head(&mut self, request: &Request<'_>, intake: Intake<'_, Emission>) {
        if !takes(request.head.method()) {
            // It is refused whatever its body is.
            self.request(request, intake.answer());
        }
    }

    fn request(&mut self, request: &Request<'_>, responder: Responder<'_, Emission>) {
        if let Err(error) = self.answer(request, responder) {
            tracing::error!(%error, "an answer cannot be sent");
        }
    }

    fn ready(&mut self, _: ConnectionId, stream: &mut Emission, output: Output<'_>) -> Progress {
        stream.ready(output)
    }

    fn timer(&mut self, _: ConnectionId, stream: &mut Emission, output: Output<'_>) {
        stream.timer(output);
    }

    fn half_closed(
        &mut self,
        _: ConnectionId,
        stream: &mut Emission,
        output: Output<'_>,
    ) -> Progress {
        stream.stopping(output);
        Progress::Idle
    }

    fn stopping(&mut self, _: ConnectionId, stream: &mut Emission, output: Output<'_>) {
        stream.stopping(output);
    }

    fn closed(&mut self, _: ConnectionId, stream: Emission, ending: Ending) {
        stream.closed(ending);
    }

    fn reject(
        &mut self,
        rejection: &Rejection<'_>,
        exchange: &mut Exchange<'_>,
    ) -> Result<(), SendError> {
        let head = exchange.request_head();
        let origin = head.map(|head| self.emitters.config().origins.judge(&head));
        let cors = origin.map(|origin| origin.fields()).unwrap_or_default();
        let common = (&self.emitters.config().fields, cors);
        let is_temporary = rejection.status() == 503;
        if is_temporary && head.is_some_and(|head| event_stream::is_accepted(&head)) {
            let fields = (common, event_stream::HEADERS);
            return exchange.respond(200, fields, event_stream::not_now().as_bytes());
        }
        let retry_after = is_temporary.then_some([("Retry-After", "1")]);
        let fields = (common, [("Content-Type", "text/plain; charset=utf-8")]);
        let text = format!("{rejection}\n");
        exchange.respond(rejection.status(), (fields, retry_after), text.as_bytes())
    }

    fn notified(&mut self, wake: &mut Wake<'_>) {
        self.emitters.notified(wake);
    }
}

fn takes(method: &str) -> bool {
    METHODS.split(", ").any(|allowed| allowed == method)
}

const METHODS: &str = "GET, HEAD, OPTIONS";
