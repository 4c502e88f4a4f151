use alloc::borrow::ToOwned;
use alloc::string::String;
use core::time::Duration;

/// What a [`Decoder`](crate::Decoder) finds in a stream. Borrows the input or the
/// [`Buffer`](crate::Buffer), never the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item<'b> {
    /// An event was dispatched.
    Event(Event<'b>),
    /// A comment; only [`with_comments`](crate::Decoder::with_comments). Without its colon and
    /// one space after it.
    Comment(&'b str),
    /// The reconnection time was set; only [`with_retry`](crate::Decoder::with_retry).
    Retry(Duration),
    /// A block without data set the last event ID string; only
    /// [`with_ids`](crate::Decoder::with_ids). Empty: the ID was reset.
    Id(&'b str),
}

impl Item<'_> {
    /// A copy that borrows nothing.
    #[must_use]
    pub fn to_owned(&self) -> ItemBuf {
        match *self {
            Item::Event(event) => ItemBuf::Event(event.to_owned()),
            Item::Comment(text) => ItemBuf::Comment(text.to_owned()),
            Item::Retry(time) => ItemBuf::Retry(time),
            Item::Id(id) => ItemBuf::Id(id.to_owned()),
        }
    }
}

/// One event, as the standard dispatches it (WHATWG HTML §9.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Event<'b> {
    /// The event type: the last `event` field of the block, or `message` if there was none or it
    /// was empty.
    pub event: &'b str,
    /// The `data` lines of the block, joined with LF.
    pub data: &'b str,
    /// The last event ID string: the last `id` of this block or of an earlier one. Empty when
    /// there was none.
    pub id: &'b str,
}

impl Event<'_> {
    /// A copy that borrows nothing.
    #[must_use]
    pub fn to_owned(&self) -> EventBuf {
        EventBuf {
            event: self.event.to_owned(),
            data: self.data.to_owned(),
            id: self.id.to_owned(),
        }
    }
}

/// An [`Item`] that owns its text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemBuf {
    /// See [`Item::Event`].
    Event(EventBuf),
    /// See [`Item::Comment`].
    Comment(String),
    /// See [`Item::Retry`].
    Retry(Duration),
    /// See [`Item::Id`].
    Id(String),
}

/// An [`Event`] that owns its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventBuf {
    /// See [`Event::event`].
    pub event: String,
    /// See [`Event::data`].
    pub data: String,
    /// See [`Event::id`].
    pub id: String,
}

impl EventBuf {
    /// The same event, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> Event<'_> {
        Event {
            event: &self.event,
            data: &self.data,
            id: &self.id,
        }
    }
}
