//! How the server proves that it read the client's key: a hash, computed step by step (RFC 6455 §4.2.2, FIPS 180-4
//! §6.1).

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use holdline_websocket::ClientKey;

use crate::inspect::explain::page::{Table, hex};

/// What is behind a field line, if it is `Sec-WebSocket-Accept` and does answer the key.
pub(super) fn tables(line: &[u8], key: &ClientKey) -> Vec<Table> {
    let mut parts = line.splitn(2, |&byte| byte == b':');
    let name = parts.next().unwrap_or_default();
    let value = parts.next().unwrap_or_default().trim_ascii();
    let answers = value == key.accept().as_str().as_bytes();
    if !name.eq_ignore_ascii_case(b"sec-websocket-accept") || !answers {
        return Vec::new();
    }
    let trace = Trace::of(format!("{key}{GUID}").as_bytes());
    vec![
        overview(key, &trace),
        words_of(&trace),
        rounds_of(&trace),
        base64_of(&trace.digest),
    ]
}

/// SHA-1 of a message, with what it did.
struct Trace {
    blocks: Vec<Block>,
    digest: [u8; 20],
}

struct Block {
    /// The sixteen words of the message, and the 64 that are made of them.
    schedule: Vec<u32>,
    /// The five words of the state after each round.
    rounds: Vec<[u32; 5]>,
    /// The state after the block.
    state: [u32; 5],
}

