//! The receiving half: inflates a message as it comes.

use super::{
    Deflate, TAIL,
    decode::{Decoder, Stop},
    window::Window,
};
use crate::role::Role;

/// Inflates the messages of one peer. Between messages only the window is kept, and only with takeover.
#[derive(Debug)]
pub(crate) struct Inflater {
    window: Window,
    takeover: bool,
    /// The message under way, when it is compressed.
    stream: Option<Stream>,
    /// What the last message was decoded with, if the next one was there already: 11 KiB that need not be cleared again.
    spare: Option<Decoder>,
    /// Where that message began.
    pub(crate) at: u64,
    /// How many more bytes it may have, inflated.
    pub(crate) left: u64,
}

#[derive(Debug)]
struct Stream {
    decoder: Decoder,
    /// A byte has come.
    begun: bool,
    /// The last step ended before its input did.
    has_more: bool,
    /// How much of the tail was read.
    tail_read: usize,
}

impl Stream {
    fn new(decoder: Decoder) -> Self {
        Self {
            decoder,
            begun: false,
            has_more: false,
            tail_read: 0,
        }
    }
}

/// What one step gave.
pub(crate) struct Inflated<'a> {
    /// How many bytes of the input it took.
    pub(crate) used: usize,
    pub(crate) output: &'a [u8],
    /// What comes after `output` is not DEFLATE.
    pub(crate) failed: bool,
}

impl Inflater {
    pub(crate) fn new(deflate: &Deflate, sender: Role) -> Self {
        let direction = deflate.direction(sender);
        Self {
            window: Window::new(direction.window()),
            takeover: direction.takeover,
            stream: None,
            spare: None,
            at: 0,
            left: 0,
        }
    }

    /// Bytes allocated for the message under way, or for the next one if it was there already. Else 0 between two
    /// messages, where only the window may be kept.
    pub(crate) fn memory(&self) -> usize {
        if self.stream.is_none() && self.spare.is_none() {
            return 0;
        }
        Decoder::MEMORY + self.window.memory()
    }

    /// Whether the message under way is compressed.
    pub(crate) const fn is_active(&self) -> bool {
        self.stream.is_some()
    }

    /// A compressed message begins at byte `at` of the stream.
    pub(crate) fn begin(&mut self, at: u64, limit: u64) {
        self.at = at;
        self.left = limit;
        let decoder = self.spare.take().unwrap_or_default();
        self.stream = Some(Stream::new(decoder));
    }

    /// Whether more comes from what was taken before: then call `inflate` with nothing.
    pub(crate) fn has_more(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.has_more)
    }

    /// Inflates the next bytes of the message, as much as one piece of the window holds.
    pub(crate) fn inflate(&mut self, mut input: &[u8]) -> Inflated<'_> {
        let (before, from) = (input.len(), self.window.begin(input.len()));
        let stop = self.stream.as_mut().map_or(Stop::Invalid, |stream| {
            stream.begun |= !input.is_empty();
            stream.decoder.step(&mut input, &mut self.window)
        });
        self.inflated(before - input.len(), from, stop)
    }

    /// Like [`inflate`](Self::inflate), for what comes after the last byte of the message: the tail that its sender
    /// left off (RFC 7692 §7.2.2). `None`: that was all; the message is over. `another`: the next one was there already.
    pub(crate) fn inflate_end(&mut self, another: bool) -> Option<Inflated<'_>> {
        let stream = self.stream.as_mut()?;
        // A sender that ends its message with BFINAL has to add an empty block (§7.2.3.4), and an empty message has one
        // byte (§7.2.3.6). Some leave that out, and nothing else could be meant.
        let without_tail =
            stream.tail_read == 0 && (!stream.begun || stream.decoder.is_after_last());
        if without_tail || stream.tail_read == TAIL.len() && stream.decoder.is_between_blocks() {
            let over = self.stream.take().filter(|_| another);
            self.spare = over.map(|stream| stream.decoder.begin_again());
            match (self.takeover, another) {
                (true, _) => {}
                (false, true) => self.window.forget(),
                (false, false) => self.window.clear(),
            }
            return None;
        }
        let mut rest = TAIL.get(stream.tail_read..).unwrap_or_default();
        let (nothing_left, from) = (rest.is_empty() && !stream.has_more, self.window.begin(0));
        let stop = stream.decoder.step(&mut rest, &mut self.window);
        stream.tail_read = TAIL.len() - rest.len();
        // Within a block, and nothing follows.
        let stop = if nothing_left { Stop::Invalid } else { stop };
        Some(self.inflated(0, from, stop))
    }

    fn inflated(&mut self, used: usize, from: usize, stop: Stop) -> Inflated<'_> {
        if let Some(stream) = &mut self.stream {
            stream.has_more = stop == Stop::Room;
        }
        Inflated {
            used,
            output: self.window.since(from),
            failed: stop == Stop::Invalid,
        }
    }
}
