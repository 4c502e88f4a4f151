//! Pings and pongs (RFC 6455 §5.5).

use super::super::{Case, Frame, Script};
use super::{CUTS, noise};

pub(super) fn add(list: &mut Vec<Case>) {
    for length in [0, 1, 2, 124, 125] {
        for (how, cut) in CUTS {
            let name = format!("a ping of {length} bytes{how}");
            list.push(Case::new(name, "RFC 6455 §5.5.2", move || {
                let payload = noise(length);
                Script::new()
                    .send_cut([Frame::ping(&payload)], cut)
                    .pong(payload)
            }));
        }
    }
    for (how, cut) in CUTS {
        let name = format!("ten pings are answered in order{how}");
        list.push(Case::new(name, "RFC 6455 §5.5.3", move || {
            let payload = |number| format!("ping {number}");
            let script = Script::new().send_cut((0..10).map(|n| Frame::ping(payload(n))), cut);
            (0..10).fold(script, |script, number| script.pong(payload(number)))
        }));
        let name = format!("pings and messages are answered in order{how}");
        list.push(Case::new(name, "RFC 6455 §5.5.2", move || {
            let frames = [
                Frame::ping("1"),
                Frame::text("2"),
                Frame::ping("3"),
                Frame::binary("4"),
                Frame::ping("5"),
            ];
            Script::new()
                .send_cut(frames, cut)
                .pong("1")
                .text("2")
                .pong("3")
                .binary("4")
                .pong("5")
        }));
    }
    unsolicited(list);
    too_long(list);
}

/// "A response to an unsolicited Pong frame is not expected."
fn unsolicited(list: &mut Vec<Case>) {
    const SECTION: &str = "RFC 6455 §5.5.3";
    let pongs = [
        ("an empty pong", vec![Frame::pong("")]),
        ("a pong", vec![Frame::pong("unasked")]),
        ("a pong of 125 bytes", vec![Frame::pong(noise(125))]),
        ("ten pongs", vec![Frame::pong("unasked"); 10]),
    ];
    for (what, pongs) in pongs {
        let name = format!("{what} without a ping is passed over");
        list.push(Case::new(name, SECTION, move || {
            Script::new()
                .send(pongs.clone())
                .send([Frame::ping("now")])
                .pong("now")
                .send([Frame::text("still here")])
                .text("still here")
        }));
    }
}

/// "All control frames MUST have a payload length of 125 bytes or less" (§5.5), which their header
/// tells.
fn too_long(list: &mut Vec<Case>) {
    const SECTION: &str = "RFC 6455 §5.5";
    for (what, opcode) in [("a ping", 0x9), ("a pong", 0xa), ("a Close", 0x8)] {
        for length in [126, 127, 65_535, 65_536] {
            for (how, cut) in CUTS {
                if length > 127 && cut == super::Cut::Pieces(1) {
                    continue;
                }
                let name = format!("{what} of {length} bytes{how}");
                list.push(Case::new(name, SECTION, move || {
                    let frame = Frame::new(opcode, vec![0; length]);
                    Script::new().send_cut([frame], cut).fails(1002)
                }));
            }
            let name = format!("the header of {what} of {length} bytes");
            list.push(Case::new(name, SECTION, move || {
                let frame = Frame::new(opcode, "").declaring(length as u64);
                Script::new().send([frame]).fails(1002)
            }));
        }
    }
}
