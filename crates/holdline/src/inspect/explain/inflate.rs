//! A compressed message, opened bit by bit (RFC 1951), as permessage-deflate sends it (RFC 7692 §7.2).

use crate::inspect::explain::page::{Table, columns};

/// What the messages before this one may be copied from: the newest bytes, in order.
#[derive(Debug, Default)]
pub(super) struct Window(Vec<u8>);

impl Window {
    /// Takes a message in the clear.
    pub(super) fn push(&mut self, message: &[u8]) {
        self.0.extend_from_slice(message);
        let surplus = self.0.len().saturating_sub(REACH);
        self.0.drain(..surplus);
    }

    /// Takes a compressed message apart, without the four bytes that its sender left out. `None` if it is not what
    /// the codec made of it: then it is not explained.
    pub(super) fn open(&self, payload: &[u8], message: &[u8]) -> Option<Table> {
        let mut reader = Reader {
            bytes: [payload, TAIL].concat(),
            at: 0,
            shown: payload.len() * 8,
            output: self.0.clone(),
            rows: Vec::new(),
        };
        while reader.block()? {}
        let made = reader.output.get(self.0.len()..)?;
        let cut = match reader.rows.len() > MOST_ROWS {
            true => format!(", of which the first {MOST_ROWS} steps are shown"),
            false => String::new(),
        };
        reader.rows.truncate(MOST_ROWS);
        (made == message).then(|| Table {
            caption: format!("The compressed message, opened bit by bit (RFC 1951 §3.2){cut}"),
            head: vec!["bit", "bits", "what", "gives"],
            rows: reader.rows,
        })
    }
}

/// Reads bits, the lowest of each byte first (RFC 1951 §3.1.1).
struct Reader {
    bytes: Vec<u8>,
    /// The number of the next bit.
    at: usize,
    /// How many of the bits came over the wire.
    shown: usize,
    /// What came before, and what was made so far.
    output: Vec<u8>,
    rows: Vec<Vec<String>>,
}

impl Reader {
    /// Reads a block. Returns whether another follows.
    fn block(&mut self) -> Option<bool> {
        let start = self.at;
        let last = self.number(1)? == 1;
        let what = match last {
            true => "the last block",
            false => "not the last block",
        };
        self.row(start, what, "");
        let start = self.at;
        match self.number(2)? {
            0 => {
                self.row(start, "a block that is not compressed", "");
                self.stored()?;
            }
            1 => {
                self.row(start, "a block with the fixed codes", "");
                self.compressed(&Codes::new(&fixed_lengths()), &Codes::new(&[5; 30]))?;
            }
            2 => {
                self.row(start, "a block with codes of its own", "");
                let (literals, distances) = self.tables()?;
                self.compressed(&literals, &distances)?;
            }
            _ => return None,
        }
        // The tail that was left out ends the last block that was sent.
        Some(!last && self.at < self.shown)
    }

    fn stored(&mut self) -> Option<()> {
        let start = self.at;
        self.at = self.at.next_multiple_of(8);
        if self.at > start {
            self.row(start, "filled up to a whole byte", "");
        }
        let start = self.at;
        let length = self.number(16)?;
        let complement = self.number(16)?;
        if length ^ complement != 0xffff {
            return None;
        }
        let what = match start >= self.shown {
            true => "length 0 and its complement, which the sender left out (RFC 7692 §7.2.1)"
                .to_owned(),
            false => format!("length {length}, and its complement"),
        };
        self.row(start, &what, "");
        for _ in 0..length {
            let start = self.at;
            let byte = u8::try_from(self.number(8)?).ok()?;
            self.output.push(byte);
            self.row(start, "a byte as it is", &columns(&[byte]));
        }
        Some(())
    }

