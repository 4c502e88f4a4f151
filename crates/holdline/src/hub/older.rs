//! Reading what memory has forgotten and the [archive](super::archive) has.
//!
//! A subscriber goes there if its next message is not in the logs, and comes back when it is. One that has caught up once
//! does not: what it needs is kept for it in memory, or it is told that it is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use holdline_comet::{Log, LogLimits, Position, Reader, Since};

use super::Hub;
use super::archive::{Archive, Mark, Marks, Order, Taken};
use super::channels::Ids;
use super::gaps::Stops;
use super::loops::Waiter;
use super::place::Place;
use super::read::{Batch, Moment, Read, Wanted};
use super::state::State;
use crate::counters::Loss;
use crate::message::Message;

impl Hub {
    /// From now on, what memory has forgotten is ordered there.
    pub(crate) fn open_archive(&self, marks: Box<dyn Marks>) -> Arc<Archive> {
        let archive = self.archive.get_or_init(|| Arc::new(Archive::new(marks)));
        Arc::clone(archive)
    }

    /// Where channels begin in the archive, for a subscriber that asks for all there is.
    pub(super) fn marks(&self, names: &[Arc<str>], since: Since) -> Option<Vec<Mark>> {
        let archive = self.archive.get()?;
        let marks = || names.iter().map(|name| archive.mark(name)).collect();
        matches!(since, Since::Earliest).then(marks)
    }

    /// One look into the archive, under the hub's lock. `None` if the next message is in the logs, or still to come.
    /// `names` are those of channels that need not be known; otherwise `place` has them.
    pub(super) fn look_at_older(
        &self,
        state: &mut State,
        place: &mut Place,
        wanted: Wanted,
        waiter: Waiter,
        names: Option<&[Arc<str>]>,
    ) -> Option<Read> {
        let archive = self.archive.get()?;
        if place.is_live {
            return None;
        }
        let moment = state.moment(self.epoch());
        // Each turn takes a piece that has nothing for it, and the archive gives it one only after an order.
        loop {
            let cursor = place.position.cursor();
            let logs = state.logs(&place.ids);
            let gap = moment.gap(&logs, &place.position)?;
            if gap.is_nowhere(archive, names, || state.names(&place.ids)) {
                archive.forget(waiter);
                return None;
            }
            match archive.take(waiter, cursor) {
                Taken::Ordered => return Some(Read::Reading),
                Taken::Failed => return Some(Read::Unreadable),
                Taken::Piece(order, piece)
                    if order.epoch == moment.epoch && !state.deletions.concern(&order) =>
                {
                    let deleted = gap.after > 0 && state.has_deleted(&place.ids, gap.after);
                    let piece = piece.with_memory(&logs, &gap.forgotten, gap.after, wanted.budget);
                    let logs: Vec<_> = piece.logs.iter().collect();
                    let reader = Reader::new(moment.epoch, piece.to, &logs);
                    let reader = reader.with_given(moment.given.max(moment.head));
                    // What is not in this piece may still come before the gap.
                    let stops = state.gaps(place, names, moment.epoch).up_to(piece.to);
                    let batch = take(reader, &mut place.position, wanted.budget, deleted, stops);
                    if batch.lost.is_some() || !batch.messages.is_empty() {
                        return Some(Read::Batch(batch));
                    }
                }
                Taken::None | Taken::Piece(..) => {
                    let channels = names.map_or_else(|| state.names(&place.ids), <[_]>::to_vec);
                    archive.order(Order {
                        ticket: 0,
                        waiter,
                        place: cursor,
                        epoch: moment.epoch,
                        channels,
                        after: gap.after,
                        until: gap.until,
                        head: moment.head,
                        placed: Instant::now(),
                        budget: wanted.budget,
                    });
                    return Some(Read::Reading);
                }
            }
        }
    }

    /// An order is filled: its subscriber is to look again.
    pub(crate) fn wake_reader(&self, waiter: Waiter) {
        self.wake_now(waiter);
    }
}

