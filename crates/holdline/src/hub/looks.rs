//! Looks into the logs, shared by the subscribers of one loop.
//!
//! Out of ten thousand subscribers of a channel nearly all stand at the same place, so the next messages are the
//! same for all of them. The first one looks under the hub's lock; the others use what it found, until something
//! [changes](Hub::lock_to_change).

use holdline_comet::Position;

use super::Hub;
use super::channels::{Id, Ids};
use super::loops::Waiter;
use super::place::Place;
use super::read::{Batch, Next, Read, Wanted, Withheld};
use super::state::State;

/// The looks of one loop during one turn.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    shared: Vec<Shared>,
    /// The number of [changes](Hub::changes) when these looks were taken.
    changes: u64,
    /// The result of a look that is not shared.
    own: Batch,
}

/// The next messages for all live subscribers of one channel at one place.
#[derive(Debug)]
struct Shared {
    id: Id,
    from: Position,
    is_behind: bool,
    wanted: Wanted,
    to: Position,
    batch: Batch,
    /// How many subscribers were given the batch but are not counted in the log as moved yet.
    moved: u32,
}

impl Looks {
    /// Returns the messages after the place of a [registered](Hub::register) subscriber, and moves it on. Returns
    /// nothing if the next message is not here yet; `waiter` is woken when it is.
    ///
    /// The subscriber becomes live once nothing is left to read. If a live subscriber is further behind than
    /// allowed, or what it needs is gone, it is moved to the end and told so.
    ///
    /// Call [`settle`](Self::settle) before unregistering one of these subscribers, and [`clear`](Self::clear) at
    /// the end of a turn.
    pub(crate) fn read(
        &mut self,
        hub: &Hub,
        place: &mut Place,
        wanted: Wanted,
        waiter: Option<Waiter>,
    ) -> &Batch {
        if let Some(index) = self.find(hub, place, wanted) {
            let shared = &mut self.shared[index];
            shared.moved += 1;
            place.position = shared.to.clone();
            place.is_behind = shared.batch.more;
            return &shared.batch;
        }
        self.look(hub, place, wanted, waiter)
    }

    fn find(&self, hub: &Hub, place: &Place, wanted: Wanted) -> Option<usize> {
        let Ids::One(id) = place.ids else {
            return None;
        };
        if !place.is_live || self.changes != hub.changes() {
            return None;
        }
        self.shared.iter().position(|shared| {
            shared.id == id
                && shared.from == place.position
                && shared.is_behind == place.is_behind
                && shared.wanted == wanted
        })
    }

    fn look(
        &mut self,
        hub: &Hub,
        place: &mut Place,
        wanted: Wanted,
        waiter: Option<Waiter>,
    ) -> &Batch {
        let mut state = hub.lock();
        // This subscriber may itself be one of those that moved.
        self.settle_in(&mut state);
        let before = (place.is_live, place.is_behind, place.position.clone());
        let older =
            waiter.and_then(|waiter| hub.look_at_older(&mut state, place, wanted, waiter, None));
        let read = match older {
            Some(read) => read,
            None => {
                let stops = state.gaps(place, None, hub.epoch());
                hub.look(&mut state, place, wanted, waiter, Next::Stays, stops)
            }
        };
        if self.changes != hub.changes() {
            self.shared.clear();
            self.changes = hub.changes();
        }
        drop(state);
        let batch = match read {
            Read::Batch(batch) => batch,
            Read::Later => Batch::default(),
            Read::Reading => Batch::withheld(Withheld::Reading),
            Read::Unreadable => Batch::withheld(Withheld::Unreadable),
        };
        match (place.ids.single(), before) {
            (Some(id), (true, is_behind, from)) if batch.lost.is_none() => {
                if self.shared.len() == MOST {
                    self.shared.remove(0);
                }
                self.shared.push(Shared {
                    id,
                    from,
                    is_behind,
                    wanted,
                    to: place.position.clone(),
                    batch,
                    moved: 0,
                });
                &self.shared[self.shared.len() - 1].batch
            }
            _ => {
                self.own = batch;
                &self.own
            }
        }
    }

    /// Updates the logs with the new places of all subscribers that were given something.
    pub(crate) fn settle(&mut self, hub: &Hub) {
        if self.shared.iter().any(|shared| shared.moved > 0) {
            self.settle_in(&mut hub.lock());
        }
    }

    fn settle_in(&mut self, state: &mut State) {
        for shared in &mut self.shared {
            let moved = std::mem::take(&mut shared.moved);
            if let Some(channel) = state.channels.get_mut(shared.id)
                && moved > 0
            {
                let (from, to) = (&shared.from, &shared.to);
                let (from, to) = (from.cursor().sequence(), to.cursor().sequence());
                channel.log.advance_all(from, to, moved);
                state.kept.file(shared.id, channel);
            }
        }
    }

    /// Settles, and lets go of all messages.
    pub(crate) fn clear(&mut self, hub: &Hub) {
        self.settle(hub);
        self.shared.clear();
        self.own = Batch::default();
    }
}

/// How many looks are kept: subscribers of one channel can differ in their wire form and in how far they are.
const MOST: usize = 8;
