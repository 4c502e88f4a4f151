//! What is taken and what is refused, each at every split.

use super::*;

/// A good request, then one after it.
pub(super) const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

/// Accepts `bytes` as one request, and the request behind it as another one.
#[track_caller]
pub(super) fn accepted(bytes: &str) -> Vec<String> {
    let outcome = serve(format!("{bytes}{NEXT}").as_bytes());
    assert_eq!(outcome.error, None, "{bytes:?}");
    let last = outcome.items.get(outcome.items.len() - 2).expect("items");
    assert!(
        last.contains("\"/next\""),
        "{bytes:?} gave {:?}",
        outcome.items
    );
    assert_eq!(outcome.sent.matches("HTTP/1.1 200 OK").count(), 2);
    assert!(!outcome.closes);
    outcome.items
}

/// Refuses `bytes` with this error, answers its status, closes, and never answers what follows.
#[track_caller]
pub(super) fn refused(bytes: &[u8], kind: Kind, at: u64) {
    for trailing in ["", NEXT] {
        let mut all = bytes.to_vec();
        all.extend_from_slice(trailing.as_bytes());
        let outcome = serve(&all);
        let text = all.escape_ascii();
        assert_eq!(outcome.error, Some((kind, at)), "{text}");
        assert!(outcome.closes, "{text}");
        let answers = outcome.sent.matches("HTTP/1.1 ").count();
        assert_eq!(answers, 1, "{text}: {}", outcome.sent);
        let line = format!("HTTP/1.1 {} ", kind.status());
        assert!(outcome.sent.starts_with(&line), "{text}: {}", outcome.sent);
        assert!(outcome.sent.contains("Connection: close\r\n"), "{text}");
        assert!(!outcome.items.iter().any(|i| i.contains("/next")), "{text}");
    }
}

