//! The turn of input and output that all blocking connections take.
//!
//! A turn writes what the stream takes, reads what is there, and judges deadlines and errors only after that:
//! what has arrived counts, whatever became of what we sent. A [socket](socket) is waited for in both
//! directions. Any other stream is written first; a write that timed out or failed is followed by one read.
//!
//! What comes while something is sent is kept, up to [`AHEAD`]. Beyond that the peer has to wait, and a send
//! that cannot go on either ends with its timeout.

mod failure;
pub(super) mod socket;

use std::io::{ErrorKind, Read, Result, Write};
use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use failure::Failure;
pub(super) use failure::{failed, is_timeout, timed_out};
use socket::Socket;

/// A stream, what was read from it and not taken by a codec yet, and what is still to be written.
#[derive(Debug)]
pub(super) struct Io<S> {
    pub(super) stream: S,
    /// The bytes between `start` and `end` are unread.
    block: Vec<u8>,
    start: usize,
    end: usize,
    /// Where codecs append what they send.
    pub(super) out: BytesMut,
    /// How much of `out` was written.
    written: usize,
    /// Why nothing can be written any more.
    broken: Option<Failure>,
    /// How the peer's direction ended, once it has.
    ended: Option<End>,
    /// The deadline for which the one look after it was taken.
    overtime: Option<Instant>,
    /// What did not come when a read times out, as in "no answer".
    missing: &'static str,
}

/// How the peer's direction of the stream ended.
#[derive(Clone, Debug)]
enum End {
    Eof,
    Failed(Failure),
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    /// Everything is written.
    Sent,
    /// There is more to read.
    Came,
    /// The stream from the peer has ended, or failed.
    Ended,
    /// The caller's deadline has passed.
    Late,
}

impl<S> Io<S> {
    /// `unread` is what was read from the stream before, and goes first. `missing` is what did not come when a
    /// read times out.
    pub(super) fn new(stream: S, unread: Vec<u8>, missing: &'static str) -> Self {
        Self {
            stream,
            start: 0,
            end: unread.len(),
            block: unread,
            out: BytesMut::new(),
            written: 0,
            broken: None,
            ended: None,
            overtime: None,
            missing,
        }
    }

