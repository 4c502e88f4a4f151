//! The fast way and the strict way agree on every head.

use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

/// What is known of a head, without the memory that it lies in.
type Known = Option<(String, BodyLength, usize)>;

fn fast(bytes: &[u8], limits: &Limits) -> Known {
    let mut spans = Vec::new();
    let request = fast_request(bytes, limits, false, &mut spans)?;
    let parsed = request.view(bytes, &spans);
    let shown = alloc::format!("{:?} {:?}", parsed.head, parsed.head.line);
    Some((shown, parsed.body, parsed.consumed))
}

fn strict(bytes: &[u8], limits: &Limits) -> Known {
    let rules = Rules::head(limits, false);
    let length = Scan::request().advance(bytes, &rules).ok()??;
    let bytes = &bytes[..length];
    let mut spans = Vec::new();
    let request = strict_request(bytes, limits, false, &mut spans).ok()?;
    let parsed = request.view(bytes, &spans);
    let shown = alloc::format!("{:?} {:?}", parsed.head, parsed.head.line);
    Some((shown, parsed.body, parsed.consumed))
}

fn fast_answer(bytes: &[u8], asked: Asked, limits: &Limits) -> Known {
    let mut spans = Vec::new();
    let parsed = fast_response(bytes, asked, limits, &mut spans)?.view(bytes, &spans);
    Some((
        alloc::format!("{:?}", parsed.head),
        parsed.body,
        parsed.consumed,
    ))
}

fn strict_answer(bytes: &[u8], asked: Asked, limits: &Limits) -> Known {
    let rules = Rules::head(limits, false);
    let length = Scan::response().advance(bytes, &rules).ok()??;
    let bytes = &bytes[..length];
    let mut spans = Vec::new();
    let parsed = strict_response(bytes, asked, limits, &mut spans)
        .ok()?
        .view(bytes, &spans);
    Some((
        alloc::format!("{:?}", parsed.head),
        parsed.body,
        parsed.consumed,
    ))
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
    fn both_ways_give_the_same_request(bytes in prop_oneof![mutated(), assembled()]) {
        for limits in [Limits::default(), small_limits()] {
            prop_assert_eq!(fast(&bytes, &limits), strict(&bytes, &limits));
        }
    }

    #[test]
    fn both_ways_give_the_same_response(bytes in prop_oneof![mutated(), assembled()]) {
        for limits in [Limits::default(), small_limits()] {
            for asked in [Asked::Other, Asked::Head, Asked::Connect] {
                prop_assert_eq!(
                    fast_answer(&bytes, asked, &limits),
                    strict_answer(&bytes, asked, &limits)
                );
            }
        }
    }
}

#[test]
fn plain_slices_can_be_parsed() {
    let mut buffer = Buffer::new();
    let limits = Limits::default();
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
    let parsed = parse_request_head(request, &limits, &mut buffer)
        .expect("good")
        .expect("whole");
    assert_eq!(
        (parsed.body, parsed.consumed),
        (BodyLength::None, request.len() - 4)
    );
    for length in 0..parsed.consumed {
        let part = parse_request_head(&request[..length], &limits, &mut buffer);
        assert!(part.expect("good").is_none());
    }
    let error = parse_request_head(b"GET / HTTP/1.1\r\n\n", &limits, &mut buffer);
    assert_eq!(error.expect_err("bad").at(), 16);

    let response = b"HTTP/1.1 200 OK\r\n\r\n";
    for (method, body) in [("GET", BodyLength::UntilClose), ("HEAD", BodyLength::None)] {
        let parsed = parse_response_head(response, method, &limits, &mut buffer);
        assert_eq!(parsed.expect("good").expect("whole").body, body);
    }
}
