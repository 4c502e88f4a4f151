//! Fields to items (WHATWG HTML §9.2.6).

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::time::Duration;

use memchr::memchr;

use super::block::{Block, Piece};
use super::{Decoder, Open};
use crate::buffer::{Buffer, Part};
use crate::error::DecodeError;
use crate::event::{Event, Item};
use crate::field::{FieldName, Line, parse_digits};
use crate::limits::Allowed;
use crate::text;

impl Decoder {
    /// What has come of the event that is arriving: its data so far, and what there is of a line
    /// that has no end yet. `None` if no data has come, or after an error.
    ///
    /// The standard wants an event that the end of the stream has cut to be discarded. Call this before
    /// [`decode_eof`](Self::decode_eof) if you can use such an event all the same. A type whose line has no
    /// end does not count yet. The ID is the one before this event: a client that comes back with it
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
        if self.error.is_some() {
            return None;
        }
        let begun = match (self.open, Line::parse(buffer.line.as_bytes())) {
            (
                Open::Kept { .. },
                Line::Field {
                    name: FieldName::Data,
                    value,
                },
            ) => value,
            _ => &[],
        };
        if begun.is_empty() && !self.kept.data {
            return None;
        }
        let data = &mut buffer.data_text;
        data.clear();
        if self.kept.data {
            text::push(data, buffer.data.as_bytes());
        }
        if !begun.is_empty() {
            data.push_str(if self.kept.data { "\n" } else { "" });
            text::push(data, begun);
        }
        let event = Block::from_kept(self.kept).event;
        self.last_event_id.as_str().clone_into(&mut buffer.id_text);
        Some(Event {
            event: event_type(event, &buffer.event, &mut buffer.event_text),
            data: &buffer.data_text,
            id: &buffer.id_text,
        })
    }

    /// "Process the field": its value begins at offset `at`.
    #[inline(always)]
    pub(super) fn field<'i>(
        &mut self,
        name: FieldName,
        piece: Piece<'i>,
        at: u64,
        buffer: &mut Buffer,
        block: &mut Block<'i>,
    ) -> Result<Option<Found<'i>>, DecodeError> {
        let value = piece.bytes(&buffer.line);
        match name {
            FieldName::Data => {
                let before = block.data_before(buffer);
                if self.room(FieldName::Data, value, at, before)?.is_some() {
                    block.add_data(piece, buffer);
                }
            }
            FieldName::Event => {
                if self.room(FieldName::Event, value, at, 0)?.is_some() {
                    block.set_event(piece, buffer);
                }
            }
            FieldName::Id => {
                // "If the field value does not contain U+0000 NULL": else it is ignored.
                if self.room(FieldName::Id, value, at, 0)?.is_some() && !has_nul(value) {
                    block.set_id(piece, buffer);
                }
            }
            FieldName::Retry => {
                if self.room(FieldName::Retry, value, at, 0)?.is_some()
                    && let Some(millis) = parse_digits(value)
                {
                    let time = Duration::from_millis(millis);
                    self.reconnection_time = Some(time);
                    return Ok(self.retry.then_some(Found::Retry(time)));
                }
            }
        }
        Ok(None)
    }

    /// How many more bytes the value of a line may have, which begins at offset `at`. `None`: it
    /// is too long, and is ignored. `before` is the length of the data to which a `data` line is
    /// joined.
    ///
    /// # Errors
    /// The value is too long. The error is at the first byte that is too much, or at the line end
    /// if the value has no such byte.
    #[inline(always)]
    pub(super) fn room(
        &self,
        name: FieldName,
        value: &[u8],
        at: u64,
        before: usize,
    ) -> Result<Option<usize>, DecodeError> {
        let allowed = self.limits.value(name, before);
        let room = allowed.len.and_then(|len| len.checked_sub(value.len()));
        if room.is_none() {
            too_long(name, value, at, allowed)?;
        }
        Ok(room)
    }

    /// How many bytes may certainly follow a line that has no value yet. Few pieces end there, and so this
    /// stays out of the function that all of them go through.
    #[inline(never)]
    pub(super) fn room_at_start(&self, name: FieldName, line: &[u8], before: usize) -> usize {
        let value = || self.limits.value(name, before).len.unwrap_or(0);
        name.until_value(line).unwrap_or_else(value)
    }

    /// The end of a block: "dispatch the event".
    #[inline]
    pub(super) fn blank_line<'i>(
        &mut self,
        buffer: &Buffer,
        block: &mut Block<'i>,
    ) -> Option<Found<'i>> {
        // "Set the last event ID string of the event source to the value of the last event ID
        // buffer", before it is known whether there is an event.
        let id = block.id.take();
        if let Some(id) = &id {
            self.last_event_id.clear();
            text::push(&mut self.last_event_id, id.bytes(&buffer.id));
        }
        if block.data.is_some() {
            return Some(Found::Event);
        }
        block.event = None;
        (id.is_some() && self.ids).then_some(Found::Id)
    }

    pub(super) fn item<'b, 'i: 'b>(
        &self,
        found: Found<'i>,
        block: &Block<'i>,
        buffer: &'b mut Buffer,
    ) -> Item<'b> {
        match found {
            Found::Event => {
                self.last_event_id.as_str().clone_into(&mut buffer.id_text);
                let data = block.data.map_or(&[][..], |data| data.bytes(&buffer.data));
                Item::Event(Event {
                    event: event_type(block.event, &buffer.event, &mut buffer.event_text),
                    data: text::text(data, &mut buffer.data_text),
                    id: &buffer.id_text,
                })
            }
            Found::Comment(text) => {
                Item::Comment(text::text(text.bytes(&buffer.line), &mut buffer.event_text))
            }
            Found::Retry(time) => Item::Retry(time),
            Found::Id => {
                self.last_event_id.as_str().clone_into(&mut buffer.id_text);
                Item::Id(&buffer.id_text)
            }
        }
    }
}

/// What was found, before it borrows the buffer. The text of `Event` is in the block.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'i> {
    Event,
    Id,
    Comment(Piece<'i>),
    Retry(Duration),
}

/// What a value that is too long means: an error, or that its line is ignored.
#[cold]
fn too_long(name: FieldName, value: &[u8], at: u64, allowed: Allowed) -> Result<(), DecodeError> {
    let most = allowed.len.unwrap_or(0);
    let fits = value.get(..most).unwrap_or(value);
    match name {
        FieldName::Retry => Ok(()),
        FieldName::Id if has_nul(fits) => Ok(()),
        _ => Err(DecodeError::new(allowed.kind, at + most as u64)),
    }
}

fn has_nul(value: &[u8]) -> bool {
    memchr(0x00, value).is_some()
}

/// The type of an event: `message` if there is none, or an empty one.
#[inline]
fn event_type<'b, 'i: 'b>(
    event: Option<Piece<'i>>,
    part: &'b Part,
    repaired: &'b mut String,
) -> &'b str {
    match event.map_or("", |event| text::text(event.bytes(part), repaired)) {
        "" => "message",
        event => event,
    }
}
