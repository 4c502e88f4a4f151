//! Any frames, in any order: our decoder however they are cut, and tungstenite.

use holdline_websocket::{Buffer, Limits, Mask, MessageDecoder, ReceiveErrorKind as Kind, Role};

use super::item::{Item, Joined, assert_same};
use super::peer::{self, End};
use crate::cuts::{Cuts, seed};
use crate::stated::{Numbers, Script, Step};

type Outcome = (Vec<Item>, Option<(Kind, u64)>);

/// However a stream is cut, the messages and the error are the same, for either role, whole and in pieces. A caller that
/// asks for pieces and for whole messages in turns gets each message whole or only its beginning, never one with a hole.
/// tungstenite reads the same messages and refuses the same streams, except for what `DIFFERENCES` names.
pub fn frames(data: &[u8]) {
    let (seed, stream) = seed(data);
    for role in [Role::Server, Role::Client] {
        check(role, super::limits(5_000, 8_000), stream, seed);
    }
}

/// The same of frames whose opcodes, flags, lengths and payloads are stated (see `Script`), so that they are mostly legal
/// and long.
///
/// | bits of a step's kind | |
/// |---|---|
/// | 0 to 2 | text, binary, continuation, ping, pong, Close, text in two fragments, or any opcode |
/// | 3 | more fragments follow |
/// | 4, 5, 6 | if all three are set: reserved bits, a wrong mask bit, a length in more bytes than it needs, bytes instead of text |
pub fn stated(data: &[u8]) {
    let script = Script::of(data);
    let role = match script.flags & 1 {
        0 => Role::Server,
        _ => Role::Client,
    };
    let mut wire = Vec::new();
    for step in &script.steps {
        put_step(role, *step, &mut wire);
    }
    // Cut short, perhaps.
    let end = wire.len() - wire.len().min(usize::from(script.flags >> 5));
    check(
        role,
        super::limits(300_000, 400_000),
        &wire[..end],
        script.cuts,
    );
}

fn check(role: Role, limits: Limits, stream: &[u8], seed: u8) {
    let whole = decode(role, limits, std::iter::once(stream));
    assert_equal(&decode(role, limits, Cuts::of_long(stream, seed)), &whole);
    if stream.len() <= 10_000 {
        assert_equal(&decode(role, limits, stream.chunks(1)), &whole);
    }
    assert_equal(
        &mixed(role, limits, Cuts::of_long(stream, seed), 0xff),
        &whole,
    );
    let (items, error) = mixed(role, limits, Cuts::of_long(stream, seed), seed);
    assert_eq!(error, whole.1);
    let mut expected = whole.0.iter();
    for item in &items {
        assert!(expected.any(|whole| whole == item), "{item:?} has a hole");
    }
    second_opinion(role, limits, stream, seed, whole);
}

/// Where tungstenite takes what we refuse, and why we are right.
const DIFFERENCES: &[(Kind, &str)] = &[
    (
        Kind::NonMinimalLength,
        "RFC 6455 §5.2: \"in all cases, the minimal number of bytes MUST be used to encode the length\"",
    ),
    (
        Kind::ControlTooLong,
        "The same of a control frame: in its shortest form a length in two or eight bytes is more than the 125 that \
         §5.5 allows. tungstenite looks at the length alone",
    ),
];

/// tungstenite holds this close code for reserved and tells its caller of a 1002 in its place. RFC 6455 §7.4.2: "The IANA
/// registry" of §11.7 has the codes from 1000 to 2999, and there 1014 is "Bad Gateway".
const UNKNOWN_THERE: u16 = 1014;

