//! The decoder at every split, and beside the encoder.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use bytes::BytesMut;
use proptest::prelude::*;

use super::super::encode;
use super::*;

const LIMITS: Limits = limits(30);

const fn limits(max_message: usize) -> Limits {
    Limits { max_message }
}

/// What a stream gave: each item in words, the error if any, and what the end said.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    items: Vec<String>,
    error: Option<DecodeError>,
    end: Result<Option<Item<'static>>, DecodeError>,
}

/// Decodes pieces one after the other, and checks the laws on the way.
fn run<'i>(limits: Limits, pieces: impl IntoIterator<Item = &'i [u8]>) -> Outcome {
    let (mut decoder, mut buffer) = (Decoder::new(limits), Buffer::new());
    let mut items = vec![];
    let mut error = None;
    'pieces: for mut input in pieces {
        loop {
            let before = input;
            match decoder.decode(&mut input, &mut buffer) {
                Ok(Some(item)) => {
                    // The boundary law: the item ends with the last byte taken.
                    let taken = before.len() - input.len();
                    assert_eq!(
                        before[..taken].iter().position(|b| *b == 0),
                        Some(taken - 1)
                    );
                    items.push(match item {
                        Item::Message(text) => text.to_string(),
                        Item::PolicyFileRequest => "(policy)".to_string(),
                    });
                }
                Ok(None) => {
                    // The drain law.
                    assert!(input.is_empty());
                    break;
                }
                Err(e) => {
                    // Errors are sticky, and take everything.
                    assert!(input.is_empty());
                    let mut later = &b"x\0"[..];
                    assert_eq!(decoder.decode(&mut later, &mut buffer), Err(e));
                    assert!(later.is_empty());
                    error = Some(e);
                    break 'pieces;
                }
            }
        }
        assert!(buffer.len() <= limits.max_message);
    }
    let end = decoder.decode_eof();
    Outcome { items, error, end }
}

/// Whole, at every split, byte by byte; with bytes after it when it ends in a NUL.
fn all_ways(limits: Limits, bytes: &[u8]) -> Outcome {
    let whole = run(limits, [bytes]);
    for at in 0..=bytes.len() {
        let (left, right) = bytes.split_at(at);
        assert_eq!(run(limits, [left, right]), whole, "split at {at}");
        assert_eq!(run(limits, [left, &[], right]), whole, "split at {at}");
    }
    assert_eq!(run(limits, bytes.chunks(1)), whole, "byte by byte");
    let mut trailing = bytes.to_vec();
    trailing.extend_from_slice(b"trailing");
    let more = run(limits, [&trailing[..]]);
    assert_eq!(more.items, whole.items, "trailing bytes");
    if whole.error.is_some() {
        assert_eq!(more.error, whole.error, "trailing bytes");
    }
    whole
}

fn error(kind: DecodeErrorKind, at: u64) -> Option<DecodeError> {
    Some(DecodeError { kind, at })
}

#[test]
fn messages() {
    let outcome = all_ways(LIMITS, "one\0\0zwölf\0".as_bytes());
    assert_eq!(outcome.items, ["one", "", "zwölf"]);
    assert_eq!((outcome.error, outcome.end), (None, Ok(None)));
}

#[test]
fn the_first_message_may_ask_for_the_policy() {
    let outcome = all_ways(LIMITS, b"<policy-file-request/>\0");
    assert_eq!(outcome.items, ["(policy)"]);
    let outcome = all_ways(LIMITS, b"a\0<policy-file-request/>\0");
    assert_eq!(outcome.items, ["a", "<policy-file-request/>"]);
    let outcome = all_ways(LIMITS, b"<policy-file-request/> \0");
    assert_eq!(outcome.items, ["<policy-file-request/> "]);
}

#[test]
fn the_longest_message() {
    let mut bytes = vec![b'a'; 30];
    bytes.push(0);
    let outcome = all_ways(LIMITS, &bytes);
    assert_eq!((outcome.items.len(), outcome.error), (1, None));
}

