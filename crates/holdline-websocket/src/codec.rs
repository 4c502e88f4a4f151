//! Feature `tokio-util`: a connection as a codec for [`Framed`](tokio_util::codec::Framed), with items that own
//! their bytes.
//!
//! The codec is the [`Connection`] with its [`Buffer`] beside it, so every rule, limit and state is the same. Begin
//! after the handshake, with the bytes that followed the head in the read buffer
//! ([`FramedParts::read_buf`](tokio_util::codec::FramedParts)).
//!
//! - **Replies.** A codec that reads cannot write. The pong, the answer to a Close, and the Close after an error go
//!   out with the next item that you send, before it; so send [`Outgoing::Replies`] when you have nothing else to
//!   send, after each [`OwnedEvent::Ping`], [`OwnedEvent::Closed`] and [`CodecError::Receive`]. It does no harm at
//!   other times.
//! - **Closing.** Go on until `codec().connection().should_close()`, then close the `Framed`.
//! - **Time.** Keepalive and deadlines are those of `codec_mut().connection_mut()`. What arrived counts: read until
//!   nothing is there, then `handle_timeout`, then send [`Outgoing::Replies`].
//!
//! ```
//! use futures_util::{SinkExt, StreamExt};
//! use holdline_websocket::codec::{Codec, CodecError, Outgoing, OwnedEvent};
//! use holdline_websocket::{Config, Connection};
//! use tokio::io::{AsyncRead, AsyncWrite};
//! use tokio_util::codec::Framed;
//!
//! async fn echo(stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<(), CodecError> {
//!     let mut websocket = Framed::new(stream, Codec::new(Connection::server(Config::default())));
//!     while let Some(event) = websocket.next().await {
//!         let answer = match event {
//!             Ok(OwnedEvent::Text(text)) => Outgoing::Text(text),
//!             Ok(OwnedEvent::Binary(data)) => Outgoing::Binary(data),
//!             _ => Outgoing::Replies, // a ping, the Close, or a rule that the peer broke
//!         };
//!         websocket.send(answer).await?;
//!         if websocket.codec().connection().should_close() {
//!             break;
//!         }
//!     }
//!     websocket.close().await
//! }
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! #     let (mut client, server) = tokio::io::duplex(1024);
//! #     client.write_all(b"\x81\x82\0\0\0\0hi\x89\x80\0\0\0\0\x88\x82\0\0\0\0\x03\xe8").await?;
//! #     echo(server).await?;
//! #     let mut bytes = Vec::new();
//! #     client.read_to_end(&mut bytes).await?;
//! #     assert_eq!(bytes, b"\x81\x02hi\x8a\0\x88\x02\x03\xe8");
//! #     Ok::<_, CodecError>(())
//! # })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use std::{borrow::ToOwned, io, string::String};

use bytes::{Buf, Bytes, BytesMut};

use crate::{
    buffer::{Buffer, Part},
    close::CloseCode,
    connection::{Connection, MaskKeys, Unmasked},
    error::{ReceiveError, SendError},
    event::Event,
    prepared::PreparedMessage,
};

/// One side of a connection for `tokio_util`'s `Framed`.
#[derive(Debug)]
pub struct Codec<K = Unmasked> {
    connection: Connection<K>,
    buffer: Buffer,
}

impl<K> Codec<K> {
    /// A codec around a connection that has received nothing yet.
    #[must_use]
    pub const fn new(connection: Connection<K>) -> Self {
        Self {
            connection,
            buffer: Buffer::new(),
        }
    }

    /// The connection, to ask for its state.
    #[must_use]
    pub const fn connection(&self) -> &Connection<K> {
        &self.connection
    }

    /// The connection, to tell it the time. What its `send` functions append is for you to write: better send
    /// [`Outgoing`] items.
    #[must_use]
    pub const fn connection_mut(&mut self) -> &mut Connection<K> {
        &mut self.connection
    }
}

/// What was received. See [`Event`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnedEvent {
    /// A text message, copied.
    Text(String),
    /// A binary message. It shares the read buffer if it was there whole, in one frame. What comes in pieces is
    /// joined, and not copied again.
    Binary(Bytes),
    /// A ping. Send [`Outgoing::Replies`], if nothing else.
    Ping(Bytes),
    /// A pong.
    Pong(Bytes),
    /// The last event: the peer sent a Close frame, or the stream ended without one (code 1006). Send
    /// [`Outgoing::Replies`], or a [`Outgoing::Close`] of your own.
    Closed {
        /// [`CloseCode::NO_STATUS`] when the Close frame had none, [`CloseCode::ABNORMAL`] when there was no frame.
        code: CloseCode,
        /// At most 123 bytes.
        reason: String,
    },
}

