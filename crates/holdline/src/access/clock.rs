//! The time, as tokens count it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Since the epoch of Unix.
pub(crate) fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
