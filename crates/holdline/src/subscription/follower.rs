//! The place of a subscriber in the channels that it follows.

use std::sync::Arc;

use holdline_comet::{Cursor, Position};

use crate::hub::{Batch, Hub, Looks, Place, Waiter, Wanted};
use crate::message::{Wire, encode_json};
use crate::reader::Reader;
use crate::transport::{SubscribeRequest, Transport};

/// The names of its channels are in the hub.
#[derive(Debug)]
pub(crate) struct Follower {
    place: Place,
    transport: Transport,
    /// The reader whose allowance it uses until it is live.
    reader: Option<Reader>,
    /// Its connection, which is woken when the next message arrives.
    waiter: Waiter,
    given: Given,
}

/// What a subscriber has received so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given {
    pub(crate) messages: u32,
    /// How often it was told that messages were lost.
    pub(crate) lost: u32,
}

impl Follower {
    /// `channels` must already be registered with the hub, so that nothing is missed.
    pub(crate) fn new(
        hub: &Hub,
        waiter: Waiter,
        channels: &[Arc<str>],
        request: &SubscribeRequest<'_>,
    ) -> Self {
        let place = hub.place(channels, request.since);
        let transport = request.transport;
        Self {
            reader: request.reader.clone(),
            place,
            transport,
            waiter,
            given: Given::default(),
        }
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

    pub(crate) fn given(&self) -> Given {
        self.given
    }

    /// The next messages, without counting them. Nothing if they are not here yet.
    pub(super) fn read<'l>(
        &mut self,
        hub: &Hub,
        looks: &'l mut Looks,
        wanted: Wanted,
    ) -> &'l Batch {
        let batch = looks.read(hub, &mut self.place, wanted, Some(self.waiter));
        if let Some(reader) = &self.reader {
            reader.take(hub, batch);
            if self.place.is_live() {
                self.reader = None;
            }
        }
        batch
    }

    /// Whether it reads older messages, and must wait until it may read more.
    pub(super) fn must_wait(&self, hub: &Hub) -> bool {
        let reader = self.reader.as_ref();
        reader.is_some_and(|reader| reader.must_wait(hub))
    }

    /// The next messages for a stream that uses this form.
    pub(super) fn next<'l>(&mut self, hub: &Hub, looks: &'l mut Looks, wire: Wire) -> &'l Batch {
        let budget = STREAM_BUDGET;
        let batch = self.read(hub, looks, Wanted { budget, wire });
        self.count(hub, batch);
        batch
    }

    /// Counts these messages as delivered.
    pub(super) fn count(&mut self, hub: &Hub, batch: &Batch) {
        let (key, count) = (self.waiter.key, batch.messages.len());
        hub.counters
            .delivered(key.index(), self.transport, count, batch.loss());
        self.given.messages = self.given.messages.saturating_add(count as u32);
        let lost = u32::from(batch.lost.is_some());
        self.given.lost = self.given.lost.saturating_add(lost);
    }

    /// One of the server's own messages about these channels.
    pub(super) fn own_json(&self, hub: &Hub, event: &str, cursor: Cursor) -> String {
        let channels = hub.names(&self.place);
        let json = encode_json(cursor, &channels.join(","), Some(event), "");
        String::from_utf8(json).unwrap_or_default()
    }
}

/// Roughly how many bytes of JSON are written to a stream at a time.
const STREAM_BUDGET: usize = 32 * 1024;
