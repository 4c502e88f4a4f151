//! The server: a listener, one event loop per core, and the handles that reach into them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::config::Config;
use crate::event_loop::{EventLoop, Reactor};
use crate::handler::Handler;
use crate::peer::{INHERITED, watch_peer};
use crate::shared::{LoopHandle, Shared};

/// A bound server that does not run yet.
#[derive(Debug)]
pub struct Server {
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
}

impl Server {
    /// Listens on `address`. Clients may connect from now on; they are served when
    /// [`run`](Self::run) is called.
    ///
    /// # Errors
    /// What the system says when it cannot listen there.
    pub fn bind(address: SocketAddr, config: Config) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        // On Unix this lets a restarted server have its address back at once. On Windows it would
        // let two servers share it.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        // std's own listener asks for 128, which a burst of reconnecting clients overflows.
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        if INHERITED {
            watch_peer(SockRef::from(&socket), &config)?;
        }
        let loops = (0..config.threads.get())
            .map(|_| LoopHandle::default())
            .collect();
        let shared = Shared {
            config,
            loops,
            stopping: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
        };
        Ok(Self {
            listener: socket.into(),
            shared: Arc::new(shared),
        })
    }

    /// The address that is listened on, with the port that the system chose for port 0.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// A handle that can stop the server from another thread.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Serves until [`Handle::stop`]. `make` is called once on each loop's thread.
    ///
    /// # Errors
    /// What the system says when a loop cannot be set up or cannot wait for events.
    ///
    /// # Panics
    /// When a handler panicked. The other loops are stopped first.
    pub fn run<H, F>(self, make: F) -> io::Result<()>
    where
        H: Handler,
        F: Fn(Notifier) -> H + Sync,
    {
        let Self { listener, shared } = self;
        let mut listener = Some(listener);
        let mut reactors = Vec::new();
        for index in 0..shared.loops.len() {
            reactors.push(Reactor::new(&shared, index, listener.take())?);
        }
        thread::scope(|scope| {
            let make = &make;
            let threads: Vec<_> = reactors
                .into_iter()
                .enumerate()
                .map(|(index, reactor)| {
                    let shared = Arc::clone(&shared);
                    thread::Builder::new()
                        .name(format!("holdline-{index}"))
                        .spawn_scoped(scope, move || {
                            let _stop = StopOnExit(Arc::clone(&shared));
                            let event_loop = EventLoop::new(reactor, Arc::clone(&shared), index);
                            event_loop.run(make(Notifier { shared, index }))
                        })
                })
                .collect();
            let mut result = Ok(());
            for thread in threads {
                let ended = match thread.map(thread::ScopedJoinHandle::join) {
                    Ok(Ok(ended)) => ended,
                    Ok(Err(panic)) => std::panic::resume_unwind(panic),
                    Err(error) => {
                        shared.stop();
                        Err(error)
                    }
                };
                result = result.and(ended);
            }
            result
        })
    }
}

/// Stops a [`Server`].
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    /// Stops accepting, ends what is held and streaming, and lets
    /// [`Server::run`] return when every connection is closed or
    /// [`Config::stop_timeout`] is over. May be called more than once.
    pub fn stop(&self) {
        self.shared.stop();
    }

    /// Connections that are open now, over all loops.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

/// Reaches one event loop from any thread.
#[derive(Clone, Debug)]
pub struct Notifier {
    shared: Arc<Shared>,
    index: usize,
}

impl Notifier {
    /// Has [`Handler::notified`] called on that loop soon. Calls that come before it was called
    /// are one call.
    pub fn notify(&self) {
        self.shared.notify(self.index);
    }

    /// Which loop this is, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Connections that are open now, over all loops.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

/// When one loop ends, for whatever reason, the others end too: half a server helps nobody.
struct StopOnExit(Arc<Shared>);

impl Drop for StopOnExit {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Connections that may wait to be accepted. The system lowers it to its own limit.
const BACKLOG: i32 = 4096;
