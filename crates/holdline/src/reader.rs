//! Limits how much each client may read of what was published before it asked.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use holdline_comet::Since;

use crate::counters::Limit;
use crate::hub::{Batch, Hub};
use crate::reply::Reply;

/// A client whose address has an allowance for reading older messages.
#[derive(Clone, Debug)]
pub(crate) struct Reader(Box<IpAddr>);

impl Reader {
    /// The reader of this address. `None` if reading is not limited, or the request does not ask for older
    /// messages. An error if nothing is left of the allowance.
    pub(crate) fn of(
        hub: &Hub,
        address: impl FnOnce() -> Option<IpAddr>,
        since: Since,
    ) -> Result<Option<Self>, Reply> {
        if !hub.replays.are_limited() || matches!(since, Since::Now) {
            return Ok(None);
        }
        let Some(address) = address() else {
            return Ok(None);
        };
        match hub.replays.wait(address, Instant::now()) {
            None => Ok(Some(Self(Box::new(address)))),
            Some(wait) => {
                hub.counters.refused(Limit::Replay);
                Err(Reply::too_much_replay(wait))
            }
        }
    }

    /// Charges the reader for this batch.
    pub(crate) fn take(&self, hub: &Hub, batch: &Batch) {
        let bytes: usize = batch
            .messages
            .iter()
            .map(|message| message.json_len())
            .sum();
        hub.replays.take(*self.0, bytes as u64, Instant::now());
    }

    /// How long it must wait, if it has used up its allowance.
    pub(crate) fn wait(&self, hub: &Hub) -> Option<Duration> {
        hub.replays.wait(*self.0, Instant::now())
    }
}
