//! Sending without a copy of the payload.

use bytes::{Bytes, BytesMut};

use crate::{
    connection::{Connection, MaskKeys},
    error::SendError,
    mask::Mask,
    opcode::MessageKind,
    text::SharedText,
};

/// Sending without a copy: each appends the frame's header to `out` and returns the payload, to be written after what is
/// in `out` (with it, in a vectored write). From a few KiB on that takes less than the copy.
///
/// A server returns what it was given. A client has to mask it: in place if nobody else holds these bytes, else in a copy.
/// If the connection agreed on compression, everything is in `out` and what is returned is empty.
impl<K: MaskKeys> Connection<K> {
    /// [`send_text`](Self::send_text) without a copy.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], or [`SendError::MessageUnfinished`] between fragments.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use holdline_websocket::{Config, Connection};
    ///
    /// let (mut connection, mut out) = (Connection::server(Config::default()), BytesMut::new());
    /// let rest = connection.send_text_shared("a".repeat(4096).into(), &mut out).unwrap();
    /// assert_eq!((&out[..], rest.len()), (&[0x81, 126, 0x10, 0][..], 4096));
    /// ```
    pub fn send_text_shared(
        &mut self,
        text: SharedText,
        out: &mut BytesMut,
    ) -> Result<Bytes, SendError> {
        self.send_shared(MessageKind::Text, text.into(), out)
    }

    /// [`send_binary`](Self::send_binary) without a copy.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], or [`SendError::MessageUnfinished`] between fragments.
    ///
    /// ```
    /// use bytes::{Bytes, BytesMut};
    /// use holdline_websocket::{Config, Connection};
    ///
    /// let (mut connection, mut out) = (Connection::server(Config::default()), BytesMut::new());
    /// let payload = Bytes::from(vec![7; 4096]);
    /// let rest = connection.send_binary_shared(payload.clone(), &mut out).unwrap();
    /// assert_eq!(out[..], [0x82, 126, 0x10, 0]);
    /// assert_eq!(rest.as_ptr(), payload.as_ptr());
    /// ```
    pub fn send_binary_shared(
        &mut self,
        data: Bytes,
        out: &mut BytesMut,
    ) -> Result<Bytes, SendError> {
        self.send_shared(MessageKind::Binary, data, out)
    }

    /// [`send_text_fragment`](Self::send_text_fragment) without a copy.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], or [`SendError::MessageUnfinished`] within a binary message.
    pub fn send_text_fragment_shared(
        &mut self,
        text: SharedText,
        last: bool,
        out: &mut BytesMut,
    ) -> Result<Bytes, SendError> {
        self.send_shared_fragment(MessageKind::Text, text.into(), last, out)
    }

    /// [`send_binary_fragment`](Self::send_binary_fragment) without a copy.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], or [`SendError::MessageUnfinished`] within a text message.
    pub fn send_binary_fragment_shared(
        &mut self,
        data: Bytes,
        last: bool,
        out: &mut BytesMut,
    ) -> Result<Bytes, SendError> {
        self.send_shared_fragment(MessageKind::Binary, data, last, out)
    }

    fn send_shared(
        &mut self,
        kind: MessageKind,
        payload: Bytes,
        out: &mut BytesMut,
    ) -> Result<Bytes, SendError> {
        #[cfg(feature = "deflate")]
        if self.compresses() {
            self.send_message(kind, &payload, out)?;
            return Ok(Bytes::new());
        }
        let mask = self.send_header(kind, payload.len() as u64, out)?;
        Ok(masked(mask, payload))
    }

    fn send_shared_fragment(
        &mut self,
        kind: MessageKind,
        payload: Bytes,
        last: bool,
        out: &mut BytesMut,
    ) -> Result<Bytes, SendError> {
        #[cfg(feature = "deflate")]
        if self.compresses() {
            self.send_fragment(kind, &payload, last, out)?;
            return Ok(Bytes::new());
        }
        let mask = self.send_fragment_header(kind, payload.len() as u64, last, out)?;
        Ok(masked(mask, payload))
    }
}

fn masked(mut mask: Mask, payload: Bytes) -> Bytes {
    if mask == Mask::NONE {
        return payload;
    }
    let masked = match payload.try_into_mut() {
        Ok(mut own) => {
            mask.apply(&mut own);
            own
        }
        Err(shared) => {
            let mut copy = BytesMut::new();
            mask.append(&shared, &mut copy);
            copy
        }
    };
    masked.freeze()
}
