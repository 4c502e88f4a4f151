//! One byte stream that starts as HTTP/1.1 and may become a held request, a streaming body or a
//! WebSocket.
//!
//! A connection is driven by its loop: when its socket became ready, when its handler woke it, when
//! its deadline passed. Each time it does what can be done without blocking and keeps nothing that
//! an idle connection does not need: partial heads and messages have a buffer only while there are
//! any, and input that may not be parsed yet (back-pressure) is kept only up to one block.

mod http;
mod websocket;

use std::io::{ErrorKind, Read};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use holdline_http1::HeaderBlock;
use mio::net::TcpStream;

use crate::handler::{ConnectionId, Ending, Handler, Progress};
use crate::output::{Output, ROOM};
use crate::queue::{Outgoing, Queue};
use crate::server::Config;
use crate::timer::NEVER;

use self::http::Http;
use self::websocket::WebSocket;

/// What an event loop holds for a connection.
pub(crate) struct Connection<S> {
    pub(crate) socket: TcpStream,
    pub(crate) id: ConnectionId,
    peer: SocketAddr,
    protocol: Protocol<S>,
    queue: Queue,
    /// Input that was read and may not be parsed yet.
    unread: BytesMut,
    /// The socket was said to be readable, and has not been emptied since.
    pub(crate) readable: bool,
    /// The system says that nothing comes after what can be read now.
    pub(crate) read_closed: bool,
    /// The peer has shut down its side.
    peer_closed: bool,
    /// The handler has something for this connection.
    pub(crate) wants_ready: bool,
    /// There are too many connections: the first request is answered 503.
    pub(crate) refused: bool,
    /// Deadlines in milliseconds of the loop's clock: the handler's, the protocol's, and that of a
    /// socket that takes nothing.
    timer: u64,
    phase: u64,
    stall: u64,
    /// The handler was told that the server stops.
    told_stopping: bool,
    /// It is among those that the loop will drive again without being asked.
    pub(crate) unfinished: bool,
    /// What this connection's place in the timer wheel is for: not later than its deadline.
    pub(crate) armed: u64,
}

enum Protocol<S> {
    Http(Http<S>),
    WebSocket(WebSocket<S>),
    /// Everything is said. When it is also written, the write side is shut down, and what the peer
    /// still sends is discarded until it closes too: closing at once would reset the connection
    /// and could destroy the response in flight (RFC 9112 §9.6).
    Lingering {
        shut: bool,
    },
}

/// Buffers that all connections of a loop use in turn.
pub(crate) struct Scratch {
    block: Vec<u8>,
    outgoing: Outgoing,
    http: holdline_http1::Buffer,
    websocket: holdline_websocket::Buffer,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self {
            block: vec![0; BLOCK],
            outgoing: Outgoing::default(),
            http: holdline_http1::Buffer::new(),
            websocket: holdline_websocket::Buffer::new(),
        }
    }
}

/// What a connection needs from its loop while it is driven.
pub(crate) struct Turn<'a, H> {
    pub(crate) handler: &'a mut H,
    pub(crate) config: &'a Config,
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) date: &'a HeaderBlock,
    pub(crate) now: u64,
    /// The server stops.
    pub(crate) stopping: bool,
    /// Octets of messages that the handler was given in this turn.
    pub(crate) delivered: usize,
}

/// What the loop is to do with a connection that it drove.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    Keep,
    /// It has more to do, but it was another one's turn.
    Again,
    Close(Ending),
}

impl<S> Connection<S> {
    pub(crate) fn new(
        socket: TcpStream,
        peer: SocketAddr,
        id: ConnectionId,
        config: &Config,
        now: u64,
    ) -> Self {
        Self {
            socket,
            id,
            peer,
            protocol: Protocol::Http(Http::new(config)),
            queue: Queue::default(),
            unread: BytesMut::new(),
            // Data may have come with the connection.
            readable: true,
            read_closed: false,
            peer_closed: false,
            wants_ready: false,
            refused: false,
            timer: NEVER,
            phase: after(now, config.idle_timeout),
            stall: NEVER,
            told_stopping: false,
            unfinished: false,
            armed: NEVER,
        }
    }