    /// The codes of a block, which are themselves compressed (RFC 1951 §3.2.7).
    fn tables(&mut self) -> Option<(Codes, Codes)> {
        let start = self.at;
        let literals = usize::from(self.number(5)?) + 257;
        let distances = usize::from(self.number(5)?) + 1;
        let count = usize::from(self.number(4)?) + 4;
        let what = format!(
            "codes for {literals} literals and lengths, {distances} distances, and {count} lengths of codes"
        );
        self.row(start, &what, "");
        let start = self.at;
        let mut lengths = [0; 19];
        for &place in LENGTH_ORDER.get(..count)? {
            *lengths.get_mut(place)? = u8::try_from(self.number(3)?).ok()?;
        }
        self.row(start, "how long the codes of these lengths are", "");
        let codes = Codes::new(&lengths);
        let mut all: Vec<u8> = Vec::new();
        let start = self.at;
        while all.len() < literals + distances {
            let (times, length) = match self.symbol(&codes)? {
                16 => (3 + self.number(2)?, *all.last()?),
                17 => (3 + self.number(3)?, 0),
                18 => (11 + self.number(7)?, 0),
                length => (1, u8::try_from(length).ok()?),
            };
            all.extend(std::iter::repeat_n(length, usize::from(times)));
        }
        self.row(
            start,
            "how long each code is: the codes follow from that",
            "",
        );
        let (literals, distances) = all.split_at_checked(literals)?;
        Some((Codes::new(literals), Codes::new(distances)))
    }

    fn compressed(&mut self, literals: &Codes, distances: &Codes) -> Option<()> {
        loop {
            let start = self.at;
            match self.symbol(literals)? {
                literal @ 0..=255 => {
                    let byte = u8::try_from(literal).ok()?;
                    self.output.push(byte);
                    let what = format!("code of the byte {byte:02x}");
                    self.row(start, &what, &columns(&[byte]));
                }
                256 => {
                    self.row(start, "code 256: the block ends", "");
                    return Some(());
                }
                symbol => self.copy(start, usize::from(symbol), distances)?,
            }
            if self.output.len() > MOST_OUTPUT {
                return None;
            }
        }
    }

    fn copy(&mut self, start: usize, symbol: usize, distances: &Codes) -> Option<()> {
        let (base, extra) = *LENGTHS.get(symbol - 257)?;
        let length = usize::from(base + self.number(extra)?);
        let symbol = usize::from(self.symbol(distances)?);
        let (base, extra) = distance(symbol)?;
        let distance = usize::from(base + self.number(extra)?);
        let from = self.output.len().checked_sub(distance)?;
        for place in from..from + length {
            let byte = *self.output.get(place)?;
            self.output.push(byte);
        }
        let made = self.output.get(self.output.len() - length..)?;
        let text = match made.get(..24) {
            Some(front) => format!("{}…", columns(front)),
            None => columns(made),
        };
        let what = format!("copy {length} bytes from {distance} bytes back");
        self.row(start, &what, &text);
        Some(())
    }

    /// The symbol whose code comes next.
    fn symbol(&mut self, codes: &Codes) -> Option<u16> {
        let (mut code, mut first, mut index) = (0_u32, 0_u32, 0_usize);
        for &count in codes.counts.get(1..)? {
            code = code << 1 | u32::from(self.number(1)?);
            if code < first + count {
                let place = index + usize::try_from(code.checked_sub(first)?).ok()?;
                return codes.symbols.get(place).copied();
            }
            index += usize::try_from(count).ok()?;
            first = (first + count) << 1;
        }
        None
    }

    /// A number of so many bits.
    fn number(&mut self, bits: u8) -> Option<u16> {
        let mut number = 0;
        for place in 0..bits {
            number |= u16::from(self.bit()?) << place;
        }
        Some(number)
    }

    fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (self.at % 8) & 1 == 1;
        self.at += 1;
        Some(bit)
    }

    /// Notes what the bits since `start` meant, in the order in which they were read.
    fn row(&mut self, start: usize, what: &str, gives: &str) {
        if self.rows.len() > MOST_ROWS {
            return;
        }
        let bit = |at: usize| {
            let byte = self.bytes.get(at / 8).copied().unwrap_or(0);
            if byte >> (at % 8) & 1 == 1 { '1' } else { '0' }
        };
        let mut bits: String = (start..self.at).take(MOST_BITS).map(bit).collect();
        if self.at - start > MOST_BITS {
            bits.push('…');
        }
        self.rows.push(vec![
            start.to_string(),
            bits,
            what.to_owned(),
            gives.to_owned(),
        ]);
    }
}

