//! Wherever a request is taken, hyper's server takes it too and frames it in the same way: the
//! same requests, bodies and trailers, and the same bytes left. Where it does not, a named reason
//! says why we are right, and a disagreement without one fails. Its heads come from httparse,
//! which `heads` compares with; lengths, chunks, trailers and keep-alive are its own.

use holdline_http1::{Buffer, Event, Headers, Limits, RequestDecoder};
use hyper::Uri;
use proptest::prelude::*;

use crate::hyper::{Message, Reason, lists, own, requests};

/// Why a request that we take is not the same there.
const REASONS: &[Reason] = &[
    (
        "target",
        "RFC 9112 §3.2: the target ends at the first space, so its end is not in doubt. Browsers send \
         bytes that the type Uri does not hold; here the target is given as it came",
        |ours, theirs| theirs.is_none() && ours.target.parse::<Uri>().is_err(),
    ),
    (
        "minor version",
        "RFC 9110 §2.5: a minor version above one's own is processed as the highest that one knows. \
         hyper refuses it",
        |ours, theirs| theirs.is_none() && ours.minor > 1,
    ),
];

/// Why they see a request behind our last one.
const END_REASONS: &[Reason] = &[(
    "close beside obs-text",
    "RFC 9112 §9.3: \"If the close connection option is present, the connection will not persist\". \
     hyper passes over a Connection line that has a byte from 0x80, and `close` with it",
    |last, next| {
        let obs_text = |(name, value): &(String, Vec<u8>)| {
            name == "connection" && !value.is_ascii() && lists(value, "close")
        };
        next.is_some() && last.fields.iter().any(obs_text)
    },
)];

fn ours(headers: Headers<'_>) -> Vec<(String, Vec<u8>)> {
    own(headers.iter())
}

/// The complete requests that we take, and whether the stream broke a rule or was cut short.
fn take(bytes: &[u8]) -> (Vec<Message>, bool) {
    let mut decoder = RequestDecoder::new(Limits::default());
    let (mut buffer, mut input) = (Buffer::new(), bytes);
    let (mut taken, mut message) = (Vec::new(), Message::default());
    loop {
        match decoder.decode(&mut input, &mut buffer) {
            Ok(Some(Event::Request { head, .. })) => {
                message = Message {
                    method: head.method().into(),
                    target: head.target().into(),
                    minor: head.version().minor(),
                    fields: ours(head.headers()),
                    ..Message::default()
                };
            }
            Ok(Some(Event::Data(data))) => message.body.extend_from_slice(data),
            Ok(Some(Event::End { trailers })) => {
                message.trailers = ours(trailers);
                taken.push(std::mem::take(&mut message));
            }
            Ok(Some(_)) => return (taken, false),
            Ok(None) => return (taken, decoder.decode_eof().is_err()),
            Err(_) => return (taken, true),
        }
    }
}

/// What does not agree, and is not explained.
fn unexplained(bytes: &[u8]) -> Result<(), String> {
    let (ours, broken) = take(bytes);
    let theirs = requests(bytes, &[]);
    for (index, ours) in ours.iter().enumerate() {
        let other = theirs.get(index);
        // `Uri` writes the path that absolute-form may leave out.
        let mut same = ours.clone();
        if let Ok(uri) = ours.target.parse::<Uri>() {
            same.target = uri.to_string();
        }
        if other == Some(&same) {
            continue;
        }
        return match REASONS.iter().any(|(_, _, holds)| holds(ours, other)) {
            true => Ok(()),
            false => Err(format!("{ours:?}\nhyper: {other:?}")),
        };
    }
    // When we broke off, what they make of the rest is theirs. Else nobody may see more in it.
    let next = theirs.get(ours.len());
    let explained = |last| END_REASONS.iter().any(|(_, _, holds)| holds(last, next));
    if broken || next.is_none() || ours.last().is_some_and(explained) {
        return Ok(());
    }
    Err(format!("hyper goes on with {next:?}"))
}

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
    let cases = [
        ("target", target, 0, REASONS),
        ("minor version", minor, 0, REASONS),
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
