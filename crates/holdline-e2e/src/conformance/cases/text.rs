//! Text is UTF-8 (RFC 6455 §5.6, §8.1), and is refused at the first impossible byte.

use super::super::{Case, Cut, Frame, Script, fragments};
use super::CUTS;

const SECTION: &str = "RFC 6455 §8.1";

pub(super) fn add(list: &mut Vec<Case>) {
    for (name, text) in VALID {
        add_valid(list, name, text);
    }
    for (name, bytes) in INVALID {
        add_invalid(list, name, bytes);
    }
    for (name, bytes) in UNFINISHED {
        add_unfinished(list, name, bytes);
    }
    list.push(Case::new(
        "binary messages may be anything",
        "RFC 6455 §5.6",
        || {
            let data = INVALID.map(|(_, bytes)| bytes).concat();
            let frames = fragments(&Frame::binary(&data), [1; 20]);
            Script::new().send(frames).binary(data)
        },
    ));
}

fn add_valid(list: &mut Vec<Case>, name: &'static str, text: &'static str) {
    for (how, cut) in CUTS {
        list.push(Case::new(
            format!("text, {name}{how}"),
            SECTION,
            move || Script::new().send_cut([Frame::text(text)], cut).text(text),
        ));
    }
    let name = format!("text, {name}, a fragment for each byte");
    list.push(Case::new(name, SECTION, move || {
        let frames = fragments(&Frame::text(text), vec![1; text.len()]);
        Script::new().send(frames).text(text)
    }));
}

fn add_invalid(list: &mut Vec<Case>, name: &'static str, bytes: &'static [u8]) {
    let impossible = first_impossible(bytes).expect("it is in the list of the impossible");
    for (how, cut) in CUTS {
        let name = format!("no text, {name}{how}");
        list.push(Case::new(name, SECTION, move || {
            let text = [b"before ", bytes, b" after"].concat();
            Script::new()
                .send_cut([Frame::text(text), Frame::ping("late")], cut)
                .fails(1007)
        }));
    }
    list.push(Case::new(
        format!("no text, {name}, refused in the middle of a frame"),
        SECTION,
        move || {
            let text = [b"before ", &bytes[..=impossible]].concat();
            let frame = Frame::text(text).declaring(5000);
            Script::new().send([frame]).fails(1007)
        },
    ));
    list.push(Case::new(
        format!("no text, {name}, refused at byte {impossible} and not before"),
        SECTION,
        move || {
            let (good, bad) = (&bytes[..impossible], &bytes[impossible..=impossible]);
            Script::new()
                .send([Frame::text(good).unfinished(), Frame::ping("so far")])
                .pong("so far")
                .send([Frame::continuation(bad).unfinished()])
                .fails(1007)
        },
    ));
    list.push(Case::new(
        format!("no text, {name}, a fragment for each byte"),
        SECTION,
        move || {
            let frames = fragments(&Frame::text(bytes), vec![1; bytes.len()]);
            Script::new().send(frames).fails(1007)
        },
    ));
}

/// Every byte in them is possible, but they end too early.
fn add_unfinished(list: &mut Vec<Case>, name: &'static str, bytes: &'static [u8]) {
    for (how, cut) in CUTS {
        let name = format!("text that ends after {name}{how}");
        list.push(Case::new(name, SECTION, move || {
            let text = [b"caf", bytes].concat();
            Script::new().send_cut([Frame::text(text)], cut).fails(1007)
        }));
    }
    for (what, end) in [
        ("an empty last fragment", &b""[..]),
        ("another character", b"a"),
    ] {
        let name = format!("text that ends after {name}, by {what}");
        list.push(Case::new(name, SECTION, move || {
            let frames = [Frame::text(bytes).unfinished(), Frame::ping("so far")];
            Script::new()
                .send(frames)
                .pong("so far")
                .send([Frame::continuation(end)])
                .fails(1007)
        }));
    }
    let name = format!("a frame may end after {name}, and the text go on");
    list.push(Case::new(name, SECTION, move || {
        // The smallest possible rest of the character.
        let rest: &[u8] = match bytes[0] {
            0xf0.. => &[0x90, 0x80, 0x80][bytes.len() - 1..],
            0xe0.. => &[0xa0, 0x80][bytes.len() - 1..],
            _ => &[0x80],
        };
        let frames = [
            Frame::text(bytes).unfinished(),
            Frame::continuation("").unfinished(),
            Frame::continuation(rest),
        ];
        Script::new()
            .send_cut(frames, Cut::Pieces(1))
            .text([bytes, rest].concat())
    }));
}

