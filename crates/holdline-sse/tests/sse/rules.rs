//! The decoder's rules, one test each, with exact bytes.
//! Section numbers are those of WHATWG HTML, chapter 9 (Server-sent events).

use std::time::Duration;

use holdline_sse::{Buffer, Decoder, Item, ItemBuf, Limits};

use crate::harness::{comment, decoder, event, id, message, retry, run, trace, trace_with};

fn items(stream: impl AsRef<[u8]>) -> Vec<ItemBuf> {
    trace(stream.as_ref()).items()
}

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

// §9.2.6: field names.

#[test]
fn one_space_after_the_colon_is_removed() {
    assert_eq!(items("data:a\n\n"), [message("a")]);
    assert_eq!(items("data: a\n\n"), [message("a")]);
    assert_eq!(items("data:  a\n\n"), [message(" a")]);
    assert_eq!(items("data:\ta\n\n"), [message("\ta")]);
    assert_eq!(items("data: \n\n"), [message("")]);
    assert_eq!(items("data: a \n\n"), [message("a ")]);
}

#[test]
fn only_the_first_colon_divides_a_line() {
    assert_eq!(items("data: a: b\n\n"), [message("a: b")]);
    assert_eq!(items("data::a\n\n"), [message(":a")]);
}

#[test]
fn a_line_without_a_colon_is_a_name_with_an_empty_value() {
    assert_eq!(items("data\n\n"), [message("")]);
    assert_eq!(items("data\ndata\n\n"), [message("\n")]);
    assert_eq!(items("event: a\nevent\ndata\n\n"), [message("")]);
}

#[test]
fn field_names_are_compared_literally() {
    let names = [
        "Data", "DATA", "dat", "datax", "data ", " data", "da ta", "date",
    ];
    for name in names {
        assert_eq!(
            items(format!("{name}: a\ndata: b\n\n")),
            [message("b")],
            "{name}"
        );
        assert_eq!(
            items(format!("{name}\ndata: b\n\n")),
            [message("b")],
            "{name}"
        );
    }
    for name in [
        "Event", "events", "even", "ID", "i", "idx", "Retry", "retri", "retry1",
    ] {
        let stream = format!("{name}: 1\n{name}\ndata: b\n\n");
        assert_eq!(items(stream), [message("b")], "{name}");
    }
}

#[test]
fn names_with_nul_are_unknown() {
    for name in ["\0data", "da\0ta", "data\0", "id\0", "retry\0", "\0"] {
        assert_eq!(items(format!("{name}: 1\ndata: b\n\n")), [message("b")]);
    }
}

#[test]
fn unknown_fields_are_ignored() {
    assert_eq!(
        items("foo: a\nfoo\ndatadata: c\ndata: b\n\n"),
        [message("b")]
    );
}

// §9.2.6: comments.

#[test]
fn comments_are_ignored_inside_and_between_blocks() {
    let stream = ":\n: a\ndata: x\n:b\ndata: y\n: c:d\n\n::\n";
    assert_eq!(
        items(stream),
        [
            comment(""),
            comment("a"),
            comment("b"),
            comment("c:d"),
            message("x\ny"),
            comment(":"),
        ]
    );
    let plain = trace_with(&Decoder::default(), stream.as_bytes());
    assert_eq!(plain.items(), [message("x\ny")]);
}

// §9.2.6: data.

#[test]
fn data_lines_are_joined_with_lf() {
    assert_eq!(items("data: a\ndata:\ndata: b\n\n"), [message("a\n\nb")]);
    assert_eq!(
        items("data: a\nevent: e\ndata: b\n\n"),
        [event("e", "a\nb", "")]
    );
}

#[test]
fn a_block_without_data_is_not_dispatched() {
    assert_eq!(items("event: a\n\n"), []);
    assert_eq!(items("\n\n\n"), []);
}

#[test]
fn data_with_empty_lines_is_dispatched() {
    assert_eq!(
        items("data\n\ndata\ndata\n\ndata:"),
        [message(""), message("\n")]
    );
}

#[test]
fn data_does_not_leak_into_the_next_event() {
    assert_eq!(
        items("data: a\ndata: b\n\ndata: c\n\n"),
        [message("a\nb"), message("c")]
    );
}

// §9.2.6: event.

#[test]
fn the_last_event_field_names_the_type() {
    assert_eq!(items("event: a\nevent: b\ndata\n\n"), [event("b", "", "")]);
}

#[test]
fn the_type_is_reset_at_every_blank_line() {
    assert_eq!(items("event: a\n\ndata: x\n\n"), [message("x")]);
    let stream = "event: a\ndata: x\n\ndata: y\n\n";
    assert_eq!(items(stream), [event("a", "x", ""), message("y")]);
}

