//! Bytes to items (WHATWG HTML §9.2.5 and §9.2.6).
//!
//! A line that lies whole in the input is taken as a slice, and an event of such lines borrows it. A
//! line that is cut is kept raw in the [`Buffer`] until its end has come. Either way one parser,
//! [`Line::parse`](crate::Line::parse), takes it apart, and [`Decoder::field`] does what it says.
//! Whenever more of a cut line comes, [`Decoder::keep_line`] checks whether it is too long already, so
//! that a limit is met at the same byte, and drops it as soon as it can mean nothing.

mod block;
mod fields;
mod lines;

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::time::Duration;

use crate::buffer::{Buffer, Kept};
use crate::error::DecodeError;
use crate::event::Item;
use crate::limits::Limits;
use crate::line::find_line_end;

/// Reads one event stream: bytes in, [`Item`]s out.
///
/// ```
/// use holdline_sse::{Buffer, Decoder, Item};
///
/// let mut decoder = Decoder::default();
/// let mut buffer = Buffer::new();
/// let mut text = String::new();
/// for chunk in [&b"data: Hel"[..], b"lo\n\ndata:  world\n", b"\n"] {
///     let mut input = chunk;
///     while let Some(Item::Event(event)) = decoder.decode(&mut input, &mut buffer)? {
///         text.push_str(event.data);
///     }
/// }
/// assert_eq!(text, "Hello world");
/// # Ok::<(), holdline_sse::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    limits: Limits,
    comments: bool,
    retry: bool,
    ids: bool,

    /// Bytes taken from the stream so far.
    position: u64,
    /// Bytes of a leading byte order mark taken so far; its length when that is over.
    mark: usize,
    /// The last line ended with CR: an LF that comes next belongs to it.
    after_cr: bool,
    open: Open,
    /// Which parts of the unfinished block are in the buffer.
    kept: Kept,
    last_event_id: String,
    reconnection_time: Option<Duration>,
    error: Option<DecodeError>,
}

impl Decoder {
    /// A decoder at the beginning of a stream. It hands out events; ask for more with the
    /// `with_` functions. Does not allocate.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            comments: false,
            retry: false,
            ids: false,
            position: 0,
            mark: 0,
            after_cr: false,
            open: Open::No,
            kept: Kept::NOTHING,
            last_event_id: String::new(),
            reconnection_time: None,
            error: None,
        }
    }

    /// Also hands out comments, as [`Item::Comment`].
    #[must_use]
    pub const fn with_comments(mut self) -> Self {
        self.comments = true;
        self
    }

    /// Also hands out valid `retry` fields, as [`Item::Retry`].
    #[must_use]
    pub const fn with_retry(mut self) -> Self {
        self.retry = true;
        self
    }

    /// Also hands out the last event ID when a block sets it without dispatching an event, as
    /// [`Item::Id`]. An ID that comes with an event is in
    /// [`Event::id`](crate::Event::id).
    #[must_use]
    pub const fn with_ids(mut self) -> Self {
        self.ids = true;
        self
    }

    /// Begins with a last event ID that is already known, from an earlier stream.
    #[must_use]
    pub fn with_last_event_id(mut self, id: &str) -> Self {
        self.last_event_id = id.to_owned();
        self
    }

    /// Takes bytes from the front of `input` up to the end of the next item.
    ///
    /// `Ok(None)`: the input is used up. Nothing beyond the item is taken: when the item's last
    /// line ends with CR, an LF after it stays in `input` and is dropped by the next call.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the stream exceeds one of the [`Limits`]. The whole of `input` is taken
    /// then. Every later call returns the same error, and takes its whole input too.
    pub fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Item<'b>>, DecodeError> {
        let mut end = None;
        if let Open::Kept { room } | Open::Skipped { room } = &mut self.open {
            // The fast path for a stream in small pieces: a piece inside a line that is certainly
            // within every limit. No rule applies to it yet.
            end = find_line_end(input);
            if end.is_none() && input.len() <= *room {
                *room -= input.len();
                self.position += input.len() as u64;
                if let Open::Kept { .. } = self.open {
                    match input {
                        // To call a function for the copy would be a tenth of the work on this byte.
                        [byte] => buffer.line.push(*byte),
                        _ => buffer.line.extend(input),
                    }
                }
                *input = &[];
                return Ok(None);
            }
        }
        self.decode_lines(input, end, buffer)
    }

    /// Tells the decoder that the stream ended. What is unfinished is discarded: "Once the end
    /// of the file is reached, any pending data must be discarded" (WHATWG HTML §9.2.6).
    ///
    /// Afterwards the decoder stands at the beginning of the next stream. The last event ID is
    /// kept, and the next stream begins with it, as in Chromium.
    ///
    /// # Errors
    ///
    /// The error that [`decode`](Self::decode) returned, if it did.
    pub fn decode_eof(&mut self) -> Result<Option<Item<'static>>, DecodeError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        self.discard_unfinished();
        Ok(None)
    }

    /// Goes to the beginning of the next stream.
    pub(crate) fn discard_unfinished(&mut self) {
        self.position = 0;
        self.mark = 0;
        self.after_cr = false;
        self.open = Open::No;
        self.kept = Kept::NOTHING;
    }

    /// The last event ID string: what the last finished block left, or the seed. A client sends
    /// it as `Last-Event-ID` when it reconnects. Empty when there is none.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The last valid `retry` value. It takes effect at the end of its line, before the block is
    /// finished.
    #[must_use]
    pub const fn reconnection_time(&self) -> Option<Duration> {
        self.reconnection_time
    }

    /// Whether nothing is unfinished. If this is `false` when the stream ends, it was cut in the
    /// middle of a line or of a block with fields. After an error it is `false`.
    #[must_use]
    pub fn is_between_events(&self) -> bool {
        let begun = self.mark > 0 && self.mark < BYTE_ORDER_MARK.len();
        self.error.is_none() && !begun && !self.open.is_open() && self.kept == Kept::NOTHING
    }

    /// Bytes taken from this stream so far, including those of a byte order mark and those after
    /// an error.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

/// The line that has begun and has no end yet.
#[derive(Clone, Copy, Debug)]
enum Open {
    /// There is none.
    No,
    /// It is in the buffer so far.
    Kept {
        /// This many more bytes of it are within every limit.
        room: usize,
    },
    /// It means nothing, whatever follows.
    Skipped {
        /// As in `Kept`, and longer than any line can be.
        room: usize,
    },
}

impl Open {
    const SKIPPED: Self = Self::Skipped { room: usize::MAX };

    const fn is_open(self) -> bool {
        !matches!(self, Self::No)
    }
}

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
