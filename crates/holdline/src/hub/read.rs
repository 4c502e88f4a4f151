//! Reading: which messages a subscriber gets next.

use std::sync::{Arc, PoisonError};

use holdline_comet::{Cursor, Log, Position, Reader, Since};
use holdline_net::Progress;

use super::Hub;
use super::channel::Channel;
use super::channels::{Id, Ids};
use super::gaps::Stops;
use super::kept::Kept;
use super::loops::Waiter;
use super::place::Place;
use super::state::State;
use crate::counters::Loss;
use crate::message::{Message, Wire};

/// The result of [`Hub::read`].
#[derive(Debug)]
#[must_use]
pub(crate) enum Read {
    /// The messages there are, perhaps none.
    Batch(Batch),
    /// The next message is not here yet. The connection is woken when it is.
    Later,
    /// The next messages are being read from the archive. The connection is woken when they are here.
    Reading,
    /// The next messages are in the archive, which cannot be read at the moment.
    Unreadable,
}

/// Messages for one subscriber.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Set if messages before these are lost: the cursor from which they continue.
    pub(crate) lost: Option<Cursor>,
    /// Why they are lost, if any are.
    pub(crate) loss: Loss,
    pub(crate) messages: Vec<Arc<Message>>,
    /// There is more to read.
    pub(crate) more: bool,
    /// Why there is nothing, if it is in the archive.
    pub(crate) withheld: Option<Withheld>,
}

/// Why messages that are in the archive are not here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Withheld {
    /// They are being read. The connection is woken when they are here.
    Reading,
    /// The archive cannot be read at the moment.
    Unreadable,
}

impl Batch {
    pub(super) fn withheld(why: Withheld) -> Self {
        let withheld = Some(why);
        Self {
            withheld,
            ..Self::default()
        }
    }

    /// Why messages are lost, if any are.
    pub(crate) fn loss(&self) -> Option<Loss> {
        self.lost.map(|_| self.loss)
    }

    /// What [`Handler::ready`](holdline_net::Handler::ready) returns after this batch is written.
    pub(crate) fn progress(&self) -> Progress {
        if self.more {
            Progress::More
        } else {
            Progress::Idle
        }
    }
}

/// What a subscriber wants in one batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Wanted {
    /// Roughly the maximum number of bytes, counted as JSON. At least one message is always returned.
    pub(crate) budget: usize,
    pub(crate) wire: Wire,
}

impl Hub {
    /// The position of a subscriber that asks for `since`.
    pub(crate) fn position(&self, names: &[Arc<str>], since: Since) -> Position {
        self.place(names, since).position
    }

    /// The same for a subscriber that is [registered](Self::register) for these channels.
    pub(crate) fn place(&self, names: &[Arc<str>], since: Since) -> Place {
        let marks = self.marks(names, since);
        let since = self.judge(since);
        let mut state = self.lock();
        let ids = state.channels.ids(names);
        state.ask(self.epoch(), since);
        let (moment, logs) = (state.moment(self.epoch()), state.logs(&ids));
        let position = match marks {
            Some(marks) => moment.earliest(&logs, &marks),
            None => moment.reader(&logs).position(since),
        };
        Place::new(ids, position)
    }

    /// A good cursor of an older life is one of the current life from here on.
    fn judge(&self, since: Since) -> Since {
        match since {
            Since::Cursor(cursor) => {
                let lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
                Since::Cursor(lives.judge(cursor))
            }
            Since::Now | Since::Earliest => since,
        }
    }

    /// Reads what comes after `position`, for one answer, and moves the position. After [`Read::Later`] and
    /// [`Read::Reading`], `waiter` is woken.
    pub(crate) fn read(
        &self,
        names: &[Arc<str>],
        position: &mut Position,
        wanted: Wanted,
        waiter: Option<Waiter>,
    ) -> Read {
        let mut state = self.lock();
        let mut place = Place::new(state.channels.ids(names), position.clone());
        let older = waiter.and_then(|waiter| {
            self.look_at_older(&mut state, &mut place, wanted, waiter, Some(names))
        });
        let read = match older {
            Some(read) => read,
            None => {
                let stops = state.gaps(&place, Some(names), self.epoch());
                self.look(&mut state, &mut place, wanted, waiter, Next::None, stops)
            }
        };
        *position = place.position;
        read
    }

