//! The queue between an emitter and its connection.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use holdline_net::{ConnectionId, Notifier};
use holdline_sse::EncodeError;

use super::error::EmitError;

/// A queue of bytes with a limit. Threads that emit are on one side, an event loop is on the other.
#[derive(Debug)]
pub(super) struct Pipe {
    connection: ConnectionId,
    news: Arc<News>,
    limit: usize,
    queue: Mutex<Queue>,
    /// Signals that the queue has become empty, or that its state has changed.
    changed: Condvar,
}

#[derive(Debug)]
struct Queue {
    bytes: BytesMut,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Open,
    /// What is queued is still sent; then the stream ends.
    Ending,
    /// The connection is gone.
    Gone,
}

/// What the loop gets when it takes from a pipe.
#[derive(Debug)]
pub(super) enum Taken {
    Bytes(BytesMut),
    /// Nothing for now.
    Nothing,
    /// Nothing, and nothing will follow.
    End,
}

/// The connections of one loop that have something to send.
#[derive(Debug)]
pub(super) struct News {
    notifier: Notifier,
    connections: Mutex<Vec<ConnectionId>>,
}

impl Pipe {
    pub(super) fn new(connection: ConnectionId, news: Arc<News>, limit: usize) -> Self {
        Self {
            connection,
            news,
            limit,
            queue: Mutex::new(Queue {
                bytes: BytesMut::new(),
                state: State::Open,
            }),
            changed: Condvar::new(),
        }
    }

    /// Queues what `encode` appends, all or nothing. It appends at least `len` bytes.
    pub(super) fn push(
        &self,
        len: usize,
        encode: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>,
    ) -> Result<(), EmitError> {
        let mut queue = self.lock();
        if queue.state != State::Open {
            return Err(EmitError::Closed);
        }
        // Checked before encoding, because it may be very long.
        if len > self.limit {
            return Err(EmitError::TooLong);
        }
        let before = queue.bytes.len();
        encode(&mut queue.bytes).map_err(EmitError::Invalid)?;
        let after = queue.bytes.len();
        if after > self.limit {
            queue.bytes.truncate(before);
            if queue.bytes.capacity() > 2 * self.limit {
                // Gives back the memory that the rejected bytes had taken.
                queue.bytes = BytesMut::from(&queue.bytes[..]);
            }
            return Err(if after - before > self.limit {
                EmitError::TooLong
            } else {
                EmitError::Full
            });
        }
        drop(queue);
        if before == 0 {
            self.news.tell(self.connection);
        }
        Ok(())
    }

    /// Lets nothing more be queued; what is there is still sent.
    pub(super) fn close(&self) {
        let mut queue = self.lock();
        if queue.state != State::Open {
            return;
        }
        queue.state = State::Ending;
        drop(queue);
        self.news.tell(self.connection);
    }

    /// The connection is over.
    pub(super) fn disconnect(&self) {
        let mut queue = self.lock();
        queue.state = State::Gone;
        queue.bytes = BytesMut::new();
        drop(queue);
        self.changed.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().state != State::Open
    }

    pub(super) fn queued(&self) -> usize {
        self.lock().bytes.len()
    }

    pub(super) fn wait(&self, timeout: Duration) -> Result<(), EmitError> {
        let queue = self.lock();
        let busy = |queue: &mut Queue| queue.state != State::Gone && !queue.bytes.is_empty();
        let (queue, _) = self
            .changed
            .wait_timeout_while(queue, timeout, busy)
            .unwrap_or_else(PoisonError::into_inner);
        match queue.state {
            State::Gone => Err(EmitError::Closed),
            _ if queue.bytes.is_empty() => Ok(()),
            _ => Err(EmitError::Full),
        }
    }

    /// Takes up to `max` bytes. This may cut an event in two, because it is one stream.
    pub(super) fn take(&self, max: usize) -> Taken {
        let mut queue = self.lock();
        if queue.bytes.is_empty() {
            return match queue.state {
                State::Open => Taken::Nothing,
                State::Ending | State::Gone => Taken::End,
            };
        }
        if queue.bytes.len() > max {
            return Taken::Bytes(queue.bytes.split_to(max));
        }
        // The memory goes with the bytes, so an idle stream uses none.
        let bytes = mem::take(&mut queue.bytes);
        drop(queue);
        self.changed.notify_all();
        Taken::Bytes(bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No panic leaves the queue half changed. Only a failed allocation could cut its last block short, and that
        // ends the process.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl News {
    pub(super) fn new(notifier: Notifier) -> Self {
        Self {
            notifier,
            connections: Mutex::default(),
        }
    }

    /// The connections that have had something to send since the last call.
    pub(super) fn take(&self) -> Vec<ConnectionId> {
        mem::take(&mut *self.lock())
    }

    fn tell(&self, connection: ConnectionId) {
        self.lock().push(connection);
        self.notifier.notify();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ConnectionId>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
