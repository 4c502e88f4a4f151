//! Every small stream, under every small limit, at every cut.

use holdline_sse::{Buffer, DecodeError, DecodeErrorKind, Decoder, ItemBuf, Limits};

use crate::harness::decoder;

/// What is seen of a stream so far: the items, and the error.
type Seen = (Vec<ItemBuf>, Option<DecodeError>);

/// Gives the decoder one piece, and notes what comes of it.
fn feed(decoder: &mut Decoder, buffer: &mut Buffer, mut piece: &[u8], seen: &mut Seen) {
    while seen.1.is_none() {
        match decoder.decode(&mut piece, buffer) {
            Ok(Some(item)) => seen.0.push(item.to_owned()),
            Ok(None) => break,
            Err(error) => seen.1 = Some(error),
        }
    }
}

fn run(limits: Limits, pieces: &[&[u8]]) -> (Seen, Decoder) {
    let mut decoder = decoder(limits);
    let mut buffer = Buffer::new();
    let mut seen = Seen::default();
    for piece in pieces {
        feed(&mut decoder, &mut buffer, piece, &mut seen);
    }
    (seen, decoder)
}

/// The first `n` bytes of the stream mean the same in one piece as byte by byte, for every `n`;
/// and so does the whole stream, cut in two anywhere. What a byte shows is therefore told when it
/// comes, never before and never later.
fn check(limits: Limits, stream: &[u8]) {
    let mut bytewise = decoder(limits);
    let mut buffer = Buffer::new();
    let mut seen = Seen::default();
    let end = run(limits, &[stream]).0;
    for cut in 0..=stream.len() {
        let (before, after) = stream.split_at(cut);
        let shown = || {
            format!(
                "{limits:?} {} | {}",
                before.escape_ascii(),
                after.escape_ascii()
            )
        };
        let (whole, decoder) = run(limits, &[before]);
        assert_eq!(whole, seen, "in one piece or byte by byte: {}", shown());
        assert_eq!(
            decoder.is_between_events(),
            bytewise.is_between_events(),
            "{}",
            shown()
        );
        assert_eq!(decoder.last_event_id(), bytewise.last_event_id());
        assert_eq!(
            run(limits, &[before, after]).0,
            end,
            "cut in two: {}",
            shown()
        );
        if let Some(next) = after.get(..1) {
            feed(&mut bytewise, &mut buffer, next, &mut seen);
        }
    }
}

fn limits(max_line: usize, max_event: usize) -> Limits {
    let mut limits = Limits::default();
    limits.max_line = max_line;
    limits.max_event = max_event;
    limits
}

#[test]
fn an_event_at_its_exact_limit_is_no_error_until_a_byte_is_too_much() {
    for start in ["data: a\ndata: ", "data: a\ndata:", "data: a\ndata"] {
        let (seen, _) = run(limits(9, 1), &[start.as_bytes()]);
        assert_eq!(seen, (vec![], None), "{start:?}");
        check(limits(9, 1), start.as_bytes());
        let stream = format!("{start}\ndata: x");
        let error = run(limits(9, 1), &[stream.as_bytes()]).0.1;
        let error = error.expect("the LF that joins the lines is too much");
        assert_eq!(error.kind(), DecodeErrorKind::EventTooLong { limit: 1 });
        check(limits(9, 1), stream.as_bytes());
    }
}

/// What lines may be, with the commonest first. The rest is only tried if `HOLDLINE_LONG` is set.
const LINES: [&str; 22] = [
    "data: ab",
    "data:",
    "data",
    "event: a",
    "event:abc",
    "id: ab",
    "id: \0ab",
    ": abc",
    "x: abc",
    "retry: 12",
    "",
    "data: ",
    "data:a",
    "datax: a",
    "event",
    "id:",
    "id: a",
    "id: ab\0",
    ":",
    ": a",
    "x",
    "retry: 1x",
];

#[test]
fn every_small_limit_is_met_at_the_same_byte_however_the_stream_is_cut() {
    let is_long = std::env::var_os("HOLDLINE_LONG").is_some();
    let lines = if is_long { &LINES[..] } else { &LINES[..11] };
    let most = if is_long { 3 } else { 2 };
    let first = ["data: a\r\n", "event: a\nid: a\n", "\u{feff}data:\r"];
    for max_line in 0..=most {
        for max_event in 0..=most {
            let limits = limits(max_line, max_event);
            for begin in first {
                for (at, one) in lines.iter().enumerate() {
                    for (other_at, other) in lines.iter().enumerate() {
                        let ends = [["\n", "\r"], ["\r\n", "\n"], ["\r", "\r\n"]];
                        let [one_end, other_end] = ends[(at + other_at) % ends.len()];
                        let stream = [begin, one, one_end, other, other_end, "\n"].concat();
                        check(limits, stream.as_bytes());
                    }
                }
            }
        }
    }
}
