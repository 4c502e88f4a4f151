//! The end of a connection.

use std::net::Shutdown;
use std::time::Duration;

use super::context::{Context, Driven};
use super::core::Core;
use super::deadlines::{Deadline, after};
use crate::handler::Ending;

/// Nothing more will be sent. Once everything is written, the write side is shut down, and what the peer
/// still sends is discarded until it closes too: closing at once would reset the connection
/// and could destroy the response in flight (RFC 9112 §9.6).
#[derive(Debug, Default)]
pub(super) struct Lingering {
    shut: bool,
}

impl Lingering {
    /// After a write: shuts down the write side when that was the last.
    pub(super) fn written<H>(
        &mut self,
        core: &mut Core,
        context: &Context<'_, H>,
    ) -> Result<(), Driven> {
        if self.shut || !core.queue.is_empty() {
            return Ok(());
        }
        self.shut = true;
        let mut patience = context.config.linger_timeout;
        if context.stopping.is_some() || core.reserved {
            // A peer that has read the end but leaves its own side open must not delay the stop, or keep others from
            // the reserve.
            patience = patience.min(LAST_LINGER);
        }
        let at = after(context.now, patience);
        core.deadlines.set(Deadline::Protocol, at);
        if core.peer_closed || core.socket.shutdown(Shutdown::Write).is_err() {
            return Err(Driven::Close(Ending::Finished));
        }
        Ok(())
    }

    /// Whether everything is written, and the end of it told.
    pub(super) fn is_shut(&self) -> bool {
        self.shut
    }

    /// The peer has shut down its side.
    pub(super) fn eof(&self) -> Result<(), Driven> {
        match self.shut {
            // What is queued for a peer that has only shut down its own side is still written.
            false => Ok(()),
            true => Err(Driven::Close(Ending::Finished)),
        }
    }
}

/// How long a connection lingers while the server stops or is full.
const LAST_LINGER: Duration = Duration::from_secs(1);
