//! The list.

mod bad_deflate;
mod close;
mod contents;
mod control;
mod deflate;
mod fragments;
mod framing;
mod limits;
mod reserved;
mod text;

use super::{Case, Cut};

/// All cases, in the order of their numbers, for a peer that accepts messages of up to `most` bytes and refuses
/// anything longer. `most` is at least 16 MiB.
#[must_use]
pub fn cases(most: usize) -> Vec<Case> {
    let mut list = Vec::new();
    framing::add(&mut list);
    control::add(&mut list);
    reserved::add(&mut list);
    fragments::add(&mut list);
    text::add(&mut list);
    close::add(&mut list);
    limits::add(&mut list, most);
    deflate::add(&mut list);
    contents::add(&mut list);
    bad_deflate::add(&mut list, most);
    list
}

/// The ways in which each short case is cut.
const CUTS: [(&str, Cut); 3] = [
    ("", Cut::Whole),
    (", byte by byte", Cut::Pieces(1)),
    (", cut at random", Cut::Random(7692)),
];

/// Bytes of every value that cannot be compressed.
fn noise(length: usize) -> Vec<u8> {
    // Longer than the largest window. Copying is fast even in unoptimised builds.
    const PERIOD: usize = 65_520;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length.min(PERIOD) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    while bytes.len() < length {
        let more = bytes.len().min(length - bytes.len());
        bytes.extend_from_within(..more);
    }
    bytes.truncate(length);
    bytes
}

/// Text of this many bytes, with characters of one to four bytes.
fn letters(length: usize) -> String {
    let mut text = "aé世🦀 Die Verbindung, die offen bleibt. ".repeat(length / 40 + 1);
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    while text.len() < length {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_case_has_a_name_of_its_own() {
        let list = super::cases(16 << 20);
        let names: BTreeSet<_> = list.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), list.len());
        assert!(list.len() > 400, "{}", list.len());
    }
}
