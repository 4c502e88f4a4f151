//! What comes over a WebSocket.

/// A WebSocket message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Message<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
}

impl Message<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Message::Text(text) => text.len(),
            Message::Binary(data) => data.len(),
        }
    }
}

/// A part of a WebSocket message that is taken in pieces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Piece<'a> {
    /// The part. Text is cut between code points. Empty only when it is the last.
    pub data: Message<'a>,
    /// Whether the message ends with it.
    pub last: bool,
}
