//! The messages of several logs in the one order of their numbers.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};

use crate::log::Entries;

/// Merges the messages of several logs: which log (counted from 0 in the order given), the
/// number, the message.
///
/// Holds one message of each log at a time and copies none: O(k) memory for k logs, O(log
/// k) for each message. Where two logs have a message of the same number, the log that was
/// given first goes first.
pub(crate) struct Merge<'l, M> {
    heads: BinaryHeap<Reverse<Head<'l, M>>>,
}

impl<'l, M> Merge<'l, M> {
    pub(crate) fn new(logs: impl Iterator<Item = Entries<'l, M>>) -> Self {
        let heads: Vec<_> = logs
            .enumerate()
            .filter_map(|(log, rest)| Head::next(log, rest))
            .map(Reverse)
            .collect();
        Self {
            heads: BinaryHeap::from(heads),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    pub(crate) fn next_number(&self) -> Option<u64> {
        self.heads.peek().map(|Reverse(head)| head.sequence)
    }
}

impl<'l, M> Iterator for Merge<'l, M> {
    type Item = (usize, u64, &'l M);

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse(head) = self.heads.pop()?;
        if let Some(next) = Head::next(head.log, head.rest) {
            self.heads.push(Reverse(next));
        }
        Some((head.log, head.sequence, head.message))
    }
}

/// The next message of one log.
struct Head<'l, M> {
    sequence: u64,
    log: usize,
    message: &'l M,
    rest: Entries<'l, M>,
}

impl<'l, M> Head<'l, M> {
    fn next(log: usize, mut rest: Entries<'l, M>) -> Option<Self> {
        let (sequence, message) = rest.next()?;
        Some(Self {
            sequence,
            log,
            message,
            rest,
        })
    }

    fn key(&self) -> (u64, usize) {
        (self.sequence, self.log)
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
