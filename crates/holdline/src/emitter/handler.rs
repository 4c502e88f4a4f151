//! A server of event streams and nothing else.

use holdline_http1::SendError;
use holdline_net::{
    ConnectionId, Ending, Handler, Intake, Notifier, Output, Progress, Request, Responder, Wake,
};

use super::{Config, Emission, Emitters, Feed};
use crate::event_stream::Opening;

/// A [`Handler`] that answers every GET with a feed of events.
///
/// The function it is made with is what a servlet's `newEventSource` is: it gets the request and
/// what that [asks for](Opening), and returns the feed, or the status to answer with: 404 for a path
/// that is none, 503 for *not now*, and 204 for *do not come back*, which ends the client's
/// reconnecting. It is called on the thread of an event loop and must not block.
///
/// HEAD is answered as GET, without the stream; OPTIONS as a preflight; other methods with 405.
#[derive(Debug)]
pub struct FeedHandler<F> {
    emitters: Emitters,
    new_feed: F,
}

impl<F> FeedHandler<F>
where
    F: FnMut(&Request<'_>, &Opening<'_>) -> Result<Box<dyn Feed>, u16>,
{
    /// For the loop of `notifier`, in the function that is given to
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
        let allow = [("Allow", METHODS)];
        match request.head.method() {
            "GET" | "HEAD" => {}
            "OPTIONS" => {
                let fields = (origin.fields(), (allow, origin.preflight(METHODS)));
                return responder.respond(204, fields, b"");
            }
            _ => return responder.respond(405, (origin.fields(), allow), b""),
        }
        match (self.new_feed)(request, &Opening::of(&request.head)) {
            Ok(feed) => self.emitters.open(request, responder, feed, |it| it),
            Err(status) => {
                let uncached = [("Cache-Control", "no-store")];
                responder.respond(status, (origin.fields(), uncached), b"")
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
            // It is refused, whatever its body.
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

    fn notified(&mut self, wake: &mut Wake<'_>) {
        self.emitters.notified(wake);
    }
}

fn takes(method: &str) -> bool {
    METHODS.split(", ").any(|allowed| allowed == method)
}

const METHODS: &str = "GET, HEAD, OPTIONS";
