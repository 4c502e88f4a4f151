//! The two ways of taking a turn: with a socket, which can be asked, and with any other stream.

use std::io::{ErrorKind, Read, Result, Write};
use std::time::Instant;

use bytes::BytesMut;

use super::failure::{Failure, is_timeout, timed_out};
use super::socket::Socket;
use super::{End, Io, IoEvent};

impl<S: Read + Write + 'static> Io<S> {
    fn rest(&self) -> &[u8] {
        self.out.get(self.written..).unwrap_or_default()
    }

    /// Writes all of it, for as long as the stream takes. Returns whether all of it is written: it begins no write
    /// after `until` but the first.
    pub(super) fn write_all(&mut self, until: Option<Instant>) -> Result<bool> {
        while let Some(rest) = self.out.get(self.written..).filter(|rest| !rest.is_empty()) {
            let result = self.stream.write(rest);
            self.after_write(result)?;
            if has_passed(until) && !self.rest().is_empty() {
                return Ok(false);
            }
        }
        // A TLS stream may keep what it took until it is flushed.
        self.stream.flush()?;
        Ok(true)
    }

    /// Whether all of it is written; what the socket does not take now is left.
    pub(super) fn write_some(&mut self) -> Result<bool> {
        while !self.rest().is_empty() {
            let Some(socket) = Socket::of(&self.stream) else {
                break;
            };
            match socket.send(self.rest()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                result => self.after_write(result)?,
            }
        }
        Ok(true)
    }

    /// Reads what the socket has. `None`: nothing.
    pub(in crate::blocking) fn read_now(&mut self) -> Option<IoEvent> {
        if !self.make_room() {
            return None;
        }
        let socket = Socket::of(&self.stream)?;
        let room = self.block.get_mut(self.end..).unwrap_or_default();
        let result = socket.receive(room);
        self.after_read(result)
    }

    /// Reads once, for as long as the stream takes.
    fn read(&mut self) -> Option<IoEvent> {
        if !self.make_room() {
            return None;
        }
        loop {
            let room = self.block.get_mut(self.end..).unwrap_or_default();
            match self.stream.read(room) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return self.after_read(result),
            }
        }
    }

    pub(super) fn send_to_socket(&mut self, until: Option<Instant>) -> Result<IoEvent> {
        let mut begun = None;
        let mut patience = None;
        loop {
            let before = self.written;
            let is_last = has_passed(until);
            match self.write_some() {
                Ok(true) => {
                    self.sent();
                    return Ok(IoEvent::Sent);
                }
                Ok(false) => {}
                // What the peer said before it stopped reading may be lost with the next error.
                Err(error) => return self.read_after(error),
            }
            let Some(socket) = Socket::of(&self.stream) else {
                return Ok(IoEvent::Sent);
            };
            let full = self.end - self.start >= AHEAD;
            let now = Instant::now();
            if begun.is_none() || self.written > before {
                begun = Some(now);
            }
            if patience.is_none() {
                patience = Some(socket.write_timeout()?);
            }
            // If both sides only write, nothing else would ever end the wait.
            let limit = patience.flatten().or(full.then_some(self.standstill));
            let standing = limit.zip(begun).map(|(limit, begun)| begun + limit);
            let listens = self.ended.is_none() && !full;
            let first = until.into_iter().chain(standing).min();
            let ready = socket.wait(listens, true, first)?;
            if ready.input
                && let Some(turn) = self.read_now()
            {
                return Ok(turn);
            }
            // A peer that takes a little now and then is written to once more, and not for ever.
            if is_last || ready.is_nothing() && has_passed(until) {
                return Ok(IoEvent::Late);
            }
            if ready.is_nothing() {
                return Err(timed_out(UNTAKEN, limit.unwrap_or_default()));
            }
        }
    }

    pub(super) fn send_to_stream(&mut self, until: Option<Instant>) -> Result<IoEvent> {
        let begun = Instant::now();
        match self.write_all(until) {
            Ok(true) => {
                self.sent();
                Ok(IoEvent::Sent)
            }
            Ok(false) => Ok(IoEvent::Late),
            Err(error) if is_timeout(&error) => {
                self.read_after(timed_out(UNTAKEN, begun.elapsed()))
            }
            Err(error) => self.read_after(error),
        }
    }

    /// The read that follows a write that timed out or failed. The error comes when there is nothing.
    fn read_after(&mut self, error: std::io::Error) -> Result<IoEvent> {
        if !is_timeout(&error) {
            self.break_off(&error);
        }
        if self.ended.is_some() {
            return Err(error);
        }
        let turn = match Socket::of(&self.stream) {
            Some(_) => self.read_now(),
            None => self.read(),
        };
        match turn {
            Some(IoEvent::Came) => Ok(IoEvent::Came),
            _ => Err(error),
        }
    }

    pub(super) fn receive_from_socket(&mut self, until: Option<Instant>) -> Result<IoEvent> {
        let mut begun = Instant::now();
        let mut limit = None;
        loop {
            let before = self.written;
            match self.write_some() {
                Ok(true) => self.sent(),
                Ok(false) => {}
                Err(error) => self.break_off(&error),
            }
            if self.written > before {
                begun = Instant::now();
            }
            if let Some(turn) = self.read_now() {
                return Ok(turn);
            }
            let Some(socket) = Socket::of(&self.stream) else {
                return Ok(IoEvent::Ended);
            };
            if limit.is_none() {
                limit = Some(socket.read_timeout()?);
            }
            let limit = limit.flatten();
            let patience = limit.map(|limit| begun + limit);
            let first = until.into_iter().chain(patience).min();
            let ready = socket.wait(true, self.is_sending(), first)?;
            if ready.is_nothing() {
                if has_passed(until) {
                    self.overtime = until;
                    return Ok(IoEvent::Late);
                }
                return Err(timed_out(self.missing, limit.unwrap_or_default()));
            }
        }
    }

    pub(super) fn receive_from_stream(&mut self, until: Option<Instant>) -> Result<IoEvent> {
        let begun = Instant::now();
        if self.is_sending() {
            match self.send(until) {
                Ok(IoEvent::Came) => return Ok(IoEvent::Came),
                // The read that follows a write which timed out was the read of this turn.
                Err(error) if is_timeout(&error) && self.ended.is_none() => {
                    return self.nothing(begun, until);
                }
                // If nothing can ever be written, the next send says so. Now it is time to read.
                Ok(_) | Err(_) => {}
            }
        }
        match self.ended {
            Some(_) => Ok(IoEvent::Ended),
            None => match self.read() {
                Some(turn) => Ok(turn),
                None => self.nothing(begun, until),
            },
        }
    }

    /// A read has timed out.
    fn nothing(&self, begun: Instant, until: Option<Instant>) -> Result<IoEvent> {
        let now = Instant::now();
        if until.is_some_and(|until| until <= now) {
            return Ok(IoEvent::Late);
        }
        let limit =
            Socket::of(&self.stream).and_then(|socket| socket.read_timeout().ok().flatten());
        Err(timed_out(self.missing, limit.unwrap_or(now - begun)))
    }
}

