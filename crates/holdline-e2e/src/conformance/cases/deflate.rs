//! permessage-deflate (RFC 7692), used correctly.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::{Case, Cut, Frame, Item, Parameters, Script, fragments};
use super::{CUTS, letters, noise};

pub(super) fn add(list: &mut Vec<Case>) {
    conversations(list);
    forms(list);
}

/// Messages of all sizes over one connection, for each combination of parameters.
fn conversations(list: &mut Vec<Case>) {
    const SECTION: &str = "RFC 7692 §7.1";
    let both = Parameters::default();
    let mut agreements = Vec::new();
    for (tester_takeover, peer_takeover) in
        [(true, true), (false, true), (true, false), (false, false)]
    {
        agreements.push(Parameters {
            tester_takeover,
            peer_takeover,
            ..both
        });
    }
    for bits in [8, 9, 10, 11, 12, 13, 14] {
        agreements.push(Parameters {
            peer_bits: bits,
            ..both
        });
        agreements.push(Parameters {
            tester_bits: bits,
            ..both
        });
    }
    for bits in [9, 12] {
        agreements.push(Parameters {
            tester_takeover: false,
            tester_bits: bits,
            peer_takeover: false,
            peer_bits: bits,
        });
    }
    for agreement in agreements {
        let how = describe(agreement);
        let name = format!("texts of all sizes, {how}");
        list.push(Case::deflated(name, SECTION, agreement, |agreed| {
            let mut deflater = agreed.deflater();
            sizes(agreed).fold(Script::new(), |script, size| {
                let text = numbers(size);
                let frame = Frame::text(deflater.message(text.as_bytes())).compressed();
                let script = script.send([frame]);
                expect(script, Item::Text(text.into_bytes()))
            })
        }));
        let name = format!("messages of noise of all sizes, {how}");
        list.push(Case::deflated(name, SECTION, agreement, |agreed| {
            let mut deflater = agreed.deflater();
            sizes(agreed).fold(Script::new(), |script, size| {
                let data = noise(size);
                script
                    .send([Frame::binary(deflater.message(&data)).compressed()])
                    .binary(data)
            })
        }));
        let name = format!("100 messages that are alike, {how}");
        list.push(Case::deflated(name, SECTION, agreement, |agreed| {
            let mut deflater = agreed.deflater();
            (0..100).fold(Script::new(), |script, number| {
                let text = format!("{{\"number\":{number},\"text\":\"{}\"}}", letters(300));
                let frame = Frame::text(deflater.message(text.as_bytes())).compressed();
                let script = script.send([frame]);
                expect(script, Item::Text(text.into_bytes()))
            })
        }));
        let name = format!("fragments of any size, cut anywhere, {how}");
        list.push(Case::deflated(name, SECTION, agreement, |agreed| {
            let mut deflater = agreed.deflater();
            let mut random = StdRng::seed_from_u64(7692);
            sizes(agreed).fold(Script::new(), |script, size| {
                let text = numbers(size);
                let frame = Frame::text(deflater.message(text.as_bytes())).compressed();
                let most = 1 << random.random_range(1..16);
                let sizes = std::iter::repeat_with(|| random.random_range(0..most));
                let frames = fragments(&frame, sizes);
                let script = script.send_cut(frames, Cut::Random(size as u64));
                expect(script, Item::Text(text.into_bytes()))
            })
        }));
    }
    let name = "a text of 4 MiB, and 16 MiB of zeros";
    list.push(Case::deflated(name, SECTION, both, |agreed| {
        let mut deflater = agreed.deflater();
        let text = letters(4 << 20).into_bytes();
        let zeros = vec![0; 16 << 20];
        let first = Frame::text(deflater.message(&text)).compressed();
        let second = Frame::binary(deflater.message(&zeros)).compressed();
        Script::new()
            .send([first])
            .expect_compressed(Item::Text(text))
            .send([second])
            .expect_compressed(Item::Binary(zeros))
    }));
}

/// A message that is worth compressing must be compressed. For others the peer may choose.
fn expect(script: Script, item: Item) -> Script {
    match &item {
        Item::Text(data) if data.len() >= 1000 => script.expect_compressed(item),
        _ => script.expect(item),
    }
}

