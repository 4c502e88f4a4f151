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

    /// Whether the head of its request is not here yet.
    pub(crate) fn awaits_head(&self) -> bool {
        matches!(&self.protocol, Protocol::Http(http) if http.awaits_head())
    }

    /// Another one needs its place. What has come is read first; if that is a request, it stays.
    pub(crate) fn push_out<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Driven {
        self.core.readable = true;
        let driven = self.drive(context);
        match driven == Driven::Done && self.awaits_head() {
            true => Driven::Close(Ending::NoRoom),
            false => driven,
        }
    }
}
