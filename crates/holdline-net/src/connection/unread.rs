//! Input that was read and may not be parsed yet.

use bytes::BytesMut;

/// Nearly all connections have none, and so it is a pointer for them.
#[derive(Debug, Default)]
pub(super) struct Unread(Option<Box<BytesMut>>);

impl Unread {
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |bytes| bytes.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory that it takes.
    pub(super) fn capacity(&self) -> usize {
        self.0.as_ref().map_or(0, |bytes| bytes.capacity())
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.0.get_or_insert_default().extend_from_slice(bytes);
        }
    }

    /// All of it.
    pub(super) fn take(&mut self) -> BytesMut {
        self.0.take().map(|bytes| *bytes).unwrap_or_default()
    }
}
