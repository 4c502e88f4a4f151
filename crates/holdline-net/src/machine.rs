//! The protocol of a WebSocket on the event loop: that of RFC 6455, or with feature `hixie76` that of
//! the first browsers.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
#[cfg(feature = "hixie76")]
use holdline_websocket::hixie76;
use holdline_websocket::{
    Buffer, CloseCode, Connection, Event, PieceEvent, PreparedMessage, ReceiveError, SendError,
    SharedText,
};

use crate::message::{Message, Piece};
use crate::queue::Outgoing;

#[derive(Debug)]
pub(crate) enum Machine {
    Rfc6455(Connection),
    #[cfg(feature = "hixie76")]
    Hixie76(hixie76::Connection),
}

/// What came.
pub(crate) enum Received<'b> {
    /// All input was taken.
    Nothing,
    Message(Message<'b>),
    Piece(Piece<'b>),
    /// A ping, a close or the like, which the machine handles itself.
    Control,
}

/// The rule that the peer broke.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MachineError {
    #[error(transparent)]
    Rfc6455(#[from] ReceiveError),
    #[cfg(feature = "hixie76")]
    #[error(transparent)]
    Hixie76(#[from] hixie76::ReceiveError),
}

/// Why a WebSocket message was not sent. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The codec's own reason: the WebSocket is closing, or this cannot be sent at all.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The client speaks the protocol of the first browsers, which has text messages and nothing else.
    #[error("this client knows text messages only (draft-hixie-76)")]
    TextOnly,
}

#[cfg(feature = "hixie76")]
impl From<hixie76::SendError> for MessageError {
    fn from(_: hixie76::SendError) -> Self {
        // The other error, before the handshake is over, cannot occur: the handler is not called then.
        Self::Send(SendError::Closed)
    }
}

impl Machine {
    /// Takes the next message or control frame from the front of `input`.
    pub(crate) fn receive<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Received<'b>, MachineError> {
        Ok(match self {
            Self::Rfc6455(machine) => received(machine.receive(input, buffer)?),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => match machine.receive(input, buffer)? {
                None => Received::Nothing,
                Some(hixie76::Event::Text(text)) => Received::Message(Message::Text(text)),
                Some(_) => Received::Control,
            },
        })
    }

    /// Lends room to read straight into the message under way. Empty: read into a block.
    pub(crate) fn receive_room<'b>(&self, buffer: &'b mut Buffer) -> &'b mut [u8] {
        match self {
            Self::Rfc6455(machine) => machine.receive_room(buffer),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(_) => &mut [],
        }
    }

    /// Takes what was read into the room that was lent.
    pub(crate) fn receive_filled<'b>(
        &mut self,
        filled: usize,
        buffer: &'b mut Buffer,
    ) -> Result<Received<'b>, MachineError> {
        Ok(match self {
            Self::Rfc6455(machine) => received(machine.receive_filled(filled, buffer)?),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(_) => Received::Nothing,
        })
    }

    /// Like [`receive`](Self::receive), but hands out messages in pieces as they come. Draft-hixie-76 has no pieces.
    pub(crate) fn receive_piece<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Received<'b>, MachineError> {
        let machine = match self {
            Self::Rfc6455(machine) => machine,
            #[cfg(feature = "hixie76")]
            Self::Hixie76(_) => return self.receive(input, buffer),
        };
        Ok(match machine.receive_piece(input, buffer)? {
            None => Received::Nothing,
            Some(PieceEvent::Text { text, last }) => Received::Piece(Piece {
                data: Message::Text(text),
                last,
            }),
            Some(PieceEvent::Binary { data, last }) => Received::Piece(Piece {
                data: Message::Binary(data),
                last,
            }),
            Some(_) => Received::Control,
        })
    }

    /// Whether messages may be sent and received: the handshake is over, including what follows the heads.
    pub(crate) fn is_established(&self) -> bool {
        match self {
            Self::Rfc6455(_) => true,
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => machine.is_established(),
        }
    }

    /// Whether a message or a frame has begun of which more must come.
    pub(crate) fn is_receiving(&self) -> bool {
        match self {
            Self::Rfc6455(machine) => machine.is_receiving(),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => machine.is_receiving(),
        }
    }

    /// Bytes of memory with which the message under way is decompressed.
    pub(crate) fn inflating(&self) -> usize {
        match self {
            #[cfg(feature = "deflate")]
            Self::Rfc6455(machine) => machine.inflating(),
            #[cfg(not(feature = "deflate"))]
            Self::Rfc6455(_) => 0,
            #[cfg(feature = "hixie76")]
            Self::Hixie76(_) => 0,
        }
    }

    pub(crate) fn poll_transmit(&mut self, out: &mut BytesMut) {
        match self {
            Self::Rfc6455(machine) => machine.poll_transmit(out),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => machine.poll_transmit(out),
        };
    }

    pub(crate) fn handle_timeout(&mut self, now: Duration) {
        match self {
            Self::Rfc6455(machine) => machine.handle_timeout(now),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => machine.handle_timeout(now),
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Duration> {
        match self {
            Self::Rfc6455(machine) => machine.poll_timeout(),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => machine.poll_timeout(),
        }
    }

    pub(crate) fn should_close(&self) -> bool {
        match self {
            Self::Rfc6455(machine) => machine.should_close(),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => machine.should_close(),
        }
    }

    pub(crate) fn is_clean(&self) -> bool {
        match self {
            Self::Rfc6455(machine) => machine.is_clean(),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => machine.is_clean(),
        }
    }

    pub(crate) fn has_timed_out(&self) -> bool {
        match self {
            Self::Rfc6455(machine) => machine.timed_out().is_some(),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => machine.timed_out(),
        }
    }

    pub(crate) fn receive_eof(&mut self) {
        match self {
            Self::Rfc6455(machine) => {
                // An end without a close, or an error that was seen before.
                let _ = machine.receive_eof();
            }
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => {
                // The same.
                let _ = machine.receive_eof();
            }
        }
    }

    #[cfg(feature = "deflate")]
    pub(crate) fn compresses(&self) -> bool {
        match self {
            Self::Rfc6455(machine) => machine.compresses(),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(_) => false,
        }
    }

    pub(crate) fn send_text(&mut self, text: &str, out: &mut Outgoing) -> Result<(), MessageError> {
        match self {
            Self::Rfc6455(machine) => Ok(machine.send_text(text, &mut out.bytes)?),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => Ok(machine.send_text(text, &mut out.bytes)?),
        }
    }

    pub(crate) fn send_text_shared(
        &mut self,
        text: SharedText,
        out: &mut Outgoing,
    ) -> Result<(), MessageError> {
        match self {
            Self::Rfc6455(machine) => {
                let rest = machine.send_text_shared(text, &mut out.bytes)?;
                out.push_shared(&rest);
                Ok(())
            }
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => match std::str::from_utf8(text.bytes()) {
                Ok(text) => Ok(machine.send_text(text, &mut out.bytes)?),
                // It was checked when the text was made.
                Err(_) => Err(MessageError::TextOnly),
            },
        }
    }

    pub(crate) fn send_binary(
        &mut self,
        data: &[u8],
        out: &mut Outgoing,
    ) -> Result<(), MessageError> {
        match self {
            Self::Rfc6455(machine) => Ok(machine.send_binary(data, &mut out.bytes)?),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(_) => Err(MessageError::TextOnly),
        }
    }

    pub(crate) fn send_binary_shared(
        &mut self,
        data: Bytes,
        out: &mut Outgoing,
    ) -> Result<(), MessageError> {
        match self {
            Self::Rfc6455(machine) => {
                let rest = machine.send_binary_shared(data, &mut out.bytes)?;
                out.push_shared(&rest);
                Ok(())
            }
            #[cfg(feature = "hixie76")]
            Self::Hixie76(_) => Err(MessageError::TextOnly),
        }
    }

    pub(crate) fn send_prepared(
        &mut self,
        message: &PreparedMessage,
        out: &mut Outgoing,
    ) -> Result<(), MessageError> {
        match self {
            Self::Rfc6455(machine) => {
                let bytes = machine.send_prepared(message)?;
                out.push_shared(&bytes);
                Ok(())
            }
            // The payload is the same; one byte goes before it and one after.
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => match std::str::from_utf8(&message.payload()) {
                Ok(text) if message.kind() == holdline_websocket::MessageKind::Text => {
                    Ok(machine.send_text(text, &mut out.bytes)?)
                }
                _ => Err(MessageError::TextOnly),
            },
        }
    }

    pub(crate) fn send_ping(
        &mut self,
        payload: &[u8],
        out: &mut Outgoing,
    ) -> Result<(), MessageError> {
        match self {
            Self::Rfc6455(machine) => Ok(machine.send_ping(payload, &mut out.bytes)?),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(_) => Err(MessageError::TextOnly),
        }
    }

    pub(crate) fn send_close(
        &mut self,
        code: CloseCode,
        reason: &str,
        out: &mut Outgoing,
    ) -> Result<(), MessageError> {
        match self {
            Self::Rfc6455(machine) => Ok(machine.send_close(code, reason, &mut out.bytes)?),
            #[cfg(feature = "hixie76")]
            Self::Hixie76(machine) => Ok(machine.send_close(&mut out.bytes)?),
        }
    }
}

fn received(event: Option<Event<'_>>) -> Received<'_> {
    match event {
        None => Received::Nothing,
        Some(Event::Text(text)) => Received::Message(Message::Text(text)),
        Some(Event::Binary(data)) => Received::Message(Message::Binary(data)),
        Some(_) => Received::Control,
    }
}
