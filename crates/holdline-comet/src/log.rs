//! A bounded ring of messages that a client can resume from.
//!
//! One sequence of numbers is shared by all logs of a server, so the numbers in one log
//! grow but have holes, and one [`Cursor`] is a place in every log at once.

use alloc::collections::VecDeque;
use alloc::collections::vec_deque;
use core::fmt;
use core::iter::FusedIterator;
use core::time::Duration;

use crate::cursor::Cursor;

/// How much a [`Log`] keeps. A message goes when any one of the limits asks for it.
///
/// The newest message outlives `max_messages` and `max_bytes`, however large it is, so
/// that receivers who wait for it get it: 0 acts as 1, and a message larger than
/// `max_bytes` is kept alone. Only its age removes the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
/// The log knows what it has forgotten: [`resume`](Log::resume) gives everything after a
/// cursor, or says that part of it is lost. It never leaves a gap unsaid.
///
/// Memory is bounded by [`LogLimits`]. `push` is O(1) amortised; finding a cursor is
/// O(log n). Time is a `Duration` since an origin of the caller's choice.
///
/// ```
/// use core::time::Duration;
/// use holdline_comet::{Cursor, Log, LogLimits};
///
/// let mut log = Log::new(7, LogLimits { max_messages: 2, ..LogLimits::default() });
/// for (sequence, text) in [(1, "one"), (4, "two"), (5, "three")] {
///     log.push(sequence, text.len(), Duration::ZERO, text)?;
/// }
/// let resume = log.resume(Cursor::new(7, 1));
/// assert_eq!(resume.lost, None);
/// assert_eq!(resume.entries.collect::<Vec<_>>(), [(4, &"two"), (5, &"three")]);
/// assert!(log.resume(Cursor::new(7, 0)).lost.is_some()); // "one" is gone
/// # Ok::<(), holdline_comet::PushError>(())
/// ```
#[derive(Clone)]
pub struct Log<M> {
    epoch: u64,
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
    pub const fn new(epoch: u64, limits: LogLimits) -> Self {
        Self::with_evicted_through(epoch, limits, 0)
    }

    /// An empty log that takes the place of an earlier one, whose messages up to and
    /// including `sequence` are gone. Cursors before it are answered with
    /// [`Lost::Evicted`].
    ///
    /// A server that drops idle channels gives the number that the dropped log's
    /// [`last_sequence`](Log::last_sequence) had, or a later one.
    pub const fn with_evicted_through(epoch: u64, limits: LogLimits, sequence: u64) -> Self {
        Self {
            epoch,
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

    /// Everything after `cursor`, oldest first, and whether something before that is lost.
    ///
    /// When the cursor is of another epoch, everything retained is after it. A cursor
    /// ahead of this log's last message is normal, because other logs share the sequence:
    /// nothing is after it. Whether it is ahead of *every* message, so that no server can
    /// have given it out, is known to the owner of the sequence: see
    /// [`resume_within`](Log::resume_within).
    pub fn resume(&self, cursor: Cursor) -> Resume<'_, M> {
        self.resume_within(cursor, u64::MAX)
    }

    /// As [`resume`](Log::resume), where `head` is the newest number given out in the
    /// whole sequence. A cursor beyond it is lost like one of another epoch, and
    /// everything retained is replayed.
    pub fn resume_within(&self, cursor: Cursor, head: u64) -> Resume<'_, M> {
        let lost = self.lost(cursor, head);
        let from = match lost {
            Some(Lost::Epoch | Lost::Ahead) => 0,
            _ => self.index_after(cursor.sequence()),
        };
        Resume {
            lost,
            entries: Entries(self.entries.range(from..)),
        }
    }

    /// What of this log is gone for a client at `cursor`; `head` as in
    /// [`resume_within`](Log::resume_within).
    pub fn lost(&self, cursor: Cursor, head: u64) -> Option<Lost> {
        if cursor.epoch() != self.epoch {
            Some(Lost::Epoch)
        } else if cursor.sequence() > head {
            Some(Lost::Ahead)
        } else if cursor.sequence() < self.evicted_through {
            Some(Lost::Evicted {
                at_most: self.evicted_through - cursor.sequence(),
            })
        } else {
            None
        }
    }

    /// All retained messages, oldest first.
    pub fn iter(&self) -> Entries<'_, M> {
        Entries(self.entries.range(..))
    }

    /// How many bytes are retained after `cursor`: how far a client there is behind. With
    /// a cursor of another epoch, all of them. O(log n).
    pub fn lag(&self, cursor: Cursor) -> u64 {
        if cursor.epoch() != self.epoch {
            return self.bytes();
        }
        let before = match self.index_after(cursor.sequence()).checked_sub(1) {
            Some(index) => self
                .entries
                .get(index)
                .map_or(self.start, |entry| entry.end),
            None => self.start,
        };
        self.end().wrapping_sub(before)
    }

    /// The cursor from which [`resume`](Log::resume) gives everything retained and calls
    /// nothing lost.
    pub const fn earliest(&self) -> Cursor {
        Cursor::new(self.epoch, self.evicted_through)
    }

    /// The cursor after the last message.
    pub const fn latest(&self) -> Cursor {
        Cursor::new(self.epoch, self.last_sequence)
    }

    /// The epoch given to the constructor.
    pub const fn epoch(&self) -> u64 {
        self.epoch
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
        // Most receivers have everything.
        if sequence >= self.last_sequence {
            return self.entries.len();
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
            .field("earliest", &self.earliest())
            .field("latest", &self.latest())
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

/// The answer of [`Log::resume`].
#[derive(Debug)]
#[must_use]
pub struct Resume<'a, M> {
    /// Set when messages that the client has not received are gone. Tell it before any of
    /// the entries.
    pub lost: Option<Lost>,
    /// What is there after the cursor, oldest first.
    pub entries: Entries<'a, M>,
}

/// Why a client cannot be given everything that it has missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// Messages after the cursor were evicted.
    Evicted {
        /// At most this many, and at least one: the numbers between the cursor and the
        /// last evicted message, some of which may have been used in other logs.
        at_most: u64,
    },
    /// The cursor is of another epoch, so nothing is known about what came after it.
    Epoch,
    /// The cursor is beyond the newest message of its epoch, so it was not given out here.
    Ahead,
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
