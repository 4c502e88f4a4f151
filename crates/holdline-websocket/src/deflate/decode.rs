//! DEFLATE (RFC 1951) as a machine that is given bytes when there are some.
//!
//! Why not a library: those at hand keep the window to themselves and begin with 32 KiB of it, so that a connection
//! either holds all of it while idle or fills it again for each message; and they know neither a smaller window nor
//! where the data of a stream begins, so that a reference beyond either reads zeros.

use alloc::boxed::Box;

use super::{
    code::{Code, Decoded},
    window::Window,
};

/// What follows a message's bytes, and its codes.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    bits: Bits,
    place: Place,
    /// The block under way has BFINAL.
    last: bool,
    /// The block before this place had BFINAL.
    after_last: bool,
    dynamic: Option<Box<Dynamic>>,
}

/// Where the next bit stands.
#[derive(Clone, Copy, Debug, Default)]
enum Place {
    /// At the beginning of a block.
    #[default]
    Block,
    StoredLength,
    Stored {
        left: u16,
    },
    /// At the beginning of a block that brings its own codes.
    Counts,
    /// In the lengths of the code for the lengths.
    LengthCode {
        at: u8,
    },
    Lengths {
        at: u16,
    },
    Symbols,
    Copy {
        length: u16,
        distance: u16,
    },
}

/// Why a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// All input was taken.
    Input,
    /// The window has no more room until it begins again.
    Room,
    /// It is not DEFLATE.
    Invalid,
}

/// The codes that a block brings.
#[derive(Debug)]
struct Dynamic {
    literals: Literals,
    distances: Distances,
    length_code: Code<128, 19>,
    lengths: [u8; MAX_LITERALS + MAX_DISTANCES],
    literal_count: u16,
    distance_count: u16,
    length_code_count: u8,
}

type Literals = Code<512, 288>;
type Distances = Code<128, 32>;

impl Decoder {
    /// Whether all that came is whole blocks, and the last one of them has BFINAL, or nothing came at all.
    pub(super) const fn is_after_last(&self) -> bool {
        self.is_between_blocks() && self.after_last
    }

    /// Whether all that came is whole blocks.
    pub(super) const fn is_between_blocks(&self) -> bool {
        matches!(self.place, Place::Block) && self.bits.have == 0
    }

    /// Decodes into the window until something is missing.
    pub(super) fn step(&mut self, input: &mut &[u8], window: &mut Window) -> Stop {
        loop {
            let stopped = match self.place {
                Place::Block => self.block(input),
                Place::StoredLength => self.stored_length(input),
                Place::Stored { left } => self.stored(left, input, window),
                Place::Counts => self.counts(input),
                Place::LengthCode { at } => self.length_code(at, input),
                Place::Lengths { at } => self.lengths(at, input),
                Place::Symbols => self.symbols(input, window),
                Place::Copy { length, distance } => {
                    let done = window.copy(distance.into(), length.into()) as u16;
                    let length = length.saturating_sub(done);
                    if length > 0 {
                        self.place = Place::Copy { length, distance };
                        Err(Stop::Room)
                    } else {
                        self.place = Place::Symbols;
                        Ok(())
                    }
                }
            };
            if let Err(stop) = stopped {
                return stop;
            }
        }
    }

    /// §3.2.3: BFINAL and BTYPE.
    fn block(&mut self, input: &mut &[u8]) -> Result<(), Stop> {
        let header = self.bits.take(3, input)?;
        self.last = header & 1 != 0;
        self.after_last = false;
        self.place = match header >> 1 {
            0 => {
                self.bits.align();
                Place::StoredLength
            }
            1 => {
                self.dynamic = None;
                Place::Symbols
            }
            2 => Place::Counts,
            _ => return Err(Stop::Invalid),
        };
        Ok(())
    }

    /// RFC 7692 §7.2.3.4: a block with BFINAL ends at a byte, and another may follow. It ends neither the message nor
    /// the window.
    fn end_block(&mut self) {
        if self.last {
            self.bits.align();
        }
        self.after_last = self.last;
        self.place = Place::Block;
    }

    /// §3.2.4: LEN and its complement.
    fn stored_length(&mut self, input: &mut &[u8]) -> Result<(), Stop> {
        let both = self.bits.take(32, input)?;
        let (length, complement) = (both as u16, (both >> 16) as u16);
        if length != !complement {
            return Err(Stop::Invalid);
        }
        self.place = Place::Stored { left: length };
        Ok(())
    }

    fn stored(
        &mut self,
        mut left: u16,
        input: &mut &[u8],
        window: &mut Window,
    ) -> Result<(), Stop> {
        while left > 0 {
            if window.room() == 0 {
                self.place = Place::Stored { left };
                return Err(Stop::Room);
            }
            // Some bytes may already be among the bits.
            if let Some(byte) = self.bits.take_byte() {
                window.push(byte);
                left -= 1;
                continue;
            }
            let wanted = input.get(..left.into()).unwrap_or(input);
            let size = window.extend(wanted);
            *input = input.get(size..).unwrap_or_default();
            left -= size as u16;
            if left > 0 && input.is_empty() {
                self.place = Place::Stored { left };
                return Err(Stop::Input);
            }
        }
        self.end_block();
        Ok(())
    }

