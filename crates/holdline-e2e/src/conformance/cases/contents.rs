//! permessage-deflate with contents that compress well, a little and not at all, in messages whose sizes lie around what
//! compressors do in blocks (RFC 7692 §7.2.1).
//!
//! Compressors end a block where its buffers are full, and that depends on what is in it. Texts that compress to nothing
//! and noise meet none of the places between: a fault that began with 31,745 bytes of ordinary text was found by a public
//! suite, which sends real files, and not by the cases of `deflate`.

use std::sync::OnceLock;

use super::super::{Case, Cut, Deflater, Frame, Item, Parameters, Script, fragments};

pub(super) fn add(list: &mut Vec<Case>) {
    for content in CONTENTS {
        for (how, agreement) in agreements() {
            add_sizes(list, content, how, agreement);
        }
        add_fragments(list, content);
        add_levels(list, content);
    }
}

/// The parameters that the public suite negotiates, as the tester sees them.
fn agreements() -> [(&'static str, Parameters); 4] {
    let both = Parameters::default();
    let alone = Parameters {
        tester_takeover: false,
        peer_takeover: false,
        ..both
    };
    let small = |parameters, bits| Parameters {
        tester_bits: bits,
        peer_bits: bits,
        ..parameters
    };
    [
        ("nothing agreed on", both),
        ("no takeover", alone),
        ("windows of 512", small(both, 9)),
        ("no takeover, windows of 512", small(alone, 9)),
    ]
}

/// Sizes as the public suite has them, and some right behind the ends of blocks of the usual compressors. Not more, because
/// the tester inflates slowly.
const SIZES: [usize; 11] = [
    16, 64, 256, 1024, 4096, 8192, 16_384, 31_745, 31_750, 63_491, 131_072,
];

/// Each message goes on in the contents where the last one ended.
fn add_sizes(list: &mut Vec<Case>, content: Content, how: &str, agreement: Parameters) {
    let name = format!("{} in messages of all sizes, {how}", content.name);
    list.push(Case::deflated(
        name,
        "RFC 7692 §7.2.1",
        agreement,
        move |agreed| {
            let count = if agreed.tester_bits < 15 {
                7
            } else {
                SIZES.len()
            };
            let mut deflater = agreed.deflater();
            let mut file = content.file();
            SIZES[..count].iter().fold(Script::new(), |script, &size| {
                let message = file.next(size);
                let frame = content.frame(deflater.message(&message)).compressed();
                script.send([frame]).expect(content.item(message))
            })
        },
    ));
}

/// Long messages in fragments of every length that the public suite has.
fn add_fragments(list: &mut Vec<Case>, content: Content) {
    let name = format!("{} in fragments of 256 to 32,768 bytes", content.name);
    let both = Parameters::default();
    list.push(Case::deflated(name, "RFC 7692 §6.1", both, move |agreed| {
        let mut deflater = agreed.deflater();
        let mut file = content.file();
        [
            (8192, 256),
            (16_384, 1024),
            (65_536, 4096),
            (131_072, 32_768),
        ]
        .into_iter()
        .fold(Script::new(), |script, (size, fragment)| {
            let message = file.next(size);
            let frame = content.frame(deflater.message(&message)).compressed();
            let frames = fragments(&frame, std::iter::repeat(fragment));
            script
                .send_cut(frames, Cut::Whole)
                .expect(content.item(message))
        })
    }));
}

/// The tester compresses at every level, from stored blocks on.
fn add_levels(list: &mut Vec<Case>, content: Content) {
    let name = format!("{} compressed at levels 0, 1 and 9", content.name);
    let both = Parameters::default();
    list.push(Case::deflated(
        name,
        "RFC 7692 §7.2.1",
        both,
        move |agreed| {
            let mut file = content.file();
            [0, 1, 9].into_iter().fold(Script::new(), |script, level| {
                let message = file.next(40_000);
                let mut deflater = Deflater::new(level, agreed.tester_bits, false);
                let frame = content.frame(deflater.message(&message)).compressed();
                script.send([frame]).expect(content.item(message))
            })
        },
    ));
}

/// A kind of file.
#[derive(Clone, Copy)]
struct Content {
    name: &'static str,
    is_text: bool,
    /// Writes some more of it.
    more: fn(&mut Random, &mut Vec<u8>),
}

const CONTENTS: [Content; 5] = [
    Content {
        name: "JSON",
        is_text: true,
        more: |random, out| {
            let (id, x) = (random.below(1 << 20), random.below(10_000));
            let word = WORDS[random.below(WORDS.len())];
            let line = format!("{{\"id\":{id},\"name\":\"{word}\",\"x\":{x}.{id}}},\n");
            out.extend_from_slice(line.as_bytes());
        },
    },
    Content {
        name: "prose",
        is_text: true,
        more: |random, out| {
            out.extend_from_slice(WORDS[random.below(WORDS.len())].as_bytes());
            // A word that is not in the list, so that it goes on to be news.
            for _ in 0..random.below(9) {
                out.push(b'a' + random.below(26) as u8);
            }
            out.push(if random.below(12) == 0 { b'\n' } else { b' ' });
        },
    },
    Content {
        name: "a picture",
        is_text: false,
        more: |random, out| {
            // Each point is close to the one before.
            let last = out.last().copied().unwrap_or(128);
            out.push(last.wrapping_add(random.below(9) as u8).wrapping_sub(4));
        },
    },
    Content {
        name: "base64",
        is_text: true,
        more: |random, out| {
            const DIGITS: &[u8; 64] =
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            out.push(DIGITS[random.below(64)]);
        },
    },
    Content {
        name: "a file of packed and plain parts",
        is_text: false,
        more: |random, out| match random.below(3) {
            0 => out.extend((0..random.below(3000)).map(|_| random.below(256) as u8)),
            1 => out.extend(std::iter::repeat_n(b'0', random.below(3000))),
            _ => {
                for _ in 0..random.below(300) {
                    out.extend_from_slice(WORDS[random.below(WORDS.len())].as_bytes());
                }
            }
        },
    },
];

const WORDS: [&str; 16] = [
    "the",
    "connection",
    "that",
    "stays",
    "open",
    "Nachricht",
    "gänzlich",
    "世界",
    "message",
    "close",
    "ping",
    "window",
    "of",
    "and",
    "über",
    "🦀",
];

impl Content {
    fn file(self) -> File {
        /// Made once, because that is slow in an unoptimised build.
        static BYTES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
        let all = BYTES.get_or_init(|| CONTENTS.map(Self::bytes).into());
        let number = CONTENTS.iter().position(|other| other.name == self.name);
        File {
            bytes: &all[number.expect("it is one of them")],
            at: 0,
            is_text: self.is_text,
        }
    }

    fn bytes(self) -> Vec<u8> {
        let mut random = Random(6455);
        let mut bytes = Vec::new();
        while bytes.len() < FILE {
            (self.more)(&mut random, &mut bytes);
        }
        bytes
    }

    fn frame(self, payload: Vec<u8>) -> Frame {
        match self.is_text {
            true => Frame::text(payload),
            false => Frame::binary(payload),
        }
    }

    fn item(self, message: Vec<u8>) -> Item {
        match self.is_text {
            true => Item::Text(message),
            false => Item::Binary(message),
        }
    }
}

/// The least length of a file: far more than a window.
const FILE: usize = 256 << 10;

/// A file that begins anew at its end.
struct File {
    bytes: &'static [u8],
    at: usize,
    is_text: bool,
}

impl File {
    /// The next message of this many bytes.
    fn next(&mut self, size: usize) -> Vec<u8> {
        let mut message = Vec::with_capacity(size);
        while message.len() < size {
            let rest = &self.bytes[self.at..];
            let taken = rest.len().min(size - message.len());
            message.extend_from_slice(&rest[..taken]);
            self.at = (self.at + taken) % self.bytes.len();
        }
        if self.is_text {
            // What is left of a character that is cut becomes dots.
            let first = message.iter().take_while(|&&byte| byte & 0xc0 == 0x80);
            let first = first.count();
            message[..first].fill(b'.');
            let valid = std::str::from_utf8(&message).map_or_else(|e| e.valid_up_to(), |_| size);
            message[valid..].fill(b'.');
        }
        message
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) % end as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{CONTENTS, SIZES};

    #[test]
    fn contents_are_text_where_they_say_so_and_compress_as_they_should() {
        for content in CONTENTS {
            let mut file = content.file();
            for size in SIZES {
                let message = file.next(size);
                assert_eq!(message.len(), size, "{}", content.name);
                assert!(!content.is_text || std::str::from_utf8(&message).is_ok());
            }
            let packed = super::Deflater::new(6, 15, true).message(&file.next(131_072));
            let percent = packed.len() * 100 / 131_072;
            assert!((10..90).contains(&percent), "{}: {percent}", content.name);
        }
    }
}
