//! What a handler writes to a WebSocket.

use bytes::Bytes;
use holdline_websocket::{CloseCode, PreparedMessage, SharedText};

use super::{ROOM, Timer};
use crate::machine::{Machine, MessageError};
use crate::queue::Outgoing;

/// A WebSocket.
#[derive(Debug)]
pub struct WebSocketOutput<'a> {
    pub(crate) machine: &'a mut Machine,
    pub(crate) outgoing: &'a mut Outgoing,
    pub(crate) timer: Timer<'a>,
    pub(crate) queued: usize,
}

impl WebSocketOutput<'_> {
    /// Whether permessage-deflate was agreed on for this connection. A message for many receivers
    /// needs its compressed form
    /// ([`with_deflate`](PreparedMessage::with_deflate)) only if this is true for one of them.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn compresses(&self) -> bool {
        self.machine.compresses()
    }

    /// Whether more should be written now. A handler that stops because there is no room returns
    /// [`Progress::More`](crate::Progress::More). What is written without room is queued.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.queued + self.outgoing.len() < ROOM
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// The WebSocket is closing.
    pub fn send_text(&mut self, text: &str) -> Result<(), MessageError> {
        self.machine.send_text(text, self.outgoing)
    }

    /// Sends a text message whose bytes the caller shares or gives up. They are not copied, unless they are few or
    /// compressed.
    ///
    /// # Errors
    /// The WebSocket is closing.
    pub fn send_text_shared(&mut self, text: SharedText) -> Result<(), MessageError> {
        self.machine.send_text_shared(text, self.outgoing)
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// The WebSocket is closing, or its client knows text only ([`MessageError::TextOnly`]).
    pub fn send_binary(&mut self, data: &[u8]) -> Result<(), MessageError> {
        self.machine.send_binary(data, self.outgoing)
    }

    /// Sends a binary message whose payload the caller shares. It is not copied, unless it is short or is compressed.
    ///
    /// # Errors
    /// The WebSocket is closing, or its client knows text only ([`MessageError::TextOnly`]).
    pub fn send_binary_shared(&mut self, data: Bytes) -> Result<(), MessageError> {
        self.machine.send_binary_shared(data, self.outgoing)
    }

    /// Sends a message that was encoded once for all receivers.
    ///
    /// # Errors
    /// The WebSocket is closing, or this is not text and its client knows text only
    /// ([`MessageError::TextOnly`]).
    pub fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), MessageError> {
        self.machine.send_prepared(message, self.outgoing)
    }

    /// Sends a ping.
    ///
    /// # Errors
    /// The WebSocket is closing, `payload` is longer than 125 bytes, or the client knows text only
    /// ([`MessageError::TextOnly`]).
    pub fn send_ping(&mut self, payload: &[u8]) -> Result<(), MessageError> {
        self.machine.send_ping(payload, self.outgoing)
    }

    /// Begins the closing handshake. The stream is over when the peer answers, or does not in time.
    ///
    /// # Errors
    /// The WebSocket is closing already, or the code may not be sent.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), MessageError> {
        self.machine.send_close(code, reason, self.outgoing)
    }
}
