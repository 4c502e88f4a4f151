//! The fields of a frame, and messages, in words.

use holdline_websocket::{CloseCode, Event, Opcode};

use crate::inspect::explain::page::Table;
use crate::inspect::explain::{bytes, quote};

/// What the reserved bits of a frame mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reserved {
    /// No extension was agreed on, and none is used.
    Unused,
    /// Compression was agreed on, and this frame is not compressed.
    Plain,
    /// The first frame of a compressed message.
    Begins,
    /// A later one, which does not say it again.
    GoesOn,
    /// Bits that no extension defines here.
    Undefined,
}

impl Reserved {
    /// `inflates`: compression was agreed on. `goes_on`: a compressed message is under way.
    pub(super) fn of(byte: u8, inflates: bool, goes_on: bool) -> Self {
        match (byte & RESERVED, Opcode::from_u8(byte & OPCODE)) {
            (0, _) if !inflates => Self::Unused,
            (0, Some(Opcode::Continuation)) if goes_on => Self::GoesOn,
            (0, _) => Self::Plain,
            (RSV1, Some(Opcode::Text | Opcode::Binary)) if inflates => Self::Begins,
            _ => Self::Undefined,
        }
    }
}

pub(super) fn first_byte(byte: u8, reserved: Reserved) -> String {
    let fin = match byte & FIN {
        0 => "FIN 0: more frames of this message follow",
        _ => "FIN 1: the last frame of its message",
    };
    let reserved = match reserved {
        Reserved::Unused => "RSV 000: no extension is in use".to_owned(),
        Reserved::Plain => "RSV 000: no extension is in use in this frame".to_owned(),
        Reserved::Begins => "RSV 100: the message is compressed (RFC 7692 §6)".to_owned(),
        Reserved::GoesOn => {
            "RSV 000: the message is compressed, as its first frame alone says (RFC 7692 §6)"
                .to_owned()
        }
        Reserved::Undefined => format!(
            "RSV {:03b}: set, which only an extension may do",
            (byte & RESERVED) >> 4
        ),
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

pub(super) fn second_byte(byte: u8) -> String {
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

pub(super) fn describe(message: &Event<'_>) -> String {
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
        // RFC 6455 §7.4.1: this code stands for none, and no frame may hold it.
        Event::Closed(reason) if reason.code == CloseCode::NO_STATUS => {
            format!("close frame: no code, reported as {}", reason.code.as_u16())
        }
        Event::Closed(reason) => format!(
            "close frame: code {}, reason {}",
            reason.code,
            quote(reason.reason.as_bytes())
        ),
        _ => String::new(),
    }
}

pub(super) const KEY: &str = "masking key: byte i of the payload is XORed with byte i mod 4 of it \
                   (RFC 6455 §5.3)";

/// A name for the first byte of a header, or for the second.
pub(super) fn title(place: usize, byte: u8, reserved: Reserved) -> String {
    if place > 1 {
        let mask = match byte & MASK {
            0 => "no mask",
            _ => "masked",
        };
        return match byte & LENGTH {
            LENGTH_16 => format!("{mask}, a length of 16 bits follows"),
            LENGTH_64 => format!("{mask}, a length of 64 bits follows"),
            length => format!("{mask}, {}", bytes(length.into())),
        };
    }
    let part = match (Opcode::from_u8(byte & OPCODE), byte & FIN) {
        (Some(Opcode::Continuation), 0) => "a fragment in the middle of a message",
        (Some(Opcode::Continuation), _) => "the last fragment of a message",
        (Some(Opcode::Text), 0) => "the first fragment of a text message",
        (Some(Opcode::Text), _) => "a whole text message",
        (Some(Opcode::Binary), 0) => "the first fragment of a binary message",
        (Some(Opcode::Binary), _) => "a whole binary message",
        (Some(Opcode::Close), _) => "a close frame",
        (Some(Opcode::Ping), _) => "a ping",
        (Some(Opcode::Pong), _) => "a pong",
        (None, _) => "a frame of an unknown kind",
    };
    match reserved {
        Reserved::Begins => format!("{part}, compressed"),
        _ => part.to_owned(),
    }
}

/// The bits of the first byte of a header, or of the second.
pub(super) fn bits(place: usize, byte: u8) -> Table {
    let row = |from: u8, count: u8, name: &str, meaning: &str| {
        let value = byte << from >> (8 - count);
        vec![
            format!(
                "{:1$}{value:02$b}",
                "",
                usize::from(from),
                usize::from(count)
            ),
            name.to_owned(),
            meaning.to_owned(),
        ]
    };
    let rows = match place {
        1 => vec![
            row(0, 1, "FIN", "1 in the last frame of a message"),
            row(
                1,
                1,
                "RSV1",
                "1: compressed, if permessage-deflate was agreed on",
            ),
            row(2, 1, "RSV2", "for extensions that nobody uses"),
            row(3, 1, "RSV3", "for extensions that nobody uses"),
            row(
                4,
                4,
                "opcode",
                "0 goes on, 1 text, 2 binary, 8 close, 9 ping, a pong",
            ),
        ],
        _ => vec![
            row(0, 1, "MASK", "1 from clients, 0 from servers"),
            row(
                1,
                7,
                "length",
                "126: 16 bits more follow, 127: 64 bits more",
            ),
        ],
    };
    Table {
        caption: format!("Bit by bit: {byte:02x} is {byte:08b}"),
        head: vec!["bits", "field", "meaning"],
        rows,
    }
}

/// The bits of the first two bytes.
pub(super) const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
pub(super) const RSV1: u8 = 0x40;
pub(super) const OPCODE: u8 = 0x0f;
pub(super) const MASK: u8 = 0x80;
pub(super) const LENGTH: u8 = 0x7f;
pub(super) const LENGTH_16: u8 = 0x7e;
pub(super) const LENGTH_64: u8 = 0x7f;
