//! The bytes of a request as they are on the socket, for a handler that logs or shows them.

/// Sees the bytes of one request and of its response as they pass: heads, framing, and the frames of a WebSocket, both
/// ways. A handler gives one in [`Handler::tap`](crate::Handler::tap). It is dropped when it sees nothing more.
///
/// Each call is in the middle of the connection's work, so it must not take long. How bytes are cut into calls means
/// nothing. What the tap keeps is its own business: the server keeps nothing for it.
pub trait Tap {
    /// The client sent these bytes, and nobody has changed them yet: frames are masked.
    fn received(&mut self, bytes: &[u8]);

    /// The system took these bytes to send them.
    fn sent(&mut self, bytes: &[u8]);
}
