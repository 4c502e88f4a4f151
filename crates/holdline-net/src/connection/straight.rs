//! Reading straight into a large message of a WebSocket, which need not be copied to be joined then.

use super::Connection;
use super::context::{Context, Driven};
use super::core::Received;
use super::protocol::Protocol;
use crate::handler::{Ending, Handler};

impl<S> Connection<S> {
    /// Reads once, where there is room for it in a message under way. `None`: there is none.
    pub(super) fn read_straight<H: Handler<Stream = S>>(
        &mut self,
        context: &mut Context<'_, H>,
    ) -> Option<Result<bool, Driven>> {
        let Protocol::WebSocket(socket) = &mut self.protocol else {
            return None;
        };
        let room = socket.room();
        if room.is_empty() {
            return None;
        }
        Some(match self.core.read(room) {
            Received::Nothing | Received::End => Ok(false),
            Received::Broken => Err(Driven::Close(Ending::Disconnected)),
            Received::Bytes(n) => {
                context.counting.received.add(n as u64);
                let next = socket.receive_filled(&mut self.core, context, n);
                self.follow(context, next);
                Ok(true)
            }
        })
    }
}
