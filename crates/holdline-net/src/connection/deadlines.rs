//! The deadlines of one connection: one table, one minimum.

use std::time::Duration;

use crate::timer::NEVER;

/// What a deadline is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Deadline {
    /// The application's own: it calls [`Handler::timer`](crate::Handler::timer).
    Application,
    /// The protocol's: a request head, the time between requests, a WebSocket's ping or close, the end of
    /// lingering.
    Protocol,
    /// The socket must have taken bytes.
    Write,
}

/// When each of them is, in milliseconds of the loop's clock.
#[derive(Debug)]
pub(crate) struct Deadlines([u64; COUNT]);

impl Deadlines {
    pub(crate) fn new() -> Self {
        Self([NEVER; COUNT])
    }

    pub(crate) fn set(&mut self, deadline: Deadline, at: u64) {
        *self.slot(deadline) = at;
    }

    pub(crate) fn clear(&mut self, deadline: Deadline) {
        self.set(deadline, NEVER);
    }

    pub(crate) fn slot(&mut self, deadline: Deadline) -> &mut u64 {
        &mut self.0[deadline as usize]
    }

    pub(crate) fn has_passed(&self, deadline: Deadline, now: u64) -> bool {
        self.0[deadline as usize] <= now
    }

    /// The earliest of all.
    pub(crate) fn next(&self) -> u64 {
        self.0.into_iter().min().unwrap_or(NEVER)
    }
}

/// `duration` after `now` on the loop's clock.
pub(crate) fn after(now: u64, duration: Duration) -> u64 {
    now.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(NEVER))
}

const COUNT: usize = 3;