#[test]
fn an_empty_type_is_message() {
    assert_eq!(items("event:\ndata: x\n\n"), [message("x")]);
    assert_eq!(items("event: \ndata: x\n\n"), [message("x")]);
    assert_eq!(items("event:  \ndata: x\n\n"), [event(" ", "x", "")]);
}

// §9.2.6: id.

#[test]
fn an_id_persists_over_events() {
    let stream = "id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\n";
    let expected = [
        event("message", "a", "1"),
        event("message", "b", "1"),
        event("message", "c", "2"),
    ];
    assert_eq!(items(stream), expected);
}

#[test]
fn an_id_is_committed_at_the_blank_line_even_when_nothing_is_dispatched() {
    let committed = trace(b"id: 1\n\n");
    assert_eq!(committed.items(), [id("1")]);
    assert_eq!(committed.last_event_id, "1");
    assert_eq!(trace(b"id: 1\n\nid: 2\n").last_event_id, "1");
    assert_eq!(trace(b"id: 1\r\n\r").last_event_id, "1");
}

#[test]
fn the_last_id_of_a_block_counts_also_after_its_data() {
    assert_eq!(
        items("id: 1\ndata: a\nid: 2\n\n"),
        [event("message", "a", "2")]
    );
}

#[test]
fn an_id_with_nul_is_ignored() {
    assert_eq!(items("id: 1\0\ndata: a\n\n"), [message("a")]);
    assert_eq!(
        items("id: 1\nid: \0\ndata: a\n\n"),
        [event("message", "a", "1")]
    );
    assert_eq!(items("id: \0\n\n"), []);
}

#[test]
fn an_empty_id_resets_it() {
    let stream = "id: 1\ndata: a\n\nid\ndata: b\n\n";
    assert_eq!(items(stream), [event("message", "a", "1"), message("b")]);
    assert_eq!(items("id: 1\n\nid:\n\n"), [id("1"), id("")]);
    assert_eq!(trace(b"id: 1\n\nid: \n\n").last_event_id, "");
}

#[test]
fn a_seeded_id_is_used_until_the_stream_sets_another() {
    let seeded = decoder(Limits::default()).with_last_event_id("7");
    let trace = trace_with(&seeded, b"data: a\n\nid: 8\ndata: b\n\n");
    let expected = [event("message", "a", "7"), event("message", "b", "8")];
    assert_eq!(trace.items(), expected);
}

// §9.2.6: retry.

#[test]
fn retry_takes_effect_at_the_end_of_its_line() {
    let begun = trace(b"retry: 3000\n");
    assert_eq!(begun.items(), [retry(3000)]);
    assert_eq!(begun.reconnection_time, Some(Duration::from_secs(3)));
    assert_eq!(
        items("data: a\nretry:10\ndata: b\n\n"),
        [retry(10), message("a\nb")]
    );
}

#[test]
fn retry_has_digits_only() {
    for value in [
        "", " ", "1x", "x1", "-1", "+1", "1.5", "1 ", "  1", "1e3", "\u{661}", "1\0",
    ] {
        let trace = trace(format!("retry: {value}\ndata: a\n\n").as_bytes());
        assert_eq!(trace.items(), [message("a")], "{value:?}");
        assert_eq!(trace.reconnection_time, None);
    }
    assert_eq!(items("retry\n\n"), []);
    assert_eq!(items("retry: 0\nretry:007\n"), [retry(0), retry(7)]);
}

#[test]
fn retry_saturates() {
    assert_eq!(items("retry: 18446744073709551615\n"), [retry(u64::MAX)]);
    assert_eq!(items("retry: 18446744073709551616\n"), [retry(u64::MAX)]);
    assert_eq!(
        items(format!("retry: {}\n", "9".repeat(60))),
        [retry(u64::MAX)]
    );
}

// §9.2.6: the end of the stream.

#[test]
fn what_is_unfinished_at_the_end_is_discarded() {
    let mut decoder = decoder(Limits::default());
    let mut buffer = Buffer::new();
    for cut in [
        "data: a",
        "data: a\n",
        "event: e\ndata: a\r",
        "id: 9\n",
        "id: 9",
        "dat",
        "\u{feff}",
    ] {
        for block in [cut.len(), 1] {
            for mut input in cut.as_bytes().chunks(block) {
                assert_eq!(decoder.decode(&mut input, &mut buffer), Ok(None));
            }
            assert_eq!(decoder.decode_eof(), Ok(None));
            assert!(decoder.is_between_events());
            assert_eq!(decoder.position(), 0);
            let mut next = &b"\xef\xbb\xbf\ndata: b\n\n"[..];
            let item = decoder.decode(&mut next, &mut buffer);
            let item = item.map(|item| item.map(|item| item.to_owned()));
            assert_eq!(item, Ok(Some(message("b"))), "{cut:?}");
            assert_eq!(decoder.decode(&mut next, &mut buffer), Ok(None));
            assert_eq!(decoder.decode_eof(), Ok(None));
        }
    }
}

