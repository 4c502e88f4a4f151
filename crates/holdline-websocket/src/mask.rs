//! Masking (RFC 6455 §5.3).

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
        // 32 bytes at a time, which compilers turn into the widest vector instructions; then at most three
        // words of eight, one of four and three bytes, so that a small frame does not pay for a long tail.
        let word = u64::from(self.key) << 32 | u64::from(self.key);
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

    /// Appends the next `data.len()` bytes of the payload, masked.
    ///
    /// Piece by piece, so that each is still in the first cache when it is masked.
    #[inline]
    pub(crate) fn append(&mut self, data: &[u8], out: &mut BytesMut) {
        out.reserve(data.len());
        for piece in data.chunks(16 << 10) {
            let start = out.len();
            out.extend_from_slice(piece);
            self.apply(out.get_mut(start..).unwrap_or_default());
        }
    }
}

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
