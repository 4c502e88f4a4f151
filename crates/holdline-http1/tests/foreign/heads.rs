//! Wherever a head is taken, httparse takes it too and cuts it in the same places. The other
//! way round it does not hold: httparse leaves framing, Host and line ends to its caller.
//!
//! One thing we take and it does not: a minor version above 1, which RFC 9110 §2.5 has processed as 1.1.

use holdline_http1::{Buffer, Limits, parse_request_head, parse_response_head};
use proptest::prelude::*;

const GOOD: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nPOST /a?b HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\nX:\r\nY: \t \r\n\r\nhello",
    "POST http://a/b HTTP/1.1\r\nhost: A\r\nTransfer-Encoding: chunked\r\nA:\tb\tc \t\r\n\r\n0\r\n",
    "OPTIONS * HTTP/1.0\r\nConnection: keep-alive\r\nA-Rather-Long-Name: and a rather long value, \
     longer than two vectors of bytes\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: \u{e9}\r\n\r\nhello",
    "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    "HTTP/1.9 204 No\r\n\r\n",
    "HTTP/1.0 404\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 599 \t a b\r\nTransfer-Encoding: chunked\r\n\r\n",
];

type Fields = Vec<(String, Vec<u8>)>;

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(b"\r\n \t:,\0/aH\x7f\xff".as_slice()),
    ];
    let change = (any::<prop::sample::Index>(), 0..3_u8, byte);
    let changes = prop::collection::vec(change, 0..4);
    (prop::sample::select(GOOD), changes).prop_map(|(good, changes)| {
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

fn ours(headers: holdline_http1::Headers<'_>) -> Fields {
    headers
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_vec()))
        .collect()
}

fn theirs(headers: &[httparse::Header<'_>]) -> Fields {
    headers
        .iter()
        .map(|header| (header.name.to_owned(), header.value.to_vec()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn heads_are_cut_in_the_same_places(bytes in mutated()) {
        let mut buffer = Buffer::new();
        if let Ok(Some(parsed)) = parse_request_head(&bytes, &Limits::default(), &mut buffer) {
            let mut table = [httparse::EMPTY_HEADER; 100];
            let mut request = httparse::Request::new(&mut table);
            let taken = request.parse(&bytes);
            if parsed.head.version().minor() > 1 {
                prop_assert_eq!(taken, Err(httparse::Error::Version));
                return Ok(());
            }
            prop_assert_eq!(taken, Ok(httparse::Status::Complete(parsed.consumed)));
            prop_assert_eq!(request.method, Some(parsed.head.method()));
            prop_assert_eq!(request.path, Some(parsed.head.target()));
            prop_assert_eq!(request.version, Some(parsed.head.version().minor()));
            prop_assert_eq!(theirs(request.headers), ours(parsed.head.headers()));
        }
        if let Ok(Some(parsed)) = parse_response_head(&bytes, "GET", &Limits::default(), &mut buffer) {
            let mut table = [httparse::EMPTY_HEADER; 100];
            let mut response = httparse::Response::new(&mut table);
            let taken = response.parse(&bytes);
            if parsed.head.version().minor() > 1 {
                prop_assert_eq!(taken, Err(httparse::Error::Version));
                return Ok(());
            }
            prop_assert_eq!(taken, Ok(httparse::Status::Complete(parsed.consumed)));
            prop_assert_eq!(response.code, Some(parsed.head.status()));
            prop_assert_eq!(response.version, Some(parsed.head.version().minor()));
            prop_assert_eq!(theirs(response.headers), ours(parsed.head.headers()));
        }
    }
}

/// The slice must be the one that was parsed: nothing panics and nothing is taken if it is another.
#[cfg(feature = "httparse")]
#[test]
fn another_slice_than_the_parsed_one_is_refused() {
    let bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
    let others = [bytes.clone(), bytes[..20].to_vec(), Vec::new()];
    let mut table = [httparse::EMPTY_HEADER; 4];
    let mut request = httparse::Request::new(&mut table);
    request.parse(&bytes).expect("good");
    for other in &others {
        let mut buffer = Buffer::new();
        let limits = Limits::default();
        assert!(
            holdline_http1::check_httparse_request(&request, other, &limits, &mut buffer).is_err()
        );
    }
}

/// The first byte that is wrong counts, whatever is wrong behind it.
#[cfg(feature = "httparse")]
#[test]
fn the_first_fault_of_a_head_that_httparse_takes_is_told() {
    use holdline_http1::{ReceiveErrorKind as Kind, check_httparse_request};
    for (bytes, max_head, kind, at) in [
        (
            "\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            60,
            Kind::BareLf,
            0,
        ),
        (
            "POST /\\aaaaaa HTTP/1.1\r\nHost: a\r\n\r\n",
            60,
            Kind::InvalidTarget,
            6,
        ),
        (
            "POST /aaaa\\aaa HTTP/1.1\r\nHost: a\r\n\r\n",
            60,
            Kind::TargetTooLong,
            9,
        ),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", 20, Kind::HeadTooLong, 20),
    ] {
        let mut limits = Limits::default();
        (limits.max_method, limits.max_target, limits.max_head) = (4, 4, max_head);
        let mut table = [httparse::EMPTY_HEADER; 4];
        let mut request = httparse::Request::new(&mut table);
        request.parse(bytes.as_bytes()).expect("httparse takes it");
        let mut buffer = Buffer::new();
        let checked = check_httparse_request(&request, bytes.as_bytes(), &limits, &mut buffer);
        let error = checked.expect_err("a fault");
        assert_eq!((error.kind(), error.at()), (kind, at), "{bytes:?}");
    }
}
