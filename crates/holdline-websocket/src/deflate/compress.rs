//! The sending half.

use alloc::vec::Vec;

use flate2::{Compress, Compression, FlushCompress};

use super::{Deflate, TAIL};
use crate::message::Role;

/// Compresses the messages of one side.
pub(crate) struct Deflater {
    level: u8,
    min_size: usize,
    window: usize,
    takeover: bool,
    /// Present from the first compressed message on with takeover, else within a message.
    library: Option<Compress>,
    /// How many bytes went into the library since it was new.
    seen: usize,
    /// The fragmented message under way is compressed.
    in_message: bool,
}

impl Deflater {
    pub(crate) fn new(deflate: &Deflate, sender: Role) -> Self {
        let direction = deflate.direction(sender);
        Self {
            level: deflate.level,
            min_size: deflate.min_size,
            window: direction.window(),
            takeover: direction.takeover,
            library: None,
            seen: 0,
            in_message: false,
        }
    }

    /// Compresses a message in one frame. `None`: it is better sent as it is.
    pub(crate) fn message(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        if data.len() < self.min_size {
            return None;
        }
        let compressed = self.compress(data, true);
        // With takeover the message is in the window now, and the peer has to see it there.
        (self.takeover || compressed.len() < data.len()).then_some(compressed)
    }

    /// Compresses a fragment. `None`: the message that it belongs to is sent as it is.
    pub(crate) fn fragment(&mut self, data: &[u8], first: bool, last: bool) -> Option<Vec<u8>> {
        if first {
            self.in_message = data.len() >= self.min_size;
        }
        self.in_message.then(|| self.compress(data, last))
    }

    /// Whether a message that was compressed alone, and refers at most `reach` bytes back, may be sent.
    pub(crate) const fn accepts(&self, reach: usize) -> bool {
        reach <= self.window
    }

    /// A message went to the peer that did not come from here, so that its window is no longer the one that
    /// the library knows. What is referred to from now on comes after that message.
    pub(crate) fn forget(&mut self) {
        self.library = None;
    }

    /// RFC 7692 §7.2.1: compresses, ends at a byte, and leaves off the tail of the last fragment.
    fn compress(&mut self, data: &[u8], last: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = data;
        while !rest.is_empty() {
            if self.window < 1 << 15 && self.seen >= self.window {
                self.library = None;
            }
            if self.library.is_none() {
                self.seen = 0;
            }
            let most = if self.window < 1 << 15 {
                rest.len().min(self.window - self.seen)
            } else {
                rest.len()
            };
            let (now, later) = rest.split_at(most);
            let library = self.library.get_or_insert_with(|| new_library(self.level));
            run(library, now, &mut out);
            self.seen = self.seen.saturating_add(now.len());
            rest = later;
        }
        if last {
            self.in_message = false;
            if !self.takeover {
                self.library = None;
            }
            if out.ends_with(&TAIL) {
                out.truncate(out.len() - TAIL.len());
            } else {
                // §7.2.3.6: nothing to compress. An empty block without its tail.
                out.push(0x00);
            }
        }
        out
    }
}

/// A whole message that refers to nothing before it.
pub(crate) fn compress_alone(data: &[u8], level: u8) -> Vec<u8> {
    let mut out = Vec::new();
    if !data.is_empty() {
        run(&mut new_library(level), data, &mut out);
    }
    match out.strip_suffix(&TAIL) {
        Some(kept) => out.truncate(kept.len()),
        None => out.push(0x00),
    }
    out
}

fn new_library(level: u8) -> Compress {
    Compress::new(Compression::new(u32::from(level.clamp(1, 9))), false)
}

/// Compresses all of `data` and flushes.
fn run(library: &mut Compress, data: &[u8], out: &mut Vec<u8>) {
    let mut rest = data;
    loop {
        out.reserve(rest.len() / 2 + 64);
        let (before, end) = (library.total_in(), out.len());
        // It fails only for arguments that are not used here.
        let done = library.compress_vec(rest, out, FlushCompress::Sync);
        let took = (library.total_in() - before) as usize;
        rest = rest.get(took..).unwrap_or_default();
        let stuck = took == 0 && out.len() == end;
        if done.is_err() || stuck || (rest.is_empty() && out.len() < out.capacity()) {
            return;
        }
    }
}
