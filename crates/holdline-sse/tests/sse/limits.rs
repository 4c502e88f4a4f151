//! What happens at a limit, one byte before it and one byte after it.

use holdline_sse::{Buffer, DecodeErrorKind, ItemBuf, Limits};
use proptest::prelude::*;

use crate::harness::{Trace, comment, decoder, event, id, message, retry, trace_with};

fn limits(max_line: usize, max_event: usize) -> Limits {
    let mut limits = Limits::default();
    limits.max_line = max_line;
    limits.max_event = max_event;
    limits
}

fn limited(max_line: usize, max_event: usize, stream: &[u8]) -> Trace {
    trace_with(&decoder(limits(max_line, max_event)), stream)
}

#[track_caller]
fn fits(max_line: usize, max_event: usize, stream: &[u8], items: &[ItemBuf]) {
    let trace = limited(max_line, max_event, stream);
    assert_eq!((trace.items().as_slice(), trace.error), (items, None));
}

#[track_caller]
fn too_long_line(max_line: usize, max_event: usize, stream: &[u8], at: u64) {
    let error = limited(max_line, max_event, stream).error;
    let error = error.expect("an error");
    let kind = DecodeErrorKind::LineTooLong { limit: max_line };
    assert_eq!((error.kind(), error.at()), (kind, at));
    assert_eq!(error.section(), "WHATWG HTML §9.2.5");
}

#[track_caller]
fn too_long_event(max_line: usize, max_event: usize, stream: &[u8], at: u64) {
    let error = limited(max_line, max_event, stream).error;
    let error = error.expect("an error");
    let kind = DecodeErrorKind::EventTooLong { limit: max_event };
    assert_eq!((error.kind(), error.at()), (kind, at));
    assert_eq!(error.section(), "WHATWG HTML §9.2.6");
}

#[test]
fn a_data_line_has_a_limit() {
    fits(4, 9, b"data: abcd\n\n", &[message("abcd")]);
    fits(4, 9, b"data:abcd\r\rdata", &[message("abcd")]);
    too_long_line(4, 9, b"data: abcde\n\n", 10);
    too_long_line(4, 9, b"data:abcde", 9);
    too_long_line(4, 9, b"\xef\xbb\xbfdata:abcde", 12);
    too_long_line(4, 9, b"data:  abcd", 10);
    too_long_line(4, 4, b"data: abcde", 10);
    too_long_line(0, 9, b"data: a", 6);
    fits(0, 9, b"data: \ndata\n\n", &[message("\n")]);
}

#[test]
fn an_event_has_a_limit() {
    fits(
        4,
        9,
        b"data: abcd\ndata: efgh\n\n",
        &[message("abcd\nefgh")],
    );
    too_long_event(4, 8, b"data: abcd\ndata: efgh\n\n", 20);
    too_long_event(4, 3, b"data: abcd\n\n", 9);
    too_long_event(4, 4, b"data: abcd\ndata: efgh\n\n", 17);
    too_long_event(4, 0, b"data: a", 6);
    fits(4, 0, b"data\n\n", &[message("")]);
}

#[test]
fn the_lf_that_joins_lines_counts() {
    fits(4, 5, b"data: abcd\ndata\n\n", &[message("abcd\n")]);
    too_long_event(4, 4, b"data: abcd\ndata\n", 15);
    too_long_event(4, 4, b"data: abcd\ndata:\n", 16);
    too_long_event(4, 4, b"data: abcd\ndata: \n", 17);
    too_long_event(9, 3, b"data\ndata\ndata\ndata\ndata\n", 24);
}

#[test]
fn the_limit_of_an_event_is_for_each_event() {
    let stream = b"data: abcd\n\ndata: efgh\n\n";
    fits(4, 4, stream, &[message("abcd"), message("efgh")]);
}

#[test]
fn types_and_ids_have_the_limit_of_a_line() {
    fits(
        2,
        9,
        b"event: ab\nid: cd\ndata\n\n",
        &[event("ab", "", "cd")],
    );
    too_long_line(2, 9, b"event: abc\n", 9);
    too_long_line(2, 9, b"id: abc\n", 6);
}

#[test]
fn an_id_with_nul_before_the_limit_is_skipped() {
    fits(2, 9, b"id: a\0aaaaaaaa\ndata: x\n\n", &[message("x")]);
    too_long_line(2, 9, b"id: aa\0aaaaaaaa\n", 6);
}

#[test]
fn a_long_comment_is_skipped_and_no_error() {
    fits(
        2,
        9,
        b": ab\n: abc\n:abc\n:\n",
        &[comment("ab"), comment("")],
    );
    fits(2, 9, b": abcdefgh\ndata: x\n\n", &[message("x")]);
}

#[test]
fn a_long_unknown_field_is_skipped_and_no_error() {
    fits(
        2,
        9,
        b"abcdefgh\nabcdefgh: ijk\ndata: x\n\n",
        &[message("x")],
    );
    fits(2, 9, b"a: abcdefgh\ndatab: c\ndata: x\n\n", &[message("x")]);
}

#[test]
fn a_long_retry_line_is_skipped_and_no_error() {
    fits(2, 9, b"retry: 12\nretry:34\n", &[retry(12), retry(34)]);
    fits(2, 9, b"retry: 012\n", &[]);
    fits(2, 9, b"retry: 0000000x\n", &[]);
}

#[test]
fn items_before_the_error_come_out_first() {
    let trace = limited(2, 9, b"id: 1\n\ndata: abc");
    assert_eq!(
        (trace.items(), trace.last_event_id),
        (vec![id("1")], "1".into())
    );
    assert_eq!(trace.error.map(|error| error.at()), Some(15));
}

