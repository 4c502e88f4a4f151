//! A place in the server's one sequence of messages.

use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

use bytes::{BufMut, BytesMut};

/// The place of a client in the sequence of messages: it has received everything up to
/// and including `sequence` of `epoch`.
///
/// An *epoch* is one life of the server: a new one begins, with a new number, when the
/// messages of the last one are gone. A *sequence* number is given to each message, from
/// 1 upwards; 0 stands for *before the first message*.
///
/// The text form is `epoch-sequence`, both in lower-case hexadecimal without leading
/// zeros, at most [`MAX_TEXT_LEN`](Cursor::MAX_TEXT_LEN) bytes. It needs no escaping in a
/// URL, a header field, JSON or HTML. There is exactly one text for each cursor: text that
/// parses prints back as it was. Clients should treat it as opaque.
///
/// Cursors are ordered within an epoch only. Across epochs neither is before the other, so
/// there is `PartialOrd` and no `Ord`.
///
/// ```
/// use holdline_comet::Cursor;
///
/// let cursor: Cursor = "18f-2a".parse()?;
/// assert_eq!(cursor, Cursor::new(0x18f, 42));
/// assert_eq!(cursor.to_string(), "18f-2a");
/// assert!(cursor < Cursor::new(0x18f, 43));
/// # Ok::<(), holdline_comet::ParseCursorError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    epoch: u64,
    sequence: u64,
}

impl Cursor {
    /// The longest text form in bytes: two numbers of 16 digits and the hyphen.
    pub const MAX_TEXT_LEN: usize = 2 * MAX_DIGITS + 1;

    /// The cursor after message `sequence` of `epoch`.
    pub const fn new(epoch: u64, sequence: u64) -> Self {
        Self { epoch, sequence }
    }

    /// The life of the server that the sequence number belongs to.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The number of the last message received; 0 when there was none.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The length of the text form in bytes.
    pub const fn text_len(&self) -> usize {
        (hex_digits(self.epoch) + 1 + hex_digits(self.sequence)) as usize
    }

    /// Appends the text form.
    pub fn encode(&self, out: &mut BytesMut) {
        encode_hex(self.epoch, out);
        out.put_u8(SEPARATOR);
        encode_hex(self.sequence, out);
    }

    /// Parses the text form from bytes, such as a header field's value.
    ///
    /// # Errors
    /// When `text` is not the text form of a cursor: see [`ParseCursorErrorKind`].
    pub fn parse(text: &[u8]) -> Result<Self, ParseCursorError> {
        let (epoch, rest) = parse_hex(text, 0)?;
        let at = text.len() - rest.len();
        let Some((&SEPARATOR, rest)) = rest.split_first() else {
            // `parse_hex` stops at the separator or at the end.
            return Err(ParseCursorError::new(ParseCursorErrorKind::NoSeparator, at));
        };
        let (sequence, rest) = parse_hex(rest, at + 1)?;
        if !rest.is_empty() {
            let at = text.len() - rest.len();
            return Err(ParseCursorError::new(ParseCursorErrorKind::NotHex, at));
        }
        Ok(Self { epoch, sequence })
    }
}

impl PartialOrd for Cursor {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self.epoch == other.epoch).then(|| self.sequence.cmp(&other.sequence))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.epoch, self.sequence)
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({self})")
    }
}

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text.as_bytes())
    }
}

/// Text that is no cursor: what is wrong with it, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{kind} at byte {at}; a cursor is two lower-case hexadecimal numbers joined by a hyphen, as in 18f-2a"
)]
pub struct ParseCursorError {
    kind: ParseCursorErrorKind,
    at: usize,
}

impl ParseCursorError {
    const fn new(kind: ParseCursorErrorKind, at: usize) -> Self {
        Self { kind, at }
    }

    /// Which rule was broken.
    pub const fn kind(&self) -> ParseCursorErrorKind {
        self.kind
    }

    /// The byte offset in the text.
    pub const fn at(&self) -> usize {
        self.at
    }
}

/// What can be wrong with a cursor's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseCursorErrorKind {
    /// One of the two numbers has no digits.
    #[error("a number has no digits")]
    NoDigits,
    /// A byte that is neither `0` to `9`, `a` to `f`, nor the one hyphen.
    #[error("unexpected character")]
    NotHex,
    /// A number of more than one digit begins with `0`.
    #[error("leading zero")]
    LeadingZero,
    /// A number of more than 16 digits, which is more than 64 bits.
    #[error("number of more than 16 digits")]
    TooLong,
    /// The text ends after the first number.
    #[error("no hyphen")]
    NoSeparator,
}

