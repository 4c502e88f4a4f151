//! The sending half of a connection.

mod shared;

use bytes::{Bytes, BytesMut};

use super::{Connection, MaskKeys, Unmasked};
use crate::{
    close::CloseCode,
    error::SendError,
    header::{FrameHeader, HeaderError},
    mask::Mask,
    opcode::{MessageKind, Opcode},
    prepared::PreparedMessage,
    state::Transition,
};

/// Sending. Everything is appended to `out`; on error `out` is as it was.
impl<K: MaskKeys> Connection<K> {
    /// Appends a text message in one frame.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], or [`SendError::MessageUnfinished`] between fragments.
    pub fn send_text(&mut self, text: &str, out: &mut BytesMut) -> Result<(), SendError> {
        self.send_message(MessageKind::Text, text.as_bytes(), out)
    }

    /// Appends a binary message in one frame.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], or [`SendError::MessageUnfinished`] between fragments.
    pub fn send_binary(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), SendError> {
        self.send_message(MessageKind::Binary, data, out)
    }

    /// Appends the next fragment of a text message (RFC 6455 §5.4). The first call begins the message,
    /// the one with `last` ends it. Control frames may be sent between.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], or [`SendError::MessageUnfinished`] within a binary message.
    pub fn send_text_fragment(
        &mut self,
        text: &str,
        last: bool,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        self.send_fragment(MessageKind::Text, text.as_bytes(), last, out)
    }

    /// Appends the next fragment of a binary message, like
    /// [`send_text_fragment`](Self::send_text_fragment).
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], or [`SendError::MessageUnfinished`] within a text message.
    pub fn send_binary_fragment(
        &mut self,
        data: &[u8],
        last: bool,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        self.send_fragment(MessageKind::Binary, data, last, out)
    }

    /// Appends only the header of a message in one frame, for a vectored write with a payload of the
    /// caller's own. The caller then sends exactly `payload_len` bytes, combined with the mask that is
    /// returned (which for a server changes nothing), and for text they must be UTF-8. The message is never
    /// compressed.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], [`SendError::MessageUnfinished`], or [`SendError::TooLong`].
    pub fn send_header(
        &mut self,
        kind: MessageKind,
        payload_len: u64,
        out: &mut BytesMut,
    ) -> Result<Mask, SendError> {
        self.may_begin_message()?;
        let header = FrameHeader {
            fin: true,
            reserved: 0,
            opcode: kind.opcode(),
            mask: self.keys.next_key(),
            payload_len,
        };
        header
            .encode(out)
            .map_err(|_: HeaderError| SendError::TooLong(payload_len))?;
        Ok(header.mask.map_or(Mask::NONE, Mask::new))
    }

    /// Like [`send_header`](Self::send_header), for the next fragment of a message: the first call begins the message,
    /// the one with `last` ends it, and control frames may go between. Fragments of text may be cut anywhere, as long
    /// as the whole is UTF-8.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], [`SendError::TooLong`], or [`SendError::MessageUnfinished`] within a message of the
    /// other kind, and within one that `send_text_fragment` or `send_binary_fragment` began and compresses.
    pub fn send_fragment_header(
        &mut self,
        kind: MessageKind,
        payload_len: u64,
        last: bool,
        out: &mut BytesMut,
    ) -> Result<Mask, SendError> {
        let continues = self.sending == Some(kind);
        if !continues {
            self.may_begin_message()?;
        } else if !self.state.may_send() {
            return Err(SendError::Closed);
        }
        #[cfg(feature = "deflate")]
        if continues && self.deflater.as_ref().is_some_and(|d| d.is_in_message()) {
            return Err(SendError::MessageUnfinished);
        }
        let header = FrameHeader {
            fin: last,
            reserved: 0,
            opcode: if continues {
                Opcode::Continuation
            } else {
                kind.opcode()
            },
            mask: self.keys.next_key(),
            payload_len,
        };
        header
            .encode(out)
            .map_err(|_: HeaderError| SendError::TooLong(payload_len))?;
        self.sending = (!last).then_some(kind);
        Ok(header.mask.map_or(Mask::NONE, Mask::new))
    }

    /// Appends a ping. The peer answers with a pong of the same payload.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], or [`SendError::ControlTooLong`] over 125 bytes.
    pub fn send_ping(&mut self, payload: &[u8], out: &mut BytesMut) -> Result<(), SendError> {
        self.send_control(Opcode::Ping, payload, out)
    }

    /// Appends a pong that answers nothing, "a unidirectional heartbeat" (RFC 6455 §5.5.3). Pings are
    /// answered by `poll_transmit`.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], or [`SendError::ControlTooLong`] over 125 bytes.
    pub fn send_pong(&mut self, payload: &[u8], out: &mut BytesMut) -> Result<(), SendError> {
        self.send_control(Opcode::Pong, payload, out)
    }

    /// Appends a Close frame: nothing can be sent after it. It may be sent within a fragmented message,
    /// which then stays unfinished, and in place of the automatic answer to the peer's Close.
    ///
    /// The reason is cut to 123 bytes at a character's boundary. [`CloseCode::NO_STATUS`] with an empty
    /// reason sends a Close without payload.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], or [`SendError::CloseCode`] when the code is not
    /// [sendable](CloseCode::is_sendable).
    pub fn send_close(
        &mut self,
        code: CloseCode,
        reason: &str,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        let empty = code == CloseCode::NO_STATUS && reason.is_empty();
        if !code.is_sendable() && !empty && self.state.may_send() {
            return Err(SendError::CloseCode(code));
        }
        if !self.step(Transition::CallerCloses) {
            return Err(SendError::Closed);
        }
        self.put_close(code, reason, out);
        Ok(())
    }

    #[inline]
    fn send_message(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        self.may_begin_message()?;
        #[cfg(feature = "deflate")]
        if let Some(deflater) = &mut self.deflater
            && let Some(compressed) = deflater.message(payload)
        {
            self.put_compressed(kind.opcode(), true, &compressed, out);
            return Ok(());
        }
        self.put(kind.opcode(), true, payload, out);
        Ok(())
    }

    fn send_fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        last: bool,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        let opcode = match self.sending {
            Some(begun) if begun == kind => Opcode::Continuation,
            _ => kind.opcode(),
        };
        if opcode == Opcode::Continuation && !self.state.may_send() {
            return Err(SendError::Closed);
        }
        if opcode != Opcode::Continuation {
            self.may_begin_message()?;
        }
        self.sending = (!last).then_some(kind);
        #[cfg(feature = "deflate")]
        if let Some(deflater) = &mut self.deflater {
            let first = opcode != Opcode::Continuation;
            if let Some(compressed) = deflater.fragment(payload, first, last) {
                self.put_compressed(opcode, last, &compressed, out);
                return Ok(());
            }
        }
        self.put(opcode, last, payload, out);
        Ok(())
    }

    /// A frame of a compressed message. RSV1 stands on the first one only (RFC 7692 §6.1).
    #[cfg(feature = "deflate")]
    fn put_compressed(&mut self, opcode: Opcode, fin: bool, payload: &[u8], out: &mut BytesMut) {
        let reserved = match opcode {
            Opcode::Continuation => 0,
            _ => crate::header::RSV1,
        };
        let key = self.keys.next_key();
        crate::prepared::put_frame(opcode, fin, reserved, key, payload, out);
    }

    fn send_control(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        if !self.state.may_send() {
            return Err(SendError::Closed);
        }
        if payload.len() > 125 {
            return Err(SendError::ControlTooLong(payload.len()));
        }
        self.put(opcode, true, payload, out);
        Ok(())
    }

    #[inline]
    fn may_begin_message(&self) -> Result<(), SendError> {
        if !self.state.may_send() {
            return Err(SendError::Closed);
        }
        if self.sending.is_some() {
            return Err(SendError::MessageUnfinished);
        }
        Ok(())
    }
}

