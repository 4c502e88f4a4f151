//! The deadlines of one connection: one table, one minimum.

use std::time::Duration;

use crate::output::Timer;
use crate::timer::NEVER;

/// What a deadline is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Deadline {
    /// The application's own: it calls [`Handler::timer`](crate::Handler::timer).
    Application,
    /// The protocol's: a request head, the time between requests, a WebSocket's ping or close, the end of
    /// lingering.
    Protocol,
    /// More of a request's body, or of a WebSocket message, must have come.
    Receive,
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

    /// There was progress: `bytes` more. The deadline moves by the time in which they come at the rate of
    /// `least` bytes a second (0: any progress will do), but no further than `latest`.
    pub(crate) fn extend(&mut self, deadline: Deadline, bytes: usize, least: u64, latest: u64) {
        let slot = self.slot(deadline);
        if *slot == NEVER || bytes == 0 {
            return;
        }
        let earned = (bytes as u64).saturating_mul(1000).checked_div(least);
        let moved = slot.saturating_add(earned.unwrap_or(NEVER)).min(latest);
        *slot = moved.max(*slot);
    }

    pub(crate) fn clear(&mut self, deadline: Deadline) {
        self.set(deadline, NEVER);
    }

    pub(crate) fn slot(&mut self, deadline: Deadline) -> &mut u64 {
        &mut self.0[deadline as usize]
    }

    /// When it was set or extended to this deadline in full: `timeout` before it. [`NEVER`] if there is none.
    pub(crate) fn began(&self, deadline: Deadline, timeout: Duration) -> u64 {
        match self.0[deadline as usize] {
            NEVER => NEVER,
            at => at.saturating_sub(after(0, timeout)),
        }
    }

    /// The application's timer.
    pub(crate) fn timer(&mut self, now: u64) -> Timer<'_> {
        let at = self.slot(Deadline::Application);
        Timer { at, now }
    }

    pub(crate) fn has_passed(&self, deadline: Deadline, now: u64) -> bool {
        self.0[deadline as usize] <= now
    }

    /// Whether the peer has missed one.
    pub(crate) fn peer_is_late(&self, now: u64) -> bool {
        self.peer().any(|at| at <= now)
    }

    /// Whether one has passed so long ago that it must be judged even if there is more to read.
    pub(crate) fn is_overdue(&self, now: u64) -> bool {
        self.peer().any(|at| at.saturating_add(OVERDUE) <= now)
    }

    fn peer(&self) -> impl Iterator<Item = u64> {
        [Deadline::Protocol, Deadline::Receive, Deadline::Write]
            .into_iter()
            .map(|deadline| self.0[deadline as usize])
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

const COUNT: usize = 4;
/// In milliseconds.
const OVERDUE: u64 = 1_000;