/// Reads digits up to the separator or the end; `offset` is where `text` begins.
fn parse_hex(text: &[u8], offset: usize) -> Result<(u64, &[u8]), ParseCursorError> {
    let error = |kind, at| Err(ParseCursorError::new(kind, offset + at));
    let mut value = 0_u64;
    let mut rest = text;
    let mut at = 0;
    while let Some((&byte, tail)) = rest.split_first()
        && byte != SEPARATOR
    {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return error(ParseCursorErrorKind::NotHex, at),
        };
        if at > 0 && value == 0 {
            return error(ParseCursorErrorKind::LeadingZero, 0);
        }
        if at == MAX_DIGITS {
            return error(ParseCursorErrorKind::TooLong, at);
        }
        value = value << 4 | u64::from(digit);
        rest = tail;
        at += 1;
    }
    if at == 0 {
        return error(ParseCursorErrorKind::NoDigits, 0);
    }
    Ok((value, rest))
}

const fn hex_digits(value: u64) -> u32 {
    // Zero has a digit too.
    (64 - (value | 1).leading_zeros()).div_ceil(4)
}

fn encode_hex(value: u64, out: &mut BytesMut) {
    for place in (0..hex_digits(value)).rev() {
        let digit = (value >> (4 * place) & 0xf) as u8;
        out.put_u8(match digit {
            0..=9 => b'0' + digit,
            _ => b'a' + digit - 10,
        });
    }
}

const SEPARATOR: u8 = b'-';
const MAX_DIGITS: usize = 16;

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> (ParseCursorErrorKind, usize) {
        let error = text.parse::<Cursor>().unwrap_err();
        (error.kind(), error.at())
    }

    #[test]
    fn the_longest_text_has_33_bytes() {
        let text = Cursor::new(u64::MAX, u64::MAX).to_string();
        assert_eq!(text.len(), Cursor::MAX_TEXT_LEN);
        assert_eq!(
            text.parse::<Cursor>().unwrap(),
            Cursor::new(u64::MAX, u64::MAX)
        );
        assert_eq!(Cursor::new(0, 0).to_string(), "0-0");
        assert_eq!(Cursor::new(0, 0x10).text_len(), 4);
    }

    #[test]
    fn errors_say_what_and_where() {
        use ParseCursorErrorKind::*;
        assert_eq!(error(""), (NoDigits, 0));
        assert_eq!(error("-1"), (NoDigits, 0));
        assert_eq!(error("1-"), (NoDigits, 2));
        assert_eq!(error("1"), (NoSeparator, 1));
        assert_eq!(error("1A-1"), (NotHex, 1));
        assert_eq!(error("1-1-1"), (NotHex, 3));
        assert_eq!(error("1- 1"), (NotHex, 2));
        assert_eq!(error("1-\u{e9}"), (NotHex, 2));
        assert_eq!(error("01-1"), (LeadingZero, 0));
        assert_eq!(error("1-00"), (LeadingZero, 2));
        assert_eq!(error("11112222333344445-1"), (TooLong, 16));
        assert_eq!(
            "1".parse::<Cursor>().unwrap_err().to_string(),
            "no hyphen at byte 1; a cursor is two lower-case hexadecimal numbers joined by a hyphen, as in 18f-2a"
        );
    }

    #[test]
    fn epochs_are_not_ordered() {
        assert!(Cursor::new(1, 2) < Cursor::new(1, 3));
        assert_eq!(Cursor::new(1, 2).partial_cmp(&Cursor::new(2, 2)), None);
    }

    proptest! {
        #[test]
        fn print_then_parse_is_identity(epoch: u64, sequence: u64) {
            let cursor = Cursor::new(epoch, sequence);
            let text = cursor.to_string();
            prop_assert_eq!(text.parse::<Cursor>(), Ok(cursor));
            let mut out = BytesMut::new();
            cursor.encode(&mut out);
            prop_assert_eq!(&out[..], text.as_bytes());
            prop_assert_eq!(cursor.text_len(), text.len());
        }

        #[test]
        fn text_that_parses_is_canonical(text in "[0-9a-f]{0,18}-?[0-9a-fA-F]{0,3}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }

        #[test]
        fn any_text_is_safe(text in any::<String>()) {
            if let Err(error) = text.parse::<Cursor>() {
                prop_assert!(error.at() <= text.len());
            }
        }
    }
}
