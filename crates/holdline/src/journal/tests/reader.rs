//! Subscribers that read what memory does not have, with no network between.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use holdline_comet::{Position, Since};
use holdline_net::{ConnectionId, Handler, Output, Progress, Request, Responder, Server};

use crate::hub::{Batch, Hub, Read, Waiter, Wanted};
use crate::message::Wire;

/// A connection to wake, as a hub knows it.
pub(in crate::journal) fn waiters(hub: &Hub, count: usize) -> Vec<Waiter> {
    struct Names(mpsc::Sender<ConnectionId>);
    impl Handler for Names {
        type Stream = ();
        fn request(&mut self, request: &Request<'_>, responder: Responder<'_, ()>) {
            self.0.send(request.connection).unwrap();
            responder.hold(());
        }
        fn ready(&mut self, _: ConnectionId, (): &mut (), _: Output<'_>) -> Progress {
            Progress::Idle
        }
    }
    let mut config = holdline_net::Config::default();
    config.threads = std::num::NonZero::new(1).unwrap();
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), config).unwrap();
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    let (names, connections) = mpsc::channel();
    let (keys, key) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let names = |notifier| {
                keys.send(hub.join(notifier)).unwrap();
                Names(names.clone())
            };
            server.run(names).unwrap();
        });
        let key = key.recv().unwrap();
        let mut streams = Vec::new();
        let waiters = (0..count).map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                .unwrap();
            streams.push(stream);
            let connection = connections.recv().unwrap();
            Waiter { key, connection }
        });
        let waiters = waiters.collect();
        handle.stop();
        waiters
    })
}

/// A subscriber.
pub(in crate::journal) struct Client<'r> {
    hub: &'r Hub,
    pub(in crate::journal) names: Vec<Arc<str>>,
    pub(in crate::journal) position: Position,
    waiter: Waiter,
}

impl<'r> Client<'r> {
    pub(in crate::journal) fn new(
        hub: &'r Hub,
        names: &[&str],
        since: Since,
        waiter: Waiter,
    ) -> Self {
        let names: Vec<Arc<str>> = names.iter().map(|&name| name.into()).collect();
        Self {
            position: hub.position(&names, since),
            hub,
            names,
            waiter,
        }
    }

    pub(in crate::journal) fn look(&mut self, budget: usize) -> Read {
        let wire = Wire::Json;
        let wanted = Wanted { budget, wire };
        self.hub
            .read(&self.names, &mut self.position, wanted, Some(self.waiter))
    }

    /// The next batch, after waiting for it.
    pub(in crate::journal) fn next(&mut self, budget: usize) -> Batch {
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(20) {
            match self.look(budget) {
                Read::Batch(batch) => return batch,
                Read::Unreadable => panic!("it cannot be read"),
                Read::Reading | Read::Later => thread::sleep(Duration::from_micros(200)),
            }
        }
        panic!("it never comes");
    }

    /// All numbers there are, and before which of them a loss was told.
    pub(in crate::journal) fn all(&mut self, budget: usize) -> (Vec<u64>, Vec<u64>) {
        let (mut got, mut lost) = (Vec::new(), Vec::new());
        loop {
            let batch = self.next(budget);
            lost.extend(batch.lost.map(|cursor| cursor.sequence()));
            got.extend(batch.messages.iter().map(|one| one.cursor().sequence()));
            if !batch.more {
                return (got, lost);
            }
        }
    }

    pub(in crate::journal) fn leave(&self) {
        self.hub.stop_waiting(&self.position, self.waiter);
    }
}

impl Client<'_> {
    /// Whether no channel was told to have lost more than others still have to give.
    pub(in crate::journal) fn position_is_simple(&self) -> bool {
        self.position == Position::after(self.position.cursor())
    }
}