    pub(super) fn unread(&self) -> &[u8] {
        self.block.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn unread_mut(&mut self) -> &mut [u8] {
        self.block.get_mut(self.start..self.end).unwrap_or_default()
    }

    /// A codec has taken all but `left` bytes of what was unread.
    pub(super) fn keep(&mut self, left: usize) {
        self.start = self.end.saturating_sub(left);
    }

    /// Where the last `length` bytes stand that a codec has taken. What a codec hands out of the
    /// input ends where the rest begins, for it takes no byte beyond it.
    pub(super) fn taken(&self, length: usize) -> Range<usize> {
        self.start.saturating_sub(length)..self.start
    }

    pub(super) fn piece(&self, range: Range<usize>) -> &[u8] {
        self.block.get(range).unwrap_or_default()
    }

    /// Whether something is still to be written, or flushed by the stream.
    pub(super) fn is_sending(&self) -> bool {
        !self.out.is_empty()
    }

    /// Drops what was read and not taken.
    pub(super) fn drop_unread(&mut self) {
        self.start = self.end;
    }

    /// The error with which the peer's direction ended, unless it ended as it should.
    pub(super) fn failure(&self) -> Option<std::io::Error> {
        match &self.ended {
            Some(End::Failed(failure)) => Some(failure.error()),
            _ => None,
        }
    }

    /// Gives up what was to be written.
    pub(super) fn discard_out(&mut self) {
        self.written = 0;
        self.out = BytesMut::new();
    }

    pub(super) fn into_parts(self) -> (S, Vec<u8>) {
        let unread = self.unread().to_vec();
        (self.stream, unread)
    }

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
    fn after_read(&mut self, result: Result<usize>) -> Option<Turn> {
        match result {
            Ok(0) => self.ended = Some(End::Eof),
            Ok(length) => {
                self.end += length;
                return Some(Turn::Came);
            }
            Err(error) if is_timeout(&error) => return None,
            Err(error) => self.ended = Some(End::Failed(Failure::of(&error))),
        }
        Some(Turn::Ended)
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
    fn break_off(&mut self, error: &std::io::Error) {
        self.broken = Some(Failure::of(error));
        self.discard_out();
    }

    fn sent(&mut self) -> Turn {
        self.written = 0;
        if self.out.capacity() > BLOCK {
            self.out = BytesMut::new();
        } else {
            self.out.clear();
        }
        Turn::Sent
    }

    /// Whether `until` has passed and the one look that is owed after it was taken.
    fn is_late(&mut self, until: Option<Instant>) -> bool {
        let Some(until) = until.filter(|until| *until <= Instant::now()) else {
            return false;
        };
        self.overtime.replace(until) == Some(until)
    }
}

impl<S: Read + Write + 'static> Io<S> {
    /// Writes what is in `out`: returns when it is [written](Turn::Sent), when something
    /// [came](Turn::Came) meanwhile, or when the peer's direction [ended](Turn::Ended), once.
    ///
    /// After an error that is no timeout, what was to be written is gone.
    pub(super) fn send(&mut self) -> Result<Turn> {
        if let Some(failure) = &self.broken {
            let error = failure.error();
            self.discard_out();
            return Err(error);
        }
        if !self.is_sending() {
            return Ok(Turn::Sent);
        }
        let turn = match Socket::of(&self.stream) {
            Some(_) => self.send_to_socket(),
            None => self.send_to_stream(),
        };
        if let Err(error) = &turn
            && !is_timeout(error)
        {
            self.break_off(error);
        }
        turn
    }

    /// Writes what is in `out`, and keeps what comes meanwhile.
    pub(super) fn flush(&mut self) -> Result<()> {
        while self.send()? != Turn::Sent {}
        Ok(())
    }

    /// Writes what the stream takes now: a socket without waiting, another stream as long as it lets a write
    /// take. The rest goes with the next turn, and the next send tells an error.
    pub(super) fn write_now(&mut self) {
        let written = match Socket::of(&self.stream) {
            _ if !self.is_sending() => return,
            Some(_) => self.write_some(),
            None => self.write_all().map(|()| true),
        };
        match written {
            Ok(true) => _ = self.sent(),
            Ok(false) => {}
            Err(error) if is_timeout(&error) => {}
            Err(error) => self.break_off(&error),
        }
    }

    /// Waits for input, and writes what is in `out` meanwhile. Never [`Turn::Sent`]. Call it when a codec has
    /// taken what was unread.
    ///
    /// The stream is looked at once more after `until`, if only without waiting: a caller that comes late gets
    /// what arrived in time.
    pub(super) fn receive(&mut self, until: Option<Instant>) -> Result<Turn> {
        if self.ended.is_some() {
            return Ok(Turn::Ended);
        }
        if self.is_late(until) {
            return Ok(Turn::Late);
        }
        match Socket::of(&self.stream) {
            Some(_) if self.is_sending() || until.is_some() => self.receive_from_socket(until),
            _ => self.receive_from_stream(until),
        }
    }

    /// What [`receive`](Self::receive) does, for callers that need no deadline and take the end for a failure
    /// if it was one. `false`: the stream has ended.
    pub(super) fn is_fed(&mut self, until: Option<Instant>, limit: Duration) -> Result<bool> {
        match self.receive(until)? {
            Turn::Late => Err(timed_out(self.missing, limit)),
            Turn::Ended => self.failure().map_or(Ok(false), Err),
            Turn::Sent | Turn::Came => Ok(true),
        }
    }

    /// Looks, without waiting, whether an idle stream is still open and silent. A stream that cannot be asked
    /// is taken to be so unless something was read already.
    pub(super) fn is_quiet(&self) -> bool {
        let quiet = match Socket::of(&self.stream).map(Socket::peek) {
            None => true,
            Some(peeked) => matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock),
        };
        quiet && self.unread().is_empty() && self.ended.is_none() && self.broken.is_none()
    }

    /// Ends our direction of a socket. Of another stream it cannot be ended here.
    pub(super) fn shut_down_write(&mut self) -> Result<()> {
        Socket::of(&self.stream).map_or(Ok(()), Socket::shut_down_write)
    }

    /// Whether [`receive`](Self::receive) keeps a deadline by itself; otherwise only a read timeout of the
    /// stream's own lets it look at the time.
    pub(super) fn keeps_time(&self) -> bool {
        Socket::of(&self.stream).is_some()
    }

    fn rest(&self) -> &[u8] {
        self.out.get(self.written..).unwrap_or_default()
    }

    /// Writes all of it, as long as the stream lets that take.
    fn write_all(&mut self) -> Result<()> {
        while let Some(rest) = self.out.get(self.written..).filter(|rest| !rest.is_empty()) {
            let result = self.stream.write(rest);
            self.after_write(result)?;
        }
        // A TLS stream may only now write what it has taken.
        self.stream.flush()
    }

