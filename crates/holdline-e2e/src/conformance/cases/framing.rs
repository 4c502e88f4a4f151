//! Lengths in all their forms (RFC 6455 §5.2), and masks (§5.1).

use super::super::{Case, Cut, Frame, Script};
use super::{letters, noise};

pub(super) fn add(list: &mut Vec<Case>) {
    echoes(list);
    long_forms(list);
    masks(list);
}

fn echoes(list: &mut Vec<Case>) {
    let lengths = [
        0, 1, 2, 3, 4, 5, 7, 8, 124, 125, 126, 127, 128, 129, 255, 256, 65_534, 65_535, 65_536,
        65_537, 131_072,
    ];
    for length in lengths {
        let pieces = if length < 1000 { 1 } else { 997 };
        let cuts = [
            ("in one write", Cut::Whole),
            ("in small writes", Cut::Pieces(pieces)),
            ("cut at random", Cut::Random(length as u64)),
        ];
        for (how, cut) in cuts {
            let name = format!("a text of {length} bytes, {how}");
            list.push(Case::new(name, "RFC 6455 §5.6", move || {
                let text = letters(length);
                Script::new().send_cut([Frame::text(&text)], cut).text(text)
            }));
            let name = format!("a binary message of {length} bytes, {how}");
            list.push(Case::new(name, "RFC 6455 §5.6", move || {
                let data = noise(length);
                Script::new()
                    .send_cut([Frame::binary(&data)], cut)
                    .binary(data)
            }));
        }
    }
    list.push(Case::new(
        "three messages in one write",
        "RFC 6455 §5.4",
        || {
            let frames = [Frame::text("a"), Frame::binary([0xff]), Frame::text("")];
            Script::new().send(frames).text("a").binary([0xff]).text("")
        },
    ));
}

/// "the minimal number of bytes MUST be used to encode the length".
fn long_forms(list: &mut Vec<Case>) {
    const SECTION: &str = "RFC 6455 §5.2";
    for length in [0, 1, 125] {
        for frame in [Frame::text, Frame::binary, Frame::ping, Frame::pong] {
            let frame = frame(vec![b'a'; length]);
            for (bits, frame) in [
                (16, frame.clone().length_in_16_bits()),
                (64, frame.clone().length_in_64_bits()),
            ] {
                let name = format!("the length {length} in {bits} bits: {}", first_byte(&frame));
                list.push(Case::new(name, SECTION, move || {
                    Script::new().send([frame.clone()]).fails(1002)
                }));
            }
        }
    }
    for length in [126, 65_535] {
        let name = format!("the length {length} in 64 bits");
        list.push(Case::new(name, SECTION, move || {
            let frame = Frame::binary(noise(length)).length_in_64_bits();
            Script::new().send([frame]).fails(1002)
        }));
    }
    for length in [1 << 63, (1 << 63) | 5, u64::MAX] {
        let name = format!("the length {length:#x}");
        list.push(Case::new(name, SECTION, move || {
            let frame = Frame::text("hello").declaring(length);
            Script::new().send([frame]).fails(1002)
        }));
    }
    list.push(Case::new(
        "a long length that is not the shortest, judged before its payload",
        SECTION,
        || {
            let frame = Frame::text("").declaring(125).length_in_64_bits();
            Script::new().send([frame]).fails(1002)
        },
    ));
}

fn first_byte(frame: &Frame) -> &'static str {
    match frame.first & 0xf {
        1 => "text",
        2 => "binary",
        9 => "ping",
        _ => "pong",
    }
}

fn masks(list: &mut Vec<Case>) {
    let frames = [
        ("a text", Frame::text("hello")),
        ("an empty text", Frame::text("")),
        ("a binary message", Frame::binary([0; 200])),
        ("a ping", Frame::ping("hello")),
        ("a pong", Frame::pong("hello")),
        ("a Close", Frame::close_with(1000, "")),
        ("an empty Close", Frame::close("")),
        ("a first fragment", Frame::text("hel").unfinished()),
    ];
    for (what, frame) in frames {
        let name = format!("{what} with a mask where there must be none, or the reverse");
        list.push(Case::new(name, "RFC 6455 §5.1", move || {
            Script::new().send([frame.clone().wrong_mask()]).fails(1002)
        }));
    }
    list.push(Case::new(
        "a continuation with the wrong mask",
        "RFC 6455 §5.1",
        || {
            let second = Frame::continuation("lo").wrong_mask();
            Script::new()
                .send([Frame::text("hel").unfinished(), second])
                .fails(1002)
        },
    ));
}
