//! permessage-deflate (RFC 7692), used wrongly.

use super::super::{Case, Deflater, Frame, Parameters, Script, fragments};
use super::{CUTS, noise};

pub(super) fn add(list: &mut Vec<Case>, most: usize) {
    texts(list);
    broken(list);
    bombs(list, most);
}

/// The rules for text also apply to compressed text.
fn texts(list: &mut Vec<Case>) {
    const SECTION: &str = "RFC 6455 §8.1";
    let both = Parameters::default();
    let wrong: [(&str, &[u8]); 5] = [
        ("Latin-1", b"d\xe9sol\xe9"),
        ("a surrogate", b"a\xed\xa0\x80b"),
        ("a slash in two bytes", b"\xc0\xaf"),
        ("U+110000", b"\xf4\x90\x80\x80"),
        ("a character that is cut", b"caf\xc3"),
    ];
    for (what, bytes) in wrong {
        for (how, cut) in CUTS {
            let name = format!("compressed, no text, {what}{how}");
            list.push(Case::deflated(name, SECTION, both, move |agreed| {
                let frame = Frame::text(agreed.deflater().message(bytes)).compressed();
                Script::new().send_cut([frame], cut).fails(1007)
            }));
        }
    }
    list.push(Case::deflated(
        "compressed text is refused before its last fragment",
        SECTION,
        both,
        |agreed| {
            let payload = agreed.deflater().flushed(b"d\xe9sol\xe9");
            let frame = Frame::text(payload).compressed().unfinished();
            Script::new().send([frame]).fails(1007)
        },
    ));
    list.push(Case::deflated(
        "a character over two compressed fragments",
        SECTION,
        both,
        |agreed| {
            let mut deflater = agreed.deflater();
            let text = "🦀".as_bytes();
            let first = deflater.flushed(&text[..2]);
            let rest = deflater.message(&text[2..]);
            let frames = [
                Frame::text(first).compressed().unfinished(),
                Frame::ping("so far"),
                Frame::continuation(rest),
            ];
            Script::new().send(frames).pong("so far").text(text)
        },
    ));
}

fn broken(list: &mut Vec<Case>) {
    let both = Parameters::default();
    let hello = || Frame::text(b"\xf2\x48\xcd\xc9\xc9\x07\x00").compressed();
    let bits = [
        ("a compressed ping", vec![Frame::ping("a").compressed()]),
        ("a compressed pong", vec![Frame::pong("a").compressed()]),
        (
            "a compressed Close",
            vec![Frame::close_with(1000, "").compressed()],
        ),
        (
            "a second fragment that says again that it is compressed",
            fragments(&hello(), [3])
                .into_iter()
                .map(Frame::compressed)
                .collect(),
        ),
        (
            "a second fragment alone that says it is compressed",
            vec![
                Frame::text("a").unfinished(),
                Frame::continuation("b").compressed(),
            ],
        ),
        ("RSV2", vec![hello().reserved_bits(6)]),
        ("RSV3", vec![hello().reserved_bits(5)]),
        ("RSV2 alone", vec![Frame::text("a").reserved_bits(2)]),
    ];
    for (what, frames) in bits {
        list.push(Case::deflated(what, "RFC 7692 §6", both, move |_| {
            Script::new().send(frames.clone()).fails(1002)
        }));
    }
    let data: [(&str, &[u8]); 6] = [
        ("a reference to nothing", b"\xf2\x00\x11\x00\x00"),
        ("a block of type 3", b"\x07"),
        (
            "a stored block whose lengths do not agree",
            b"\x00\x05\x00\x05\x00Hello\x00",
        ),
        ("text", b"\xffthis is not compressed"),
        (
            "a dynamic block without codes",
            b"\x04\x00\x00\x00\x00\x00\x00",
        ),
        ("a reserved length", b"\x1b\x03"),
    ];
    for (what, payload) in data {
        for (how, cut) in CUTS {
            let name = format!("bad compressed data, {what}{how}");
            list.push(Case::deflated(name, "RFC 7692 §7.2.2", both, move |_| {
                let frame = Frame::binary(payload).compressed();
                Script::new().send_cut([frame], cut).fails(1002)
            }));
        }
    }
    for (how, back) in [("within", 500), ("beyond", 600)] {
        let agreement = Parameters {
            tester_bits: 9,
            ..both
        };
        let name = format!("a reference {back} bytes back, {how} the agreed window of 512");
        list.push(Case::deflated(
            name,
            "RFC 7692 §7.1.2",
            agreement,
            move |_| {
                let data = noise(back).repeat(2);
                // It ignores what was negotiated.
                let frame = Frame::binary(Deflater::new(6, 15, true).message(&data));
                let script = Script::new().send([frame.compressed()]);
                match how {
                    "within" => script.binary(data),
                    _ => script.fails(1002),
                }
            },
        ));
    }
    list.push(Case::deflated(
        "compressed data that ends within a block",
        "RFC 7692 §7.2.2",
        both,
        |_| {
            // A stored block of 100 bytes, of which only 10 come before the tail.
            let payload = [&b"\x00\x64\x00\x9b\xff"[..], &[b'a'; 10]].concat();
            Script::new()
                .send([Frame::binary(payload).compressed()])
                .fails(1002)
        },
    ));
}

/// The limit applies to the inflated message.
fn bombs(list: &mut Vec<Case>, most: usize) {
    for zeros in [1, 1 << 20] {
        let name = format!("a small message that becomes {zeros} bytes more than the limit");
        list.push(Case::deflated(
            name,
            "RFC 6455 §10.4",
            Parameters::default(),
            move |agreed| {
                // The same blocks again and again, none of which refers to earlier data.
                let mut deflater = Deflater::new(6, agreed.tester_bits, false);
                let mut payload = deflater.flushed(&[0; 1 << 20]).repeat(most >> 20);
                payload.extend(deflater.message(&vec![0; zeros]));
                let frame = Frame::binary(payload).compressed();
                Script::new().send([frame]).fails(1009)
            },
        ));
    }
}
