//! What a connection keeps beside the caller's buffer.
#![cfg(feature = "deflate")]

use super::Connection;

impl<K> Connection<K> {
    /// Bytes of memory with which the message under way is decompressed, beside the [`Buffer`](crate::Buffer): up to
    /// about 43 KiB. 0 between two messages, although a window may be kept there, unless the input goes on with another
    /// compressed message.
    #[must_use]
    pub fn inflating(&self) -> usize {
        self.decoder.inflating()
    }
}
