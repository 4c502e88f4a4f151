//! Small things that a caller sees, each of which no other test would miss.

use holdline_http1::{
    Buffer, Event, PreChunked, RequestHeadBuf, ResponseHeadBuf, ServerConfig, ServerConnection,
    parse_request_head, parse_response_head,
};

fn request(bytes: &str) -> RequestHeadBuf {
    let mut buffer = Buffer::new();
    let limits = holdline_http1::Limits::default();
    let parsed = parse_request_head(bytes.as_bytes(), &limits, &mut buffer).expect("a good head");
    parsed.expect("a whole head").head.to_owned()
}

fn response(bytes: &str) -> ResponseHeadBuf {
    let mut buffer = Buffer::new();
    let limits = holdline_http1::Limits::default();
    let parsed = parse_response_head(bytes.as_bytes(), "GET", &limits, &mut buffer);
    let parsed = parsed.expect("a good head").expect("a whole head");
    parsed.head.to_owned()
}

#[test]
fn a_head_that_was_kept_shows_what_was_sent() {
    let kept = request("PUT http://a:8080/b?c HTTP/1.1\r\nHost: a:8080\r\nX: 1\r\n\r\n");
    let head = kept.as_ref();
    assert_eq!((head.method(), head.target()), ("PUT", "http://a:8080/b?c"));
    assert_eq!((head.path(), head.query()), ("/b", Some("c")));
    assert_eq!(head.authority(), Some("a:8080"));
    assert_eq!(head.headers().get("x"), Some(&b"1"[..]));
}

#[test]
fn heads_that_were_kept_are_equal_if_the_same_was_sent() {
    let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(request(get), request(get));
    for (from, to) in [
        ("GET", "PUT"),
        ("/a", "/b"),
        ("Host: a", "Host: b"),
        ("1.1", "1.0"),
    ] {
        assert_ne!(request(get), request(&get.replace(from, to)), "{from}");
    }
    let ok = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
    assert_eq!(response(ok), response(ok));
    for (from, to) in [
        ("200", "201"),
        ("OK", "Fine"),
        ("A: b", "A: c"),
        ("1.1", "1.0"),
    ] {
        assert_ne!(response(ok), response(&ok.replace(from, to)), "{from}");
    }
}

#[test]
fn a_target_without_a_path_has_the_path_slash_only_if_it_is_a_url() {
    let host = "HTTP/1.1\r\nHost: a:80\r\n\r\n";
    for (line, path, query) in [
        ("GET http://a:80 ", "/", None),
        ("GET http://a:80?b ", "/", Some("b")),
        ("GET http://a:80/b ", "/b", None),
        ("CONNECT a:80 ", "", None),
        ("OPTIONS * ", "*", None),
        ("GET /b?c?d ", "/b", Some("c?d")),
    ] {
        let kept = request(&[line, host].concat());
        let head = kept.as_ref();
        assert_eq!((head.path(), head.query()), (path, query), "{line}");
    }
}

#[test]
fn fields_are_counted_before_and_while_they_are_read() {
    let kept = request("GET / HTTP/1.1\r\nHost: a\r\nB: 1\r\nC: 2\r\n\r\n");
    let headers = kept.as_ref();
    let headers = headers.headers();
    assert_eq!((headers.len(), headers.is_empty()), (3, false));
    let mut fields = headers.iter();
    assert_eq!(fields.size_hint(), (3, Some(3)));
    assert_eq!(fields.next(), Some(("Host", &b"a"[..])));
    assert_eq!(fields.len(), 2);
}

#[test]
fn data_in_a_chunk_is_counted_without_its_frame() {
    let (none, some) = (PreChunked::new(b""), PreChunked::new(b"data"));
    assert_eq!((none.len(), none.is_empty()), (0, true));
    assert_eq!((some.len(), some.is_empty()), (4, false));
}

#[test]
fn nothing_is_taken_after_the_last_request_of_a_connection() {
    let mut connection = ServerConnection::new(ServerConfig::default());
    let mut buffer = Buffer::new();
    let mut input =
        &b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n"[..];
    let mut requests = 0;
    while let Ok(Some(event)) = connection.receive(&mut input, &mut buffer) {
        match event {
            Event::Request { .. } => requests += 1,
            Event::Paused => break,
            _ => {}
        }
    }
    assert_eq!(requests, 1);
}
