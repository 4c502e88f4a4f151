use alloc::vec::Vec;

use miniz_oxide::inflate::{
    TINFLStatus,
    core::{
        DecompressorOxide, decompress,
        inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF},
    },
};
use proptest::{collection::vec, prelude::*};

use super::*;

/// What this decoder makes of the bytes, one at a time and so not beyond the end of the first block with BFINAL.
/// `None`: it came to that end.
fn to_the_end(bytes: &[u8], limit: usize) -> (Vec<u8>, Option<Stop>) {
    let (mut decoder, mut window, mut out) = (Decoder::default(), Window::new(limit), Vec::new());
    for byte in bytes.chunks(1) {
        let stop = drain(&mut decoder, &mut window, byte, &mut out);
        if decoder.after_last || stop == Stop::Invalid {
            return (out, Some(stop).filter(|_| !decoder.after_last));
        }
    }
    (out, Some(Stop::Input))
}

/// All at once, and whatever follows.
fn at_once(bytes: &[u8], limit: usize) -> (Vec<u8>, Stop) {
    let (mut decoder, mut window, mut out) = (Decoder::default(), Window::new(limit), Vec::new());
    let stop = drain(&mut decoder, &mut window, bytes, &mut out);
    (out, stop)
}

fn drain(decoder: &mut Decoder, window: &mut Window, mut input: &[u8], out: &mut Vec<u8>) -> Stop {
    loop {
        let from = window.begin();
        let stop = decoder.step(&mut input, window);
        out.extend_from_slice(window.since(from));
        if stop != Stop::Room {
            return stop;
        }
    }
}

/// What the library makes of it, and whether it ended, failed or wants more.
fn theirs(bytes: &[u8]) -> (Vec<u8>, TINFLStatus) {
    let mut out = [0; 1 << 17].to_vec();
    let flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut library = DecompressorOxide::new();
    let (status, _, size) = decompress(&mut library, bytes, &mut out, 0, flags);
    out.truncate(size);
    (out, status)
}

/// Bytes that compress in all ways: noise, runs, and repetitions near and far.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        vec(any::<u8>(), 0..300),
        vec(0u8..3, 0..600),
        (any::<u8>(), 0usize..2000).prop_map(|(byte, size)| alloc::vec![byte; size]),
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

proptest! {
    #[test]
    fn what_the_library_compresses_is_inflated(data in data(), level in 0u8..11) {
        let compressed = miniz_oxide::deflate::compress_to_vec(&data, level);
        prop_assert_eq!(to_the_end(&compressed, 1 << 15), (data.clone(), None));
        let (out, _) = at_once(&compressed, 1 << 15);
        prop_assert_eq!(out, data);
    }

    #[test]
    fn any_bytes_are_judged_as_the_library_does(
        data in data(),
        level in 1u8..11,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        noise in vec(any::<u8>(), 0..60),
        is_noise in any::<bool>(),
    ) {
        let mut bytes = miniz_oxide::deflate::compress_to_vec(&data[..data.len().min(500)], level);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let bytes = if is_noise { noise } else { bytes };
        let (expected, status) = theirs(&bytes);
        // The library reads what lies before the beginning of the output as an error, as this one does.
        let (out, stop) = to_the_end(&bytes, 1 << 15);
        prop_assert_eq!(out, expected);
        match status {
            TINFLStatus::Done => prop_assert_eq!(stop, None),
            TINFLStatus::NeedsMoreInput => prop_assert_eq!(stop, Some(Stop::Input)),
            TINFLStatus::Failed => prop_assert_eq!(stop, Some(Stop::Invalid)),
            other => prop_assert!(false, "{:?}", other),
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
    assert_eq!(at_once(&compressed, 1024).0, far);
    let (out, stop) = at_once(&compressed, 512);
    assert!((600..610).contains(&out.len()) && out == far[..out.len()]);
    assert_eq!(stop, Stop::Invalid);
}

#[test]
fn it_is_small() {
    assert!(size_of::<Decoder>() <= 48, "{}", size_of::<Decoder>());
    assert!(size_of::<Dynamic>() <= 3 << 10, "{}", size_of::<Dynamic>());
}
