//! Bytes to items (WHATWG HTML §9.2.5 and §9.2.6).
//!
//! There are two ways through. A line that lies whole in the input is taken as a slice, and an
//! event of such lines borrows it. A line that is cut goes through [`Partial`] piece by piece:
//! its name is remembered in the decoder, its value goes straight to where it belongs in the
//! [`Buffer`]. Both obey the same limits at the same byte.

mod partial;
mod whole;

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::time::Duration;

use crate::buffer::{Block, Kept, Piece, set_lossy, text};
use crate::field::Digits;
use crate::line::{Cursor, LF, Partial, Target, is_line_end};
use crate::{Buffer, DecodeError, Event, FieldName, Item, Limits};

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
    partial: Partial,
    /// The value of a cut `retry` line.
    digits: Digits,
    /// Bytes of a cut line's value so far.
    value_len: usize,
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
            partial: Partial::Start,
            digits: Digits::new(),
            value_len: 0,
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
    /// [`Item::Id`]. An ID that comes with an event is in [`Event::id`].
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
    /// [`DecodeError`] when the stream exceeds one of the [`Limits`]. `input` then begins with
    /// the byte that was too much. Every later call returns the same error and takes nothing.
    pub fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Item<'b>>, DecodeError> {
        if self.is_all_of_value(input, buffer) {
            return Ok(None);
        }
        self.decode_lines(input, buffer)
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
        self.position = 0;
        self.mark = 0;
        self.after_cr = false;
        self.partial = Partial::Start;
        self.kept = Kept::NOTHING;
        Ok(None)
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
        self.error.is_none() && !begun && self.partial.is_start() && self.kept == Kept::NOTHING
    }

    /// What has come of the event that is arriving: its data so far, and what there is of a line
    /// that has no end yet. `None` if no data has come, or after an error.
    ///
    /// The standard wants an event that the end of the stream has cut to be discarded. Ask before
    /// [`decode_eof`](Self::decode_eof) if it is of use nevertheless. A type whose line has no end
    /// does not count yet. The ID is the one before this event: a client that comes back with it
    /// gets the event again, and whole.
    ///
    /// ```
    /// use holdline_sse::{Buffer, Decoder};
    ///
    /// let (mut decoder, mut buffer) = (Decoder::default(), Buffer::new());
    /// let mut input = &b"data: Hello\n\ndata: wor"[..];
    /// while let Some(_item) = decoder.decode(&mut input, &mut buffer)? {}
    /// let cut = decoder.cut_event(&mut buffer).expect("an event has begun");
    /// assert_eq!(cut.data, "wor");
    /// # Ok::<(), holdline_sse::DecodeError>(())
    /// ```
    pub fn cut_event<'b>(&self, buffer: &'b mut Buffer) -> Option<Event<'b>> {
        if self.error.is_some() || !self.kept.data {
            return None;
        }
        let mut data = &buffer.data[..];
        if self.value_len == 0 && self.partial.is_in(FieldName::Data) {
            // The line has no byte of data yet, and need not be joined.
            data = data.strip_suffix(b"\n")?;
        }
        let block = Block::from_kept(self.kept);
        self.last_event_id.as_str().clone_into(&mut buffer.id_text);
        Some(Event {
            event: event_type(block.event, &buffer.event, &mut buffer.event_text),
            data: text(block.data, data, &mut buffer.data_text),
            id: &buffer.id_text,
        })
    }

    /// Bytes taken from this stream so far.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The long way: whatever may end a line or exceed a limit. A function of its own, so that
    /// the short way need not make room for all its variables.
    #[inline(never)]
    fn decode_lines<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Item<'b>>, DecodeError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        buffer.release(self.kept, !self.partial.is_start());
        let mut block = Block::from_kept(self.kept);
        let mut cursor = Cursor::new(input, self.position);
        match self.scan(&mut cursor, buffer, &mut block) {
            Ok(found) => {
                *input = cursor.rest();
                self.position = cursor.position();
                self.kept = match found {
                    Some(Found::Event) => Kept::NOTHING,
                    _ => block.keep(buffer),
                };
                Ok(found.map(|found| self.item(found, &block, buffer)))
            }
            Err(error) => {
                let taken = usize::try_from(error.at() - self.position).unwrap_or(usize::MAX);
                *input = input.get(taken..).unwrap_or(&[]);
                self.position = error.at();
                self.error = Some(error);
                // No line is open any more, so nothing goes the short way.
                self.partial = Partial::Start;
                Err(error)
            }
        }
    }

    fn scan<'i>(
        &mut self,
        cursor: &mut Cursor<'i>,
        buffer: &mut Buffer,
        block: &mut Block<'i>,
    ) -> Result<Option<Found<'i>>, DecodeError> {
        if self.mark < BYTE_ORDER_MARK.len() {
            self.skip_byte_order_mark(cursor);
        }
        while let Some(first) = cursor.first() {
            if self.after_cr {
                self.after_cr = false;
                if first == LF {
                    cursor.take(1);
                    continue;
                }
            }
            let at = cursor.position();
            let found = match self.partial {
                Partial::Start if is_line_end(first) => {
                    self.after_cr = cursor.take_line_end();
                    self.blank_line(buffer, block)
                }
                Partial::Start => match cursor.take_line() {
                    Some(line) => {
                        self.after_cr = cursor.take_line_end();
                        // What most lines are comes first.
                        if let Some(value) = line.strip_prefix(DATA) {
                            let value_at = at + DATA.len() as u64;
                            self.data_line(value, value_at, buffer, block)?;
                            continue;
                        }
                        self.whole_line(line, at, buffer, block)?
                    }
                    None => {
                        self.begin_line(cursor, buffer, block)?;
                        None
                    }
                },
                Partial::Value(target) if is_line_end(first) => {
                    self.after_cr = cursor.take_line_end();
                    self.end(target, at, buffer, block)?
                }
                _ => {
                    self.part_of_line(first, cursor, buffer, block)?;
                    None
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// "One leading U+FEFF BYTE ORDER MARK character must be ignored if any are present."
    fn skip_byte_order_mark(&mut self, cursor: &mut Cursor<'_>) {
        while let Some(expected) = BYTE_ORDER_MARK.get(self.mark) {
            let Some(next) = cursor.first() else { return };
            if next == *expected {
                cursor.take(1);
                self.mark += 1;
            } else {
                // Bytes that only began like the mark began a line, and no known field.
                if self.mark > 0 {
                    self.partial = Partial::Value(Target::Nothing);
                }
                self.mark = BYTE_ORDER_MARK.len();
            }
        }
    }

    /// The end of a block: "dispatch the event".
    #[inline]
    fn blank_line<'i>(&mut self, buffer: &Buffer, block: &mut Block<'i>) -> Option<Found<'i>> {
        // "Set the last event ID string of the event source to the value of the last event ID
        // buffer", before it is known whether there is an event.
        let id = block.id.take();
        if let Some(id) = &id {
            set_lossy(&mut self.last_event_id, id.bytes(&buffer.id));
        }
        if block.data.is_some() {
            return Some(Found::Event);
        }
        block.event = None;
        (id.is_some() && self.ids).then_some(Found::Id)
    }

    fn item<'b, 'i: 'b>(
        &self,
        found: Found<'i>,
        block: &Block<'i>,
        buffer: &'b mut Buffer,
    ) -> Item<'b> {
        match found {
            Found::Event => {
                self.last_event_id.as_str().clone_into(&mut buffer.id_text);
                Item::Event(Event {
                    event: event_type(block.event, &buffer.event, &mut buffer.event_text),
                    data: text(block.data, &buffer.data, &mut buffer.data_text),
                    id: &buffer.id_text,
                })
            }
            Found::Comment(piece) => {
                Item::Comment(text(Some(piece), &buffer.line, &mut buffer.event_text))
            }
            Found::Retry(time) => Item::Retry(time),
            Found::Id => {
                self.last_event_id.as_str().clone_into(&mut buffer.id_text);
                Item::Id(&buffer.id_text)
            }
        }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

/// What was found, before it borrows the buffer. The text of `Event` is in the block.
#[derive(Clone, Copy, Debug)]
enum Found<'i> {
    Event,
    Id,
    Comment(Piece<'i>),
    Retry(Duration),
}

/// The type of an event: `message` if there is none, or an empty one.
#[inline]
fn event_type<'b, 'i: 'b>(
    piece: Option<Piece<'i>>,
    part: &'b [u8],
    repaired: &'b mut String,
) -> &'b str {
    match text(piece, part, repaired) {
        "" => "message",
        event => event,
    }
}

/// How almost every `data` line begins.
const DATA: &[u8; 6] = b"data: ";

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
