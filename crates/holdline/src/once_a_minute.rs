//! For log lines that clients can trigger as often as they like.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Limits a log line to once a minute, over all threads.
#[derive(Debug)]
pub(crate) struct OnceAMinute {
    origin: Instant,
    /// The second from which the line may be logged again.
    next: AtomicU64,
}

impl OnceAMinute {
    pub(crate) fn new() -> Self {
        Self {
            origin: Instant::now(),
            next: AtomicU64::new(0),
        }
    }

    /// Whether to log now. A caller that gets `true` must log.
    #[must_use]
    pub(crate) fn is_due(&self) -> bool {
        self.is_due_at(self.origin.elapsed().as_secs())
    }

    fn is_due_at(&self, second: u64) -> bool {
        let next = self.next.load(Ordering::Relaxed);
        let mine = |next| {
            let taken = self.next.compare_exchange(
                next,
                second + MINUTE,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            taken.is_ok()
        };
        second >= next && mine(next)
    }
}

const MINUTE: u64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_at_once_and_again_after_a_minute() {
        let told = OnceAMinute::new();
        let due = [0, 0, 1, 59, 60, 61, 119, 500, 559, 560].map(|second| told.is_due_at(second));
        let expected = [
            true, false, false, false, true, false, false, true, false, true,
        ];
        assert_eq!(due, expected);
    }
}
