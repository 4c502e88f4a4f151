//! Limits for members, and how often they are told about.

use std::time::Duration;

/// How many names are kept, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberLimits {
    /// How long a name stays after its last connection or poll.
    pub(crate) linger: Duration,
    /// A channel with more names has counts only.
    pub(crate) listed: usize,
    /// Memory for members over all channels, in bytes.
    pub(crate) total_bytes: usize,
}

#[cfg(test)]
impl Default for MemberLimits {
    fn default() -> Self {
        Self {
            linger: Duration::from_secs(10),
            listed: 1000,
            total_bytes: 1 << 20,
        }
    }
}

/// The time between two changes.
pub(crate) const PAUSE: Duration = Duration::from_millis(250);
