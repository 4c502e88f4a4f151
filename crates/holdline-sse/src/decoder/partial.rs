//! Lines that are cut: a name byte by byte, then a value piece by piece.

use super::{Decoder, Found};
use crate::buffer::{Block, Piece};
use crate::field::Digits;
use crate::line::{CR, Cursor, LF, Name, Partial, Target, has_line_end};
use crate::{Buffer, DecodeError, FieldName};

impl Decoder {
    /// The short way for a piece from the middle of a long value: takes all of `input`, or
    /// nothing if a line may end or a limit be exceeded there.
    #[inline]
    pub(super) fn is_middle_of_line(&mut self, input: &[u8], buffer: &mut Buffer) -> bool {
        let Partial::Value(target) = self.partial else {
            return false;
        };
        if target != Target::Field(FieldName::Data) {
            return self.is_middle_of_other(target, input, buffer);
        }
        let room = self.limits.data_room(self.value_len, buffer.data.len());
        if input.len() > room || has_line_end(input) {
            return false;
        }
        buffer.data.extend_from_slice(input);
        self.value_len += input.len();
        self.position += input.len() as u64;
        true
    }

    /// The same for a line that is not `data`, which is seldom long. Kept out of the way.
    #[inline(never)]
    fn is_middle_of_other(&mut self, target: Target, input: &[u8], buffer: &mut Buffer) -> bool {
        if has_line_end(input) {
            return false;
        }
        let Ok(target) = self.extend(target, input, self.position, buffer) else {
            return false;
        };
        self.partial = Partial::Value(target);
        self.position += input.len() as u64;
        true
    }

    /// Takes what the input has of a line that is cut, and ends the line if its end is there.
    pub(super) fn part_of_line<'i>(
        &mut self,
        cursor: &mut Cursor<'i>,
        buffer: &mut Buffer,
        block: &mut Block<'i>,
    ) -> Result<Option<Found<'i>>, DecodeError> {
        while let Some(first) = cursor.first() {
            match self.partial {
                Partial::Name(name) => match first {
                    LF | CR if name.is_empty() => {
                        self.after_cr = cursor.take_line_end() == Some(true);
                        return Ok(self.blank_line(buffer, block));
                    }
                    b':' => {
                        cursor.take(1);
                        let target = self.target(name);
                        self.begin(target, buffer, block);
                        self.partial = Partial::AfterColon(target);
                    }
                    LF | CR => {
                        let target = self.target(name);
                        self.begin(target, buffer, block);
                        self.partial = Partial::Value(target);
                    }
                    byte => {
                        cursor.take(1);
                        self.partial = match name.push(byte) {
                            Some(name) => Partial::Name(name),
                            None => Partial::Value(Target::Nothing),
                        };
                    }
                },
                Partial::AfterColon(target) => {
                    cursor.take_byte(b' ');
                    self.partial = Partial::Value(target);
                }
                Partial::Value(target) => {
                    let at = cursor.position();
                    let target = self.extend(target, cursor.take_value(), at, buffer)?;
                    self.partial = Partial::Value(target);
                    if let Some(is_cr) = cursor.take_line_end() {
                        self.after_cr = is_cr;
                        self.partial = Partial::START;
                        return Ok(self.end(target, buffer, block));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Where the value of a cut line with this name goes.
    fn target(&self, name: Name) -> Target {
        match FieldName::parse(name.as_bytes()) {
            Some(name) => Target::Field(name),
            None if name.is_empty() && self.comments => Target::Comment,
            None => Target::Nothing,
        }
    }

    /// A cut line has shown what it is.
    fn begin(&mut self, target: Target, buffer: &mut Buffer, block: &mut Block<'_>) {
        self.value_len = 0;
        self.digits = Digits::new();
        buffer.line.clear();
        if target == Target::Field(FieldName::Data) {
            block.join_data(buffer);
        }
    }

    /// Adds to the value of a cut line, and tells where the rest of it goes. `bytes` may be
    /// empty, but then the next byte is the line end.
    fn extend(
        &mut self,
        target: Target,
        bytes: &[u8],
        at: u64,
        buffer: &mut Buffer,
    ) -> Result<Target, DecodeError> {
        match target {
            // These have no limit, so nothing is counted.
            Target::Nothing => return Ok(target),
            Target::Field(FieldName::Retry) => {
                self.digits.push(bytes);
                return Ok(target);
            }
            Target::Field(FieldName::Data) => {
                self.limits
                    .check_data(bytes, self.value_len, buffer.data.len(), at)?;
                buffer.data.extend_from_slice(bytes);
            }
            Target::Field(FieldName::Event) => {
                self.limits.check_line(bytes, self.value_len, at)?;
                buffer.line.extend_from_slice(bytes);
            }
            Target::Field(FieldName::Id) => {
                if !self.limits.check_id(bytes, self.value_len, at)? {
                    return Ok(Target::Nothing);
                }
                buffer.line.extend_from_slice(bytes);
            }
            Target::Comment => {
                if bytes.len() > self.limits.max_line - self.value_len {
                    return Ok(Target::Nothing);
                }
                buffer.line.extend_from_slice(bytes);
            }
        }
        self.value_len += bytes.len();
        Ok(target)
    }

    /// A cut line has ended.
    fn end<'i>(
        &mut self,
        target: Target,
        buffer: &mut Buffer,
        block: &mut Block<'i>,
    ) -> Option<Found<'i>> {
        match target {
            Target::Nothing | Target::Field(FieldName::Data) => None,
            Target::Comment => Some(Found::Comment(Piece::Buffer)),
            Target::Field(FieldName::Retry) => self.retry_line(self.digits),
            Target::Field(FieldName::Event) => {
                core::mem::swap(&mut buffer.line, &mut buffer.event);
                block.event = Some(Piece::Buffer);
                None
            }
            Target::Field(FieldName::Id) => {
                core::mem::swap(&mut buffer.line, &mut buffer.id);
                block.id = Some(Piece::Buffer);
                None
            }
        }
    }
}
