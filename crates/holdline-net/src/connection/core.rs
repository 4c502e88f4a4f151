//! What every connection has, whatever it speaks: the socket, what waits for it, and deadlines.

use std::io::{ErrorKind, Read};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use holdline_http1::{Event, ReceiveError};

use super::context::Context;
use super::deadlines::{Deadline, Deadlines, after};
use super::tally::{Tally, end_of};
use super::tapped::{Tapped, Tee};
use super::unread::Unread;
use crate::addresses::Guest;
use crate::finished::End;
use crate::handler::{ConnectionId, Ending, Handler};
use crate::output::{ROOM, Timer};
use crate::queue::Queue;
use crate::socket::PeerSocket;

pub(super) struct Core {
    pub(super) socket: PeerSocket,
    pub(super) id: ConnectionId,
    pub(super) origin: Origin,
    pub(super) queue: Queue,
    /// Input that was read and may not be parsed yet.
    pub(super) unread: Unread,
    /// The socket was said to be readable, and has not been emptied since.
    pub(super) readable: bool,
    /// The system says that nothing comes after what can be read now.
    pub(super) read_closed: bool,
    /// The peer has shut down its side.
    pub(super) peer_closed: bool,
    /// The handler has something for this connection.
    pub(super) wants_ready: bool,
    /// It is beyond the limit of connections: one request is answered, in a short time.
    pub(super) reserved: bool,
    /// Its address has too many connections: one request is answered, with that.
    pub(super) crowded: bool,
    /// It is counted for its address.
    pub(super) guest: Option<Box<Guest>>,
    /// Nothing can be written any more.
    pub(super) broken: bool,
    /// What becomes of it when the server stops.
    pub(super) departure: Departure,
    pub(super) deadlines: Deadlines,
    /// What is to be reported of its requests.
    pub(super) tally: Option<Box<Tally>>,
    /// Who sees its bytes.
    pub(super) tapped: Tapped,
    /// Why the connection is about to end, where [`Ending`] does not tell precisely.
    pub(super) why: Option<End>,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The client's address, as IPv6 has it, and its port: every connection keeps that, and this is small. Over a Unix
    /// socket it has none.
    peer: Option<(Ipv6Addr, u16)>,
    /// Which listener it came from.
    pub(crate) listener: u16,
}

impl Origin {
    pub(crate) fn new(peer: Option<SocketAddr>, listener: u16) -> Self {
        let peer = peer.map(|peer| match peer.ip() {
            IpAddr::V4(address) => (address.to_ipv6_mapped(), peer.port()),
            IpAddr::V6(address) => (address, peer.port()),
        });
        Self { peer, listener }
    }

    /// The client's address. One of IPv4 is that also where the socket takes both kinds.
    pub(crate) fn peer(self) -> Option<SocketAddr> {
        self.peer
            .map(|(address, port)| SocketAddr::new(address.to_canonical(), port))
    }
}

/// What becomes of a connection when the server stops.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Departure {
    None,
    /// It is to end as soon as that can be.
    Due,
    /// Everything was done for that.
    Told,
}

/// What a read gave.
pub(super) enum Received {
    Bytes(usize),
    Nothing,
    End,
    Broken,
}

impl Core {
    pub(super) fn new(socket: PeerSocket, origin: Origin, id: ConnectionId) -> Self {
        Self {
            socket,
            id,
            origin,
            queue: Queue::default(),
            unread: Unread::default(),
            // Data may have come with the connection.
            readable: true,
            read_closed: false,
            peer_closed: false,
            wants_ready: false,
            reserved: false,
            crowded: false,
            guest: None,
            broken: false,
            departure: Departure::None,
            deadlines: Deadlines::new(),
            tally: None,
            tapped: Tapped::default(),
            why: None,
        }
    }

