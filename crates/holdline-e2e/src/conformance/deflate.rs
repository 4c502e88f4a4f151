//! permessage-deflate as the tester sends it (RFC 7692 §7.2.1).

use flate2::{Compress, Compression, FlushCompress};

/// Compresses the messages of one direction of a connection.
#[derive(Debug)]
pub struct Deflater {
    window: usize,
    takeover: bool,
    compress: Compress,
}

impl Deflater {
    /// With a window of 2^`bits` bytes, referring to earlier messages or not.
    #[must_use]
    pub fn new(level: u32, bits: u8, takeover: bool) -> Self {
        Self {
            window: 1 << bits,
            takeover: takeover && bits == 15,
            compress: Compress::new(Compression::new(level), false),
        }
    }

    /// The payload of a message: without the `00 00 ff ff` at its end.
    pub fn message(&mut self, data: &[u8]) -> Vec<u8> {
        let mut payload = self.flushed(data);
        // "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
        let tail = payload.split_off(payload.len() - 4);
        assert_eq!(tail, [0x00, 0x00, 0xff, 0xff]);
        payload
    }

    /// The blocks for some data, followed by an empty one, so that more can be appended.
    pub fn flushed(&mut self, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        if self.window == 1 << 15 {
            self.run(data, FlushCompress::Sync, &mut out);
        } else {
            // The library only supports the largest window. If the input is cut into pieces of the window's length,
            // nothing can refer further back.
            self.compress.reset();
            for piece in data.chunks(self.window) {
                self.run(piece, FlushCompress::Sync, &mut out);
                self.compress.reset();
            }
        }
        if out.is_empty() {
            out.extend([0x00, 0x00, 0x00, 0xff, 0xff]);
        }
        if !self.takeover {
            self.compress.reset();
        }
        out
    }

    /// The payload of a message whose last block is marked as final (§7.2.3.4).
    pub fn final_block(&mut self, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.compress.reset();
        self.run(data, FlushCompress::Finish, &mut out);
        self.compress.reset();
        // An empty block follows, whose tail is cut off again.
        out.push(0x00);
        out
    }

    /// Compresses all of `data` in one call with room for all of the output. If the output fills up, the library keeps
    /// the rest, and the next call does not tell whether the flush was done before or after it.
    fn run(&mut self, data: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
        let taken = self.compress.total_in();
        out.reserve(data.len() + data.len() / 8 + 1024);
        self.compress
            .compress_vec(data, out, flush)
            .expect("compressing cannot fail");
        assert_eq!(self.compress.total_in() - taken, data.len() as u64);
        assert!(out.len() < out.capacity(), "it may hold something back");
    }
}
