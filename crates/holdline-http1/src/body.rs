//! Bodies in both directions, and chunks that are encoded once for many receivers.

use bytes::{BufMut, Bytes, BytesMut};

use crate::block::{Fields, Writer};
use crate::buffer::Buffer;
use crate::chunk::{Chunk, Chunks};
use crate::error::{ReceiveError, ReceiveErrorKind as Kind, SendError, SendErrorKind};
use crate::framing::BodyLength;
use crate::header::Headers;
use crate::limits::Limits;
use crate::parse::split_fields;
use crate::scan::{Rules, Scan};
use crate::trailer;

/// A decoder of one body, for those who frame heads themselves.
#[derive(Clone, Debug)]
pub struct BodyDecoder {
    body: Body,
    limits: Limits,
    at: u64,
    error: Option<ReceiveError>,
}

/// What [`BodyDecoder`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyItem<'b> {
    /// The next bytes of the body. Never empty.
    Data(&'b [u8]),
    /// The body is complete.
    End {
        /// The trailer section of a chunked body; empty for others.
        trailers: Headers<'b>,
    },
}

impl BodyDecoder {
    /// A decoder of a body with this length.
    #[must_use]
    pub fn new(length: BodyLength, limits: Limits) -> Self {
        Self {
            body: Body::new(length),
            limits,
            at: 0,
            error: None,
        }
    }

    /// Takes the next item from the front of `input`, never a byte beyond the body. `Ok(None)`:
    /// the input is used up, or the end was given already.
    ///
    /// # Errors
    ///
    /// The rule that was broken, with the offset from the body's first byte. Sticky.
    pub fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<BodyItem<'b>>, ReceiveError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let item = self.body.next(input, buffer, &self.limits, &mut self.at);
        item.inspect_err(|&error| self.error = Some(error))
    }

    /// The connection has ended. `Ok(true)`: that ends the body, as its length says.
    ///
    /// # Errors
    ///
    /// The body is not complete.
    pub fn decode_eof(&mut self) -> Result<bool, ReceiveError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let ended = self.body.eof(self.at);
        ended.inspect_err(|&error| self.error = Some(error))
    }
}

/// The body that is being received.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    /// This many bytes are still to come.
    Length(u64),
    Chunks(Chunks),
    Trailers(Scan),
    UntilClose,
    Ended,
}

impl Body {
    pub(crate) const fn new(length: BodyLength) -> Self {
        match length {
            BodyLength::None => Self::Length(0),
            BodyLength::Known(length) => Self::Length(length),
            BodyLength::Chunked => Self::Chunks(Chunks::new()),
            BodyLength::UntilClose => Self::UntilClose,
        }
    }