fn second_opinion(role: Role, limits: Limits, stream: &[u8], seed: u8, ours: Outcome) {
    let (mut items, error) = ours;
    // After a Close nothing counts.
    if let Some(close) = items
        .iter()
        .position(|item| matches!(item, Item::Close(..)))
    {
        items.truncate(close + 1);
    }
    let is_closed = matches!(items.last(), Some(Item::Close(..)));
    let kind = error.map(|(kind, _)| kind).filter(|_| !is_closed);
    let mut theirs = peer::read(role, limits, Cuts::of_long(stream, seed));
    let answer = Item::Close(1002, "Protocol violation".into());
    if let Some(close @ Item::Close(UNKNOWN_THERE, _)) = items.last()
        && theirs.items.last() == Some(&answer)
    {
        theirs.items.pop();
        theirs.items.push(close.clone());
    }
    let refused = match kind {
        None | Some(Kind::UnexpectedEof) => false,
        Some(Kind::CloseCode) => {
            // It tells its caller of another Close, with which it answers, unless it refuses the reason as well.
            if theirs.items.last() == Some(&answer) {
                theirs.items.pop();
                theirs.end = End::Refused;
            }
            true
        }
        Some(_) => true,
    };
    if refused && theirs.end == End::Drained {
        // We refuse at the first byte that is wrong, and it when the frame is complete.
        let rest = vec![0; limits.max_frame as usize + 14];
        theirs = peer::read(role, limits, [stream, &rest].into_iter());
    }
    let expected = match (refused, is_closed) {
        (true, _) => End::Refused,
        (false, true) => theirs.end,
        (false, false) => End::Drained,
    };
    let is_same = theirs.items == items && theirs.end == expected;
    if !is_same && DIFFERENCES.iter().any(|(known, _)| kind == Some(*known)) {
        return;
    }
    assert_same(&theirs.items, &items);
    assert_eq!(theirs.end, expected, "we say {kind:?}");
}

fn put_step(role: Role, step: Step, wire: &mut Vec<u8>) {
    let (kind, payload) = (step.kind, step.payload);
    let (opcode, data) = match kind & 7 {
        0 => (1, payload.text().into_bytes()),
        1 => (2, payload.bytes()),
        2 => (0, payload.text().into_bytes()),
        3 => (9, payload.bytes()),
        4 => (10, payload.bytes()),
        5 => (8, close(&payload.text(), payload.seed)),
        6 => {
            // Anywhere, also inside a character.
            let text = payload.text().into_bytes();
            let at = Numbers::new(payload.seed).below(text.len() + 1);
            let (first, rest) = text.split_at(at);
            put_frame(role, 1, first, (payload.seed, 0), wire);
            (0x80, rest.to_vec())
        }
        _ => (payload.seed & 15, payload.bytes()),
    };
    let faults = match kind >> 4 & 7 {
        7 => payload.seed >> 4,
        _ => 0,
    };
    let data = match faults & 8 {
        0 => data,
        _ => payload.bytes(),
    };
    let fin = if kind & 8 == 0 { 0x80 } else { 0 };
    put_frame(role, fin | opcode, &data, (payload.seed, faults), wire);
}

/// The payload of a Close, with a code that is often good.
fn close(reason: &str, seed: u8) -> Vec<u8> {
    let code = match seed >> 6 {
        0 => 1000 + u16::from(seed),
        1 => 3000 + u16::from(seed),
        2 => u16::from(seed) * 40,
        _ if seed & 1 == 0 => return Vec::new(),
        _ => 1001,
    };
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

/// A frame with the faults that the bits of `faults` say: 1 reserved bits, 2 the mask bit, 4 the length.
fn put_frame(role: Role, first: u8, payload: &[u8], (seed, faults): (u8, u8), wire: &mut Vec<u8>) {
    let is_masked = (role == Role::Server) != (faults & 2 != 0);
    let mask_bit = if is_masked { 0x80 } else { 0 };
    wire.push(first | if faults & 1 == 0 { 0 } else { 0x20 });
    let length = payload.len();
    match length {
        0..126 if faults & 4 == 0 => wire.push(mask_bit | length as u8),
        0..0x1_0000 if faults & 4 == 0 || length < 126 => {
            wire.push(mask_bit | 126);
            wire.extend((length as u16).to_be_bytes());
        }
        _ => {
            wire.push(mask_bit | 127);
            wire.extend((length as u64).to_be_bytes());
        }
    }
    let start = wire.len() + 4;
    if is_masked {
        let key = [seed, 0xa5, seed.wrapping_mul(7), 0];
        wire.extend(key);
        wire.extend_from_slice(payload);
        Mask::new(key).apply(&mut wire[start..]);
    } else {
        wire.extend_from_slice(payload);
    }
}

#[track_caller]
fn assert_equal(got: &Outcome, expected: &Outcome) {
    assert_same(&got.0, &expected.0);
    assert_eq!(got.1, expected.1);
}

fn decode<'a>(role: Role, limits: Limits, pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = MessageDecoder::new(role, limits);
    let mut buffer = Buffer::new();
    let mut items = Vec::new();
    let most = 2 * limits.max_message as usize + 4_000;
    for piece in pieces {
        let mut block = piece.to_vec();
        let mut input = &mut block[..];
        loop {
            match decoder.decode(&mut input, &mut buffer) {
                Ok(Some(event)) => items.push(event.into()),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decoder.decode(&mut input, &mut buffer), Err(error));
                    return (items, Some((error.kind(), error.at())));
                }
            }
        }
        assert!(input.is_empty(), "None means that all was taken");
        assert!(buffer.capacity() <= most, "{}", buffer.capacity());
    }
    let end = decoder.decode_eof().err();
    (items, end.map(|error| (error.kind(), error.at())))
}

