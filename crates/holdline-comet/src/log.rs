//! A bounded ring of numbered messages, which knows what it has forgotten.
//!
//! One sequence of numbers is shared by all logs of a server, so the numbers in one log
//! grow but have holes, and one number is a place in every log at once.

use alloc::collections::VecDeque;
use alloc::collections::vec_deque;
use core::fmt;
use core::iter::FusedIterator;
use core::time::Duration;

/// How much a [`Log`] keeps. A message goes when any one of the limits asks for it.
///
/// The newest message outlives `max_messages` and `max_bytes`, however large it is, so
/// that receivers that wait for it get it: 0 acts as 1, and a message larger than
/// `max_bytes` is kept alone. Only its age removes the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLimits {
    /// The most messages kept. The default is 1000.
    pub max_messages: usize,
    /// The most bytes kept, by the sizes given to [`Log::push`]. The default is 1 MiB.
    pub max_bytes: usize,
    /// A message goes once it is older than this. The default is `None`: age does not
    /// matter.
    pub max_age: Option<Duration>,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            max_messages: 1000,
            max_bytes: 1 << 20,
            max_age: None,
        }
    }
}

/// The retained messages of one channel, oldest first.
///
/// The log knows what it has forgotten: the number of the newest message that is gone. A
/// [`Reader`](crate::Reader) brings a client through it from the client's cursor, and never leaves
/// a gap unsaid.
///
/// Memory is bounded by [`LogLimits`]. `push` is O(1) amortised; finding a number is
/// O(log n). Time is a `Duration` since an origin of the caller's choice.
///
/// ```
/// use core::time::Duration;
/// use holdline_comet::{Log, LogLimits};
///
/// let mut limits = LogLimits::default();
/// limits.max_messages = 2;
/// let mut log = Log::new(limits);
/// for (sequence, text) in [(1, "one"), (4, "two"), (5, "three")] {
///     log.push(sequence, text.len(), Duration::ZERO, text)?;
/// }
/// assert_eq!(log.after(0).collect::<Vec<_>>(), [(4, &"two"), (5, &"three")]);
/// assert_eq!(log.after(4).collect::<Vec<_>>(), [(5, &"three")]);
/// assert_eq!(log.evicted_through(), 1); // "one" is gone
/// # Ok::<(), holdline_comet::PushError>(())
/// ```
#[derive(Clone)]
pub struct Log<M> {
    limits: LogLimits,
    entries: VecDeque<Entry<M>>,
    /// Bytes ever pushed before the first entry. The totals may wrap: only differences
    /// count, and those are bounded by what is retained.
    start: u64,
    evicted_through: u64,
    last_sequence: u64,
}

#[derive(Clone, Debug)]
struct Entry<M> {
    sequence: u64,
    /// Bytes ever pushed, this message included.
    end: u64,
    pushed: Duration,
    message: M,
}

impl<M> Log<M> {
    /// An empty log that never had a message. Allocates nothing.
    pub const fn new(limits: LogLimits) -> Self {
        Self::with_evicted_through(limits, 0)
    }

    /// An empty log that takes the place of an earlier one, whose messages up to and
    /// including `sequence` are gone. A client that was before it is told that it lost some.
    ///
    /// A server that drops idle channels gives the number that the dropped log's
    /// [`last_sequence`](Log::last_sequence) had, or a later one.
    pub const fn with_evicted_through(limits: LogLimits, sequence: u64) -> Self {
        Self {
            limits,
            entries: VecDeque::new(),
            start: 0,
            evicted_through: sequence,
            last_sequence: sequence,
        }
    }

    /// Appends a message and evicts the oldest ones that are now too many.
    ///
    /// `size` is what the message counts against [`LogLimits::max_bytes`] and in
    /// [`lag`](Log::lag). `now` should not go backwards; where it does, the message counts
    /// as pushed at the time of the one before it.
    ///
    /// # Errors
    /// When `sequence` is not greater than every number before it. The log is unchanged.
    pub fn push(
        &mut self,
        sequence: u64,
        size: usize,
        now: Duration,
        message: M,
    ) -> Result<(), PushError> {
        if sequence <= self.last_sequence {
            return Err(PushError {
                sequence,
                last: self.last_sequence,
            });
        }
        self.expire(now);
        let last = self.entries.back();
        let pushed = last.map_or(now, |last| last.pushed.max(now));
        let end = self.end().wrapping_add(size as u64);
        self.entries.push_back(Entry {
            sequence,
            end,
            pushed,
            message,
        });
        self.last_sequence = sequence;
        while self.entries.len() > 1
            && (self.entries.len() > self.limits.max_messages
                || self.bytes() > self.limits.max_bytes as u64)
        {
            self.evict();
        }
        Ok(())
    }

