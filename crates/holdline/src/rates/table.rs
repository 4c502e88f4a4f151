//! The buckets of those who have one. Its memory is bounded.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use super::bucket::Bucket;
use super::rate::Rate;

/// Who is not in it has a full bucket.
#[derive(Debug)]
pub(super) struct Table<K> {
    buckets: HashMap<K, Bucket>,
    /// When full buckets were dropped last.
    swept: Option<Duration>,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self {
            buckets: HashMap::new(),
            swept: None,
        }
    }
}

impl<K: Clone + Eq + Hash> Table<K> {
    /// How long this one must wait for its next message.
    pub(super) fn wait(&self, rate: &Rate, key: &K, now: Duration) -> Duration {
        let bucket = self.buckets.get(key).copied().unwrap_or_default();
        bucket.wait(rate, now)
    }

    /// Takes a message out of the bucket of this one.
    pub(super) fn take(&mut self, rate: &Rate, key: &K, now: Duration) {
        if let Some(bucket) = self.buckets.get_mut(key) {
            return bucket.take(rate, now);
        }
        if self.buckets.len() >= MOST {
            self.sweep(now);
        }
        if self.buckets.len() < MOST {
            // When so many publish at once, no single one is to blame, and a new one is not limited.
            self.buckets.entry(key.clone()).or_default().take(rate, now);
        }
    }

    /// Drops the buckets that are full. It looks at all of them, so it does so at most once a second.
    fn sweep(&mut self, now: Duration) {
        if self.swept.is_none_or(|swept| now >= swept + SECOND) {
            self.swept = Some(now);
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.buckets.len()
    }
}

const SECOND: Duration = Duration::from_secs(1);
/// Each takes less than 100 bytes, and a name.
pub(super) const MOST: usize = 100_000;
