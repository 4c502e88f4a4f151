//! Several logs read as one.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};
use core::fmt;
use core::iter::FusedIterator;

use crate::cursor::Cursor;
use crate::log::{Entries, Log, Lost};

/// Merges the messages of several logs into the order of their sequence numbers, oldest
/// first.
///
/// Holds one message of each log at a time and copies none: O(k) memory for k logs, O(log
/// k) for each message. Where two logs have a message of the same number, the log that was
/// given first goes first.
///
/// ```
/// use core::time::Duration;
/// use holdline_comet::{Log, LogLimits, merge};
///
/// let mut news = Log::new(7, LogLimits::default());
/// let mut chat = Log::new(7, LogLimits::default());
/// news.push(1, 5, Duration::ZERO, "first")?;
/// chat.push(2, 6, Duration::ZERO, "second")?;
/// news.push(3, 5, Duration::ZERO, "third")?;
/// let merged: Vec<_> = merge([chat.iter(), news.iter()]).collect();
/// assert_eq!(merged, [(1, 1, &"first"), (0, 2, &"second"), (1, 3, &"third")]);
/// # Ok::<(), holdline_comet::PushError>(())
/// ```
pub fn merge<'a, M>(logs: impl IntoIterator<Item = Entries<'a, M>>) -> Merge<'a, M> {
    let heads: Vec<_> = logs
        .into_iter()
        .enumerate()
        .filter_map(|(source, rest)| Head::next(source, rest))
        .map(Reverse)
        .collect();
    Merge {
        heads: BinaryHeap::from(heads),
    }
}

/// Resumes from one cursor in several logs at once: [`Log::resume_within`] for each, and
/// the entries [merged](merge).
///
/// `head` is the newest number given out in the whole sequence, or `u64::MAX` when that is
/// checked elsewhere. `lost` is set when any of the logs has lost something; its estimate is
/// for all logs together.
pub fn resume_all<'a, M: 'a>(
    logs: impl IntoIterator<Item = &'a Log<M>>,
    cursor: Cursor,
    head: u64,
) -> ResumeAll<'a, M> {
    let mut lost = None;
    let entries = merge(logs.into_iter().map(|log| {
        let resume = log.resume_within(cursor, head);
        lost = join(lost, resume.lost);
        resume.entries
    }));
    ResumeAll { lost, entries }
}

/// The answer of [`resume_all`].
#[derive(Debug)]
#[must_use]
pub struct ResumeAll<'a, M> {
    /// Set when messages that the client has not received are gone. Tell it before any of
    /// the entries.
    pub lost: Option<Lost>,
    /// What is there after the cursor in all logs, oldest first.
    pub entries: Merge<'a, M>,
}

/// The iterator of [`merge`]: which log (counted from 0 in the order given), the sequence
/// number, the message.
pub struct Merge<'a, M> {
    heads: BinaryHeap<Reverse<Head<'a, M>>>,
}

impl<'a, M> Iterator for Merge<'a, M> {
    type Item = (usize, u64, &'a M);

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse(head) = self.heads.pop()?;
        let item = (head.source, head.sequence, head.message);
        if let Some(next) = Head::next(head.source, head.rest) {
            self.heads.push(Reverse(next));
        }
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.len();
        (len, Some(len))
    }
}

impl<M> ExactSizeIterator for Merge<'_, M> {
    fn len(&self) -> usize {
        self.heads
            .iter()
            .map(|Reverse(head)| 1 + head.rest.len())
            .sum()
    }
}

impl<M> FusedIterator for Merge<'_, M> {}

impl<M> fmt::Debug for Merge<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merge").field("len", &self.len()).finish()
    }
}

/// The next message of one log.
struct Head<'a, M> {
    sequence: u64,
    source: usize,
    message: &'a M,
    rest: Entries<'a, M>,
}

impl<'a, M> Head<'a, M> {
    fn next(source: usize, mut rest: Entries<'a, M>) -> Option<Self> {
        let (sequence, message) = rest.next()?;
        Some(Self {
            sequence,
            source,
            message,
            rest,
        })
    }

    fn key(&self) -> (u64, usize) {
        (self.sequence, self.source)
    }
}

impl<M> PartialEq for Head<'_, M> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<M> Eq for Head<'_, M> {}

impl<M> PartialOrd for Head<'_, M> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<M> Ord for Head<'_, M> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