    /// Reads once.
    pub(super) fn read(&mut self, block: &mut [u8]) -> Received {
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
                Received::End
            }
            Ok(n) => {
                if SHORT_READ_EMPTIES && n < block.len() && !self.read_closed && !self.broken {
                    self.readable = false;
                }
                self.tapped.read(block.get(..n).unwrap_or_default());
                Received::Bytes(n)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                Received::Nothing
            }
            Err(_) => {
                self.why = Some(End::Reset);
                Received::Broken
            }
        }
    }

    /// Writes what the protocols wrote. If that fails, the connection is broken, and whatever is written
    /// for it from now on is dropped.
    pub(super) fn write<H: Handler>(&mut self, context: &mut Context<'_, H>) {
        let outgoing = &mut context.scratch.outgoing;
        if outgoing.is_empty() && self.queue.is_empty() {
            // A response may be over whose end has no bytes.
            self.taken(0, context);
            return;
        }
        if self.broken {
            outgoing.clear();
            return;
        }
        let waited = !self.queue.is_empty();
        let config = context.config;
        let (socket, tapped) = (&mut self.socket, &mut self.tapped);
        let written = match tapped.is_none() {
            true => self.queue.write(socket, outgoing),
            false => self.queue.write(&mut Tee { socket, tapped }, outgoing),
        };
        if let Ok(taken) = written {
            context.counting.sent.add(taken as u64);
            self.taken(taken, context);
        }
        match written {
            Ok(_) if self.queue.is_empty() => self.deadlines.clear(Deadline::Write),
            Ok(taken) => {
                let latest = after(context.now, config.write_timeout);
                if waited {
                    let least = config.min_write_rate;
                    self.deadlines.extend(Deadline::Write, taken, least, latest);
                } else {
                    self.deadlines.set(Deadline::Write, latest);
                }
            }
            Err(_) => {
                context.scratch.outgoing.clear();
                self.why = Some(End::Reset);
                self.break_down();
            }
        }
    }

    /// The socket took so many bytes more: reports what is over by that.
    fn taken<H: Handler>(&mut self, bytes: usize, context: &mut Context<'_, H>) {
        let Some(mut tally) = self.tally.take() else {
            return;
        };
        tally.taken(bytes, context.handler, self.whose());
        if !tally.is_done() {
            self.tally = Some(tally);
        }
    }

    /// Which connection, and whose.
    fn whose(&self) -> (ConnectionId, Option<SocketAddr>) {
        (self.id, self.origin.peer())
    }

    /// Puts down what the machine of HTTP made of what came, if that is a request. `outgoing` bytes are being written.
    pub(super) fn note_received(
        &mut self,
        received: &Result<Option<Event<'_>>, ReceiveError>,
        outgoing: usize,
    ) {
        if let Some(tally) = &mut self.tally {
            tally.received(received, self.queue.len() + outgoing);
        }
    }

    /// Begins to count for the meter that the handler gave to the request which it is answering, if it did. `arrived`
    /// is how many bytes the request has.
    pub(super) fn note_meter<H>(&mut self, context: &mut Context<'_, H>, arrived: u32) {
        if let Some((meter, before)) = context.scratch.outgoing.meter.take() {
            meter.add_received(arrived.into());
            let tally = self.tally.get_or_insert_with(Tally::of_meters);
            tally.meter(meter, self.queue.len() + before);
        }
    }

    /// `bytes` more came of what the open request is about.
    pub(super) fn note_arrived(&self, bytes: usize) {
        if let Some(tally) = &self.tally {
            tally.arrived(bytes);
        }
    }

    /// Puts down what was said just now: the status of a response that begins, and why it is over if it is.
    pub(super) fn note<H>(&mut self, context: &mut Context<'_, H>, over: Option<End>) {
        if let Some(tally) = &mut self.tally {
            let outgoing = &mut context.scratch.outgoing;
            let (status, queued) = (outgoing.status.take(), self.queue.len());
            if status.is_some() {
                // What is answered may be no request: its head did not come.
                tally.begin(None, queued);
            }
            tally.note(status, over, queued + outgoing.len());
        }
    }

    /// The connection is gone: reports what is open.
    pub(super) fn report_rest<H: Handler>(&self, handler: &mut H, ending: Ending) {
        if let Some(tally) = &self.tally {
            let end = end_of(ending, self.why);
            tally.close(end, handler, self.whose());
        }
    }

    /// Nothing can be written any more. What has come is still read: it is not lost because an answer
    /// cannot be sent.
    pub(super) fn break_down(&mut self) {
        self.broken = true;
        self.readable = true;
        self.queue = Queue::default();
        self.deadlines.clear(Deadline::Write);
    }

    /// `bytes` of something came for which [`Deadline::Receive`] waits, if it does.
    pub(super) fn received<H>(
        &mut self,
        bytes: usize,
        timeout: Duration,
        context: &Context<'_, H>,
    ) {
        let least = context.config.min_read_rate;
        let latest = after(context.now, timeout);
        self.deadlines
            .extend(Deadline::Receive, bytes, least, latest);
    }

    /// Whether more may be written for this connection before the socket takes some of it.
    pub(super) fn has_room<H>(&self, context: &Context<'_, H>) -> bool {
        self.queue.len() + context.scratch.outgoing.len() < ROOM
    }

    /// The application's timer.
    pub(super) fn timer(&mut self, now: u64) -> Timer<'_> {
        self.deadlines.timer(now)
    }
}

/// Whether a read that gives less than was asked for has emptied the socket. Then whatever arrives next is a
/// new event, and we need no read that finds nothing. That is so with epoll ("the condition that the
/// read/write I/O space is exhausted can also be detected by checking the amount of data read", epoll(7))
/// and with kqueue. Elsewhere mio gives no event before a read has blocked. TCP's urgent data is the
/// exception: a read stops at its mark with more behind it. No protocol here uses it, and a peer that sends
/// it holds up only its own connection, until its next byte or a deadline.
const SHORT_READ_EMPTIES: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "freebsd",
));
