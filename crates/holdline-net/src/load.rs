//! What an event loop counts while it works. One thread writes, any may read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What one event loop has done since it began, at one moment.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Load {
    /// Bytes that the system took for its connections.
    pub sent: u64,
    /// Bytes that came over them.
    pub received: u64,
    /// How long its turns took: from when the system gave it events to when it waited for the next. This is how
    /// long whatever happens to a connection may have to wait for the loop.
    pub turns: Times,
    /// How late it came to a turn for which it had set an alarm (a deadline or a timer of some connection),
    /// because it was busy or the system gave it no processor. The loop's alarms are up to 17 ms late by design,
    /// which does not count.
    pub alarms: Times,
}

/// How long something took, each time that it happened.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Times {
    /// How often it took no longer than each of [`BOUNDS`](Self::BOUNDS), and longer than the one before. The last
    /// counts all that took longer than all bounds.
    pub counts: [u64; Self::BOUNDS.len() + 1],
    /// All of them together.
    pub sum: Duration,
}

impl Times {
    /// Upper bounds of [`counts`](Self::counts).
    pub const BOUNDS: [Duration; 10] = [
        Duration::from_micros(100),
        Duration::from_micros(500),
        Duration::from_millis(1),
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(25),
        Duration::from_millis(50),
        Duration::from_millis(100),
        Duration::from_millis(250),
        Duration::from_secs(1),
    ];
}

/// The [`Load`] that is being counted.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    pub(crate) sent: Count,
    pub(crate) received: Count,
    pub(crate) turns: Timing,
    pub(crate) alarms: Timing,
}

/// A number that only one thread changes.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

#[derive(Debug, Default)]
pub(crate) struct Timing {
    counts: [Count; Times::BOUNDS.len() + 1],
    nanos: Count,
}

impl Counting {
    pub(crate) fn read(&self) -> Load {
        Load {
            sent: self.sent.get(),
            received: self.received.get(),
            turns: self.turns.read(),
            alarms: self.alarms.read(),
        }
    }
}

impl Count {
    pub(crate) fn add(&self, more: u64) {
        // Cheaper than an addition that other threads could join in.
        self.0
            .store(self.get().wrapping_add(more), Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Timing {
    pub(crate) fn add(&self, time: Duration) {
        let bounds = Times::BOUNDS.iter();
        let index = bounds.take_while(|bound| **bound < time).count();
        if let Some(count) = self.counts.get(index) {
            count.add(1);
        }
        self.nanos
            .add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    fn read(&self) -> Times {
        Times {
            counts: std::array::from_fn(|index| self.counts.get(index).map_or(0, Count::get)),
            sum: Duration::from_nanos(self.nanos.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_counts_under_the_first_bound_that_it_does_not_exceed() {
        let timing = Timing::default();
        for micros in [1, 100, 101, 1_000_000, 1_000_001] {
            timing.add(Duration::from_micros(micros));
        }
        let times = timing.read();
        assert_eq!(times.counts, [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(times.sum, Duration::from_micros(2_000_203));
    }
}
