//! Requests, responses and bodies.

use crate::Inputs;
use crate::dice::Dice;

/// One or several requests after the byte that says how they are cut.
pub(crate) fn requests(count: u64) -> Inputs {
    (0..count)
        .map(|seed| {
            let mut dice = Dice::new(seed + 1);
            let mut input = vec![dice.byte()];
            for _ in 0..1 + dice.below(3) {
                request(&mut dice, &mut input);
            }
            input
        })
        .collect()
}

/// One response, or some before it that are informational.
pub(crate) fn responses(count: u64) -> Inputs {
    (0..count)
        .map(|seed| {
            let mut dice = Dice::new(seed + 1);
            let mut input = vec![dice.byte()];
            response(&mut dice, &mut input);
            input
        })
        .collect()
}

/// Requests behind an even byte, responses behind an odd one.
pub(crate) fn either(count: u64) -> Inputs {
    let both = requests(count)
        .into_iter()
        .zip(responses(count))
        .enumerate();
    both.map(|(at, (mut request, mut response))| {
        request[0] &= 0xfe;
        response[0] |= 1;
        if at % 2 == 0 { request } else { response }
    })
    .collect()
}

/// Chunked bodies.
pub(crate) fn chunks(count: u64) -> Inputs {
    (0..count)
        .map(|seed| {
            let mut dice = Dice::new(seed + 1);
            let mut input = vec![dice.byte()];
            chunked(&mut dice, &mut input);
            input
        })
        .collect()
}

/// A field's value, and behind a line feed a body.
pub(crate) fn exchanges(count: u64) -> Inputs {
    (0..count)
        .map(|seed| {
            let mut dice = Dice::new(seed + 1);
            let mut input = vec![dice.byte()];
            let value = dice.of(&[
                "",
                "value",
                " spaces ",
                "caf\u{e9}",
                "a\tb",
                "\"quoted, list\"",
                "bad\0",
            ]);
            input.extend(value.as_bytes());
            input.push(b'\n');
            let body = dice.of(&["", "x", "hello, world", "line\r\nline\n", "0\r\n\r\n"]);
            input.extend(body.repeat(1 + dice.below(30)).as_bytes());
            input
        })
        .collect()
}

fn request(dice: &mut Dice, out: &mut Vec<u8>) {
    let version = if dice.below(8) == 0 { "1.0" } else { "1.1" };
    let (method, target, host) = dice.of(TARGETS);
    out.extend(format!("{method} {target} HTTP/{version}\r\n").as_bytes());
    if dice.below(10) != 0 {
        out.extend(format!("Host: {host}\r\n").as_bytes());
    }
    let fields = dice.some(REQUEST_FIELDS, 4);
    message(dice, &fields, out);
}

fn response(dice: &mut Dice, out: &mut Vec<u8>) {
    if dice.below(5) == 0 {
        out.extend_from_slice(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    }
    out.extend(format!("HTTP/1.{}\r\n", dice.of(STATUSES)).as_bytes());
    let fields = dice.some(RESPONSE_FIELDS, 4);
    message(dice, &fields, out);
}

/// The fields, and a body that they announce.
fn message(dice: &mut Dice, fields: &[&str], out: &mut Vec<u8>) {
    for field in fields {
        out.extend(format!("{field}\r\n").as_bytes());
    }
    match dice.below(4) {
        0 => out.extend_from_slice(b"\r\n"),
        1 => {
            let body = "hello, world".repeat(dice.below(20));
            out.extend(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        }
        2 => {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            chunked(dice, out);
        }
        _ => {
            out.extend(format!("\r\n{}", dice.of(&["", "rest", "2\r\nhi\r\n0\r\n\r\n"])).as_bytes())
        }
    }
}

fn chunked(dice: &mut Dice, out: &mut Vec<u8>) {
    for _ in 0..dice.below(5) {
        let data = "0123456789abcdef".repeat(dice.below(12)) + "!";
        let zeros = dice.of(&["", "", "", "0", "0000"]);
        let extension = dice.of(EXTENSIONS);
        out.extend(format!("{zeros}{:x}{extension}\r\n{data}\r\n", data.len()).as_bytes());
    }
    let trailers = dice.of(&[
        "",
        "",
        "X-Sum: 6\r\n",
        "X-Sum: 6\r\nX-Empty:\r\n",
        "bad trailer\r\n",
    ]);
    out.extend(format!("0{}\r\n{trailers}\r\n", dice.of(EXTENSIONS)).as_bytes());
}

const TARGETS: &[(&str, &str, &str)] = &[
    ("GET", "/", "a"),
    ("GET", "/path/to?query=1&x", "example.com:8080"),
    ("HEAD", "/%E4%B8%96", "[::1]:80"),
    ("POST", "/upload", "a"),
    ("PUT", "http://a/b?c", "a"),
    ("GET", "http://a", "b"),
    ("DELETE", "https://[2001:db8::1]:443/x", "[2001:db8::1]"),
    ("OPTIONS", "*", "a"),
    ("CONNECT", "a:443", "a:443"),
    ("CONNECT", "[::1]:443", "[::1]:443"),
    ("BREW", "/[]{}|^`", "a"),
    ("a!#$%&'*+-.^_`|~", "//", ""),
];

const STATUSES: &[&str] = &[
    "1 200 OK",
    "0 200 OK",
    "1 200 ",
    "1 204 No Content",
    "1 206 Partial Content",
    "1 301 Moved Permanently",
    "1 304 Not Modified",
    "1 404 Not Found \u{e9}",
    "1 101 Switching Protocols",
    "1 100 Continue",
    "1 500 Internal Server Error",
    "1 999 ",
];

const REQUEST_FIELDS: &[&str] = &[
    "Connection: close",
    "Connection: keep-alive",
    "Connection: Upgrade, x",
    "Upgrade: websocket",
    "Expect: 100-continue",
    "Content-Length: 5",
    "Content-Length: 0",
    "Content-Length: 5, 5",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding:\tCHUNKED \t",
    "TE: trailers",
    "Cookie: a=b; c=d",
    "X-Empty:",
    "X-Obs: caf\u{e9}",
    "X-Folded: a\r\n b",
    "Host: a",
    "Accept: text/event-stream",
];

const RESPONSE_FIELDS: &[&str] = &[
    "Connection: close",
    "Connection: keep-alive",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Content-Length: 5",
    "Content-Length: 0",
    "Content-Length: 5\r\nContent-Length: 5",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: gzip",
    "Transfer-Encoding: identity",
    "Content-Type: text/event-stream",
    "X-Folded: a\r\n\tb",
    "X-Lf: a\nX-Next: b",
    "Set-Cookie: a=b",
    "Date: Sun, 06 Nov 1994 08:49:37 GMT",
];

const EXTENSIONS: &[&str] = &[
    "",
    "",
    "",
    "",
    ";a",
    ";a=b",
    " ; a=\"b\\\"c\"",
    ";a;b=c",
    " ",
];
