//! The decoder's rules, one test each, with exact bytes.
//! Section numbers are those of WHATWG HTML, chapter 9 (Server-sent events).

mod borrows;
mod ends;
mod fields;
mod lines;

use holdline_sse::ItemBuf;

use crate::harness::{FOUR_EVENTS, comment, event, message, trace};

fn items(stream: impl AsRef<[u8]>) -> Vec<ItemBuf> {
    trace(stream.as_ref()).items()
}

// What tutorials explain event streams with: a plain event, one with an ID, one with a type, and data of two lines behind a
// comment. The program serves the same bytes to browsers.

#[test]
fn the_tutorials_listing_of_four_events() {
    let expected = [
        message("first event"),
        event("message", "second event", "100"),
        event("myevent", "third event", "101"),
        comment("this is a comment"),
        event("message", "fourth event\nfourth event continue", "101"),
    ];
    assert_eq!(items(FOUR_EVENTS), expected);
    assert_eq!(
        items(FOUR_EVENTS.replace('\n', "\r\n")),
        expected,
        "with CR LF"
    );
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