    /// The next time at which [`timed_out`](Self::timed_out) must be called.
    pub(crate) fn deadline(&self) -> u64 {
        self.timer.min(self.phase).min(self.stall)
    }

    /// The system says that the connection is broken in both directions. Who is only being written
    /// to would notice with the next write, which may be long in coming.
    pub(crate) fn hung_up<H: Handler<Stream = S>>(&mut self, turn: &mut Turn<'_, H>) -> Fate {
        if self.protocol.has_stream() {
            return Fate::Close(Ending::Disconnected);
        }
        self.drive(turn)
    }

    /// Does everything that can be done now.
    pub(crate) fn drive<H: Handler<Stream = S>>(&mut self, turn: &mut Turn<'_, H>) -> Fate {
        match self.work(turn) {
            // A request that was on its way when the server began to stop.
            Ok(_) if turn.stopping && !self.told_stopping && self.protocol.has_stream() => {
                self.stop(turn)
            }
            Ok(fate) | Err(fate) => fate,
        }
    }

    fn work<H: Handler<Stream = S>>(&mut self, turn: &mut Turn<'_, H>) -> Result<Fate, Fate> {
        self.flush(turn)?;
        for _ in 0..STEPS {
            // Input first: a peer that is slow to take what it is sent must still be heard, or its
            // pongs and its Close would wait until it has caught up.
            let mut fed = false;
            if self.takes_input() {
                let mut block = std::mem::take(&mut turn.scratch.block);
                let taken = self.input(turn, &mut block);
                turn.scratch.block = block;
                fed = taken?;
                self.flush(turn)?;
            }
            if self.may_produce() {
                self.wants_ready = false;
                let progress = self.call(turn, |handler, id, stream, output| {
                    handler.ready(id, stream, output)
                });
                self.wants_ready |= progress == Some(Progress::More);
                self.flush(turn)?;
            }
            if !fed && !self.may_produce() && !self.takes_input() {
                return Ok(Fate::Keep);
            }
            if turn.delivered >= SHARE {
                break;
            }
        }
        Ok(Fate::Again)
    }

    /// Whether the handler has something to write, and there is room for it.
    fn may_produce(&self) -> bool {
        self.wants_ready && self.queue.len() < ROOM && self.protocol.is_established()
    }

    /// Whether there may be input, and the protocol may be given it.
    fn takes_input(&self) -> bool {
        let waiting = !self.unread.is_empty();
        match &self.protocol {
            Protocol::Http(http) if http.is_pending() => {
                // Only to notice that the peer has gone; what it sends is for later.
                self.readable && self.unread.len() < AHEAD
            }
            Protocol::Http(_) | Protocol::WebSocket(_) => {
                (waiting || self.readable) && self.queue.len() < ROOM
            }
            Protocol::Lingering { .. } => self.readable,
        }
    }

