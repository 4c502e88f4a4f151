//! Frames: each field of the header (RFC 6455 §5.2), then the payload.

mod words;

use std::io;

use holdline_websocket::{Buffer, Event, FrameHeader, Mask, MessageDecoder, Opcode};

use self::words::{FIN, KEY, LENGTH, LENGTH_16, LENGTH_64, MASK, OPCODE, RSV1};
use self::words::{Reserved, bits, describe, first_byte, second_byte, title};
use crate::inspect::explain::inflate::Window;
use crate::inspect::explain::page::{Ink, Meaning, Page, Table};
use crate::inspect::explain::{Annotator, bytes};
use crate::inspect::item::Stop;
use crate::inspect::talk::{Change, Talk};

/// What one side of a connection receives.
#[derive(Debug)]
pub(super) struct Frames {
    decoder: MessageDecoder,
    buffer: Buffer,
    /// The header so far. It is cleared when the frame ends.
    header: Vec<u8>,
    field: Field,
    /// Where the current field begins, in the stream and in the header.
    field_at: u64,
    field_start: usize,
    /// How many bytes of the payload are left.
    remaining: u64,
    mask: Option<Mask>,
    closer: Closer,
    /// Bytes after the Close frame.
    ignored: u64,
}

/// What is kept in order to open compressed messages bit by bit.
#[derive(Debug, Default)]
struct Closer {
    window: Window,
    /// The compressed message so far, unmasked.
    payload: Vec<u8>,
    /// The frame of now belongs to a compressed message.
    keeps: bool,
    /// The message under way is compressed.
    compressed: bool,
}

impl Closer {
    /// A frame with this header begins.
    fn begin(&mut self, first: u8) {
        let opcode = Opcode::from_u8(first & OPCODE);
        match opcode {
            Some(Opcode::Text | Opcode::Binary) => {
                self.compressed = first & RSV1 != 0;
                self.payload.clear();
            }
            Some(Opcode::Continuation) => {}
            _ => {
                self.keeps = false;
                return;
            }
        }
        self.keeps = self.compressed;
    }

    fn push(&mut self, plain: u8) {
        if self.keeps && self.payload.len() <= MOST_KEPT {
            self.payload.push(plain);
        }
    }

    /// The last byte of a frame with this header was seen.
    fn end(&mut self, first: u8) {
        let is_control = Opcode::from_u8(first & OPCODE).is_some_and(Opcode::is_control);
        if first & FIN != 0 && !is_control {
            self.compressed = false;
        }
    }

    /// A message is complete.
    fn open(&mut self, message: &Event<'_>) -> Vec<Table> {
        let message = match *message {
            Event::Text(text) => text.as_bytes(),
            Event::Binary(data) => data,
            _ => return Vec::new(),
        };
        let fits = self.compressed && self.payload.len() <= MOST_KEPT;
        let table = fits.then(|| self.window.open(&self.payload, message));
        self.window.push(message);
        table.flatten().into_iter().collect()
    }
}

/// The part of a frame that the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    First,
    Second,
    /// This many bytes of length, not counting the seven bits in the second byte.
    Length(usize),
    Key,
    Payload,
}

impl Frames {
    pub(super) fn new(decoder: MessageDecoder) -> Self {
        Self {
            decoder,
            buffer: Buffer::new(),
            header: Vec::new(),
            field: Field::First,
            field_at: 0,
            field_start: 0,
            remaining: 0,
            mask: None,
            closer: Closer::default(),
            ignored: 0,
        }
    }

    /// Shows a byte, perhaps later. Returns whether it ended the header.
    fn show(&mut self, at: u64, byte: u8, page: &mut Page<'_>) -> io::Result<bool> {
        if self.field == Field::Payload {
            self.show_payload(byte, page)?;
            return Ok(false);
        }
        self.header.push(byte);
        let have = self.header.len() - self.field_start;
        let reserved = Reserved::of(byte, self.decoder.inflates(), self.closer.compressed);
        let (words, next) = match self.field {
            Field::First => (first_byte(byte, reserved), Field::Second),
            Field::Second => match byte & LENGTH {
                LENGTH_16 => (second_byte(byte), Field::Length(2)),
                LENGTH_64 => (second_byte(byte), Field::Length(8)),
                _ => (second_byte(byte), self.after_length()),
            },
            Field::Length(size) if have == size => {
                let words = format!("length: {}", bytes(self.length()));
                (words, self.after_length())
            }
            Field::Key if have == 4 => (KEY.to_owned(), Field::Payload),
            _ => return Ok(false),
        };
        let is_head = matches!(self.field, Field::First | Field::Second);
        if is_head && page.has_tables() {
            let words = format!("{}\n{words}", title(self.header.len(), byte, reserved));
            let table = bits(self.header.len(), byte);
            let meaning = Meaning::new(&words, SECTION);
            page.part_with(self.field_at, self.field_bytes(), meaning, vec![table])?;
        } else {
            self.show_field(&words, page)?;
        }
        self.enter(next, at + 1);
        Ok(next == Field::Payload)
    }

