use alloc::string::String;
use alloc::vec::Vec;

/// The memory that a [`Decoder`](crate::Decoder) needs when an event arrives in pieces.
///
/// The caller keeps one beside each decoder and passes it to every call. It allocates nothing
/// until something has to be joined: an event of several `data` lines, a line that was cut, or
/// text that was not valid UTF-8. Memory above 4 KiB is given back when it is no longer needed,
/// at the latest by the call of `decode` that returns `Ok(None)` or an error.
///
/// The contents belong to one decoder. Passing another decoder's buffer gives wrong text, but
/// never a panic.
#[derive(Debug, Default)]
pub struct Buffer {
    /// A line that was cut, as it came; at its end, its value.
    pub(crate) line: Part,
    /// The data buffer of the standard, without the LF after its last line.
    pub(crate) data: Part,
    /// The event type buffer of the standard.
    pub(crate) event: Part,
    /// The last event ID buffer of the standard.
    pub(crate) id: Part,
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
            line: Part::new(),
            data: Part::new(),
            event: Part::new(),
            id: Part::new(),
            data_text: String::new(),
            event_text: String::new(),
            id_text: String::new(),
        }
    }

    /// The bytes that are allocated now.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.line.bytes.capacity()
            + self.data.bytes.capacity()
            + self.event.bytes.capacity()
            + self.id.bytes.capacity()
            + self.data_text.capacity()
            + self.event_text.capacity()
            + self.id_text.capacity()
    }

    /// Gives back what grew large and holds nothing of an unfinished event.
    #[inline]
    pub(crate) fn release(&mut self, kept: Kept, line: bool) {
        // KEEP is a power of two, so one comparison does for all of them.
        let any = self.line.bytes.capacity()
            | self.data.bytes.capacity()
            | self.event.bytes.capacity()
            | self.id.bytes.capacity()
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
        for (part, kept) in parts {
            if !kept && part.bytes.capacity() >= KEEP {
                *part = Part::new();
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

/// Bytes, and before them, maybe, the name of the line that they were the value of: a line that
/// was cut becomes the value without being copied.
#[derive(Debug, Default)]
pub(crate) struct Part {
    bytes: Vec<u8>,
    /// Where the value begins.
    start: usize,
}

impl Part {
    const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
        }
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.start)
    }

    /// Forgets so many bytes at the front.
    #[inline]
    pub(crate) const fn skip(&mut self, len: usize) {
        self.start += len;
    }

    pub(crate) fn clear(&mut self) {
        self.start = 0;
        self.bytes.clear();
    }

    pub(crate) fn set(&mut self, bytes: &[u8]) {
        self.clear();
        self.extend(bytes);
    }

    #[inline]
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    #[inline]
    pub(crate) fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }
}

/// What a part may keep for the next event.
const KEEP: usize = 4096;