#[test]
fn a_message_too_long_fails_at_the_byte_after_the_limit() {
    let mut bytes = b"ok\0".to_vec();
    bytes.extend([b'a'; 31]);
    let outcome = all_ways(LIMITS, &bytes);
    assert_eq!(outcome.items, ["ok"]);
    assert_eq!(outcome.error, error(DecodeErrorKind::TooLong, 33));
    let outcome = all_ways(limits(0), b"\0\0a\0");
    assert_eq!(outcome.items, ["", ""]);
    assert_eq!(outcome.error, error(DecodeErrorKind::TooLong, 2));
}

#[test]
fn a_message_that_is_not_utf8_fails_where_it_is_not() {
    let outcome = all_ways(LIMITS, b"ok\0ab\xffc\0");
    assert_eq!(outcome.items, ["ok"]);
    assert_eq!(outcome.error, error(DecodeErrorKind::NotUtf8, 5));
    // A character that the NUL cuts short.
    let outcome = all_ways(LIMITS, b"a\xe2\x82\0");
    assert_eq!(outcome.error, error(DecodeErrorKind::NotUtf8, 1));
}

#[test]
fn the_end_within_a_message() {
    let outcome = run(LIMITS, [&b"a\0bc"[..]]);
    assert_eq!(outcome.end.err(), error(DecodeErrorKind::Unfinished, 4));
}

#[test]
fn every_small_limit_is_met_at_the_same_byte_however_the_stream_is_cut() {
    let words: [&[u8]; 5] = [b"", b"\0", b"a", b"ab\0", b"\xff"];
    for max_message in 0..=3 {
        for (first, second) in words.iter().flat_map(|a| words.map(|b| (*a, b))) {
            for (third, fourth) in words.iter().flat_map(|a| words.map(|b| (*a, b))) {
                let stream = [first, second, third, fourth].concat();
                // What the first bytes show is told when they have come, and not later.
                for end in 0..=stream.len() {
                    let (before, _) = stream.split_at(end);
                    let whole = run(limits(max_message), [before]);
                    let bytewise = run(limits(max_message), before.chunks(1));
                    assert_eq!(whole, bytewise, "{max_message} {}", before.escape_ascii());
                }
            }
        }
    }
}

#[test]
fn an_error_says_what_and_where_and_what_to_do() {
    let outcome = run(LIMITS, [&b"ok\0\xff\0"[..]]);
    assert_eq!(
        outcome.error.map(|error| error.to_string()).as_deref(),
        Some("message is not UTF-8 at byte 3 of the stream (RFC 3629 §3); close the connection")
    );
}

#[test]
fn memory_is_given_back() {
    let (mut decoder, mut buffer) = (Decoder::default(), Buffer::new());
    let large = vec![b'a'; 60_000];
    assert_eq!(decoder.decode(&mut &large[..], &mut buffer), Ok(None));
    assert!(matches!(
        decoder.decode(&mut &b"\0"[..], &mut buffer),
        Ok(Some(_))
    ));
    assert_eq!(decoder.decode(&mut &b""[..], &mut buffer), Ok(None));
    assert_eq!(
        format_args!("{buffer:?}").to_string(),
        "Buffer { bytes: [], taken: false }"
    );
}

#[test]
fn a_nul_cannot_be_sent() {
    let mut out = BytesMut::from("before");
    assert_eq!(encode("a\0b", &mut out).unwrap_err().at(), 1);
    assert_eq!(out, "before");
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(messages in proptest::collection::vec("[^\\x00]{0,7}", 0..5)) {
        let mut out = BytesMut::new();
        for message in &messages {
            encode(message, &mut out).unwrap();
        }
        let outcome = all_ways(LIMITS, &out);
        prop_assert_eq!(outcome.items, messages);
        prop_assert_eq!(outcome.end, Ok(None));
    }

    #[test]
    fn any_bytes_give_the_same_at_every_split(
        bytes in proptest::collection::vec(
            prop_oneof![3 => Just(b'a'), 2 => Just(0), 1 => any::<u8>()], 0..40)
    ) {
        all_ways(limits(8), &bytes);
    }
}
