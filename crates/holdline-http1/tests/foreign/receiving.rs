//! Requests that are taken are framed as hyper's server frames them ([`unexplained`]), and a disagreement without a
//! reason fails. Its heads come from httparse, which `heads` compares with; lengths, chunks, trailers and keep-alive
//! are its own.

use proptest::prelude::*;

use crate::framing::{END_REASONS, REASONS, take, unexplained};
use crate::hyper::requests;

const NEXT: &str = "GET /next HTTP/1.1\r\nHost: b\r\n\r\n";

const LINES: &[&str] = &[
    "GET / HTTP/1.1\r\n",
    "POST /a?b=c HTTP/1.1\r\n",
    "POST / HTTP/1.0\r\n",
    "HEAD http://a/b HTTP/1.1\r\n",
    "GET http://a HTTP/1.1\r\n",
    "OPTIONS * HTTP/1.1\r\n",
    "CONNECT a:443 HTTP/1.1\r\n",
    "\r\nPUT /[]{}|^` HTTP/1.1\r\n",
];

const FIELDS: &[&str] = &[
    "Content-Length: 12\r\n",
    "Content-Length: 0\r\n",
    "Content-Length:\t12 \r\n",
    "Content-Length: 012\r\n",
    "Content-Length: 12, 12\r\n",
    "Content-Length: +12\r\n",
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding:\tCHUNKED \t\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Connection: x, Close\r\n",
    "Connection: upgrade\r\nUpgrade: x\r\n",
    "Expect: 100-continue\r\n",
    "X: \u{e9}\r\n",
    "X:\r\n",
    "Host: a\r\n",
];

const BODIES: &[&str] = &[
    "",
    "2\r\nhi\r\n0\r\n\r\n",
    "0002;a=b\r\nhi\r\n00\r\n\r\n",
    "2;a;b=\"c\\\"\" ; d\r\nhi\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n",
    "A\r\n0123456789\r\n0;x\r\nX: 1\r\nX: 2\r\n\r\n",
    "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
    "hello, world",
];

fn request() -> impl Strategy<Value = String> {
    (
        prop::sample::select(LINES),
        prop::sample::subsequence(FIELDS, 0..3),
        prop::sample::select(BODIES),
        prop::bool::weighted(0.9),
    )
        .prop_map(|(line, fields, body, host)| {
            let host = match (host, line.starts_with("CONNECT")) {
                (false, _) => "",
                (true, true) => "Host: a:443\r\n",
                (true, false) => "Host: a\r\n",
            };
            format!("{line}{host}{}\r\n{body}", fields.concat())
        })
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(b"\r\n \t:;,\0/#0aF\"=\x7f\xff".as_slice()),
    ];
    let change = (any::<prop::sample::Index>(), 0..3_u8, byte);
    (
        prop::collection::vec(request(), 1..3),
        prop::collection::vec(change, 0..3),
    )
        .prop_map(|(requests, changes)| {
            let mut bytes = requests.concat().into_bytes();
            bytes.extend_from_slice(NEXT.as_bytes());
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 5000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_we_take_is_framed_in_the_same_way(bytes in stream()) {
        if let Err(what) = unexplained(&bytes) {
            prop_assert!(false, "{}\n{what}", bytes.escape_ascii());
        }
    }
}

/// Each reason is met, so that none outlives what it explains.
#[test]
fn the_reasons_are_needed() {
    let target = format!("GET /a^b`{{}}|[] HTTP/1.1\r\nHost: a\r\n\r\n{NEXT}");
    let close = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: \u{e9}, close\r\n\r\n{NEXT}");
    let minor = format!("GET / HTTP/1.2\r\nHost: a\r\n\r\n{NEXT}");
    let trailers = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nCookie: a\r\nX: 1\r\n\r\n{NEXT}"
    );
    let cases = [
        ("target", target, 0, REASONS),
        ("minor version", minor, 0, REASONS),
        ("trailers", trailers, 0, REASONS),
        ("close beside obs-text", close, 1, END_REASONS),
    ];
    assert_eq!(cases.len(), REASONS.len() + END_REASONS.len());
    for (name, stream, place, reasons) in cases {
        let (ours, broken) = take(stream.as_bytes());
        let theirs = requests(stream.as_bytes(), &[]);
        assert!(!broken && ours.first() != theirs.get(place), "{name}");
        let (_, why, holds) = reasons.iter().find(|reason| reason.0 == name).expect(name);
        assert!(holds(&ours[0], theirs.get(place)), "{name}: {why}");
        assert_eq!(unexplained(stream.as_bytes()), Ok(()));
    }
}

/// The harness sees what it should.
#[test]
fn both_take_what_is_plain() {
    for fields in [
        "",
        "Connection: close\r\nConnection: keep-alive\r\n",
        "Content-Length: 5\r\n",
    ] {
        let body = if fields.starts_with("Content") {
            "hello"
        } else {
            ""
        };
        let stream = format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}{NEXT}");
        let (ours, broken) = take(stream.as_bytes());
        assert_eq!(ours, requests(stream.as_bytes(), &[]));
        assert_eq!(
            (ours.len(), broken),
            (if fields.contains("close") { 1 } else { 2 }, false)
        );
        assert_eq!(ours[0].body, body.as_bytes());
    }
    let chunked = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{}{NEXT}",
        BODIES[3]
    );
    let (ours, _) = take(chunked.as_bytes());
    assert_eq!(ours, requests(chunked.as_bytes(), &[]));
    assert_eq!((ours.len(), ours[0].trailers.len()), (2, 2));
}
