//! Where a subscriber stands in the channels that it follows.

use std::sync::Arc;

use holdline_comet::{Cursor, Position, Since};

use crate::hub::{Batch, Hub, Place, Read, Waiter, Wanted};
use crate::message::{Wire, encode_json};
use crate::transport::Transport;

#[derive(Debug)]
pub(crate) struct Follower {
    channels: Arc<[Arc<str>]>,
    place: Place,
    transport: Transport,
    /// Its connection, which is woken for what is not here yet.
    waiter: Waiter,
}

impl Follower {
    /// `channels` must be registered with the hub already, so that nothing is missed.
    pub(crate) fn new(
        hub: &Hub,
        waiter: Waiter,
        channels: Arc<[Arc<str>]>,
        since: Since,
        transport: Transport,
    ) -> Self {
        let place = hub.place(&channels, since);
        Self {
            channels,
            place,
            transport,
            waiter,
        }
    }

    pub(crate) fn channels(&self) -> &Arc<[Arc<str>]> {
        &self.channels
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn position(&self) -> &Position {
        self.place.position()
    }

    pub(crate) fn transport(&self) -> Transport {
        self.transport
    }

    /// What comes next, without counting it; nothing, too, if it is not here yet.
    pub(super) fn read(&mut self, hub: &Hub, wanted: Wanted) -> Batch {
        let (place, waiter) = (&mut self.place, Some(self.waiter));
        match hub.read_on(place, wanted, waiter) {
            Read::Batch(batch) => batch,
            Read::Later => Batch::default(),
        }
    }

    /// What comes next in a stream whose messages are encoded so.
    pub(super) fn next(&mut self, hub: &Hub, wire: Wire) -> Batch {
        let budget = STREAM_BUDGET;
        let batch = self.read(hub, Wanted { budget, wire });
        self.count(hub, &batch);
        batch
    }

    /// It is given these.
    pub(super) fn count(&self, hub: &Hub, batch: &Batch) {
        let lost = batch.lost.is_some();
        hub.counters
            .delivered(self.transport, batch.messages.len(), lost);
    }

    /// The server's own message about these channels.
    pub(super) fn own_json(&self, event: &str, cursor: Cursor) -> String {
        let channels: Vec<&str> = self.channels.iter().map(AsRef::as_ref).collect();
        let json = encode_json(cursor, &channels.join(","), Some(event), "");
        String::from_utf8(json).unwrap_or_default()
    }
}

/// Bytes of JSON, about, that are written to a stream in one go.
const STREAM_BUDGET: usize = 32 * 1024;