    /// §3.2.7: HLIT, HDIST and HCLEN.
    fn counts(&mut self, input: &mut &[u8]) -> Result<(), Stop> {
        let counts = self.bits.take(14, input)?;
        let literal_count = (counts & 31) as u16 + 257;
        let distance_count = (counts >> 5 & 31) as u16 + 1;
        if usize::from(literal_count) > MAX_LITERALS || usize::from(distance_count) > MAX_DISTANCES
        {
            return Err(Stop::Invalid);
        }
        let dynamic = self.dynamic.get_or_insert_default();
        dynamic.lengths = [0; MAX_LITERALS + MAX_DISTANCES];
        dynamic.literal_count = literal_count;
        dynamic.distance_count = distance_count;
        dynamic.length_code_count = (counts >> 10) as u8 + 4;
        self.place = Place::LengthCode { at: 0 };
        Ok(())
    }

    fn length_code(&mut self, mut at: u8, input: &mut &[u8]) -> Result<(), Stop> {
        let Some(dynamic) = self.dynamic.as_deref_mut() else {
            return Err(Stop::Invalid);
        };
        while at < dynamic.length_code_count {
            self.place = Place::LengthCode { at };
            let length = self.bits.take(3, input)? as u8;
            let symbol = LENGTH_CODE_ORDER.get(usize::from(at)).copied();
            if let Some(place) = symbol.and_then(|symbol| dynamic.lengths.get_mut(symbol)) {
                *place = length;
            }
            at += 1;
        }
        let (lengths, _) = dynamic.lengths.split_at(LENGTH_CODE_ORDER.len());
        if !dynamic.length_code.build(lengths, false) {
            return Err(Stop::Invalid);
        }
        dynamic.lengths = [0; MAX_LITERALS + MAX_DISTANCES];
        self.place = Place::Lengths { at: 0 };
        Ok(())
    }

    fn lengths(&mut self, mut at: u16, input: &mut &[u8]) -> Result<(), Stop> {
        let Some(dynamic) = self.dynamic.as_deref_mut() else {
            return Err(Stop::Invalid);
        };
        let total = dynamic.literal_count + dynamic.distance_count;
        while at < total {
            self.place = Place::Lengths { at };
            self.bits.refill(input);
            let code = &dynamic.length_code;
            let (symbol, size) = match code.decode(self.bits.buffer, self.bits.have) {
                Decoded::Symbol { symbol, length } => (symbol, length),
                Decoded::More => return Err(Stop::Input),
                Decoded::Invalid => return Err(Stop::Invalid),
            };
            // How many times, from how many bits more, and which length.
            let before = at.checked_sub(1);
            let before = before.and_then(|at| dynamic.lengths.get(usize::from(at)).copied());
            let (least, extra, length) = match symbol {
                16 => (3, 2, before.ok_or(Stop::Invalid)?),
                17 => (3, 3, 0),
                18 => (11, 7, 0),
                _ => (1, 0, symbol as u8),
            };
            if self.bits.have < size + extra {
                return Err(Stop::Input);
            }
            self.bits.drop(size);
            let times = least + self.bits.pop(extra) as u16;
            if times > total - at {
                return Err(Stop::Invalid);
            }
            let repeated = dynamic.lengths.get_mut(at.into()..(at + times).into());
            repeated.unwrap_or_default().fill(length);
            at += times;
        }
        let (lengths, _) = dynamic.lengths.split_at(total.into());
        let (literals, distances) = lengths.split_at(dynamic.literal_count.into());
        if !dynamic.literals.build(literals, true) || !dynamic.distances.build(distances, true) {
            return Err(Stop::Invalid);
        }
        self.place = Place::Symbols;
        Ok(())
    }

    /// §3.2.5: literals, and lengths with distances. A pair of those takes at most 48 bits, so it is taken at once or
    /// not at all.
    fn symbols(&mut self, input: &mut &[u8], window: &mut Window) -> Result<(), Stop> {
        let (literals, distances) = match self.dynamic.as_deref() {
            Some(dynamic) => (&dynamic.literals, &dynamic.distances),
            None => (&FIXED_LITERALS, &FIXED_DISTANCES),
        };
        let bits = &mut self.bits;
        loop {
            bits.refill(input);
            let (symbol, size) = match literals.decode(bits.buffer, bits.have) {
                Decoded::Symbol { symbol, length } => (symbol, length),
                Decoded::More => return Err(Stop::Input),
                Decoded::Invalid => return Err(Stop::Invalid),
            };
            if let Ok(byte) = u8::try_from(symbol) {
                if !window.push(byte) {
                    return Err(Stop::Room);
                }
                bits.drop(size);
                continue;
            }
            if usize::from(symbol) == END_OF_BLOCK {
                bits.drop(size);
                self.end_block();
                return Ok(());
            }
            let length = LENGTHS.get(usize::from(symbol) - END_OF_BLOCK - 1);
            let &(length, extra) = length.ok_or(Stop::Invalid)?;
            let mut ahead = *bits;
            if ahead.have < size + extra {
                return Err(Stop::Input);
            }
            ahead.drop(size);
            let length = length + ahead.pop(extra) as u16;
            let (symbol, size) = match distances.decode(ahead.buffer, ahead.have) {
                Decoded::Symbol { symbol, length } => (symbol, length),
                Decoded::More => return Err(Stop::Input),
                Decoded::Invalid => return Err(Stop::Invalid),
            };
            let distance = DISTANCES.get(usize::from(symbol));
            let &(distance, extra) = distance.ok_or(Stop::Invalid)?;
            if ahead.have < size + extra {
                return Err(Stop::Input);
            }
            ahead.drop(size);
            // At most 2^15.
            let distance = distance + ahead.pop(extra) as u16;
            *bits = ahead;
            // RFC 7692 §7.1.2: a peer promised not to refer further back than its window.
            if window.check(distance.into()).is_err() {
                return Err(Stop::Invalid);
            }
            let done = window.copy(distance.into(), length.into()) as u16;
            if done < length {
                let length = length - done;
                self.place = Place::Copy { length, distance };
                return Err(Stop::Room);
            }
        }
    }
}

