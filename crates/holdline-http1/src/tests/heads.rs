//! The scanner and the cutter take the same heads and trailers, and so do the rules for what httparse has parsed.

use alloc::vec::Vec;

use proptest::prelude::*;

use crate::buffer::{Buffer, Span};
use crate::error::{Fault, ReceiveErrorKind as Kind};
use crate::limits::{Limits, Reading};
use crate::parse_request_head;
use crate::section::{Place, collect};
use crate::wire::cut;
use crate::wire::scan::{Rules, Scan};
#[cfg(feature = "httparse")]
use crate::{check_httparse_request, check_httparse_response, parse_response_head};

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Request,
    Response,
    Trailers,
}

impl Section {
    fn scan(self) -> Scan {
        match self {
            Self::Request => Scan::request(),
            Self::Response => Scan::response(),
            Self::Trailers => Scan::trailers(),
        }
    }

    fn rules(self, reading: &Reading) -> Rules {
        match self {
            Self::Trailers => Rules::trailers(reading),
            _ => Rules::head(reading),
        }
    }

    /// Where it ends by the cutter, and how many fields it has, of which some trailers are left out.
    fn cut(self, bytes: &[u8], reading: &Reading) -> Option<(usize, usize)> {
        let mut spans: Vec<Span> = Vec::new();
        let note = |_, _: &[u8], _: &[u8], _| {};
        let end = match self {
            Self::Request => cut::request(bytes, &reading.limits(), &mut spans, note)?.end,
            Self::Response => cut::response(bytes, reading, &mut spans, note)?.end,
            Self::Trailers => cut::trailers(bytes, reading, &mut spans).then_some(bytes.len())?,
        };
        Some((end, spans.len()))
    }

    /// Whether the cutter takes what the scanner took.
    fn is_cut(self, bytes: &[u8], reading: &Reading, fields: usize) -> bool {
        self.cut(bytes, reading).is_some_and(|(end, count)| {
            end == bytes.len() && (count == fields || (self == Self::Trailers && count < fields))
        })
    }
}

/// Requests and trailers are not read leniently.
fn readings(limits: &Limits) -> [(Section, Reading); 4] {
    let strict = Reading::strict(limits.clone());
    let lenient = Reading {
        lenient: true,
        ..strict.clone()
    };
    [
        (Section::Request, strict.clone()),
        (Section::Response, strict.clone()),
        (Section::Response, lenient),
        (Section::Trailers, strict),
    ]
}

