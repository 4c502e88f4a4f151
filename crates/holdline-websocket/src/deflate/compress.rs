//! The sending half.

use alloc::{boxed::Box, vec::Vec};

use miniz_oxide::{
    DataFormat,
    deflate::core::{CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output},
};

use super::{Deflate, TAIL};
use crate::role::Role;

/// Compresses the messages of one side.
pub(crate) struct Deflater {
    level: u8,
    min_size: usize,
    window: usize,
    takeover: bool,
    /// Present from the first compressed message on with takeover, else within a message.
    library: Option<Box<CompressorOxide>>,
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
        // With takeover the message is in our window now, so the peer must have it in its own.
        (self.takeover || compressed.len() < data.len()).then_some(compressed)
    }

    /// Compresses a fragment. `None`: the message that it belongs to is sent as it is.
    pub(crate) fn fragment(&mut self, data: &[u8], first: bool, last: bool) -> Option<Vec<u8>> {
        if first {
            self.in_message = data.len() >= self.min_size;
        }
        self.in_message.then(|| self.compress(data, last))
    }

    /// Whether the fragmented message under way is compressed.
    pub(crate) const fn is_in_message(&self) -> bool {
        self.in_message
    }

    /// Whether a message of `length` bytes that was compressed alone may be sent. The library refers at most 32 KiB
    /// back, so that a full window takes any.
    pub(crate) const fn accepts(&self, length: usize) -> bool {
        self.window == 1 << 15 || length <= self.window
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
            flush(library, now, &mut out);
            self.seen = self.seen.saturating_add(now.len());
            rest = later;
        }
        if last {
            self.in_message = false;
            if !self.takeover {
                self.library = None;
            }
            leave_off_tail(&mut out);
        }
        out
    }
}

/// A whole message that refers to nothing before it.
pub(crate) fn compress_alone(data: &[u8], level: u8) -> Vec<u8> {
    let mut out = Vec::new();
    if !data.is_empty() {
        flush(&mut new_library(level), data, &mut out);
    }
    leave_off_tail(&mut out);
    out
}

fn new_library(level: u8) -> Box<CompressorOxide> {
    let mut library = Box::<CompressorOxide>::default();
    library.set_format_and_level(DataFormat::Raw, level.clamp(1, 9));
    library
}

/// Compresses all of `data`, which is not empty, and ends with [`TAIL`].
///
/// The library hands over each block when it is whole, in this one call. With an output of limited size it would keep
/// what does not fit, and the next call would only hand that out: whether the flush itself is done cannot be seen.
fn flush(library: &mut CompressorOxide, data: &[u8], out: &mut Vec<u8>) {
    // Room for half of it, and after one doubling for all of it: no block is longer than its data by more than
    // 5 bytes in 31 KiB.
    out.reserve(data.len() / 2 + data.len() / 1024 + 64);
    let (status, taken) = compress_to_output(library, data, TDEFLFlush::Sync, |bytes| {
        out.extend_from_slice(bytes);
        true
    });
    // It could fail only where the closure does.
    debug_assert!(status == TDEFLStatus::Okay && taken == data.len());
}

/// Ends a message (RFC 7692 §7.2.1): without the empty block that ended the last flush.
fn leave_off_tail(out: &mut Vec<u8>) {
    if out.ends_with(&TAIL) {
        out.truncate(out.len() - TAIL.len());
    } else {
        // §7.2.3.6: nothing to compress. An empty block without its tail.
        out.push(0x00);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What [`DeflateOptions`](super::super::DeflateOptions) says about memory.
    #[test]
    fn compressing_takes_313_kib_and_at_most_the_message_once_more() {
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(0x9e37_79b1).wrapping_add(1);
            (state >> 24) as u8
        };
        for size in [0, 1, 1000, 31_745, 200_000, 2_000_000] {
            let hard: Vec<u8> = (0..size).map(|_| noise()).collect();
            for level in [1, 6, 9] {
                let most = size + size / 512 + 128;
                let compressed = compress_alone(&hard, level);
                assert!(compressed.capacity() <= most, "{}", compressed.capacity());
                let compressed = compress_alone(&alloc::vec![0; size], level);
                assert!(compressed.capacity() <= most / 2 + 64);
            }
        }
        // What is allocated besides: the window and its hashes, and a block of output.
        let rest = (32_768 + 257) + 2 * 2 * 32_768 + 85_196;
        assert!(size_of::<CompressorOxide>() + rest <= 313 << 10);
    }
}
