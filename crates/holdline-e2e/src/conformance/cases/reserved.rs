//! Reserved bits and opcodes (RFC 6455 §5.2).

use super::super::{Case, Frame, Script};
use super::CUTS;

pub(super) fn add(list: &mut Vec<Case>) {
    const SECTION: &str = "RFC 6455 §5.2";
    for bits in 1..=7 {
        let frames = [
            ("an empty text", Frame::text("")),
            ("a text", Frame::text("hello")),
            ("a binary message", Frame::binary("hello")),
            ("a ping", Frame::ping("hello")),
            ("a pong", Frame::pong("hello")),
            ("a Close", Frame::close_with(1000, "")),
        ];
        for (what, frame) in frames {
            let name = format!("{what} with the reserved bits {bits:03b}");
            let frame = frame.reserved_bits(bits);
            list.push(Case::new(name, SECTION, move || {
                Script::new().send([frame.clone()]).fails(1002)
            }));
        }
        for (how, cut) in CUTS {
            let name = format!("a good text, then one with the reserved bits {bits:03b}{how}");
            list.push(Case::new(name, SECTION, move || {
                let bad = Frame::text("bad").reserved_bits(bits);
                Script::new()
                    .send_cut([Frame::text("good"), bad, Frame::ping("late")], cut)
                    .text("good")
                    .fails(1002)
            }));
        }
        let name = format!("a continuation with the reserved bits {bits:03b}");
        list.push(Case::new(name, SECTION, move || {
            let second = Frame::continuation("lo").reserved_bits(bits);
            Script::new()
                .send([Frame::text("hel").unfinished(), second])
                .fails(1002)
        }));
    }
    for opcode in (3..=7).chain(11..=15) {
        let frames = [
            ("empty", Frame::new(opcode, "")),
            ("with a payload", Frame::new(opcode, "hello")),
            ("unfinished", Frame::new(opcode, "hello").unfinished()),
            ("only its header", Frame::new(opcode, "").declaring(100)),
        ];
        for (what, frame) in frames {
            let name = format!("opcode {opcode}, {what}");
            list.push(Case::new(name, SECTION, move || {
                Script::new().send([frame.clone()]).fails(1002)
            }));
        }
        for (how, cut) in CUTS {
            let name = format!("a good text, then opcode {opcode}, then a ping{how}");
            list.push(Case::new(name, SECTION, move || {
                let frames = [
                    Frame::text("good"),
                    Frame::new(opcode, "bad"),
                    Frame::ping("late"),
                ];
                Script::new().send_cut(frames, cut).text("good").fails(1002)
            }));
        }
        let name = format!("opcode {opcode} within a message");
        list.push(Case::new(name, SECTION, move || {
            Script::new()
                .send([Frame::text("hel").unfinished(), Frame::new(opcode, "")])
                .fails(1002)
        }));
    }
}