    /// `at` is the stream offset of the input's first byte, and moves with it.
    pub(crate) fn next<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
        limits: &Limits,
        at: &mut u64,
    ) -> Result<Option<BodyItem<'b>>, ReceiveError> {
        match self {
            Self::Ended => Ok(None),
            Self::Length(0) => {
                *self = Self::Ended;
                Ok(Some(BodyItem::End {
                    trailers: Headers::empty(),
                }))
            }
            Self::Length(remaining) => {
                let length = usize::try_from(*remaining).unwrap_or(usize::MAX);
                let data = take(input, length, at);
                *remaining -= data.len() as u64;
                Ok((!data.is_empty()).then_some(BodyItem::Data(data)))
            }
            Self::UntilClose => {
                let data = take(input, usize::MAX, at);
                Ok((!data.is_empty()).then_some(BodyItem::Data(data)))
            }
            Self::Chunks(chunks) => match chunks.next(input, limits, at)? {
                Some(Chunk::Data(data)) => Ok(Some(BodyItem::Data(data))),
                None => Ok(None),
                Some(Chunk::Last) => {
                    *self = Self::Trailers(Scan::trailers());
                    self.trailers(input, buffer, limits, at)
                }
            },
            Self::Trailers(_) => self.trailers(input, buffer, limits, at),
        }
    }

    /// Takes and drops data, and the chunk structure around it, but not what ends the body.
    pub(crate) fn discard(
        &mut self,
        input: &mut &[u8],
        limits: &Limits,
        at: &mut u64,
    ) -> Result<(), ReceiveError> {
        match self {
            Self::Length(remaining) => {
                let length = usize::try_from(*remaining).unwrap_or(usize::MAX);
                *remaining -= take(input, length, at).len() as u64;
            }
            Self::UntilClose => {
                take(input, usize::MAX, at);
            }
            Self::Chunks(chunks) => {
                while let Some(chunk) = chunks.next(input, limits, at)? {
                    if chunk == Chunk::Last {
                        *self = Self::Trailers(Scan::trailers());
                        break;
                    }
                }
            }
            Self::Trailers(_) | Self::Ended => {}
        }
        Ok(())
    }

    /// The connection has ended. `Ok(true)`: and so has the body.
    pub(crate) fn eof(&mut self, at: u64) -> Result<bool, ReceiveError> {
        match self {
            Self::UntilClose | Self::Length(0) => {
                *self = Self::Ended;
                Ok(true)
            }
            Self::Ended => Ok(false),
            Self::Length(_) | Self::Chunks(_) | Self::Trailers(_) => {
                Err(ReceiveError::new(Kind::TruncatedBody, at))
            }
        }
    }

    fn trailers<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
        limits: &Limits,
        at: &mut u64,
    ) -> Result<Option<BodyItem<'b>>, ReceiveError> {
        let Self::Trailers(scan) = self else {
            return Ok(None);
        };
        let section_at = *at - scan.len() as u64;
        let error = |kind, offset: usize| ReceiveError::new(kind, section_at + offset as u64);
        if scan.len() == 0 {
            buffer.reset();
        } else if !buffer.partial || buffer.bytes.len() != scan.len() {
            return Err(ReceiveError::new(Kind::BufferMismatch, *at));
        }
        let rules = Rules::trailers(limits);
        let section: &'b [u8] = match scan.advance(input, &rules) {
            Err(fault) => {
                buffer.reset();
                return Err(error(fault.kind, fault.at));
            }
            Ok(None) => {
                buffer.partial |= !input.is_empty();
                buffer.bytes.extend_from_slice(take(input, usize::MAX, at));
                return Ok(None);
            }
            Ok(Some(length)) => {
                let last = take(input, length, at);
                if buffer.partial {
                    buffer.partial = false;
                    buffer.bytes.extend_from_slice(last);
                    &buffer.bytes
                } else {
                    last
                }
            }
        };
        *self = Self::Ended;
        split_fields(section, 0, &mut buffer.spans);
        for span in &buffer.spans {
            if trailer::is_forbidden(span.name(section)) {
                return Err(error(Kind::ForbiddenTrailer, span.name_start as usize));
            }
        }
        Ok(Some(BodyItem::End {
            trailers: Headers::new(section, &buffer.spans),
        }))
    }
}

/// Frames one body for sending, for those who write heads themselves.
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
    pub fn encode_data(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), SendError> {
        self.count(data.len())?;
        match self.framing {
            _ if data.is_empty() => {}
            Outgoing::Chunked => put_chunk(data, out),
            Outgoing::Discard => {}
            Outgoing::Length(_) | Outgoing::UntilClose => out.put_slice(data),
        }
        Ok(())
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
            Outgoing::Discard => Bytes::new(),
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
            out.put_slice(b"0\r\n");
        }
        let fields_start = out.len();
        let result = Writer::trailers(out).write(&trailers).and_then(|()| {
            if !chunked && self.framing != Outgoing::Discard && out.len() > fields_start {
                return Err(SendErrorKind::TrailersNotAllowed.into());
            }
            Ok(())
        });
        match result {
            Ok(()) if chunked => out.put_slice(b"\r\n"),
            _ => out.truncate(start),
        }
        result
    }

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
        let mut out = BytesMut::with_capacity(data.len() + CHUNK_OVERHEAD);
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

pub(crate) fn put_chunk(data: &[u8], out: &mut BytesMut) {
    out.reserve(data.len() + CHUNK_OVERHEAD);
    put_hex(data.len(), out);
    out.put_slice(b"\r\n");
    out.put_slice(data);
    out.put_slice(b"\r\n");
}

fn put_hex(value: usize, out: &mut BytesMut) {
    let digits = (usize::BITS - value.leading_zeros()).div_ceil(4).max(1);
    for index in (0..digits).rev() {
        let digit = (value >> (4 * index)) & 0xf;
        out.put_u8(b"0123456789abcdef".get(digit).copied().unwrap_or(b'0'));
    }
}

/// Takes up to `length` bytes off the front.
pub(crate) fn take<'i>(input: &mut &'i [u8], length: usize, at: &mut u64) -> &'i [u8] {
    let (taken, rest) = input
        .split_at_checked(length)
        .unwrap_or((*input, Default::default()));
    *input = rest;
    *at += taken.len() as u64;
    taken
}

/// Sixteen digits and two line ends.
const CHUNK_OVERHEAD: usize = 20;