/// Takes about so many bytes of a piece. What is left is read again, and then there is the rest in memory.
fn take(
    reader: Reader<'_, Arc<Message>>,
    position: &mut Position,
    budget: usize,
    deleted: bool,
    mut stops: Stops,
) -> Batch {
    stops.pass(&reader, position);
    let mut reading = reader.read(position);
    stops.begin(&reading);
    let (mut messages, mut size, mut took) = (Vec::new(), 0, None);
    while size < budget
        && stops.allow(&reading)
        && let Some((_, number, message)) = reading.next()
    {
        took = Some(number);
        size += message.json_len();
        messages.push(Arc::clone(message));
    }
    let lost = reading.lost;
    stops.end(took, position);
    Batch {
        lost: lost.or(stops.passed),
        loss: match (lost, deleted) {
            (None, _) => Loss::Feed,
            (Some(_), true) => Loss::Deleted,
            (Some(_), false) => Loss::Gone,
        },
        messages,
        more: true,
        withheld: None,
    }
}

/// What the logs of a subscriber do not have.
#[derive(Debug)]
struct Gap {
    after: u64,
    until: u64,
    /// For each log, up to where it has forgotten its messages.
    forgotten: Vec<u64>,
}

impl Gap {
    /// Whether the archive has nothing of it either. Then memory tells the loss, together with what comes after it.
    fn is_nowhere(
        &self,
        archive: &Archive,
        names: Option<&[Arc<str>]>,
        known: impl FnOnce() -> Vec<Arc<str>>,
    ) -> bool {
        let names = names.map_or_else(known, <[_]>::to_vec);
        let mut channels = names.iter().zip(&self.forgotten);
        channels.all(|(name, forgotten)| archive.mark(name).gone >= *forgotten)
    }
}

impl Moment {
    /// What is missing after this position, if anything is.
    fn gap(self, logs: &[&Log<Arc<Message>>], position: &Position) -> Option<Gap> {
        let reader = self.reader(logs);
        if !reader.has_lost(position) || reader.is_ahead(position) {
            return None;
        }
        let cursor = position.cursor();
        let is_known =
            cursor.epoch() == self.epoch && cursor.sequence() <= self.given.max(self.head);
        // A cursor that says nothing is as good as asking for all there is, which is not what only lingers.
        let forgotten = logs.iter().map(|log| match is_known {
            true => log.evicted_through(),
            false => log.earliest(),
        });
        let forgotten: Vec<_> = forgotten.collect();
        let until = forgotten.iter().copied().max().unwrap_or(0);
        let until = until.min(self.head);
        (until > 0).then_some(Gap {
            after: if is_known { cursor.sequence() } else { 0 },
            until,
            forgotten,
        })
    }

    /// Before the first message that is in the archive or retained in memory.
    pub(super) fn earliest(self, logs: &[&Log<Arc<Message>>], marks: &[Mark]) -> Position {
        let begins = logs.iter().zip(marks).map(|(log, mark)| {
            let gone = mark.gone.min(log.earliest());
            let here = log.after(gone).next().map(|(number, _)| number);
            // What is not shown yet is of no concern.
            let there = mark
                .first
                .filter(|first| (gone + 1..=self.head).contains(first));
            let mut begin = Log::with_evicted_through(LogLimits::default(), gone);
            if let Some(first) = here.into_iter().chain(there).min()
                && let Err(error) = begin.push(first, 0, Duration::ZERO, ())
            {
                tracing::error!(%error, "the history begins before its beginning");
            }
            begin
        });
        let begins: Vec<_> = begins.collect();
        let begins: Vec<_> = begins.iter().collect();
        Reader::new(self.epoch, self.head, &begins).position(Since::Earliest)
    }
}

impl State {
    /// The names of channels that are known.
    pub(super) fn names(&self, ids: &Ids) -> Vec<Arc<str>> {
        let channels = ids
            .as_slice()
            .iter()
            .filter_map(|&id| self.channels.get(id));
        channels.map(|channel| Arc::clone(&channel.name)).collect()
    }

    fn has_deleted(&self, ids: &Ids, after: u64) -> bool {
        let mut channels = ids
            .as_slice()
            .iter()
            .filter_map(|&id| self.channels.get(id));
        channels.any(|channel| channel.deleted > after)
    }
}
