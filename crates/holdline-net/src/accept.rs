//! The listeners of a server, as the loop that accepts sees them.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mio::event::Source;
use mio::{Interest, Registry, Token};

#[cfg(unix)]
use crate::listener::SocketFile;
use crate::listener::{Listener, ListenerSocket};
use crate::socket::PeerSocket;
use crate::timer::NEVER;

/// A connection that came.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) socket: PeerSocket,
    /// The client's address. Over a Unix socket it has none.
    pub(crate) peer: Option<SocketAddr>,
    /// Which listener it came from.
    pub(crate) listener: u16,
    /// How many loops had no room for it.
    pub(crate) passed_on: usize,
}

/// What there is when a connection is asked for.
pub(crate) enum Next {
    Accepted(Accepted),
    /// Nobody waits.
    Nobody,
    /// The system has no file for a connection.
    Failed,
}

/// Listeners that accept, in turn.
#[derive(Debug)]
pub(crate) struct Acceptor {
    open: Vec<Open>,
    /// Whose turn it is.
    turn: usize,
    /// When to accept without being told that somebody waits.
    again: u64,
    trouble: Trouble,
}

#[derive(Debug)]
struct Open {
    socket: OpenSocket,
    /// Somebody waited, and nobody was found missing since.
    ready: bool,
}

#[derive(Debug)]
enum OpenSocket {
    Tcp(mio::net::TcpListener),
    #[cfg(unix)]
    Unix(mio::net::UnixListener, Option<SocketFile>),
}

impl Acceptor {
    /// Registers each listener with a token of its own, from `first` on.
    pub(crate) fn new(
        registry: &Registry,
        first: usize,
        listeners: Vec<Listener>,
    ) -> io::Result<Self> {
        let mut open = Vec::new();
        for (index, listener) in listeners.into_iter().enumerate() {
            let mut socket = OpenSocket::from(listener.socket);
            registry.register(socket.source(), Token(first + index), Interest::READABLE)?;
            open.push(Open {
                socket,
                ready: false,
            });
        }
        Ok(Self {
            open,
            turn: 0,
            again: NEVER,
            trouble: Trouble::default(),
        })
    }

    /// The system says that somebody waits.
    pub(crate) fn set_ready(&mut self, index: usize) {
        if let Some(open) = self.open.get_mut(index) {
            open.ready = true;
        }
    }

    /// Somebody may wait anywhere.
    pub(crate) fn set_all_ready(&mut self) {
        for open in &mut self.open {
            open.ready = true;
        }
    }

    /// When to accept again without being told.
    pub(crate) fn again(&self) -> Option<u64> {
        (self.again != NEVER).then_some(self.again)
    }

    /// Whether that time has come. Then it is over.
    pub(crate) fn is_due(&mut self, now: u64) -> bool {
        let due = self.again <= now;
        if due {
            self.again = NEVER;
        }
        due
    }

    /// More may wait, and what the system had to say about them it has said.
    pub(crate) fn try_again(&mut self, at: u64) {
        self.again = at;
    }

    /// Accepts one connection.
    pub(crate) fn next(&mut self, now: u64) -> Next {
        while let Some(index) = self.whose_turn() {
            let Some(open) = self.open.get_mut(index) else {
                break;
            };
            match open.socket.accept() {
                Ok((socket, peer)) => {
                    return Next::Accepted(Accepted {
                        socket,
                        peer,
                        listener: index as u16,
                        passed_on: 0,
                    });
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => open.ready = false,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => {
                        self.trouble.tell(&error, now);
                        self.again = now + PAUSE;
                        return Next::Failed;
                    }
                },
            }
        }
        Next::Nobody
    }

    fn whose_turn(&mut self) -> Option<usize> {
        let count = self.open.len();
        let index = (0..count)
            .map(|step| (self.turn + step) % count)
            .find(|&index| self.open[index].ready)?;
        self.turn = index + 1;
        Some(index)
    }

    /// Listens no more. Without `successor`, files of Unix sockets are removed.
    pub(crate) fn close(&mut self, registry: &Registry, successor: bool) {
        self.again = NEVER;
        for mut open in self.open.drain(..) {
            // Explicitly, since the socket lives on if another process has it, and with it the registration. A
            // failure leaves events that nobody looks at.
            let _ = registry.deregister(open.socket.source());
            #[cfg(unix)]
            if let (OpenSocket::Unix(_, Some(file)), true) = (open.socket, successor) {
                file.leave();
            }
        }
    }
}

impl OpenSocket {
    fn accept(&self) -> io::Result<(PeerSocket, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (socket, peer) = listener.accept()?;
                Ok((PeerSocket::Tcp(socket), Some(peer)))
            }
            #[cfg(unix)]
            Self::Unix(listener, _) => {
                let (socket, _) = listener.accept()?;
                Ok((PeerSocket::Unix(socket), None))
            }
        }
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(listener) => listener,
            #[cfg(unix)]
            Self::Unix(listener, _) => listener,
        }
    }
}

impl From<ListenerSocket> for OpenSocket {
    fn from(socket: ListenerSocket) -> Self {
        match socket {
            ListenerSocket::Tcp(socket) => Self::Tcp(mio::net::TcpListener::from_std(socket)),
            #[cfg(unix)]
            ListenerSocket::Unix(socket, file) => {
                Self::Unix(mio::net::UnixListener::from_std(socket), file)
            }
        }
    }
}

/// What went wrong with accepting, told once a minute.
#[derive(Debug, Default)]
struct Trouble {
    /// When it may be told again.
    quiet_until: u64,
    since: u64,
}

impl Trouble {
    fn tell(&mut self, error: &io::Error, now: u64) {
        self.since += 1;
        if now < self.quiet_until {
            return;
        }
        self.quiet_until = now + TELL_EVERY;
        let tries = std::mem::take(&mut self.since);
        tracing::warn!(
            %error,
            tries,
            "cannot accept connections; clients wait until others have gone (told once a minute)"
        );
    }
}

/// Milliseconds to wait after the system could not accept. The edge will not come again for the clients that wait
/// already.
const PAUSE: u64 = 100;
/// In milliseconds.
const TELL_EVERY: u64 = 60_000;
