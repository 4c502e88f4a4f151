//! The codec for `tokio_util::codec::Framed`: the decoder and its buffer in one, with owned items.

use std::io;

use bytes::{Buf, BytesMut};
use thiserror::Error;

use crate::{
    Buffer, DecodeError, Decoder, EncodeError, EventFields, ItemBuf, encode_comment, encode_id,
    encode_retry,
};

/// Reads and writes an event stream for `tokio_util`'s `FramedRead`, `FramedWrite` and `Framed`.
/// Only with feature `tokio-util`.
///
/// It reads [`ItemBuf`]s: every item is copied, which [`Decoder::decode`] does not do. It writes
/// [`EventFields`] and `ItemBuf`s. An event that was read and is written again is the same to
/// the next reader, and so its ID is written even when it is empty. One whose type has a NUL can be
/// read and not be written ([`EncodeError::EventType`]).
///
/// ```
/// use futures_util::TryStreamExt;
/// use holdline_sse::{Codec, CodecError, Decoder, ItemBuf};
/// use tokio_util::codec::FramedRead;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), CodecError> {
/// let body = &b"data: hello\n\ndata: cut"[..];
/// let mut items = FramedRead::new(body, Codec::new(Decoder::default()));
/// while let Some(item) = items.try_next().await? {
///     let ItemBuf::Event(event) = item else { continue };
///     assert_eq!(event.data, "hello");
/// }
/// assert!(!items.decoder().stream().is_between_events());
/// # Ok(())
/// # }
/// ```
///
/// At the end of the stream what is unfinished is discarded, as the standard wants it. Ask
/// [`stream`](Self::stream) afterwards whether there was something.
#[derive(Debug, Default)]
pub struct Codec {
    decoder: Decoder,
    buffer: Buffer,
}

impl Codec {
    /// A codec that reads with this decoder: its limits, and which items it hands out.
    #[must_use]
    pub const fn new(decoder: Decoder) -> Self {
        Self {
            decoder,
            buffer: Buffer::new(),
        }
    }

    /// What is known of the stream that is read: [`Decoder::last_event_id`],
    /// [`Decoder::reconnection_time`], [`Decoder::is_between_events`].
    #[must_use]
    pub const fn stream(&self) -> &Decoder {
        &self.decoder
    }
}

impl tokio_util::codec::Decoder for Codec {
    type Item = ItemBuf;
    type Error = CodecError;

    /// Takes from `source` what [`Decoder::decode`] takes: everything, if there is no item.
    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<ItemBuf>, CodecError> {
        let mut input = &source[..];
        let item = self.decoder.decode(&mut input, &mut self.buffer);
        let item = item.map(|item| item.map(|item| item.to_owned()));
        let taken = source.len() - input.len();
        source.advance(taken);
        Ok(item?)
    }

    // `decode_eof` of the trait does: it calls `decode`, which leaves nothing in `source` to fail on.
}

impl tokio_util::codec::Encoder<EventFields<'_>> for Codec {
    type Error = CodecError;

    fn encode(&mut self, fields: EventFields<'_>, out: &mut BytesMut) -> Result<(), CodecError> {
        Ok(fields.encode(out)?)
    }
}

impl tokio_util::codec::Encoder<ItemBuf> for Codec {
    type Error = CodecError;

    fn encode(&mut self, item: ItemBuf, out: &mut BytesMut) -> Result<(), CodecError> {
        match item {
            ItemBuf::Event(event) => EventFields {
                // What a receiver assumes need not be written.
                event: Some(&*event.event).filter(|name| *name != "message"),
                id: Some(&event.id),
                ..EventFields::data(&event.data)
            }
            .encode(out)?,
            ItemBuf::Comment(text) => encode_comment(&text, out),
            ItemBuf::Retry(time) => encode_retry(time, out),
            ItemBuf::Id(id) => encode_id(&id, out)?,
        }
        Ok(())
    }
}

/// Why a [`Codec`] failed. Only with feature `tokio-util`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The byte stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The peer's stream went over a limit. Every later read gives the same error.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// An item cannot be written. Nothing of it was.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
