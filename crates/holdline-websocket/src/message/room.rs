//! Reading straight into a message.

use super::{
    decoder::{MessageDecoder, joined},
    parts::{End, HandedOut, Mode, Step, discard},
};
use crate::{buffer::Buffer, error::ReceiveError, event::Event, opcode::MessageKind};

impl MessageDecoder {
    /// As [`Connection::receive_room`](crate::Connection::receive_room).
    pub fn room<'b>(&self, buffer: &'b mut Buffer) -> &'b mut [u8] {
        match self.joins() {
            Some(remaining) => buffer.lend(remaining),
            None => &mut [],
        }
    }

    /// Takes the first `filled` bytes of the [room](Self::room), as [`decode`](Self::decode) takes its input.
    ///
    /// # Errors
    ///
    /// As for `decode`.
    pub fn decode_filled<'b>(
        &mut self,
        filled: usize,
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        buffer.give_back();
        if let Some(error) = self.error() {
            discard(&mut Default::default(), buffer);
            return Err(error);
        }
        let Some(frame) = self.frame.filter(|_| self.joins().is_some()) else {
            return Ok(None);
        };
        let filled = filled.min(buffer.room());
        let (mut bytes, start) = buffer.take_room();
        let mut room = bytes.get_mut(start..start + filled).unwrap_or_default();
        // It stays where it is, as one piece.
        let step = self.data(MessageKind::Binary, frame, &mut room, buffer, Mode::Pieces)?;
        let ends = matches!(step, Step::Data(_, true));
        buffer.put_room(bytes, filled);
        Ok(ends.then(|| joined(MessageKind::Binary, buffer)))
    }

    /// How much is missing of the payload of a frame that is joined to a binary message. `None`: what comes next is no
    /// such payload, or goes elsewhere: a compressed one to the inflater, one that is handed out in pieces to the
    /// caller.
    fn joins(&self) -> Option<usize> {
        let frame = self.frame.filter(|frame| !frame.opcode.is_control())?;
        let joins = self.message == Some(MessageKind::Binary)
            && self.end == End::Open
            && self.handed_out == HandedOut::Nothing
            && !self.is_compressed();
        joins.then(|| usize::try_from(frame.remaining).unwrap_or(usize::MAX))
    }
}
