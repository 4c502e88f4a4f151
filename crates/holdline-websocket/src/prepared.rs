//! Encode once, send to thousands.

use bytes::{Bytes, BytesMut};

use crate::{
    header::FrameHeader,
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

    /// Text or binary.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    fn new(kind: MessageKind, payload: &[u8]) -> Self {
        let mut frame = BytesMut::new();
        put_frame(kind.opcode(), true, None, payload, &mut frame);
        Self {
            header_size: (frame.len() - payload.len()) as u8,
            frame: frame.freeze(),
            kind,
        }
    }
}

/// Appends one frame, masked in place when there is a key.
pub(crate) fn put_frame(
    opcode: Opcode,
    fin: bool,
    key: Option<[u8; 4]>,
    payload: &[u8],
    out: &mut BytesMut,
) {
    let header = FrameHeader {
        fin,
        reserved: 0,
        opcode,
        mask: key,
        payload_len: payload.len() as u64,
    };
    out.reserve(header.size() + payload.len());
    header.put(out);
    let start = out.len();
    out.extend_from_slice(payload);
    if let (Some(key), Some(written)) = (key, out.get_mut(start..)) {
        crate::mask::Mask::new(key).apply(written);
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
