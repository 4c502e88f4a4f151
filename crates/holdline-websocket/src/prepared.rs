//! Encode once, send to thousands.

use bytes::{Bytes, BytesMut};

use crate::{
    header::FrameHeader,
    mask::Mask,
    opcode::{MessageKind, Opcode},
};

/// A message that was encoded once, as the unmasked frame of a server, for any number of receivers.
///
/// A clone shares the bytes. There is none for clients: each of their frames needs a fresh key (§5.3).
///
/// ```
/// use holdline_websocket::{Config, Connection, PreparedMessage};
///
/// let news = PreparedMessage::text("Hello");
/// let mut connection = Connection::server(Config::default());
/// assert_eq!(connection.send_prepared(&news).unwrap(), b"\x81\x05Hello"[..]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedMessage {
    frame: Bytes,
    header_size: u8,
    kind: MessageKind,
    /// The frame in its compressed form.
    #[cfg(feature = "deflate")]
    compressed: Option<Bytes>,
}

impl PreparedMessage {
    /// A text message.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::new(MessageKind::Text, text.as_bytes())
    }

    /// A binary message.
    #[must_use]
    pub fn binary(data: &[u8]) -> Self {
        Self::new(MessageKind::Binary, data)
    }

    /// The whole frame, header and payload.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.frame
    }

    /// The payload alone.
    #[must_use]
    pub fn payload(&self) -> Bytes {
        self.frame.slice(usize::from(self.header_size)..)
    }

    /// The payload's length in bytes.
    #[cfg(feature = "deflate")]
    pub(crate) fn payload_len(&self) -> usize {
        self.frame.len() - usize::from(self.header_size)
    }

    /// Adds the compressed form, for the receivers that agreed on permessage-deflate. The others get the form
    /// without it: `send_prepared` chooses. When compression does not make it smaller there is none.
    ///
    /// It refers to nothing before it, so each receiver can inflate it, with and without context takeover.
    /// To a receiver with a window below 15 bits it is sent only if the message fits into that window.
    ///
    /// ```
    /// use holdline_websocket::PreparedMessage;
    ///
    /// let news = PreparedMessage::text("News! News! News! News!").with_deflate(6);
    /// assert!(news.compressed_bytes().unwrap().len() < news.bytes().len());
    /// ```
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn with_deflate(mut self, level: u8) -> Self {
        let payload = crate::deflate::compress_alone(&self.payload(), level);
        let mut frame = BytesMut::new();
        put_frame(
            self.kind.opcode(),
            true,
            crate::header::RSV1,
            None,
            &payload,
            &mut frame,
        );
        self.compressed = (frame.len() < self.frame.len()).then(|| frame.freeze());
        self
    }

    /// The whole frame in its compressed form, if there is one.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn compressed_bytes(&self) -> Option<&Bytes> {
        self.compressed.as_ref()
    }

    /// Text or binary.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    fn new(kind: MessageKind, payload: &[u8]) -> Self {
        let mut frame = BytesMut::new();
        put_frame(kind.opcode(), true, 0, None, payload, &mut frame);
        Self {
            header_size: (frame.len() - payload.len()) as u8,
            frame: frame.freeze(),
            kind,
            #[cfg(feature = "deflate")]
            compressed: None,
        }
    }
}

/// Appends one frame, masked when there is a key.
#[inline]
pub(crate) fn put_frame(
    opcode: Opcode,
    fin: bool,
    reserved: u8,
    key: Option<[u8; 4]>,
    payload: &[u8],
    out: &mut BytesMut,
) {
    let header = FrameHeader {
        fin,
        reserved,
        opcode,
        mask: key,
        payload_len: payload.len() as u64,
    };
    out.reserve(header.size() + payload.len());
    header.put(out);
    match key {
        None => out.extend_from_slice(payload),
        Some(key) => Mask::new(key).append(payload, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_and_payload_share_the_bytes() {
        let long = PreparedMessage::binary(&[7; 126]);
        assert_eq!(long.bytes()[..4], *b"\x82\x7e\x00\x7e");
        assert_eq!(long.payload(), [7; 126][..]);
        assert_eq!(long.payload().as_ptr(), long.bytes()[4..].as_ptr());
        assert_eq!(long.kind(), MessageKind::Binary);
        assert_eq!(PreparedMessage::text("").bytes()[..], b"\x81\0"[..]);
    }
}
