//! The place of a subscriber in the channels that it follows.

use std::sync::Arc;
use std::time::Duration;

use holdline_comet::{Cursor, Position};

use crate::hub::{Batch, Guest, Hub, Looks, MemberNews, Place, Told, Waiter, Wanted};
use crate::message::Wire;
use crate::own::{own_json, told_json};
use crate::reader::Reader;
use crate::transport::{SubscribeRequest, Transport};

/// The names of its channels are in the hub.
#[derive(Debug)]
pub(crate) struct Follower {
    place: Place,
    transport: Transport,
    /// What few subscribers have. In a box, so that the others need no memory for it.
    aside: Option<Box<Aside>>,
    /// Its connection, which is woken when the next message arrives.
    waiter: Waiter,
    given: Given,
}

#[derive(Debug)]
struct Aside {
    /// The reader whose allowance it uses until it is live.
    reader: Option<Reader>,
    guest: Option<Guest>,
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
        channels: &Arc<[Arc<str>]>,
        request: &SubscribeRequest<'_>,
    ) -> Self {
        let place = hub.place(channels, request.since);
        let transport = request.transport;
        let reader = request.reader.clone();
        let introduction = &request.introduction;
        let guest = hub.members.enter(channels, introduction, waiter, hub.now());
        let some = reader.is_some() || guest.is_some();
        Self {
            aside: some.then(|| Box::new(Aside { reader, guest })),
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
        if let Some(aside) = &mut self.aside
            && let Some(reader) = &aside.reader
        {
            reader.take(hub, batch);
            if self.place.is_live() {
                aside.reader = None;
                if aside.guest.is_none() {
                    self.aside = None;
                }
            }
        }
        batch
    }

    /// What to tell it about members: about `budget` bytes at a time.
    pub(super) fn member_news(&mut self, hub: &Hub, budget: usize) -> MemberNews {
        let guest = self.guest_mut();
        match guest.and_then(Guest::watching) {
            Some((channels, watch)) => hub.members.news(channels, watch, budget),
            None => MemberNews::default(),
        }
    }

    /// For its next poll: what it was told about members. `None` if it does not watch.
    pub(super) fn presence_token(&self, hub: &Hub) -> Option<String> {
        let guest = self.aside.as_ref()?.guest.as_ref()?;
        Some(hub.members.token(guest.watch.as_ref()?))
    }

    /// Has its name leave, if it has one. To be called when it is gone.
    pub(crate) fn leave(&self, hub: &Hub) {
        if let Some(aside) = &self.aside
            && let Some(guest) = &aside.guest
        {
            hub.members.leave(guest, self.waiter, hub.now());
        }
    }

    fn guest_mut(&mut self) -> Option<&mut Guest> {
        self.aside.as_mut()?.guest.as_mut()
    }

    /// If it reads older messages, how long it must wait until it may read more.
    pub(super) fn wait(&self, hub: &Hub) -> Option<Duration> {
        self.aside.as_ref()?.reader.as_ref()?.wait(hub)
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
        own_json(cursor, &channels.join(","), event, "")
    }

    /// What it is told about members, as JSON, with its own cursor as `id`: a client may resume from there.
    pub(super) fn told_json(&self, told: &Told) -> String {
        told_json(self.position().cursor(), told)
    }
}

/// Roughly how many bytes of JSON are written to a stream at a time.
pub(super) const STREAM_BUDGET: usize = 32 * 1024;
