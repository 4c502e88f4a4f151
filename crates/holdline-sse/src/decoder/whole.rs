//! Lines that lie whole in the input. Their values are borrowed where they can be.

use super::{Decoder, Found};
use crate::buffer::{Block, Piece};
use crate::field::Digits;
use crate::{Buffer, DecodeError, FieldName, Line};

impl Decoder {
    /// A line that lies whole in the input, begins at offset `at` and is not blank.
    #[inline]
    pub(super) fn whole_line<'i>(
        &mut self,
        line: &'i [u8],
        at: u64,
        buffer: &mut Buffer,
        block: &mut Block<'i>,
    ) -> Result<Option<Found<'i>>, DecodeError> {
        let (name, value) = match Line::parse(line) {
            Line::Field { name, value } => (name, value),
            Line::Comment(text) if self.comments && text.len() <= self.limits.max_line => {
                return Ok(Some(Found::Comment(Piece::Input(text))));
            }
            Line::Blank | Line::Comment(_) | Line::Unknown => return Ok(None),
        };
        let value_at = at + (line.len() - value.len()) as u64;
        match name {
            FieldName::Data => self.data_line(value, value_at, buffer, block)?,
            FieldName::Event => {
                self.limits.check_line(value, 0, value_at)?;
                block.event = Some(Piece::Input(value));
            }
            FieldName::Id => {
                if self.limits.check_id(value, 0, value_at)? {
                    block.id = Some(Piece::Input(value));
                }
            }
            FieldName::Retry => {
                let mut digits = Digits::new();
                digits.push(value);
                return Ok(self.retry_line(digits));
            }
        }
        Ok(None)
    }

    /// The value of a `data` line that lies whole in the input, at offset `at`. The first of a
    /// block is left where it is.
    #[inline]
    pub(super) fn data_line<'i>(
        &self,
        value: &'i [u8],
        at: u64,
        buffer: &mut Buffer,
        block: &mut Block<'i>,
    ) -> Result<(), DecodeError> {
        if block.data.is_none() {
            self.limits.check_data(value, 0, 0, at)?;
            block.data = Some(Piece::Input(value));
            return Ok(());
        }
        block.join_data(buffer);
        self.limits.check_data(value, 0, buffer.data.len(), at)?;
        buffer.data.extend_from_slice(value);
        Ok(())
    }

    pub(super) fn retry_line<'i>(&mut self, digits: Digits) -> Option<Found<'i>> {
        let time = digits.finish()?;
        self.reconnection_time = Some(time);
        self.retry.then_some(Found::Retry(time))
    }
}