/// A request with these field lines after Host.
pub(super) fn with_fields(fields: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

#[test]
pub(crate) fn plain_requests_are_accepted() {
    accepted("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    accepted("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    accepted(
        "GET /?a=b%20c&d=[]{}|^` HTTP/1.1\r\nhOST:a:80\t \r\nX:\r\nY: \t\r\nZ:\tb c\t\r\n\r\n",
    );
    accepted("X!#$%&'*+-.^_`|~9 / HTTP/1.1\r\nHost:\r\n\r\n");
    accepted("GET http://A.b/c HTTP/1.1\r\nHost: a.B:80\r\n\r\n");
    accepted("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    accepted("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    accepted("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    accepted("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    accepted("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi");
    accepted("POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 2\r\n\r\nhi");
}

#[test]
fn chunked_bodies_and_trailers_come_apart() {
    let items = accepted(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 11\r\nY:\r\n\r\n",
    );
    assert_eq!(items[1], "data hello world");
    assert_eq!(items[2], "end {\"X-Sum\": \"11\", \"Y\": \"\"}");
    assert_eq!(items[4], "end {}");
}

#[test]
pub(crate) fn values_keep_obs_text_and_case() {
    let outcome = serve(b"GET / HTTP/1.1\r\nHost: a\r\nX-Name: caf\xe9 \xff\r\n\r\n");
    assert!(
        outcome.items[0].contains(r#""X-Name": "caf\xe9 \xff""#),
        "{:?}",
        outcome.items
    );
}

#[test]
pub(crate) fn line_ends_are_crlf() {
    refused(b"GET / HTTP/1.1\nHost: a\n\n", Kind::BareLf, 14);
    refused(b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Kind::BareLf, 0);
    refused(b"GET / HTTP/1.1\r\nHost: a\n\r\n", Kind::BareLf, 23);
    refused(b"GET / HTTP/1.1\r\nHost: a\r\n\n", Kind::BareLf, 25);
    refused(
        b"GET / HTTP/1.1\r\nHost: a\r\nA: b\nC: d\r\n\r\n",
        Kind::BareLf,
        29,
    );
    refused(b"GET / HTTP/1.1\rHost: a\r\n\r\n", Kind::BareCr, 14);
    refused(b"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", Kind::BareCr, 23);
    refused(b"GET / HTTP/1.1\r\nHost: a\r\n\rx", Kind::BareCr, 25);
    refused(b"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", Kind::BareCr, 0);
    refused(
        b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        Kind::EmptyLines,
        2,
    );
    refused(b"GET\n / HTTP/1.1\r\n", Kind::BareLf, 3);
    refused(b"GET /\n HTTP/1.1\r\n", Kind::BareLf, 5);
}

#[test]
pub(crate) fn the_request_line_has_three_words() {
    refused(b" GET / HTTP/1.1\r\n\r\n", Kind::InvalidMethod, 0);
    refused(b"G(T / HTTP/1.1\r\n\r\n", Kind::InvalidMethod, 1);
    refused(b"GET\t/ HTTP/1.1\r\n\r\n", Kind::InvalidMethod, 3);
    refused(b"GET\r\n\r\n", Kind::InvalidMethod, 3);
    refused(b"G\0T / HTTP/1.1\r\n", Kind::InvalidMethod, 1);
    refused(b"GET  / HTTP/1.1\r\n\r\n", Kind::InvalidTarget, 4);
    refused(b"GET \r\n\r\n", Kind::InvalidTarget, 4);
    refused(b"GET /\t HTTP/1.1\r\n\r\n", Kind::InvalidTarget, 5);
    refused(b"GET /  HTTP/1.1\r\n\r\n", Kind::InvalidVersion, 6);
    refused(b"GET / HTTP/1.1 \r\n\r\n", Kind::InvalidVersion, 14);
    refused(b"GET /\r\n\r\n", Kind::Http09, 5);
    for byte in ["#", "\"", "<", ">", "\\", "\u{e9}", "\0", "\x7f"] {
        let request = format!("GET /a{byte}b HTTP/1.1\r\nHost: a\r\n\r\n");
        refused(request.as_bytes(), Kind::InvalidTarget, 6);
    }
}

#[test]
pub(crate) fn versions_are_one_zero_and_one_one() {
    for version in [
        "http/1.1",
        "HTTp/1.1",
        "HTTP 1.1",
        "HTTP/1",
        "HTTP/1.",
        "HTTP/11.1",
        "HTTP/1.10",
    ] {
        let request = format!("GET / {version}\r\nHost: a\r\n\r\n");
        let matched = version
            .bytes()
            .zip(*b"HTTP/1.1\r")
            .take_while(|(a, b)| a == b)
            .count();
        refused(request.as_bytes(), Kind::InvalidVersion, 6 + matched as u64);
    }
    for version in ["HTTP/1.2", "HTTP/1.9"] {
        let items = accepted(&format!("GET / {version}\r\nHost: a\r\n\r\n"));
        assert!(items[0].contains("Http1Minor("), "{items:?}");
    }
    for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/9.9"] {
        let request = format!("GET / {version}\r\nHost: a\r\n\r\n");
        refused(request.as_bytes(), Kind::UnsupportedVersion, 6);
    }
    refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Kind::Http2Preface, 0);
    refused(
        b"PRJ * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        Kind::UnsupportedVersion,
        6,
    );
    refused(b"\x16\x03\x01\x02\x00\x01\x00", Kind::TlsHello, 0);
}

#[test]
fn what_can_never_be_a_request_is_refused_without_its_end() {
    refused(b"\x80\x9e\x01\x03", Kind::InvalidMethod, 0);
    refused(b"SSH-2.0-OpenSSH_9.6\r\n", Kind::InvalidMethod, 19);
    refused(b"{\"a\": 1}", Kind::InvalidMethod, 0);
    refused(&[b'A'; 100], Kind::MethodTooLong, 32);
}

#[test]
pub(crate) fn field_lines_are_strict() {
    let start = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (line, kind, offset) in [
        ("A : b", Kind::InvalidFieldName, 1),
        ("A\t: b", Kind::InvalidFieldName, 1),
        (": b", Kind::InvalidFieldName, 0),
        ("A", Kind::InvalidFieldName, 1),
        ("A b: c", Kind::InvalidFieldName, 1),
        ("A(: c", Kind::InvalidFieldName, 1),
        ("\u{e9}: c", Kind::InvalidFieldName, 0),
        ("A\0: c", Kind::InvalidFieldName, 1),
        ("A: b\0", Kind::InvalidFieldValue, 4),
        ("A: \x01", Kind::InvalidFieldValue, 3),
        ("A: b\x7f", Kind::InvalidFieldValue, 4),
        ("A: b\x0b", Kind::InvalidFieldValue, 4),
        (" A: b", Kind::ObsFold, 0),
        ("\tA: b", Kind::ObsFold, 0),
        ("A: b\r\n c", Kind::ObsFold, 6),
        (" ", Kind::ObsFold, 0),
    ] {
        let request = format!("{start}{line}\r\n\r\n");
        refused(request.as_bytes(), kind, start.len() as u64 + offset);
    }
    refused(
        b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        Kind::LeadingWhitespace,
        16,
    );
    refused(
        b"GET / HTTP/1.1\r\n\tHost: a\r\n\r\n",
        Kind::LeadingWhitespace,
        16,
    );
}

#[test]
pub(crate) fn targets_have_one_of_four_forms() {
    for (line, kind, at) in [
        ("GET a", Kind::InvalidTargetForm, 4),
        ("GET *", Kind::AsteriskWithoutOptions, 4),
        ("GET a:80", Kind::InvalidTargetForm, 4),
        ("CONNECT /", Kind::InvalidConnectTarget, 8),
        ("CONNECT a", Kind::InvalidConnectTarget, 8),
        ("GET http://u@a/", Kind::InvalidAuthority, 11),
        ("GET http:///", Kind::InvalidAuthority, 11),
    ] {
        refused(
            format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes(),
            kind,
            at,
        );
    }
}

#[test]
pub(crate) fn the_target_wins_over_a_host_that_differs() {
    for (line, host) in [
        ("GET http://b/", "b"),
        ("GET http://a:81/", "a:81"),
        ("GET https://a:80/", "a:80"),
        ("CONNECT b:443", "b:443"),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n");
        let items = every_way(Decoder::new, request.as_bytes(), false).items;
        assert!(
            items[0].ends_with(&format!("host Some({host:?})")),
            "{items:?}"
        );
    }
    // It must be there nevertheless, once, and valid.
    refused(b"GET http://b/ HTTP/1.1\r\n\r\n", Kind::MissingHost, 4);
    refused(
        b"GET http://b/ HTTP/1.1\r\nHost: b\r\nHost: b\r\n\r\n",
        Kind::DuplicateHost,
        39,
    );
    refused(
        b"GET http://b/ HTTP/1.1\r\nHost: b/\r\n\r\n",
        Kind::InvalidHost,
        30,
    );
}

#[test]
pub(crate) fn a_host_that_differs_can_be_refused() {
    let config = ServerConfig {
        refuse_host_mismatch: true,
        ..Default::default()
    };
    let serve = |line: &str| {
        let request = format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n");
        every_way(|| server(&config), request.as_bytes(), false)
    };
    for (line, at) in [
        ("GET http://b/", 30),
        ("GET http://a:81/", 33),
        ("GET https://a:80/", 34),
        ("CONNECT b:443", 30),
        ("CONNECT a:443", 30),
    ] {
        assert_eq!(serve(line).error, Some((Kind::HostMismatch, at)), "{line}");
    }
    for line in ["GET http://A:80/", "GET wss://a:443/", "GET /"] {
        assert_eq!(serve(line).error, None, "{line}");
    }
}

#[test]
pub(crate) fn there_is_one_good_host() {
    refused(b"GET / HTTP/1.1\r\n\r\n", Kind::MissingHost, 4);
    refused(
        b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
        Kind::DuplicateHost,
        31,
    );
    refused(
        b"GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n",
        Kind::DuplicateHost,
        31,
    );
    for host in [
        "a,b", "a b", "u@a", "a/b", "http://a", "a:b", "a:99999", "a:-1", "[::1", "a\\b", "a:1:2",
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        refused(request.as_bytes(), Kind::InvalidHost, 22);
    }
}

#[test]
pub(crate) fn framing_is_never_ambiguous() {
    let at = "POST / HTTP/1.1\r\nHost: a\r\n".len() as u64;
    for value in [
        "",
        "+5",
        "-5",
        "5 5",
        "5,5",
        "0x5",
        "5.",
        "18446744073709551616",
        "a",
    ] {
        let request = with_fields(&format!("Content-Length: {value}\r\n"));
        refused(request.as_bytes(), Kind::InvalidContentLength, at + 16);
    }
    let cases: [(&str, Kind, u64); 17] = [
        (
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            Kind::DuplicateContentLength,
            35,
        ),
        (
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            Kind::ContentLengthWithTransferEncoding,
            16,
        ),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            Kind::ContentLengthWithTransferEncoding,
            44,
        ),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            Kind::ChunkedNotFinal,
            47,
        ),
        (
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
            Kind::UnsupportedTransferCoding,
            19,
        ),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n",
            Kind::ChunkedNotFinal,
            47,
        ),
        (
            "Transfer-Encoding: chunked, chunked\r\n",
            Kind::ChunkedNotFinal,
            19,
        ),
        (
            "Transfer-Encoding: chunked, gzip\r\n",
            Kind::ChunkedNotFinal,
            19,
        ),
        ("Transfer-Encoding: gzip\r\n", Kind::ChunkedNotFinal, 19),
        (
            "Transfer-Encoding: gzip, chunked\r\n",
            Kind::UnsupportedTransferCoding,
            19,
        ),
        (
            "Transfer-Encoding: chunked;q=1\r\n",
            Kind::InvalidTransferEncoding,
            19,
        ),
        (
            "Transfer-Encoding: , chunked\r\n",
            Kind::InvalidTransferEncoding,
            19,
        ),
        (
            "Transfer-Encoding: chunked,\r\n",
            Kind::InvalidTransferEncoding,
            19,
        ),
        (
            "Transfer-Encoding: identity\r\n",
            Kind::UnknownTransferCoding,
            19,
        ),
        (
            "Transfer-Encoding: xchunked\r\n",
            Kind::UnknownTransferCoding,
            19,
        ),
        (
            "Transfer-Encoding: \x0bchunked\r\n",
            Kind::InvalidFieldValue,
            19,
        ),
        (
            "Transfer-Encoding: \"chunked\"\r\n",
            Kind::InvalidTransferEncoding,
            19,
        ),
    ];
    for (fields, kind, offset) in cases {
        refused(with_fields(fields).as_bytes(), kind, at + offset);
    }
    refused(
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Kind::TransferEncodingInHttp10,
        36,
    );
    // Known problem children: names that only look like framing fields.
    refused(
        with_fields("Transfer-Encoding : chunked\r\n").as_bytes(),
        Kind::InvalidFieldName,
        at + 17,
    );
    refused(
        with_fields("Content-Length\x00: 5\r\n").as_bytes(),
        Kind::InvalidFieldName,
        at + 14,
    );
}

#[test]
fn syntax_is_judged_before_meaning() {
    // Both rules are broken; the line that cannot be read comes first, at every split.
    refused(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\nA: b\nC: d\r\n\r\n",
        Kind::BareLf,
        49,
    );
}
