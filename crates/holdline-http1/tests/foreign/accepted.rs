//! Whatever `request` and `respond` accepted, our own receiver and hyper accept.

use bytes::BytesMut;
use holdline_http1::{
    Buffer, ClientConfig, ClientConnection, Event, Limits, RequestDecoder, ResponseDecoder,
    ResponseEvent, ServerConfig, ServerConnection,
};
use hyper::Uri;
use proptest::prelude::*;

use crate::hyper::{requests, response};

type Fields = Vec<(String, Vec<u8>)>;

const METHODS: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "CONNECT", "OPTIONS", "TRACE", "BREW", "a!#", "", "GE T",
    "G\r\n", "PRI",
];

const TARGETS: &[&str] = &[
    "/",
    "/a?b=c",
    "*",
    "",
    "a",
    "a:80",
    "a:0",
    "http://a",
    "http://a/b",
    "https://a:444/",
    "http://u@a/",
    "http:///",
    "http://[::1]:80/?q",
    "/a b",
    "/a#b",
    "/%zz",
    "/[]{}|",
    "//a",
    "?",
    "/\u{e9}",
    "x://b",
    "[::1]:443",
];

const FIELDS: &[(&str, &[u8])] = &[
    ("Host", b"a"),
    ("Host", b"a:80"),
    ("host", b"[::1]:443"),
    ("Host", b"b"),
    ("Host", b""),
    ("Host", b" a "),
    ("Host", b"a b"),
    ("Host", b"u@a"),
    ("Connection", b"close"),
    ("Connection", b"keep-alive, X"),
    ("Connection", b"upgrade"),
    ("Upgrade", b"x"),
    ("Expect", b"100-continue"),
    ("Expect", b"x"),
    ("Content-Length", b"3"),
    ("Transfer-Encoding", b"chunked"),
    ("TE", b"trailers"),
    ("X", b"\xe9 \t\xff"),
    ("X", b" \t "),
    ("X", b"a\rb"),
    ("X", b"a\nb"),
    ("X", b"\0"),
    ("X ", b"a"),
    ("", b"a"),
    ("X:", b"a"),
    ("X-\u{e9}", b"a"),
];

fn fields() -> impl Strategy<Value = Fields> {
    let any =
        prop::sample::select(FIELDS).prop_map(|(name, value)| (name.to_owned(), value.to_vec()));
    let good = ("X-[a-z]{1,8}", "[!-~]{0,20}").prop_map(|(name, value)| (name, value.into_bytes()));
    prop::collection::vec(prop_oneof![1 => any, 2 => good], 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_that_is_accepted_can_be_read(
        method in prop::sample::select(METHODS),
        target in prop::sample::select(TARGETS),
        host in any::<bool>(),
        fields in fields(),
        body in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let mut http = ClientConnection::new(ClientConfig::default());
        let mut out = BytesMut::new();
        let host = host.then_some([("Host", "a")]);
        if http.request(method, target, (host, &fields), &body, &mut out).is_err() {
            prop_assert!(out.is_empty());
            return Ok(());
        }
        let shown = out.escape_ascii().to_string();
        let mut decoder = RequestDecoder::new(Limits::default());
        decoder.refuse_host_mismatch(true);
        let (mut buffer, mut input, mut ends) = (Buffer::new(), &out[..], 0);
        while let Some(event) = decoder.decode(&mut input, &mut buffer).map_err(|error| {
            TestCaseError::fail(format!("{error}: {shown}"))
        })? {
            ends += usize::from(matches!(event, Event::End { .. }));
        }
        prop_assert_eq!((ends, input.len()), (1, 0), "{}", shown);
        let read = requests(&out, &[]);
        // hyper's type for targets does not hold what browsers send in paths.
        if target.parse::<Uri>().is_ok() {
            prop_assert_eq!(read.len(), 1, "{}", shown);
            prop_assert_eq!(&read[0].body, &body);
        }
    }

    #[test]
    fn a_response_that_is_accepted_can_be_read(
        method in prop::sample::select(&["GET", "HEAD", "CONNECT"][..]),
        status in prop_oneof![
            prop::sample::select(&[0_u16, 100, 101, 199, 200, 204, 205, 304, 999, 1000][..]), 200..1000_u16
        ],
        fields in fields(),
        body in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let mut http = ServerConnection::new(ServerConfig::default());
        let (mut out, mut buffer) = (BytesMut::new(), Buffer::new());
        let target = if method == "CONNECT" { "a:443" } else { "/" };
        let request = format!("{method} {target} HTTP/1.1\r\nHost: a:443\r\n\r\n");
        let mut input = request.as_bytes();
        while http.receive(&mut input, &mut buffer).expect("good").is_some() {}
        if http.respond(status, &fields, &body, &mut out).is_err() {
            prop_assert!(out.is_empty());
            return Ok(());
        }
        let shown = out.escape_ascii().to_string();
        let mut decoder = ResponseDecoder::new(Limits::default());
        decoder.expect(method);
        let (mut buffer, mut input, mut read) = (Buffer::new(), &out[..], Vec::new());
        let mut ends = 0;
        while let Some(event) = decoder.decode(&mut input, &mut buffer).map_err(|error| {
            TestCaseError::fail(format!("{error}: {shown}"))
        })? {
            match event {
                ResponseEvent::Data(data) => read.extend_from_slice(data),
                ResponseEvent::End { .. } => ends += 1,
                _ => {}
            }
        }
        prop_assert_eq!((ends, input.len()), (1, 0), "{}", shown);
        let theirs = response(method, &out, &[]);
        prop_assert!(theirs.is_some(), "{}", shown);
        if method == "GET" {
            prop_assert_eq!(&read, &body);
            prop_assert_eq!(&theirs.expect("a response").body, &body);
        }
    }
}