    /// Feeds the protocol once. Returns whether there was anything to feed it.
    fn input<H: Handler<Stream = S>>(
        &mut self,
        turn: &mut Turn<'_, H>,
        block: &mut [u8],
    ) -> Result<bool, Fate> {
        let pending = matches!(&self.protocol, Protocol::Http(http) if http.is_pending());
        if !self.unread.is_empty() && !pending {
            let mut waiting = std::mem::take(&mut self.unread);
            let used = self.parse(turn, &mut waiting);
            if used < waiting.len() {
                waiting.advance(used);
                self.unread = waiting;
            }
            return Ok(true);
        }
        let room = if pending {
            AHEAD.saturating_sub(self.unread.len())
        } else {
            block.len()
        };
        let (block, _) = block.split_at_mut(room.min(block.len()));
        let read = loop {
            match self.socket.read(block) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        match read {
            Ok(0) => {
                self.readable = false;
                self.peer_closed = true;
                self.end_of_input(turn)?;
                Ok(false)
            }
            Ok(n) => {
                if SHORT_READ_EMPTIES && n < block.len() && !self.read_closed {
                    self.readable = false;
                }
                if pending {
                    self.unread.extend_from_slice(&block[..n]);
                } else if !matches!(self.protocol, Protocol::Lingering { .. }) {
                    let used = self.parse(turn, &mut block[..n]);
                    self.unread.extend_from_slice(&block[used..n]);
                }
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                Ok(false)
            }
            Err(_) => Err(Fate::Close(Ending::Disconnected)),
        }
    }

    /// Gives the protocol `input` and returns how much of it was taken. The rest is to be given
    /// again.
    fn parse<H: Handler<Stream = S>>(&mut self, turn: &mut Turn<'_, H>, input: &mut [u8]) -> usize {
        let mut used = 0;
        if let Protocol::Http(http) = &self.protocol
            && !http.is_pending()
        {
            used = self.http_input(turn, input);
        }
        // A request may have become a WebSocket whose first frames are here already.
        match &self.protocol {
            Protocol::Http(_) => {}
            Protocol::WebSocket(_) => {
                used += self.websocket_input(turn, input.get_mut(used..).unwrap_or_default());
            }
            Protocol::Lingering { .. } => used = input.len(),
        }
        used
    }

    fn end_of_input<H: Handler<Stream = S>>(&mut self, turn: &mut Turn<'_, H>) -> Result<(), Fate> {
        match &mut self.protocol {
            Protocol::Http(http) if http.is_pending() => {
                // Earlier answers may still be on their way to a client that only shut down its
                // own side.
                self.finish(turn, Ending::Disconnected);
                Ok(())
            }
            Protocol::Http(_) => self.http_eof(turn),
            Protocol::WebSocket(socket) => Err(Fate::Close(socket.eof())),
            // What is queued for a peer that has only shut down its own side is still written.
            Protocol::Lingering { shut: false } => Ok(()),
            Protocol::Lingering { shut: true } => Err(Fate::Close(Ending::Finished)),
        }
    }

    /// Writes what the protocols wrote, and shuts down the write side when that was the last.
    fn flush<H>(&mut self, turn: &mut Turn<'_, H>) -> Result<(), Fate> {
        let outgoing = &mut turn.scratch.outgoing;
        if !outgoing.is_empty() || !self.queue.is_empty() {
            let waited = !self.queue.is_empty();
            match self.queue.write(&mut self.socket, outgoing) {
                Ok(_) if self.queue.is_empty() => self.stall = NEVER,
                Ok(taken) if taken > 0 || !waited => {
                    self.stall = after(turn.now, turn.config.write_timeout);
                }
                Ok(_) => {}
                Err(_) => {
                    outgoing.clear();
                    return Err(Fate::Close(Ending::Disconnected));
                }
            }
        }
        if let Protocol::Lingering { shut: shut @ false } = &mut self.protocol
            && self.queue.is_empty()
        {
            *shut = true;
            let patience = turn.config.linger_timeout;
            // Who has read the end and keeps its own side open must not hold up a stop.
            let patience = if turn.stopping {
                patience.min(LAST_LINGER)
            } else {
                patience
            };
            self.phase = after(turn.now, patience);
            if self.peer_closed || self.socket.shutdown(Shutdown::Write).is_err() {
                return Err(Fate::Close(Ending::Finished));
            }
        }
        Ok(())
    }

    /// Has the handler deal with this connection's stream, if it has one, and sees to what the
    /// handler made of it.
    fn call<H: Handler<Stream = S>, R>(
        &mut self,
        turn: &mut Turn<'_, H>,
        call: impl FnOnce(&mut H, ConnectionId, &mut S, Output<'_>) -> R,
    ) -> Option<R> {
        match &self.protocol {
            Protocol::Http(_) => self.http_call(turn, call),
            Protocol::WebSocket(_) => self.websocket_call(turn, call),
            Protocol::Lingering { .. } => None,
        }
    }

    /// Nothing more is received or sent once the queue is empty.
    fn finish<H: Handler<Stream = S>>(&mut self, turn: &mut Turn<'_, H>, ending: Ending) {
        self.unread = BytesMut::new();
        self.timer = NEVER;
        // Until the queue is written, its stall is the deadline.
        self.phase = NEVER;
        let protocol = std::mem::replace(&mut self.protocol, Protocol::Lingering { shut: false });
        if let Some(stream) = protocol.into_stream() {
            turn.handler.closed(self.id, stream, ending);
        }
    }

    /// A deadline has passed.
    pub(crate) fn timed_out<H: Handler<Stream = S>>(&mut self, turn: &mut Turn<'_, H>) -> Fate {
        if self.stall <= turn.now {
            return Fate::Close(Ending::TimedOut);
        }
        if self.timer <= turn.now {
            self.timer = NEVER;
            self.call(turn, |handler, id, stream, output| {
                handler.timer(id, stream, output)
            });
        }
        if self.phase <= turn.now {
            self.phase = NEVER;
            match &self.protocol {
                Protocol::Http(_) => {
                    if let Err(fate) = self.http_timed_out(turn) {
                        return fate;
                    }
                }
                Protocol::WebSocket(_) => self.websocket_after(turn),
                Protocol::Lingering { .. } => return Fate::Close(Ending::Finished),
            }
        }
        self.drive(turn)
    }

    /// The server stops.
    pub(crate) fn stop<H: Handler<Stream = S>>(&mut self, turn: &mut Turn<'_, H>) -> Fate {
        self.told_stopping = self.protocol.has_stream();
        if let Protocol::Http(http) = &mut self.protocol {
            http.close_after_response();
        }
        self.call(turn, |handler, id, stream, output| {
            handler.stopping(id, stream, output)
        });
        match &self.protocol {
            Protocol::Http(_) => {
                if let Err(fate) = self.http_stop(turn) {
                    return fate;
                }
            }
            Protocol::WebSocket(_) => self.websocket_stop(turn),
            Protocol::Lingering { .. } => {}
        }
        self.drive(turn)
    }

    /// Gives the stream back to the handler: the connection is gone.
    pub(crate) fn end<H: Handler<Stream = S>>(self, handler: &mut H, ending: Ending) {
        if let Some(stream) = self.protocol.into_stream() {
            handler.closed(self.id, stream, ending);
        }
    }
}

impl<S> Protocol<S> {
    fn has_stream(&self) -> bool {
        match self {
            Protocol::Http(http) => http.is_pending(),
            Protocol::WebSocket(_) => true,
            Protocol::Lingering { .. } => false,
        }
    }

    /// Whether the handler may be called.
    fn is_established(&self) -> bool {
        match self {
            Protocol::WebSocket(socket) => socket.is_established(),
            Protocol::Http(_) | Protocol::Lingering { .. } => true,
        }
    }

    fn into_stream(self) -> Option<S> {
        match self {
            Protocol::Http(http) => http.into_stream(),
            Protocol::WebSocket(socket) => Some(socket.stream),
            Protocol::Lingering { .. } => None,
        }
    }
}

/// `duration` after `now` on the loop's clock.
fn after(now: u64, duration: Duration) -> u64 {
    now.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(NEVER))
}

/// Whether a read that gives less than was asked for has emptied the socket, so that the next arrival is
/// a new event and a read that only says so can be saved. So it is with epoll ("the condition that the
/// read/write I/O space is exhausted can also be detected by checking the amount of data read", epoll(7))
/// and with kqueue. Elsewhere mio gives no event before a read has blocked. TCP's urgent data is the
/// exception: a read stops at its mark with more behind it. No protocol here uses it, and who sends it
/// holds up only its own connection, until its next octet or a deadline.
const SHORT_READ_EMPTIES: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "freebsd",
));
/// Octets read at a time, into a block that all connections of a loop share.
const BLOCK: usize = 64 * 1024;
/// Octets of messages that a handler is given in one turn. Not the same as what was read: compressed, a
/// block of zeros is a thousand times as long.
const SHARE: usize = 1024 * 1024;
/// Blocks a connection may read before it is another one's turn.
const STEPS: usize = 16;
/// Octets that are read and kept while a request is held or its body is being sent.
const AHEAD: usize = 16 * 1024;
/// How long a connection lingers while the server stops.
const LAST_LINGER: Duration = Duration::from_secs(1);
