//! Bytes to lines (WHATWG HTML §9.2.5).

use memchr::memchr2;

/// Unread bytes, and where in the stream they end.
#[derive(Debug)]
pub(crate) struct Cursor<'i> {
    rest: &'i [u8],
    end: u64,
}

impl<'i> Cursor<'i> {
    pub(crate) const fn new(rest: &'i [u8], position: u64) -> Self {
        let end = position + rest.len() as u64;
        Self { rest, end }
    }

    pub(crate) const fn rest(&self) -> &'i [u8] {
        self.rest
    }

    pub(crate) const fn position(&self) -> u64 {
        self.end - self.rest.len() as u64
    }

    pub(crate) fn first(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes the next `n` bytes, or all if there are fewer.
    #[inline]
    pub(crate) fn take(&mut self, n: usize) -> &'i [u8] {
        let (taken, rest) = self.rest.split_at_checked(n).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// Takes a line that ends in these bytes, without its end.
    #[inline]
    pub(crate) fn take_line(&mut self) -> Option<&'i [u8]> {
        find_line_end(self.rest).map(|end| self.take(end))
    }

    /// Takes what is left.
    pub(crate) fn take_rest(&mut self) -> &'i [u8] {
        core::mem::take(&mut self.rest)
    }

    /// Takes CR or LF, which comes next, and tells whether it was CR.
    ///
    /// "A CRLF pair, a single LF not preceded by a CR, and a single CR not followed by an LF"
    /// end a line. Nothing waits to see which of them it is: the line ends at its CR, and the
    /// reader drops an LF that comes next.
    #[inline]
    pub(crate) fn take_line_end(&mut self) -> bool {
        self.take(1) == [CR]
    }
}

#[inline]
pub(crate) const fn is_line_end(byte: u8) -> bool {
    matches!(byte, LF | CR)
}

/// Where the first line in `bytes` ends.
///
/// Searching a short piece of a stream takes less time than `memchr` needs to choose its method: without
/// this a line in pieces of 64 bytes takes a tenth more instructions.
#[inline(always)]
pub(crate) fn find_line_end(bytes: &[u8]) -> Option<usize> {
    match bytes.len() {
        ..16 => bytes.iter().position(|byte| is_line_end(*byte)),
        16..=128 => find_in_blocks(bytes),
        _ => memchr2(LF, CR, bytes),
    }
}

/// The first line end in 16 or more bytes.
#[inline(never)]
fn find_in_blocks(bytes: &[u8]) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<16>();
    for (index, block) in blocks.iter().enumerate() {
        if has_line_end(block) {
            return Some(16 * index + find_in_block(block));
        }
    }
    if rest.is_empty() {
        return None;
    }
    // The last block overlaps the one before it.
    let last = bytes
        .last_chunk::<16>()
        .filter(|block| has_line_end(block))?;
    Some(bytes.len() - 16 + find_in_block(last))
}

/// The compiler turns this into vector instructions.
#[inline(always)]
fn has_line_end(block: &[u8; 16]) -> bool {
    let lf = block.iter().fold(false, |any, byte| any | (*byte == LF));
    let cr = block.iter().fold(false, |any, byte| any | (*byte == CR));
    lf | cr
}

/// Where the first line end in a block is that has one.
#[inline(always)]
fn find_in_block(block: &[u8; 16]) -> usize {
    let word = u128::from_le_bytes(*block);
    // The lowest bit that is set is that of the first zero byte; those above it may be wrong.
    let zeros = |word: u128| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let ends = zeros(word ^ (ONES * LF as u128)) | zeros(word ^ (ONES * CR as u128));
    ends.trailing_zeros() as usize / 8
}

/// 1 in each byte.
const ONES: u128 = u128::from_le_bytes([1; 16]);

/// The lines of `text`, which may end with CRLF, CR or LF. The text after the last line end is a
/// line too, even when it is empty: `"a\n"` has two lines.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = memchr2(LF, CR, text.as_bytes()) else {
            rest = None;
            return Some(text);
        };
        let (line, after) = text.split_at(end);
        rest = after.strip_prefix("\r\n").or_else(|| after.get(1..));
        Some(line)
    })
}

pub(crate) const LF: u8 = 0x0a;
pub(crate) const CR: u8 = 0x0d;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    #[test]
    fn every_line_end_separates_lines_of_text() {
        let split = |text| lines(text).collect::<Vec<_>>();
        assert_eq!(split(""), vec![""]);
        assert_eq!(split("a"), vec!["a"]);
        assert_eq!(split("a\nb\rc\r\nd"), vec!["a", "b", "c", "d"]);
        assert_eq!(split("a\n"), vec!["a", ""]);
        assert_eq!(split("\n\r"), vec!["", "", ""]);
        assert_eq!(split("\r\n\r\n"), vec!["", "", ""]);
    }

    #[test]
    fn a_line_end_is_seen_wherever_it_is() {
        for len in 0..=256 {
            // Bytes that differ from LF or CR in one bit, or in the high bit.
            let mut bytes: Vec<u8> = (0..len)
                .map(|at| b"\x0b\x0c\x08\x0e\x8a\x8d\x2a\x00"[at % 8])
                .collect();
            assert_eq!(find_line_end(&bytes), None, "{len}");
            for at in 0..len {
                for end in [LF, CR] {
                    let before = core::mem::replace(&mut bytes[at], end);
                    assert_eq!(find_line_end(&bytes), Some(at), "{end} of {len}");
                    bytes[at] = before;
                }
            }
        }
    }

    #[test]
    fn a_line_is_taken_with_its_end_only() {
        let mut cursor = Cursor::new(b"ab\r\n", 10);
        assert_eq!(cursor.take_line(), Some(&b"ab"[..]));
        assert!(cursor.take_line_end());
        assert_eq!((cursor.rest(), cursor.position()), (&b"\n"[..], 13));
        assert_eq!(Cursor::new(b"ab", 0).take_line(), None);
    }
}
