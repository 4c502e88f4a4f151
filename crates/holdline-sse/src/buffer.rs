use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::line::LF;

/// The memory that a [`Decoder`](crate::Decoder) needs when an event arrives in pieces.
///
/// The caller keeps one beside each decoder and passes it to every call. It allocates nothing
/// until something has to be joined: an event of several `data` lines, a line that was cut, or
/// text that was not valid UTF-8. Memory above 4 KiB is given back when it is no longer needed,
/// at the latest by the call that returns `Ok(None)`.
///
/// The contents belong to one decoder. Passing another decoder's buffer gives wrong text, but
/// never a panic.
#[derive(Debug, Default)]
pub struct Buffer {
    /// The value of the line that is arriving, unless it is a `data` line.
    pub(crate) line: Vec<u8>,
    /// The data buffer of the standard, without the LF after its last line.
    pub(crate) data: Vec<u8>,
    /// The event type buffer of the standard.
    pub(crate) event: Vec<u8>,
    /// The last event ID buffer of the standard.
    pub(crate) id: Vec<u8>,
    /// The text that an item borrows when it could not borrow bytes.
    pub(crate) data_text: String,
    pub(crate) event_text: String,
    pub(crate) id_text: String,
}

impl Buffer {
    /// An empty buffer. Does not allocate.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            event: Vec::new(),
            id: Vec::new(),
            data_text: String::new(),
            event_text: String::new(),
            id_text: String::new(),
        }
    }

    /// The bytes that are allocated now.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.line.capacity()
            + self.data.capacity()
            + self.event.capacity()
            + self.id.capacity()
            + self.data_text.capacity()
            + self.event_text.capacity()
            + self.id_text.capacity()
    }

    /// Gives back what grew large and holds nothing of an unfinished event.
    #[inline]
    pub(crate) fn release(&mut self, kept: Kept, line: bool) {
        // KEEP is a power of two, so one comparison answers for all of them.
        let any = self.line.capacity()
            | self.data.capacity()
            | self.event.capacity()
            | self.id.capacity()
            | self.data_text.capacity()
            | self.event_text.capacity()
            | self.id_text.capacity();
        if any >= KEEP {
            self.release_large(kept, line);
        }
    }

    #[cold]
    fn release_large(&mut self, kept: Kept, line: bool) {
        let parts = [
            (&mut self.line, line),
            (&mut self.data, kept.data),
            (&mut self.event, kept.event),
            (&mut self.id, kept.id),
        ];
        for (bytes, kept) in parts {
            if !kept && bytes.capacity() >= KEEP {
                *bytes = Vec::new();
            }
        }
        // Text is only ever borrowed by the item that was returned last.
        for text in [&mut self.data_text, &mut self.event_text, &mut self.id_text] {
            if text.capacity() >= KEEP {
                *text = String::new();
            }
        }
    }
}

/// Which parts of a [`Buffer`] hold something of an unfinished block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) data: bool,
    pub(crate) event: bool,
    pub(crate) id: bool,
}

impl Kept {
    pub(crate) const NOTHING: Self = Self {
        data: false,
        event: false,
        id: false,
    };
}

/// Where the bytes of a field are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece<'i> {
    /// In one piece in the input.
    Input(&'i [u8]),
    /// In the part of the [`Buffer`] that is named like the field.
    Buffer,
}

impl<'i> Piece<'i> {
    pub(crate) fn bytes<'b>(self, part: &'b [u8]) -> &'b [u8]
    where
        'i: 'b,
    {
        match self {
            Self::Input(bytes) => bytes,
            Self::Buffer => part,
        }
    }
}

/// The fields of the unfinished block, during one call. `None`: no such field yet.
#[derive(Debug)]
pub(crate) struct Block<'i> {
    pub(crate) data: Option<Piece<'i>>,
    pub(crate) event: Option<Piece<'i>>,
    pub(crate) id: Option<Piece<'i>>,
}

impl Block<'_> {
    #[inline]
    pub(crate) fn from_kept(kept: Kept) -> Self {
        Self {
            data: kept.data.then_some(Piece::Buffer),
            event: kept.event.then_some(Piece::Buffer),
            id: kept.id.then_some(Piece::Buffer),
        }
    }

    /// Makes the data buffer ready for one more line: what the block has so far, and an LF.
    #[inline]
    pub(crate) fn join_data(&mut self, buffer: &mut Buffer) {
        match self.data {
            Some(Piece::Buffer) => buffer.data.push(LF),
            Some(Piece::Input(bytes)) => {
                store(bytes, &mut buffer.data);
                buffer.data.push(LF);
            }
            None => buffer.data.clear(),
        }
        self.data = Some(Piece::Buffer);
    }

    /// Copies what borrows the input, so that the call can return without it.
    #[inline]
    pub(crate) fn keep(&self, buffer: &mut Buffer) -> Kept {
        let keep = |piece: Option<Piece<'_>>, part| {
            if let Some(Piece::Input(bytes)) = piece {
                store(bytes, part);
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

fn store(bytes: &[u8], part: &mut Vec<u8>) {
    part.clear();
    part.extend_from_slice(bytes);
}

/// The text of a field. It borrows the bytes if they are UTF-8, else `repaired`.
#[inline]
pub(crate) fn text<'b, 'i: 'b>(
    piece: Option<Piece<'i>>,
    part: &'b [u8],
    repaired: &'b mut String,
) -> &'b str {
    let Some(piece) = piece else { return "" };
    let bytes = piece.bytes(part);
    match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => {
            repair(repaired, bytes);
            repaired
        }
    }
}

/// Makes `text` what "UTF-8 decode" makes of `bytes`.
#[inline]
pub(crate) fn set_lossy(text: &mut String, bytes: &[u8]) {
    match simdutf8::basic::from_utf8(bytes) {
        Ok(valid) => valid.clone_into(text),
        Err(_) => repair(text, bytes),
    }
}

/// The same for bytes that are not UTF-8: U+FFFD stands for each maximal subpart of an ill-formed
/// sequence.
#[cold]
fn repair(text: &mut String, bytes: &[u8]) {
    text.clear();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// What a part may keep for the next event.
const KEEP: usize = 4096;