/// Names each limit, so that one which is new is thought of here.
fn limits() -> impl Strategy<Value = Limits> {
    let small = (0..120_usize, 0..6_usize, 0..14_usize, 0..9_usize, 0..9_u64);
    let small = small.prop_map(|(max_head, max_fields, max_target, max_method, max_body)| {
        let Limits {
            max_chunk_extension,
            max_chunk_extensions,
            max_informational,
            ..
        } = Limits::default();
        Limits {
            max_head,
            max_fields,
            max_target,
            max_method,
            max_trailers: max_head,
            max_body,
            // No head meets these.
            max_chunk_extension,
            max_chunk_extensions,
            max_informational,
        }
    });
    prop_oneof![Just(Limits::default()), small]
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
    "A: b\r\nX-Sum:\t1 \r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n d\r\n\r\n",
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
    fn the_scanner_and_the_cutter_take_the_same(
        bytes in prop_oneof![mutated(), assembled()], limits in limits()
    ) {
        for (section, reading) in readings(&limits) {
            let mut scan = section.scan();
            let rules = section.rules(&reading);
            match scan.advance(&bytes, &rules) {
                Ok(Some(end)) => {
                    prop_assert!(section.is_cut(&bytes[..end], &reading, scan.fields()));
                    // What stands behind a head changes nothing.
                    let all = section.cut(&bytes, &reading);
                    prop_assert!(section == Section::Trailers || all == Some((end, scan.fields())));
                }
                // The cutter is given trailers only when their end was seen.
                _ => prop_assert!(
                    section == Section::Trailers || section.cut(&bytes, &reading).is_none()
                ),
            }
        }
    }

    #[test]
    fn what_is_joined_and_unfolded_is_cut(
        bytes in prop_oneof![mutated(), assembled()], limits in limits(), index: prop::sample::Index
    ) {
        for (section, reading) in readings(&limits) {
            let reading = Reading { unfold: section != Section::Request, ..reading };
            let rules = section.rules(&reading);
            let (mut scan, mut buffer, mut at) = (section.scan(), Buffer::new(), 0);
            let (left, right) = bytes.split_at(index.index(bytes.len()));
            for mut piece in [left, right] {
                let Ok(place) = collect(&mut scan, &rules, &mut piece, &mut buffer, &mut at) else {
                    break;
                };
                if let Some(place) = place {
                    let whole = match place {
                        Place::Input(whole) => whole,
                        Place::Buffer => &buffer.bytes,
                    };
                    prop_assert!(section.is_cut(whole, &reading, scan.fields()));
                    break;
                }
            }
        }
    }

    #[test]
    fn a_fault_has_one_kind_and_place_however_a_head_is_cut(
        bytes in prop_oneof![mutated(), assembled()], limits in limits()
    ) {
        for (section, reading) in readings(&limits) {
            let rules = section.rules(&reading);
            let whole = section.scan().advance(&bytes, &rules);
            let mut scan = section.scan();
            let ends = bytes.chunks(1).enumerate().find_map(|(index, byte)| {
                match scan.advance(byte, &rules) {
                    Ok(None) => None,
                    Ok(Some(_)) => Some(Ok(index + 1)),
                    Err(fault) => Some(Err(fault)),
                }
            });
            prop_assert_eq!(whole, ends.transpose());
            // The cutter runs before it, and changes nothing about a fault of syntax.
            if let (Section::Request, Err(Fault { kind, at })) = (section, whole) {
                let mut buffer = Buffer::new();
                let parsed = parse_request_head(&bytes, &limits, &mut buffer);
                let error = parsed.expect_err("a fault");
                prop_assert_eq!((error.kind(), error.at()), (kind, at as u64));
                prop_assert_ne!(kind, Kind::BufferMismatch);
            }
        }
    }
}

#[cfg(feature = "httparse")]
proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    /// A request that httparse has parsed gets the verdict that it gets from us alone, with each limit.
    #[test]
    fn a_request_that_httparse_has_parsed_is_judged_as_ours_are(
        bytes in prop_oneof![mutated(), assembled()], limits in limits()
    ) {
        let mut table = [httparse::EMPTY_HEADER; 100];
        let mut request = httparse::Request::new(&mut table);
        if !matches!(request.parse(&bytes), Ok(httparse::Status::Complete(_))) {
            return Ok(());
        }
        let (mut one, mut other) = (Buffer::new(), Buffer::new());
        let checked = check_httparse_request(&request, &bytes, &limits, &mut one);
        let alone = parse_request_head(&bytes, &limits, &mut other);
        match (checked, alone.map(|parsed| parsed.expect("whole"))) {
            (Ok(checked), Ok(alone)) => {
                prop_assert_eq!(checked.head, alone.head);
                prop_assert_eq!((checked.body, checked.consumed), (alone.body, alone.consumed));
            }
            (checked, alone) => prop_assert_eq!(checked.err(), alone.err()),
        }
    }

    /// The same of a response.
    #[test]
    fn a_response_that_httparse_has_parsed_is_judged_as_ours_are(
        bytes in prop_oneof![mutated(), assembled()], limits in limits()
    ) {
        let mut table = [httparse::EMPTY_HEADER; 100];
        let mut response = httparse::Response::new(&mut table);
        if !matches!(response.parse(&bytes), Ok(httparse::Status::Complete(_))) {
            return Ok(());
        }
        let (mut one, mut other) = (Buffer::new(), Buffer::new());
        let checked = check_httparse_response(&response, &bytes, "GET", &limits, &mut one);
        let alone = parse_response_head(&bytes, "GET", &limits, &mut other);
        match (checked, alone.map(|parsed| parsed.expect("whole"))) {
            (Ok(checked), Ok(alone)) => {
                prop_assert_eq!(checked.head, alone.head);
                prop_assert_eq!((checked.body, checked.consumed), (alone.body, alone.consumed));
            }
            (checked, alone) => prop_assert_eq!(checked.err(), alone.err()),
        }
    }
}
