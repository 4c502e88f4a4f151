//! The pieces of the WebSocket codec alone: the mask and the check of UTF-8, by size and alignment.

use std::hint::black_box;

use holdline_websocket::{Mask, Utf8Validator};

use crate::sample::{Random, ascii, binary, mixed, size};
use crate::websocket_decode::xor;
use crate::{Case, FLOOR, OURS, Sink, contestants};

/// Both pieces.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for length in [5, 16, 125, 1 << 10, 64 << 10] {
        for offset in [0, 1] {
            cases.push(Case::new(
                "WebSocket mask",
                format!("{} at offset {offset}", size(length)),
                ROUNDS as u64,
                move || {
                    contestants![Data::new(binary(length, &mut Random::new(1)), offset);
                        OURS => mask_ours,
                        "fastwebsockets" => mask_fastwebsockets,
                        "sockudo-ws" => mask_sockudo_ws,
                        "websocket-sans-io" => mask_websocket_sans_io,
                        "yawc" => mask_yawc,
                        FLOOR => mask_floor,
                    ]
                },
            ));
        }
    }
    for (name, text) in [
        ("ASCII", ascii as fn(usize, &mut Random) -> String),
        ("mixed", mixed),
    ] {
        for length in [5, 16, 125, 1 << 10, 64 << 10] {
            for offset in [0, 1] {
                cases.push(Case::new(
                    "UTF-8 check",
                    format!("{name} {} at offset {offset}", size(length)),
                    ROUNDS as u64,
                    move || {
                        let text = text(length, &mut Random::new(1));
                        contestants![Data::new(text.into(), offset);
                            OURS => utf8_ours,
                            "sockudo-ws" => utf8_sockudo_ws,
                            "std" => utf8_std,
                            FLOOR => utf8_floor,
                        ]
                    },
                ));
            }
        }
    }
    cases
}

/// How often one run does it.
const ROUNDS: usize = 256;

/// Bytes that begin at an offset from an address that 64 divides.
struct Data {
    memory: Vec<u8>,
    start: usize,
    offset: usize,
}

impl Data {
    fn new(data: Vec<u8>, offset: usize) -> Self {
        let mut memory = vec![0; data.len() + 128];
        let start = memory.as_ptr().align_offset(64) + offset;
        memory[start..start + data.len()].copy_from_slice(&data);
        memory.truncate(start + data.len());
        Self {
            memory,
            start,
            offset,
        }
    }

    fn bytes(&self) -> &[u8] {
        black_box(&self.memory[self.start..])
    }

    /// The same bytes again and again, changed in place.
    fn each(&self, sink: &mut impl Sink, mut change: impl FnMut(&mut [u8])) {
        let mut data = Self::new(self.bytes().to_vec(), self.offset);
        for _ in 0..ROUNDS {
            let bytes = &mut data.memory[data.start..];
            change(bytes);
            sink.item(bytes);
        }
    }
}

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn mask_ours(data: &Data, sink: &mut impl Sink) {
    data.each(sink, |bytes| Mask::new(KEY).apply(bytes));
}

fn mask_fastwebsockets(data: &Data, sink: &mut impl Sink) {
    data.each(sink, |bytes| fastwebsockets::unmask(bytes, KEY));
}

fn mask_sockudo_ws(data: &Data, sink: &mut impl Sink) {
    data.each(sink, |bytes| sockudo_ws::simd::apply_mask(bytes, KEY));
}

fn mask_websocket_sans_io(data: &Data, sink: &mut impl Sink) {
    data.each(sink, |bytes| websocket_sans_io::apply_mask(KEY, bytes, 0));
}

fn mask_yawc(data: &Data, sink: &mut impl Sink) {
    data.each(sink, |bytes| yawc::mask::apply_mask(bytes, KEY));
}

fn mask_floor(data: &Data, sink: &mut impl Sink) {
    data.each(sink, |bytes| xor(bytes, KEY));
}

fn utf8_ours(data: &Data, sink: &mut impl Sink) {
    for _ in 0..ROUNDS {
        let mut validator = Utf8Validator::new();
        let piece = validator.push(data.bytes()).expect("text");
        assert!(validator.is_complete() && piece.first.is_none());
        sink.item(piece.text.as_bytes());
    }
}

fn utf8_sockudo_ws(data: &Data, sink: &mut impl Sink) {
    for _ in 0..ROUNDS {
        let bytes = data.bytes();
        assert!(sockudo_ws::utf8::validate_utf8(bytes));
        sink.item(bytes);
    }
}

fn utf8_std(data: &Data, sink: &mut impl Sink) {
    for _ in 0..ROUNDS {
        sink.item(std::str::from_utf8(data.bytes()).expect("text").as_bytes());
    }
}

/// simdutf8 alone, which cannot say where an error is, nor go on in the next piece.
fn utf8_floor(data: &Data, sink: &mut impl Sink) {
    for _ in 0..ROUNDS {
        let text = simdutf8::basic::from_utf8(data.bytes()).expect("text");
        sink.item(text.as_bytes());
    }
}