/// The different forms that a message may have (§7.2.3).
fn forms(list: &mut Vec<Case>) {
    const SECTION: &str = "RFC 7692 §7.2.3";
    let both = Parameters::default();
    let examples: [(&str, &[&[u8]]); 7] = [
        ("one block", &[b"\xf2\x48\xcd\xc9\xc9\x07\x00"]),
        (
            "a message that refers to the one before",
            &[b"\xf2\x48\xcd\xc9\xc9\x07\x00", b"\xf2\x00\x11\x00\x00"],
        ),
        (
            "a block without compression",
            &[b"\x00\x05\x00\xfa\xffHello\x00"],
        ),
        (
            "a block that says it is the last",
            &[b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"],
        ),
        (
            "two blocks",
            &[b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"],
        ),
        (
            "a last block, then a reference over it",
            &[b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", b"\xf2\x00\x11\x00\x00"],
        ),
        (
            "an empty block before it",
            &[b"\x00\x00\x00\xff\xff\xf2\x48\xcd\xc9\xc9\x07\x00"],
        ),
    ];
    for (what, messages) in examples {
        for (how, cut) in CUTS {
            let name = format!("compressed, {what}{how}");
            list.push(Case::deflated(name, SECTION, both, move |agreed| {
                // Without permission to refer back, only the first one is sent.
                let count = if agreed.tester_takeover {
                    messages.len()
                } else {
                    1
                };
                messages[..count]
                    .iter()
                    .fold(Script::new(), |script, message| {
                        script
                            .send_cut([Frame::text(message).compressed()], cut)
                            .text("Hello")
                    })
            }));
        }
    }
    for (how, cut) in CUTS {
        for (what, payload) in [
            ("one zero", &b"\x00"[..]),
            ("two bytes", b"\x02\x00"),
            ("a last block and a zero", b"\x03\x00\x00"),
        ] {
            let name = format!("an empty message as {what}{how}");
            list.push(Case::deflated(
                name,
                "RFC 7692 §7.2.3.6",
                both,
                move |_| {
                    let frames = [
                        Frame::text(payload).compressed(),
                        Frame::binary(payload).compressed(),
                    ];
                    Script::new().send_cut(frames, cut).text("").binary("")
                },
            ));
        }
    }
    let shapes: [(&str, &[usize]); 6] = [
        ("an empty first fragment", &[0]),
        ("empty fragments", &[0, 0, 1, 0, 0]),
        ("an empty last fragment", &[7, 0]),
        ("a fragment for each byte", &[1; 7]),
        ("two fragments", &[3]),
        ("a fragment before the last byte", &[6]),
    ];
    for (shape, sizes) in shapes {
        let name = format!("compressed, with {shape} and pings between");
        list.push(Case::deflated(name, "RFC 7692 §6.1", both, move |_| {
            let frame = Frame::text(b"\xf2\x48\xcd\xc9\xc9\x07\x00").compressed();
            let mut frames = Vec::new();
            let mut pieces = fragments(&frame, sizes.iter().copied());
            if shape == "an empty last fragment" {
                // `fragments` makes none of its own.
                pieces = vec![frame.unfinished(), Frame::continuation("")];
            }
            let pings = pieces.len() - 1;
            for (at, piece) in pieces.into_iter().enumerate() {
                frames.push(piece);
                if at < pings {
                    frames.push(Frame::ping(at.to_string()));
                }
            }
            let script = Script::new().send(frames);
            let script = (0..pings).fold(script, |script, at| script.pong(at.to_string()));
            script.text("Hello")
        }));
    }
    list.push(Case::deflated(
        "compressed and plain messages in turns",
        "RFC 7692 §6",
        both,
        |agreed| {
            let mut deflater = agreed.deflater();
            (0..20).fold(Script::new(), |script, number| {
                let text = format!("message {number} of twenty");
                let frame = match number % 3 {
                    0 => Frame::text(&text),
                    _ => Frame::text(deflater.message(text.as_bytes())).compressed(),
                };
                script.send([frame]).text(text)
            })
        },
    ));
    list.push(Case::deflated(
        "last blocks in every message",
        "RFC 7692 §7.2.3.4",
        both,
        |agreed| {
            let mut deflater = agreed.deflater();
            (0..20).fold(Script::new(), |script, number| {
                let text = numbers(number * 500);
                let payload = match number % 2 {
                    0 => deflater.final_block(text.as_bytes()),
                    _ => deflater.message(text.as_bytes()),
                };
                script.send([Frame::text(payload).compressed()]).text(text)
            })
        },
    ));
    list.push(Case::deflated(
        "a flush after each 100 bytes",
        "RFC 7692 §7.2.3.5",
        both,
        |agreed| {
            let mut deflater = agreed.deflater();
            let text = numbers(20_000);
            let mut payload = Vec::new();
            for piece in text.as_bytes().chunks(100) {
                payload.extend(deflater.flushed(piece));
            }
            payload.truncate(payload.len() - 4);
            Script::new()
                .send([Frame::text(payload).compressed()])
                .expect_compressed(Item::Text(text.into_bytes()))
        },
    ));
}

fn describe(agreement: Parameters) -> String {
    let side = |takeover, bits| {
        let takeover = if takeover { "" } else { " without takeover" };
        format!("window {bits}{takeover}")
    };
    format!(
        "tester with {}, peer with {}",
        side(agreement.tester_takeover, agreement.tester_bits),
        side(agreement.peer_takeover, agreement.peer_bits)
    )
}

/// Compressible text that refers far back.
fn numbers(length: usize) -> String {
    let mut text = String::with_capacity(length + 40);
    let mut number = 1_u32;
    while text.len() < length {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push_str(&format!("{{\"n\":{},\"x\":[1,2]}}\n", number >> 20));
    }
    text.truncate(length);
    text
}

/// Sizes of messages. Keeping within a small window is slow for the tester, and a few windows are enough.
fn sizes(agreed: Parameters) -> impl Iterator<Item = usize> {
    const SIZES: [usize; 14] = [
        0, 1, 2, 16, 125, 126, 127, 1024, 5000, 1000, 16_384, 65_535, 65_536, 131_072,
    ];
    let count = if agreed.tester_bits < 15 { 11 } else { 14 };
    SIZES.into_iter().take(count)
}
