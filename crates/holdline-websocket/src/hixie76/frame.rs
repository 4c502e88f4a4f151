//! Frames (§4.2, §5.3): from bytes to text, and text to bytes.

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    END, TEXT,
    error::{ReceiveError, ReceiveErrorKind as Kind},
};
use crate::{
    buffer::{Buffer, Part},
    limits::Limits,
    utf8::Utf8Validator,
};

/// A text message that was encoded once, for any number of receivers. A clone shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedMessage(Bytes);

impl PreparedMessage {
    /// Encodes a text message.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let mut out = BytesMut::with_capacity(text.len() + 2);
        put_text(text, &mut out);
        Self(out.freeze())
    }

    /// The whole frame.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.0
    }
}

/// Text never has a byte `FF`, so every text fits.
pub(super) fn put_text(text: &str, out: &mut BytesMut) {
    out.reserve(text.len() + 2);
    out.put_u8(TEXT);
    out.put_slice(text.as_bytes());
    out.put_u8(END);
}

/// Decodes the frames of either side: both send the same.
#[derive(Debug)]
pub(super) struct Decoder {
    limits: Limits,
    utf8: Utf8Validator,
    place: Place,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Type,
    /// In a text frame that may have this many more bytes.
    Text {
        left: u64,
    },
    /// In a frame of type 01 to 7F, which ends with FF and has no meaning.
    Skip {
        left: u64,
    },
    /// In the length of a frame of type 80 to FF: seven bits a byte, the last one without its highest bit.
    Length {
        may_close: bool,
        length: u64,
    },
    /// In such a frame, which has no meaning either.
    Counted {
        left: u64,
    },
}

/// What was found, without borrowing the buffer.
pub(super) enum Step<'i> {
    Text(&'i str),
    /// Text in the buffer.
    Kept,
    Close,
}

impl Decoder {
    pub(super) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            utf8: Utf8Validator::new(),
            place: Place::Type,
        }
    }

    pub(super) fn is_within_frame(&self) -> bool {
        self.place != Place::Type
    }

    /// Takes bytes up to the end of the next frame that means something. `offset` is that of the next byte.
    pub(super) fn next<'i>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &mut Buffer,
        offset: &mut u64,
    ) -> Result<Option<Step<'i>>, ReceiveError> {
        while !input.is_empty() {
            match self.place {
                Place::Text { left } => {
                    if let Some(step) = self.text(left, input, buffer, offset)? {
                        return Ok(Some(step));
                    }
                }
                Place::Skip { left } => self.skip(left, input, offset)?,
                Place::Counted { left } => {
                    let most = usize::try_from(left).unwrap_or(usize::MAX);
                    let taken = take(input, most, offset).len() as u64;
                    self.place = match left - taken {
                        0 => Place::Type,
                        left => Place::Counted { left },
                    };
                }
                Place::Type => {
                    let &[kind] = take(input, 1, offset) else {
                        return Ok(None);
                    };
                    self.place = self.begin(kind);
                }
                Place::Length { may_close, length } => {
                    let at = *offset;
                    let &[byte] = take(input, 1, offset) else {
                        return Ok(None);
                    };
                    let length = self
                        .lengthened(length, byte)
                        .ok_or(ReceiveError::new(Kind::FrameTooLong, at))?;
                    self.place = match length {
                        _ if byte & 0x80 != 0 => Place::Length { may_close, length },
                        0 => Place::Type,
                        left => Place::Counted { left },
                    };
                    if self.place == Place::Type && may_close {
                        return Ok(Some(Step::Close));
                    }
                }
            }
        }
        Ok(None)
    }

    /// What follows the type of a frame.
    fn begin(&self, kind: u8) -> Place {
        match kind {
            TEXT => Place::Text {
                left: self.limits.max_message,
            },
            0x01..=0x7f => Place::Skip {
                left: self.limits.max_frame,
            },
            0x80.. => Place::Length {
                may_close: kind == 0xff,
                length: 0,
            },
        }
    }

    /// A length with seven more bits, if it is within the limit.
    fn lengthened(&self, length: u64, byte: u8) -> Option<u64> {
        let length = length.checked_mul(128)? | u64::from(byte & 0x7f);
        (length <= self.limits.max_frame).then_some(length)
    }

    fn skip(
        &mut self,
        left: u64,
        input: &mut &mut [u8],
        offset: &mut u64,
    ) -> Result<(), ReceiveError> {
        let (chunk, ended) = until_end(input, left, offset);
        if !ended && !input.is_empty() {
            return Err(ReceiveError::new(Kind::FrameTooLong, *offset));
        }
        self.place = if ended {
            Place::Type
        } else {
            Place::Skip {
                left: left - chunk.len() as u64,
            }
        };
        Ok(())
    }

    fn text<'i>(
        &mut self,
        left: u64,
        input: &mut &'i mut [u8],
        buffer: &mut Buffer,
        offset: &mut u64,
    ) -> Result<Option<Step<'i>>, ReceiveError> {
        let before = *offset;
        let (chunk, ended) = until_end(input, left, offset);
        let piece = self
            .utf8
            .push(chunk)
            .map_err(|e| ReceiveError::new(Kind::InvalidText, before + e.at as u64))?;
        if !ended {
            if !input.is_empty() {
                return Err(ReceiveError::new(Kind::MessageTooLong, *offset));
            }
            buffer.text.extend(piece.first);
            buffer.text.push_str(piece.text);
            self.place = Place::Text {
                left: left - chunk.len() as u64,
            };
            return Ok(None);
        }
        if !self.utf8.is_complete() {
            // The end is the first byte that cannot stand there.
            return Err(ReceiveError::new(Kind::InvalidText, *offset - 1));
        }
        self.place = Place::Type;
        if piece.first.is_none() && buffer.has_no_message() {
            return Ok(Some(Step::Text(piece.text)));
        }
        buffer.text.extend(piece.first);
        buffer.text.push_str(piece.text);
        buffer.handed_out = Part::Message;
        Ok(Some(Step::Kept))
    }
}

/// Takes at most `left` bytes up to the end of a frame, and says whether it was there (and was taken). If not, and
/// `input` still has something, the frame is longer than `left`.
fn until_end<'i>(input: &mut &'i mut [u8], left: u64, offset: &mut u64) -> (&'i [u8], bool) {
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    let looked_at = input.get(..left.saturating_add(1)).unwrap_or(input);
    match looked_at.iter().position(|byte| *byte == END) {
        Some(at) => {
            let chunk = take(input, at, offset);
            take(input, 1, offset);
            (chunk, true)
        }
        None => (take(input, left, offset), false),
    }
}

/// Shortens `input` by at most `most` bytes from the front, and returns them.
pub(super) fn take<'i>(input: &mut &'i mut [u8], most: usize, offset: &mut u64) -> &'i [u8] {
    let most = most.min(input.len());
    let (front, rest) = core::mem::take(input).split_at_mut(most);
    *input = rest;
    *offset += front.len() as u64;
    front
}
