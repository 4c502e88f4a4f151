//! The byte order mark, lines and UTF-8 (WHATWG HTML §9.2.5).

use super::items;
use crate::harness::{comment, event, id, message, trace};

// §9.2.5: the byte order mark.

#[test]
fn a_leading_byte_order_mark_is_ignored() {
    assert_eq!(items(b"\xef\xbb\xbfdata: a\n\n"), [message("a")]);
    assert_eq!(items(b"\xef\xbb\xbf"), []);
    assert_eq!(items(b"\xef\xbb\xbf\n"), []);
}

#[test]
fn only_one_byte_order_mark_is_ignored() {
    let stream = b"\xef\xbb\xbf\xef\xbb\xbfdata: a\ndata: b\n\n";
    assert_eq!(items(stream), [message("b")]);
}

#[test]
fn a_byte_order_mark_is_ignored_at_the_start_only() {
    assert_eq!(items(b"data: a\n\n\xef\xbb\xbfdata: b\n\n"), [message("a")]);
    assert_eq!(items(b"\n\xef\xbb\xbfdata: b\n\n"), []);
}

#[test]
fn a_byte_order_mark_in_data_is_data() {
    assert_eq!(items(b"data:\xef\xbb\xbfa\n\n"), [message("\u{feff}a")]);
}

#[test]
fn part_of_a_byte_order_mark_begins_an_unknown_field() {
    assert_eq!(items(b"\xefdata: a\ndata: b\n\n"), [message("b")]);
    assert_eq!(items(b"\xef\xbbdata: a\ndata: b\n\n"), [message("b")]);
    assert_eq!(items(b"\xef\xbb\ndata: b\n\n"), [message("b")]);
    assert_eq!(items(b"\xef\xbb:\ndata: b\n\n"), [message("b")]);
}

// §9.2.5: lines.

#[test]
fn lines_end_with_lf() {
    assert_eq!(items("data: a\ndata: b\n\n"), [message("a\nb")]);
}

#[test]
fn lines_end_with_cr() {
    assert_eq!(items("data: a\rdata: b\r\r"), [message("a\nb")]);
}

#[test]
fn lines_end_with_crlf() {
    assert_eq!(items("data: a\r\ndata: b\r\n\r\n"), [message("a\nb")]);
}

#[test]
fn line_ends_may_be_mixed() {
    assert_eq!(items("data: a\rdata: b\n\r"), [message("a\nb")]);
    assert_eq!(
        items("data: a\r\r\ndata: b\n\n"),
        [message("a"), message("b")]
    );
    assert_eq!(
        items("data: a\n\rdata: b\r\n\n"),
        [message("a"), message("b")]
    );
}

#[test]
fn an_event_is_dispatched_at_the_cr_of_its_blank_line() {
    let trace = trace(b"data: a\r\n\r\ndata: b\r\n\r\n");
    assert_eq!(trace.items, [(message("a"), 10), (message("b"), 21)]);
}

#[test]
fn one_lf_after_a_cr_is_dropped_and_a_second_one_is_a_blank_line() {
    let trace = trace(b"data: a\r\n\ndata: b\r\r\n\nid: c\n");
    assert_eq!(trace.items, [(message("a"), 10), (message("b"), 19)]);
}

#[test]
fn a_line_without_its_end_is_not_processed() {
    let cut = trace(b"retry: 5");
    assert_eq!((cut.items.len(), cut.reconnection_time), (0, None));
    assert!(!cut.is_between_events);
}

#[test]
fn nul_and_other_controls_do_not_end_a_line() {
    let stream = "data: a\0b\u{b}c\u{c}d\u{85}e\u{2028}f\n\n";
    assert_eq!(items(stream), [message("a\0b\u{b}c\u{c}d\u{85}e\u{2028}f")]);
}

// §9.2.5: UTF-8.

#[test]
fn each_maximal_subpart_becomes_one_replacement_character() {
    // The example of Unicode §3.9, table 3-8: the truncated sequences E1 80, E2, F0 91 92, F1 BF.
    let stream = b"data: \xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41\n\n";
    assert_eq!(
        items(stream),
        [message("\u{fffd}\u{fffd}\u{fffd}\u{fffd}A")]
    );
    // Table 3-7 forbids these second bytes, so each byte is a subpart of its own.
    let stream = b"data: \xed\xa0\x80\xc0\xaf\xf4\x90\x80\x80\n\n";
    assert_eq!(items(stream), [message(&"\u{fffd}".repeat(9))]);
}

#[test]
fn a_character_that_is_cut_by_pieces_is_whole() {
    assert_eq!(items("data: \u{1f980}\n\n"), [message("\u{1f980}")]);
}

#[test]
fn a_character_that_is_cut_by_a_line_end_is_not_joined_again() {
    let stream = b"data: \xf0\x9f\ndata: \xa6\x80\n\n";
    assert_eq!(items(stream), [message("\u{fffd}\n\u{fffd}\u{fffd}")]);
}

#[test]
fn invalid_bytes_are_replaced_in_every_field() {
    let stream = b":\xff\nevent:\xff\nid:\xff\ndata:\xff\n\nid\nid:a\xff\n\n";
    let bad = "\u{fffd}";
    assert_eq!(
        items(stream),
        [comment(bad), event(bad, bad, bad), id("a\u{fffd}")]
    );
}
