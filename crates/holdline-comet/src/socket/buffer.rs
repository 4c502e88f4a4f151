//! Memory for a message that arrives in pieces.

use alloc::vec::Vec;

/// Holds a message that arrives in pieces, beside its [`Decoder`](super::Decoder).
///
/// Allocates only then, up to twice [`Limits::max_message`](super::Limits), and gives
/// everything back when the message was taken. Use one buffer with one decoder.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// The bytes are a message that was handed out.
    taken: bool,
}

impl Buffer {
    /// An empty buffer. Allocates nothing.
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            taken: false,
        }
    }

    /// The bytes of memory that it has.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Forgets a message that was handed out.
    pub(super) fn release(&mut self) {
        if self.taken {
            *self = Self::new();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// Hands out the whole message; it stays until [`release`](Self::release).
    pub(super) fn take(&mut self) -> &[u8] {
        self.taken = true;
        &self.bytes
    }
}
