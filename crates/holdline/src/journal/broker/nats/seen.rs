//! How many idempotency keys are in use.
//!
//! JetStream forgets a message ID after some time, and does not limit how many there are. So each server counts those
//! of all entries that it reads, whoever published them, and takes no new one while there are too many.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[derive(Debug)]
pub(super) struct Seen {
    most: usize,
    kept: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When each is forgotten.
    ids: HashMap<String, Instant>,
    /// The same, in the order in which they were seen.
    order: VecDeque<(Instant, String)>,
}

impl Seen {
    pub(super) fn new(most: usize, kept: Duration) -> Self {
        Self {
            most,
            kept,
            state: Mutex::default(),
        }
    }

    /// A message with this ID was published at that time, in milliseconds since the epoch of Unix; or now.
    pub(super) fn saw(&self, id: &str, time: Option<u64>) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let age = time.map_or(Duration::ZERO, |time| {
            now.saturating_sub(Duration::from_millis(time))
        });
        let Some(left) = self.kept.checked_sub(age) else {
            return;
        };
        let until = Instant::now() + left;
        let mut state = self.lock();
        state.expire();
        // Whoever publishes without Holdline is not asked.
        if state.ids.len() >= 2 * self.most || state.ids.contains_key(id) {
            return;
        }
        state.ids.insert(id.to_owned(), until);
        state.order.push_back((until, id.to_owned()));
    }

    /// Whether a message with this ID may be published: if not, for how long.
    pub(super) fn has_room(&self, id: &str) -> Result<(), Duration> {
        let mut state = self.lock();
        state.expire();
        if state.ids.len() < self.most || state.ids.contains_key(id) {
            return Ok(());
        }
        let next = state.order.front().map(|(until, _)| *until);
        Err(next.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        }))
    }

    /// A new life begins, in which all IDs are other ones.
    pub(super) fn forget(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn expire(&mut self) {
        let now = Instant::now();
        while let Some((until, id)) = self.order.front()
            && *until <= now
        {
            self.ids.remove(id);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_fit_and_those_that_are_there_always_do() {
        let seen = Seen::new(2, Duration::from_secs(60));
        for id in ["a", "b"] {
            assert_eq!(seen.has_room(id), Ok(()));
            seen.saw(id, None);
        }
        assert_eq!(seen.has_room("a"), Ok(()));
        let wait = seen.has_room("c").unwrap_err();
        assert!(wait > Duration::from_secs(50), "{wait:?}");
        seen.forget();
        assert_eq!(seen.has_room("c"), Ok(()));
    }

    #[test]
    fn they_are_forgotten_when_their_time_is_over() {
        let seen = Seen::new(1, Duration::from_secs(60));
        seen.saw("long ago", Some(5));
        assert_eq!(seen.has_room("c"), Ok(()));
        let seen = Seen::new(1, Duration::from_millis(1));
        seen.saw("a", None);
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(seen.has_room("c"), Ok(()));
    }
}
