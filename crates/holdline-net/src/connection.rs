//! One byte stream that starts as HTTP/1.1 and may become a held request, a streaming body or a
//! WebSocket.
//!
//! A connection is driven by its loop: when its socket became ready, when its handler woke it, when
//! its deadline passed. Each time it does what can be done without blocking and keeps nothing that
//! an idle connection does not need: partial heads and messages have a buffer only while there are
//! any, and input that may not be parsed yet (back-pressure) is kept only up to one block.
//!
//! [`Core`] is what every connection has, and a protocol is given it with every call. It answers with what
//! it wants of the connection ([`Next`]).

mod arriving;
mod context;
mod core;
mod deadlines;
mod http;
mod lingering;
mod protocol;
mod raw;
mod reserve;
mod stopping;
mod straight;
mod tally;
mod tapped;
mod unfinished;
mod unread;
mod websocket;

use self::context::Next;
pub(crate) use self::context::{Context, Driven, Scratch};
pub(crate) use self::core::Origin;
use self::core::{Core, Received};
use self::deadlines::{Deadline, after};
use self::http::Http;
use self::lingering::Lingering;
use self::protocol::Protocol;
use self::tally::{Tally, end_of};
use self::unread::Unread;
use self::websocket::{SHARE, Socket};
use crate::addresses::Guest;
use crate::config::Config;
use crate::finished::{End, Late};
use crate::handler::{ConnectionId, Ending, Handler, Progress};
use crate::output::{Output, ROOM};
use crate::socket::PeerSocket;

/// What an event loop holds for a connection.
pub(crate) struct Connection<S> {
    core: Core,
    protocol: Protocol<S>,
}

impl<S> Connection<S> {
    pub(crate) fn new(
        socket: PeerSocket,
        origin: Origin,
        id: ConnectionId,
        config: &Config,
        now: u64,
    ) -> Self {
        let mut core = Core::new(socket, origin, id);
        // A client that has nothing to ask yet need not have connected.
        let at = after(now, config.head_timeout);
        core.deadlines.set(Deadline::Protocol, at);
        core.tally = config.report_requests.then(Tally::of_all);
        Self {
            core,
            protocol: Protocol::Http(Http::new(config)),
        }
    }

    pub(crate) fn id(&self) -> ConnectionId {
        self.core.id
    }

    pub(crate) fn socket(&mut self) -> &mut PeerSocket {
        &mut self.core.socket
    }

    /// Which listener it came from.
    pub(crate) fn listener(&self) -> u16 {
        self.core.origin.listener
    }

    /// It is counted for its address, which has one too many if it `is_refused`.
    pub(crate) fn count(&mut self, guest: Guest, is_refused: bool, config: &Config, now: u64) {
        self.core.guest = Some(Box::new(guest));
        if is_refused {
            self.reserve(config, now);
            self.core.crowded = true;
        }
    }

    /// What the system says of the socket.
    pub(crate) fn set_ready(&mut self, readable: bool, read_closed: bool) {
        self.core.readable |= readable || read_closed;
        self.core.read_closed |= read_closed;
    }

    /// The handler has something for this connection.
    pub(crate) fn wake(&mut self) {
        self.core.wants_ready = true;
    }

    /// The next time at which [`timed_out`](Self::timed_out) must be called.
    pub(crate) fn deadline(&self) -> u64 {
        self.core.deadlines.next()
    }

    /// The system says that the connection is broken in both directions. A connection that we only write to would
    /// not notice before the next write, and that may be a long time off.
    pub(crate) fn hung_up<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Driven {
        self.core.why = Some(End::Reset);
        if self.protocol.is_pending() {
            return Driven::Close(Ending::Disconnected);
        }
        self.core.break_down();
        self.drive(context)
    }

    /// Does everything that can be done now.
    pub(crate) fn drive<H: Handler<Stream = S>>(&mut self, context: &mut Context<'_, H>) -> Driven {
        if context.stopping.is_some() {
            // Also for one that was accepted since.
            self.close_after_response();
        }
        match self.work(context) {
            // What it was at when its turn came is over, or has become a stream.
            Ok(Driven::Done) if self.can_leave() => self.leave(context),
            Ok(driven) | Err(driven) => driven,
        }
    }

    fn work<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Result<Driven, Driven> {
        self.flush(context)?;
        for _ in 0..STEPS {
            // Input first: a peer that is slow to take what it is sent must still be heard, or its
            // pongs and its Close would wait until it has caught up.
            let mut fed = false;
            if self.takes_input() {
                let mut block = std::mem::take(&mut context.scratch.block);
                let taken = self.input(context, &mut block);
                context.scratch.block = block;
                fed = taken?;
                self.flush(context)?;
            }
            if self.may_produce() {
                self.core.wants_ready = false;
                let progress = self.call(context, |handler, id, stream, output| {
                    handler.ready(id, stream, output)
                });
                self.core.wants_ready |= progress == Some(Progress::More);
                self.flush(context)?;
            }
            self.ended(context)?;
            if !fed && !self.may_produce() && !self.takes_input() {
                return match self.core.broken {
                    true => Err(Driven::Close(Ending::Disconnected)),
                    false => Ok(Driven::Done),
                };
            }
            if context.delivered >= SHARE {
                break;
            }
        }
        Ok(Driven::Again)
    }

