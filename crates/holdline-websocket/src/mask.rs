//! Masking (RFC 6455 §5.3).

mod wide;

use bytes::BytesMut;

/// A masking key and the place in it: byte `i` of a payload is combined with byte `i % 4` of the key.
///
/// The place moves on with each call, so a payload may be masked in any number of pieces. Masking and
/// unmasking are the same operation.
///
/// ```
/// use holdline_websocket::Mask;
///
/// // "Hello", the example of RFC 6455 §5.7
/// let mut data = *b"\x7f\x9f\x4d\x51\x58";
/// let (one, two) = data.split_at_mut(3);
/// let mut mask = Mask::new([0x37, 0xfa, 0x21, 0x3d]);
/// mask.apply(one);
/// mask.apply(two);
/// assert_eq!(&data, b"Hello");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mask {
    /// Rotated so that its lowest byte is for the next byte, as in little endian.
    key: u32,
}

impl Mask {
    /// The mask that changes nothing, for the frames of a server.
    pub const NONE: Self = Self { key: 0 };

    /// Starts at the first byte of a payload.
    #[must_use]
    pub const fn new(key: [u8; 4]) -> Self {
        Self {
            key: u32::from_le_bytes(key),
        }
    }

    /// Masks or unmasks the next `data.len()` bytes of the payload in place.
    #[inline]
    pub fn apply(&mut self, data: &mut [u8]) {
        if *self == Self::NONE {
            return;
        }
        if data.len() < wide::LEAST {
            self.apply_short(data);
        } else {
            self.apply_long(data);
        }
    }

    /// Goes on as if it had been applied to this many bytes.
    #[cfg(feature = "deflate")]
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.key = self.key.rotate_right(8 * (bytes % 4) as u32);
    }

    /// 32 bytes at a time, which compilers turn into vector instructions; then at most three words of eight, one
    /// of four and three bytes, so that a small frame does not pay for a long tail.
    #[inline]
    fn apply_short(&mut self, data: &mut [u8]) {
        let word = self.word();
        let (blocks, rest) = data.as_chunks_mut::<32>();
        for block in blocks {
            for eight in block.as_chunks_mut().0 {
                *eight = (u64::from_le_bytes(*eight) ^ word).to_le_bytes();
            }
        }
        let (eights, rest) = rest.as_chunks_mut();
        for eight in eights {
            *eight = (u64::from_le_bytes(*eight) ^ word).to_le_bytes();
        }
        let (fours, tail) = rest.as_chunks_mut();
        for four in fours {
            *four = (u32::from_le_bytes(*four) ^ self.key).to_le_bytes();
        }
        for (byte, key) in tail.iter_mut().zip(self.key.to_le_bytes()) {
            *byte ^= key;
        }
        self.key = self.key.rotate_right(8 * tail.len() as u32);
    }

    /// With the widest vectors that the machine has, and for much data from a round address on: a vector that lies
    /// across two cache lines takes twice as long, and behind a header that would be every second one.
    #[inline(never)]
    fn apply_long(&mut self, mut data: &mut [u8]) {
        if data.len() >= wide::ALIGN_FROM {
            let before = data.as_ptr().align_offset(wide::ALIGN).min(data.len());
            let (first, rest) = data.split_at_mut(before);
            self.apply_short(first);
            data = rest;
        }
        let (blocks, last) = data.as_chunks_mut();
        wide::xor(blocks, self.word());
        if !last.is_empty() {
            self.apply_short(last);
        }
    }

    /// The key twice.
    fn word(self) -> u64 {
        u64::from(self.key) << 32 | u64::from(self.key)
    }

    /// Appends the next `data.len()` bytes of the payload, masked.
    ///
    /// Piece by piece, so that each is still in the first cache when it is masked.
    #[inline]
    pub(crate) fn append(&mut self, data: &[u8], out: &mut BytesMut) {
        out.reserve(data.len());
        for piece in data.chunks(PIECE) {
            let start = out.len();
            out.extend_from_slice(piece);
            self.apply(out.get_mut(start..).unwrap_or_default());
        }
    }
}

/// How much is copied and then masked at a time: half of a first cache.
const PIECE: usize = 16 << 10;

/// Keys are secrets until they are on the wire (RFC 6455 §10.3), so they are not printed.
impl core::fmt::Debug for Mask {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(if *self == Self::NONE {
            "Mask::NONE"
        } else {
            "Mask(..)"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// RFC 6455 §5.3, word by word: `transformed[i] = original[i] XOR key[i MOD 4]`.
    fn naive(key: [u8; 4], data: &mut [u8]) {
        for (i, byte) in data.iter_mut().enumerate() {
            *byte ^= key[i % 4];
        }
    }

    #[test]
    fn every_length_and_every_cut_agrees_with_the_definition() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        for length in 0..70 {
            let plain: Vec<u8> = (0..length).map(|n| n as u8 ^ 0x5a).collect();
            let mut expected = plain.clone();
            naive(key, &mut expected);
            for cut in 0..=length {
                let mut data = plain.clone();
                let mut mask = Mask::new(key);
                let (one, two) = data.split_at_mut(cut);
                mask.apply(one);
                mask.apply(two);
                assert_eq!(data, expected, "{length} bytes cut at {cut}");
            }
        }
    }

    #[test]
    fn long_data_agrees_with_the_definition_wherever_it_begins_and_is_cut() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        for length in [255, 256, 257, 319, 1024, 2047, 2048, 2049, 2111, 20_001] {
            let plain: Vec<u8> = (0..length).map(|n| (n / 7) as u8 ^ n as u8).collect();
            let mut expected = plain.clone();
            naive(key, &mut expected);
            for offset in 0..=wide::ALIGN {
                // All cuts modulo 4, near the beginning and near the end.
                for cut in [0, 1, 2, 3, 64, length - 258.min(length), length - 1, length] {
                    let mut memory = alloc::vec![0; offset + length];
                    let data = &mut memory[offset..];
                    data.copy_from_slice(&plain);
                    let mut mask = Mask::new(key);
                    let (one, two) = data.split_at_mut(cut);
                    mask.apply(one);
                    mask.apply(two);
                    assert!(data == expected, "{length} bytes at {offset}, cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn what_is_appended_in_pieces_is_masked_as_a_whole() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        for length in [0, 3, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5] {
            let mut expected: Vec<u8> = (0..length).map(|n| (n / 5) as u8).collect();
            let mut out = BytesMut::from(&b"before"[..]);
            let mut mask = Mask::new(key);
            mask.append(&expected, &mut out);
            naive(key, &mut expected);
            assert_eq!(out[..6], *b"before");
            assert!(out[6..] == expected, "{length} bytes");
        }
    }

    #[test]
    fn a_zero_key_changes_nothing() {
        let mut data = *b"abcdefghijklmnopqrstuvwxyz";
        Mask::new([0; 4]).apply(&mut data);
        assert_eq!(&data, b"abcdefghijklmnopqrstuvwxyz");
    }

    #[test]
    fn keys_are_not_printed() {
        assert_eq!(alloc::format!("{:?}", Mask::new([1, 2, 3, 4])), "Mask(..)");
    }
}
