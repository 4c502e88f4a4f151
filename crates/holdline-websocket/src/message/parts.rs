//! What passes between the steps of the decoder.

use crate::{
    buffer::Buffer,
    error::ReceiveErrorKind as Kind,
    mask::Mask,
    opcode::{MessageKind, Opcode},
    utf8::Utf8Piece,
};

/// The rest of a frame whose header was admitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) remaining: u64,
    pub(super) mask: Mask,
    pub(super) opcode: Opcode,
    pub(super) fin: bool,
    /// It begins a compressed message.
    pub(super) compressed: bool,
}

/// What the caller has of the message under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HandedOut {
    Nothing,
    Pieces,
    /// Pieces, and then it asked for whole messages: the rest is dropped.
    Abandoned,
}

/// Whether anything is still to be decoded. One byte, in a struct that each idle connection has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Open,
    /// The peer's Close was handed out.
    Closed,
    Failed(Kind),
}

/// How messages are handed out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Whole,
    Pieces,
}

/// What was found, without borrowing the buffer. The flag says whether the message ends with it.
pub(super) enum Step<'i> {
    /// The next piece of a message, which may be empty.
    Data(Data<'i>, bool),
    /// In the buffer, inflated: a whole message, or the next piece.
    #[cfg_attr(
        not(feature = "deflate"),
        allow(dead_code, reason = "only messages that are inflated are")
    )]
    Kept(MessageKind, bool),
    /// `None`: in the buffer.
    Control(Opcode, Option<&'i [u8]>),
}

/// A piece of a message as it lies in the input, unmasked and checked.
pub(super) enum Data<'i> {
    Text(Utf8Piece<'i>),
    Binary(&'i [u8]),
}

impl Data<'_> {
    pub(super) const fn is_empty(&self) -> bool {
        match self {
            Self::Text(piece) => piece.text.is_empty() && piece.first.is_none(),
            Self::Binary(data) => data.is_empty(),
        }
    }

    /// Whether nothing of it came before: no code point began in an earlier piece.
    pub(super) const fn is_whole(&self) -> bool {
        !matches!(self, Self::Text(Utf8Piece { first: Some(_), .. }))
    }

    /// Joins it to what came before.
    pub(super) fn append_to(&self, buffer: &mut Buffer) -> MessageKind {
        match self {
            Self::Text(piece) => {
                buffer.text.extend(piece.first);
                buffer.text.push_str(piece.text);
                MessageKind::Text
            }
            Self::Binary(data) => {
                buffer.binary.extend_from_slice(data);
                MessageKind::Binary
            }
        }
    }
}

/// After an error and the end nothing is kept.
#[cold]
pub(crate) fn discard(input: &mut &mut [u8], buffer: &mut Buffer) {
    *buffer = Buffer::new();
    *input = &mut [];
}

/// Shortens `input` by at most `most` bytes from the front, and returns them.
#[inline]
pub(super) fn take_front<'i>(input: &mut &'i mut [u8], most: usize) -> &'i mut [u8] {
    let all = core::mem::take(input);
    let (front, rest) = all.split_at_mut(most.min(all.len()));
    *input = rest;
    front
}
