//! What is sent over a connection whose protocol is the handler's own.

use bytes::Bytes;

use super::{ROOM, Timer};
use crate::queue::Outgoing;

/// A connection of a [raw listener](crate::Listener::raw).
#[derive(Debug)]
pub struct Raw<'a> {
    pub(crate) outgoing: &'a mut Outgoing,
    pub(crate) timer: Timer<'a>,
    pub(crate) queued: usize,
    /// How it ends, once that is decided.
    pub(crate) over: &'a mut Option<Over>,
}

/// How a handler has ended a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Over {
    Closed,
    Failed,
}

impl Raw<'_> {
    /// Whether more should be written now. A handler that stops because there is no room returns
    /// [`Progress::More`](crate::Progress::More). What is written without room is queued.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.queued + self.outgoing.len() < ROOM
    }

    /// Sends bytes.
    pub fn send(&mut self, data: &[u8]) {
        self.outgoing.bytes.extend_from_slice(data);
    }

    /// Sends bytes that many receivers share.
    pub fn send_shared(&mut self, data: &Bytes) {
        self.outgoing.push_shared(data);
    }

    /// Closes the connection when everything is sent. The stream is over: [`Ending::Finished`](crate::Ending::Finished).
    pub fn close(self) {
        *self.over = Some(Over::Closed);
    }

    /// The same, because the peer broke the protocol: [`Ending::Failed`](crate::Ending::Failed).
    pub fn fail(self) {
        *self.over = Some(Over::Failed);
    }
}