/// The position of the first byte that cannot occur there in any text.
fn first_impossible(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len()).find(|&at| {
        std::str::from_utf8(&bytes[..=at]).is_err_and(|error| error.error_len().is_some())
    })
}

const VALID: [(&str, &str); 14] = [
    ("nothing but ASCII", "Hello-\u{7f}\u{0}\t"),
    ("two bytes each", "äöüß-\u{80}\u{7ff}"),
    ("three bytes each", "κόσμε-\u{800}\u{ffff}"),
    ("four bytes each", "🦀-\u{10000}\u{10ffff}"),
    ("all lengths", "aé世🦀é世a🦀"),
    ("before the surrogates", "\u{d7ff}"),
    ("after the surrogates", "\u{e000}"),
    ("the replacement character", "\u{fffd}"),
    (
        "non-characters of the first plane",
        "\u{fffe}\u{ffff}\u{fdd0}\u{fdef}",
    ),
    (
        "non-characters of the other planes",
        "\u{1fffe}\u{1ffff}\u{2fffe}\u{8ffff}\u{9fffe}\u{ffffe}\u{fffff}\u{10fffe}\u{10ffff}",
    ),
    ("a byte order mark", "\u{feff}a"),
    ("zeros", "\0\0\0"),
    ("the last of one and the first of two bytes", "\u{7f}\u{80}"),
    ("private use", "\u{f8ff}\u{10fffd}"),
];

const INVALID: [(&str, &[u8]); 34] = [
    ("a continuation byte alone", b"\x80"),
    ("the last continuation byte alone", b"\xbf"),
    ("two continuation bytes", b"\x80\xbf"),
    ("a continuation byte too many", b"\xc3\xa9\x80"),
    ("Latin-1", b"\xe9t\xe9"),
    ("two bytes, the second missing", b"\xc3 "),
    ("two bytes twice, the second missing", b"\xc3\xc3\xa9"),
    ("three bytes, the last missing", b"\xe4\xb8 "),
    ("three bytes, the last two missing", b"\xe4 "),
    ("four bytes, the last missing", b"\xf0\x9f\xa6 "),
    ("four bytes, the last two missing", b"\xf0\x9f "),
    ("four bytes, the last three missing", b"\xf0 "),
    ("the byte fe", b"\xfe"),
    ("the byte ff", b"\xff"),
    ("fe and ff", b"\xfe\xfe\xff\xff"),
    ("a slash in two bytes", b"\xc0\xaf"),
    ("a slash in three bytes", b"\xe0\x80\xaf"),
    ("a slash in four bytes", b"\xf0\x80\x80\xaf"),
    ("a slash in five bytes", b"\xf8\x80\x80\x80\xaf"),
    ("a slash in six bytes", b"\xfc\x80\x80\x80\x80\xaf"),
    ("U+007F in two bytes", b"\xc1\xbf"),
    ("U+07FF in three bytes", b"\xe0\x9f\xbf"),
    ("U+FFFF in four bytes", b"\xf0\x8f\xbf\xbf"),
    ("zero in two bytes", b"\xc0\x80"),
    ("the first surrogate", b"\xed\xa0\x80"),
    ("the last high surrogate", b"\xed\xaf\xbf"),
    ("the first low surrogate", b"\xed\xb0\x80"),
    ("the last surrogate", b"\xed\xbf\xbf"),
    ("a pair of surrogates", b"\xed\xa0\xbd\xed\xb8\x80"),
    ("U+110000", b"\xf4\x90\x80\x80"),
    ("U+13FFFF", b"\xf4\xbf\xbf\xbf"),
    ("the byte f5", b"\xf5\x80\x80\x80"),
    ("five bytes", b"\xf8\x88\x80\x80\x80"),
    ("six bytes", b"\xfd\xbf\xbf\xbf\xbf\xbf"),
];

const UNFINISHED: [(&str, &[u8]); 9] = [
    ("the first of two bytes", b"\xc3"),
    ("the first of three bytes", b"\xe4"),
    ("the second of three bytes", b"\xe4\xb8"),
    ("the first of three bytes, which asks for more", b"\xe0"),
    (
        "the second of three bytes before the surrogates",
        b"\xed\x9f",
    ),
    ("the first of four bytes", b"\xf0"),
    ("the second of four bytes", b"\xf0\x9f"),
    ("the third of four bytes", b"\xf0\x9f\xa6"),
    ("the second of the last four bytes", b"\xf4\x8f"),
];