impl<S> Io<S> {
    fn after_write(&mut self, result: Result<usize>) -> Result<()> {
        match result {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Ok(length) => {
                self.written += length;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// `None`: nothing is there, or a read timed out.
    fn after_read(&mut self, result: Result<usize>) -> Option<IoEvent> {
        match result {
            Ok(0) => self.ended = Some(End::Eof),
            Ok(length) => {
                self.end += length;
                return Some(IoEvent::Came);
            }
            Err(error) if is_timeout(&error) => return None,
            Err(error) => self.ended = Some(End::Failed(Failure::of(&error))),
        }
        Some(IoEvent::Ended)
    }

    /// Makes room to read into; none when as much is unread as may be.
    fn make_room(&mut self) -> bool {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            self.block.resize(BLOCK, 0);
            self.block.shrink_to(BLOCK);
            return true;
        }
        if self.end - self.start >= AHEAD {
            return false;
        }
        if self.start > 0 {
            self.block.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        self.block.resize(self.end + BLOCK, 0);
        true
    }

    /// Nothing more can be written. What cannot be sent any more is not kept.
    pub(super) fn break_off(&mut self, error: &std::io::Error) {
        self.broken = Some(Failure::of(error));
        self.discard_out();
    }

    /// Everything was written. A large buffer is given back.
    pub(super) fn sent(&mut self) {
        self.written = 0;
        if self.out.capacity() > BLOCK {
            self.out = BytesMut::new();
        } else {
            self.out.clear();
        }
    }

    /// Whether `until` has passed and the one look that is owed after it was taken.
    pub(super) fn is_late(&mut self, until: Option<Instant>) -> bool {
        let Some(until) = until.filter(|until| *until <= Instant::now()) else {
            return false;
        };
        self.overtime.replace(until) == Some(until)
    }
}

fn has_passed(until: Option<Instant>) -> bool {
    until.is_some_and(|until| until <= Instant::now())
}

/// Bytes of the read block of a connection.
const BLOCK: usize = 8 * 1024;
/// Bytes that are read and kept while something is being sent.
const AHEAD: usize = 64 * 1024;
/// What did not happen when a write times out.
const UNTAKEN: &str = "the peer took nothing";
