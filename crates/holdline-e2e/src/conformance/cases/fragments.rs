//! Messages in fragments (RFC 6455 §5.4).

use super::super::{Case, Frame, Script, fragments};
use super::{CUTS, letters, noise};

const SECTION: &str = "RFC 6455 §5.4";

pub(super) fn add(list: &mut Vec<Case>) {
    whole(list);
    interleaved(list);
    broken_control(list);
    broken_order(list);
}

fn whole(list: &mut Vec<Case>) {
    let shapes: [(&str, &[usize]); 8] = [
        ("two fragments", &[5]),
        ("an empty first fragment", &[0]),
        ("an empty last fragment", &[10_000]),
        ("an empty fragment in the middle", &[5, 0]),
        ("ten fragments", &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("ten empty fragments before it", &[0; 10]),
        ("a fragment of each length form", &[3, 125, 126, 127]),
        ("fragments of one byte", &[1; 600]),
    ];
    for (shape, sizes) in shapes {
        for (how, cut) in CUTS {
            let name = format!("a text with {shape}{how}");
            list.push(Case::new(name, SECTION, move || {
                let text = letters(600);
                let mut frames = fragments(&Frame::text(&text), sizes.iter().copied());
                if frames.len() == 1 {
                    frames = vec![Frame::text(&text).unfinished(), Frame::continuation("")];
                }
                Script::new().send_cut(frames, cut).text(text)
            }));
            let name = format!("a binary message with {shape}{how}");
            list.push(Case::new(name, SECTION, move || {
                let data = noise(600);
                let mut frames = fragments(&Frame::binary(&data), sizes.iter().copied());
                if frames.len() == 1 {
                    frames = vec![Frame::binary(&data).unfinished(), Frame::continuation("")];
                }
                Script::new().send_cut(frames, cut).binary(data)
            }));
        }
    }
    for (what, empty) in [
        ("text", Frame::text as fn(&'static str) -> Frame),
        ("binary message", Frame::binary),
    ] {
        let name = format!("a {what} of three empty fragments");
        list.push(Case::new(name, SECTION, move || {
            let frames = [
                empty("").unfinished(),
                Frame::continuation("").unfinished(),
                Frame::continuation(""),
            ];
            let script = Script::new().send(frames);
            match what {
                "text" => script.text(""),
                _ => script.binary(""),
            }
        }));
    }
    list.push(Case::new(
        "two fragmented messages, one after the other",
        SECTION,
        || {
            let frames = [
                Frame::text("a").unfinished(),
                Frame::continuation("b"),
                Frame::binary("c").unfinished(),
                Frame::continuation("d"),
            ];
            Script::new().send(frames).text("ab").binary("cd")
        },
    ));
}

/// "Control frames MAY be injected in the middle of a fragmented message."
fn interleaved(list: &mut Vec<Case>) {
    for (how, cut) in CUTS {
        let name = format!("a ping between two fragments{how}");
        list.push(Case::new(name, SECTION, move || {
            let frames = [
                Frame::text("hel").unfinished(),
                Frame::ping("between"),
                Frame::continuation("lo"),
            ];
            Script::new()
                .send_cut(frames, cut)
                .pong("between")
                .text("hello")
        }));
        let name = format!("a pong between two fragments{how}");
        list.push(Case::new(name, SECTION, move || {
            let frames = [
                Frame::text("hel").unfinished(),
                Frame::pong("between"),
                Frame::continuation("lo"),
            ];
            Script::new().send_cut(frames, cut).text("hello")
        }));
        let name = format!("a ping between all of ten fragments{how}");
        list.push(Case::new(name, SECTION, move || {
            let mut frames = vec![Frame::binary("0").unfinished()];
            for number in 1..10 {
                frames.push(Frame::ping([number; 100]));
                let piece = Frame::continuation(number.to_string());
                frames.push(if number == 9 {
                    piece
                } else {
                    piece.unfinished()
                });
            }
            let script = Script::new().send_cut(frames, cut);
            let script = (1..10).fold(script, |script, number| script.pong([number; 100]));
            script.binary("0123456789")
        }));
        let name = format!("a Close between two fragments ends the message unfinished{how}");
        list.push(Case::new(name, SECTION, move || {
            let frames = [
                Frame::text("hel").unfinished(),
                Frame::close_with(1001, ""),
                Frame::continuation("lo"),
            ];
            Script::new().send_cut(frames, cut).answers(Some(1001))
        }));
    }
    list.push(Case::new(
        "a ping is answered while its message is unfinished",
        SECTION,
        || {
            Script::new()
                .send([Frame::text("hel").unfinished(), Frame::ping("alive")])
                .pong("alive")
                .send([Frame::continuation("lo").unfinished(), Frame::ping("yet")])
                .pong("yet")
                .send([Frame::continuation("")])
                .text("hello")
        },
    ));
}

/// "All control frames [...] MUST NOT be fragmented" (§5.5).
fn broken_control(list: &mut Vec<Case>) {
    let kinds = [
        ("ping", Frame::ping("hel")),
        ("pong", Frame::pong("hel")),
        ("Close", Frame::close_with(1000, "")),
    ];
    for (what, frame) in kinds {
        let frame = frame.unfinished();
        for (how, cut) in CUTS {
            let (name, frame) = (format!("a fragmented {what}{how}"), frame.clone());
            list.push(Case::new(name, "RFC 6455 §5.5", move || {
                Script::new()
                    .send_cut([frame.clone(), Frame::continuation("lo")], cut)
                    .fails(1002)
            }));
        }
        let (name, header) = (
            format!("the header of a fragmented {what}"),
            frame.clone().with_payload("").declaring(100),
        );
        list.push(Case::new(name, "RFC 6455 §5.5", move || {
            Script::new().send([header.clone()]).fails(1002)
        }));
        let name = format!("a fragmented {what} within a message");
        list.push(Case::new(name, "RFC 6455 §5.5", move || {
            Script::new()
                .send([Frame::text("hel").unfinished(), frame.clone()])
                .fails(1002)
        }));
    }
}

fn broken_order(list: &mut Vec<Case>) {
    let text = Frame::text;
    let more = |payload: &'static str| Frame::continuation(payload).unfinished();
    let last = |payload: &'static str| Frame::continuation(payload);
    let broken = [
        ("a last fragment without a first", vec![last("a")]),
        ("an empty last fragment without a first", vec![last("")]),
        ("a fragment without a first", vec![more("a")]),
        (
            "a fragment without a first, then a text",
            vec![more("a"), text("b")],
        ),
        (
            "fragments without a first",
            vec![more("a"), more("b"), last("c")],
        ),
        (
            "a text within a text",
            vec![text("a").unfinished(), text("b")],
        ),
        (
            "an unfinished text within a text",
            vec![text("a").unfinished(), text("b").unfinished()],
        ),
        (
            "a binary message within a text",
            vec![text("a").unfinished(), Frame::binary("b")],
        ),
        (
            "a text within a binary message",
            vec![Frame::binary("a").unfinished(), text("b")],
        ),
        (
            "an empty text within a text",
            vec![text("a").unfinished(), text("")],
        ),
        (
            "a text after two fragments and a ping",
            vec![
                text("a").unfinished(),
                more("b"),
                Frame::pong(""),
                text("c"),
            ],
        ),
        (
            "all fragments with the opcode of the first",
            vec![text("a").unfinished(), text("b").unfinished(), text("c")],
        ),
    ];
    for (name, frames) in broken {
        for (how, cut) in CUTS {
            let frames = frames.clone();
            list.push(Case::new(format!("{name}{how}"), SECTION, move || {
                Script::new().send_cut(frames.clone(), cut).fails(1002)
            }));
        }
    }
    for (how, cut) in CUTS {
        let name = format!("a fragment after a finished message{how}");
        list.push(Case::new(name, SECTION, move || {
            let frames = [
                Frame::text("a").unfinished(),
                Frame::continuation("b"),
                Frame::continuation("c"),
                Frame::text("late"),
            ];
            Script::new().send_cut(frames, cut).text("ab").fails(1002)
        }));
    }
}
