//! Bodies that are sent, and chunks that are encoded once for many receivers.

use bytes::{Bytes, BytesMut};

use crate::block::{Fields, Writer};
use crate::error::{SendError, SendErrorKind};
use crate::framing::BodyLength;

/// Frames one body for sending (RFC 9112 §6.2 and §7.1), for those who write heads themselves.
///
/// Every call appends to `out`, or on error leaves it as it was.
#[derive(Clone, Copy, Debug)]
pub struct BodyEncoder {
    framing: Outgoing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outgoing {
    /// This many bytes are still to come.
    Length(u64),
    Chunked,
    UntilClose,
    /// The answer to HEAD: what would be sent is counted for nothing and not written.
    Discard,
    /// There is none, and its end was not said apart from its head.
    Nothing,
}

impl BodyEncoder {
    /// An encoder of a body with this length.
    #[must_use]
    pub const fn new(length: BodyLength) -> Self {
        let framing = match length {
            BodyLength::None => Outgoing::Length(0),
            BodyLength::Known(length) => Outgoing::Length(length),
            BodyLength::Chunked => Outgoing::Chunked,
            BodyLength::UntilClose => Outgoing::UntilClose,
        };
        Self { framing }
    }

    /// The body of a message that was complete with its head. Its end may still be said, once.
    pub(crate) const fn nothing() -> Self {
        Self {
            framing: Outgoing::Nothing,
        }
    }

    /// Says the end of [`nothing`](Self::nothing). False: the body is another one.
    pub(crate) fn end_nothing(&mut self) -> bool {
        let is_nothing = self.framing == Outgoing::Nothing;
        if is_nothing {
            self.framing = Outgoing::Length(0);
        }
        is_nothing
    }

    pub(crate) const fn discard() -> Self {
        Self {
            framing: Outgoing::Discard,
        }
    }

    /// Whether the body ends with the connection.
    pub(crate) fn is_until_close(&self) -> bool {
        self.framing == Outgoing::UntilClose
    }

    /// Appends data: one chunk, or the bare bytes. Empty data appends nothing.
    ///
    /// # Errors
    ///
    /// [`BodyTooLong`](SendErrorKind::BodyTooLong).
    #[inline]
    pub fn encode_data(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), SendError> {
        self.count(data.len())?;
        match self.framing {
            _ if data.is_empty() => {}
            Outgoing::Chunked => put_chunk(data, out),
            Outgoing::Discard | Outgoing::Nothing => {}
            Outgoing::Length(_) | Outgoing::UntilClose => out.extend_from_slice(data),
        }
        Ok(())
    }

    /// Frames `length` bytes of data that the caller writes itself, between
    /// [`before`](ChunkFrame::before) and [`after`](ChunkFrame::after), as in a vectored write.
    /// None: the data is not to be written, because there is none or because this answers HEAD.
    ///
    /// # Errors
    ///
    /// [`BodyTooLong`](SendErrorKind::BodyTooLong).
    pub fn encode_frame(&mut self, length: usize) -> Result<Option<ChunkFrame>, SendError> {
        self.count(length)?;
        Ok(match self.framing {
            _ if length == 0 => None,
            Outgoing::Discard | Outgoing::Nothing => None,
            Outgoing::Chunked => Some(ChunkFrame::chunk(length)),
            Outgoing::Length(_) | Outgoing::UntilClose => Some(ChunkFrame::bare()),
        })
    }

    /// The bytes to write for data that was framed before.
    ///
    /// # Errors
    ///
    /// [`BodyTooLong`](SendErrorKind::BodyTooLong).
    pub fn encode_prechunked(&mut self, data: &PreChunked) -> Result<Bytes, SendError> {
        self.count(data.len())?;
        Ok(match self.framing {
            Outgoing::Chunked => data.framed().clone(),
            Outgoing::Discard | Outgoing::Nothing => Bytes::new(),
            Outgoing::Length(_) | Outgoing::UntilClose => data.data(),
        })
    }

