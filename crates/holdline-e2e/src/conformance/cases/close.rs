//! The closing handshake (RFC 6455 §5.5.1, §7).

use super::super::{Case, Frame, Script};
use super::{CUTS, noise};

pub(super) fn add(list: &mut Vec<Case>) {
    codes(list);
    reasons(list);
    afterwards(list);
}

fn codes(list: &mut Vec<Case>) {
    let legal = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999,
        4000, 4001, 4999,
    ];
    for code in legal {
        let name = format!("Close with {code} is answered with the same");
        list.push(Case::new(name, "RFC 6455 §5.5.1", move || {
            Script::new()
                .send([Frame::close_with(code, "")])
                .answers(Some(code))
        }));
    }
    let illegal = [
        0, 1, 500, 999, 1004, 1005, 1006, 1015, 1016, 1017, 1100, 1999, 2000, 2999, 5000, 5001,
        9999, 32_768, 65_535,
    ];
    for code in illegal {
        for reason in ["", "a reason"] {
            let name = format!("Close with {code} and the reason {reason:?}");
            list.push(Case::new(name, "RFC 6455 §7.4", move || {
                Script::new()
                    .send([Frame::close_with(code, reason)])
                    .fails(1002)
            }));
        }
    }
    for (how, cut) in CUTS {
        let name = format!("an empty Close is answered with an empty one{how}");
        list.push(Case::new(name, "RFC 6455 §5.5.1", move || {
            Script::new()
                .send_cut([Frame::close("")], cut)
                .answers(None)
        }));
        for byte in [0x03, 0x00, 0xff] {
            let name = format!("a Close of the one byte {byte:#04x}{how}");
            list.push(Case::new(name, "RFC 6455 §5.5.1", move || {
                Script::new()
                    .send_cut([Frame::close([byte])], cut)
                    .fails(1002)
            }));
        }
    }
}

fn reasons(list: &mut Vec<Case>) {
    const SECTION: &str = "RFC 6455 §5.5.1";
    for length in [1, 2, 61, 122, 123] {
        for (how, cut) in CUTS {
            let name = format!("a reason of {length} bytes{how}");
            list.push(Case::new(name, SECTION, move || {
                let reason = vec![b'r'; length];
                Script::new()
                    .send_cut([Frame::close_with(1000, reason)], cut)
                    .answers(Some(1000))
            }));
        }
    }
    for (how, cut) in CUTS {
        let name = format!("a reason of 124 bytes{how}");
        list.push(Case::new(name, "RFC 6455 §5.5", move || {
            Script::new()
                .send_cut([Frame::close_with(1000, [b'r'; 124])], cut)
                .fails(1002)
        }));
        let name = format!("a reason in many scripts{how}");
        list.push(Case::new(name, SECTION, move || {
            Script::new()
                .send_cut([Frame::close_with(4000, "aé世🦀\u{ffff}")], cut)
                .answers(Some(4000))
        }));
    }
    let wrong: [(&str, &[u8]); 6] = [
        ("a byte ff", b"\xff"),
        ("Latin-1", b"d\xe9sol\xe9"),
        ("a surrogate", b"a\xed\xa0\x80b"),
        ("a character that is cut", b"caf\xc3"),
        ("a four-byte character that is cut", b"\xf0\x9f\xa6"),
        ("a slash in two bytes", b"\xc0\xaf"),
    ];
    for (what, reason) in wrong {
        for (how, cut) in CUTS {
            let name = format!("a reason that is no UTF-8, {what}{how}");
            list.push(Case::new(name, "RFC 6455 §8.1", move || {
                Script::new()
                    .send_cut([Frame::close_with(1000, reason)], cut)
                    .fails(1007)
            }));
        }
    }
}

/// "any data received after a Close is discarded" (§1.4).
fn afterwards(list: &mut Vec<Case>) {
    const SECTION: &str = "RFC 6455 §1.4";
    let after = [
        ("nothing", vec![]),
        ("a text", vec![Frame::text("late")]),
        ("a ping", vec![Frame::ping("late")]),
        ("another Close", vec![Frame::close_with(1001, "")]),
        ("an empty Close", vec![Frame::close("")]),
        ("a reserved opcode", vec![Frame::new(3, "late")]),
        ("a text that is no UTF-8", vec![Frame::text(b"\xff")]),
        ("half a frame", vec![Frame::text("late").declaring(100)]),
        ("64 KiB", vec![Frame::binary(noise(65_536))]),
        ("1 MiB", vec![Frame::binary(noise(1 << 20))]),
    ];
    for (what, frames) in after {
        for (how, cut) in CUTS {
            if what.ends_with("iB") && cut == super::Cut::Pieces(1) {
                continue;
            }
            let name = format!("{what} after a Close{how}");
            let frames = frames.clone();
            list.push(Case::new(name, SECTION, move || {
                let first = [Frame::text("before"), Frame::close_with(1000, "")];
                Script::new()
                    .send_cut(first.into_iter().chain(frames.clone()), cut)
                    .text("before")
                    .answers(Some(1000))
            }));
        }
    }
    // What came before the Close is a message still, however long: it is echoed first.
    for length in [256 << 10, 1 << 20] {
        let name = format!("{length} bytes and a text right before a Close, and a ping after it");
        list.push(Case::new(name, "RFC 6455 §7.1.2", move || {
            let long = "BAsd7&jh23".repeat(length / 10);
            let frames = [
                Frame::text(&long),
                Frame::text("Hello World!"),
                Frame::close_with(1000, ""),
                Frame::ping(""),
            ];
            Script::new()
                .send(frames)
                .text(long)
                .text("Hello World!")
                .answers(Some(1000))
        }));
    }
    // §7.1.7: nothing counts after a failure.
    for (how, cut) in CUTS {
        let name = format!("a Close after a broken frame is not answered{how}");
        list.push(Case::new(name, "RFC 6455 §7.1.7", move || {
            let frames = [
                Frame::new(3, "broken"),
                Frame::close_with(1000, ""),
                Frame::text("late"),
            ];
            Script::new().send_cut(frames, cut).fails(1002)
        }));
        let name = format!("64 KiB after a broken frame{how}");
        if cut != super::Cut::Pieces(1) {
            list.push(Case::new(name, "RFC 6455 §7.1.7", move || {
                let frames = [Frame::text(b"\xff"), Frame::binary(noise(65_536))];
                Script::new().send_cut(frames, cut).fails(1007)
            }));
        }
    }
}
