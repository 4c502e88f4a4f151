use std::io::{Error as IoError, ErrorKind, Read, Write};

use holdline_http1::RequestBody;
use holdline_net::blocking::http::{Client, Error};

use crate::script::{Script, text};

fn again<T>(mut call: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    loop {
        match call() {
            Err(error) if error.is_timeout() => {}
            other => return other,
        }
    }
}

const RESPONSES: [&str; 4] = [
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none",
    "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\nT: v\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end",
];

/// Each response after its request: whole, byte by byte, and cut in two at every place; each with and without
/// timeouts between.
fn every_cut_of_responses() -> Vec<Script> {
    let longest = RESPONSES.iter().map(|text| text.len()).max().unwrap();
    let mut scripts = Vec::new();
    for cut in 0..=longest {
        let mut pieces = Vec::new();
        for (number, text) in RESPONSES.iter().enumerate() {
            match cut {
                0 => pieces.extend(text.as_bytes().chunks(1).map(|byte| (number + 1, byte))),
                _ => {
                    let (one, two) = text.as_bytes().split_at(cut.min(text.len()));
                    pieces.extend([(number + 1, one), (number + 1, two)]);
                }
            }
        }
        scripts.push(Script::answering(pieces.clone()));
        scripts.push(Script::answering(pieces).choppy());
    }
    scripts
}

#[test]
fn responses_are_read_however_they_are_cut() {
    for stream in every_cut_of_responses() {
        let written = stream.written();
        let mut http = Client::new(stream, "x");
        let mut seen = Vec::new();
        for target in ["/1", "/2", "/3", "/4"] {
            let mut result = http.request("GET", target, (), b"");
            while result.as_ref().is_err_and(Error::is_timeout) {
                result = http.flush();
            }
            result.unwrap();
            let response = again(|| http.read_response()).unwrap();
            let body = again(|| http.read_body(100)).unwrap();
            seen.push((response.status(), String::from_utf8(body).unwrap()));
        }
        assert_eq!(
            seen,
            [
                (200, "one".to_owned()),
                (404, "two".to_owned()),
                (204, String::new()),
                (200, "to the end".to_owned()),
            ]
        );
        assert!(text(&written).starts_with("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 "));
    }
}

#[test]
fn a_connection_can_be_used_again_when_the_response_is_read_and_nothing_else_came() {
    for (bytes, reusable) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", true),
        ("HTTP/1.1 204 No Content\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!", false),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
            false,
        ),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", false),
        ("HTTP/1.1 200 OK\r\n\r\nhi", false),
    ] {
        let mut http = Client::new(Script::new([bytes]), "x");
        http.request("GET", "/", (), b"").unwrap();
        assert!(!http.is_reusable());
        http.read_response().unwrap();
        http.read_body(2).unwrap();
        assert_eq!(http.is_reusable(), reusable, "{bytes}");
    }
}

#[test]
fn a_request_body_is_sent_in_pieces() {
    let mut http = Client::new(
        Script::new(["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]),
        "x",
    );
    let written = http.stream().written();
    http.send_request("POST", "/", (), RequestBody::Streamed)
        .unwrap();
    http.send_data(b"abc").unwrap();
    http.send_end().unwrap();
    assert_eq!(http.read_response().unwrap().status(), 200);
    assert!(http.read_data().unwrap().is_none());
    assert!(text(&written).ends_with("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let mut http = Client::new(Script::new([RESPONSES[0]]), "x");
    http.request("GET", "/", (), b"").unwrap();
    http.read_response().unwrap();
    assert!(matches!(
        http.read_body(2),
        Err(Error::BodyTooLong { limit: 2 })
    ));
    assert!(!http.is_reusable());
    assert!(matches!(
        http.request("GET", "/", (), b""),
        Err(Error::Send(_))
    ));
}

#[test]
fn a_cut_response_is_an_error() {
    for cut in [
        "",
        "HTTP/1.1 2",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\non",
    ] {
        let mut http = Client::new(Script::new([cut]), "x");
        http.request("GET", "/", (), b"").unwrap();
        let result = http.read_response().and_then(|_| http.read_body(10));
        assert!(matches!(result, Err(Error::Receive(_))), "{cut:?}");
    }
}

#[test]
fn switching_hands_out_the_bytes_after_the_response() {
    let response =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello";
    let mut http = Client::new(Script::new([response]), "x");
    http.request("GET", "/", [("Upgrade", "echo")], b"")
        .unwrap();
    assert_eq!(
        http.read_response().unwrap().header("UPGRADE").unwrap(),
        Some("echo")
    );
    let (_, unread) = http.switch().unwrap();
    assert_eq!(unread, b"hello");

    let http = Client::new(Script::new([response]), "x");
    assert!(matches!(http.switch(), Err(Error::NotSwitched)));
}

/// A server that answers 413 and takes no more.
struct Refusing(&'static [u8]);

impl Read for Refusing {
    fn read(&mut self, block: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(block)
    }
}

impl Write for Refusing {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(IoError::from(ErrorKind::BrokenPipe))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_answer_can_be_read_when_the_request_could_not_be_written_whole() {
    let answer =
        b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let mut http = Client::new(Refusing(answer), "x");
    http.request("PUT", "/", (), &[0; 100]).unwrap();
    assert_eq!(http.read_response().unwrap().status(), 413);
    assert!(!http.is_reusable());
}
