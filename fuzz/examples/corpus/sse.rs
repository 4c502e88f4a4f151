//! Event streams, the fields of events, and what an event source meets in a network.

use crate::Inputs;
use crate::dice::Dice;

/// Streams after the byte that says how they are cut.
pub(crate) fn streams(count: u64) -> Inputs {
    (0..count)
        .map(|seed| {
            let mut dice = Dice::new(seed + 1);
            let mut input = vec![dice.byte()];
            if dice.below(5) == 0 {
                input.extend_from_slice(b"\xef\xbb\xbf");
            }
            let end = dice.of(ENDS);
            for _ in 0..1 + dice.below(8) {
                input.extend_from_slice(dice.of(LINES));
                input.extend(dice.of(&[end, end, end, "\n", "\r", "\r\n"]).bytes());
                if dice.below(3) == 0 {
                    input.extend(end.bytes());
                }
            }
            input
        })
        .collect()
}

/// Type, ID and data, with a bar between them.
pub(crate) fn fields(count: u64) -> Inputs {
    (0..count)
        .map(|seed| {
            let mut dice = Dice::new(seed + 1);
            let word = |dice: &mut Dice| {
                dice.of(&[
                    "",
                    "x",
                    "message",
                    " a",
                    "caf\u{e9}",
                    "世界",
                    "a:b",
                    "a\nb",
                    "\0",
                ])
            };
            let parts = [
                word(&mut dice),
                word(&mut dice),
                &"one\r\ntwo\r\n\n"[dice.below(8)..],
            ];
            parts[..1 + dice.below(3)].join("|").into_bytes()
        })
        .collect()
}

/// Scripts for an event source.
pub(crate) fn networks(count: u64) -> Inputs {
    (0..count)
        .map(|seed| {
            let mut dice = Dice::new(seed + 1);
            let mut input = vec![dice.byte()];
            for _ in 0..2 + dice.below(10) {
                let steps = if dice.below(2) == 0 {
                    &STEPS[..3]
                } else {
                    STEPS
                };
                input.extend_from_slice(dice.of(steps).as_bytes());
                input.push(b'|');
            }
            input
        })
        .collect()
}

const ENDS: &[&str] = &["\n", "\r", "\r\n"];

const LINES: &[&[u8]] = &[
    b"data: hello",
    b"data:hello",
    b"data:  two spaces",
    b"data",
    b"data:",
    b"data: {\"delta\":\"a token\"}",
    b"data: \xff\xfe not UTF-8 \xc3",
    "data: 世界 🦀".as_bytes(),
    b"event: add",
    b"event",
    b"event:",
    b"id: 42",
    b"id",
    b"id: a\0b",
    b"retry: 3000",
    b"retry: 18446744073709551616",
    b"retry: -1",
    b": a comment",
    b":",
    b"unknown: field",
    b"Data: another case",
    b" data: a space before",
    b"data : a space behind",
    b"",
    b"",
    b"\xef\xbb\xbfdata: a second mark",
];

const STEPS: &[&str] = &[
    "r",
    "h200 text/event-stream",
    "bid: 1\ndata: x\n\n",
    "e",
    "f",
    "w",
    "t500",
    "c",
    "h200 text/event-stream;charset=utf-8",
    "h200 text/html",
    "h204 ",
    "h301 http://b/c",
    "h307 /relative?q",
    "h303 https://host:8080/",
    "h503 120",
    "h503 Wed, 21 Oct 2015 07:28:00 GMT",
    "h500 ",
    "g200 text/event-stream",
    "bretry: 10\n\n",
    "bdata: cut",
    "b\n\n",
    "bid\n\n",
    "bid: caf\u{e9} \n\n",
    "bdata: a line that is longer than the limit of twenty\n\n",
];
