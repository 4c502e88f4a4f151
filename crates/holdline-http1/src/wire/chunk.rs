//! The chunked coding (RFC 9112 §7.1), decoded byte by byte where it has structure and slice by
//! slice where it has data.

use super::class;
use crate::error::{ReceiveError, ReceiveErrorKind as Kind};
use crate::input::take;
use crate::limits::{Limits, Reading};

/// A decoder of the chunked coding alone, for plain slices.
///
/// It ends before the trailer section, which is a run of field lines.
///
/// ```
/// use holdline_http1::{Chunk, ChunkDecoder, Limits};
///
/// let mut decoder = ChunkDecoder::new(Limits::default());
/// let mut input: &[u8] = b"4\r\nRust\r\n0\r\n\r\n";
/// assert_eq!(decoder.decode(&mut input)?, Some(Chunk::Data(b"Rust")));
/// assert_eq!(decoder.decode(&mut input)?, Some(Chunk::Last));
/// assert_eq!(input, b"\r\n"); // the trailer section, here empty
/// # Ok::<(), holdline_http1::ReceiveError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ChunkDecoder {
    chunks: Chunks,
    reading: Reading,
    at: u64,
    error: Option<ReceiveError>,
}

/// What [`ChunkDecoder`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk<'i> {
    /// Data of a chunk, as much of it as the input holds. Never empty.
    Data(&'i [u8]),
    /// The last chunk. The trailer section follows.
    Last,
}

impl ChunkDecoder {
    /// A decoder before the first chunk. Of the limits those on bodies and chunk extensions count.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            chunks: Chunks::new(),
            reading: Reading::strict(limits),
            at: 0,
            error: None,
        }
    }

    /// Takes the next item from the front of `input`. `Ok(None)`: the input is used up.
    /// After [`Chunk::Last`] nothing is taken any more and the answer is `Ok(None)`.
    ///
    /// # Errors
    ///
    /// The rule that was broken, with the offset from the body's first byte. Sticky: the whole
    /// input is taken, and what follows is not looked at.
    pub fn decode<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<Chunk<'i>>, ReceiveError> {
        if let Some(error) = self.error {
            *input = Default::default();
            return Err(error);
        }
        let chunk = self.chunks.next(input, &self.reading, &mut self.at);
        chunk.inspect_err(|&error| {
            *input = Default::default();
            self.error = Some(error);
        })
    }
}

/// The chunk automaton, without limits and errors of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunks {
    part: Part,
    /// Digits of the size so far.
    digits: u8,
    /// Bytes of this chunk's extensions, and of all before.
    extension: u32,
    extensions: u32,
    /// The size so far, then the bytes of data that are still to come.
    size: u64,
    /// Bytes of body in the chunks that were announced.
    total: u64,
    /// Something was taken that the grammar does not have.
    was_lenient: bool,
}

impl Chunks {
    pub(crate) const fn new() -> Self {
        Self {
            part: Part::Size,
            digits: 0,
            extension: 0,
            extensions: 0,
            size: 0,
            total: 0,
            was_lenient: false,
        }
    }

    pub(crate) const fn was_lenient(&self) -> bool {
        self.was_lenient
    }

    /// Whether a byte of the body was seen.
    pub(crate) fn has_begun(&self) -> bool {
        self.total > 0 || self.digits > 0 || self.part != Part::Size
    }