/// Asks for pieces where a bit of `modes` is set, for whole messages where it is not, in turns over all eight.
fn mixed<'a>(
    role: Role,
    limits: Limits,
    parts: impl Iterator<Item = &'a [u8]>,
    modes: u8,
) -> Outcome {
    let mut decoder = MessageDecoder::new(role, limits);
    let (mut buffer, mut items, mut joined) = (Buffer::new(), Vec::new(), Joined::default());
    for (at, part) in parts.enumerate() {
        let mut block = part.to_vec();
        let mut input = &mut block[..];
        loop {
            let received = if modes >> (at % 8) & 1 == 0 {
                // What there was of a message under way is not gone on with.
                joined = Joined::default();
                let event = decoder.decode(&mut input, &mut buffer);
                event.map(|event| event.map(|event| Some(Item::from(event))))
            } else {
                let piece = decoder.decode_piece(&mut input, &mut buffer);
                piece.map(|piece| piece.map(|piece| joined.push(piece)))
            };
            match received {
                Ok(Some(item)) => items.extend(item),
                Ok(None) => break,
                Err(error) => return (items, Some((error.kind(), error.at()))),
            }
        }
    }
    let end = decoder.decode_eof().err();
    (items, end.map(|error| (error.kind(), error.at())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_close_code_1014_is_unknown_there() {
        let limits = super::super::limits(5_000, 8_000);
        let stream = &b"\x88\x02\x03\xf6"[..];
        let (items, _) = decode(Role::Client, limits, std::iter::once(stream));
        assert_eq!(items, [Item::Close(UNKNOWN_THERE, String::new())]);
        let theirs = peer::read(Role::Client, limits, std::iter::once(stream));
        assert_ne!(theirs.items, items);
        frames(&[b"\x00", stream].concat());
    }

    /// Each difference is met, so that none outlives what it explains.
    #[test]
    fn the_differences_are_needed() {
        let cases = [
            (Kind::NonMinimalLength, &b"\x82\x7e\x00\x01x"[..]),
            (Kind::ControlTooLong, b"\x89\x7e\x00\x01x"),
        ];
        assert_eq!(
            cases.map(|(kind, _)| kind).to_vec(),
            DIFFERENCES
                .iter()
                .map(|(kind, _)| *kind)
                .collect::<Vec<_>>()
        );
        for (kind, stream) in cases {
            let limits = super::super::limits(5_000, 8_000);
            let (items, error) = decode(Role::Client, limits, std::iter::once(stream));
            assert_eq!((items.len(), error.map(|(kind, _)| kind)), (0, Some(kind)));
            let theirs = peer::read(Role::Client, limits, std::iter::once(stream));
            assert_eq!(
                (theirs.items.len(), theirs.end),
                (1, End::Drained),
                "{kind:?}"
            );
        }
    }
}
