//! What is kept of a message that arrives in pieces.

use alloc::{string::String, vec::Vec};

/// Memory for messages that arrive in pieces; one for each connection, kept beside it.
///
/// It allocates only when a frame is cut by the end of a read, or a message has several fragments. It
/// grows with what really came, by doubling, so its capacity is at most twice what the message has so far.
/// All memory is given back with the first call after the message was handed out, or by
/// [`give_back`](Self::give_back): an idle connection holds none.
#[derive(Debug, Default)]
pub struct Buffer {
    /// The text so far. A `String`, so that each byte is validated once, when it comes, and the whole
    /// need not be looked at again: pieces are appended as the `&str` that the validator made of them,
    /// and the validator keeps what is cut within a code point.
    pub(crate) text: String,
    /// The binary message so far, and after it the room.
    pub(crate) binary: Vec<u8>,
    /// The control frame so far, at most 125 bytes. It may come between the fragments of a message.
    pub(crate) control: Vec<u8>,
    /// What was handed out by the last call and is given back by the next.
    pub(crate) handed_out: Part,
    /// How many bytes at the end of `binary` are room that is lent to be read into, and no part of the message.
    room: u32,
}

/// Which part of a [`Buffer`] the caller has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Part {
    #[default]
    Nothing,
    Message,
    Control,
}

impl Buffer {
    /// An empty buffer. Does not allocate.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            text: String::new(),
            binary: Vec::new(),
            control: Vec::new(),
            handed_out: Part::Nothing,
            room: 0,
        }
    }

    /// How many bytes it holds allocated.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.text.capacity() + self.binary.capacity() + self.control.capacity()
    }

    /// The message in it is handed out now, and given back by the next call.
    pub(crate) fn hand_out(&mut self) {
        self.drop_room();
        self.handed_out = Part::Message;
    }

    /// Lends room for what comes next of a binary message, of which a frame has `remaining` bytes: not more than has
    /// come of it, and none while that is little. It takes the memory that is there, and doubles it when that is used
    /// up. Each byte of it is cleared once.
    pub(crate) fn lend(&mut self, remaining: usize) -> &mut [u8] {
        let length = self.message_len();
        if length < LEAST || remaining < LEAST {
            self.drop_room();
            return &mut [];
        }
        if self.binary.capacity() - length < LEAST {
            let more = length + length.min(remaining) - self.binary.len();
            self.binary.reserve_exact(more);
        }
        let free = self.binary.capacity() - length;
        let end = length + length.min(remaining).min(free).min(MOST);
        if self.binary.len() < end {
            self.binary.resize(end, 0);
        }
        self.room = (self.binary.len() - length) as u32;
        self.binary.get_mut(length..end).unwrap_or_default()
    }

    /// Takes the binary message out with its room, to be worked on beside the rest, and says where the room begins.
    pub(crate) fn take_room(&mut self) -> (Vec<u8>, usize) {
        let start = self.room_start();
        (core::mem::take(&mut self.binary), start)
    }

    /// Puts it back. The first `joined` bytes of the room belong to the message now.
    pub(crate) fn put_room(&mut self, binary: Vec<u8>, joined: usize) {
        self.binary = binary;
        self.room -= joined as u32;
    }

    /// How much room is lent.
    pub(crate) const fn room(&self) -> usize {
        self.room as usize
    }

    /// The room is not used. Whatever is appended to the message must not come after it.
    pub(crate) fn drop_room(&mut self) {
        self.binary.truncate(self.room_start());
        self.room = 0;
    }

    const fn room_start(&self) -> usize {
        self.binary.len().saturating_sub(self.room as usize)
    }

    /// Frees what the last call handed out, as the next call would; for when that may be a long time off. What is under
    /// way stays as it is. A call of `receive` with no input frees it as well, but ends a message in pieces.
    ///
    /// ```
    /// use holdline_websocket::{Buffer, Config, Connection, Event};
    ///
    /// let (mut websocket, mut buffer) = (Connection::server(Config::default()), Buffer::new());
    /// let (mut begin, mut end) = (*b"\x82\x82\0\0\0\0a", *b"b");
    /// assert_eq!(websocket.receive(&mut &mut begin[..], &mut buffer), Ok(None));
    /// let event = websocket.receive(&mut &mut end[..], &mut buffer);
    /// assert_eq!(event, Ok(Some(Event::Binary(b"ab"))));
    /// buffer.give_back();
    /// assert_eq!(buffer.capacity(), 0);
    /// ```
    #[inline]
    pub fn give_back(&mut self) {
        if self.handed_out != Part::Nothing {
            self.free();
        }
    }

    /// How many bytes of the message under way are kept here.
    pub(crate) const fn message_len(&self) -> usize {
        self.text.len() + self.room_start()
    }

    /// Whether nothing of the message under way is kept here.
    pub(crate) fn has_no_message(&self) -> bool {
        self.message_len() == 0
    }

    fn free(&mut self) {
        match core::mem::take(&mut self.handed_out) {
            Part::Nothing => {}
            Part::Message => {
                self.text = String::new();
                self.binary = Vec::new();
            }
            Part::Control => self.control = Vec::new(),
        }
    }
}

/// Room is lent only when so much of the message has come and so much of the frame is missing: in a small message the
/// copy costs less than a read that stops where the frame ends.
const LEAST: usize = 16 << 10;
/// The most that is lent at once: what is read is unmasked while it is in the processor's caches.
const MOST: usize = 64 << 10;