    /// Ends the body.
    ///
    /// # Errors
    ///
    /// [`BodyTooShort`](SendErrorKind::BodyTooShort), and what is wrong with the trailers.
    pub fn encode_end(
        &mut self,
        trailers: impl Fields,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        if let Outgoing::Length(1..) = self.framing {
            return Err(SendErrorKind::BodyTooShort.into());
        }
        let start = out.len();
        let chunked = self.framing == Outgoing::Chunked;
        if chunked {
            out.extend_from_slice(b"0\r\n");
        }
        let fields_start = out.len();
        let result = Writer::trailers(out).write(&trailers).and_then(|()| {
            if !chunked && self.framing != Outgoing::Discard && out.len() > fields_start {
                return Err(SendErrorKind::TrailersNotAllowed.into());
            }
            Ok(())
        });
        match result {
            Ok(()) if chunked => out.extend_from_slice(b"\r\n"),
            _ => out.truncate(start),
        }
        result
    }

    #[inline]
    fn count(&mut self, length: usize) -> Result<(), SendError> {
        if let Outgoing::Length(remaining) = &mut self.framing {
            *remaining = remaining
                .checked_sub(length as u64)
                .ok_or(SendErrorKind::BodyTooLong)?;
        }
        Ok(())
    }
}

/// Data framed once as a chunk, to be sent on many connections. A clone is cheap: the bytes
/// are shared.
///
/// ```
/// use holdline_http1::PreChunked;
///
/// let message = PreChunked::new(b"data: hello\n\n");
/// assert_eq!(&message.framed()[..], b"d\r\ndata: hello\n\n\r\n");
/// assert_eq!(&message.data()[..], b"data: hello\n\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreChunked {
    framed: Bytes,
    start: usize,
    end: usize,
}

impl PreChunked {
    /// Frames the data. Empty data gives no bytes at all, because an empty chunk would end the
    /// body.
    #[must_use]
    pub fn new(data: &[u8]) -> Self {
        if data.is_empty() {
            return Self::default();
        }
        let mut out = BytesMut::with_capacity(data.len() + LINE + 2);
        put_chunk(data, &mut out);
        let end = out.len() - 2;
        Self {
            framed: out.freeze(),
            start: end - data.len(),
            end,
        }
    }

    /// The chunk: size line, data and line end.
    #[must_use]
    pub const fn framed(&self) -> &Bytes {
        &self.framed
    }

    /// The data alone.
    #[must_use]
    pub fn data(&self) -> Bytes {
        self.framed.slice(self.start..self.end)
    }

    /// Bytes of data.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there is no data.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What stands around data that the caller writes itself.
///
/// ```
/// use holdline_http1::{BodyEncoder, BodyLength};
///
/// let mut body = BodyEncoder::new(BodyLength::Chunked);
/// let frame = body.encode_frame(300)?.expect("there is data");
/// assert_eq!((frame.before(), frame.after()), (&b"12c\r\n"[..], &b"\r\n"[..]));
/// # Ok::<(), holdline_http1::SendError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkFrame {
    line: [u8; LINE],
    /// Where the line begins; it ends with the array.
    start: usize,
    after: &'static [u8],
}

impl ChunkFrame {
    /// What to write before the data: a chunk's size line, or nothing.
    #[must_use]
    pub fn before(&self) -> &[u8] {
        self.line.get(self.start..).unwrap_or_default()
    }

    /// What to write after the data: a line end, or nothing.
    #[must_use]
    pub const fn after(&self) -> &'static [u8] {
        self.after
    }

    const fn bare() -> Self {
        Self {
            line: [0; LINE],
            start: LINE,
            after: b"",
        }
    }

    fn chunk(length: usize) -> Self {
        let mut frame = Self {
            line: *b"0000000000000000\r\n",
            start: LINE - 2,
            after: b"\r\n",
        };
        let mut rest = length;
        for place in frame.line.iter_mut().rev().skip(2) {
            *place = char::from_digit((rest & 0xf) as u32, 16).map_or(b'0', |digit| digit as u8);
            frame.start -= 1;
            rest >>= 4;
            if rest == 0 {
                break;
            }
        }
        frame
    }
}

fn put_chunk(data: &[u8], out: &mut BytesMut) {
    let frame = ChunkFrame::chunk(data.len());
    out.reserve(frame.before().len() + data.len() + frame.after().len());
    out.extend_from_slice(frame.before());
    out.extend_from_slice(data);
    out.extend_from_slice(frame.after());
}

/// Sixteen digits and a line end.
const LINE: usize = 18;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn frames_fit_any_length() {
        for length in [1, 9, 10, 15, 16, 255, 256, 0x1234_5678, usize::MAX] {
            let frame = ChunkFrame::chunk(length);
            assert_eq!(frame.before(), format!("{length:x}\r\n").as_bytes());
        }
    }
}
