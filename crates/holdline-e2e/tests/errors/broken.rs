//! Requests after which nobody knows where the next one would begin: answered, and closed.

use std::net::Shutdown;

use holdline_e2e::{Client, Server};

use super::{check_error, check_health, expect, goes_on, with_host};

/// Broken so that nobody knows where the next request would begin: answered, and closed.
#[test]
fn requests_that_end_the_connection() {
    let server = Server::start(&[]).unwrap();
    for (name, status, bytes) in broken() {
        // In one piece, and byte by byte up to a certain length.
        for pieces in [false, true] {
            let mut client = Client::connect(server.address()).unwrap();
            if pieces && bytes.len() < 1000 {
                for byte in &bytes {
                    // The answer may come before the last byte.
                    if client.send([*byte]).is_err() {
                        break;
                    }
                }
            } else {
                client.send(&bytes).unwrap();
            }
            // Smuggled behind it.
            let _ = client.send("GET /stats HTTP/1.1\r\nHost: test\r\n\r\n");
            let answer = expect(name, client.answer("GET"));
            assert_eq!(answer.head.status, status, "{name}: {answer:?}");
            check_error(name, &answer);
            assert_eq!(
                answer.head.get("Connection"),
                Some("close"),
                "{name}: {answer:?}"
            );
            let rest = client
                .rest()
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(
                String::from_utf8_lossy(&rest),
                "",
                "{name}: something was answered"
            );
        }
    }
    check_health(&server);
}

/// A valid request is answered even when bad bytes follow in the same write, and nothing after those.
#[test]
fn requests_before_and_after_a_broken_one() {
    let server = Server::start(&[]).unwrap();
    let good = "GET /health HTTP/1.1\r\nHost: test\r\n\r\n";
    let echo = "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc";
    for (name, status, bytes) in broken() {
        let mut client = Client::connect(server.address()).unwrap();
        client
            .send([good.as_bytes(), echo.as_bytes(), &bytes, good.as_bytes()].concat())
            .unwrap();
        assert_eq!(
            expect(name, client.answer("GET")).text(),
            "ok",
            "before {name}"
        );
        assert_eq!(
            expect(name, client.answer("POST")).text(),
            "abc",
            "before {name}"
        );
        let answer = expect(name, client.answer("GET"));
        assert_eq!(answer.head.status, status, "{name}: {answer:?}");
        assert_eq!(client.rest().unwrap(), b"", "after {name}");
    }
}

/// The server has long decided, and the client sends on and on before it reads.
#[test]
fn an_error_is_readable_while_a_large_body_is_being_sent() {
    let server = Server::start(&[]).unwrap();
    let chunk = [b"8000\r\n".as_slice(), &[b'x'; 0x8000], b"\r\n"].concat();
    let plain = vec![b'x'; 0x8000];
    for (head, piece, status) in [
        (
            "POST /channels/a HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n",
            &plain,
            413,
        ),
        (
            "POST /channels/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            &chunk,
            413,
        ),
        (
            "POST /channels/a HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            &chunk,
            501,
        ),
        (
            "POST /channels/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
            &chunk,
            400,
        ),
        (
            "POST /channels/a HTTP/7.0\r\nContent-Length: 100000000\r\n\r\n",
            &plain,
            505,
        ),
    ] {
        let mut client = Client::connect(server.address()).unwrap();
        client.send(with_host(head)).unwrap();
        for _ in 0..250 {
            // 8 MB, more than any buffer on the way holds.
            client
                .send(piece)
                .unwrap_or_else(|error| panic!("{head:?}: while sending: {error}"));
        }
        let answer = expect(head, client.answer("POST"));
        assert_eq!(answer.head.status, status, "{head:?}: {answer:?}");
        check_error(head, &answer);
        assert_eq!(client.rest().unwrap(), b"", "{head:?}");
    }
    check_health(&server);
}

/// What looks like a request inside a body is a part of the body.
#[test]
fn a_request_inside_a_body_is_not_answered() {
    let server = Server::start(&[]).unwrap();
    let inner = "GET /stats HTTP/1.1\r\nHost: test\r\n\r\n";
    let length = inner.len();
    for request in [
        format!("POST /echo HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{inner}"),
        format!(
            "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{length:x};a=b\r\n{inner}\r\n0\r\nT: u\r\n\r\n"
        ),
        format!("POST /nothing HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{inner}"),
        format!("GET /health HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{inner}"),
    ] {
        let mut client = Client::connect(server.address()).unwrap();
        client.send(with_host(&request)).unwrap();
        client.answer("POST").unwrap();
        assert!(goes_on(&mut client), "{request:?}");
        client.socket().shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.rest().unwrap(), b"", "{request:?}");
    }
}

