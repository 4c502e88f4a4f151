//! Bodies: how they are received here, how they are sent in `encode`.

use crate::buffer::Buffer;
use crate::error::{ReceiveError, ReceiveErrorKind as Kind};
use crate::framing::BodyLength;
use crate::header::Headers;
use crate::input::take;
use crate::limits::{Limits, Reading};
use crate::section::{Place, collect};
use crate::wire::chunk::{Chunk, Chunks};
use crate::wire::cut;
use crate::wire::scan::{Rules, Scan};

mod encode;

pub use encode::{BodyEncoder, ChunkFrame, PreChunked};

/// A decoder of one body, for those who frame heads themselves.
#[derive(Clone, Debug)]
pub struct BodyDecoder {
    body: Body,
    reading: Reading,
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
    /// A decoder of a body with this length. Of the limits those on bodies, chunk extensions and trailers count. A
    /// length beyond [`max_body`](Limits::max_body) is an error of the first call.
    #[must_use]
    pub fn new(length: BodyLength, limits: Limits) -> Self {
        let is_too_long = matches!(length, BodyLength::Known(length) if length > limits.max_body);
        Self {
            body: Body::new(length),
            reading: Reading::strict(limits),
            at: 0,
            error: is_too_long.then(|| ReceiveError::new(Kind::BodyTooLong, 0)),
        }
    }

    /// Takes the next item from the front of `input`, never a byte beyond the body. `Ok(None)`:
    /// the input is used up, or the end was given already.
    ///
    /// # Errors
    ///
    /// The rule that was broken, with the offset from the body's first byte. Sticky: the whole
    /// input is taken, and what follows is not looked at.
    pub fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<BodyItem<'b>>, ReceiveError> {
        if let Some(error) = self.error {
            *input = Default::default();
            return Err(error);
        }
        let item = self.body.next(input, buffer, &self.reading, &mut self.at);
        item.inspect_err(|&error| {
            *input = Default::default();
            self.error = Some(error);
        })
    }

    /// The connection has ended. The `End` of a body that this ends, as its length says, is given.
    ///
    /// # Errors
    ///
    /// The body is not complete.
    pub fn decode_eof(&mut self) -> Result<Option<BodyItem<'static>>, ReceiveError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        match self.body.eof(self.at) {
            Ok(true) => Ok(Some(BodyItem::End {
                trailers: Headers::empty(),
            })),
            Ok(false) => Ok(None),
            Err(error) => Err(*self.error.insert(error)),
        }
    }
}

/// The body that is being received.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    /// This many bytes are still to come.
    Length(u64),
    Chunks(Chunks),
    Trailers {
        scan: Scan,
        /// Something in the chunks was taken that the grammar does not have.
        was_lenient: bool,
    },
    /// So many bytes have come.
    UntilClose(u64),
    Ended {
        was_lenient: bool,
    },
}

impl Body {
    pub(crate) const fn new(length: BodyLength) -> Self {
        match length {
            BodyLength::None => Self::Length(0),
            BodyLength::Known(length) => Self::Length(length),
            BodyLength::Chunked => Self::Chunks(Chunks::new()),
            BodyLength::UntilClose => Self::UntilClose(0),
        }
    }

    const fn trailers_of(chunks: &Chunks) -> Self {
        Self::Trailers {
            scan: Scan::trailers(),
            was_lenient: chunks.was_lenient(),
        }
    }

    /// Whether something in the chunks was taken that the grammar does not have.
    pub(crate) const fn was_lenient(&self) -> bool {
        match self {
            Self::Chunks(chunks) => chunks.was_lenient(),
            Self::Trailers { was_lenient, .. } | Self::Ended { was_lenient } => *was_lenient,
            Self::Length(_) | Self::UntilClose(_) => false,
        }
    }

