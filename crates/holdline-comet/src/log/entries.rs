//! What a log gives out.

use alloc::collections::vec_deque;
use core::fmt;
use core::iter::FusedIterator;

use super::Entry;

/// The messages of a [`Log`](super::Log) with their sequence numbers, oldest first.
pub struct Entries<'a, M>(pub(super) vec_deque::Iter<'a, Entry<M>>);

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