fn broken() -> Vec<(&'static str, u16, Vec<u8>)> {
    let post = |fields: &str, body: &str| {
        format!("POST /echo HTTP/1.1\r\nHost: test\r\n{fields}\r\n\r\n{body}").into_bytes()
    };
    let get =
        |fields: &str| format!("GET / HTTP/1.1\r\nHost: test\r\n{fields}\r\n\r\n").into_bytes();
    let chunked = |body: &str| post("Transfer-Encoding: chunked", body);
    let many = (0..200).map(|n| format!("A{n}: b\r\n")).collect::<String>();
    let mut list = vec![
        (
            "garbage",
            400,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(),
        ),
        ("bare LF", 400, b"GET / HTTP/1.1\nHost: test\n\n".to_vec()),
        ("bare LF in a field", 400, get("A: b\nC: d")),
        ("bare CR in a field", 400, get("A: b\rC: d")),
        ("NUL in a field", 400, get("A: b\0c")),
        (
            "two spaces",
            400,
            b"GET  / HTTP/1.1\r\nHost: test\r\n\r\n".to_vec(),
        ),
        (
            "leading space",
            400,
            b" GET / HTTP/1.1\r\nHost: test\r\n\r\n".to_vec(),
        ),
        ("no version", 400, b"GET /\r\nHost: test\r\n\r\n".to_vec()),
        (
            "small letters in the version",
            400,
            b"GET / http/1.1\r\nHost: test\r\n\r\n".to_vec(),
        ),
        (
            "control character in the target",
            400,
            b"GET /\x01 HTTP/1.1\r\nHost: test\r\n\r\n".to_vec(),
        ),
        ("no Host", 400, b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("two Hosts", 400, get("Host: test")),
        (
            "bad Host",
            400,
            b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n".to_vec(),
        ),
        ("space before the colon", 400, get("A : b")),
        ("no colon", 400, get("A")),
        ("no name", 400, get(": b")),
        ("line folding", 400, get("A: b\r\n c")),
        (
            "space before the first field",
            400,
            b"GET / HTTP/1.1\r\n Host: test\r\n\r\n".to_vec(),
        ),
        (
            "two lengths",
            400,
            post("Content-Length: 2\r\nContent-Length: 3", "abc"),
        ),
        (
            "two lengths in one",
            400,
            post("Content-Length: 2, 3", "abc"),
        ),
        ("length with a sign", 400, post("Content-Length: +2", "ab")),
        ("negative length", 400, post("Content-Length: -2", "ab")),
        ("hexadecimal length", 400, post("Content-Length: 0x2", "ab")),
        ("empty length", 400, post("Content-Length: ", "ab")),
        (
            "length of 30 digits",
            400,
            post(&format!("Content-Length: {}", "9".repeat(30)), "ab"),
        ),
        (
            "length and chunked",
            400,
            post(
                "Content-Length: 5\r\nTransfer-Encoding: chunked",
                "0\r\n\r\n",
            ),
        ),
        (
            "chunked twice",
            400,
            post("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"),
        ),
        (
            "chunked and then gzip",
            400,
            post("Transfer-Encoding: chunked, gzip", "0\r\n\r\n"),
        ),
        (
            "chunked to 1.0",
            400,
            b"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
        ),
        ("no chunk size", 400, chunked("\r\n")),
        ("bad chunk size", 400, chunked("zz\r\n")),
        (
            "chunk size with a sign",
            400,
            chunked("+2\r\nab\r\n0\r\n\r\n"),
        ),
        (
            "chunk size of 17 digits",
            400,
            chunked("11111111111111112\r\nab\r\n0\r\n\r\n"),
        ),
        ("chunk size and bare LF", 400, chunked("2\nab\n0\n\n")),
        (
            "chunk longer than its size",
            400,
            chunked("2\r\nabc\r\n0\r\n\r\n"),
        ),
        ("bad trailer", 400, chunked("0\r\nA b\r\n\r\n")),
        (
            "other coding",
            501,
            post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
        ),
        (
            "long method",
            501,
            format!("{} / HTTP/1.1\r\nHost: test\r\n\r\n", "M".repeat(100)).into_bytes(),
        ),
        (
            "HTTP/2",
            505,
            b"GET / HTTP/2.0\r\nHost: test\r\n\r\n".to_vec(),
        ),
        (
            "HTTP/9",
            505,
            b"GET / HTTP/9.9\r\nHost: test\r\n\r\n".to_vec(),
        ),
        (
            "HTTP/2 preface",
            505,
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        ),
        (
            "long target",
            414,
            format!("GET /{} HTTP/1.1\r\nHost: test\r\n\r\n", "a".repeat(9000)).into_bytes(),
        ),
        ("long head", 431, get(&format!("A: {}", "b".repeat(20_000)))),
        ("many fields", 431, get(many.trim_end())),
        ("large body", 413, post("Content-Length: 1048577", "ab")),
        (
            "huge body",
            413,
            post("Content-Length: 18446744073709551615", "ab"),
        ),
        ("large chunk", 413, chunked("100001\r\nab")),
        ("many trailers", 431, chunked(&format!("0\r\n{}", many))),
    ];
    let endless: Vec<u8> = b"GET /".iter().copied().chain([b'a'; 40_000]).collect();
    list.push(("endless target", 414, endless));
    let endless: Vec<u8> = b"GET / HTTP/1.1\r\nA: "
        .iter()
        .copied()
        .chain([b'a'; 40_000])
        .collect();
    list.push(("endless field", 431, endless));
    list
}
