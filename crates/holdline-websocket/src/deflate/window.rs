//! What a peer's messages may refer to: the last bytes that were inflated, in a ring.

use alloc::vec::Vec;

/// A ring of at most the agreed window. It grows with what comes, always to a power of two, and what was written since
/// the last step lies in one piece, so that it can be looked at before more is written.
#[derive(Debug)]
pub(super) struct Window {
    ring: Vec<u8>,
    /// The agreed size: 2^8 to 2^15 (RFC 7692 §7.1.2).
    limit: usize,
    /// Where the next byte goes. When the ring has wrapped, the oldest bytes are beyond it.
    at: usize,
    wrapped: bool,
}

impl Window {
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            ring: Vec::new(),
            limit,
            at: 0,
            wrapped: false,
        }
    }

    /// Bytes allocated.
    pub(super) fn memory(&self) -> usize {
        self.ring.capacity()
    }

    /// Frees it, and forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.limit);
    }

    /// Forgets everything, but keeps the memory.
    pub(super) fn forget(&mut self) {
        self.at = 0;
        self.wrapped = false;
    }

    /// Where the next byte goes, with room for one at least, and when it grows for twice as much as is to be inflated.
    pub(super) fn begin(&mut self, input: usize) -> usize {
        if self.at == self.ring.len() {
            if self.ring.len() < self.limit {
                let least = input.min(self.limit).next_power_of_two() * 2;
                let size = (self.ring.len() * 4).max(least).clamp(256, self.limit);
                self.ring.reserve_exact(size - self.ring.len());
                self.ring.resize(size, 0);
            } else {
                self.at = 0;
                self.wrapped = true;
            }
        }
        self.at
    }

    /// What was written since `begin` returned `from`.
    pub(super) fn since(&self, from: usize) -> &[u8] {
        self.ring.get(from..self.at).unwrap_or_default()
    }

    /// Whether everything in the ring has been written once. Before that, there is nothing beyond the place
    /// where we write.
    pub(super) const fn has_wrapped(&self) -> bool {
        self.wrapped
    }

    /// The ring, and where to write until its end.
    pub(super) fn ring(&mut self) -> (&mut [u8], usize) {
        (&mut self.ring, self.at)
    }

    /// This many bytes were written.
    pub(super) fn advance(&mut self, written: usize) {
        self.at = self.ring.len().min(self.at + written);
    }
}
