//! The end of a connection because the server stops.

use super::Connection;
use super::context::{Context, Driven, Next};
use super::core::Departure;
use super::protocol::Protocol;
use crate::handler::{Ending, Handler};

impl<S> Connection<S> {
    /// The server stops, and it is this connection's turn.
    pub(crate) fn stop<H: Handler<Stream = S>>(&mut self, context: &mut Context<'_, H>) -> Driven {
        self.core.departure = Departure::Due;
        // What has come is answered first.
        self.core.readable = true;
        self.drive(context)
    }

    /// Whether it is to end, and the handler does not wait for room to write the rest of a body: its client would take
    /// a part of that for the whole.
    pub(super) fn can_leave(&self) -> bool {
        let writes = self.core.wants_ready && self.protocol.has_body();
        self.core.departure == Departure::Due && !writes
    }

    /// Ends what it does, as far as that can be ended now.
    pub(super) fn leave<H: Handler<Stream = S>>(&mut self, context: &mut Context<'_, H>) -> Driven {
        if self.protocol.has_stream() {
            self.core.departure = Departure::Told;
        }
        self.call(context, |handler, id, stream, output| {
            handler.stopping(id, stream, output)
        });
        let next = match &mut self.protocol {
            Protocol::Http(http) => http.stop(context),
            Protocol::WebSocket(socket) => socket.stop(&mut self.core, context),
            Protocol::Raw(_) => Next::Finish(Ending::Stopped),
            Protocol::Lingering(_) => Next::Stay,
        };
        if !matches!(next, Next::Stay) {
            self.core.departure = Departure::Told;
        }
        self.follow(context, next);
        match self.work(context) {
            Ok(driven) | Err(driven) => driven,
        }
    }

    /// The server stops: the answer to the next request is the last.
    pub(crate) fn close_after_response(&mut self) {
        if let Protocol::Http(http) = &mut self.protocol {
            http.close_after_response();
        }
    }

    /// Whether a request is awaited, and nothing of it is here.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(&self.protocol, Protocol::Http(http) if http.is_idle())
    }
}