    /// Removes the `waiter` that [`read`](Self::read) registered, because its connection is gone or answered.
    pub(crate) fn stop_waiting(&self, position: &Position, waiter: Waiter) {
        if let Some(archive) = self.archive.get() {
            archive.forget(waiter);
        }
        let number = position.cursor().sequence();
        self.lock().loops.stop_waiting(number, waiter);
    }

    /// How many connections are waiting for a number.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.lock().loops.waiting()
    }

    /// One look into the logs of a subscriber's channels, under the lock.
    pub(super) fn look(
        &self,
        state: &mut State,
        place: &mut Place,
        wanted: Wanted,
        waiter: Option<Waiter>,
        next: Next,
        stops: Stops,
    ) -> Read {
        let mut look = Look {
            max_lag: self.limits.log.max_lag,
            wanted,
            next,
            deleted: false,
            squeezed: false,
            broken: false,
            stops,
            charges: Vec::new(),
        };
        let epoch = self.epoch();
        let moment = state.moment(epoch);
        let from = place.position.cursor();
        look.broken = from.epoch() != epoch || from.sequence() < state.broken;
        let has_lost_to =
            |channel: &Channel| from.epoch() == epoch && channel.deleted > from.sequence();
        let was_squeezed = |channel: &Channel| channel.squeezed > from.sequence();
        let read;
        // The fast path for one channel: this runs for each message and subscriber.
        if let Ids::One(id) = place.ids
            && let Some(channel) = state.channels.get_mut(id)
        {
            look.deleted = has_lost_to(channel);
            look.squeezed = was_squeezed(channel);
            read = look.read(moment.reader(&[&channel.log]), place);
            look.settle(0, id, channel, &mut state.kept);
        } else {
            let channels = place.ids.as_slice().iter();
            for channel in channels.filter_map(|&id| state.channels.get(id)) {
                look.deleted |= has_lost_to(channel);
                look.squeezed |= was_squeezed(channel);
            }
            read = look.read(moment.reader(&state.logs(&place.ids)), place);
            for (index, &id) in place.ids.as_slice().iter().enumerate() {
                if let Some(channel) = state.channels.get_mut(id) {
                    look.settle(index, id, channel, &mut state.kept);
                }
            }
        }
        if !look.charges.is_empty() {
            self.changed();
            state.shrink(&self.limits);
        }
        if let (Read::Later, Some(waiter)) = (&read, waiter) {
            state.loops.wait(place.sequence(), waiter);
        }
        read
    }
}

impl State {
    /// The logs of these channels, known or not.
    pub(super) fn logs(&self, ids: &Ids) -> Vec<&Log<Arc<Message>>> {
        let channels = ids.as_slice().iter().map(|&id| self.channels.get(id));
        let logs = channels.map(|channel| channel.map_or(&self.unknown, |channel| &channel.log));
        logs.collect()
    }

    /// The gaps that a subscriber comes to. `names` are those of its channels, if these need not be known.
    #[inline]
    pub(super) fn gaps(&self, place: &Place, names: Option<&[Arc<str>]>, epoch: u64) -> Stops {
        let from = place.position.cursor();
        // The fast path for servers without gaps: this runs for each look.
        if self.gaps.newest <= from.sequence() || from.epoch() != epoch {
            return Stops::default();
        }
        let gap = |(index, &id)| match self.channels.get(id) {
            Some(channel) => channel.gap,
            None => names
                .and_then(|names| names.get(index))
                .map_or(0, |name: &Arc<str>| self.gaps.of(name)),
        };
        let gaps = place.ids.as_slice().iter().enumerate().map(gap);
        Stops::new(gaps.filter(|gap| *gap > from.sequence()).collect())
    }

    pub(super) fn moment(&self, epoch: u64) -> Moment {
        Moment {
            epoch,
            head: self.head,
            given: self.given.max(self.asked),
        }
    }
}

/// How far the shared sequence of all channels has got.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) epoch: u64,
    pub(super) head: u64,
    pub(super) given: u64,
}

impl Moment {
    pub(super) fn reader<'l>(self, logs: &'l [&'l Log<Arc<Message>>]) -> Reader<'l, Arc<Message>> {
        Reader::new(self.epoch, self.head, logs).with_given(self.given)
    }
}

/// How a look changes what the logs know about the subscriber.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// Nothing: it is not registered, or there was no answer.
    None,
    /// It is registered, and nothing changes.
    Stays,
    /// It becomes live.
    Joins,
    /// It was live, and has moved.
    Moves { from: u64, to: u64 },
}

