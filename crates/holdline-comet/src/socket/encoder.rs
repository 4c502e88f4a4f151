//! From messages to bytes.

use bytes::{BufMut, BytesMut};

/// Appends one message and its NUL.
///
/// # Errors
/// When the message has a NUL inside, which would end it early. `out` is then as it was.
pub fn encode(message: &str, out: &mut BytesMut) -> Result<(), EncodeError> {
    if let Some(at) = message.bytes().position(|byte| byte == 0) {
        return Err(EncodeError { at });
    }
    out.reserve(message.len() + 1);
    out.put_slice(message.as_bytes());
    out.put_u8(0);
    Ok(())
}

/// A message has a NUL inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("NUL at byte {at} of the message: it would end the message there")]
pub struct EncodeError {
    at: usize,
}

impl EncodeError {
    /// The byte offset of the NUL in the message.
    pub const fn at(&self) -> usize {
        self.at
    }
}