/// What to send. The replies that are due go before each item, except before [`Close`](Self::Close), which is sent
/// instead of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outgoing {
    /// [`Connection::send_text`].
    Text(String),
    /// [`Connection::send_binary`].
    Binary(Bytes),
    /// [`Connection::send_prepared`]. A client encodes it again, because it masks each frame with another key.
    Prepared(PreparedMessage),
    /// [`Connection::send_text_fragment`].
    TextFragment {
        /// The fragment.
        text: String,
        /// Whether the message ends with it.
        last: bool,
    },
    /// [`Connection::send_binary_fragment`].
    BinaryFragment {
        /// The fragment.
        data: Bytes,
        /// Whether the message ends with it.
        last: bool,
    },
    /// [`Connection::send_ping`].
    Ping(Bytes),
    /// [`Connection::send_pong`].
    Pong(Bytes),
    /// [`Connection::send_close`].
    Close {
        /// The code.
        code: CloseCode,
        /// Cut to 123 bytes at a character's boundary.
        reason: String,
    },
    /// [`Connection::poll_transmit`]: nothing but the replies that are due.
    Replies,
}

impl<K: MaskKeys> tokio_util::codec::Decoder for Codec<K> {
    type Item = OwnedEvent;
    type Error = CodecError;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<OwnedEvent>, CodecError> {
        let mut input = &mut source[..];
        let before = input.len();
        let event = self.connection.receive(&mut input, &mut self.buffer);
        let taken = before - input.len();
        let event = match event {
            Ok(Some(event)) => event,
            Ok(None) => {
                source.advance(taken);
                return Ok(None);
            }
            Err(error) => {
                source.advance(taken);
                return Err(error.into());
            }
        };
        let owned = match event {
            Event::Binary(data) => Err(data.len()),
            Event::Text(text) => Ok(OwnedEvent::Text(text.to_owned())),
            Event::Ping(payload) => Ok(OwnedEvent::Ping(Bytes::copy_from_slice(payload))),
            Event::Pong(payload) => Ok(OwnedEvent::Pong(Bytes::copy_from_slice(payload))),
            Event::Closed(reason) => Ok(OwnedEvent::Closed {
                code: reason.code,
                reason: reason.reason.to_owned(),
            }),
        };
        let mut taken = source.split_to(taken);
        Ok(Some(owned.unwrap_or_else(|length| {
            OwnedEvent::Binary(match self.buffer.handed_out {
                Part::Message => core::mem::take(&mut self.buffer.binary).into(),
                // The bytes that were taken end with the payload.
                _ => taken.split_off(taken.len() - length).freeze(),
            })
        })))
    }

    /// The end of the stream is an event, too: [`OwnedEvent::Closed`], unless there was one.
    fn decode_eof(&mut self, source: &mut BytesMut) -> Result<Option<OwnedEvent>, CodecError> {
        if let Some(event) = self.decode(source)? {
            return Ok(Some(event));
        }
        Ok(self.connection.receive_eof()?.map(|_| OwnedEvent::Closed {
            code: CloseCode::ABNORMAL,
            reason: String::new(),
        }))
    }
}

impl<K: MaskKeys> tokio_util::codec::Encoder<Outgoing> for Codec<K> {
    type Error = CodecError;

    fn encode(&mut self, item: Outgoing, out: &mut BytesMut) -> Result<(), CodecError> {
        let connection = &mut self.connection;
        if !matches!(item, Outgoing::Close { .. }) {
            connection.poll_transmit(out);
        }
        match item {
            Outgoing::Text(text) => connection.send_text(&text, out)?,
            Outgoing::Binary(data) => connection.send_binary(&data, out)?,
            Outgoing::TextFragment { text, last } => {
                connection.send_text_fragment(&text, last, out)?;
            }
            Outgoing::BinaryFragment { data, last } => {
                connection.send_binary_fragment(&data, last, out)?;
            }
            Outgoing::Ping(payload) => connection.send_ping(&payload, out)?,
            Outgoing::Pong(payload) => connection.send_pong(&payload, out)?,
            Outgoing::Close { code, reason } => connection.send_close(code, &reason, out)?,
            Outgoing::Prepared(message) => connection.put_prepared(&message, out)?,
            Outgoing::Replies => {}
        }
        Ok(())
    }
}

/// What can go wrong in a `Framed`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The peer broke a rule, and nothing more is received. Send [`Outgoing::Replies`]: the Close that says so.
    #[error(transparent)]
    Receive(#[from] ReceiveError),
    /// The item cannot be sent. Nothing of it was; replies that were due may have been.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}