    /// Whether all of it is written; what the socket does not take now is left.
    fn write_some(&mut self) -> Result<bool> {
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
    pub(super) fn read_now(&mut self) -> Option<Turn> {
        if !self.make_room() {
            return None;
        }
        let socket = Socket::of(&self.stream)?;
        let room = self.block.get_mut(self.end..).unwrap_or_default();
        let result = socket.receive(room);
        self.after_read(result)
    }

    /// Reads once, as long as the stream lets that take.
    fn read(&mut self) -> Option<Turn> {
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

    fn send_to_socket(&mut self) -> Result<Turn> {
        let mut begun = None;
        let mut patience = None;
        loop {
            let before = self.written;
            match self.write_some() {
                Ok(true) => return Ok(self.sent()),
                Ok(false) => {}
                // What the peer said before it stopped reading may be lost with the next error.
                Err(error) => return self.read_after(error),
            }
            let Some(socket) = Socket::of(&self.stream) else {
                return Ok(Turn::Sent);
            };
            let full = self.end - self.start >= AHEAD;
            let now = Instant::now();
            if begun.is_none() || self.written > before {
                begun = Some(now);
            }
            if patience.is_none() {
                patience = Some(socket.write_timeout()?);
            }
            // Where both sides only write, nothing would ever end the wait.
            let limit = patience.flatten().or(full.then_some(STANDSTILL));
            let until = limit.zip(begun).map(|(limit, begun)| begun + limit);
            let listens = self.ended.is_none() && !full;
            let ready = socket.wait(listens, true, until)?;
            if ready.input
                && let Some(turn) = self.read_now()
            {
                return Ok(turn);
            }
            if ready.is_nothing() {
                return Err(timed_out(UNTAKEN, limit.unwrap_or_default()));
            }
        }
    }

    fn send_to_stream(&mut self) -> Result<Turn> {
        let begun = Instant::now();
        match self.write_all() {
            Ok(()) => Ok(self.sent()),
            Err(error) if is_timeout(&error) => {
                self.read_after(timed_out(UNTAKEN, begun.elapsed()))
            }
            Err(error) => self.read_after(error),
        }
    }

    /// The read that follows a write that timed out or failed. The error comes when there is nothing.
    fn read_after(&mut self, error: std::io::Error) -> Result<Turn> {
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
            Some(Turn::Came) => Ok(Turn::Came),
            _ => Err(error),
        }
    }

    fn receive_from_socket(&mut self, until: Option<Instant>) -> Result<Turn> {
        let mut begun = Instant::now();
        let mut limit = None;
        loop {
            let before = self.written;
            match self.write_some() {
                Ok(true) => _ = self.sent(),
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
                return Ok(Turn::Ended);
            };
            if limit.is_none() {
                limit = Some(socket.read_timeout()?);
            }
            let limit = limit.flatten();
            let patience = limit.map(|limit| begun + limit);
            let first = until.into_iter().chain(patience).min();
            let ready = socket.wait(true, self.is_sending(), first)?;
            if ready.is_nothing() {
                if until.is_some_and(|until| until <= Instant::now()) {
                    self.overtime = until;
                    return Ok(Turn::Late);
                }
                return Err(timed_out(self.missing, limit.unwrap_or_default()));
            }
        }
    }

    fn receive_from_stream(&mut self, until: Option<Instant>) -> Result<Turn> {
        let begun = Instant::now();
        if self.is_sending() {
            match self.send() {
                Ok(Turn::Came) => return Ok(Turn::Came),
                // The read that follows a write which timed out was it for this turn.
                Err(error) if is_timeout(&error) && self.ended.is_none() => {
                    return self.nothing(begun, until);
                }
                // What can never be written is told by the next send. Now it is the turn of the input.
                Ok(_) | Err(_) => {}
            }
        }
        match self.ended {
            Some(_) => Ok(Turn::Ended),
            None => match self.read() {
                Some(turn) => Ok(turn),
                None => self.nothing(begun, until),
            },
        }
    }

    /// A read has timed out.
    fn nothing(&self, begun: Instant, until: Option<Instant>) -> Result<Turn> {
        let now = Instant::now();
        if until.is_some_and(|until| until <= now) {
            return Ok(Turn::Late);
        }
        let limit =
            Socket::of(&self.stream).and_then(|socket| socket.read_timeout().ok().flatten());
        Err(timed_out(self.missing, limit.unwrap_or(now - begun)))
    }
}

#[cfg(unix)]
impl Io<std::net::TcpStream> {
    /// The half that reads, and the one that writes and leaves the input to the other.
    pub(super) fn split(mut self) -> Result<(Self, Self)> {
        let mut writer = Self::new(self.stream.try_clone()?, Vec::new(), self.missing);
        writer.ended = Some(End::Eof);
        writer.out = std::mem::take(&mut self.out);
        writer.written = std::mem::take(&mut self.written);
        writer.broken = self.broken.take();
        Ok((self, writer))
    }
}

/// Bytes of the read block of a connection.
const BLOCK: usize = 8 * 1024;
/// Bytes that are read and kept while something is being sent.
const AHEAD: usize = 64 * 1024;
/// How long a send without a write timeout waits for a peer that only writes.
const STANDSTILL: Duration = Duration::from_secs(30);
/// What did not happen when a write times out.
const UNTAKEN: &str = "the peer took nothing";