impl Trace {
    fn of(message: &[u8]) -> Self {
        let mut state = INITIAL;
        let mut blocks = Vec::new();
        for block in padded(message).chunks(BLOCK) {
            let block = Block::of(state, block);
            state = block.state;
            blocks.push(block);
        }
        let mut digest = [0; 20];
        for (bytes, word) in digest.chunks_mut(4).zip(state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        Self { blocks, digest }
    }
}

impl Block {
    fn of(before: [u32; 5], block: &[u8]) -> Self {
        let word = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |word, &byte| word << 8 | u32::from(byte))
        };
        let mut schedule: Vec<u32> = block.chunks(4).map(word).collect();
        while let &[.., a, _, b, _, _, _, _, _, c, _, _, _, _, d, _, _] = &schedule[..] {
            if schedule.len() == ROUNDS {
                break;
            }
            schedule.push((a ^ b ^ c ^ d).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = before;
        let mut rounds = Vec::new();
        for (round, &word) in schedule.iter().enumerate() {
            let (mixed, constant) = match round / 20 {
                0 => (b & c | !b & d, 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => (b & c | b & d | c & d, 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let sum = a
                .rotate_left(5)
                .wrapping_add(mixed)
                .wrapping_add(e)
                .wrapping_add(word)
                .wrapping_add(constant);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, sum);
            rounds.push([a, b, c, d, e]);
        }
        let mut state = before;
        for (word, added) in state.iter_mut().zip([a, b, c, d, e]) {
            *word = word.wrapping_add(added);
        }
        Self {
            schedule,
            rounds,
            state,
        }
    }
}

/// The message, a bit 1, as many 0 as are needed, and its length in bits: a multiple of 64 bytes.
fn padded(message: &[u8]) -> Vec<u8> {
    let mut bytes = message.to_vec();
    bytes.push(0x80);
    while bytes.len() % BLOCK != BLOCK - 8 {
        bytes.push(0);
    }
    bytes.extend((message.len() as u64 * 8).to_be_bytes());
    bytes
}

fn overview(key: &ClientKey, trace: &Trace) -> Table {
    let message = format!("{key}{GUID}");
    let padded = padded(message.as_bytes());
    let mut rows = vec![
        row(
            "the client's key, as it stands in the request",
            key.as_str(),
        ),
        row("the text that RFC 6455 §1.3 appends", GUID),
        row("together", &message),
        row(
            "padded to whole blocks of 64 bytes",
            hex(&padded).trim_end(),
        ),
    ];
    for (number, block) in trace.blocks.iter().enumerate() {
        let what = format!("the state after block {}", number + 1);
        rows.push(row(&what, &words(&block.state)));
    }
    rows.push(row("the hash, 20 bytes", hex(&trace.digest).trim_end()));
    rows.push(row("in base64: the value", key.accept().as_str()));
    Table {
        caption: "SHA-1 of the key: from the request to this value".to_owned(),
        head: vec!["step", "value"],
        rows,
    }
}

fn words_of(trace: &Trace) -> Table {
    let rows = trace.blocks.iter().enumerate().flat_map(|(number, block)| {
        let lines = block.schedule.chunks(8).enumerate();
        lines.map(move |(line, schedule)| {
            let first = line * 8;
            vec![
                (number + 1).to_string(),
                format!("{first} to {}", first + 7),
                words(schedule),
            ]
        })
    });
    Table {
        caption: "The 80 words of each block: 16 from the message, each of the others the XOR of four before it, \
                  rotated by a bit"
            .to_owned(),
        head: vec!["block", "words", "values"],
        rows: rows.collect(),
    }
}

fn rounds_of(trace: &Trace) -> Table {
    let rows = trace.blocks.iter().enumerate().flat_map(|(number, block)| {
        let rounds = block.rounds.iter().zip(&block.schedule).enumerate();
        rounds.map(move |(round, (state, word))| {
            let mut row = vec![
                (number + 1).to_string(),
                round.to_string(),
                format!("{word:08x}"),
            ];
            row.extend(state.iter().map(|word| format!("{word:08x}")));
            row
        })
    });
    Table {
        caption: "All 80 rounds of each block".to_owned(),
        head: vec!["block", "round", "word", "a", "b", "c", "d", "e"],
        rows: rows.collect(),
    }
}

/// Three bytes are four characters.
fn base64_of(digest: &[u8]) -> Table {
    let rows = digest.chunks(3).map(|bytes| {
        let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
        let width = bits.len().div_ceil(6) * 6;
        let padded = format!("{bits:0<width$}");
        let mut groups = String::new();
        for (index, bit) in padded.chars().enumerate() {
            if index > 0 && index % 6 == 0 {
                groups.push(' ');
            }
            groups.push(bit);
        }
        vec![
            hex(bytes).trim_end().to_owned(),
            groups,
            STANDARD.encode(bytes),
        ]
    });
    Table {
        caption: "Base64: six bits are a character".to_owned(),
        head: vec!["bytes", "bits in sixes", "characters"],
        rows: rows.collect(),
    }
}

fn row(what: &str, value: &str) -> Vec<String> {
    vec![what.to_owned(), value.to_owned()]
}

fn words(words: &[u32]) -> String {
    let mut text = String::new();
    for word in words {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{word:08x} ");
    }
    text.trim_end().to_owned()
}

const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const INITIAL: [u32; 5] = [
    0x6745_2301,
    0xefcd_ab89,
    0x98ba_dcfe,
    0x1032_5476,
    0xc3d2_e1f0,
];
const BLOCK: usize = 64;
const ROUNDS: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    /// The codec hashes with a crate that is not ours.
    #[test]
    fn the_steps_lead_to_what_the_codec_computes() {
        for number in 0..=255 {
            let key = ClientKey::new([number; 16]);
            let trace = Trace::of(format!("{key}{GUID}").as_bytes());
            assert_eq!(STANDARD.encode(trace.digest), key.accept().as_str());
        }
    }

    #[test]
    fn only_the_right_answer_is_taken_apart() {
        let key = ClientKey::parse(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap();
        let tables = tables(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", &key);
        assert_eq!(tables.len(), 4);
        // RFC 6455 §1.3 has this hash.
        let hash = "b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea";
        assert!(tables[0].rows.iter().any(|row| row[1] == hash));
        for other in [
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOO=",
            "Sec-WebSocket-Key: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        ] {
            assert!(super::tables(other.as_bytes(), &key).is_empty());
        }
    }
}
