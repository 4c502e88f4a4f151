//! Heads to the `http` crate and back.
#![cfg(feature = "http")]

use bytes::BytesMut;
use holdline_http1::{
    Buffer, Limits, ReceiveErrorKind as Kind, RequestHead, RequestHeadBuf, ResponseHead,
    ResponseHeadBuf, SendErrorKind, ServerConfig, ServerConnection, Version, parse_request_head,
    parse_response_head,
};
use http::{HeaderMap, HeaderValue, Request, Response, request, response};

fn with_request<T>(bytes: &str, check: impl FnOnce(RequestHead<'_>) -> T) -> T {
    let mut buffer = Buffer::new();
    let parsed = parse_request_head(bytes.as_bytes(), &Limits::default(), &mut buffer);
    check(parsed.expect("good").expect("complete").head)
}

fn with_response<T>(bytes: &[u8], check: impl FnOnce(ResponseHead<'_>) -> T) -> T {
    let mut buffer = Buffer::new();
    let parsed = parse_response_head(bytes, "GET", &Limits::default(), &mut buffer);
    check(parsed.expect("good").expect("complete").head)
}

#[test]
fn requests_go_there_and_back() {
    for line in [
        "GET / HTTP/1.1",
        "GET /a//b?c=d&e HTTP/1.0",
        "GET //a HTTP/1.1",
        "POST http://a/b?c HTTP/1.1",
        "GET http://a HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "CONNECT a:443 HTTP/1.1",
        "X-OWN /%20 HTTP/1.1",
    ] {
        let host = if line.starts_with("CONNECT") {
            "a:443"
        } else {
            "a"
        };
        let bytes = format!("{line}\r\nhost: {host}\r\nx-a: 1\r\nx-a: 2\r\n\r\n");
        let parts = with_request(&bytes, |head| {
            let parts = request::Parts::try_from(head).expect(line);
            assert_eq!(parts.method.as_str(), head.method());
            assert_eq!(parts.version, head.version().into());
            parts
        });
        assert!(parts.headers.get_all("X-A").iter().eq(["1", "2"]), "{line}");
        let back = RequestHeadBuf::try_from(&parts).expect(line);
        // `http::Uri` writes the path that absolute-form may leave out.
        let bytes = bytes.replace("http://a ", "http://a/ ");
        with_request(&bytes, |head| assert_eq!(back.as_ref(), head));
    }
}

#[test]
fn what_the_http_crate_does_not_take_is_an_error() {
    let target = "GET /a|b^c` HTTP/1.1\r\nHost: a\r\n\r\n";
    let taken = with_request(target, |head| request::Parts::try_from(head).is_ok());
    let parsed = "/a|b^c`".parse::<http::Uri>().is_ok();
    assert_eq!(taken, parsed);
}

#[test]
fn names_lose_their_case_and_responses_their_reason() {
    let bytes = b"HTTP/1.1 200 Fine\r\nX-Obs: caf\xe9\r\nContent-Length: 2\r\n\r\n";
    let parts = with_response(bytes, |head| response::Parts::try_from(head).expect("good"));
    assert_eq!(parts.headers["x-obs"].as_bytes(), b"caf\xe9");
    let back = ResponseHeadBuf::try_from(&parts).expect("good");
    let head = back.as_ref();
    assert_eq!((head.status(), head.reason()), (200, &b"OK"[..]));
    assert_eq!(head.version(), Version::Http11);
    assert_eq!(
        head.headers().iter().next(),
        Some(("x-obs", &b"caf\xe9"[..]))
    );
}

#[test]
fn host_is_added_from_the_uri() {
    let parts = Request::get("http://a:81/b")
        .body(())
        .expect("good")
        .into_parts()
        .0;
    let head = RequestHeadBuf::try_from(&parts).expect("good");
    assert_eq!(head.as_ref().target(), "http://a:81/b");
    assert_eq!(head.as_ref().headers().get_str("host"), Some("a:81"));
}

#[test]
fn what_breaks_a_rule_does_not_come_back() {
    let request = |build: fn(request::Builder) -> request::Builder| {
        let built = build(Request::builder().uri("/")).body(()).expect("good");
        let error = RequestHeadBuf::try_from(&built.into_parts().0).expect_err("bad");
        error.kind()
    };
    assert_eq!(request(|b| b), Kind::MissingHost);
    assert_eq!(request(|b| b.header("host", "a,b")), Kind::InvalidHost);
    assert_eq!(
        request(|b| b.header("host", "a").header("host", "a")),
        Kind::DuplicateHost
    );
    assert_eq!(
        request(|b| b
            .header("content-length", "2")
            .header("transfer-encoding", "chunked")
            .header("host", "a")),
        Kind::ContentLengthWithTransferEncoding
    );
    assert_eq!(
        request(|b| b.version(http::Version::HTTP_2)),
        Kind::UnsupportedVersion
    );
    assert_eq!(request(|b| b.uri("http://u@a/")), Kind::InvalidAuthority);
    assert_eq!(
        request(|b| b.uri("*").header("host", "a")),
        Kind::AsteriskWithoutOptions
    );

    let response = Response::builder()
        .header("content-length", "+2")
        .body(())
        .expect("good");
    let error = ResponseHeadBuf::try_from(&response.into_parts().0).expect_err("bad");
    assert_eq!(error.kind(), Kind::InvalidContentLength);
}

#[test]
fn a_header_map_can_be_sent() {
    let mut http = ServerConnection::new(ServerConfig::default());
    let (mut input, mut buffer) = (&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], Buffer::new());
    while http
        .receive(&mut input, &mut buffer)
        .expect("good")
        .is_some()
    {}
    let mut map = HeaderMap::new();
    map.insert("content-length", HeaderValue::from_static("2"));
    let mut out = BytesMut::new();
    let error = http
        .respond(200, &map, b"hi", &mut out)
        .expect_err("ours to write");
    assert_eq!((error.kind(), out.len()), (SendErrorKind::FramingField, 0));
    map.remove("content-length");
    map.append("x-a", HeaderValue::from_static("1"));
    map.append("x-a", HeaderValue::from_static("2"));
    http.respond(200, &map, b"hi", &mut out).expect("good");
    let text = std::str::from_utf8(&out).expect("ASCII");
    assert!(text.contains("\r\nx-a: 1\r\nx-a: 2\r\n"), "{text}");
}