/// A canonical Huffman code (RFC 1951 §3.2.2).
struct Codes {
    /// How many codes have each length.
    counts: [u32; 16],
    /// In the order of their codes.
    symbols: Vec<u16>,
}

impl Codes {
    fn new(lengths: &[u8]) -> Self {
        let mut counts = [0; 16];
        for &length in lengths {
            if let Some(count) = counts.get_mut(usize::from(length)) {
                *count += 1;
            }
        }
        let mut symbols: Vec<(u8, u16)> = lengths.iter().copied().zip(0..).collect();
        symbols.retain(|(length, _)| *length > 0);
        symbols.sort_unstable();
        Self {
            counts,
            symbols: symbols.into_iter().map(|(_, symbol)| symbol).collect(),
        }
    }
}

/// RFC 1951 §3.2.6.
fn fixed_lengths() -> Vec<u8> {
    let groups = [(144, 8), (112, 9), (24, 7), (8, 8)];
    groups
        .into_iter()
        .flat_map(|(count, length)| std::iter::repeat_n(length, count))
        .collect()
}

/// The least distance of a symbol, and how many bits are added to it (RFC 1951 §3.2.5).
fn distance(symbol: usize) -> Option<(u16, u8)> {
    let extra = u8::try_from(symbol / 2).ok()?.saturating_sub(1);
    let base = match symbol {
        0..=3 => symbol + 1,
        4..=29 => ((2 + symbol % 2) << extra) + 1,
        _ => return None,
    };
    Some((u16::try_from(base).ok()?, extra))
}

/// For symbols from 257: the least length, and how many bits are added to it (RFC 1951 §3.2.5).
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
/// RFC 1951 §3.2.7.
const LENGTH_ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];
/// What the sender of a message leaves out (RFC 7692 §7.2.1).
const TAIL: &[u8] = b"\x00\x00\xff\xff";
/// How far back a copy may reach.
const REACH: usize = 32 << 10;
const MOST_OUTPUT: usize = 1 << 20;
const MOST_ROWS: usize = 300;
const MOST_BITS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// What the codec's encoder makes is opened, with all kinds of blocks, and messages that refer to those before.
    #[test]
    fn what_was_compressed_comes_out_again() {
        use bytes::BytesMut;
        use holdline_websocket::{Config, Connection, Deflate};

        let noise: String = (0..3000_u32)
            .map(|n| char::from(b' ' + (n * n % 89) as u8))
            .collect();
        let prose = "to be or not to be, that is the question; ".repeat(40);
        let mut config = Config::default();
        config.deflate = Deflate::from_answer("permessage-deflate");
        let mut sender = Connection::server(config);
        let mut window = Window::default();
        for text in ["Hello", "Hello, hello, hello", &prose, &noise, "Hello", ""] {
            let mut frame = BytesMut::new();
            sender.send_text(text, &mut frame).unwrap();
            let header = match frame[1] {
                126 => 4,
                127 => 10,
                _ => 2,
            };
            if frame[0] & 0x40 != 0 {
                let table = window.open(&frame[header..], text.as_bytes());
                assert!(table.is_some_and(|table| table.rows.len() > 2), "{text}");
                assert!(window.open(&frame[header..], b"something else").is_none());
                for cut in 0..frame.len() - header {
                    window.open(&frame[header..header + cut], text.as_bytes());
                }
            }
            window.push(text.as_bytes());
        }
    }

    #[test]
    fn the_example_of_the_standard() {
        // RFC 7692 §7.2.3.1 and §7.2.3.3: "Hello" with the fixed codes, and in a block that is not compressed.
        for payload in [
            &b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..],
            b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
        ] {
            let table = Window::default().open(payload, b"Hello").unwrap();
            let gives: String = table.rows.iter().map(|row| row[3].as_str()).collect();
            assert_eq!(gives, "Hello");
        }
        let mut window = Window::default();
        window.push(b"Hello");
        let table = window.open(b"\xf2\x00\x11\x00\x00", b"Hello").unwrap();
        assert!(
            table
                .rows
                .iter()
                .any(|row| row[2] == "copy 4 bytes from 5 bytes back")
        );
    }
}
