//! The end of the stream (WHATWG HTML §9.2.6).

use holdline_sse::{Buffer, Decoder, Item, Limits};

use crate::harness::{decoder, message, trace};

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
