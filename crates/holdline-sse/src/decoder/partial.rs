//! Lines that are cut: a name byte by byte, then a value piece by piece.

use super::{Decoder, Found};
use crate::buffer::{Block, Piece};
use crate::field::Digits;
use crate::line::{Cursor, Name, Partial, Target, find_line_end, is_line_end};
use crate::{Buffer, DecodeError, FieldName, Line};

impl Decoder {
    /// The short way for most pieces of a stream that is cut small: takes what `input` has of the
    /// value of a line that has begun. `true`: that was all. Takes nothing if a limit may be
    /// exceeded, and leaves the line end to the long way.
    #[inline]
    pub(super) fn is_all_of_value(&mut self, input: &mut &[u8], buffer: &mut Buffer) -> bool {
        let Partial::Value(target) = self.partial else {
            return false;
        };
        if target != Target::Field(FieldName::Data) {
            return self.is_all_of_other(target, input, buffer);
        }
        let end = find_line_end(input);
        let value = end.and_then(|end| input.get(..end)).unwrap_or(input);
        if value.len() > self.limits.data_room(self.value_len, buffer.data.len()) {
            return false;
        }
        buffer.data.extend_from_slice(value);
        self.value_len += value.len();
        self.position += value.len() as u64;
        *input = input.get(value.len()..).unwrap_or_default();
        end.is_none()
    }

    /// The same for a line that is not `data`, which is seldom long. Kept out of the way.
    #[inline(never)]
    fn is_all_of_other(&mut self, target: Target, input: &mut &[u8], buffer: &mut Buffer) -> bool {
        if find_line_end(input).is_some() {
            return false;
        }
        let Ok(target) = self.extend(target, input, self.position, buffer) else {
            return false;
        };
        self.partial = Partial::Value(target);
        self.position += input.len() as u64;
        *input = &[];
        true
    }

    /// Begins a line whose end is not in the input. Its name at once, if a byte after the colon
    /// shows where the value begins; else it is a part like any other.
    pub(super) fn begin_line<'i>(
        &mut self,
        cursor: &mut Cursor<'i>,
        buffer: &mut Buffer,
        block: &mut Block<'i>,
    ) -> Result<(), DecodeError> {
        let line = cursor.rest();
        let (name, value) = match Line::parse(line) {
            Line::Field { name, value } if line.len() > name.as_str().len() + 1 => (name, value),
            _ => {
                self.partial = Partial::Name(Name::EMPTY);
                return Ok(());
            }
        };
        let target = Target::Field(name);
        self.begin(target, buffer, block);
        cursor.take(line.len() - value.len());
        self.partial = Partial::Value(target);
        // A limit is exceeded by a byte of the value or by the line end, not by the name.
        if !value.is_empty() {
            let at = cursor.position();
            self.partial = Partial::Value(self.extend(target, value, at, buffer)?);
            cursor.take(value.len());
        }
        Ok(())
    }

    /// Takes the next part of a line that is cut; `first` comes next, and is not the end of its
    /// value.
    pub(super) fn part_of_line<'i>(
        &mut self,
        first: u8,
        cursor: &mut Cursor<'i>,
        buffer: &mut Buffer,
        block: &mut Block<'i>,
    ) -> Result<(), DecodeError> {
        self.partial = match self.partial {
            Partial::Start => Partial::Name(Name::EMPTY),
            Partial::Name(name) if first == b':' => {
                cursor.take(1);
                let target = self.target(name);
                self.begin(target, buffer, block);
                Partial::AfterColon(target)
            }
            Partial::Name(name) if is_line_end(first) => {
                let target = self.target(name);
                self.begin(target, buffer, block);
                Partial::Value(target)
            }
            Partial::Name(name) => {
                cursor.take(1);
                let name = name.push(first);
                name.map_or(Partial::Value(Target::Nothing), Partial::Name)
            }
            Partial::AfterColon(target) => {
                cursor.take_byte(b' ');
                Partial::Value(target)
            }
            Partial::Value(target) => {
                let at = cursor.position();
                Partial::Value(self.extend(target, cursor.take_value(), at, buffer)?)
            }
        };
        Ok(())
    }

    /// Where the value of a cut line with this name goes.
    fn target(&self, name: Name) -> Target {
        match name.field() {
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

    /// Adds to the value of a cut line, and tells where the rest of it goes.
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

    /// A cut line has ended, at offset `at`.
    #[inline]
    pub(super) fn end<'i>(
        &mut self,
        target: Target,
        at: u64,
        buffer: &mut Buffer,
        block: &mut Block<'i>,
    ) -> Result<Option<Found<'i>>, DecodeError> {
        self.partial = Partial::Start;
        match target {
            Target::Nothing => {}
            Target::Comment => return Ok(Some(Found::Comment(Piece::Buffer))),
            // An empty value has passed no limit yet.
            Target::Field(FieldName::Data) => {
                let data_len = buffer.data.len();
                self.limits.check_data(&[], self.value_len, data_len, at)?;
            }
            Target::Field(FieldName::Retry) => return Ok(self.retry_line(self.digits)),
            Target::Field(FieldName::Event) => {
                core::mem::swap(&mut buffer.line, &mut buffer.event);
                block.event = Some(Piece::Buffer);
            }
            Target::Field(FieldName::Id) => {
                core::mem::swap(&mut buffer.line, &mut buffer.id);
                block.id = Some(Piece::Buffer);
            }
        }
        Ok(None)
    }
}
