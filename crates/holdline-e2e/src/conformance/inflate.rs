//! DEFLATE (RFC 1951), slow and strict: it also detects references beyond the negotiated window.

/// Inflates the messages of one direction of a connection (RFC 7692 §7.2.2).
#[derive(Debug)]
pub(super) struct Inflater {
    window: usize,
    takeover: bool,
    /// The data that later messages may refer to: at most one window.
    history: Vec<u8>,
}

impl Inflater {
    /// For a sender with a window of 2^`bits` bytes, which may refer to earlier messages or not.
    pub(super) fn new(bits: u8, takeover: bool) -> Self {
        Self {
            window: 1 << bits,
            takeover,
            history: Vec::new(),
        }
    }

    /// Inflates the payload of one message, all fragments joined.
    pub(super) fn message(&mut self, payload: &[u8]) -> Result<Vec<u8>, String> {
        // "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message."
        let input = [payload, &[0x00, 0x00, 0xff, 0xff]].concat();
        let mut out = std::mem::take(&mut self.history);
        let start = out.len();
        let mut bits = Bits {
            input: &input,
            at: 0,
        };
        while bits.at / 8 < input.len() {
            let last = bits.take(1)?;
            match bits.take(2)? {
                0 => stored(&mut bits, &mut out)?,
                1 => codes(&mut bits, &mut out, self.window, &FIXED.0, &FIXED.1)?,
                2 => {
                    let (literals, distances) = tables(&mut bits)?;
                    codes(&mut bits, &mut out, self.window, &literals, &distances)?;
                }
                _ => return Err("a block of type 3".into()),
            }
            if last == 1 {
                // §7.2.3.4: what follows a final block begins at the next byte.
                bits.align();
            }
        }
        let message = out[start..].to_vec();
        if self.takeover {
            out.drain(..out.len().saturating_sub(self.window));
            self.history = out;
        }
        Ok(message)
    }
}

struct Bits<'i> {
    input: &'i [u8],
    /// In bits.
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Result<usize, String> {
        let mut value = 0;
        for bit in 0..count {
            let byte = self.input.get(self.at / 8);
            let byte = byte.ok_or("the compressed data ends within a block")?;
            value |= usize::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        Ok(value)
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }
}

/// A canonical Huffman code (§3.2.2): how many codes there are of each length, and the symbols in
/// the order of their codes.
struct Huffman {
    counts: [u16; 16],
    symbols: Vec<u16>,
}

