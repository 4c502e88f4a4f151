//! The server: its listeners, one event loop per core, and the handles that reach into them.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use crate::config::Config;
use crate::event_loop::{EventLoop, Reactor};
use crate::handler::Handler;
use crate::listener::Listener;
use crate::load::Load;
use crate::shared::{Shared, Stop};

/// A bound server that does not run yet.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<Listener>,
    shared: Arc<Shared>,
}

impl Server {
    /// Listens on `address`. Clients may connect from now on; they are served when
    /// [`run`](Self::run) is called.
    ///
    /// # Errors
    /// What the system says when it cannot listen there.
    pub fn bind(address: SocketAddr, config: Config) -> io::Result<Self> {
        Self::new(vec![Listener::bind(address)?], config)
    }

    /// Serves several listeners, which [`Request::listener`](crate::Request::listener) counts from 0.
    ///
    /// # Errors
    /// `InvalidInput` without any, or with more than 65,535; or what the system says when a socket cannot be prepared.
    pub fn new(listeners: Vec<Listener>, config: Config) -> io::Result<Self> {
        if listeners.is_empty() || u16::try_from(listeners.len()).is_err() {
            let what = "a server has between 1 and 65,535 listeners";
            return Err(io::Error::new(ErrorKind::InvalidInput, what));
        }
        for listener in &listeners {
            listener.prepare(&config)?;
        }
        Ok(Self {
            shared: Arc::new(Shared::new(config, &listeners)),
            listeners,
        })
    }

    /// The address of the first listener that listens on TCP, with the port that the system chose for port 0.
    ///
    /// # Errors
    /// `AddrNotAvailable` when all are Unix sockets.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let mut tcp = self
            .listeners()
            .filter_map(|listener| listener.address().tcp());
        tcp.next().ok_or_else(|| ErrorKind::AddrNotAvailable.into())
    }

    /// What it listens on, in the order in which it was given.
    pub fn listeners(&self) -> impl ExactSizeIterator<Item = &Listener> {
        self.listeners.iter()
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
        let Self {
            mut listeners,
            shared,
        } = self;
        let mut reactors = Vec::new();
        for index in 0..shared.loops.len() {
            reactors.push(Reactor::new(
                &shared,
                index,
                std::mem::take(&mut listeners),
            )?);
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
                        shared.stop(Stop::Ends);
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
    /// Stops accepting, ends what is held and streaming over the time of [`Config::drain`], and lets
    /// [`Server::run`] return when every connection is closed or [`Config::stop_timeout`] after that is over. May be
    /// called more than once.
    ///
    /// Clients that wait to be accepted are accepted first, and what has come from a client is answered before its
    /// connection is closed. WebSockets are closed with 1001.
    pub fn stop(&self) {
        self.shared.stop(Stop::Ends);
    }

    /// Stops as [`stop`](Self::stop) does, because another process has the listeners and accepts from now on. Those
    /// who wait are left to it, and so are the files of Unix sockets. A client that has sent no request yet, or
    /// another one, has a second to send it. WebSockets are closed with 1012, "service restart".
    ///
    /// The other process must have every listener already
    /// ([`Listener::try_clone_fd`], [`Listener::from_fd`]): who connects to one that nobody has any more is reset.
    pub fn hand_over(&self) {
        self.shared.stop(Stop::HandsOver);
    }

    /// Connections that are open now, over all loops.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections()
    }

    /// What each loop has done so far.
    #[must_use]
    pub fn loads(&self) -> Vec<Load> {
        self.shared.loads()
    }
}

/// Reaches one event loop from any thread.
#[derive(Clone, Debug)]
pub struct Notifier {
    shared: Arc<Shared>,
    index: usize,
}

impl Notifier {
    /// Asks for [`Handler::notified`] to be called on that loop soon. Several calls of this before that count
    /// as one.
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
        self.shared.connections()
    }

    /// What each loop has done so far.
    #[must_use]
    pub fn loads(&self) -> Vec<Load> {
        self.shared.loads()
    }
}

/// When one loop ends, for whatever reason, the others end too: half a server helps nobody.
struct StopOnExit(Arc<Shared>);

impl Drop for StopOnExit {
    fn drop(&mut self) {
        self.0.stop(Stop::Ends);
    }
}
