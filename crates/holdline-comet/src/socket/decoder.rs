//! From bytes to messages.

use core::str;

use super::{Buffer, END as NUL, POLICY_FILE_REQUEST};

/// How much a peer may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest message in bytes, without its NUL. Default: 64 KiB.
    pub max_message: usize,
}

impl Limits {
    /// The default limits.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_message: 64 * 1024,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// What a peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item<'b> {
    /// A message, without its NUL.
    Message(&'b str),
    /// The first message was [`POLICY_FILE_REQUEST`]: answer with a
    /// [`Policy`](super::Policy), then close. Later it is a message like any other.
    PolicyFileRequest,
}

/// Finds messages in a byte stream, however it is cut.
///
/// ```
/// use holdline_comet::socket::{Buffer, Decoder, Item};
///
/// let (mut decoder, mut buffer) = (Decoder::default(), Buffer::new());
/// let mut input = &b"one\0tw"[..];
/// assert_eq!(decoder.decode(&mut input, &mut buffer)?, Some(Item::Message("one")));
/// assert_eq!(decoder.decode(&mut input, &mut buffer)?, None);
/// let mut input = &b"o\0"[..];
/// assert_eq!(decoder.decode(&mut input, &mut buffer)?, Some(Item::Message("two")));
/// # Ok::<(), holdline_comet::socket::DecodeError>(())
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    limits: Limits,
    /// Where the message that is being read begins in the stream.
    start: u64,
    /// How much of it is in the buffer.
    partial: usize,
    error: Option<DecodeError>,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            start: 0,
            partial: 0,
            error: None,
        }
    }

    /// Takes one message from the front of `input`, and nothing beyond its NUL.
    ///
    /// `Ok(None)` means that all of `input` was taken and more is needed. A message that
    /// lies whole in `input` is borrowed from it; one that came in pieces is borrowed from
    /// `buffer`, which must be the same in every call.
    ///
    /// # Errors
    /// When the message is too long or is not UTF-8. The whole of `input` is taken then. Every
    /// later call returns the same error, and takes its whole input too.
    pub fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Item<'b>>, DecodeError> {
        let result = match self.error {
            Some(error) => Err(error),
            None => self.message(input, buffer),
        };
        if result.is_err() {
            *input = &[];
        }
        result
    }

    fn message<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Item<'b>>, DecodeError> {
        buffer.release();
        // The NUL may follow a message of the greatest length.
        let room = self.limits.max_message.saturating_sub(self.partial);
        let window = input.get(..=room).unwrap_or(input);
        let Some(len) = window.iter().position(|&byte| byte == NUL) else {
            if window.len() > room {
                return Err(self.fail(DecodeErrorKind::TooLong, self.limits.max_message));
            }
            buffer.push(window);
            self.partial = buffer.len();
            *input = &[];
            return Ok(None);
        };
        let (piece, rest) = window.split_at_checked(len).unwrap_or((window, &[]));
        debug_assert_eq!(rest.first(), Some(&NUL));
        let message = if self.partial == 0 {
            piece
        } else {
            buffer.push(piece);
            buffer.take()
        };
        *input = input.get(len + 1..).unwrap_or_default();
        match str::from_utf8(message) {
            Ok(POLICY_FILE_REQUEST) if self.start == 0 => {
                self.advance(message.len());
                Ok(Some(Item::PolicyFileRequest))
            }
            Ok(text) => {
                self.advance(message.len());
                Ok(Some(Item::Message(text)))
            }
            Err(error) => Err(self.fail(DecodeErrorKind::NotUtf8, error.valid_up_to())),
        }
    }

    /// Tells the decoder that the stream has ended. There is no item that the end completes.
    ///
    /// # Errors
    /// When it ended within a message, or in an earlier error.
    pub fn decode_eof(&mut self) -> Result<Option<Item<'static>>, DecodeError> {
        match self.error {
            Some(error) => Err(error),
            None if self.partial > 0 => Err(self.fail(DecodeErrorKind::Unfinished, self.partial)),
            None => Ok(None),
        }
    }

    fn advance(&mut self, len: usize) {
        self.start += len as u64 + 1;
        self.partial = 0;
    }

    fn fail(&mut self, kind: DecodeErrorKind, offset: usize) -> DecodeError {
        let at = self.start + offset as u64;
        *self.error.insert(DecodeError { kind, at })
    }
}

/// The peer broke a rule: which one, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {at} of the stream ({}); close the connection", self.section())]
pub struct DecodeError {
    kind: DecodeErrorKind,
    at: u64,
}

impl DecodeError {
    /// Which rule was broken.
    pub const fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// The byte offset in the stream, the same for every way of cutting it.
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// What describes the rule. There is no standard for these messages, only the documentation of
    /// the class that sends them.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        match self.kind {
            DecodeErrorKind::TooLong | DecodeErrorKind::Unfinished => "ActionScript 3.0, XMLSocket",
            DecodeErrorKind::NotUtf8 => "RFC 3629 §3",
        }
    }
}

/// What can be wrong with a stream of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A message is longer than [`Limits::max_message`].
    #[error("message too long")]
    TooLong,
    /// A message is not UTF-8.
    #[error("message is not UTF-8")]
    NotUtf8,
    /// The stream ended without the NUL of its last message.
    #[error("end of stream within a message")]
    Unfinished,
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