/// Sending to many.
impl Connection<Unmasked> {
    /// The bytes of a message that was encoded before, to be written after what is in `out`. Shared, not
    /// copied.
    ///
    /// With feature `deflate` it is the compressed form, if there is one and the connection agreed on
    /// compression. The connection's own compressor then starts afresh: with context takeover, the messages
    /// after this one cannot refer to those before it.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], or [`SendError::MessageUnfinished`] between fragments.
    pub fn send_prepared(&mut self, message: &PreparedMessage) -> Result<Bytes, SendError> {
        self.prepared(message)
    }
}

impl<K: MaskKeys> Connection<K> {
    /// Appends it, as either role may.
    #[cfg(feature = "tokio-util")]
    pub(crate) fn put_prepared(
        &mut self,
        message: &PreparedMessage,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        if K::ROLE == crate::Role::Client {
            return self.send_message(message.kind(), &message.payload(), out);
        }
        out.extend_from_slice(&self.prepared(message)?);
        Ok(())
    }

    fn prepared(&mut self, message: &PreparedMessage) -> Result<Bytes, SendError> {
        self.may_begin_message()?;
        #[cfg(feature = "deflate")]
        if let Some(deflater) = &mut self.deflater
            && let Some(compressed) = message.compressed_bytes()
            && deflater.accepts(message.payload_len())
        {
            deflater.forget();
            return Ok(compressed.clone());
        }
        Ok(message.bytes().clone())
    }
}