    /// `at` is the stream offset of the input's first byte, and moves with it.
    pub(crate) fn next<'i>(
        &mut self,
        input: &mut &'i [u8],
        reading: &Reading,
        at: &mut u64,
    ) -> Result<Option<Chunk<'i>>, ReceiveError> {
        loop {
            match self.part {
                Part::Ended => return Ok(None),
                Part::Data => {
                    if input.is_empty() {
                        return Ok(None);
                    }
                    let length = usize::try_from(self.size).unwrap_or(usize::MAX);
                    let data = take(input, length, at);
                    self.size -= data.len() as u64;
                    if self.size == 0 {
                        self.part = Part::DataEnd;
                    }
                    return Ok(Some(Chunk::Data(data)));
                }
                _ => {}
            }
            let Some((&byte, rest)) = input.split_first() else {
                return Ok(None);
            };
            let last = self.step(byte, reading, *at)?;
            *input = rest;
            *at += 1;
            if last {
                return Ok(Some(Chunk::Last));
            }
        }
    }

    /// Takes one byte of structure. True: it ends the last chunk's line.
    fn step(&mut self, byte: u8, reading: &Reading, at: u64) -> Result<bool, ReceiveError> {
        let fault = |kind| Err(ReceiveError::new(kind, at));
        match self.part {
            Part::DataEnd | Part::DataEndLf => {
                let (expected, next) = match self.part {
                    Part::DataEnd => (b'\r', Part::DataEndLf),
                    _ => (b'\n', Part::Size),
                };
                if byte != expected {
                    return fault(Kind::InvalidChunkEnd);
                }
                self.part = next;
            }
            Part::LineLf if byte != b'\n' => {
                return Err(ReceiveError::new(Kind::BareCr, at - 1));
            }
            Part::LineLf => {
                self.digits = 0;
                self.extension = 0;
                self.part = if self.size > 0 {
                    Part::Data
                } else {
                    Part::Ended
                };
                return Ok(self.size == 0);
            }
            _ if byte == b'\n' => return fault(Kind::BareLf),
            Part::Size => self.size_byte(byte, reading, at)?,
            Part::AfterSize => self.end_size(byte, reading, at)?,
            _ => {
                self.count_extension(reading, at, byte)?;
                match self.part.extension(byte) {
                    Some(next) => self.part = next,
                    None => return fault(Kind::InvalidChunkExtension),
                }
            }
        }
        Ok(false)
    }

    /// RFC 9112 §7.1: `chunk-size = 1*HEXDIG`. No sign, no prefix, no whitespace: "recipients
    /// MUST anticipate potentially large hexadecimal numerals and prevent parsing errors due to
    /// integer conversion overflows".
    fn size_byte(&mut self, byte: u8, reading: &Reading, at: u64) -> Result<(), ReceiveError> {
        let Some(digit) = char::from(byte).to_digit(16) else {
            return self.end_size(byte, reading, at);
        };
        if self.digits == 0 {
            self.size = 0;
        }
        if self.digits == MAX_DIGITS {
            return Err(ReceiveError::new(Kind::ChunkSizeTooLong, at));
        }
        self.digits += 1;
        self.size = self.size << 4 | u64::from(digit);
        Ok(())
    }

    /// What follows the digits of a size.
    fn end_size(&mut self, byte: u8, reading: &Reading, at: u64) -> Result<(), ReceiveError> {
        if self.digits == 0 || !matches!(byte, b'\r' | b';') {
            if !reading.lenient || self.digits == 0 || !matches!(byte, b' ' | b'\t') {
                return Err(ReceiveError::new(Kind::InvalidChunkSize, at));
            }
            self.part = Part::AfterSize;
            self.was_lenient = true;
            // Whitespace counts as an extension, so that there is an end to it.
            return self.count_extension(reading, at, byte);
        }
        let total = self.total.checked_add(self.size);
        self.total = total
            .filter(|&total| total <= reading.bounds.max_body)
            .ok_or(ReceiveError::new(
                Kind::BodyTooLong,
                at - u64::from(self.digits) - u64::from(self.extension),
            ))?;
        self.part = Part::LineLf;
        if byte == b';' {
            self.part = Part::ExtensionStart;
            self.count_extension(reading, at, byte)?;
        }
        Ok(())
    }

    /// RFC 9112 §7.1.1: "A server ought to limit the total length of chunk extensions received".
    fn count_extension(
        &mut self,
        reading: &Reading,
        at: u64,
        byte: u8,
    ) -> Result<(), ReceiveError> {
        if byte == b'\r' {
            return Ok(());
        }
        let limits = reading.limits();
        self.extension = self.extension.saturating_add(1);
        self.extensions = self.extensions.saturating_add(1);
        if self.extension as usize > limits.max_chunk_extension {
            return Err(ReceiveError::new(Kind::ChunkExtensionTooLong, at));
        }
        if self.extensions as usize > limits.max_chunk_extensions {
            return Err(ReceiveError::new(Kind::ChunkExtensionsTooLong, at));
        }
        Ok(())
    }
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Size,
    /// In whitespace behind a size, which only a lenient reader takes.
    AfterSize,
    /// After a semicolon.
    ExtensionStart,
    Name,
    AfterName,
    /// After an equals sign.
    ValueStart,
    Value,
    Quoted,
    Escaped,
    QuotedEnd,
    AfterValue,
    /// The line feed that ends a chunk's first line.
    LineLf,
    Data,
    DataEnd,
    DataEndLf,
    Ended,
}

impl Part {
    /// RFC 9112 §7.1.1:
    /// `chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )`.
    /// Whitespace directly after the size is not taken.
    fn extension(self, byte: u8) -> Option<Self> {
        let next = match (self, byte) {
            (
                Self::ExtensionStart | Self::ValueStart | Self::AfterName | Self::AfterValue,
                b' ' | b'\t',
            ) => self,
            (Self::Name, b' ' | b'\t') => Self::AfterName,
            (Self::Value | Self::QuotedEnd, b' ' | b'\t') => Self::AfterValue,
            (Self::Name | Self::AfterName, b'=') => Self::ValueStart,
            (
                Self::Name | Self::AfterName | Self::Value | Self::QuotedEnd | Self::AfterValue,
                b';',
            ) => Self::ExtensionStart,
            (Self::Name | Self::Value | Self::QuotedEnd, b'\r') => Self::LineLf,
            (Self::ExtensionStart | Self::Name, _) if class::is_token(byte) => Self::Name,
            (Self::ValueStart | Self::Value, _) if class::is_token(byte) => Self::Value,
            (Self::ValueStart, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::QuotedEnd,
            (Self::Quoted, b'\\') => Self::Escaped,
            (Self::Quoted, _) if class::is_quoted(byte) => Self::Quoted,
            (Self::Escaped, _) if class::is_value(byte) => Self::Quoted,
            _ => return None,
        };
        Some(next)
    }
}

/// As many digits as a 64-bit size has.
const MAX_DIGITS: u8 = 16;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use alloc::vec::Vec;

