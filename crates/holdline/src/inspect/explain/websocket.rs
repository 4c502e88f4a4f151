//! Frames: each field of the header (RFC 6455 §5.2), then the payload.

use std::io;

use holdline_websocket::{Buffer, Event, FrameHeader, Mask, MessageDecoder, Opcode};

use crate::inspect::explain::page::{Ink, Meaning, Page};
use crate::inspect::explain::{Annotator, bytes, quote};
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
    /// Bytes after the Close frame.
    ignored: u64,
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
        let (words, next) = match self.field {
            Field::First => (first_byte(byte, self.decoder.inflates()), Field::Second),
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
        self.show_field(&words, page)?;
        self.enter(next, at + 1);
        Ok(next == Field::Payload)
    }

    fn show_payload(&mut self, byte: u8, page: &mut Page<'_>) -> io::Result<()> {
        self.remaining -= 1;
        let Some(mask) = &mut self.mask else {
            return page.push(byte);
        };
        let mut plain = [byte];
        mask.apply(&mut plain);
        let [plain] = plain;
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
        if let Some(first) = self.header.first()
            && first & FIN == 0
        {
            page.say("a fragment: the message goes on")?;
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
        _: &mut Talk,
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
        let said = message.map(|message| describe(&message));
        if header_ended {
            self.begin_payload(at + 1, page)?;
        }
        if self.field == Field::Payload && self.remaining == 0 {
            self.end_frame(at + 1, page)?;
        }
        if let Some(said) = said {
            page.say(&said)?;
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

fn first_byte(byte: u8, inflates: bool) -> String {
    let fin = match byte & FIN {
        0 => "FIN 0: more frames of this message follow",
        _ => "FIN 1: the last frame of its message",
    };
    let reserved = match byte & RESERVED {
        0 if !inflates => "RSV 000: no extension is in use".to_owned(),
        0 => "RSV 000: no extension is in use in this frame".to_owned(),
        RSV1 if inflates => "RSV 100: the message is compressed (RFC 7692 §6)".to_owned(),
        bits => format!("RSV {:03b}: set, which only an extension may do", bits >> 4),
    };
    let number = byte & OPCODE;
    let opcode = match Opcode::from_u8(number) {
        Some(Opcode::Continuation) => "continuation: goes on with the message under way",
        Some(Opcode::Text) => "text: a message of UTF-8 begins",
        Some(Opcode::Binary) => "binary: a message of any bytes begins",
        Some(Opcode::Close) => "close: the sender will send nothing more",
        Some(Opcode::Ping) => "ping: the receiver answers with a pong of the same payload",
        Some(Opcode::Pong) => "pong: answers a ping, or just shows life",
        None => "reserved: nobody may use it yet",
    };
    format!("{fin}\n{reserved}\nopcode {number:#x}, {opcode}")
}

fn second_byte(byte: u8) -> String {
    let mask = match byte & MASK {
        0 => "MASK 0: not masked, as servers send",
        _ => "MASK 1: masked, as clients send",
    };
    let length = match byte & LENGTH {
        LENGTH_16 => "length 126: it stands in the next 2 bytes".to_owned(),
        LENGTH_64 => "length 127: it stands in the next 8 bytes".to_owned(),
        length => format!("length {length}"),
    };
    format!("{mask}\n{length}")
}

fn describe(message: &Event<'_>) -> String {
    let size = |data: &[u8]| bytes(data.len() as u64);
    match *message {
        Event::Text(text) => format!(
            "text message of {}: {}",
            size(text.as_bytes()),
            quote(text.as_bytes())
        ),
        Event::Binary(data) => format!("binary message of {}", size(data)),
        Event::Ping(payload) => format!("ping with {}", size(payload)),
        Event::Pong(payload) => format!("pong with {}", size(payload)),
        Event::Closed(reason) => format!(
            "close frame: code {}, reason {}",
            reason.code,
            quote(reason.reason.as_bytes())
        ),
        _ => String::new(),
    }
}

const SECTION: &str = "RFC 6455 §5.2";
const KEY: &str = "masking key: byte i of the payload is XORed with byte i mod 4 of it \
                   (RFC 6455 §5.3)";

/// The bits of the first two bytes.
const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const RSV1: u8 = 0x40;
const OPCODE: u8 = 0x0f;
const MASK: u8 = 0x80;
const LENGTH: u8 = 0x7f;
const LENGTH_16: u8 = 0x7e;
const LENGTH_64: u8 = 0x7f;
