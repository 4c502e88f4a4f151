//! HTTP/1.1, the head of a request: from bytes to method, target and fields.

use std::mem::MaybeUninit;

use bytes::Bytes;
use holdline_http1::{Buffer, Limits, parse_request_head};

use crate::{Case, FLOOR, OURS, Sink, contestants};

/// Three heads.
#[must_use]
pub fn cases() -> Vec<Case> {
    [("browser", BROWSER), ("small", SMALL), ("POST", POST)]
        .map(|(name, head)| {
            Case::new("HTTP head", name, ROUNDS as u64, move || {
                contestants![head;
                    OURS => ours,
                    "httparse" => httparse,
                    FLOOR => floor,
                ]
            })
        })
        .into()
}

/// What one of the cases parses.
pub(crate) fn inputs() -> Vec<(&'static str, Bytes)> {
    vec![("HTTP head/browser", Bytes::from_static(BROWSER))]
}

/// A page's request as a browser sends it: 16 fields.
pub(crate) const BROWSER: &[u8] = b"GET /channels/news?since=earliest HTTP/1.1\r\n\
Host: www.example.com\r\n\
Connection: keep-alive\r\n\
Cache-Control: max-age=0\r\n\
sec-ch-ua: \"Chromium\";v=\"126\", \"Not A(Brand\";v=\"24\"\r\n\
sec-ch-ua-mobile: ?0\r\n\
sec-ch-ua-platform: \"Linux\"\r\n\
Upgrade-Insecure-Requests: 1\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n\
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
Sec-Fetch-Site: same-origin\r\n\
Sec-Fetch-Mode: navigate\r\n\
Sec-Fetch-Dest: document\r\n\
Referer: https://www.example.com/\r\n\
Accept-Encoding: gzip, deflate, br, zstd\r\n\
Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\
Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n";

/// A load generator's.
pub(crate) const SMALL: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

/// A program's, with a body to come.
const POST: &[u8] = b"POST /channels/news HTTP/1.1\r\n\
Host: 127.0.0.1:8080\r\n\
User-Agent: curl/8.5.0\r\n\
Accept: */*\r\n\
Content-Type: application/json\r\n\
Content-Length: 27\r\n\r\n";

/// How many heads one run parses.
const ROUNDS: usize = 256;

/// More fields than any head here has.
const MAX_FIELDS: usize = 64;

fn ours(head: &&[u8], sink: &mut impl Sink) {
    let (limits, mut buffer) = (Limits::default(), Buffer::new());
    for _ in 0..ROUNDS {
        let parsed = parse_request_head(std::hint::black_box(head), &limits, &mut buffer);
        let parsed = parsed.expect("valid").expect("whole");
        let fields = parsed
            .head
            .headers()
            .iter()
            .map(|(name, value)| (name.as_bytes(), value));
        put(
            parsed.head.method().as_bytes(),
            parsed.head.target().as_bytes(),
            fields,
            sink,
        );
    }
}

/// It checks no rule that spans fields, and lets pass a bare LF and more.
fn httparse(head: &&[u8], sink: &mut impl Sink) {
    for _ in 0..ROUNDS {
        let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut []);
        let status = request.parse_with_uninit_headers(std::hint::black_box(head), &mut fields);
        assert!(status.expect("valid").is_complete());
        let (method, path) = (request.method.unwrap_or(""), request.path.unwrap_or(""));
        let fields = request
            .headers
            .iter()
            .map(|field| (field.name.as_bytes(), field.value));
        put(method.as_bytes(), path.as_bytes(), fields, sink);
    }
}

/// Finds the line ends.
fn floor(head: &&[u8], sink: &mut impl Sink) {
    for _ in 0..ROUNDS {
        let bytes = std::hint::black_box(*head);
        let lines = memchr::memchr_iter(b'\n', bytes).count();
        sink.item(&bytes[..lines]);
    }
}

fn put<'h>(
    method: &[u8],
    target: &[u8],
    fields: impl Iterator<Item = (&'h [u8], &'h [u8])>,
    sink: &mut impl Sink,
) {
    if sink_checks(sink) {
        for (name, value) in fields {
            sink.part(name, false);
            sink.part(value, false);
        }
    } else {
        std::hint::black_box(fields);
    }
    sink.part(method, false);
    sink.item(target);
}

fn sink_checks<S: Sink>(_: &S) -> bool {
    S::CHECKS
}
