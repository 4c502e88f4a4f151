//! Frames byte by byte, including those that nobody may send (RFC 6455 §5.2).

/// The role of the tester. A client masks its frames, a server does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The tester is the client, and a server is being tested.
    Client,
    /// The tester is the server, and a client is being tested.
    Server,
}

/// A frame to be sent.
#[derive(Clone, Debug)]
pub struct Frame {
    /// FIN, RSV1 to RSV3 and the opcode.
    pub(super) first: u8,
    form: Form,
    /// The length in the header, if it differs from that of the payload.
    declared: Option<u64>,
    /// Masked although it must not be, or unmasked although it must be.
    wrong_mask: bool,
    payload: Vec<u8>,
}

/// How the header encodes the length.
#[derive(Clone, Copy, Debug)]
enum Form {
    Shortest,
    In16,
    In64,
}

/// The opcodes (§11.8).
pub(super) mod opcode {
    pub(crate) const CONTINUATION: u8 = 0x0;
    pub(crate) const TEXT: u8 = 0x1;
    pub(crate) const BINARY: u8 = 0x2;
    pub(crate) const CLOSE: u8 = 0x8;
    pub(crate) const PING: u8 = 0x9;
    pub(crate) const PONG: u8 = 0xa;
}

pub(super) const FIN: u8 = 0x80;
pub(super) const RSV1: u8 = 0x40;
pub(super) const RSV: u8 = 0x70;
pub(super) const MASKED: u8 = 0x80;

impl Frame {
    /// A final frame with this opcode, which may be a reserved one.
    pub fn new(opcode: u8, payload: impl AsRef<[u8]>) -> Self {
        Self {
            first: FIN | opcode,
            form: Form::Shortest,
            declared: None,
            wrong_mask: false,
            payload: payload.as_ref().to_vec(),
        }
    }

    /// A text message in one frame.
    pub fn text(payload: impl AsRef<[u8]>) -> Self {
        Self::new(opcode::TEXT, payload)
    }

    /// A binary message in one frame.
    pub fn binary(payload: impl AsRef<[u8]>) -> Self {
        Self::new(opcode::BINARY, payload)
    }

    /// The last fragment of a message.
    pub fn continuation(payload: impl AsRef<[u8]>) -> Self {
        Self::new(opcode::CONTINUATION, payload)
    }

    /// A ping.
    pub fn ping(payload: impl AsRef<[u8]>) -> Self {
        Self::new(opcode::PING, payload)
    }

    /// A pong.
    pub fn pong(payload: impl AsRef<[u8]>) -> Self {
        Self::new(opcode::PONG, payload)
    }

    /// A Close with any payload.
    pub fn close(payload: impl AsRef<[u8]>) -> Self {
        Self::new(opcode::CLOSE, payload)
    }

    /// A Close with a code and a reason.
    pub fn close_with(code: u16, reason: impl AsRef<[u8]>) -> Self {
        Self::close([&code.to_be_bytes(), reason.as_ref()].concat())
    }

    /// With another payload.
    #[must_use]
    pub fn with_payload(mut self, payload: impl AsRef<[u8]>) -> Self {
        self.payload = payload.as_ref().to_vec();
        self
    }