    fn show_payload(&mut self, byte: u8, page: &mut Page<'_>) -> io::Result<()> {
        self.remaining -= 1;
        let Some(mask) = &mut self.mask else {
            self.closer.push(byte);
            return page.push(byte);
        };
        let mut plain = [byte];
        mask.apply(&mut plain);
        let [plain] = plain;
        self.closer.push(plain);
        page.push_masked(byte, plain)
    }

    fn enter(&mut self, field: Field, at: u64) {
        self.field = field;
        self.field_at = at;
        self.field_start = self.header.len();
    }

    fn after_length(&self) -> Field {
        match self.header.get(1) {
            Some(second) if second & MASK != 0 => Field::Key,
            _ => Field::Payload,
        }
    }

    /// The bytes of the header since the field began.
    fn field_bytes(&self) -> &[u8] {
        self.header.get(self.field_start..).unwrap_or_default()
    }

    /// The value of these bytes as a length.
    fn length(&self) -> u64 {
        self.field_bytes()
            .iter()
            .fold(0, |length, &byte| length << 8 | u64::from(byte))
    }

    fn show_field(&self, words: &str, page: &mut Page<'_>) -> io::Result<()> {
        page.part(
            self.field_at,
            self.field_bytes(),
            Meaning::new(words, SECTION),
        )
    }

    /// Called after a header that the codec has accepted.
    fn begin_payload(&mut self, at: u64, page: &mut Page<'_>) -> io::Result<()> {
        let Ok(Some((header, _))) = FrameHeader::decode(&self.header) else {
            return Ok(());
        };
        self.remaining = header.payload_len;
        self.mask = header.mask.map(Mask::new);
        self.closer.begin(self.header.first().copied().unwrap_or(0));
        if self.remaining == 0 {
            return Ok(());
        }
        let unmasked = match self.mask {
            Some(_) => ", unmasked on this side",
            None => "",
        };
        let words = format!("payload, {}{unmasked}", bytes(self.remaining));
        page.begin(at, Ink::Payload, Meaning::new(&words, SECTION))
    }

    /// Called after the last byte of a frame.
    fn end_frame(&mut self, at: u64, page: &mut Page<'_>) -> io::Result<()> {
        page.finish()?;
        if let Some(&first) = self.header.first() {
            self.closer.end(first);
            if first & FIN == 0 {
                page.say("a fragment: the message goes on")?;
            }
        }
        self.header.clear();
        self.enter(Field::First, at);
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
        if self.decoder.is_closed() {
            self.ignored += 1;
            return Ok(None);
        }
        if self.header.is_empty() {
            self.field_at = at;
        }
        let header_ended = self.show(at, byte, page)?;
        let mut copy = [byte];
        let mut input = &mut copy[..];
        let message = self.decoder.decode(&mut input, &mut self.buffer)?;
        talk.message(message.as_ref().map_or(0, length))?;
        let opens = page.has_tables() && self.decoder.inflates();
        let said = message.map(|message| {
            let tables = match opens {
                true => self.closer.open(&message),
                false => Vec::new(),
            };
            (describe(&message), tables)
        });
        if header_ended {
            self.begin_payload(at + 1, page)?;
        }
        if self.field == Field::Payload && self.remaining == 0 {
            self.end_frame(at + 1, page)?;
        }
        if let Some((said, tables)) = said {
            page.say_with(&said, tables)?;
        }
        Ok(None)
    }

    fn eof(&mut self, page: &mut Page<'_>) -> Result<(), Stop> {
        let end = match (self.decoder.decode_eof()?, self.ignored) {
            (None, 0) => return Ok(()),
            (None, ignored) => format!(
                "{} after the close frame: not looked at (RFC 6455 §1.4)",
                bytes(ignored)
            ),
            (Some(_), _) => "the stream ends here without a close frame: closed with 1006 \
                           (RFC 6455 §7.1.5)"
                .to_owned(),
        };
        Ok(page.say(&end)?)
    }

    fn unfinished(&mut self, page: &mut Page<'_>) -> io::Result<()> {
        match self.field {
            Field::Length(_) if !self.field_bytes().is_empty() => {
                self.show_field("length, cut", page)
            }
            Field::Key if !self.field_bytes().is_empty() => {
                self.show_field("masking key, cut", page)
            }
            _ => page.finish(),
        }
    }
}

/// Bytes of a message, not compressed.
const fn length(message: &Event<'_>) -> usize {
    match message {
        Event::Text(text) => text.len(),
        Event::Binary(data) => data.len(),
        _ => 0,
    }
}

const SECTION: &str = "RFC 6455 §5.2";
/// The longest compressed message that is kept to be opened.
const MOST_KEPT: usize = 64 << 10;