/// One look into the logs for one subscriber.
#[derive(Debug)]
struct Look {
    max_lag: u64,
    wanted: Wanted,
    next: Next,
    /// Whether messages were deleted that the subscriber did not have.
    deleted: bool,
    /// Whether messages that the subscriber did not have were let go because there was too much to deliver.
    squeezed: bool,
    /// Whether the journal lost messages that the subscriber did not have, or perhaps did.
    broken: bool,
    /// The [gaps](super::gaps) that it comes to.
    stops: Stops,
    /// Forms that did not exist yet: for each the index of the log, the number of the message and the bytes to
    /// charge.
    charges: Vec<(usize, u64, u64)>,
}

impl Look {
    fn read(&mut self, reader: Reader<'_, Arc<Message>>, place: &mut Place) -> Read {
        if reader.is_ahead(&place.position) {
            return Read::Later;
        }
        let from = place.sequence();
        let position = &mut place.position;
        let is_slow = place.is_live && place.is_behind && reader.lag(position) > self.max_lag;
        let batch = match is_slow {
            true => skip(reader, position, Loss::Lag),
            false => self.take(reader, position, place.is_live),
        };
        if let Next::Stays = self.next {
            if place.is_live {
                let to = place.sequence();
                self.next = Next::Moves { from, to };
            } else if !batch.more {
                place.is_live = true;
                self.next = Next::Joins;
            }
            place.is_behind = batch.more;
        }
        Read::Batch(batch)
    }

    /// Takes messages until there are about as many bytes as wanted.
    fn take(
        &mut self,
        reader: Reader<'_, Arc<Message>>,
        position: &mut Position,
        is_live: bool,
    ) -> Batch {
        self.stops.pass(&reader, position);
        let mut reading = reader.read(position);
        self.stops.begin(&reading);
        // What was deleted is no reason to give up the rest, which may be of other channels.
        if is_live && reading.lost.is_some() && !self.deleted {
            let loss = match (self.broken, self.squeezed) {
                (true, _) => Loss::Gone,
                (false, true) => Loss::Room,
                // The log drops what a stream needs that is too far behind, perhaps before it reads again.
                (false, false) => Loss::Lag,
            };
            return skip(reader, position, loss);
        }
        // Most readers get exactly one message.
        let mut messages = Vec::with_capacity(usize::from(reading.has_more()));
        let (mut size, mut took) = (0, None);
        while size < self.wanted.budget
            && self.stops.allow(&reading)
            && let Some((log, number, message)) = reading.next()
        {
            took = Some(number);
            size += message.json_len();
            let charge = message.charge(self.wanted.wire);
            if charge > 0 {
                self.charges.push((log, number, charge));
            }
            messages.push(Arc::clone(message));
        }
        let (lost, more) = (reading.lost, reading.has_more());
        Batch {
            lost: lost.or(self.stops.passed),
            loss: match (lost, self.deleted) {
                (None, _) => Loss::Feed,
                (Some(_), true) => Loss::Deleted,
                (Some(_), false) => Loss::Gone,
            },
            messages,
            more: self.stops.end(took, position) || more,
            withheld: None,
        }
    }

    /// Applies the result to one of the logs.
    #[inline]
    fn settle(&self, index: usize, id: Id, channel: &mut Channel, kept: &mut Kept) {
        match self.next {
            Next::None | Next::Stays => {}
            Next::Joins => channel.log.join(),
            Next::Moves { from, to } => {
                channel.log.advance(from, to);
                kept.file(id, channel);
            }
        }
        if self.charges.iter().any(|charge| charge.0 == index) {
            kept.changing(id, channel, |channel| {
                for (_, number, bytes) in self.charges.iter().filter(|charge| charge.0 == index) {
                    channel.log.charge(*number, *bytes);
                }
            });
        }
    }
}

/// Moves a live subscriber that is too far behind to the end.
fn skip(reader: Reader<'_, Arc<Message>>, position: &mut Position, loss: Loss) -> Batch {
    Batch {
        lost: Some(reader.skip(position)),
        loss,
        ..Batch::default()
    }
}
