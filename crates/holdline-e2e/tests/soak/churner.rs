//! A client that never stays long, and never twice on the same transport.

use std::io::ErrorKind;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use holdline_e2e::{Tally, Transport, subscribe_on};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use socket2::SockRef;

pub(crate) const CHANNEL: &str = "soak";

/// What all clients together have done.
#[derive(Default)]
pub(crate) struct Counts {
    /// Clients that know where they stand.
    pub(crate) ready: AtomicU64,
    connections: AtomicU64,
    deliveries: AtomicU64,
    faults: Mutex<Vec<String>>,
}

impl Counts {
    /// Connections and deliveries.
    pub(crate) fn read(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::SeqCst);
        (read(&self.connections), read(&self.deliveries))
    }

    /// # Panics
    /// When a client has met what it should not have met.
    pub(crate) fn check(&self) {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    fn add_fault(&self, fault: String) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.push(fault);
    }
}

pub(crate) struct Churner {
    address: SocketAddr,
    random: StdRng,
    transport: Transport,
    tally: Tally,
}

/// How a client leaves.
#[derive(Clone, Copy, Debug)]
enum Leave {
    Close,
    Reset,
    /// It says that it sends nothing more, and reads what comes to the end.
    HalfClose,
}

impl Churner {
    pub(crate) fn new(address: SocketAddr, seed: u64, publishers: usize, largest: usize) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        Self {
            address,
            transport: Transport::ALL[random.random_range(0..Transport::ALL.len())],
            random,
            tally: Tally::new(publishers, largest),
        }
    }

    /// Comes and goes until it has all messages.
    pub(crate) fn run(mut self, counts: &Counts) -> Tally {
        loop {
            let others = Transport::ALL
                .into_iter()
                .filter(|other| *other != self.transport);
            let others: Vec<_> = others.collect();
            self.transport = others[self.random.random_range(0..others.len())];
            match self.connect(counts) {
                Ok(true) => return self.tally,
                Ok(false) => {}
                Err(fault) => {
                    let (transport, received) = (self.transport, self.tally.received());
                    counts.add_fault(format!("{transport}, after {received} messages: {fault}"));
                    return self.tally;
                }
            }
            // Away for a while.
            let pause = self.random.random_range(0..300);
            thread::sleep(Duration::from_millis(pause));
        }
    }

    /// One connection. Returns whether that was all.
    fn connect(&mut self, counts: &Counts) -> Result<bool, String> {
        let socket = TcpStream::connect(self.address).map_err(|error| error.to_string())?;
        let own = socket.try_clone().map_err(|error| error.to_string())?;
        counts.connections.fetch_add(1, Ordering::SeqCst);
        let leave = [Leave::Close, Leave::Reset, Leave::HalfClose][self.random.random_range(0..3)];
        let mut left = self.random.random_range(1..60);
        // Slow ones take a message each 50 ms, which is less than is published.
        let pause = if self.random.random_range(0..5) == 0 {
            50
        } else {
            0
        };
        let since = self.tally.cursor().map(str::to_owned);
        let (tally, mut over, mut fault) = (&mut self.tally, false, None);
        let result = subscribe_on(
            socket,
            self.transport,
            CHANNEL,
            since.as_deref(),
            &mut |item| {
                let was_nowhere = tally.cursor().is_none();
                let received = tally.received();
                let taken = tally.take(&item);
                counts
                    .ready
                    .fetch_add(u64::from(was_nowhere), Ordering::SeqCst);
                counts
                    .deliveries
                    .fetch_add((tally.received() - received) as u64, Ordering::SeqCst);
                match taken {
                    Ok(end) => over = end,
                    Err(error) => fault = Some(error),
                }
                if over || fault.is_some() {
                    return ControlFlow::Break(());
                }
                thread::sleep(Duration::from_millis(pause));
                left -= 1;
                match leave {
                    _ if left > 0 => {}
                    Leave::HalfClose if left == 0 => {
                        // A network that has failed says so by itself.
                        let _ = own.shutdown(Shutdown::Write);
                    }
                    Leave::HalfClose => {}
                    Leave::Close | Leave::Reset => return ControlFlow::Break(()),
                }
                ControlFlow::Continue(())
            },
        );
        if matches!(leave, Leave::Reset) {
            // Together with closing.
            let _ = SockRef::from(&own).set_linger(Some(Duration::ZERO));
        }
        match (result, fault) {
            (_, Some(fault)) => Err(fault),
            (Ok(()), None) => Ok(over),
            (Err(error), None) => match error.kind() {
                ErrorKind::InvalidData | ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    Err(error.to_string())
                }
                _ => Ok(false),
            },
        }
    }
}
