//! One connection that sends, and the other implementation that receives. Nothing of ours reads what we wrote, not
//! even the frame headers.

use bytes::BytesMut;
use holdline_websocket::{
    Config, Connection, Deflate, DeflateOptions, PreparedMessage, handshake::server,
};
use zlib_rs::{Inflate, InflateFlush, Status};

use crate::data::{Data, Random};

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Whole,
    Fragments,
    Prepared,
}

impl Form {
    pub(crate) const ALL: [Self; 3] = [Self::Whole, Self::Fragments, Self::Prepared];
}

/// What is sent, and what was agreed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) data: Data,
    pub(crate) level: u8,
    pub(crate) bits: u8,
    pub(crate) takeover: bool,
    pub(crate) form: Form,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            data: Data::Alphabet(6),
            level: 6,
            bits: 15,
            takeover: true,
            form: Form::Whole,
        }
    }
}

impl Case {
    /// Sends messages of these sizes over one connection.
    pub(crate) fn check(&self, sizes: &[usize], random: &mut Random) {
        let mut server = self.server();
        let mut peer = Peer::new(self);
        for &size in sizes {
            let message = self.data.make(size, random);
            let wire = self.send(&mut server, &message, random);
            peer.receive(&wire, &message, self);
        }
    }

    /// The sending side.
    pub(crate) fn server(&self) -> Connection {
        let mut config = Config::default();
        config.deflate = Some(self.agreed());
        Connection::server(config)
    }

    pub(crate) fn agreed(&self) -> Deflate {
        let mut options = DeflateOptions::default();
        options.level = self.level;
        options.max_window_bits = self.bits;
        options.no_context_takeover = !self.takeover;
        let headers = [
            ("Upgrade", &b"websocket"[..]),
            ("Connection", b"Upgrade"),
            ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Version", b"13"),
            ("Sec-WebSocket-Extensions", b"permessage-deflate"),
        ];
        let request = server::accept("GET", headers.into_iter()).unwrap();
        request.accept_deflate(&options).unwrap()
    }

    pub(crate) fn send(
        &self,
        server: &mut Connection,
        message: &[u8],
        random: &mut Random,
    ) -> BytesMut {
        let mut out = BytesMut::new();
        let text = std::str::from_utf8(message)
            .ok()
            .filter(|_| self.data.is_text());
        match (self.form, text) {
            (Form::Whole, Some(text)) => server.send_text(text, &mut out).unwrap(),
            (Form::Whole, None) => server.send_binary(message, &mut out).unwrap(),
            (Form::Prepared, text) => {
                let prepared =
                    text.map_or_else(|| PreparedMessage::binary(message), PreparedMessage::text);
                let prepared = prepared.with_deflate(self.level);
                out.extend_from_slice(&server.send_prepared(&prepared).unwrap());
            }
            (Form::Fragments, _) => {
                // The last one is as long as a whole message, so that it meets the ends of blocks, too.
                let first = message.len().min(random.below(500));
                let (first, last) = message.split_at(first);
                for (at, part) in [first, last].into_iter().enumerate() {
                    server
                        .send_binary_fragment(part, at == 1, &mut out)
                        .unwrap();
                }
            }
        }
        out
    }
}

/// A client that is not ours.
pub(crate) struct Peer {
    inflate: Inflate,
    takeover: bool,
    /// How much it inflates at a time: with less than its window a reference beyond that is an error.
    piece: usize,
}

impl Peer {
    pub(crate) fn new(case: &Case) -> Self {
        Self {
            inflate: Inflate::new(false, case.bits),
            takeover: case.takeover,
            piece: if case.bits == 15 { 1 << 16 } else { 128 },
        }
    }

    /// Reads the frames of one message and compares it. Returns how many bytes its payload had.
    #[track_caller]
    pub(crate) fn receive(&mut self, wire: &[u8], expected: &[u8], case: &Case) -> usize {
        let (is_compressed, mut payload) = join(wire);
        let length = payload.len();
        if !is_compressed {
            assert!(
                payload == expected,
                "{case:?}: {} bytes as they are",
                expected.len()
            );
            return length;
        }
        // RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end".
        payload.extend([0x00, 0x00, 0xff, 0xff]);
        let inflated = self
            .inflate(&payload)
            .unwrap_or_else(|problem| panic!("{case:?}: {} bytes: {problem}", expected.len()));
        assert_eq!(inflated.len(), expected.len(), "{case:?}: the length");
        if inflated != expected {
            let differs = inflated.iter().zip(expected).position(|(a, b)| a != b);
            panic!("{case:?}: {} bytes differ at {differs:?}", expected.len());
        }
        if !self.takeover {
            self.inflate.reset(false);
        }
        length
    }

    fn inflate(&mut self, mut input: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        let mut block = vec![0; self.piece];
        loop {
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(input, &mut block, InflateFlush::SyncFlush);
            let read = (self.inflate.total_in() - read) as usize;
            let written = (self.inflate.total_out() - written) as usize;
            input = &input[read..];
            out.extend_from_slice(&block[..written]);
            match status {
                // "No progress": all was taken, and nothing is held back.
                Ok(Status::BufError) if input.is_empty() => return Ok(out),
                Ok(Status::Ok) if input.is_empty() && written < block.len() => return Ok(out),
                Ok(Status::Ok) => {}
                other => return Err(format!("{other:?} after {} bytes", out.len())),
            }
        }
    }
}

/// The payload of a message in one or more unmasked frames (RFC 6455 §5.2), and whether RSV1 says that it is
/// compressed.
fn join(mut wire: &[u8]) -> (bool, Vec<u8>) {
    let (mut payload, mut is_compressed) = (Vec::new(), None);
    loop {
        let (first, second) = (wire[0], wire[1]);
        let (size, length) = match second {
            127 => (
                10,
                u64::from_be_bytes(wire[2..10].try_into().unwrap()) as usize,
            ),
            126 => (4, usize::from(u16::from_be_bytes([wire[2], wire[3]]))),
            _ => (2, usize::from(second)),
        };
        match is_compressed {
            None => assert!(matches!(first & 0x3f, 1 | 2), "the first frame"),
            Some(_) => assert_eq!(first & 0x7f, 0, "a continuation"),
        }
        is_compressed.get_or_insert(first & 0x40 != 0);
        payload.extend_from_slice(&wire[size..size + length]);
        wire = &wire[size + length..];
        if first & 0x80 != 0 {
            assert!(wire.is_empty(), "one message");
            return (is_compressed.unwrap(), payload);
        }
    }
}
