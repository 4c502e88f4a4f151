//! What is kept of a message that arrives in pieces.

use alloc::{string::String, vec::Vec};

/// Memory for messages that arrive in pieces; one for each connection, kept beside it.
///
/// It allocates only when a frame is cut by the end of a read, or a message has several fragments. It
/// grows with what really came, by doubling, so its capacity is at most twice what the message has so far.
/// All memory is given back with the first call after the message was handed out: an idle connection
/// holds none.
#[derive(Debug, Default)]
pub struct Buffer {
    /// The text so far. A `String`, so that each byte is validated once, when it comes, and the whole
    /// need not be looked at again: pieces are appended as the `&str` that the validator made of them,
    /// and the validator keeps what is cut within a code point.
    pub(crate) text: String,
    /// The binary message so far.
    pub(crate) binary: Vec<u8>,
    /// The control frame so far, at most 125 bytes. It may come between the fragments of a message.
    pub(crate) control: Vec<u8>,
    /// What was handed out by the last call and is given back by the next.
    pub(crate) handed_out: Part,
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
        }
    }

    /// How many bytes it holds allocated.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.text.capacity() + self.binary.capacity() + self.control.capacity()
    }

    /// The message in it is handed out now, and given back by the next call.
    pub(crate) fn hand_out(&mut self) {
        self.handed_out = Part::Message;
    }

    /// Frees what the last call handed out.
    #[inline]
    pub(crate) fn give_back(&mut self) {
        if self.handed_out != Part::Nothing {
            self.free();
        }
    }

    /// How many bytes of the message under way are kept here.
    #[cfg(feature = "deflate")]
    pub(crate) fn message_len(&self) -> usize {
        self.text.len() + self.binary.len()
    }

    /// Whether nothing of the message under way is kept here.
    pub(crate) fn has_no_message(&self) -> bool {
        self.text.is_empty() && self.binary.is_empty()
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