    /// Without FIN: more fragments follow.
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.first &= !FIN;
        self
    }

    /// With these reserved bits: 4 is RSV1, 2 is RSV2, 1 is RSV3.
    #[must_use]
    pub fn reserved_bits(mut self, bits: u8) -> Self {
        self.first = (self.first & !RSV) | ((bits << 4) & RSV);
        self
    }

    /// With RSV1, which says that the message is compressed (RFC 7692 §6).
    #[must_use]
    pub fn compressed(self) -> Self {
        self.reserved_bits(4)
    }

    /// With a header that gives a different length than the payload has: either the rest is not sent, or what
    /// follows belongs to it.
    #[must_use]
    pub fn declaring(mut self, length: u64) -> Self {
        self.declared = Some(length);
        self
    }

    /// With the length in 16 bits, even if 7 would do.
    #[must_use]
    pub fn length_in_16_bits(mut self) -> Self {
        self.form = Form::In16;
        self
    }

    /// With the length in 64 bits, even if fewer would do.
    #[must_use]
    pub fn length_in_64_bits(mut self) -> Self {
        self.form = Form::In64;
        self
    }

    /// Masked by a server, or not by a client.
    #[must_use]
    pub fn wrong_mask(mut self) -> Self {
        self.wrong_mask = true;
        self
    }

    /// Appends its bytes. `key` is used when it is masked.
    pub(super) fn encode(&self, role: Role, key: [u8; 4], out: &mut Vec<u8>) {
        let masked = (role == Role::Client) != self.wrong_mask;
        let length = self.declared.unwrap_or(self.payload.len() as u64);
        let bit = if masked { MASKED } else { 0 };
        out.push(self.first);
        match (self.form, length) {
            (Form::Shortest, 0..=125) => out.push(bit | length as u8),
            (Form::In16, _) | (Form::Shortest, ..=0xffff) => {
                out.push(bit | 126);
                out.extend((length as u16).to_be_bytes());
            }
            (Form::In64 | Form::Shortest, _) => {
                out.push(bit | 127);
                out.extend(length.to_be_bytes());
            }
        }
        let start = out.len();
        if masked {
            out.extend(key);
            out.extend(&self.payload);
            mask(&mut out[start + 4..], key);
        } else {
            out.extend(&self.payload);
        }
    }
}

/// Cuts a message into frames of these sizes. The last one gets the rest.
pub fn fragments(first: &Frame, sizes: impl IntoIterator<Item = usize>) -> Vec<Frame> {
    let mut rest = &first.payload[..];
    let mut frames = Vec::new();
    for size in sizes {
        if size >= rest.len() {
            break;
        }
        let (piece, more) = rest.split_at(size);
        rest = more;
        frames.push(Frame::continuation(piece).unfinished());
    }
    frames.push(Frame::continuation(rest));
    // Only the first one has the opcode and reserved bits (§5.4).
    let fin = frames[0].first & FIN;
    frames[0].first = fin | (first.first & !FIN);
    frames
}

/// Masks or unmasks (§5.3).
pub(super) fn mask(payload: &mut [u8], key: [u8; 4]) {
    // In large steps, because tests are not optimised.
    let mut words = payload.chunks_exact_mut(16);
    let wide = u128::from_ne_bytes(std::array::from_fn(|at| key[at % 4]));
    for word in &mut words {
        if let Ok(bytes) = <[u8; 16]>::try_from(&*word) {
            word.copy_from_slice(&(u128::from_ne_bytes(bytes) ^ wide).to_ne_bytes());
        }
    }
    for (byte, key) in words.into_remainder().iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(frame: &Frame, role: Role) -> Vec<u8> {
        let mut out = Vec::new();
        frame.encode(role, [0x37, 0xfa, 0x21, 0x3d], &mut out);
        out
    }

    /// RFC 6455 §5.7.
    #[test]
    fn writes_the_examples_of_the_rfc() {
        let hello = Frame::text("Hello");
        assert_eq!(bytes(&hello, Role::Server), b"\x81\x05Hello");
        let masked = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        assert_eq!(bytes(&hello, Role::Client), masked);
        assert_eq!(bytes(&hello.wrong_mask(), Role::Server), masked);
        let pieces = fragments(&Frame::text("Hello"), [3]);
        let pieces: Vec<_> = pieces
            .iter()
            .map(|frame| bytes(frame, Role::Server))
            .collect();
        assert_eq!(pieces, [&b"\x01\x03Hel"[..], b"\x80\x02lo"]);
        let long = bytes(&Frame::binary([0; 256]), Role::Server);
        assert_eq!(long[..4], *b"\x82\x7e\x01\0");
        let longer = bytes(&Frame::binary([0; 65536]), Role::Server);
        assert_eq!(longer[..10], *b"\x82\x7f\0\0\0\0\0\x01\0\0");
    }
}
