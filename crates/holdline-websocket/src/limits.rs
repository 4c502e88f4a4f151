//! How much a peer may send before it is refused.

/// Limits on what one connection receives. Every buffer that a peer can fill is bounded by one of them.
///
/// Lengths are judged when a frame's header arrives, before any payload is taken, and memory grows with
/// the bytes that really came, never because a length was declared (RFC 6455 §10.4).
///
/// ```
/// use holdline_websocket::Limits;
///
/// let mut limits = Limits::default();
/// limits.max_message = 64 << 10;
/// assert_eq!(limits.max_frame, 16 << 20);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest payload of one data frame, in bytes. Default: 16 MiB. A longer one is refused at its
    /// header with close code 1009. Control frames have their own limit, 125 bytes, by the RFC.
    pub max_frame: u64,
    /// The longest message, in bytes, over all its fragments. Default: 16 MiB. A longer one is refused at
    /// the header of the frame that would exceed it, with close code 1009.
    ///
    /// Of a compressed message (feature `deflate`) it is the inflated length that counts. It is watched while
    /// the message is inflated, so what is kept never exceeds it, however well the message was compressed.
    ///
    /// It also holds for messages that are streamed in pieces. Nothing of those is buffered, so if you
    /// stream, you may set it to `u64::MAX`.
    pub max_message: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame: 16 << 20,
            max_message: 16 << 20,
        }
    }
}
