//! What a connection keeps between calls: a partial head, and the table of its fields.

use alloc::vec::Vec;
use core::fmt;

/// The caller's memory beside a connection or decoder.
///
/// It holds a head or trailer section that arrives in pieces (at most
/// [`max_head`](crate::Limits::max_head) bytes) and the table of field positions of the head
/// that was returned last. A head that arrives in one piece is not copied here.
///
/// A new one allocates nothing. While [`is_empty`](Self::is_empty) one `Buffer` may serve many
/// connections in turn: an event loop keeps one, and leaves it with a connection only while
/// that connection has an unfinished head.
#[derive(Default)]
pub struct Buffer {
    /// An unfinished head; after it was returned, the head until the next call.
    pub(crate) bytes: Vec<u8>,
    pub(crate) spans: Vec<Span>,
    /// The bytes belong to an unfinished head.
    pub(crate) partial: bool,
}

impl Buffer {
    /// An empty buffer. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            spans: Vec::new(),
            partial: false,
        }
    }

    /// Whether no unfinished head is kept, so that another connection may use the buffer.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !self.partial
    }

    /// Gives all memory back when nothing unfinished is kept.
    pub fn release(&mut self) {
        if self.is_empty() {
            *self = Self::new();
        }
    }

    /// Bytes of memory that the buffer holds.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.bytes.capacity() + self.spans.capacity() * size_of::<Span>()
    }

    /// Forgets a head that was returned before, so that its memory is not held through a body.
    #[inline]
    pub(crate) fn between(&mut self) -> &mut Self {
        if !self.partial {
            self.reset();
        }
        self
    }

    /// Forgets what was returned before, and gives back what an unusual head needed.
    #[inline]
    pub(crate) fn reset(&mut self) {
        self.partial = false;
        self.bytes.clear();
        self.spans.clear();
        if self.bytes.capacity() > KEPT_BYTES || self.spans.capacity() > KEPT_SPANS {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        self.bytes.shrink_to(KEPT_BYTES);
        self.spans.shrink_to(KEPT_SPANS);
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field(
                "unfinished",
                &if self.partial { self.bytes.len() } else { 0 },
            )
            .field("capacity", &self.capacity())
            .finish()
    }
}

/// Where a field line's name and value are, as offsets from the head's first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) name_start: u32,
    pub(crate) name_end: u32,
    pub(crate) value_start: u32,
    pub(crate) value_end: u32,
}

impl Span {
    pub(crate) fn name(self, head: &[u8]) -> &[u8] {
        head.get(self.name_start as usize..self.name_end as usize)
            .unwrap_or_default()
    }

    pub(crate) fn value(self, head: &[u8]) -> &[u8] {
        head.get(self.value_start as usize..self.value_end as usize)
            .unwrap_or_default()
    }
}

/// Kept from one head to the next, so that common heads need no new allocation.
const KEPT_BYTES: usize = 1024;
const KEPT_SPANS: usize = 32;
