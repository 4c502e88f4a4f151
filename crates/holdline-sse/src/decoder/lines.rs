//! Bytes to lines, also of a stream that is cut (WHATWG HTML §9.2.5).

use super::block::{Block, Piece};
use super::fields::Found;
use super::{BYTE_ORDER_MARK, Decoder, Open};
use crate::buffer::{Buffer, Kept};
use crate::error::DecodeError;
use crate::event::Item;
use crate::field::{FieldName, Line};
use crate::line::{Cursor, LF, is_line_end};

impl Decoder {
    /// `end` is where the first line end in `input` is, if that is known.
    ///
    /// A function of its own, so that the fast path need not make room for all its variables.
    #[inline(never)]
    pub(super) fn decode_lines<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        end: Option<usize>,
        buffer: &'b mut Buffer,
    ) -> Result<Option<Item<'b>>, DecodeError> {
        if let Some(error) = self.error {
            return Err(self.fail(error, input));
        }
        buffer.release(self.kept, self.open.is_open());
        let mut block = Block::from_kept(self.kept);
        let mut cursor = Cursor::new(input, self.position);
        match self.scan(&mut cursor, end, buffer, &mut block) {
            Ok(found) => {
                *input = cursor.rest();
                self.position = cursor.position();
                self.kept = match found {
                    Some(Found::Event) => Kept::NOTHING,
                    _ => block.keep(buffer),
                };
                Ok(found.map(|found| self.item(found, &block, buffer)))
            }
            Err(error) => {
                self.kept = Kept::NOTHING;
                buffer.release(self.kept, false);
                Err(self.fail(error, input))
            }
        }
    }

    /// Takes the whole input, and everything that comes.
    #[cold]
    fn fail(&mut self, error: DecodeError, input: &mut &[u8]) -> DecodeError {
        self.position += input.len() as u64;
        *input = &[];
        self.error = Some(error);
        // No line is unfinished any more, so the fast path is not taken.
        self.open = Open::No;
        error
    }

    fn scan<'i>(
        &mut self,
        cursor: &mut Cursor<'i>,
        mut end: Option<usize>,
        buffer: &mut Buffer,
        block: &mut Block<'i>,
    ) -> Result<Option<Found<'i>>, DecodeError> {
        if self.mark < BYTE_ORDER_MARK.len() {
            self.skip_byte_order_mark(cursor);
        }
        while let Some(first) = cursor.first() {
            if self.after_cr {
                self.after_cr = false;
                if first == LF {
                    cursor.take(1);
                    continue;
                }
            }
            let at = cursor.position();
            let part = match end.take() {
                Some(end) => Some(cursor.take(end)),
                // A blank line needs no search.
                None if is_line_end(first) => Some(&[][..]),
                None => cursor.take_line(),
            };
            let Some(part) = part else {
                self.keep_line(cursor.take_rest(), at, buffer, block)?;
                return Ok(None);
            };
            self.after_cr = cursor.take_line_end();
            let found = match self.open {
                Open::No => self.end_line(part, at, buffer, block)?,
                Open::Kept { .. } => {
                    self.open = Open::No;
                    self.end_kept_line(part, at, buffer, block)?
                }
                Open::Skipped { .. } => {
                    self.open = Open::No;
                    None
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Keeps a part of a line whose end is not in the input. It is not empty, and stands at offset
    /// `at` of the stream.
    fn keep_line(
        &mut self,
        part: &[u8],
        at: u64,
        buffer: &mut Buffer,
        block: &Block<'_>,
    ) -> Result<(), DecodeError> {
        match self.open {
            Open::No => buffer.line.clear(),
            Open::Kept { .. } => {}
            Open::Skipped { .. } => return Ok(()),
        }
        let at = self.lengthen(part, at, buffer);
        let line = buffer.line.as_bytes();
        let room = match Line::parse(line) {
            // A limit is exceeded by a byte of the value or by the line end, not by the name.
            Line::Field { name, value: [] } => {
                Some(self.room_at_start(name, line, block.data_before(buffer)))
            }
            Line::Field { name, value } => {
                let at = at + (line.len() - value.len()) as u64;
                self.room(name, value, at, block.data_before(buffer))?
            }
            Line::Comment(text) if self.wants(text) => Some(self.limits.max_line - text.len()),
            Line::Unknown => FieldName::until_any_value(line),
            Line::Blank | Line::Comment(_) => None,
        };
        self.open = room.map_or(Open::SKIPPED, |room| Open::Kept { room });
        Ok(())
    }

    /// Adds to the line in the buffer, and gives the offset at which the line begins. Of a part
    /// that is far too long, only enough is added to show that.
    fn lengthen(&self, part: &[u8], at: u64, buffer: &mut Buffer) -> u64 {
        // (The buffer of another decoder may have more than this stream had.)
        let at = at.saturating_sub(buffer.line.len() as u64);
        let most = self.limits.max_line.saturating_add(LONGEST_NAME + 1);
        let room = most.saturating_sub(buffer.line.len());
        let part = part.get(..room).unwrap_or(part);
        buffer.line.extend(part);
        at
    }

    /// Takes a line that lies whole in the input, and begins at offset `at`.
    #[inline(always)]
    fn end_line<'i>(
        &mut self,
        line: &'i [u8],
        at: u64,
        buffer: &mut Buffer,
        block: &mut Block<'i>,
    ) -> Result<Option<Found<'i>>, DecodeError> {
        match Line::parse(line) {
            Line::Field { name, value } => {
                let at = at + (line.len() - value.len()) as u64;
                self.field(name, Piece::Input(value), at, buffer, block)
            }
            Line::Comment(text) if self.wants(text) => Ok(Some(Found::Comment(Piece::Input(text)))),
            Line::Blank => Ok(self.blank_line(buffer, block)),
            Line::Comment(_) | Line::Unknown => Ok(None),
        }
    }

    /// Takes a line that is in the buffer up to its last part, which stands at offset `at`.
    fn end_kept_line<'i>(
        &mut self,
        part: &[u8],
        at: u64,
        buffer: &mut Buffer,
        block: &mut Block<'i>,
    ) -> Result<Option<Found<'i>>, DecodeError> {
        let at = self.lengthen(part, at, buffer);
        let line = buffer.line.as_bytes();
        match Line::parse(line) {
            Line::Field { name, value } => {
                let start = line.len() - value.len();
                buffer.line.skip(start);
                self.field(name, Piece::Buffer, at + start as u64, buffer, block)
            }
            Line::Comment(text) if self.wants(text) => {
                let start = line.len() - text.len();
                buffer.line.skip(start);
                Ok(Some(Found::Comment(Piece::Buffer)))
            }
            Line::Blank | Line::Comment(_) | Line::Unknown => Ok(None),
        }
    }

    /// Whether a comment is handed out.
    fn wants(&self, comment: &[u8]) -> bool {
        self.comments && comment.len() <= self.limits.max_line
    }

    /// "One leading U+FEFF BYTE ORDER MARK character must be ignored if any are present."
    fn skip_byte_order_mark(&mut self, cursor: &mut Cursor<'_>) {
        while let Some(expected) = BYTE_ORDER_MARK.get(self.mark) {
            let Some(next) = cursor.first() else { return };
            if next == *expected {
                cursor.take(1);
                self.mark += 1;
            } else {
                // Bytes that only look like the beginning of the mark begin a line, and not one with a known field.
                if self.mark > 0 {
                    self.open = Open::SKIPPED;
                }
                self.mark = BYTE_ORDER_MARK.len();
            }
        }
    }
}

/// The most bytes before a value: `event`, a colon and a space.
const LONGEST_NAME: usize = 7;
