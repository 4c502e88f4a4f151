//! History that memory does not have any more, and that a journal reads from the disk or a broker.
//!
//! A subscriber that needs it places an [order](Order). Somebody else fills it, without any lock of the hub, and
//! wakes the subscriber, which takes the [piece](Piece) and orders the next one when it has room for it. So a slow client costs
//! nothing, and a client has no more than one piece at a time. If it leaves, its order or its piece is forgotten.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use holdline_comet::{Cursor, Log, LogLimits};

use super::loops::Waiter;
use crate::message::Message;

/// What a journal knows of the messages of a channel that it has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    /// Up to which number they are gone.
    pub(crate) gone: u64,
    /// The first one that is there.
    pub(crate) first: Option<u64>,
}

/// Tells the marks of channels, at once.
pub(crate) trait Marks: fmt::Debug + Send + Sync {
    fn mark(&self, channel: &str) -> Mark;
}

/// What a subscriber needs.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// Its number, which it gets when it is placed.
    pub(super) ticket: u64,
    pub(super) waiter: Waiter,
    pub(super) place: Cursor,
    /// Of the life in which it was placed. A piece is of no use in another one.
    pub(crate) epoch: u64,
    /// The names of its channels.
    pub(crate) channels: Vec<Arc<str>>,
    /// It has everything up to this number.
    pub(crate) after: u64,
    /// From the number after this one on, memory has all of it.
    pub(crate) until: u64,
    /// The number of the newest message that was shown when it was placed.
    pub(super) head: u64,
    pub(crate) placed: Instant,
    /// About how many bytes it takes at a time.
    pub(crate) budget: usize,
}

impl Order {
    /// The cursor after this message.
    pub(crate) fn cursor(&self, number: u64) -> Cursor {
        Cursor::new(self.epoch, number)
    }
}

/// Messages that were read for an order.
#[derive(Debug)]
pub(crate) struct Piece {
    /// One for each channel of the order. Memory may have messages that are gone here: read it with
    /// [those](Self::with_memory).
    pub(crate) logs: Vec<Log<Arc<Message>>>,
    /// All messages of these channels up to this number are here or gone.
    pub(crate) to: u64,
    /// About how much memory it takes.
    pub(crate) bytes: usize,
}

impl Piece {
    /// The same with what memory has in its place. `memory` are the logs of the same channels, and `forgotten` says up to
    /// which number each has forgotten its messages. The archive may have less of a channel than memory: it does not know of
    /// the resume window, nor who is behind. So it counts only for what memory has forgotten.
    pub(super) fn with_memory(
        self,
        memory: &[&Log<Arc<Message>>],
        forgotten: &[u64],
        after: u64,
        budget: usize,
    ) -> Self {
        let channels = || memory.iter().zip(forgotten);
        // No more than what one batch can take: the next piece begins there.
        let ends = channels().filter_map(|(log, forgotten)| {
            let mut size = 0;
            let mut entries = log.after(after.max(*forgotten));
            let end = entries.find(|(_, message)| {
                size += message.json_len();
                size >= budget
            });
            end.map(|(number, _)| number)
        });
        let to = ends.min().map_or(self.to, |end| end.min(self.to));
        let logs = self.logs.iter().zip(channels());
        let logs = logs.map(|(piece, (log, &forgotten))| {
            let gone = piece.evicted_through().min(forgotten);
            let older = piece.after(gone).take_while(|entry| entry.0 <= forgotten);
            let newer = log.after(after.max(forgotten));
            let both = older.chain(newer).take_while(|entry| entry.0 <= to);
            let mut whole = empty_log(gone);
            for (number, message) in both {
                let message = Arc::clone(message);
                if let Err(error) = whole.push(number, message.size(), Duration::ZERO, message) {
                    tracing::error!(%error, "a piece of the history is not in order");
                }
            }
            whole
        });
        let logs = logs.collect();
        Self { logs, to, ..self }
    }
}

/// For messages that are not there for long. Those up to `gone` are not there.
pub(crate) fn empty_log(gone: u64) -> Log<Arc<Message>> {
    let mut limits = LogLimits::default();
    limits.max_messages = usize::MAX;
    limits.max_bytes = usize::MAX;
    Log::with_evicted_through(limits, gone)
}

/// The history could not be read. Why is in the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Unreadable;

/// What became of an order.
#[derive(Debug)]
pub(super) enum Taken {
    /// There is none of this place.
    None,
    /// The subscriber is woken when it is filled.
    Ordered,
    Piece(Order, Piece),
    Failed,
}

