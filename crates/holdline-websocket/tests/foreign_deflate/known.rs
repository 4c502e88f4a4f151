//! What users saw, case by case.

use bytes::BytesMut;

use crate::data::{Data, Random};
use crate::foreign::{Case, Form, Peer};

/// 6 bits of entropy from a generator that everybody has.
pub(crate) fn numbers(size: usize) -> Vec<u8> {
    let mut x = 1u32;
    let mut next = || {
        x = x.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        (x >> 16) as u8 & 0x3f
    };
    (0..size).map(|_| next()).collect()
}

fn base64(size: usize) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = numbers(size).into_iter();
    letters.map(|n| LETTERS[usize::from(n)]).collect()
}

#[track_caller]
fn exchange(case: &Case, messages: &[&[u8]]) {
    let (mut server, mut peer) = (case.server(), Peer::new(case));
    let mut random = Random::from_environment();
    for message in messages {
        let wire = case.send(&mut server, message, &mut random);
        peer.receive(&wire, message, case);
    }
}

#[test]
fn an_echo_of_61432_bytes_is_not_cut_to_58311() {
    for level in 1..=9 {
        for form in Form::ALL {
            let case = Case {
                level,
                form,
                takeover: false,
                ..Case::default()
            };
            exchange(&case, &[&numbers(61_432)]);
        }
    }
}

#[test]
fn base64_of_31900_bytes_is_valid_deflate_with_default_options() {
    exchange(&Case::default(), &[&base64(31_900)]);
}

#[test]
fn the_tail_of_a_message_does_not_come_in_front_of_the_next() {
    let data = base64(60_000);
    exchange(
        &Case {
            level: 1,
            ..Case::default()
        },
        &[&data, &data[..10], &data[..20]],
    );
}

#[test]
fn the_last_bytes_of_31750_are_the_right_ones() {
    for takeover in [false, true] {
        exchange(
            &Case {
                takeover,
                ..Case::default()
            },
            &[&base64(31_750), b"next"],
        );
    }
}

#[test]
fn a_last_fragment_just_above_a_block_is_whole() {
    let case = Case {
        form: Form::Fragments,
        ..Case::default()
    };
    for size in (31_740..32_500).step_by(20) {
        exchange(&case, &[&base64(size), b"next"]);
    }
}

/// They went out as they are, whatever was agreed.
#[test]
fn a_prepared_message_over_32_kib_is_sent_compressed() {
    for (bits, compressed) in [(15, true), (14, false)] {
        let case = Case {
            bits,
            form: Form::Prepared,
            ..Case::default()
        };
        let (mut server, mut peer) = (case.server(), Peer::new(&case));
        let zeros = vec![0; 32_769];
        let wire = case.send(&mut server, &zeros, &mut Random::from_environment());
        assert_eq!(wire.len() < 200, compressed, "{} bytes", wire.len());
        peer.receive(&wire, &zeros, &case);
    }
}

/// RFC 7692 §7.2.3.1 and §7.2.3.6. A flush that has nothing left to do would add an empty block.
#[test]
fn no_message_grows_by_an_empty_block() {
    let mut server = Case::default().server();
    let mut out = BytesMut::new();
    server.send_text("Hello", &mut out).unwrap();
    assert_eq!(out[..], *b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00");
    out.clear();
    server.send_text("", &mut out).unwrap();
    assert_eq!(out[..], *b"\xc1\x01\x00");
    let case = Case {
        data: Data::Text,
        ..Case::default()
    };
    let mut random = Random::from_environment();
    for size in [1, 100, 31_744, 31_745, 31_746, 63_490, 95_235, 200_000] {
        for takeover in [false, true] {
            let case = Case { takeover, ..case };
            let wire = case.send(
                &mut case.server(),
                &case.data.make(size, &mut random),
                &mut random,
            );
            // The end of the last block, and an empty block behind it but for its tail.
            assert!(!wire.ends_with(b"\x00\x00\xff\xff\x00"), "{size}");
        }
    }
}
