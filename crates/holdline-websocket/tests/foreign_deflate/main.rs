//! What we compress, others can read: zlib-rs, which is a port of zlib, inflates what a connection sends.
//!
//! The short form takes the sizes near the ends of the library's blocks, and a sample of all else by a seed that it
//! prints; with `HOLDLINE_LONG=1` it takes all sizes from nothing to 300 KiB for each value of each dimension.
#![cfg(feature = "deflate")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod data;
mod foreign;
mod known;
mod sessions;

use std::ops::RangeInclusive;

use data::{Data, Random, is_long};
use foreign::{Case, Form};

fn any_case(random: &mut Random) -> Case {
    Case {
        data: match random.below(11) as u32 {
            bits @ 0..8 => Data::Alphabet(bits + 1),
            8 => Data::Text,
            9 => Data::Zeros,
            _ => Data::FarRepeats,
        },
        level: 1 + random.below(9) as u8,
        bits: 8 + random.below(8) as u8,
        takeover: random.below(2) == 0,
        form: Form::ALL[random.below(3)],
    }
}

const MOST: usize = 300 << 10;

/// How many bytes the library gathers before it writes a block, if nothing repeats; at level 1 it looks ahead further.
const BLOCK: usize = 31_745;

/// In the short form the sizes just above the ends of blocks, where the last call of a flush has little left to do.
fn sizes(long: bool) -> Vec<usize> {
    if long {
        return (0..=MOST).step_by(97).collect();
    }
    let above = [5, 200];
    let blocks = (1..=7)
        .step_by(2)
        .flat_map(|n| above.map(|more| n * BLOCK + more));
    blocks.collect()
}

/// One dimension: all of its values, the others as by default.
fn every_size(cases: impl IntoIterator<Item = Case>) {
    let long = is_long();
    let mut random = Random::from_environment();
    for case in cases {
        let mut sizes = sizes(long);
        if !long {
            sizes.push(random.below(MOST));
            sizes.extend((0..20).map(|_| random.below(700)));
        }
        case.check(&sizes, &mut random);
    }
}

#[test]
fn every_size_of_each_alphabet() {
    let all = (1..=8).map(Data::Alphabet);
    every_size(all.map(|data| Case {
        data,
        ..Case::default()
    }));
}

#[test]
fn every_size_of_text_zeros_and_far_repeats() {
    let all = [Data::Text, Data::Zeros, Data::FarRepeats];
    every_size(all.map(|data| Case {
        data,
        ..Case::default()
    }));
}

#[test]
fn every_size_at_each_level() {
    every_size((1..=9).map(|level| Case {
        level,
        ..Case::default()
    }));
}

#[test]
fn every_size_within_each_window() {
    every_size((8..=15).map(|bits| Case {
        bits,
        ..Case::default()
    }));
}

#[test]
fn every_size_in_each_form_with_and_without_takeover() {
    let forms = Form::ALL.map(|form| Case {
        form,
        ..Case::default()
    });
    every_size(forms);
    every_size(forms.map(|case| Case {
        takeover: false,
        ..case
    }));
}

#[test]
fn any_size_of_any_combination() {
    let mut random = Random::from_environment();
    let rounds = if is_long() { 4_000 } else { 60 };
    for _ in 0..rounds {
        let case = any_case(&mut random);
        let most = *random.of(&[300, 40_000, MOST]);
        let sizes: Vec<usize> = (0..3).map(|_| random.below(most)).collect();
        case.check(&sizes, &mut random);
    }
}

/// Level 1 keeps back up to 4 KiB, so that the sizes at which it lost bytes are ranges.
#[test]
fn sizes_that_level_1_cut_short() {
    let ranges: [RangeInclusive<usize>; 2] = [58_446..=61_403, 116_757..=118_746];
    let step = if is_long() { 1 } else { 331 };
    let sizes: Vec<usize> = ranges
        .into_iter()
        .flat_map(|range| range.step_by(step))
        .collect();
    let mut random = Random::from_environment();
    for takeover in [false, true] {
        for form in Form::ALL {
            let case = Case {
                level: 1,
                takeover,
                form,
                ..Case::default()
            };
            case.check(&sizes, &mut random);
        }
    }
}
