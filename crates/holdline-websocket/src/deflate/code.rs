//! Prefix codes (RFC 1951 §3.2.2), read from a table.
//!
//! Whatever a peer says of its code, an index into one of the arrays here is masked or compared with the array's length
//! first. The functions are `const`, so that the fixed codes of §3.2.6 are tables in the program.

/// A code whose symbols are read from a table of `FAST` entries (a power of two) by the next bits, and bit by bit when
/// they are longer than that.
#[derive(Debug)]
pub(super) struct Code<const FAST: usize, const SYMBOLS: usize> {
    /// The symbol, shifted by 4, and the length of its code; 0 when it is longer, or there is none.
    fast: [u16; FAST],
    /// How many codes have each length; at 0, how many there are.
    counts: [u16; LENGTHS],
    /// The symbols in the order of their codes.
    symbols: [u16; SYMBOLS],
}

/// What the next bits are.
pub(super) enum Decoded {
    Symbol {
        symbol: u16,
        length: u32,
    },
    /// They are too few to say.
    More,
    /// No symbol begins so.
    Invalid,
}

/// Lengths of codes go from 1 to 15; 0 means that the symbol has none.
const LENGTHS: usize = 16;

impl<const FAST: usize, const SYMBOLS: usize> Code<FAST, SYMBOLS> {
    const FAST_BITS: u32 = FAST.trailing_zeros();

    /// A code without symbols.
    pub(super) const EMPTY: Self = Self {
        fast: [0; FAST],
        counts: [0; LENGTHS],
        symbols: [0; SYMBOLS],
    };

    /// Makes the code from the length of each symbol's code. `false`: there are too many codes for the bits, or too
    /// few. One code of one bit, or none at all, is good where `may_be_incomplete`: §3.2.7 has it for distances.
    pub(super) const fn build(&mut self, lengths: &[u8], may_be_incomplete: bool) -> bool {
        self.counts = [0; LENGTHS];
        let mut symbol = 0;
        while symbol < lengths.len() && symbol < SYMBOLS {
            self.counts[(lengths[symbol] & 15) as usize] += 1;
            symbol += 1;
        }
        self.counts[0] = 0;

        // Where the codes of each length begin: their first code, and its place among the symbols.
        let mut next = [(0u16, 0u16); LENGTHS];
        let (mut first, mut place, mut left, mut length) = (0u16, 0, 1i32, 1);
        while length < LENGTHS {
            let count = self.counts[length];
            left = (left << 1) - count as i32;
            if left < 0 {
                return false;
            }
            next[length] = (first, place);
            place += count;
            first = (first + count) << 1;
            length += 1;
        }
        self.counts[0] = place;
        if left > 0 {
            if !may_be_incomplete || place != self.counts[1] {
                return false;
            }
            // A complete code leaves no entry as it was.
            self.fast = [0; FAST];
        }

        let mut symbol = 0;
        while symbol < lengths.len() && symbol < SYMBOLS {
            let length = (lengths[symbol] & 15) as usize;
            if length > 0 {
                let (bits, place) = next[length];
                next[length] = (bits + 1, place + 1);
                if (place as usize) < SYMBOLS {
                    self.symbols[place as usize] = symbol as u16;
                }
                // Codes come with their highest bit first, all else in DEFLATE with its lowest.
                let mut entry = (bits.reverse_bits() >> (LENGTHS - length)) as usize;
                if length as u32 <= Self::FAST_BITS {
                    while entry < FAST {
                        self.fast[entry] = (symbol as u16) << 4 | length as u16;
                        entry += 1 << length;
                    }
                } else {
                    self.fast[entry & (FAST - 1)] = 0;
                }
            }
            symbol += 1;
        }
        true
    }

    /// Reads a symbol from the lowest of `have` bits.
    #[inline]
    pub(super) fn decode(&self, bits: u64, have: u32) -> Decoded {
        let entry = self.fast[bits as usize & (FAST - 1)];
        let length = u32::from(entry & 15);
        if length > 0 && length <= have {
            let symbol = entry >> 4;
            return Decoded::Symbol { symbol, length };
        }
        self.decode_slowly(bits, have)
    }

    #[cold]
    fn decode_slowly(&self, mut bits: u64, have: u32) -> Decoded {
        // The codes of one length are successive numbers, beginning with `first`.
        let [all, counts @ ..] = &self.counts;
        let (mut code, mut first, mut place) = (0u32, 0u32, 0u32);
        for (length, &count) in (1..).zip(counts) {
            if place == u32::from(*all) {
                break;
            }
            if length > have {
                return Decoded::More;
            }
            code |= (bits & 1) as u32;
            bits >>= 1;
            let count = u32::from(count);
            if let Some(nth) = code.checked_sub(first)
                && nth < count
            {
                return match self.symbols.get((place + nth) as usize) {
                    Some(&symbol) => Decoded::Symbol { symbol, length },
                    None => Decoded::Invalid,
                };
            }
            place += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Decoded::Invalid
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    type Small = Code<4, 8>;

    fn small(lengths: &[u8], may_be_incomplete: bool) -> Option<Small> {
        let mut code = Small::EMPTY;
        // What an earlier block left.
        assert!(code.build(&[2, 2, 2, 2], false));
        code.build(lengths, may_be_incomplete).then_some(code)
    }

    fn read(code: &Small, bits: u64, have: u32) -> Option<(u16, u32)> {
        match code.decode(bits, have) {
            Decoded::Symbol { symbol, length } => Some((symbol, length)),
            Decoded::More => None,
            Decoded::Invalid => Some((u16::MAX, 0)),
        }
    }

    #[test]
    fn the_example_of_rfc_1951_section_3_2_2() {
        // A to H have the lengths 3, 3, 3, 3, 3, 2, 4, 4, and the codes stand beside them there.
        let code = small(&[3, 3, 3, 3, 3, 2, 4, 4], false).unwrap();
        let codes = ["010", "011", "100", "101", "110", "00", "1110", "1111"];
        for (symbol, text) in (0..).zip(codes) {
            let length = text.len() as u32;
            let reversed: String = text.chars().rev().collect();
            let bits = u64::from_str_radix(&reversed, 2).unwrap();
            assert_eq!(read(&code, bits, length), Some((symbol, length)));
            assert_eq!(
                read(&code, bits | 0xfff0 << length, 20),
                Some((symbol, length))
            );
            for fewer in 0..length {
                assert_eq!(read(&code, bits & ((1 << fewer) - 1), fewer), None);
            }
        }
    }

    #[test]
    fn codes_must_be_complete() {
        assert!(small(&[1, 1, 1], true).is_none());
        assert!(small(&[2, 2, 2], true).is_none());
        assert!(small(&[1, 2], true).is_none());
        assert!(small(&[1], false).is_none());
        assert!(small(&[], false).is_none());
        // One code of one bit, and the bit that it is not.
        let invalid = Some((u16::MAX, 0));
        let one = small(&[0, 1], true).unwrap();
        assert_eq!(read(&one, 0, 1), Some((1, 1)));
        assert_eq!((read(&one, 0, 0), read(&one, 1, 1)), (None, invalid));
        let none = small(&[0, 0], true).unwrap();
        assert_eq!(read(&none, 0, 15), invalid);
    }
}