    /// Whether the handler has something to write, and there is room for it.
    fn may_produce(&self) -> bool {
        self.core.wants_ready
            && self.core.queue.len() < ROOM
            && self.protocol.is_established()
            && !self.core.broken
    }

    /// Whether there may be input, and the protocol may be given it.
    fn takes_input(&self) -> bool {
        let core = &self.core;
        match &self.protocol {
            Protocol::Http(http) if http.is_pending() => {
                // Only to notice that the peer has gone; what it sends is for later.
                core.readable && core.unread.len() < AHEAD
            }
            Protocol::Http(_) | Protocol::WebSocket(_) | Protocol::Raw(_) => {
                (self.has_unread() || core.readable) && core.queue.len() < ROOM
            }
            Protocol::Lingering(_) => core.readable,
        }
    }

    /// Feeds the protocol once. Returns whether there was anything to feed it.
    fn input<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
        block: &mut [u8],
    ) -> Result<bool, Driven> {
        let pending = self.protocol.is_pending();
        if self.has_unread() && !pending {
            let mut waiting = self.core.unread.take();
            let mut rest = &mut waiting[..];
            self.parse(context, &mut rest);
            // A copy: what was before it must not take memory that is not counted.
            self.core.unread.add(rest);
            return Ok(true);
        }
        if let Some(fed) = self.read_straight(context) {
            return fed;
        }
        let room = if pending {
            AHEAD.saturating_sub(self.core.unread.len())
        } else {
            block.len()
        };
        let (block, _) = block.split_at_mut(room.min(block.len()));
        match self.core.read(block) {
            Received::Nothing => Ok(false),
            Received::Broken => Err(Driven::Close(Ending::Disconnected)),
            Received::End => Ok(false),
            Received::Bytes(n) => {
                context.counting.received.add(n as u64);
                let mut rest = &mut block[..n];
                if !pending {
                    self.parse(context, &mut rest);
                }
                self.core.unread.add(rest);
                Ok(true)
            }
        }
    }

    /// Gives the protocol `input`, which is left with what is to be given again.
    fn parse<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
        input: &mut &mut [u8],
    ) {
        let next = match &mut self.protocol {
            Protocol::Http(http) => http.receive(&mut self.core, context, input),
            Protocol::WebSocket(socket) => socket.receive(&mut self.core, context, input),
            Protocol::Raw(raw) => raw.receive(&mut self.core, context, input),
            Protocol::Lingering(_) => {
                *input = &mut [];
                return;
            }
        };
        let upgraded = matches!(next, Next::Upgrade(..));
        self.follow(context, next);
        // The first frames may be here already.
        if upgraded && let Protocol::WebSocket(socket) = &mut self.protocol {
            self.core.tapped.upgraded(input);
            let next = socket.receive(&mut self.core, context, input);
            self.follow(context, next);
        }
    }

    /// Does what the protocol wants.
    fn follow<H: Handler<Stream = S>>(&mut self, context: &mut Context<'_, H>, next: Next<S>) {
        match next {
            Next::Stay => {}
            Next::Finish(ending) => self.finish(context, ending),
            Next::Upgrade(upgraded) => {
                self.core.wants_ready = true;
                self.core.deadlines.clear(Deadline::Protocol);
                self.protocol = Protocol::WebSocket(Socket::new(upgraded));
            }
        }
    }

    /// Handles the end of what the peer sends, once everything before it was handled.
    fn ended<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Result<(), Driven> {
        // The system may know of the end before it was read.
        let known = self.core.peer_closed || self.core.read_closed;
        if known && self.protocol.is_pending() && !self.core.wants_ready {
            self.half_closed(context);
            self.flush(context)?;
        }
        let dealt_with = !self.has_unread() && !self.protocol.is_pending();
        if !self.core.peer_closed || !dealt_with {
            return Ok(());
        }
        let next = match &mut self.protocol {
            Protocol::Http(http) => http.eof(context),
            Protocol::WebSocket(socket) => Next::Finish(socket.eof()),
            Protocol::Raw(_) => return self.raw_eof(context),
            Protocol::Lingering(lingering) => return lingering.eof(),
        };
        self.follow(context, next);
        self.flush(context)
    }

    /// The peer has shut down its side, and may still read the response that is pending.
    fn half_closed<H: Handler<Stream = S>>(&mut self, context: &mut Context<'_, H>) {
        let progress = self.call(context, |handler, id, stream, output| {
            handler.half_closed(id, stream, output)
        });
        if progress == Some(Progress::More) {
            return;
        }
        // Unless the handler has answered.
        let next = match &mut self.protocol {
            Protocol::Http(http) => http.half_closed(context),
            Protocol::Raw(_) => Next::Finish(Ending::Disconnected),
            Protocol::WebSocket(_) | Protocol::Lingering(_) => Next::Stay,
        };
        self.follow(context, next);
    }

    /// Writes what the protocols wrote, and shuts down the write side when that was the last.
    fn flush<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Result<(), Driven> {
        self.core.write(context);
        if self.core.broken && self.protocol.is_pending() {
            // What is read now waits for a response that cannot be sent.
            return Err(Driven::Close(Ending::Disconnected));
        }
        match &mut self.protocol {
            Protocol::Lingering(lingering) => lingering.written(&mut self.core, context),
            Protocol::Http(_) | Protocol::WebSocket(_) | Protocol::Raw(_) => Ok(()),
        }
    }

    /// Calls the handler for this connection's stream, if there is one, and then does what the protocol
    /// wants.
    fn call<H: Handler<Stream = S>, R>(
        &mut self,
        context: &mut Context<'_, H>,
        call: impl FnOnce(&mut H, ConnectionId, &mut S, Output<'_>) -> R,
    ) -> Option<R> {
        let (result, next) = match &mut self.protocol {
            Protocol::Http(http) => http.call(&mut self.core, context, call),
            Protocol::WebSocket(socket) => socket.call(&mut self.core, context, call),
            Protocol::Raw(raw) => raw.call(&mut self.core, context, call),
            Protocol::Lingering(_) => return None,
        };
        self.follow(context, next);
        result
    }

    /// Nothing more is received or sent once the queue is empty.
    fn finish<H: Handler<Stream = S>>(&mut self, context: &mut Context<'_, H>, ending: Ending) {
        self.core.unread = Unread::default();
        self.core.deadlines.clear(Deadline::Application);
        // Until the queue is written, the deadline of writing is the only one.
        self.core.deadlines.clear(Deadline::Protocol);
        self.core.deadlines.clear(Deadline::Receive);
        let lingering = Protocol::Lingering(Lingering::default());
        let protocol = std::mem::replace(&mut self.protocol, lingering);
        if let Some(stream) = protocol.into_stream() {
            context.handler.closed(self.core.id, stream, ending);
        }
        let end = end_of(ending, self.core.why);
        self.core.note(context, Some(end));
    }

    /// A deadline has passed.
    pub(crate) fn timed_out<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Driven {
        if let Err(driven) = self.judge(context) {
            return driven;
        }
        if self
            .core
            .deadlines
            .has_passed(Deadline::Application, context.now)
        {
            self.core.deadlines.clear(Deadline::Application);
            self.call(context, |handler, id, stream, output| {
                handler.timer(id, stream, output)
            });
        }
        self.drive(context)
    }

    /// Judges the peer's deadlines. Before that it reads what has come and offers the socket what waits, because
    /// there may have been no event for either.
    fn judge<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Result<(), Driven> {
        let deadlines = &self.core.deadlines;
        if !deadlines.peer_is_late(context.now) {
            return Ok(());
        }
        self.core.readable = true;
        if self.work(context)? == Driven::Again && !self.core.deadlines.is_overdue(context.now) {
            return Err(Driven::Again);
        }
        for deadline in [Deadline::Write, Deadline::Receive, Deadline::Protocol] {
            if self.core.deadlines.has_passed(deadline, context.now) {
                let next = self.too_late(deadline, context)?;
                self.follow(context, next);
            }
        }
        Ok(())
    }

    /// The peer has missed a deadline.
    fn too_late<H: Handler<Stream = S>>(
        &mut self,
        deadline: Deadline,
        context: &mut Context<'_, H>,
    ) -> Result<Next<S>, Driven> {
        if deadline == Deadline::Write {
            self.core.why = Some(End::Late(Late::Write));
            return Err(Driven::Close(Ending::TimedOut));
        }
        match &mut self.protocol {
            Protocol::Http(http) => http.timed_out(deadline, &mut self.core, context),
            Protocol::WebSocket(socket) if deadline == Deadline::Receive => {
                Ok(socket.message_timed_out(&mut self.core, context))
            }
            Protocol::WebSocket(socket) => Ok(socket.timed_out(&mut self.core, context)),
            Protocol::Raw(raw) => raw.timed_out(deadline, &mut self.core, context),
            Protocol::Lingering(_) => Err(Driven::Close(Ending::Finished)),
        }
    }

    /// Gives the stream back to the handler: the connection is gone.
    pub(crate) fn end<H: Handler<Stream = S>>(self, handler: &mut H, ending: Ending) {
        if let Some(stream) = self.protocol.into_stream() {
            handler.closed(self.core.id, stream, ending);
        }
        self.core.report_rest(handler, ending);
    }
}

/// How many blocks a connection may read before it is another one's turn.
const STEPS: usize = 16;
/// Bytes that are read and kept while a request is held or its body is being sent.
const AHEAD: usize = 16 * 1024;

#[cfg(test)]
mod tests;
