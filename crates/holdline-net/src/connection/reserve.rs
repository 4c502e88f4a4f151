//! A connection past the limit of connections: one request is answered, in a short time.

use super::Connection;
use super::context::{Context, Driven};
use super::deadlines::{Deadline, after};
use super::protocol::Protocol;
use crate::config::Config;
use crate::handler::{Ending, Handler};

impl<S> Connection<S> {
    /// There are too many connections, and this is one of those that are listened to even so.
    pub(crate) fn reserve(&mut self, config: &Config, now: u64) {
        self.core.reserved = true;
        let at = after(now, config.reserve_timeout);
        self.core.deadlines.set(Deadline::Protocol, at);
    }

    /// Whether a newcomer may have its place: the head of its request is not here yet, or its answer is written and
    /// only the client's end is waited for.
    pub(crate) fn can_go(&self) -> bool {
        self.can_end().is_some()
    }

    /// Another one needs its place. What has come is read first: it may be a request, and what is left unread would
    /// reset the connection, with an answer that is under way.
    pub(crate) fn push_out<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Driven {
        self.core.readable = true;
        let driven = self.drive(context);
        match self.can_end() {
            Some(ending) if driven == Driven::Done => Driven::Close(ending),
            _ => driven,
        }
    }

    fn can_end(&self) -> Option<Ending> {
        match &self.protocol {
            Protocol::Http(http) => http.awaits_head().then_some(Ending::NoRoom),
            Protocol::Lingering(lingering) => lingering.is_shut().then_some(Ending::Finished),
            Protocol::WebSocket(_) | Protocol::Raw(_) => None,
        }
    }
}
