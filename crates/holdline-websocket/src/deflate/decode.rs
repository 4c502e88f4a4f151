//! DEFLATE (RFC 1951) by miniz_oxide, into a window of our own.
//!
//! The library's core keeps no window, so a connection holds one of the agreed size and, between messages, nothing else.

use alloc::boxed::Box;

use miniz_oxide::inflate::{
    TINFLStatus,
    core::{
        DecompressorOxide, decompress,
        inflate_flags::{
            TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY,
            TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
        },
    },
};

use super::window::Window;

/// The blocks of one message. It takes 11 KiB.
#[derive(Default)]
pub(super) struct Decoder {
    library: Box<DecompressorOxide>,
    place: Place,
}

/// Where the next bit stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// All that came is whole blocks and ends with a byte, or nothing came at all.
    #[default]
    Between,
    /// The same, and the last block has BFINAL.
    AfterLast,
    /// In a block, or between two within a byte.
    Within,
}

/// Why a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// All input was taken.
    Input,
    /// The window has no more room until it begins again.
    Room,
    /// It is not DEFLATE, or it refers to what the window does not have.
    Invalid,
}

impl Decoder {
    /// Bytes allocated.
    pub(super) const MEMORY: usize = size_of::<DecompressorOxide>();

    /// For another message. Only a few bytes are cleared.
    pub(super) fn begin_again(mut self) -> Self {
        self.library.init();
        self.place = Place::Between;
        self
    }

    /// Whether all that came is whole blocks, and the last one of them has BFINAL.
    pub(super) fn is_after_last(&self) -> bool {
        self.place == Place::AfterLast
    }

    /// Whether all that came is whole blocks.
    pub(super) fn is_between_blocks(&self) -> bool {
        self.place != Place::Within
    }

    /// Decodes into the window until something is missing.
    pub(super) fn step(&mut self, input: &mut &[u8], window: &mut Window) -> Stop {
        loop {
            if input.is_empty() && self.is_between_blocks() {
                return Stop::Input;
            }
            let mut flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY;
            if !window.has_wrapped() {
                // Nothing has been written yet beyond the place where we write. With this flag a reference into
                // that part is an error; without it, only a reference beyond the whole window is.
                flags |= TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
            }
            let (ring, at) = window.ring();
            let (status, read, written) = decompress(&mut self.library, input, ring, at, flags);
            *input = input.get(read..).unwrap_or_default();
            window.advance(written);
            self.place = Place::Within;
            match status {
                TINFLStatus::BlockBoundary => {
                    let bits = self.library.block_boundary_state();
                    if bits.is_some_and(|state| state.num_bits == 0) {
                        self.place = Place::Between;
                    }
                }
                TINFLStatus::Done => {
                    // RFC 7692 §7.2.3.4: a block with BFINAL ends at a byte, and another may follow. It ends neither
                    // the message nor the window.
                    self.library.init();
                    self.place = Place::AfterLast;
                }
                TINFLStatus::NeedsMoreInput => return Stop::Input,
                TINFLStatus::HasMoreOutput => return Stop::Room,
                _ => return Stop::Invalid,
            }
        }
    }
}

impl core::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Decoder")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// What the bytes decode to in pieces of `size`, and why it stopped.
    fn inflated(bytes: &[u8], size: usize, limit: usize) -> (Vec<u8>, Stop, bool) {
        let (mut decoder, mut window, mut out) =
            (Decoder::default(), Window::new(limit), Vec::new());
        for mut piece in bytes.chunks(size) {
            loop {
                let from = window.begin(piece.len());
                let stop = decoder.step(&mut piece, &mut window);
                out.extend_from_slice(window.since(from));
                match stop {
                    Stop::Room => {}
                    Stop::Input => break,
                    Stop::Invalid => return (out, Stop::Invalid, false),
                }
            }
        }
        (out, Stop::Input, decoder.is_between_blocks())
    }

    /// Bytes that compress in all ways: noise, runs, and repetitions near and far.
    fn data() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            vec(any::<u8>(), 0..300),
            vec(0u8..3, 0..600),
            (any::<u8>(), 0usize..20_000).prop_map(|(byte, size)| alloc::vec![byte; size]),
            vec(97u8..123, 0..2000),
        ];
        (vec(part, 1..8), vec(0usize..8, 0..12)).prop_map(|(parts, order)| {
            let mut all = parts.concat();
            for at in order {
                all.extend_from_slice(&parts[at % parts.len()]);
            }
            all
        })
    }

    /// What they decode to in one window that is large enough for everything: no pieces, no ring.
    fn plain(bytes: &[u8]) -> (Vec<u8>, TINFLStatus) {
        let mut out = alloc::vec![0; 1 << 20];
        let flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let mut library = DecompressorOxide::new();
        let (status, _, size) = decompress(&mut library, bytes, &mut out, 0, flags);
        out.truncate(size);
        (out, status)
    }

    proptest! {
        #[test]
        fn what_is_compressed_is_inflated_however_it_is_cut(
            data in data(), level in 0u8..11, size in 1usize..600,
        ) {
            let compressed = miniz_oxide::deflate::compress_to_vec(&data, level);
            for size in [size, 1, usize::MAX] {
                let (out, stop, whole) = inflated(&compressed, size, 1 << 15);
                prop_assert!(out == data);
                prop_assert_eq!((stop, whole), (Stop::Input, true));
            }
        }

        #[test]
        fn what_is_damaged_is_judged_the_same_however_it_is_cut(
            data in data(),
            level in 1u8..11,
            changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            bits in 8u32..16,
            size in 1usize..60,
        ) {
            let mut bytes = miniz_oxide::deflate::compress_to_vec(&data, level);
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let limit = 1 << bits;
            let (out, stop, whole) = inflated(&bytes, usize::MAX, limit);
            for size in [size, 1] {
                let cut = inflated(&bytes, size, limit);
                prop_assert!(cut.0 == out);
                prop_assert_eq!((cut.1, cut.2), (stop, whole));
            }
            let (expected, status) = plain(&bytes);
            // It goes on after the first block with BFINAL, and stops at references beyond a smaller window.
            let common = out.len().min(expected.len());
            prop_assert!(out[..common] == expected[..common]);
            match status {
                TINFLStatus::Failed => prop_assert_eq!(stop, Stop::Invalid),
                _ if limit == 1 << 15 => prop_assert!(out.len() >= expected.len()),
                _ => prop_assert!(stop == Stop::Invalid || out.len() >= expected.len()),
            }
        }
    }

    #[test]
    fn references_beyond_the_window_are_refused() {
        let noise: Vec<u8> = (0..600u32)
            .map(|i| (i.wrapping_mul(0x9e37_79b9) >> 24) as u8)
            .collect();
        let far = [&noise[..], &noise].concat();
        let compressed = miniz_oxide::deflate::compress_to_vec(&far, 9);
        assert_eq!(inflated(&compressed, 1 << 20, 1024).0, far);
        for size in [1, 7, 1 << 20] {
            let (out, stop, _) = inflated(&compressed, size, 512);
            assert!((600..610).contains(&out.len()) && out == far[..out.len()]);
            assert_eq!(stop, Stop::Invalid);
        }
    }

    #[test]
    fn references_to_before_the_beginning_are_refused() {
        // A fixed block: the letter `a`, then a length of 3 at distance 2, where nothing is.
        let bytes = [0x4b, 0x04, 0x42];
        for limit in [256, 1 << 15] {
            let (out, stop, _) = inflated(&bytes, 1, limit);
            assert_eq!((&out[..], stop), (&b"a"[..], Stop::Invalid));
        }
    }
}