    type Outcome = (Vec<u8>, Result<bool, (Kind, u64)>);

    fn decode(pieces: &[&[u8]]) -> Outcome {
        let mut decoder = ChunkDecoder::new(Limits::default());
        let mut data = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            loop {
                match decoder.decode(&mut input) {
                    Ok(Some(Chunk::Data(bytes))) => data.extend_from_slice(bytes),
                    Ok(Some(Chunk::Last)) => return (data, Ok(true)),
                    Ok(None) => break,
                    Err(error) => return (data, Err((error.kind(), error.at()))),
                }
            }
        }
        (data, Ok(false))
    }

    fn every_way(bytes: &[u8]) -> Outcome {
        let whole = decode(&[bytes]);
        for split in 0..=bytes.len() {
            let (left, right) = bytes.split_at(split);
            assert_eq!(decode(&[left, right]), whole, "split at {split}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(decode(&single), whole, "byte by byte");
        whole
    }

    #[test]
    pub(crate) fn good_bodies() {
        for (bytes, data) in [
            (&b"0\r\n"[..], &b""[..]),
            (b"5\r\nhello\r\n0\r\n", b"hello"),
            (
                b"0005;a\r\nhello\r\nA;b=c;d=\"e\\\"\xff\"\r\n0123456789\r\n0;x\r\n",
                b"hello0123456789",
            ),
            (b"1; a = b ;c\r\nx\r\n000\r\n", b"x"),
        ] {
            assert_eq!(
                every_way(bytes),
                (data.to_vec(), Ok(true)),
                "{}",
                bytes.escape_ascii()
            );
        }
    }

    #[test]
    pub(crate) fn bad_bodies() {
        for (bytes, kind, at) in [
            (&b"\r\n"[..], Kind::InvalidChunkSize, 0),
            (b"g\r\n", Kind::InvalidChunkSize, 0),
            (b"0x5\r\n", Kind::InvalidChunkSize, 1),
            (b"-5\r\n", Kind::InvalidChunkSize, 0),
            (b"+5\r\n", Kind::InvalidChunkSize, 0),
            (b" 5\r\n", Kind::InvalidChunkSize, 0),
            (b"5 \r\n", Kind::InvalidChunkSize, 1),
            (b"5 ;a\r\n", Kind::InvalidChunkSize, 1),
            (b"5_0\r\n", Kind::InvalidChunkSize, 1),
            (b"5\n", Kind::BareLf, 1),
            (b"5\rx", Kind::BareCr, 1),
            (b"5;a\n", Kind::BareLf, 3),
            (b"5;a\rb", Kind::BareCr, 3),
            (b"5;a=\"\n\"", Kind::BareLf, 5),
            (b"00000000000000005\r\n", Kind::ChunkSizeTooLong, 16),
            (b"1\r\nx\r\nffffffffffffffff\r\n", Kind::BodyTooLong, 6),
            (b"5;\r\n", Kind::InvalidChunkExtension, 2),
            (b"5;a=\r\n", Kind::InvalidChunkExtension, 4),
            (b"5;a \r\n", Kind::InvalidChunkExtension, 4),
            (b"5;a=\"b\0\"", Kind::InvalidChunkExtension, 6),
            (b"5;a=\"b\"c", Kind::InvalidChunkExtension, 7),
            (b"5;a=b=c", Kind::InvalidChunkExtension, 5),
            (b"5\r\nhelloX", Kind::InvalidChunkEnd, 8),
            (b"5\r\nhello\n", Kind::InvalidChunkEnd, 8),
            (b"5\r\nhello\r0", Kind::InvalidChunkEnd, 9),
            (b"0\r\r", Kind::BareCr, 1),
        ] {
            let (_, outcome) = every_way(bytes);
            assert_eq!(outcome, Err((kind, at)), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    pub(crate) fn extensions_are_bounded() {
        let mut one = b"1;".to_vec();
        one.extend([b'a'; 255]);
        one.extend(b"\r\nx\r\n");
        assert_eq!(every_way(&one), (b"x".to_vec(), Ok(false)));
        let mut long = one.clone();
        long.insert(2, b'a');
        assert_eq!(every_way(&long).1, Err((Kind::ChunkExtensionTooLong, 257)));
        let many = one.repeat(17);
        let at = 16 * one.len() as u64 + 1;
        assert_eq!(decode(&[&many]).1, Err((Kind::ChunkExtensionsTooLong, at)));
    }
}