/// Orders and pieces.
#[derive(Debug)]
pub(crate) struct Archive {
    marks: Box<dyn Marks>,
    state: Mutex<State>,
    /// There may be something to do.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    last_ticket: u64,
    /// To be filled, in the order in which they came.
    orders: BTreeMap<u64, Order>,
    slips: HashMap<Waiter, Slip>,
    /// Bytes of pieces that nobody has taken yet.
    bytes: usize,
    is_closed: bool,
}

/// What a subscriber has ordered.
#[derive(Debug)]
struct Slip {
    ticket: u64,
    place: Cursor,
    filled: Option<(Order, Result<Piece, Unreadable>)>,
}

impl Slip {
    fn bytes(&self) -> usize {
        let filled = self.filled.as_ref();
        filled.map_or(0, |(_, filled)| {
            filled.as_ref().map_or(0, |piece| piece.bytes)
        })
    }
}

impl Archive {
    pub(super) fn new(marks: Box<dyn Marks>) -> Self {
        Self {
            marks,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    pub(super) fn mark(&self, channel: &str) -> Mark {
        self.marks.mark(channel)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent between any two statements that can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For subscribers.
impl Archive {
    /// Takes what was read for a subscriber at this place.
    pub(super) fn take(&self, waiter: Waiter, place: Cursor) -> Taken {
        let mut state = self.lock();
        match state.slips.get(&waiter) {
            None => return Taken::None,
            Some(slip) if slip.place == place && slip.filled.is_none() => return Taken::Ordered,
            Some(_) => {}
        }
        let Some(slip) = state.remove(waiter).filter(|slip| slip.place == place) else {
            return Taken::None;
        };
        drop(state);
        self.changed.notify_all();
        match slip.filled {
            Some((order, Ok(piece))) => Taken::Piece(order, piece),
            Some((_, Err(Unreadable))) => Taken::Failed,
            None => Taken::None,
        }
    }

    /// Places an order. If the subscriber had another one, that is forgotten.
    pub(super) fn order(&self, mut order: Order) {
        let waiter = order.waiter;
        let mut state = self.lock();
        state.remove(waiter);
        state.last_ticket += 1;
        let ticket = state.last_ticket;
        order.ticket = ticket;
        let slip = Slip {
            ticket,
            place: order.place,
            filled: None,
        };
        state.slips.insert(waiter, slip);
        state.orders.insert(ticket, order);
        drop(state);
        self.changed.notify_all();
    }

    /// The subscriber is gone, or was answered.
    pub(super) fn forget(&self, waiter: Waiter) {
        if self.lock().remove(waiter).is_some() {
            self.changed.notify_all();
        }
    }

    /// How many orders and pieces there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let state = self.lock();
        assert!(state.orders.len() <= state.slips.len());
        if state.slips.is_empty() {
            assert_eq!(state.bytes, 0);
        }
        state.slips.len()
    }
}

/// For the one that fills orders.
impl Archive {
    /// Waits for an order, and for room for what it brings. `None` once nothing is read any more.
    pub(crate) fn next(&self) -> Option<Order> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if state.bytes < MOST_BYTES
                && let Some((_, order)) = state.orders.pop_first()
            {
                return Some(order);
            }
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether somebody still waits for it.
    pub(crate) fn is_wanted(&self, order: &Order) -> bool {
        let state = self.lock();
        let slip = state.slips.get(&order.waiter);
        !state.is_closed && slip.is_some_and(|slip| slip.ticket == order.ticket)
    }

    /// An order is filled. Returns whom to wake, if somebody still waits for it.
    pub(crate) fn fill(&self, order: Order, piece: Result<Piece, Unreadable>) -> Option<Waiter> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let waiter = order.waiter;
        let slip = state.slips.get_mut(&waiter)?;
        if slip.ticket != order.ticket {
            return None;
        }
        slip.filled = Some((order, piece));
        state.bytes += slip.bytes();
        Some(waiter)
    }

    /// Nothing is read any more.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }
}

impl State {
    fn remove(&mut self, waiter: Waiter) -> Option<Slip> {
        let slip = self.slips.remove(&waiter)?;
        self.orders.remove(&slip.ticket);
        self.bytes -= slip.bytes();
        Some(slip)
    }
}

/// So much is read before somebody takes it.
const MOST_BYTES: usize = 4 << 20;
