//! How long a message stays: first it is retained, then it lingers, then it is gone.

use core::time::Duration;

use super::{Entry, Log};

/// The oldest message of a log that lingers: it is not retained, and still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lingering {
    /// Its number.
    pub sequence: u64,
    /// Whether a [live client](Log::join) has not had it yet. If not, no live client needs it.
    pub is_needed: bool,
}

impl<M> Log<M> {
    /// Stops retaining what is older than [`LogLimits::max_age`](super::LogLimits::max_age) at `now`, and evicts
    /// what lingers for nothing. Until this is called (`push` calls it), old messages are still there.
    pub fn expire(&mut self, now: Duration) {
        while let Some(max_age) = self.limits.max_age
            && let Some(oldest) = self.entries.get(self.lingering)
            && oldest.pushed.saturating_add(max_age) < now
        {
            self.retire();
        }
        while self.lingering > 0 && !self.is_kept(now) {
            self.let_go();
        }
    }

    /// When time alone changes something: call [`expire`](Log::expire) then, or later. `None` when it does not, as while
    /// a [live client](Log::join) is what keeps the oldest message.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let retained = self.limits.max_age.and_then(|max_age| {
            let oldest = self.entries.get(self.lingering)?;
            // A message of just this age is retained.
            let last = oldest.pushed.saturating_add(max_age);
            Some(last.saturating_add(Duration::from_nanos(1)))
        });
        let oldest = self.entries.front().filter(|_| self.lingering > 0);
        let lingers = oldest
            .filter(|oldest| !self.is_needed(oldest))
            .map(|oldest| oldest.pushed.saturating_add(self.limits.resume_window));
        match (retained, lingers) {
            (Some(retained), Some(lingers)) => Some(retained.min(lingers)),
            (retained, lingers) => retained.or(lingers),
        }
    }

    /// Stops retaining the oldest message that is, for a reason of the caller's, such as a limit over
    /// several logs. It lingers. Returns whether there was one.
    pub fn retire(&mut self) -> bool {
        let Some(oldest) = self.entries.get(self.lingering) else {
            return false;
        };
        self.earliest = oldest.sequence;
        self.retained_bytes -= oldest.bytes;
        self.lingering_bytes += oldest.bytes;
        self.lingering += 1;
        true
    }

    /// What to [let go](Log::let_go) first.
    pub fn oldest_lingering(&self) -> Option<Lingering> {
        let oldest = self.entries.front().filter(|_| self.lingering > 0)?;
        Some(Lingering {
            sequence: oldest.sequence,
            is_needed: oldest.waiting > 0,
        })
    }

    /// Evicts the oldest message if it is not retained, also if a live client needs it: that client has
    /// lost it then. Returns whether there was one.
    pub fn let_go(&mut self) -> bool {
        if self.lingering == 0 {
            return false;
        }
        let Some(entry) = self.entries.pop_front() else {
            return false;
        };
        self.lingering -= 1;
        self.lingering_bytes -= entry.bytes;
        self.start = entry.end;
        self.evicted_through = entry.sequence;
        // A channel that was busy once does not keep its memory. Shrinking moves at most a
        // quarter as many entries as were evicted since the ring was full, so eviction
        // stays O(1) amortised.
        if self.entries.capacity() > MIN_CAPACITY
            && self.entries.capacity() / 4 > self.entries.len()
        {
            self.entries.shrink_to(2 * self.entries.len());
        }
        true
    }

    /// Evicts all messages, and counts numbers up to `sequence` as gone although they were never pushed: their messages
    /// are lost. Every [live client](Log::join) must be before `sequence`, and has lost them.
    pub fn evict_through(&mut self, sequence: u64) {
        while self.retire() {}
        while self.let_go() {}
        if sequence > self.last_sequence {
            self.evicted_through = sequence;
            self.earliest = sequence;
            self.last_sequence = sequence;
            // Who is before what is evicted is not counted.
            self.level = 0;
        }
    }

    /// A message takes `bytes` more than before, such as for another encoded form. This counts against
    /// [`LogLimits::max_bytes`](super::LogLimits::max_bytes) and not in [`lag`](Log::lag). Does nothing if the
    /// message is gone. O(log n).
    pub fn charge(&mut self, sequence: u64, bytes: u64) {
        let Some((index, entry)) = self.entry(sequence) else {
            return;
        };
        entry.bytes += bytes;
        match index < self.lingering {
            true => self.lingering_bytes += bytes,
            false => self.retained_bytes += bytes,
        }
        self.retire_excess();
    }

    /// A message takes `bytes` less than it was [charged](Self::charge) for: a form has turned out shorter. Does nothing
    /// if the message is gone. O(log n).
    pub fn discharge(&mut self, sequence: u64, bytes: u64) {
        let Some((index, entry)) = self.entry(sequence) else {
            return;
        };
        let bytes = bytes.min(entry.bytes);
        entry.bytes -= bytes;
        match index < self.lingering {
            true => self.lingering_bytes -= bytes,
            false => self.retained_bytes -= bytes,
        }
    }

    /// The message of that number, and where it is.
    fn entry(&mut self, sequence: u64) -> Option<(usize, &mut Entry<M>)> {
        let index = self.index_after(sequence).checked_sub(1)?;
        let entry = self.entries.get_mut(index)?;
        (entry.sequence == sequence).then_some((index, entry))
    }

    /// After a push: stops retaining what is too much, and drops what nothing keeps, except the
    /// message that was just pushed.
    pub(super) fn settle(&mut self, now: Duration) {
        self.retire_excess();
        while self.lingering > 0 && self.entries.len() > 1 && !self.is_kept(now) {
            self.let_go();
        }
    }

    fn retire_excess(&mut self) {
        while self.retained() > self.limits.max_messages
            || self.retained_bytes > self.limits.max_bytes as u64
        {
            self.retire();
        }
    }

    /// Whether the oldest message, which is not retained, stays all the same.
    fn is_kept(&self, now: Duration) -> bool {
        self.entries.front().is_some_and(|oldest| {
            now < oldest.pushed.saturating_add(self.limits.resume_window) || self.is_needed(oldest)
        })
    }

    /// Whether a live client that is not too far behind waits for the oldest message.
    fn is_needed(&self, oldest: &Entry<M>) -> bool {
        let behind = self.end().wrapping_sub(oldest.end);
        oldest.waiting > 0 && behind <= self.limits.max_lag
    }
}

/// Rings up to this size are not worth moving.
pub(super) const MIN_CAPACITY: usize = 16;
