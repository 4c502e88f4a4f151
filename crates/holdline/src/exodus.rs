//! Streams end, not all at the same moment, when their clients should go to another server.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use holdline_net::ConnectionId;

/// Whether clients should leave, and since when.
#[derive(Debug, Default)]
pub(crate) struct Exodus {
    /// When it began, on the hub's clock, in milliseconds; 0 for not at all.
    since: AtomicU64,
    /// For how long it has lasted.
    lasts: AtomicU64,
}

impl Exodus {
    /// To be called a few times a second. Returns whether streams are to be woken, to see whether they
    /// [must end](Self::takes).
    pub(crate) fn go_on(&self, is_wanted: bool, now: Duration) -> bool {
        if !is_wanted {
            self.since.store(0, Ordering::Relaxed);
            self.lasts.store(0, Ordering::Relaxed);
            return false;
        }
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX).max(1);
        let since = self.since.load(Ordering::Relaxed);
        let since = if since == 0 { now } else { since };
        self.since.store(since, Ordering::Relaxed);
        let lasts = now.saturating_sub(since) + 1;
        self.lasts.store(lasts, Ordering::Relaxed);
        lasts <= LONGEST + SLACK
    }

    /// Whether the stream of this connection must end now.
    pub(crate) fn takes(&self, connection: ConnectionId) -> bool {
        let lasts = self.lasts.load(Ordering::Relaxed);
        lasts != 0 && lasts >= turn(connection)
    }
}

/// After how many milliseconds it is this connection's turn.
fn turn(connection: ConnectionId) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(connection) % LONGEST
}

/// Milliseconds until the last one.
const LONGEST: u64 = 5000;
/// Milliseconds for those who came in just before they could be turned away.
const SLACK: u64 = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_when_wanted_and_is_over_when_not() {
        let exodus = Exodus::default();
        let at = Duration::from_millis;
        assert!(!exodus.go_on(false, at(10)));
        assert!(exodus.go_on(true, at(1000)));
        assert!(exodus.go_on(true, at(7999)));
        // All have gone.
        assert!(!exodus.go_on(true, at(8000)));
        assert!(!exodus.go_on(false, at(9000)));
        assert!(exodus.go_on(true, at(10_000)));
    }
}
