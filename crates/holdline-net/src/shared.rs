//! What the loops of a server share, and how they are reached from other threads.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::config::Config;

/// What all loops of a server see.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) loops: Vec<LoopHandle>,
    pub(crate) stopping: AtomicBool,
    pub(crate) connections: AtomicUsize,
}

/// The outside of one event loop.
#[derive(Debug, Default)]
pub(crate) struct LoopHandle {
    pub(crate) waker: OnceLock<mio::Waker>,
    pub(crate) notified: AtomicBool,
    /// Connections that the accepting loop gave to this one.
    pub(crate) inbox: Mutex<Vec<(TcpStream, SocketAddr)>>,
}

impl Shared {
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
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

    pub(crate) fn hand_over(&self, index: usize, socket: TcpStream, peer: SocketAddr) {
        let mut inbox = self.loops[index]
            .inbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        inbox.push((socket, peer));
        drop(inbox);
        self.notify(index);
    }
}