    /// Evicts what is older than [`LogLimits::max_age`] at `now`. Until this is called
    /// (`push` calls it), old messages are still there.
    pub fn expire(&mut self, now: Duration) {
        while self.poll_timeout().is_some_and(|at| at < now) {
            self.evict();
        }
    }

    /// The age limit of the oldest message: call [`expire`](Log::expire) after it. `None`
    /// when nothing is there to expire.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let max_age = self.limits.max_age?;
        Some(self.entries.front()?.pushed.saturating_add(max_age))
    }

    /// The retained messages with a greater number than `sequence`, oldest first. O(log n).
    /// Whether others with a greater number are gone, [`evicted_through`](Log::evicted_through)
    /// tells.
    pub fn after(&self, sequence: u64) -> Entries<'_, M> {
        Entries(self.entries.range(self.index_after(sequence)..))
    }

    /// All retained messages, oldest first.
    pub fn iter(&self) -> Entries<'_, M> {
        Entries(self.entries.range(..))
    }

    /// How many bytes are retained after message `sequence`, by the sizes given to
    /// [`push`](Log::push): how far a client that has it is behind. O(log n).
    pub fn lag(&self, sequence: u64) -> u64 {
        let before = match self.index_after(sequence).checked_sub(1) {
            Some(index) => self
                .entries
                .get(index)
                .map_or(self.start, |entry| entry.end),
            None => self.start,
        };
        self.end().wrapping_sub(before)
    }

    /// The limits given to the constructor.
    pub const fn limits(&self) -> LogLimits {
        self.limits
    }

    /// The greatest number of a message that this log no longer has; 0 when none is gone.
    pub const fn evicted_through(&self) -> u64 {
        self.evicted_through
    }

    /// The number of the last message ever pushed, also when it is gone; 0 when there was
    /// none.
    pub const fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    /// How many messages are retained.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no message is retained.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes are retained, by the sizes given to [`push`](Log::push).
    pub fn bytes(&self) -> u64 {
        self.end().wrapping_sub(self.start)
    }

    fn end(&self) -> u64 {
        self.entries.back().map_or(self.start, |last| last.end)
    }

    fn index_after(&self, sequence: u64) -> usize {
        // The fast path for receivers that have everything, or all but the newest message. With it a
        // message costs each receiver of the hub 14 % fewer instructions.
        let len = self.entries.len();
        for behind in 0..len.min(2) {
            if self.entries[len - 1 - behind].sequence <= sequence {
                return len - behind;
            }
        }
        self.entries
            .partition_point(|entry| entry.sequence <= sequence)
    }

    fn evict(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.start = entry.end;
            self.evicted_through = entry.sequence;
        }
        // A channel that was busy once does not keep its memory. Shrinking moves at most a
        // quarter as many entries as were evicted since the ring was full, so eviction
        // stays O(1) amortised.
        if self.entries.capacity() > MIN_CAPACITY
            && self.entries.capacity() / 4 > self.entries.len()
        {
            self.entries.shrink_to(2 * self.entries.len());
        }
    }
}

impl<M> fmt::Debug for Log<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("evicted_through", &self.evicted_through)
            .field("last_sequence", &self.last_sequence)
            .field("len", &self.len())
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

impl<'a, M> IntoIterator for &'a Log<M> {
    type Item = (u64, &'a M);
    type IntoIter = Entries<'a, M>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The messages of a [`Log`] with their sequence numbers, oldest first.
pub struct Entries<'a, M>(vec_deque::Iter<'a, Entry<M>>);

impl<'a, M> Iterator for Entries<'a, M> {
    type Item = (u64, &'a M);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|entry| (entry.sequence, &entry.message))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<M> ExactSizeIterator for Entries<'_, M> {}
impl<M> FusedIterator for Entries<'_, M> {}

impl<M> Clone for Entries<'_, M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M> fmt::Debug for Entries<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries").field("len", &self.len()).finish()
    }
}

/// A message was pushed with a number that is not greater than those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "message {sequence} pushed after message {last}: sequence numbers must grow, from 1 upwards"
)]
pub struct PushError {
    sequence: u64,
    last: u64,
}

/// Rings up to this size are not worth a move.
const MIN_CAPACITY: usize = 16;

#[cfg(test)]
mod tests;
