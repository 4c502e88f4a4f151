use alloc::format;

use super::*;
use crate::testing::{Outcome, client, every_way};

/// The outcome of a server's stream that answers a GET, the same however it is cut.
fn get(bytes: &[u8], eof: bool) -> Outcome {
    every_way(|| client(&ClientConfig::default(), "GET", None), bytes, eof)
}

#[test]
fn a_response_with_a_length() {
    let outcome = get(
        b"HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nA: \xff\r\n\r\nhi",
        false,
    );
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.items.len(), 3);
    assert!(
        outcome.items[0].contains("status: 200, reason: \"Fine\""),
        "{:?}",
        outcome.items
    );
    assert_eq!(outcome.items[1..], ["data hi", "end {}"]);
    assert_eq!(outcome.sent, "reusable");
    let _ = format!("{outcome:?}");
}
