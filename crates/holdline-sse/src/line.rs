//! Bytes to lines (WHATWG HTML §9.2.5).

use memchr::memchr2;

use crate::FieldName;

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

    /// Takes the next byte if it is `byte`.
    #[inline]
    pub(crate) fn take_byte(&mut self, byte: u8) -> bool {
        let is = self.first() == Some(byte);
        if is {
            self.take(1);
        }
        is
    }

    /// Takes a line that ends here, without its end. There is a byte, and it is no line end.
    #[inline]
    pub(crate) fn take_line(&mut self) -> Option<&'i [u8]> {
        find_line_end(self.rest).map(|end| self.take(end))
    }

    /// Takes what comes before the line end, which may be further than these bytes reach.
    pub(crate) fn take_value(&mut self) -> &'i [u8] {
        self.take(find_line_end(self.rest).unwrap_or(self.rest.len()))
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

/// How far a line has come that is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Partial {
    /// The line has not begun.
    Start,
    /// In its name.
    Name(Name),
    /// After the colon: one space may follow.
    AfterColon(Target),
    Value(Target),
}

impl Partial {
    #[inline]
    pub(crate) const fn is_start(&self) -> bool {
        matches!(self, Self::Start)
    }

    /// Whether the name of the line is known to be this.
    pub(crate) fn is_in(&self, name: FieldName) -> bool {
        match self {
            Self::Start | Self::Name(_) => false,
            Self::AfterColon(target) | Self::Value(target) => *target == Target::Field(name),
        }
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

/// A field name so far, no longer than the longest that is known: a one and then the bytes, so
/// that it is copied as one number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name(u64);

impl Name {
    pub(crate) const EMPTY: Self = Self(1);

    /// The name with one more byte. `None`: too long to be a known name.
    #[inline]
    pub(crate) fn push(self, byte: u8) -> Option<Self> {
        let is_full = self.0 >> (8 * FieldName::MAX_LEN) != 0;
        (!is_full).then_some(Self(self.0 << 8 | u64::from(byte)))
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == Self::EMPTY.0
    }

    /// The field with this name, or `None` for one that must be ignored.
    pub(crate) fn field(self) -> Option<FieldName> {
        let bytes = self.0.to_be_bytes();
        let one = bytes.iter().position(|byte| *byte != 0)?;
        FieldName::parse(bytes.get(one + 1..)?)
    }
}

#[inline]
pub(crate) const fn is_line_end(byte: u8) -> bool {
    matches!(byte, LF | CR)
}

/// Where the first line in `bytes` ends.
///
/// A short piece seldom has a line end. It is compared a block at a time, and asked only once
/// whether one of the bytes was it, which the compiler turns into vector instructions. That is
/// over before `memchr` has chosen its way.
#[inline]
pub(crate) fn find_line_end(bytes: &[u8]) -> Option<usize> {
    if bytes.len() <= SHORT {
        let Some(last) = bytes.last_chunk() else {
            return bytes.iter().position(|byte| is_line_end(*byte));
        };
        // The last block overlaps the one before it.
        let mut ends = line_ends(last);
        for block in bytes.as_chunks().0 {
            let more = line_ends(block);
            ends = core::array::from_fn(|at| ends[at] | more[at]);
        }
        if u128::from_ne_bytes(ends) == 0 {
            return None;
        }
    }
    memchr2(LF, CR, bytes)
}

#[inline]
fn line_ends(block: &[u8; 16]) -> [u8; 16] {
    block.map(|byte| u8::from(byte == LF) | u8::from(byte == CR))
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
    fn a_name_is_known_however_long_it_is() {
        let name = |bytes: &[u8]| {
            bytes
                .iter()
                .try_fold(Name::EMPTY, |name, byte| name.push(*byte))
        };
        for known in [
            FieldName::Data,
            FieldName::Event,
            FieldName::Id,
            FieldName::Retry,
        ] {
            let name = name(known.as_str().as_bytes()).expect("short");
            assert_eq!(name.field(), Some(known));
        }
        for unknown in [
            &b""[..],
            b"\0",
            b"\0data",
            b"\0id",
            b"data\0",
            b"dat",
            b"\xff\xff\xff\xff\xff",
        ] {
            let name = name(unknown).expect("short");
            assert_eq!((name.field(), name.is_empty()), (None, unknown.is_empty()));
        }
        assert!(name(b"events").is_none());
        assert!(name(b"\0\0\0\0\0\0").is_none());
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
