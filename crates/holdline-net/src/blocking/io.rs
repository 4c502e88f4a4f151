//! The turn of input and output that all blocking connections take.
//!
//! A turn writes what the stream takes, reads what is there, and judges deadlines and errors only after that:
//! what has arrived counts, whatever became of what we sent. A [socket](socket) is waited for in both
//! directions. Any other stream is written to first; after a write that timed out or failed there is one read.
//!
//! What comes while something is sent is kept, up to 64 KiB. Beyond that the peer has to wait. A send that cannot go
//! on either then ends with its timeout, or with [`STANDSTILL`] if it has none.

mod failure;
pub(super) mod socket;
mod turn;

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
    /// The deadline after which the one last look has been taken.
    overtime: Option<Instant>,
    /// How long a send without a write timeout may go on in neither direction.
    standstill: Duration,
    /// What did not come when a read times out, as in "no answer".
    missing: &'static str,
}

/// How the peer's direction of the stream ended.
#[derive(Clone, Debug)]
enum End {
    Eof,
    Failed(Failure),
}

/// What happened in a turn, and ended it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum IoEvent {
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
            standstill: STANDSTILL,
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

    /// Where the last `length` bytes are that a codec has taken. What a codec hands out from the
    /// input ends where the rest begins, because it takes no byte beyond that.
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
}

impl<S: Read + Write + 'static> Io<S> {
    /// Writes what is in `out`: returns when it is [written](IoEvent::Sent), when something
    /// [came](IoEvent::Came) meanwhile, when the peer's direction [ended](IoEvent::Ended), once, or when it is too
    /// [late](IoEvent::Late). A stream that is no socket is not interrupted in a write.
    ///
    /// After an error that is no timeout, what was to be written is gone.
    pub(super) fn send(&mut self, until: Option<Instant>) -> Result<IoEvent> {
        if let Some(failure) = &self.broken {
            let error = failure.error();
            self.discard_out();
            return Err(error);
        }
        if !self.is_sending() {
            return Ok(IoEvent::Sent);
        }
        let turn = match Socket::of(&self.stream) {
            Some(_) => self.send_to_socket(until),
            None => self.send_to_stream(until),
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
        while self.send(None)? != IoEvent::Sent {}
        Ok(())
    }

    /// Writes what the stream takes now: to a socket without waiting, to another stream for as long as its write
    /// takes. The rest goes with the next turn, and the next send reports an error.
    pub(super) fn write_now(&mut self) {
        let written = match Socket::of(&self.stream) {
            _ if !self.is_sending() => return,
            Some(_) => self.write_some(),
            None => self.write_all(None),
        };
        match written {
            Ok(true) => self.sent(),
            Ok(false) => {}
            Err(error) if is_timeout(&error) => {}
            Err(error) => self.break_off(&error),
        }
    }

    /// Waits for input, and writes what is in `out` meanwhile. Never [`IoEvent::Sent`]. Call it when a codec has
    /// taken what was unread.
    ///
    /// The stream is looked at once more after `until`, if only without waiting: a caller that comes late gets
    /// what arrived in time.
    pub(super) fn receive(&mut self, until: Option<Instant>) -> Result<IoEvent> {
        if self.ended.is_some() {
            return Ok(IoEvent::Ended);
        }
        if self.is_late(until) {
            return Ok(IoEvent::Late);
        }
        match Socket::of(&self.stream) {
            Some(_) if self.is_sending() || until.is_some() => self.receive_from_socket(until),
            _ => self.receive_from_stream(until),
        }
    }

    /// Like [`receive`](Self::receive), but a deadline that passed is an error, and so is an end that was a
    /// failure. `false`: the stream has ended.
    pub(super) fn is_fed(&mut self, until: Option<Instant>, limit: Duration) -> Result<bool> {
        match self.receive(until)? {
            IoEvent::Late => Err(timed_out(self.missing, limit)),
            IoEvent::Ended => self.failure().map_or(Ok(false), Err),
            IoEvent::Sent | IoEvent::Came => Ok(true),
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

    /// Ends our direction of a socket. For another stream that cannot be done here.
    pub(super) fn shut_down_write(&mut self) -> Result<()> {
        Socket::of(&self.stream).map_or(Ok(()), Socket::shut_down_write)
    }

    /// Whether [`receive`](Self::receive) keeps a deadline by itself. If not, it looks at the time only when
    /// the stream's own read timeout passes.
    pub(super) fn keeps_time(&self) -> bool {
        Socket::of(&self.stream).is_some()
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

/// How long a send without a write timeout waits for a peer that only writes.
const STANDSTILL: Duration = Duration::from_secs(30);

#[cfg(all(test, unix))]
mod tests;