impl Huffman {
    fn new(lengths: &[u8]) -> Self {
        let mut counts = [0; 16];
        for &length in lengths {
            counts[usize::from(length)] += 1;
        }
        counts[0] = 0;
        let mut symbols: Vec<u16> = (0..lengths.len() as u16)
            .filter(|&symbol| lengths[usize::from(symbol)] > 0)
            .collect();
        symbols.sort_by_key(|&symbol| lengths[usize::from(symbol)]);
        Self { counts, symbols }
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> Result<usize, String> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for &count in &self.counts[1..] {
            let count = usize::from(count);
            code |= bits.take(1)?;
            if code < first + count {
                return Ok(usize::from(self.symbols[index + code - first]));
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err("a Huffman code that does not exist".into())
    }
}

fn stored(bits: &mut Bits<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    bits.align();
    let (length, complement) = (bits.take(16)?, bits.take(16)?);
    if length != !complement & 0xffff {
        return Err("a stored block whose lengths do not agree".into());
    }
    let at = bits.at / 8;
    let data = bits.input.get(at..at + length);
    out.extend(data.ok_or("a stored block beyond the end")?);
    bits.at += length * 8;
    Ok(())
}

fn codes(
    bits: &mut Bits<'_>,
    out: &mut Vec<u8>,
    window: usize,
    literals: &Huffman,
    distances: &Huffman,
) -> Result<(), String> {
    loop {
        let symbol = literals.symbol(bits)?;
        let (base, extra) = match symbol {
            0..=255 => {
                out.push(symbol as u8);
                continue;
            }
            256 => return Ok(()),
            _ => *LENGTHS.get(symbol - 257).ok_or("a reserved length")?,
        };
        let length = base + bits.take(extra)?;
        let symbol = distances.symbol(bits)?;
        let (base, extra) = *DISTANCES.get(symbol).ok_or("a reserved distance")?;
        let distance = base + bits.take(extra)?;
        if distance > window {
            return Err(format!(
                "a reference {distance} bytes back in a window of {window}"
            ));
        }
        let from = out.len().checked_sub(distance);
        let from = from.ok_or_else(|| format!("a reference {distance} bytes back, to nothing"))?;
        for at in from..from + length {
            out.push(out[at]);
        }
    }
}

/// The tables of a dynamic block (§3.2.7).
fn tables(bits: &mut Bits<'_>) -> Result<(Huffman, Huffman), String> {
    let literals = bits.take(5)? + 257;
    let distances = bits.take(5)? + 1;
    let count = bits.take(4)? + 4;
    let mut lengths = [0; 19];
    for &place in &ORDER[..count] {
        lengths[place] = bits.take(3)? as u8;
    }
    let code = Huffman::new(&lengths);
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (value, times) = match code.symbol(bits)? {
            16 => {
                let last = *lengths.last().ok_or("a repetition of nothing")?;
                (last, 3 + bits.take(2)?)
            }
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            length => (length as u8, 1),
        };
        lengths.extend(std::iter::repeat_n(value, times));
    }
    if lengths.len() > literals + distances {
        return Err("more code lengths than were declared".into());
    }
    let (literals, distances) = lengths.split_at(literals);
    Ok((Huffman::new(literals), Huffman::new(distances)))
}

static FIXED: std::sync::LazyLock<(Huffman, Huffman)> = std::sync::LazyLock::new(|| {
    let mut lengths = [8; 288];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    (Huffman::new(&lengths), Huffman::new(&[5; 30]))
});

/// The order of the code lengths for the code length alphabet.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// The first length of each symbol from 257 on, and its extra bits (§3.2.5).
const LENGTHS: [(usize, usize); 29] = [
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

/// The first distance of each symbol, and its extra bits.
const DISTANCES: [(usize, usize); 30] = {
    let mut table = [(0, 0); 30];
    let (mut symbol, mut base) = (0, 1);
    while symbol < 30 {
        let extra = if symbol < 4 { 0 } else { symbol / 2 - 1 };
        table[symbol] = (base, extra);
        base += 1 << extra;
        symbol += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7692 §7.2.3.
    #[test]
    fn reads_the_examples_of_the_rfc() {
        let mut inflater = Inflater::new(15, true);
        let first = inflater.message(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
        assert_eq!(first.unwrap(), b"Hello");
        let second = inflater.message(&[0xf2, 0x00, 0x11, 0x00, 0x00]);
        assert_eq!(second.unwrap(), b"Hello");
        let stored = [
            0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
        ];
        assert_eq!(inflater.message(&stored).unwrap(), b"Hello");
        let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(inflater.message(&last).unwrap(), b"Hello");
        let two = [
            0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
        ];
        assert_eq!(inflater.message(&two).unwrap(), b"Hello");
        assert_eq!(inflater.message(&[0x00]).unwrap(), b"");
        let mut forgetful = Inflater::new(15, false);
        forgetful.message(b"\xf2\x48\xcd\xc9\xc9\x07\x00").unwrap();
        let error = forgetful.message(b"\xf2\x00\x11\x00\x00").unwrap_err();
        assert_eq!(error, "a reference 5 bytes back, to nothing");
    }

    #[test]
    fn reads_what_others_wrote_and_sees_the_window() {
        let mut data = Vec::new();
        for number in 0..20_000 {
            data.extend(format!("{{\"number\":{},\"x\":{}}}", number * 7919, number % 13).bytes());
        }
        for level in [1, 6, 9] {
            let mut deflater = super::super::deflate::Deflater::new(level, 15, true);
            let payload = deflater.message(&data);
            assert_eq!(Inflater::new(15, true).message(&payload).unwrap(), data);
            let error = Inflater::new(9, true).message(&payload).unwrap_err();
            assert!(error.ends_with("in a window of 512"), "{error}");
            let mut deflater = super::super::deflate::Deflater::new(level, 9, true);
            let payload = deflater.message(&data);
            assert_eq!(Inflater::new(9, true).message(&payload).unwrap(), data);
        }
    }
}
