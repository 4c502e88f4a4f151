//! Bytes to lines (WHATWG HTML §9.2.5).

use memchr::memchr2;

use crate::FieldName;

/// Unread bytes, and where in the stream they begin.
#[derive(Debug)]
pub(crate) struct Cursor<'i> {
    rest: &'i [u8],
    position: u64,
}

impl<'i> Cursor<'i> {
    pub(crate) const fn new(rest: &'i [u8], position: u64) -> Self {
        Self { rest, position }
    }

    pub(crate) const fn rest(&self) -> &'i [u8] {
        self.rest
    }

    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn first(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes the next `n` bytes, or all if there are fewer.
    #[inline]
    pub(crate) fn take(&mut self, n: usize) -> &'i [u8] {
        let (taken, rest) = self.rest.split_at_checked(n).unwrap_or((self.rest, &[]));
        self.rest = rest;
        self.position += taken.len() as u64;
        taken
    }

    /// Takes the next byte if it is `byte`.
    #[inline]
    pub(crate) fn take_byte(&mut self, byte: u8) -> bool {
        let is = self.first() == Some(byte);
        if is {
            self.take(1);
        }
        is
    }

    /// Takes a whole line with its end, and tells whether that end is a CR.
    ///
    /// "A CRLF pair, a single LF not preceded by a CR, and a single CR not followed by an LF"
    /// end a line. Nothing waits to see which of them it is: the line ends at its CR, and the
    /// reader drops an LF that comes next.
    #[inline]
    pub(crate) fn take_line(&mut self) -> Option<(&'i [u8], bool)> {
        let end = match self.first()? {
            LF | CR => 0,
            _ => memchr2(LF, CR, self.rest)?,
        };
        let line = self.take(end);
        Some((line, self.take_line_end()?))
    }

    /// Takes what comes before the line end, which may be further than these bytes reach.
    pub(crate) fn take_value(&mut self) -> &'i [u8] {
        self.take(memchr2(LF, CR, self.rest).unwrap_or(self.rest.len()))
    }

    /// Takes CR or LF, and tells whether it was CR. `None`: the next byte is neither.
    #[inline]
    pub(crate) fn take_line_end(&mut self) -> Option<bool> {
        match self.first()? {
            byte @ (LF | CR) => {
                self.take(1);
                Some(byte == CR)
            }
            _ => None,
        }
    }
}

/// How far a line has come that is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Partial {
    /// In its name. An empty name: the line has not begun.
    Name(Name),
    /// After the colon: one space may follow.
    AfterColon(Target),
    Value(Target),
}

impl Partial {
    pub(crate) const START: Self = Self::Name(Name::EMPTY);

    #[inline]
    pub(crate) const fn is_start(&self) -> bool {
        matches!(self, Self::Name(Name { len: 0, .. }))
    }
}

/// Where the value of a cut line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Field(FieldName),
    Comment,
    /// It is skipped.
    Nothing,
}

/// A field name so far, no longer than the longest that is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    bytes: [u8; FieldName::MAX_LEN],
    len: usize,
}

impl Name {
    const EMPTY: Self = Self {
        bytes: [0; FieldName::MAX_LEN],
        len: 0,
    };

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }

    /// The name with one more byte. `None`: too long to be a known name.
    pub(crate) fn push(mut self, byte: u8) -> Option<Self> {
        *self.bytes.get_mut(self.len)? = byte;
        self.len += 1;
        Some(self)
    }
}

/// Whether a line ends in `bytes`.
///
/// A short piece is compared a block at a time and without a branch for each byte, which the
/// compiler turns into vector instructions. That is over before `memchr` has chosen its way.
#[inline]
pub(crate) fn has_line_end(bytes: &[u8]) -> bool {
    if bytes.len() > SHORT {
        return memchr2(LF, CR, bytes).is_some();
    }
    let Some(last) = bytes.last_chunk() else {
        return bytes.iter().any(|byte| matches!(*byte, LF | CR));
    };
    let (blocks, rest) = bytes.as_chunks();
    // The last block overlaps the one before it.
    blocks.iter().any(block_has_line_end) || (!rest.is_empty() && block_has_line_end(last))
}

#[inline]
fn block_has_line_end(block: &[u8; 16]) -> bool {
    block
        .iter()
        .fold(false, |any, byte| any | matches!(*byte, LF | CR))
}

/// The lines of `text`, which may end with CRLF, CR or LF. The text after the last line end is a
/// line too, also when it is empty: `"a\n"` has two lines.
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

/// The longest piece that is looked at without `memchr`.
const SHORT: usize = 128;

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
        for len in 0..=2 * SHORT {
            // Bytes that differ from LF or CR in one bit, or in the high bit.
            let mut bytes: Vec<u8> = (0..len)
                .map(|at| b"\x0b\x0c\x08\x0e\x8a\x8d\x2a\x00"[at % 8])
                .collect();
            assert!(!has_line_end(&bytes), "{len}");
            for at in 0..len {
                for end in [LF, CR] {
                    let before = core::mem::replace(&mut bytes[at], end);
                    assert!(has_line_end(&bytes), "{end} at {at} of {len}");
                    bytes[at] = before;
                }
            }
        }
    }

    #[test]
    fn a_line_is_taken_with_its_end_only() {
        let mut cursor = Cursor::new(b"ab\r\n", 10);
        assert_eq!(cursor.take_line(), Some((&b"ab"[..], true)));
        assert_eq!((cursor.rest(), cursor.position()), (&b"\n"[..], 13));
        assert_eq!(Cursor::new(b"ab", 0).take_line(), None);
    }
}
