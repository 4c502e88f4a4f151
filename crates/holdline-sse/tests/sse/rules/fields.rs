//! Fields (WHATWG HTML §9.2.6).

use std::time::Duration;

use holdline_sse::{Decoder, Limits};

use super::items;
use crate::harness::{comment, decoder, event, id, message, retry, trace, trace_with};

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
