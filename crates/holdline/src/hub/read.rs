//! What a subscriber is given.

use std::sync::{Arc, MutexGuard};

use holdline_comet::{Cursor, Position, Reader, Since};
use holdline_net::Progress;

use super::Hub;
use super::loops::Waiter;
use super::state::State;
use crate::message::Message;

/// The answer of [`Hub::read`].
#[derive(Debug)]
#[must_use]
pub(crate) enum Read {
    /// What there is, which may be nothing.
    Batch(Batch),
    /// It is not here yet. The connection is woken when it is.
    Later,
}

/// Messages for one subscriber.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Something before the messages is lost; the cursor from which they go on.
    pub(crate) lost: Option<Cursor>,
    pub(crate) messages: Vec<Arc<Message>>,
    /// There are more.
    pub(crate) more: bool,
}

impl Batch {
    /// What [`Handler::ready`](holdline_net::Handler::ready) says after writing it.
    pub(crate) fn progress(&self) -> Progress {
        if self.more {
            Progress::More
        } else {
            Progress::Idle
        }
    }
}

impl Hub {
    /// Where a subscriber that asks for `since` stands.
    pub(crate) fn position(&self, names: &[Arc<str>], since: Since) -> Position {
        let state = self.lock();
        self.with_reader(&state, names, |reader| reader.position(since))
    }

    /// What comes after `position`, at most about `budget` bytes of it as JSON, and moves the position.
    ///
    /// With `limited_lag`, a subscriber that is further behind than it may be is moved to the end
    /// and told so. `waiter` is woken after [`Read::Later`].
    pub(crate) fn read(
        &self,
        names: &[Arc<str>],
        position: &mut Position,
        budget: usize,
        limited_lag: bool,
        waiter: Option<Waiter>,
    ) -> Read {
        let mut state = self.lock();
        let read = self.with_reader(&state, names, |reader| {
            if reader.is_ahead(position) {
                return Read::Later;
            }
            Read::Batch(if limited_lag && reader.lag(position) > self.limits.lag {
                Batch {
                    lost: Some(reader.skip(position)),
                    ..Batch::default()
                }
            } else {
                take(reader, position, budget)
            })
        });
        if let (Read::Later, Some(waiter)) = (&read, waiter) {
            let number = position.cursor().sequence();
            state.loops.wait(number, waiter);
        }
        read
    }

    /// Forgets what [`read`](Self::read) has put down for a connection that is gone or answered.
    pub(crate) fn stop_waiting(&self, position: &Position, waiter: Waiter) {
        let number = position.cursor().sequence();
        self.lock().loops.stop_waiting(number, waiter);
    }

    /// How many connections wait for a number.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.lock().loops.waiting()
    }

    fn with_reader<T>(
        &self,
        state: &MutexGuard<'_, State>,
        names: &[Arc<str>],
        read: impl FnOnce(Reader<'_, Arc<Message>>) -> T,
    ) -> T {
        let read =
            |logs: &[_]| read(Reader::new(self.epoch, state.head, logs).with_given(state.given));
        // One channel is the usual case, and this is done for each message and subscriber: there is no
        // list of one.
        match names {
            [name] => read(&[state.log(name)]),
            names => read(&names.iter().map(|name| state.log(name)).collect::<Vec<_>>()),
        }
    }
}

/// Takes messages until they are about `budget` bytes of JSON.
fn take(reader: Reader<'_, Arc<Message>>, position: &mut Position, budget: usize) -> Batch {
    let mut reading = reader.read(position);
    // Most readers get one.
    let mut messages = Vec::with_capacity(usize::from(reading.has_more()));
    let mut size = 0;
    while size < budget
        && let Some((_, _, message)) = reading.next()
    {
        size += message.json_len();
        messages.push(Arc::clone(message));
    }
    Batch {
        lost: reading.lost,
        messages,
        more: reading.has_more(),
    }
}
