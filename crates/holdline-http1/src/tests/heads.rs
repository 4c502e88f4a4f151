//! The scanner and the cutter take the same heads.

use alloc::vec::Vec;

use proptest::prelude::*;

use crate::buffer::Span;
use crate::limits::{Limits, Reading};
use crate::wire::cut;
use crate::wire::scan::{Rules, Scan};

/// Where the head ends, and how many fields it has, by the cutter.
fn cut(bytes: &[u8], is_request: bool, reading: &Reading) -> Option<usize> {
    let mut spans: Vec<Span> = Vec::new();
    let every = |_, _: &[u8], _: &[u8], _| {};
    match is_request {
        true => cut::request(bytes, &reading.limits, &mut spans, every).map(|parts| parts.end),
        false => cut::response(bytes, reading, &mut spans, every).map(|parts| parts.end),
    }
}

/// The same by the scanner.
fn scan(bytes: &[u8], is_request: bool, reading: &Reading) -> Option<usize> {
    let mut scan = match is_request {
        true => Scan::request(),
        false => Scan::response(),
    };
    scan.advance(bytes, &Rules::head(reading)).ok()?
}

/// Only responses are read leniently.
fn readings(limits: Limits) -> [(bool, Reading); 3] {
    let strict = Reading::strict(limits);
    let lenient = Reading {
        lenient: true,
        ..strict.clone()
    };
    [(true, strict.clone()), (false, strict), (false, lenient)]
}

fn small_limits() -> Limits {
    Limits {
        max_head: 200,
        max_fields: 6,
        max_target: 40,
        max_method: 8,
        max_body: 1000,
        ..Limits::default()
    }
}

/// Pieces that make heads, good and bad.
const PIECES: &[&str] = &[
    "GET ",
    "POST ",
    "CONNECT ",
    "OPTIONS ",
    "PRI ",
    "/",
    "*",
    "/a?b",
    "http://a/b",
    "a:80",
    " ",
    "  ",
    " HTTP/1.1",
    " HTTP/1.0",
    " HTTP/2.0",
    "HTTP/1.1 200 OK",
    "HTTP/1.0 204",
    "HTTP/1.1 ",
    "304 ",
    "\r\n",
    "\r\n",
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    "Host: a",
    "Host:a:80",
    "host: b",
    "Content-Length: 5",
    "Content-Length:05",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Connection: close",
    "Connection: keep-alive, upgrade",
    "Upgrade: websocket",
    "Expect: 100-continue",
    "A: b",
    "A:",
    "A : b",
    " folded",
    "\t",
    ":",
    "\0",
    "\x7f",
    "\u{e9}",
    ",",
    "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

const GOOD: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nPOST /a?b HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\nX:\r\nY: \t \r\n\r\nhello",
    "POST http://a/b HTTP/1.1\r\nhost: A\r\nTransfer-Encoding: chunked\r\nA:\tb \t\r\n\r\n0\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: \u{e9}\r\n\r\nhello",
    "HTTP/1.0 404\r\nConnection: close\r\n\r\n",
];

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(b"\r\n \t:,\0/aH\x7f".as_slice()),
    ];
    let change = (any::<prop::sample::Index>(), 0..3_u8, byte);
    (
        prop::sample::select(GOOD),
        prop::collection::vec(change, 0..4),
    )
        .prop_map(|(good, changes)| {
            let mut bytes = good.as_bytes().to_vec();
            for (index, kind, byte) in changes {
                let index = index.index(bytes.len());
                match kind {
                    0 => bytes[index] = byte,
                    1 => bytes.insert(index, byte),
                    _ => drop(bytes.remove(index)),
                }
            }
            bytes
        })
}

fn assembled() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(PIECES), 1..16)
        .prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn the_scanner_and_the_cutter_take_the_same_heads(bytes in prop_oneof![mutated(), assembled()]) {
        for limits in [Limits::default(), small_limits()] {
            for (is_request, reading) in readings(limits) {
                prop_assert_eq!(cut(&bytes, is_request, &reading), scan(&bytes, is_request, &reading));
            }
        }
    }
}