impl Default for Dynamic {
    fn default() -> Self {
        Self {
            literals: Code::EMPTY,
            distances: Code::EMPTY,
            length_code: Code::EMPTY,
            lengths: [0; MAX_LITERALS + MAX_DISTANCES],
            literal_count: 0,
            distance_count: 0,
            length_code_count: 0,
        }
    }
}

/// Bits that were taken from the input and not used yet, the next one lowest.
#[derive(Clone, Copy, Debug, Default)]
struct Bits {
    buffer: u64,
    have: u32,
}

impl Bits {
    /// Takes bytes until there are at least 57 bits, or no bytes.
    #[inline]
    fn refill(&mut self, input: &mut &[u8]) {
        if self.have >= 48 {
            return;
        }
        let size = (63 - self.have) / 8;
        if let Some(word) = input.first_chunk() {
            let word = u64::from_le_bytes(*word) & ((1 << (size * 8)) - 1);
            self.buffer |= word << self.have;
            self.have += size * 8;
            *input = input.get(size as usize..).unwrap_or_default();
            return;
        }
        for _ in 0..size {
            let Some((&byte, rest)) = input.split_first() else {
                return;
            };
            self.buffer |= u64::from(byte) << self.have;
            self.have += 8;
            *input = rest;
        }
    }

    /// The next `size` bits, at most 32.
    fn take(&mut self, size: u32, input: &mut &[u8]) -> Result<u32, Stop> {
        self.refill(input);
        if self.have < size {
            return Err(Stop::Input);
        }
        Ok(self.pop(size))
    }

    /// The next `size` bits, which are there.
    #[inline]
    fn pop(&mut self, size: u32) -> u32 {
        let bits = self.buffer & ((1 << size) - 1);
        self.drop(size);
        bits as u32
    }

    #[inline]
    fn drop(&mut self, size: u32) {
        self.buffer >>= size;
        self.have -= size;
    }

    /// Drops what is left of the byte.
    fn align(&mut self) {
        self.drop(self.have % 8);
    }

    fn take_byte(&mut self) -> Option<u8> {
        (self.have >= 8).then(|| self.pop(8) as u8)
    }
}

const END_OF_BLOCK: usize = 256;
const MAX_LITERALS: usize = 286;
const MAX_DISTANCES: usize = 30;

/// §3.2.7: the order in which the lengths of the code for lengths come.
const LENGTH_CODE_ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// §3.2.5: the length that each symbol from 257 on begins with, and its extra bits.
const LENGTHS: [(u16, u32); 29] = {
    let mut table = [(0, 0); 29];
    let (mut symbol, mut length) = (0, 3);
    while symbol < 28 {
        let extra = if symbol < 8 { 0 } else { symbol / 4 - 1 };
        table[symbol] = (length, extra as u32);
        length += 1 << extra;
        symbol += 1;
    }
    table[28] = (258, 0);
    table
};

/// §3.2.5: the distance that each symbol begins with, and its extra bits.
const DISTANCES: [(u16, u32); 30] = {
    let mut table = [(0, 0); 30];
    let (mut symbol, mut distance) = (0, 1);
    while symbol < 30 {
        let extra = if symbol < 4 { 0 } else { symbol / 2 - 1 };
        table[symbol] = (distance as u16, extra as u32);
        distance += 1 << extra;
        symbol += 1;
    }
    table
};

/// §3.2.6.
static FIXED_LITERALS: Literals = {
    let mut lengths = [8; 288];
    let mut symbol = 144;
    while symbol < 256 {
        lengths[symbol] = 9;
        symbol += 1;
    }
    while symbol < 280 {
        lengths[symbol] = 7;
        symbol += 1;
    }
    let mut code = Code::EMPTY;
    assert!(code.build(&lengths, false));
    code
};

static FIXED_DISTANCES: Distances = {
    let mut code = Code::EMPTY;
    assert!(code.build(&[5; 32], false));
    code
};

#[cfg(test)]
mod tests;
