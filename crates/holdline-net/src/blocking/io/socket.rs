//! The streams that can be asked whether they can be read or written: `TcpStream` and `UnixStream`.
//!
//! Any `Read + Write` may carry a blocking connection, and most of them tell nothing without
//! waiting. A socket is recognised by its type, because a trait with a default for all the others would need
//! specialisation, and a trait without one would have to be implemented, or wrapped, for every TLS stream.

#[cfg(unix)]
use std::any::Any;
use std::io::Result;
#[cfg(unix)]
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::{
    fd::{AsFd, BorrowedFd},
    unix::net::UnixStream,
};
use std::time::{Duration, Instant};

#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, Timespec, poll};
#[cfg(unix)]
use rustix::net::{RecvFlags, SendFlags, recv, send};

/// What can be done without waiting. An error that is pending counts as input: a read tells it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::blocking) struct Ready {
    pub(in crate::blocking) input: bool,
    pub(in crate::blocking) output: bool,
}

impl Ready {
    pub(in crate::blocking) fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// A socket, of either kind.
#[cfg(unix)]
#[derive(Clone, Copy, Debug)]
pub(in crate::blocking) enum Socket<'s> {
    Tcp(&'s TcpStream),
    Unix(&'s UnixStream),
}

#[cfg(unix)]
impl<'s> Socket<'s> {
    /// The socket, if the stream is one.
    pub(in crate::blocking) fn of<S: 'static>(stream: &'s S) -> Option<Self> {
        let stream: &dyn Any = stream;
        match stream.downcast_ref() {
            Some(tcp) => Some(Self::Tcp(tcp)),
            None => stream.downcast_ref().map(Self::Unix),
        }
    }

    /// How long a read may wait; `None` for ever.
    pub(in crate::blocking) fn read_timeout(self) -> Result<Option<Duration>> {
        self.patience(match self {
            Self::Tcp(stream) => stream.read_timeout()?,
            Self::Unix(stream) => stream.read_timeout()?,
        })
    }

    /// How long a write may wait; `None` for ever.
    pub(in crate::blocking) fn write_timeout(self) -> Result<Option<Duration>> {
        self.patience(match self {
            Self::Tcp(stream) => stream.write_timeout()?,
            Self::Unix(stream) => stream.write_timeout()?,
        })
    }

    /// Writes what the socket takes without waiting. `WouldBlock`: nothing.
    pub(in crate::blocking) fn send(self, bytes: &[u8]) -> Result<usize> {
        Ok(send(
            self.fd(),
            bytes,
            SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
        )?)
    }

    /// Reads what is there without waiting. `WouldBlock`: nothing is. 0: the stream has ended.
    pub(in crate::blocking) fn receive(self, block: &mut [u8]) -> Result<usize> {
        Ok(recv(self.fd(), block, RecvFlags::DONTWAIT)?.0)
    }

    /// Like [`receive`](Self::receive), and leaves it there.
    pub(in crate::blocking) fn peek(self) -> Result<usize> {
        let flags = RecvFlags::DONTWAIT | RecvFlags::PEEK;
        Ok(recv(self.fd(), &mut [0; 1][..], flags)?.0)
    }

    /// Waits until there is input, or, if that is wanted, room for output. Nothing: the time is over.
    pub(in crate::blocking) fn wait(
        self,
        input: bool,
        output: bool,
        until: Option<Instant>,
    ) -> Result<Ready> {
        let mut interest = PollFlags::empty();
        interest.set(PollFlags::IN, input);
        interest.set(PollFlags::OUT, output);
        let mut fds = [PollFd::from_borrowed_fd(self.fd(), interest)];
        wait(&mut fds, until)?;
        let found = fds[0].revents();
        let failed = found.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL);
        Ok(Ready {
            input: input && (failed || found.contains(PollFlags::IN)),
            output: output && (failed || found.contains(PollFlags::OUT)),
        })
    }

    /// Tells the peer that nothing more comes.
    pub(in crate::blocking) fn shut_down_write(self) -> Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }

    fn fd(self) -> BorrowedFd<'s> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }

    /// A socket that was made non-blocking never waits.
    fn patience(self, timeout: Option<Duration>) -> Result<Option<Duration>> {
        let flags = rustix::fs::fcntl_getfl(self.fd())?;
        Ok(match flags.contains(rustix::fs::OFlags::NONBLOCK) {
            true => Some(Duration::ZERO),
            false => timeout,
        })
    }
}

/// Waits for one of the events, until the time is over.
#[cfg(unix)]
pub(in crate::blocking) fn wait(fds: &mut [PollFd<'_>], until: Option<Instant>) -> Result<()> {
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(fds, timeout.as_ref()) {
            Err(rustix::io::Errno::INTR) => {}
            other => return Ok(other.map(drop)?),
        }
    }
}

/// No socket can be asked here: every stream is used as any `Read + Write`.
#[cfg(not(unix))]
#[derive(Clone, Copy, Debug)]
pub(in crate::blocking) enum Socket {}

#[cfg(not(unix))]
impl Socket {
    pub(in crate::blocking) fn of<S: 'static>(_: &S) -> Option<Self> {
        None
    }

    pub(in crate::blocking) fn read_timeout(self) -> Result<Option<Duration>> {
        match self {}
    }

    pub(in crate::blocking) fn write_timeout(self) -> Result<Option<Duration>> {
        match self {}
    }

    pub(in crate::blocking) fn send(self, _: &[u8]) -> Result<usize> {
        match self {}
    }

    pub(in crate::blocking) fn receive(self, _: &mut [u8]) -> Result<usize> {
        match self {}
    }

    pub(in crate::blocking) fn peek(self) -> Result<usize> {
        match self {}
    }

    pub(in crate::blocking) fn wait(self, _: bool, _: bool, _: Option<Instant>) -> Result<Ready> {
        match self {}
    }

    pub(in crate::blocking) fn shut_down_write(self) -> Result<()> {
        match self {}
    }
}
