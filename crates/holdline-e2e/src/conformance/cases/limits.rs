//! Long messages, many messages, and the limit (RFC 6455 §10.4).

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::{Case, Cut, Frame, Script, fragments};
use super::{letters, noise};

pub(super) fn add(list: &mut Vec<Case>, most: usize) {
    for length in [64 << 10, 256 << 10, 1 << 20, 4 << 20, LONGEST] {
        add_long(list, length, length, Cut::Whole);
    }
    for size in [
        64,
        256,
        1 << 10,
        4 << 10,
        16 << 10,
        64 << 10,
        256 << 10,
        1 << 20,
    ] {
        let length = if size < 1 << 10 { 256 << 10 } else { 4 << 20 };
        add_long(list, length, size, Cut::Whole);
    }
    for size in [64, 256, 1 << 10, 64 << 10] {
        add_long(list, 1 << 20, 1 << 20, Cut::Pieces(size));
    }
    for seed in 1..=3 {
        let name = format!("{LONGEST} bytes in fragments of any size, seed {seed}");
        list.push(Case::new(name, "RFC 6455 §5.4", move || {
            let data = noise(LONGEST);
            let mut random = StdRng::seed_from_u64(seed);
            let sizes = std::iter::repeat_with(move || random.random_range(0..1 << 19));
            let frames = fragments(&Frame::binary(&data), sizes);
            Script::new()
                .send_cut(frames, Cut::Random(seed))
                .binary(data)
        }));
    }
    add_many(list);
    add_too_long(list, most as u64);
}

fn add_long(list: &mut Vec<Case>, length: usize, size: usize, cut: Cut) {
    let how = match cut {
        Cut::Pieces(size) => format!(" in writes of {size}"),
        _ if size < length => format!(" in fragments of {size}"),
        _ => String::new(),
    };
    list.push(Case::new(
        format!("a text of {length} bytes{how}"),
        "RFC 6455 §5.4",
        move || {
            let text = letters(length);
            let frames = fragments(&Frame::text(&text), vec![size; length / size]);
            Script::new().send_cut(frames, cut).text(text)
        },
    ));
    list.push(Case::new(
        format!("a binary message of {length} bytes{how}"),
        "RFC 6455 §5.4",
        move || {
            let data = noise(length);
            let frames = fragments(&Frame::binary(&data), vec![size; length / size]);
            Script::new().send_cut(frames, cut).binary(data)
        },
    ));
}

fn add_many(list: &mut Vec<Case>) {
    for length in [0, 16, 125, 126, 1024, 8192] {
        let name = format!("200 messages of {length} bytes, each after the last one's echo");
        list.push(Case::new(name, "RFC 6455 §5.6", move || {
            let text = letters(length);
            (0..200).fold(Script::new(), |script, _| {
                script.send([Frame::text(&text)]).text(&text)
            })
        }));
    }
    list.push(Case::new(
        "1000 messages in one write",
        "RFC 6455 §5.6",
        || {
            let text = |number: usize| format!("message {number}");
            let script = Script::new().send((0..1000).map(|number| Frame::text(text(number))));
            (0..1000).fold(script, |script, number| script.text(text(number)))
        },
    ));
}

/// Refused because of the header alone: nothing of the payload is sent.
fn add_too_long(list: &mut Vec<Case>, most: u64) {
    const SECTION: &str = "RFC 6455 §10.4";
    for length in [most + 1, 1 << 32, (1 << 63) - 1] {
        for (what, frame) in [("text", Frame::text("")), ("binary", Frame::binary(""))] {
            let name = format!("the header of a {what} frame of {length} bytes");
            let frame = frame.declaring(length);
            list.push(Case::new(name, SECTION, move || {
                Script::new().send([frame.clone()]).fails(1009)
            }));
        }
    }
    list.push(Case::new(
        "a last fragment that is one byte too much",
        SECTION,
        move || {
            let piece = noise(1 << 20);
            let frames = fragments(&Frame::binary(&piece), vec![1 << 16; 16]);
            let mut frames: Vec<Frame> = frames.into_iter().map(Frame::unfinished).collect();
            frames.push(Frame::continuation("").declaring(most - (1 << 20) + 1));
            Script::new().send(frames).fails(1009)
        },
    ));
    list.push(Case::new(
        "a fragment whose length would overflow the sum",
        SECTION,
        move || {
            let second = Frame::continuation("").declaring((1 << 63) - 1);
            Script::new()
                .send([Frame::binary("a").unfinished(), second])
                .fails(1009)
        },
    ));
}

/// The longest message that these cases send.
const LONGEST: usize = 16 << 20;
