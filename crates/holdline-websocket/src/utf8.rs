//! UTF-8 that arrives in pieces (RFC 6455 §8.1).

/// Validates UTF-8 that comes in pieces of any size, and fails at the first byte that no continuation
/// could make right.
///
/// Each byte is validated once. A code point that is cut between two pieces is kept (at most three
/// bytes of it) and comes out as a `char` when it is complete; the rest of each piece comes out as the
/// `&str` that it is.
///
/// ```
/// use holdline_websocket::Utf8Validator;
///
/// let mut validator = Utf8Validator::new();
/// assert_eq!(validator.push(b"caf\xc3").unwrap().text, "caf");
/// assert!(!validator.is_complete());
/// let piece = validator.push(b"\xa9!").unwrap();
/// assert_eq!((piece.first, piece.text), (Some('\u{e9}'), "!"));
/// assert!(validator.is_complete());
///
/// assert_eq!(validator.push(b"ok\xed\xa0\x80").unwrap_err().at, 3); // a surrogate is shown by its 2nd byte
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8Validator {
    /// The first bytes of an incomplete code point.
    partial: [u8; 4],
    length: u8,
}

/// What one piece of text added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utf8Piece<'a> {
    /// The code point that began in an earlier piece and was completed by this one.
    pub first: Option<char>,
    /// The text after it, without the incomplete code point at the end, if there is one.
    pub text: &'a str,
}

/// Text that is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at} cannot be part of UTF-8 text")]
pub struct InvalidUtf8 {
    /// The first impossible byte, counted from the beginning of the piece.
    pub at: usize,
}

impl Utf8Validator {
    /// Starts before the first byte of a text.
    #[must_use]
    #[inline]
    pub const fn new() -> Self {
        Self {
            partial: [0; 4],
            length: 0,
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    ///
    /// [`InvalidUtf8`] when the text cannot be UTF-8 however it goes on. Start again after that.
    #[inline]
    pub fn push<'a>(&mut self, piece: &'a [u8]) -> Result<Utf8Piece<'a>, InvalidUtf8> {
        // Most pieces are whole. For them the plain check alone is quicker than the rest.
        if self.is_complete()
            && let Some(text) = whole(piece)
        {
            return Ok(Utf8Piece { first: None, text });
        }
        self.push_any(piece)
    }

    fn push_any<'a>(&mut self, piece: &'a [u8]) -> Result<Utf8Piece<'a>, InvalidUtf8> {
        let (first, used) = self.complete(piece)?;
        let (body, tail) = split_tail(piece.get(used..).unwrap_or_default());
        let invalid = |before: usize, bytes: &[u8], error_at: usize, length: Option<usize>| {
            let sequence = bytes.get(error_at..).unwrap_or_default();
            let at = before + error_at + impossible_byte(sequence, length);
            InvalidUtf8 { at }
        };
        let text = match simdutf8::basic::from_utf8(body) {
            Ok(text) => text,
            // Only the slower check knows where. It runs once, because an error is final.
            Err(_) => simdutf8::compat::from_utf8(body)
                .map_err(|e| invalid(used, body, e.valid_up_to(), e.error_len()))?,
        };
        if tail.is_empty() {
            return Ok(Utf8Piece { first, text });
        }
        // The tail is too short to be text; what counts is whether it can still become text.
        if let Err(e) = core::str::from_utf8(tail)
            && e.error_len().is_some()
        {
            let before = used + body.len();
            return Err(invalid(before, tail, e.valid_up_to(), e.error_len()));
        }
        self.keep(tail);
        Ok(Utf8Piece { first, text })
    }

    /// How many bytes are missing from the code point that was begun: 0 to 3.
    #[must_use]
    pub fn missing(&self) -> usize {
        let [lead, ..] = self.partial;
        let whole: usize = match (self.length, lead) {
            (0, _) => 0,
            (_, 0xf0..) => 4,
            (_, 0xe0..) => 3,
            _ => 2,
        };
        // After an error there may be more.
        whole.saturating_sub(usize::from(self.length))
    }

    /// Whether the text may end here: no code point is unfinished.
    #[must_use]
    #[inline]
    pub const fn is_complete(&self) -> bool {
        self.length == 0
    }

    /// Finishes the code point that was begun, if the piece has enough bytes for it.
    fn complete(&mut self, piece: &[u8]) -> Result<(Option<char>, usize), InvalidUtf8> {
        if self.is_complete() {
            return Ok((None, 0));
        }
        for (at, &byte) in piece.iter().enumerate() {
            if let Some(place) = self.partial.get_mut(usize::from(self.length)) {
                *place = byte;
            }
            self.length += 1;
            let begun = self
                .partial
                .get(..usize::from(self.length))
                .unwrap_or_default();
            match core::str::from_utf8(begun) {
                Ok(text) => {
                    self.length = 0;
                    return Ok((text.chars().next(), at + 1));
                }
                Err(error) if error.error_len().is_some() => return Err(InvalidUtf8 { at }),
                Err(_) => {}
            }
        }
        Ok((None, piece.len()))
    }

    fn keep(&mut self, tail: &[u8]) {
        self.length = 0;
        for (place, &byte) in self.partial.iter_mut().zip(tail) {
            *place = byte;
            self.length += 1;
        }
    }
}

/// A piece that is text by itself, if that is seen at once.
#[inline]
fn whole(piece: &[u8]) -> Option<&str> {
    if piece.len() < SHORT {
        core::str::from_utf8(piece).ok()
    } else if piece.last().is_some_and(u8::is_ascii) {
        simdutf8::basic::from_utf8(piece).ok()
    } else {
        // A code point may be cut.
        None
    }
}

/// From here on, vectors are quicker.
const SHORT: usize = 64;

/// Cuts off a code point that the end of the piece leaves unfinished, by its first byte alone.
fn split_tail(bytes: &[u8]) -> (&[u8], &[u8]) {
    for (have, &byte) in bytes.iter().rev().take(3).enumerate() {
        let whole = match byte {
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            0x80.. => continue,
            _ => break,
        };
        if whole > have + 1 {
            return bytes.split_at(bytes.len() - have - 1);
        }
        break;
    }
    (bytes, &[])
}

/// Where in a bad sequence the byte stands that makes it impossible. `length` counts the bytes that
/// were a good beginning, or one byte that can begin nothing; `None` when the good beginning is all there
/// is and what follows it is not a continuation.
fn impossible_byte(sequence: &[u8], length: Option<usize>) -> usize {
    match sequence.first() {
        Some(0xc2..=0xf4) => length.unwrap_or(sequence.len()),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
