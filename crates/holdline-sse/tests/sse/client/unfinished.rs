//! A stream that ends inside an event.

use holdline_sse::{Buffer, Decoder, Event, Limits, Reason};

use super::{ZERO, config, feed, opened, seconds, stream};
use crate::harness::decoder;

const CUT: [&str; 7] = [
    "data",
    "data: a",
    "data: a\n",
    "event: e\n",
    "id: 7\n",
    "id: 7",
    "{\"error\":1}",
];

#[test]
fn a_stream_that_ends_inside_an_event_says_so() {
    for body in CUT {
        let mut source = opened(config());
        feed(
            &mut source,
            format!("id: 6\ndata: whole\n\n{body}").as_bytes(),
        );
        source.receive_eof(ZERO, 0);
        assert_eq!(source.reason(), Some(Reason::EndInEvent), "{body:?}");
        // It comes back with the last whole event, and the next stream begins anew.
        source.handle_timeout(seconds(3));
        assert!(source.poll_request().is_some());
        assert_eq!(source.last_event_id(), "6");
        source.receive_response(&stream(), ZERO, 0);
        assert_eq!(feed(&mut source, b"\ndata: next\n\n"), ["next"]);
        source.receive_eof(ZERO, 0);
        assert_eq!(source.reason(), Some(Reason::EndOfStream));
    }
    for body in ["", "data: a\n\n", "data: a\r\r", ":\n", "\n", "other\n"] {
        let mut source = opened(config());
        feed(&mut source, body.as_bytes());
        source.receive_eof(ZERO, 0);
        assert_eq!(source.reason(), Some(Reason::EndOfStream), "{body:?}");
    }
}

#[test]
fn the_cut_event_is_handed_out_to_whoever_asks() {
    let cut = |event, data, id| Some(Event { event, data, id });
    for (stream, expected) in [
        ("data: [DONE]", cut("message", "[DONE]", "")),
        ("data: a\n", cut("message", "a", "")),
        ("data: a\ndata", cut("message", "a", "")),
        ("data: a\ndata:", cut("message", "a", "")),
        ("data: a\ndata: ", cut("message", "a", "")),
        ("data: a\ndata: b", cut("message", "a\nb", "")),
        ("data: a\ndata\n", cut("message", "a\n", "")),
        ("event: e\ndata: a\nevent: f", cut("e", "a", "")),
        // The ID of the event before: to come back with the event's own would skip the rest.
        ("id: 1\ndata: a\n\nid: 2\ndata: b", cut("message", "b", "1")),
        ("data: \u{e9}", cut("message", "\u{e9}", "")),
        ("data: a\n\n", None),
        ("event: e\n", None),
        ("id: 1\n", None),
        ("dat", None),
        ("", None),
    ] {
        for size in [1, 2, 3, 100] {
            let mut decoder = Decoder::default();
            let mut buffer = Buffer::new();
            for mut piece in stream.as_bytes().chunks(size) {
                while let Ok(Some(_)) = decoder.decode(&mut piece, &mut buffer) {}
            }
            let shown = format!("{stream:?} by {size}");
            assert_eq!(decoder.cut_event(&mut buffer), expected, "{shown}");
            // To ask changes nothing.
            assert_eq!(decoder.cut_event(&mut buffer), expected, "{shown}");
            let mut end = &b"\n\n"[..];
            let item = decoder.decode(&mut end, &mut buffer).expect("no error");
            assert_eq!(item.is_some(), expected.is_some(), "{shown}");
            assert_eq!(decoder.cut_event(&mut buffer), None);
        }
    }
}

#[test]
fn a_source_hands_out_the_cut_event_before_it_is_told_of_the_end() {
    let mut source = opened(config());
    let mut buffer = Buffer::new();
    let mut input = &b"data: a"[..];
    assert_eq!(source.receive(&mut input, &mut buffer), Ok(None));
    let data = source.cut_event(&mut buffer).map(|event| event.data);
    assert_eq!(data, Some("a"));
    source.receive_eof(ZERO, 0);
    assert_eq!(source.cut_event(&mut buffer), None);
}

#[test]
fn a_stream_over_a_limit_has_no_cut_event() {
    let mut limits = Limits::default();
    limits.max_event = 3;
    let mut decoder = decoder(limits);
    let mut buffer = Buffer::new();
    let mut input = &b"data: a\ndata: abc"[..];
    assert!(decoder.decode(&mut input, &mut buffer).is_err());
    assert_eq!(decoder.cut_event(&mut buffer), None);
}
