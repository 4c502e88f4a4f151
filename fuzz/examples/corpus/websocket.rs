//! Frames, handshakes, compressed payloads, and the protocol of the first browsers.

use crate::Inputs;
use crate::dice::Dice;

/// Frames after the byte that says how they are cut, masked or not.
pub(crate) fn frames(count: u64) -> Inputs {
    (0..count)
        .map(|seed| {
            let mut dice = Dice::new(seed + 1);
            let mut input = vec![dice.byte()];
            let is_masked = dice.below(2) == 0;
            for _ in 0..1 + dice.below(6) {
                step(&mut dice, is_masked, &mut input);
            }
            input
        })
        .collect()
}

/// Header lines of a request to open a connection.
pub(crate) fn handshakes(count: u64) -> Inputs {
    (0..count)
        .map(|seed| {
            let mut dice = Dice::new(seed + 1);
            let mut lines = vec![
                dice.of(&[
                    "Upgrade: websocket",
                    "Upgrade: WebSocket",
                    "upgrade: h2c, websocket",
                    "Upgrade: x",
                ]),
                dice.of(&[
                    "Connection: Upgrade",
                    "Connection: keep-alive, Upgrade",
                    "Connection: close",
                ]),
                dice.of(&[
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                    "Sec-WebSocket-Key: short",
                ]),
                dice.of(&[
                    "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Version: 8",
                ]),
            ];
            lines.extend(dice.some(HANDSHAKE, 3));
            if dice.below(4) == 0 {
                lines.remove(dice.below(lines.len()));
            }
            lines.join("\n").into_bytes()
        })
        .collect()
}

/// What is agreed on, how it is cut, and blocks of DEFLATE or a script of messages.
pub(crate) fn compressed(count: u64) -> Inputs {
    (0..count)
        .map(|seed| {
            let mut dice = Dice::new(seed + 1);
            let mut input = vec![dice.byte(), dice.byte()];
            if input[1] & 1 == 0 {
                for _ in 0..1 + dice.below(3) {
                    input.extend_from_slice(dice.of(BLOCKS));
                }
            } else {
                for _ in 0..1 + dice.below(6) {
                    input.push(dice.byte().max(b'\r'));
                    input.extend(dice.of(TEXTS).repeat(1 + dice.below(20)).bytes());
                    input.push(b'\n');
                }
            }
            input
        })
        .collect()
}

/// Frames of 0x00 and 0xff, and frames with a length.
pub(crate) fn hixie76(count: u64) -> Inputs {
    (0..count)
        .map(|seed| {
            let mut dice = Dice::new(seed + 1);
            let mut input = vec![dice.byte()];
            for _ in 0..1 + dice.below(6) {
                match dice.below(5) {
                    0 => input.extend([0x80, dice.byte() & 0x7f]),
                    1 => input.extend([0xff, 0x00]),
                    2 => input.extend_from_slice(b"12345678"),
                    _ => {
                        input.push(0x00);
                        input.extend(dice.of(TEXTS).bytes());
                        input.push(0xff);
                    }
                }
            }
            input
        })
        .collect()
}

fn step(dice: &mut Dice, is_masked: bool, out: &mut Vec<u8>) {
    let text = dice.of(TEXTS);
    let long = text.repeat(1 + dice.below(80));
    match dice.below(9) {
        0 | 1 => frame(0x81, text.as_bytes(), is_masked, dice, out),
        2 => frame(0x82, long.as_bytes(), is_masked, dice, out),
        3 => {
            // Cut anywhere, also inside a character.
            let (first, second) = text.as_bytes().split_at(dice.below(text.len() + 1));
            frame(0x01, first, is_masked, dice, out);
            frame(0x89, b"between", is_masked, dice, out);
            frame(0x80, second, is_masked, dice, out);
        }
        4 => frame(0x89, text.as_bytes(), is_masked, dice, out),
        5 => frame(0x8a, b"", is_masked, dice, out),
        6 => frame(0x88, dice.of(CLOSES), is_masked, dice, out),
        7 => frame(dice.byte(), text.as_bytes(), is_masked, dice, out),
        _ => frame(0x81, b"\xc3\x28 \xed\xa0\x80", is_masked, dice, out),
    }
}

fn frame(first: u8, payload: &[u8], is_masked: bool, dice: &mut Dice, out: &mut Vec<u8>) {
    let bit = if is_masked { 0x80 } else { 0 };
    let length = payload.len();
    out.push(first);
    match length {
        0..126 => out.push(bit | length as u8),
        _ => {
            out.push(bit | 126);
            out.extend((length as u16).to_be_bytes());
        }
    }
    let key = match is_masked {
        true => [dice.byte(), dice.byte(), 0, 0x20],
        false => [0; 4],
    };
    if is_masked {
        out.extend(key);
    }
    out.extend(
        payload
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
}

const TEXTS: &[&str] = &[
    "",
    "Hello",
    "caf\u{e9}",
    "世界",
    "🦀 crab",
    "{\"id\":\"0-1\",\"data\":\"x\"}",
    "aaaaaaaaaaaaaaaa",
];

const CLOSES: &[&[u8]] = &[
    b"",
    b"\x03\xe8",
    b"\x03\xe8bye",
    b"\x03\xe9caf\xc3\xa9",
    b"\x0f\xa0",
    b"\x03",
    b"\x03\xed",
    b"\x03\xe8\xff",
];

const HANDSHAKE: &[&str] = &[
    "Origin: http://a.example",
    "Sec-WebSocket-Protocol: chat, superchat",
    "Sec-WebSocket-Protocol: chat",
    "Sec-WebSocket-Extensions: permessage-deflate",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; server_max_window_bits=10, x",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=\"12\"",
    "Sec-WebSocket-Extensions: x; a=\"b\\\"c\"",
    "Sec-WebSocket-Extensions: ;",
    "Host: a",
];

/// DEFLATE: fixed codes, stored, an empty stored block, dynamic codes, a final block, and what is none.
const BLOCKS: &[&[u8]] = &[
    b"\xf2\x48\xcd\xc9\xc9\x07\x00",
    b"\x00\x05\x00\xfa\xffHello",
    b"\x00\x00\x00\xff\xff",
    b"\x02\x13\x00\x00",
    b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
    b"\x4c\x4c\x84\x02\x00",
    b"\x05\xc1\x01\x0d\x00\x00\x00\x80\x20\xff\xaf\x36\x04\x06",
    b"\xff\xff",
    b"\x00",
];
