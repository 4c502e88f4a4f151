//! What the loops of a server share, and how they are reached from other threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use crate::accept::Accepted;
use crate::address::Address;
use crate::addresses::Addresses;
use crate::config::Config;
use crate::handler::ConnectionId;
use crate::listener::Listener;
use crate::load::{Counting, Load};
use crate::uploads::{Holder, Uploads};

/// What all loops of a server see.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    /// From when on all loops count time.
    pub(crate) origin: Instant,
    pub(crate) loops: Vec<LoopHandle>,
    /// How the server stops, once it does.
    stop: OnceLock<Stop>,
    /// New connections may still come.
    accepting: AtomicBool,
    pub(crate) uploads: Uploads,
    pub(crate) addresses: Arc<Addresses>,
    gates: Gates,
}

/// How a server stops.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stop {
    /// Nobody serves its addresses after it.
    Ends,
    /// Another process has its listeners.
    HandsOver,
}

/// What is known of each listener, and how many connections are open.
#[derive(Debug)]
struct Gates {
    listeners: Vec<Door>,
    gates: Vec<Gate>,
}

/// What is known of a listener.
#[derive(Debug)]
struct Door {
    address: Address,
    /// Which of the gates counts its connections.
    gate: usize,
    /// The handler decodes what comes.
    is_raw: bool,
}

/// Connections of the listeners that have one limit.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) max: usize,
    /// More than those, of which one request is answered.
    pub(crate) reserve: usize,
    open: AtomicUsize,
}

/// The outside of one event loop.
#[derive(Debug, Default)]
pub(crate) struct LoopHandle {
    pub(crate) waker: OnceLock<mio::Waker>,
    pub(crate) notified: AtomicBool,
    /// Connections of this loop that must go, because what is not whole yet takes too much memory.
    pub(crate) shed: Mutex<Vec<ConnectionId>>,
    /// Connections that the accepting loop gave to this one.
    pub(crate) inbox: Mutex<Vec<Accepted>>,
    pub(crate) counting: Counting,
}

impl Shared {
    pub(crate) fn new(config: Config, listeners: &[Listener]) -> Self {
        let mut gates = Gates {
            listeners: Vec::new(),
            gates: vec![Gate::new(config.max_connections, config.reserve)],
        };
        for listener in listeners {
            let gate = match listener.limit {
                None => 0,
                Some(max) => {
                    gates
                        .gates
                        .push(Gate::new(max, config.reserve.min(OWN_RESERVE)));
                    gates.gates.len() - 1
                }
            };
            gates.listeners.push(Door {
                address: listener.address.clone(),
                gate,
                is_raw: listener.is_raw,
            });
        }
        let loops = (0..config.threads.get())
            .map(|_| LoopHandle::default())
            .collect();
        Self {
            uploads: Uploads::new(config.max_upload_total),
            addresses: Arc::new(Addresses::new(&config)),
            config,
            origin: Instant::now(),
            loops,
            stop: OnceLock::new(),
            accepting: AtomicBool::new(true),
            gates,
        }
    }

    /// Where a connection came in.
    pub(crate) fn address(&self, listener: u16) -> Option<&Address> {
        Some(&self.door(listener)?.address)
    }

    /// Whether the handler decodes what comes over the connections of a listener.
    pub(crate) fn is_raw(&self, listener: u16) -> bool {
        self.door(listener).is_some_and(|door| door.is_raw)
    }

    fn door(&self, listener: u16) -> Option<&Door> {
        self.gates.listeners.get(usize::from(listener))
    }

    /// What counts the connections of a listener.
    pub(crate) fn gate(&self, listener: u16) -> &Gate {
        &self.gates.gates[self.door(listener).map_or(0, |door| door.gate)]
    }

    /// What each loop has done so far.
    pub(crate) fn loads(&self) -> Vec<Load> {
        self.loops.iter().map(|it| it.counting.read()).collect()
    }

    /// Connections that are open now, whatever they came from.
    pub(crate) fn connections(&self) -> usize {
        self.gates.gates.iter().map(Gate::open).sum()
    }

    /// Has every loop stop. Only the first call says how.
    pub(crate) fn stop(&self, stop: Stop) {
        self.stop.get_or_init(|| stop);
        self.notify_all();
    }

    pub(crate) fn stopping(&self) -> Option<Stop> {
        self.stop.get().copied()
    }

    /// No loop is handed a connection from now on.
    pub(crate) fn end_accepting(&self) {
        self.accepting.store(false, Ordering::SeqCst);
        self.notify_all();
    }

    /// Whether this loop may yet be handed a connection.
    pub(crate) fn expects(&self, index: usize) -> bool {
        // In this order: what was handed over before the end is seen after it.
        if self.accepting.load(Ordering::SeqCst) {
            return true;
        }
        let inbox = self.loops[index].inbox.lock();
        !inbox.unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn notify_all(&self) {
        for index in 0..self.loops.len() {
            self.notify(index);
        }
    }

    /// Wakes a loop unless it was woken and has not looked yet.
    pub(crate) fn notify(&self, index: usize) {
        let Some(handle) = self.loops.get(index) else {
            return;
        };
        if !handle.notified.swap(true, Ordering::SeqCst)
            && let Some(waker) = handle.waker.get()
        {
            // Nothing can be done about a failure, and a pipe that is full wakes just as well.
            let _ = waker.wake();
        }
    }

    /// Has the loop of `holder` end that connection, if it still must go when that loop looks.
    pub(crate) fn shed(&self, holder: Holder) {
        let shed = &self.loops[holder.index].shed;
        let mut shed = shed.lock().unwrap_or_else(PoisonError::into_inner);
        shed.push(holder.connection);
        drop(shed);
        self.notify(holder.index);
    }

    pub(crate) fn hand_over(&self, index: usize, accepted: Accepted) {
        let mut inbox = self.loops[index]
            .inbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        inbox.push(accepted);
        drop(inbox);
        self.notify(index);
    }
}

impl Gate {
    fn new(max: usize, reserve: usize) -> Self {
        Self {
            max,
            reserve,
            open: AtomicUsize::new(0),
        }
    }

    /// Counts another connection. Returns how many were open before it.
    pub(crate) fn enter(&self) -> usize {
        self.open.fetch_add(1, Ordering::Relaxed)
    }

    /// A connection is closed.
    pub(crate) fn leave(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

/// The reserve of a listener with a limit of its own.
const OWN_RESERVE: usize = 4;