    /// `at` is the stream offset of the input's first byte, and moves with it.
    pub(crate) fn next<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
        reading: &Reading,
        at: &mut u64,
    ) -> Result<Option<BodyItem<'b>>, ReceiveError> {
        match self {
            Self::Ended { .. } => Ok(None),
            Self::Length(0) => {
                *self = Self::Ended { was_lenient: false };
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
            Self::UntilClose(taken) => {
                let data = take_until_close(taken, input, reading, at)?;
                Ok((!data.is_empty()).then_some(BodyItem::Data(data)))
            }
            Self::Chunks(chunks) => match chunks.next(input, reading, at)? {
                Some(Chunk::Data(data)) => Ok(Some(BodyItem::Data(data))),
                None => Ok(None),
                Some(Chunk::Last) => {
                    *self = Self::trailers_of(chunks);
                    self.trailers(input, buffer, reading, at)
                }
            },
            Self::Trailers { .. } => self.trailers(input, buffer, reading, at),
        }
    }

    /// Takes and drops data, and the chunk structure around it, but not what ends the body.
    pub(crate) fn discard(
        &mut self,
        input: &mut &[u8],
        reading: &Reading,
        at: &mut u64,
    ) -> Result<(), ReceiveError> {
        match self {
            Self::Length(remaining) => {
                let length = usize::try_from(*remaining).unwrap_or(usize::MAX);
                *remaining -= take(input, length, at).len() as u64;
            }
            Self::UntilClose(taken) => {
                while !input.is_empty() {
                    take_until_close(taken, input, reading, at)?;
                }
            }
            Self::Chunks(chunks) => {
                while let Some(chunk) = chunks.next(input, reading, at)? {
                    if chunk == Chunk::Last {
                        *self = Self::trailers_of(chunks);
                        break;
                    }
                }
            }
            Self::Trailers { .. } | Self::Ended { .. } => {}
        }
        Ok(())
    }

    /// The connection has ended. `Ok(true)`: and so has the body.
    pub(crate) fn eof(&mut self, at: u64) -> Result<bool, ReceiveError> {
        match self {
            Self::UntilClose(_) | Self::Length(0) => {
                *self = Self::Ended { was_lenient: false };
                Ok(true)
            }
            Self::Ended { .. } => Ok(false),
            Self::Length(_) | Self::Chunks(_) | Self::Trailers { .. } => {
                Err(ReceiveError::new(Kind::TruncatedBody, at))
            }
        }
    }

    fn trailers<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
        reading: &Reading,
        at: &mut u64,
    ) -> Result<Option<BodyItem<'b>>, ReceiveError> {
        let Self::Trailers { scan, was_lenient } = self else {
            return Ok(None);
        };
        let was_lenient = *was_lenient;
        if scan.len() == 0 {
            buffer.reset();
        }
        let rules = Rules::trailers(reading);
        let section: &'b [u8] = match collect(scan, &rules, input, buffer, at)? {
            None => return Ok(None),
            Some(Place::Input(section)) => section,
            Some(Place::Buffer) => &buffer.bytes,
        };
        *self = Self::Ended { was_lenient };
        if !cut::trailers(section, reading, &mut buffer.spans) {
            // The buffer holds other bytes than those that were scanned.
            return Err(ReceiveError::new(Kind::BufferMismatch, *at));
        }
        Ok(Some(BodyItem::End {
            trailers: Headers::new(section, &buffer.spans),
        }))
    }
}

/// The next data of a body that ends with the connection: only its limit can end it before.
fn take_until_close<'i>(
    taken: &mut u64,
    input: &mut &'i [u8],
    reading: &Reading,
    at: &mut u64,
) -> Result<&'i [u8], ReceiveError> {
    let room = reading.bounds.max_body.saturating_sub(*taken);
    if room == 0 && !input.is_empty() {
        return Err(ReceiveError::new(Kind::BodyTooLong, *at));
    }
    let data = take(input, usize::try_from(room).unwrap_or(usize::MAX), at);
    *taken += data.len() as u64;
    Ok(data)
}
