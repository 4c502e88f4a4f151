//! What every connection has, whatever it speaks: the socket, what waits for it, and deadlines.

use std::io::{ErrorKind, Read};
use std::net::SocketAddr;

use bytes::BytesMut;
use mio::net::TcpStream;

use super::context::Context;
use super::deadlines::{Deadline, Deadlines, after};
use crate::handler::ConnectionId;
use crate::output::{ROOM, Timer};
use crate::queue::Queue;

pub(super) struct Core {
    pub(super) socket: TcpStream,
    pub(super) id: ConnectionId,
    pub(super) peer: SocketAddr,
    pub(super) queue: Queue,
    /// Input that was read and may not be parsed yet.
    pub(super) unread: BytesMut,
    /// The socket was said to be readable, and has not been emptied since.
    pub(super) readable: bool,
    /// The system says that nothing comes after what can be read now.
    pub(super) read_closed: bool,
    /// The peer has shut down its side.
    pub(super) peer_closed: bool,
    /// The handler has something for this connection.
    pub(super) wants_ready: bool,
    /// There are too many connections: the first request is answered 503.
    pub(super) refused: bool,
    pub(super) deadlines: Deadlines,
}

/// What a read gave.
pub(super) enum Received {
    Bytes(usize),
    Nothing,
    End,
    Broken,
}

impl Core {
    pub(super) fn new(socket: TcpStream, peer: SocketAddr, id: ConnectionId) -> Self {
        Self {
            socket,
            id,
            peer,
            queue: Queue::default(),
            unread: BytesMut::new(),
            // Data may have come with the connection.
            readable: true,
            read_closed: false,
            peer_closed: false,
            wants_ready: false,
            refused: false,
            deadlines: Deadlines::new(),
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
                if SHORT_READ_EMPTIES && n < block.len() && !self.read_closed {
                    self.readable = false;
                }
                Received::Bytes(n)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                Received::Nothing
            }
            Err(_) => Received::Broken,
        }
    }

    /// Writes what the protocols wrote. False: the socket is broken.
    pub(super) fn write<H>(&mut self, context: &mut Context<'_, H>) -> bool {
        let outgoing = &mut context.scratch.outgoing;
        if outgoing.is_empty() && self.queue.is_empty() {
            return true;
        }
        let waited = !self.queue.is_empty();
        match self.queue.write(&mut self.socket, outgoing) {
            Ok(_) if self.queue.is_empty() => self.deadlines.clear(Deadline::Write),
            Ok(taken) if taken > 0 || !waited => {
                let at = after(context.now, context.config.write_timeout);
                self.deadlines.set(Deadline::Write, at);
            }
            Ok(_) => {}
            Err(_) => {
                outgoing.clear();
                return false;
            }
        }
        true
    }

    /// Whether more may be written for this connection before the socket takes some of it.
    pub(super) fn has_room<H>(&self, context: &Context<'_, H>) -> bool {
        self.queue.len() + context.scratch.outgoing.len() < ROOM
    }

    /// The application's timer.
    pub(super) fn timer(&mut self, now: u64) -> Timer<'_> {
        Timer {
            at: self.deadlines.slot(Deadline::Application),
            now,
        }
    }
}

/// Whether a read that gives less than was asked for has emptied the socket, so that the next arrival is
/// a new event and a read that only says so can be saved. So it is with epoll ("the condition that the
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