#[test]
fn an_error_says_what_and_where_and_what_to_do() {
    let error = limited(2, 9, b"data: abc").error.expect("an error");
    assert_eq!(
        error.to_string(),
        "a line's value is longer than 2 bytes at byte 8 (WHATWG HTML §9.2.5); \
         drop the connection, or raise the limit"
    );
}

#[test]
fn comments_and_unknown_fields_are_not_stored() {
    use holdline_sse::Decoder;
    for start in [
        ": ",
        "unknown: ",
        "unknown",
        "id: \0",
        "retry: ",
        "\u{feff}\u{feff}",
    ] {
        let mut decoder = Decoder::new(limits(1000, 1000)).with_comments();
        let mut buffer = Buffer::new();
        assert_eq!(decoder.decode(&mut start.as_bytes(), &mut buffer), Ok(None));
        for _ in 0..1000 {
            assert_eq!(
                decoder.decode(&mut &[b'1'; 1000][..], &mut buffer),
                Ok(None)
            );
            assert!(buffer.capacity() <= 4096, "{start:?}");
        }
    }
}

/// Also when it comes byte by byte, and the bytes of a name are not looked at one by one.
#[test]
fn a_name_that_only_begins_like_a_known_one_is_not_stored() {
    for start in ["d", "data", "even", "i", "id", "retry"] {
        let mut decoder = decoder(Limits::default());
        let mut buffer = Buffer::new();
        for byte in start.bytes().chain([b'1'; 1000]) {
            assert_eq!(decoder.decode(&mut &[byte][..], &mut buffer), Ok(None));
        }
        assert!(buffer.capacity() <= 64, "{start}: {}", buffer.capacity());
    }
}

/// Lines of any kind and length, of bytes that are text and bytes that are not.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        4 => Just("data: "), 1 => Just("event: "), 1 => Just("id: "), 1 => Just(": "),
        1 => Just("retry: "), 1 => Just("other: "), 1 => Just("data"), 2 => Just(""),
    ];
    let byte = prop_oneof![Just(b'1'), Just(0xff), Just(0x00)];
    let len = prop_oneof![2 => Just(0), 3 => 0..9000_usize];
    let end = prop_oneof![4 => Just("\n"), 1 => Just("\r"), 1 => Just("\r\n"), 1 => Just("\n\n")];
    let line = (start, byte, len, end).prop_map(|(start, byte, len, end)| {
        [start.as_bytes(), &vec![byte; len], end.as_bytes()].concat()
    });
    prop::collection::vec(line, 0..30).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever comes, and however it is cut, a buffer stays below what `Limits` promises, and
    /// what is idle is small.
    #[test]
    fn no_stream_takes_more_memory_than_the_limits_allow(
        stream in lines(), max_line in 0..8000_usize, max_event in 0..16_000_usize,
        cut in prop_oneof![Just(usize::MAX), 1..10_000_usize, 1..100_usize],
    ) {
        let mut decoder = decoder(limits(max_line, max_event));
        let mut buffer = Buffer::new();
        // What `Limits` says.
        let most = 18 * max_line + 10 * max_event + 256;
        'stream: for mut piece in stream.chunks(cut) {
            loop {
                match decoder.decode(&mut piece, &mut buffer) {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => break 'stream,
                }
                prop_assert!(buffer.capacity() <= most, "{} > {most}", buffer.capacity());
            }
            prop_assert!(buffer.capacity() <= most, "{} > {most}", buffer.capacity());
            if decoder.is_between_events() {
                prop_assert!(buffer.capacity() <= 7 * 4096, "{}", buffer.capacity());
            }
        }
    }
}

#[test]
fn memory_is_bounded_by_the_limits() {
    use holdline_sse::Decoder;
    // Every byte of it becomes the three of U+FFFD.
    let block = [
        &b"event: "[..],
        &[0xff; 10_000],
        b"\nid: ",
        &[0xff; 10_000],
        b"\ndata: ",
        &[0xff; 10_000],
        b"\ndata: ",
        &[0xff; 9_999],
        b"\n: ",
        &[0xff; 10_000],
        b"\n\n",
    ]
    .concat();
    for size in [1, 64, 5_000, block.len()] {
        let mut decoder = Decoder::new(limits(10_000, 20_000)).with_comments();
        let mut buffer = Buffer::new();
        let mut events = 0;
        for _ in 0..3 {
            for mut piece in block.chunks(size) {
                while let Ok(Some(_)) = decoder.decode(&mut piece, &mut buffer) {
                    events += 1;
                    // Bytes of a type, an ID, a comment and the data; then three times that as
                    // text; all at most twice as large, for a growing vector doubles.
                    assert!(buffer.capacity() <= 2 * 4 * 50_000, "{}", buffer.capacity());
                }
            }
        }
        assert_eq!(events, 6);
        assert!(buffer.capacity() <= 7 * 4096, "{}", buffer.capacity());
    }
}

#[test]
fn a_stream_that_went_over_a_limit_holds_no_memory() {
    for start in [
        "data: ",
        "event: ",
        "id: ",
        "data: a\ndata: ",
        "event: a\ndata:",
    ] {
        let mut decoder = decoder(limits(1 << 20, 1 << 20));
        let mut buffer = Buffer::new();
        let piece = [b'a'; 1 << 16];
        let mut error = None;
        let mut input = start.as_bytes();
        assert_eq!(decoder.decode(&mut input, &mut buffer), Ok(None));
        while error.is_none() {
            error = decoder.decode(&mut &piece[..], &mut buffer).err();
        }
        assert!(
            buffer.capacity() <= 7 * 4096,
            "{start:?}: {}",
            buffer.capacity()
        );
    }
}