#[test]
fn the_last_event_id_survives_the_end() {
    let mut decoder = Decoder::default();
    let mut buffer = Buffer::new();
    let mut input = &b"id: 1\n\nid: 2\n"[..];
    assert_eq!(decoder.decode(&mut input, &mut buffer), Ok(None));
    assert_eq!(decoder.decode_eof(), Ok(None));
    assert_eq!(decoder.last_event_id(), "1");
    let mut input = &b"data: a\n\n"[..];
    let Ok(Some(Item::Event(event))) = decoder.decode(&mut input, &mut buffer) else {
        panic!("no event");
    };
    assert_eq!(event.id, "1");
}

#[test]
fn the_decoder_tells_whether_it_is_between_events() {
    for between in [
        "",
        ":",
        "x\n",
        ": c\n",
        "data: a\n\n",
        "data: a\r\r",
        "retry: 1\n",
    ] {
        let whole = matches!(between, ":");
        assert_eq!(
            trace(between.as_bytes()).is_between_events,
            !whole,
            "{between:?}"
        );
    }
    for inside in [
        "d",
        "data",
        "data:",
        "data: a",
        "data: a\n",
        "event: a\n",
        "id: 1\r\n",
    ] {
        assert!(!trace(inside.as_bytes()).is_between_events, "{inside:?}");
    }
}

// What an item borrows.

#[test]
fn data_of_one_line_in_one_piece_is_not_copied() {
    let stream = b"event: e\nid: 1\ndata: hello\n\n".to_vec();
    let mut input = &stream[..];
    let mut buffer = Buffer::new();
    let mut decoder = Decoder::default();
    let Ok(Some(Item::Event(event))) = decoder.decode(&mut input, &mut buffer) else {
        panic!("no event");
    };
    assert!(stream.as_ptr_range().contains(&event.data.as_ptr()));
    assert!(stream.as_ptr_range().contains(&event.event.as_ptr()));
}

#[test]
fn an_item_does_not_borrow_the_decoder() {
    let mut input = &b"id: 1\ndata: hello\n\n"[..];
    let mut buffer = Buffer::new();
    let mut decoder = Decoder::default();
    let item = decoder.decode(&mut input, &mut buffer);
    assert_eq!(decoder.decode_eof(), Ok(None));
    assert!(item.is_ok_and(|item| item.is_some()));
}

// The examples of §9.2.6.

#[test]
fn the_standards_example_of_one_event() {
    let stream = "data: YHOO\ndata: +2\ndata: 10\n\n";
    assert_eq!(items(stream), [message("YHOO\n+2\n10")]);
}

#[test]
fn the_standards_example_of_four_blocks() {
    let stream = ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
    let expected = [
        comment("test stream"),
        event("message", "first event", "1"),
        message("second event"),
        message(" third event"),
    ];
    assert_eq!(items(stream), expected);
}

#[test]
fn the_standards_example_of_empty_data() {
    assert_eq!(
        items("data\n\ndata\ndata\n\ndata:"),
        [message(""), message("\n")]
    );
    assert_eq!(
        items("data:test\n\ndata: test\n\n"),
        [message("test"), message("test")]
    );
}

#[test]
fn a_large_event_gives_its_memory_back() {
    let stream = [b"data: ", &[b'x'; 100_000][..], b"\n\n"].concat();
    let mut decoder = Decoder::default();
    let mut buffer = Buffer::new();
    let mut most = 0;
    for mut piece in stream.chunks(1000) {
        while let Ok(Some(_)) = decoder.decode(&mut piece, &mut buffer) {}
        most = most.max(buffer.capacity());
    }
    assert!((99_000..300_000).contains(&most), "{most}");
    assert!(buffer.capacity() <= 4096 * 7, "{}", buffer.capacity());
}

#[test]
fn nothing_is_allocated_for_events_in_one_piece() {
    let mut buffer = Buffer::new();
    let mut input = &b"event: e\ndata: a\n\ndata: b\r\n\r\n: c\nretry: 1\n\n"[..];
    let mut decoder = decoder(Limits::default());
    while let Ok(Some(_)) = decoder.decode(&mut input, &mut buffer) {}
    assert!(input.is_empty());
    assert_eq!(buffer.capacity(), 0);
}

#[test]
fn another_decoders_buffer_does_no_harm() {
    let mut buffer = Buffer::new();
    let mut other = Buffer::new();
    let mut decoder = Decoder::default();
    for (index, mut piece) in b"event: e\nid: 1\ndata: a\ndata: b\n\n"
        .chunks(1)
        .enumerate()
    {
        let buffer = if index % 2 == 0 {
            &mut buffer
        } else {
            &mut other
        };
        assert!(decoder.decode(&mut piece, buffer).is_ok());
    }
    let whole = run(Decoder::default(), [&b"data: x\n\n"[..]]);
    assert_eq!(whole.items(), [message("x")]);
}
