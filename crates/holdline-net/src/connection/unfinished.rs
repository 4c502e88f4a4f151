//! What a connection keeps of input that is not whole yet, and its end when that is too much.

use super::Connection;
use super::context::{Context, Driven};
use super::deadlines::Deadline;
use super::protocol::Protocol;
use crate::config::Config;
use crate::handler::Handler;
use crate::uploads::Unfinished;

impl<S> Connection<S> {
    /// Whether there is something to parse that was read already.
    pub(super) fn has_unread(&self) -> bool {
        !self.core.unread.is_empty() || self.protocol.has_more()
    }

    /// The memory that it keeps for a head, a body or a message that is not whole, or for input that cannot be parsed
    /// yet; and since when it is behind.
    pub(crate) fn unfinished(&self, config: &Config, now: u64) -> Option<Unfinished> {
        let ahead = self.core.unread.capacity();
        let held = ahead + self.protocol.held() + self.core.tapped.held();
        if held == 0 {
            return None;
        }
        let deadlines = &self.core.deadlines;
        let within = match &self.protocol {
            Protocol::Http(http) => http.timeout(config),
            Protocol::WebSocket(_) => Some((Deadline::Receive, config.message_timeout)),
            Protocol::Raw(raw) => raw.timeout(config),
            Protocol::Lingering(_) => None,
        };
        // A deadline moves on with what comes, so how far it is ahead says how far the peer is behind.
        let behind = within.map_or(now, |(deadline, timeout)| {
            deadlines.began(deadline, timeout)
        });
        let reading = deadlines.began(Deadline::Write, config.write_timeout);
        let since = match ahead > 0 {
            // Nobody has asked for these bytes.
            true if self.protocol.is_pending() => 0,
            // They wait for the peer to read what it was sent.
            true => behind.min(reading),
            false => behind,
        };
        Some(Unfinished {
            since: since.min(now),
            held,
        })
    }

    /// There is no room for what it keeps any more. The peer is told so, if that is possible.
    pub(crate) fn shed<H: Handler<Stream = S>>(&mut self, context: &mut Context<'_, H>) -> Driven {
        let next = match &mut self.protocol {
            Protocol::Http(http) => http.shed(context),
            Protocol::WebSocket(socket) => Ok(socket.shed(context)),
            Protocol::Raw(raw) => Ok(raw.shed(&mut self.core, context)),
            Protocol::Lingering(_) => return Driven::Done,
        };
        match next {
            Ok(next) => {
                self.follow(context, next);
                self.drive(context)
            }
            Err(driven) => driven,
        }
    }
}

impl<S> Protocol<S> {
    /// Bytes of memory for what is not whole yet.
    fn held(&self) -> usize {
        match self {
            Protocol::Http(http) => http.held(),
            Protocol::WebSocket(socket) => socket.held(),
            Protocol::Raw(raw) => raw.held(),
            Protocol::Lingering(_) => 0,
        }
    }
}
