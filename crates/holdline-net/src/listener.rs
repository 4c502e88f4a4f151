//! Sockets that listen, TCP or Unix, and where they do.

#[cfg(unix)]
mod unix;

use std::io;
use std::net::{SocketAddr, TcpListener};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
#[cfg(unix)]
use std::os::unix::net::UnixListener;
#[cfg(unix)]
use std::path::Path;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

#[cfg(unix)]
pub(crate) use self::unix::SocketFile;
use crate::address::Address;
use crate::config::Config;
use crate::peer::{INHERITED, watch_peer};

/// A socket that listens. Clients may connect as soon as there is one; they are served when
/// [`Server::run`](crate::Server::run) is called.
///
/// ```no_run
/// use holdline_net::{Config, Listener, Server};
///
/// let loopback = Listener::bind("127.0.0.1:8080".parse()?)?;
/// # #[cfg(unix)]
/// let local = Listener::bind_unix("/run/example/http.sock", 0o660)?;
/// # #[cfg(unix)]
/// let server = Server::new(vec![loopback, local], Config::default())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: ListenerSocket,
    pub(crate) address: Address,
    pub(crate) limit: Option<usize>,
    pub(crate) is_raw: bool,
}

#[derive(Debug)]
pub(crate) enum ListenerSocket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, Option<SocketFile>),
}

impl Listener {
    /// Listens on a TCP address; port 0 is one that the system chooses.
    ///
    /// # Errors
    /// What the system says when it cannot listen there.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = tcp_socket(address)?;
        listen_on(socket, address)
    }

    /// The same with `SO_REUSEPORT`: other sockets of this user may listen on the same address, and the system
    /// divides the clients among them. When one of them closes, clients that it has not accepted yet are reset.
    ///
    /// # Errors
    /// What the system says.
    #[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos"))))]
    pub fn bind_reusing_port(address: SocketAddr) -> io::Result<Self> {
        let socket = tcp_socket(address)?;
        socket.set_reuse_port(true)?;
        listen_on(socket, address)
    }

    /// Listens on a Unix socket, whose file is made with the access rights of `mode`, such as `0o660`. Who may write
    /// to the file may connect.
    ///
    /// A socket file that is there and that nobody listens on is replaced. The file is removed when the server stops,
    /// unless another process [took it over](crate::Handle::hand_over).
    ///
    /// # Errors
    /// `AddrInUse` when a process listens there, `AlreadyExists` when there is a file that is no socket, or what the
    /// system says.
    #[cfg(unix)]
    pub fn bind_unix(path: impl AsRef<Path>, mode: u32) -> io::Result<Self> {
        let path = path.as_ref();
        let (socket, file) = unix::bind(path, mode, BACKLOG)?;
        Ok(Self {
            socket: ListenerSocket::Unix(socket, Some(file)),
            address: Address::Unix(path.to_owned()),
            limit: None,
            is_raw: false,
        })
    }

    /// A socket that another program has opened, such as systemd or the process before this one. It stays whole when
    /// this process ends, and the file of a Unix socket stays where it is.
    ///
    /// # Errors
    /// `InvalidInput` when it is no stream socket that listens, or what the system says.
    #[cfg(unix)]
    pub fn from_fd(fd: OwnedFd) -> io::Result<Self> {
        let address = unix::listening_address(&fd)?;
        let socket = match &address {
            Address::Tcp(_) => ListenerSocket::Tcp(TcpListener::from(fd)),
            Address::Unix(_) => ListenerSocket::Unix(UnixListener::from(fd), None),
        };
        Ok(Self {
            socket,
            address,
            limit: None,
            is_raw: false,
        })
    }

    /// Has the file of a Unix socket removed when the server stops, as if this process had made it. Nothing for TCP.
    ///
    /// # Errors
    /// What the system says of the file.
    #[cfg(unix)]
    pub fn remove_file_at_the_end(&mut self) -> io::Result<()> {
        // One that is replaced here would remove the file.
        if let (ListenerSocket::Unix(_, file @ None), Address::Unix(path)) =
            (&mut self.socket, &self.address)
        {
            *file = Some(SocketFile::of(path)?);
        }
        Ok(())
    }

    /// Has the file of a Unix socket stay: another process listens with it.
    #[cfg(unix)]
    pub fn leave_file(&mut self) {
        if let ListenerSocket::Unix(_, file) = &mut self.socket
            && let Some(file) = file.take()
        {
            file.leave();
        }
    }

    /// Gives the connections of this listener a limit of their own. They do not count against
    /// [`Config::max_connections`], so that they can be had when that is reached.
    #[must_use]
    pub fn with_limit(mut self, connections: usize) -> Self {
        self.limit = Some(connections);
        self
    }

    /// Has the handler decode what comes over its connections, instead of HTTP: see
    /// [`Handler::connected`](crate::Handler::connected).
    #[must_use]
    pub fn raw(mut self) -> Self {
        self.is_raw = true;
        self
    }

    /// Where it listens, with the port that the system chose for port 0.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// A second handle of the same socket, to be given to another process. It keeps the socket open when the server
    /// has stopped, and removes no file.
    ///
    /// # Errors
    /// What the system says.
    #[cfg(unix)]
    pub fn try_clone_fd(&self) -> io::Result<OwnedFd> {
        self.as_fd().try_clone_to_owned()
    }

    /// Makes it ready for an event loop.
    pub(crate) fn prepare(&self, config: &Config) -> io::Result<()> {
        match &self.socket {
            ListenerSocket::Tcp(socket) => {
                socket.set_nonblocking(true)?;
                if INHERITED {
                    watch_peer(SockRef::from(socket), config)?;
                }
                Ok(())
            }
            #[cfg(unix)]
            ListenerSocket::Unix(socket, _) => socket.set_nonblocking(true),
        }
    }
}

#[cfg(unix)]
impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            ListenerSocket::Tcp(socket) => socket.as_fd(),
            ListenerSocket::Unix(socket, _) => socket.as_fd(),
        }
    }
}

fn tcp_socket(address: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    // On Unix this lets a restarted server have its address back at once. On Windows it would let two servers
    // share it.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    Ok(socket)
}

fn listen_on(socket: Socket, address: SocketAddr) -> io::Result<Listener> {
    socket.bind(&address.into())?;
    // std's own listener asks for 128, which a burst of reconnecting clients overflows.
    socket.listen(BACKLOG)?;
    let socket = TcpListener::from(socket);
    Ok(Listener {
        address: Address::Tcp(socket.local_addr()?),
        socket: ListenerSocket::Tcp(socket),
        limit: None,
        is_raw: false,
    })
}

/// Connections that may wait to be accepted. The system lowers it to its own limit.
const BACKLOG: i32 = 4096;

#[cfg(all(test, unix))]
mod tests;
