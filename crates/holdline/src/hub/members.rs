//! Members: subscribers that gave a name, and how others are told about them.
//!
//! A subscriber may give a name, and may ask to be told about members (it *watches*). A channel has a [room](room) while one
//! of its subscribers does either. All rooms share one lock, which is not the hub's; other subscribers never touch it.
//!
//! Members are told about at most once in every [`PAUSE`](limits::PAUSE): everything that happened in that time is one
//! change, with a number. For each subscriber that watches only the number of the last change that it was told is kept,
//! and no queue. If the changes after that one are still known, it is told those, and if not, the whole list. Each event is
//! encoded once, without the lock, by the first connection that sends it.
//!
//! With a broker a room also has the names that [other servers](others) have. A name is a member as long as any of
//! them has it.

mod cluster;
mod guest;
mod limits;
mod others;
mod room;
mod state;
mod told;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holdline_comet::Cursor;

pub(crate) use self::cluster::{Changes, RoomNews, Source};
pub(crate) use self::guest::{Guest, Introduction, Watch};
pub(crate) use self::limits::MemberLimits;
use self::state::State;
pub(crate) use self::told::{Listed, News, Told};
use super::loops::Waiter;

/// The members of all channels. `W` identifies a connection to wake.
#[derive(Debug)]
pub(crate) struct Members<W = Waiter> {
    epoch: u64,
    state: Mutex<State<W>>,
    /// The number of the last change.
    number: AtomicU64,
    /// When [`tick`](Self::tick) has work to do next, in milliseconds of the hub's clock.
    due: AtomicU64,
}

impl<W: Copy + Ord> Members<W> {
    pub(super) fn new(epoch: u64, limits: MemberLimits) -> Self {
        let state = State::new(limits);
        Self {
            epoch,
            number: AtomicU64::new(state.number()),
            state: Mutex::new(state),
            due: AtomicU64::new(u64::MAX),
        }
    }

    /// Adds a subscriber of these channels. `None` if it has no name and does not watch.
    pub(crate) fn enter(
        &self,
        channels: &Arc<[Arc<str>]>,
        introduction: &Introduction,
        waiter: W,
        now: Duration,
    ) -> Option<Guest> {
        if introduction.is_empty() {
            return None;
        }
        let mut guest = Guest::new(Arc::clone(channels), introduction);
        let mut state = self.lock();
        for (index, channel) in channels.iter().enumerate() {
            if let Some(name) = &introduction.name {
                guest.set_named(index, state.come(channel, name, now));
            }
            if guest.watch.is_some() {
                state.watch(channel, waiter);
            }
        }
        self.plan(&state);
        Some(guest)
    }

    /// Removes a subscriber. Its name stays for the linger time.
    pub(crate) fn leave(&self, guest: &Guest, waiter: W, now: Duration) {
        let mut state = self.lock();
        for (index, channel) in guest.channels.iter().enumerate() {
            if let Some(name) = &guest.name {
                match guest.is_named(index) {
                    true => state.go(channel, name, now),
                    false => state.go_nameless(channel, now),
                }
            }
            if guest.watch.is_some() {
                state.unwatch(channel, waiter, now);
            }
        }
        self.plan(&state);
    }

    /// A poll, whose client stays a member for the linger time.
    pub(crate) fn visit(&self, channels: &[Arc<str>], introduction: &Introduction, now: Duration) {
        if introduction.is_empty() {
            return;
        }
        let mut state = self.lock();
        for channel in channels {
            if let Some(name) = &introduction.name {
                state.visit(channel, name, now);
            }
            if introduction.told.is_some() {
                state.keep(channel, now);
            }
        }
        self.plan(&state);
    }

    /// What to tell a subscriber that watches these channels: about `budget` bytes at a time.
    pub(crate) fn news(&self, channels: &[Arc<str>], watch: &mut Watch, budget: usize) -> News {
        if watch.seen == self.number.load(Ordering::Acquire) {
            return News::default();
        }
        self.lock().news(channels, watch, budget)
    }

    /// The current names in a channel.
    pub(crate) fn listed(&self, channel: &str) -> Listed {
        self.lock().listed(channel)
    }

    /// How many names all channels have together, and how many bytes members take.
    pub(crate) fn totals(&self) -> (u64, u64) {
        self.lock().totals()
    }

    /// Encodes what a polling client was told. It sends this with its next poll of the same channels.
    pub(crate) fn token(&self, watch: &Watch) -> String {
        let mut token = String::new();
        for &told in &watch.told {
            match token.is_empty() {
                true => token = Cursor::new(self.epoch, told).to_string(),
                false => token.push_str(&format!(".{told:x}")),
            }
        }
        token
    }

    /// Reads a [token](Self::token) from a poll of so many channels, or `true`. That counts as "told nothing", and so
    /// does a token from another life of the server or for another number of channels. `None` for anything else.
    pub(crate) fn told(&self, token: &str, channels: usize) -> Option<Box<[u64]>> {
        let nothing = vec![0; channels].into_boxed_slice();
        if token == "true" {
            return Some(nothing);
        }
        let (first, rest) = token
            .split_once('.')
            .map_or((token, None), |(first, rest)| {
                (first, Some(rest.split('.')))
            });
        let first: Cursor = first.parse().ok()?;
        // Parsed as the sequence of a cursor, which has the same form.
        let number = |text: &str| {
            format!("0-{text}")
                .parse()
                .ok()
                .map(|it: Cursor| it.sequence())
        };
        let rest = rest.into_iter().flatten().map(number);
        let told: Box<[u64]> = std::iter::once(Some(first.sequence()))
            .chain(rest)
            .take(channels + 1)
            .collect::<Option<_>>()?;
        match first.epoch() == self.epoch && told.len() == channels {
            true => Some(told),
            false => Some(nothing),
        }
    }

    /// Removes names whose time is over, and turns what happened into a change. Returns the connections to wake.
    pub(crate) fn tick(&self, now: Duration) -> Vec<W> {
        if !self.wait(now).is_zero() {
            return Vec::new();
        }
        let mut state = self.lock();
        let waiters = state.tick(now);
        self.number.store(state.number(), Ordering::Release);
        self.plan(&state);
        waiters
    }

    /// How long until [`tick`](Self::tick) has work to do.
    pub(crate) fn wait(&self, now: Duration) -> Duration {
        let due = self.due.load(Ordering::Relaxed);
        Duration::from_millis(due).saturating_sub(now)
    }

    fn plan(&self, state: &State<W>) {
        let due = state.due().map_or(u64::MAX, |due| {
            // Rounded up, so that it is really due then.
            u64::try_from(due.as_millis() + 1).unwrap_or(u64::MAX)
        });
        self.due.store(due, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        // The state is consistent between any two statements that can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
