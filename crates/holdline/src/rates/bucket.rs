//! A bucket that fills evenly.

use std::time::Duration;

use super::rate::Rate;

/// A bucket is known by when it is full again. Before that, it lacks as many messages as it gets back until then.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    full: Duration,
}

impl Bucket {
    /// How long there is no message in it.
    pub(super) fn wait(self, rate: &Rate, now: Duration) -> Duration {
        // What it takes to get all but one of them back.
        let most = rate.interval() * (rate.burst() - 1);
        self.full.saturating_sub(now).saturating_sub(most)
    }

    /// Takes a message out, which must be there.
    pub(super) fn take(&mut self, rate: &Rate, now: Duration) {
        self.full = self.full.max(now) + rate.interval();
    }

    /// Whether it is as if it had never been used.
    pub(super) fn is_full(self, now: Duration) -> bool {
        self.full <= now
    }
}
