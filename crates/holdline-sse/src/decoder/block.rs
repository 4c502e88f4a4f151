//! The fields of a block, which becomes an event at the blank line (WHATWG HTML §9.2.6).

use crate::buffer::{Buffer, Kept, Part};
use crate::line::LF;

/// Where the value of a field is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece<'i> {
    /// In one piece in the input.
    Input(&'i [u8]),
    /// In the part of the [`Buffer`] for it.
    Buffer,
}

impl<'i> Piece<'i> {
    #[inline]
    pub(super) fn bytes<'b>(self, part: &'b Part) -> &'b [u8]
    where
        'i: 'b,
    {
        match self {
            Self::Input(bytes) => bytes,
            Self::Buffer => part.as_bytes(),
        }
    }

    /// The value of a line, kept for the end of the block: that of a line in the buffer in `part`.
    #[inline]
    fn keep(self, line: &mut Part, part: &mut Part) -> Self {
        if let Self::Buffer = self {
            core::mem::swap(line, part);
        }
        self
    }

    /// Copies to `part` what borrows the input.
    #[inline]
    fn store(self, part: &mut Part) {
        if let Self::Input(bytes) = self {
            part.set(bytes);
        }
    }
}

/// The fields of the unfinished block, during one call. `None`: no such field yet.
#[derive(Debug)]
pub(super) struct Block<'i> {
    pub(super) data: Option<Piece<'i>>,
    pub(super) event: Option<Piece<'i>>,
    pub(super) id: Option<Piece<'i>>,
}

impl<'i> Block<'i> {
    #[inline]
    pub(super) fn from_kept(kept: Kept) -> Self {
        Self {
            data: kept.data.then_some(Piece::Buffer),
            event: kept.event.then_some(Piece::Buffer),
            id: kept.id.then_some(Piece::Buffer),
        }
    }

    /// The length of what the next `data` line is joined to: the data so far and an LF.
    #[inline]
    pub(super) fn data_before(&self, buffer: &Buffer) -> usize {
        match self.data {
            None => 0,
            Some(Piece::Input(bytes)) => bytes.len() + 1,
            Some(Piece::Buffer) => buffer.data.len() + 1,
        }
    }

    /// Adds the value of a `data` line. The first of a block stays where it is.
    #[inline]
    pub(super) fn add_data(&mut self, value: Piece<'i>, buffer: &mut Buffer) {
        self.data = Some(match self.data {
            None => value.keep(&mut buffer.line, &mut buffer.data),
            Some(before) => {
                before.store(&mut buffer.data);
                buffer.data.push(LF);
                buffer.data.extend(value.bytes(&buffer.line));
                Piece::Buffer
            }
        });
    }

    /// Sets the event type.
    #[inline]
    pub(super) fn set_event(&mut self, value: Piece<'i>, buffer: &mut Buffer) {
        self.event = Some(value.keep(&mut buffer.line, &mut buffer.event));
    }

    /// Sets the last event ID.
    #[inline]
    pub(super) fn set_id(&mut self, value: Piece<'i>, buffer: &mut Buffer) {
        self.id = Some(value.keep(&mut buffer.line, &mut buffer.id));
    }

    /// Copies what borrows the input, so that the call can return without it.
    #[inline]
    pub(super) fn keep(&self, buffer: &mut Buffer) -> Kept {
        let keep = |piece: Option<Piece<'_>>, part| {
            if let Some(piece) = piece {
                piece.store(part);
            }
            piece.is_some()
        };
        Kept {
            data: keep(self.data, &mut buffer.data),
            event: keep(self.event, &mut buffer.event),
            id: keep(self.id, &mut buffer.id),
        }
    }
}
