//! Frames of the first WebSocket: a byte before the text, and one after it.

use std::io;

use holdline_websocket::Buffer;
use holdline_websocket::hixie76::Event;

use crate::inspect::explain::page::{Ink, Meaning, Page};
use crate::inspect::explain::{Annotator, bytes, quote};
use crate::inspect::hixie76::{self, opening_len};
use crate::inspect::item::Stop;
use crate::inspect::talk::{Change, Side, Talk};

/// What one side sends after the head.
#[derive(Debug)]
pub(super) struct Frames {
    from: Side,
    opening: Vec<u8>,
    codec: Option<hixie76::Frames>,
    buffer: Buffer,
    place: Place,
    ignored: u64,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Type,
    Text,
    /// A frame of a type from 01 to 7F, which has no meaning.
    Skipped,
    /// The length of a frame of a type from 80 to FF, so far.
    Length(u64),
    /// The data of such a frame.
    Counted(u64),
}

impl Frames {
    pub(super) const fn new(from: Side) -> Self {
        Self {
            from,
            opening: Vec::new(),
            codec: None,
            buffer: Buffer::new(),
            place: Place::Type,
            ignored: 0,
        }
    }

    fn open(
        &mut self,
        at: u64,
        byte: u8,
        talk: &mut Talk,
        page: &mut Page<'_>,
    ) -> Result<(), Stop> {
        if self.opening.is_empty() {
            let words = match self.from {
                Side::Client => {
                    "eight bytes that no Content-Length announces: with the two keys of the head \
                     they are the challenge"
                }
                Side::Server => {
                    "the answer: MD5 of the numbers in both keys and of the eight bytes after the \
                     request's head, so the server did read them"
                }
            };
            let section = "draft-hixie-76 §1.3";
            page.begin(at, Ink::Structure, Meaning::new(words, section))?;
        }
        page.push(byte)?;
        self.opening.push(byte);
        if self.opening.len() == opening_len(self.from) {
            page.finish()?;
            self.codec = Some(hixie76::Frames::after(self.from, &self.opening, talk)?);
        }
        Ok(())
    }

    fn show(&mut self, at: u64, byte: u8, page: &mut Page<'_>) -> io::Result<()> {
        let section = "draft-hixie-76 §5.3";
        let mut part = |words: &str| page.part(at, &[byte], Meaning::new(words, section));
        self.place = match (self.place, byte) {
            (Place::Type, 0) => {
                part("type 00: text follows, up to a byte ff")?;
                page.begin(at + 1, Ink::Payload, Meaning::new("text", section))?;
                Place::Text
            }
            (Place::Type, 0x80..) => {
                part("a frame with a length; ff with length 0 is the close, others mean nothing")?;
                Place::Length(0)
            }
            (Place::Type, _) => {
                part("a frame of a type without a meaning: skipped, up to a byte ff")?;
                page.begin(at + 1, Ink::Payload, Meaning::new("skipped", section))?;
                Place::Skipped
            }
            (Place::Text | Place::Skipped, 0xff) => {
                page.finish()?;
                page.part(at, &[byte], Meaning::new("ff: the frame ends", section))?;
                Place::Type
            }
            (Place::Length(length), _) => {
                let length = length.saturating_mul(128) + u64::from(byte & 0x7f);
                part("length, seven bits of it; the last byte of it is below 80")?;
                match (byte & 0x80, length) {
                    (0x80, _) => Place::Length(length),
                    (_, 0) => Place::Type,
                    _ => {
                        let words = format!("skipped, {}", bytes(length));
                        page.begin(at + 1, Ink::Payload, Meaning::new(&words, section))?;
                        Place::Counted(length)
                    }
                }
            }
            (Place::Counted(1), _) => {
                page.push(byte)?;
                page.finish()?;
                Place::Type
            }
            (Place::Counted(left), _) => {
                page.push(byte)?;
                Place::Counted(left - 1)
            }
            (place, _) => {
                page.push(byte)?;
                place
            }
        };
        Ok(())
    }
}

impl Annotator for Frames {
    fn byte(
        &mut self,
        at: u64,
        byte: u8,
        talk: &mut Talk,
        page: &mut Page<'_>,
    ) -> Result<Option<Change>, Stop> {
        let Some(codec) = &self.codec else {
            return self.open(at, byte, talk, page).map(|()| None);
        };
        if codec.closed {
            self.ignored += 1;
            return Ok(None);
        }
        self.show(at, byte, page)?;
        let Some(codec) = &mut self.codec else {
            return Ok(None);
        };
        match codec.next(&mut &mut [byte][..], &mut self.buffer)? {
            Some(Event::Text(text)) => page.say(&format!(
                "text message of {}: {}",
                bytes(text.len() as u64),
                quote(text.as_bytes())
            ))?,
            Some(Event::Closed { .. }) => page.say("close: the sender will send nothing more")?,
            _ => {}
        }
        Ok(None)
    }

    fn eof(&mut self, page: &mut Page<'_>) -> Result<(), Stop> {
        page.finish()?;
        match &mut self.codec {
            None => page.say("the stream ends within the handshake")?,
            Some(codec) if codec.closed => {
                if self.ignored > 0 {
                    let ignored = bytes(self.ignored);
                    page.say(&format!("{ignored} after the close: not looked at"))?;
                }
            }
            Some(codec) => {
                codec.eof()?;
                page.say("the stream ends here without a close")?;
            }
        }
        Ok(())
    }

    fn unfinished(&mut self, page: &mut Page<'_>) -> io::Result<()> {
        page.finish()
    }
}
