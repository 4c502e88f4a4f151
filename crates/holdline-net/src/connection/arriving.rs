//! The beginning and the end of a connection of a raw listener.

use super::Connection;
use super::context::{Context, Driven};
use super::protocol::Protocol;
use super::raw::{RawSocket, last_words, report};
use crate::handler::{Ending, Handler, Rejection};
use crate::raw::{Arrival, Place};

impl<S> Connection<S> {
    /// Begins a connection of a raw listener.
    pub(crate) fn begin_raw<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Driven {
        let core = &mut self.core;
        let refused = match () {
            () if core.crowded => Some(Rejection::TooManyFromAddress),
            () if core.reserved => Some(Rejection::TooManyConnections),
            () => None,
        };
        if let Some(rejection) = refused {
            report(core);
            last_words(&rejection, core, context);
            self.finish(context, Ending::Finished);
            return self.drive(context);
        }
        let arrival = Arrival {
            connection: core.id,
            listener: usize::from(core.origin.listener),
            peer: core.origin.peer(),
            place: Place {
                listens: context.shared.address(core.origin.listener),
                socket: &core.socket,
                addresses: &context.shared.addresses,
            },
        };
        let Some(stream) = context.handler.connected(&arrival) else {
            return Driven::Close(Ending::Finished);
        };
        core.wants_ready = true;
        self.protocol = Protocol::Raw(RawSocket::new(stream));
        self.drive(context)
    }

    /// The peer has shut down its side, and everything that it sent was taken.
    pub(super) fn raw_eof<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Result<(), Driven> {
        if self.core.wants_ready {
            // The handler has more to write first.
            return Ok(());
        }
        self.half_closed(context);
        self.flush(context)
    }
}