fn join(left: Option<Lost>, right: Option<Lost>) -> Option<Lost> {
    match (left, right) {
        // The numbers of all logs come from one sequence, so together no more can be gone
        // than there are numbers up to the last one gone.
        (Some(Lost::Evicted { at_most: a }), Some(Lost::Evicted { at_most: b })) => {
            Some(Lost::Evicted { at_most: a.max(b) })
        }
        // What is unknown outweighs an estimate.
        (None | Some(Lost::Evicted { .. }), Some(right)) => Some(right),
        (left, _) => left,
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::log::LogLimits;

    const EPOCH: u64 = 3;

    fn log(limits: LogLimits, sequences: impl IntoIterator<Item = u64>) -> Log<u64> {
        let mut log = Log::new(EPOCH, limits);
        for sequence in sequences {
            log.push(sequence, 1, Duration::ZERO, sequence).unwrap();
        }
        log
    }

    #[test]
    fn no_logs_and_empty_logs_give_nothing() {
        assert_eq!(merge::<u64>([]).count(), 0);
        let empty = log(LogLimits::default(), []);
        assert_eq!(merge([empty.iter(), empty.iter()]).count(), 0);
    }

    #[test]
    fn the_first_log_goes_first_where_numbers_are_equal() {
        let one = log(LogLimits::default(), [1, 2]);
        let two = log(LogLimits::default(), [2, 3]);
        let order: Vec<_> = merge([two.iter(), one.iter()])
            .map(|(source, sequence, _)| (source, sequence))
            .collect();
        assert_eq!(order, [(1, 1), (0, 2), (1, 2), (0, 3)]);
    }

    #[test]
    fn one_lossy_log_makes_the_whole_lossy() {
        let limits = LogLimits {
            max_messages: 1,
            ..LogLimits::default()
        };
        let lossy = log(limits, [2, 6]);
        let other = log(limits, [1, 4, 5]);
        let whole = log(LogLimits::default(), [3]);
        let lost = |logs: &[&Log<u64>], cursor| {
            resume_all(logs.iter().copied(), Cursor::new(EPOCH, cursor), 6).lost
        };
        assert_eq!(lost(&[&whole], 0), None);
        assert_eq!(
            lost(&[&whole, &lossy], 0),
            Some(Lost::Evicted { at_most: 2 })
        );
        assert_eq!(
            lost(&[&other, &lossy, &whole], 0),
            Some(Lost::Evicted { at_most: 4 })
        );
        assert_eq!(lost(&[&whole, &lossy], 2), None);
        assert_eq!(lost(&[&whole, &lossy], 7), Some(Lost::Ahead));
        let stranger = Log::<u64>::new(EPOCH + 1, limits);
        assert_eq!(lost(&[&stranger, &lossy], 0), Some(Lost::Epoch));
        assert_eq!(lost(&[&lossy, &stranger], 0), Some(Lost::Epoch));
    }

    proptest! {
        #[test]
        fn merging_gives_back_the_one_sequence(
            owners in proptest::collection::vec(0..5_usize, 0..100),
            max_messages in 1..40_usize,
            cursor in 0..110_u64,
        ) {
            let limits = LogLimits { max_messages, ..LogLimits::default() };
            let all: Vec<(u64, usize)> = (1..).zip(owners.iter().copied()).collect();
            let of = |owner| all.iter().filter(move |(_, o)| *o == owner).map(|(s, _)| *s);
            let logs: Vec<_> = (0..5).map(|owner| log(limits, of(owner))).collect();
            // The naive way: gather, then sort.
            let mut expected: Vec<_> = logs
                .iter()
                .enumerate()
                .flat_map(|(source, log)| log.iter().map(move |(s, m)| (source, s, m)))
                .filter(|(_, sequence, _)| *sequence > cursor)
                .collect();
            expected.sort_by_key(|(_, sequence, _)| *sequence);
            let resumed = resume_all(&logs, Cursor::new(EPOCH, cursor), u64::MAX);
            let gone = (0..5).any(|owner| {
                let total = of(owner).count();
                of(owner).take(total.saturating_sub(max_messages)).any(|s| s > cursor)
            });
            prop_assert_eq!(resumed.lost.is_some(), gone);
            prop_assert_eq!(resumed.entries.len(), expected.len());
            prop_assert_eq!(resumed.entries.collect::<Vec<_>>(), expected);
        }
    }
}
