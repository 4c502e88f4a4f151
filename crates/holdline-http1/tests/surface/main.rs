//! Small things that a caller sees, each of which no other test would miss.

mod alone;
mod framed;
mod limits;

use bytes::BytesMut;
use holdline_http1::{
    Buffer, Event, Limits, PreChunked, ReceiveErrorKind, RequestDecoder, RequestHeadBuf,
    ResponseBody, ResponseHeadBuf, SendError, SendErrorKind, ServerConfig, ServerConnection,
    Version, parse_request_head, parse_response_head,
};

fn request(bytes: &str) -> RequestHeadBuf {
    let mut buffer = Buffer::new();
    let limits = Limits::default();
    let parsed = parse_request_head(bytes.as_bytes(), &limits, &mut buffer).expect("a good head");
    parsed.expect("a whole head").head.to_owned()
}

fn response(bytes: &str) -> ResponseHeadBuf {
    let mut buffer = Buffer::new();
    let limits = Limits::default();
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

#[test]
fn heads_are_shown_with_their_line_and_fields() {
    let kept = request("GET /a HTTP/1.1\r\nHost: a\r\nX: \u{e9}\r\n\r\n");
    let shown = r#"RequestHead { method: "GET", target: "/a", version: Http11, headers: {"Host": "a", "X": "\xc3\xa9"} }"#;
    assert_eq!(format!("{kept:?}"), shown);
    assert_eq!(format!("{:?}", kept.as_ref()), shown);
    let headers = kept.as_ref().headers().to_owned();
    assert_eq!(format!("{headers:?}"), r#"{"Host": "a", "X": "\xc3\xa9"}"#);
    let kept = response("HTTP/1.0 404 No\r\nA: b\r\n\r\n");
    let shown =
        r#"ResponseHead { status: 404, reason: "No", version: Http10, headers: {"A": "b"} }"#;
    assert_eq!(format!("{kept:?}"), shown);
    assert_eq!(format!("{:?}", kept.as_ref()), shown);
}

#[test]
fn a_head_tells_whether_its_connection_stays_open() {
    let host = "Host: a\r\n";
    for (version, fields, keeps) in [
        ("HTTP/1.1", "", true),
        ("HTTP/1.1", "Connection: close\r\n", false),
        ("HTTP/1.1", "Connection: keep-alive, close\r\n", false),
        ("HTTP/1.0", "", false),
        ("HTTP/1.0", "Connection: keep-alive\r\n", true),
        (
            "HTTP/1.0",
            "Connection: x\r\nConnection: Keep-Alive\r\n",
            true,
        ),
    ] {
        let kept = request(&format!("GET / {version}\r\n{host}{fields}\r\n"));
        assert_eq!(kept.as_ref().is_keep_alive(), keeps, "{version} {fields}");
        let kept = response(&format!("{version} 200 OK\r\n{fields}\r\n"));
        assert_eq!(kept.as_ref().is_keep_alive(), keeps, "{version} {fields}");
        assert_eq!(kept.as_ref().reason(), b"OK");
    }
}

#[test]
fn a_request_tells_what_it_asks_for() {
    let ask = |fields: &str| request(&format!("PUT / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
    let kept = ask("Upgrade: x/1, WebSocket\r\nConnection: Upgrade\r\n");
    let head = kept.as_ref();
    assert!(head.is_upgrade("websocket") && head.is_upgrade("X/1") && !head.is_upgrade("x"));
    assert!(
        !ask("Upgrade: websocket\r\n")
            .as_ref()
            .is_upgrade("websocket")
    );
    assert!(!head.expects_continue());
    let expects = ask("Content-Length: 1\r\nExpect: 100-Continue\r\n");
    assert!(expects.as_ref().expects_continue());
    assert_eq!((head.host(), head.authority()), (Some("a"), None));
    let other = request("GET http://b:1/ HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(other.as_ref().host(), Some("b:1"));
}

#[test]
fn a_list_has_a_token_in_any_line_and_case() {
    let kept = request("GET / HTTP/1.1\r\nHost: a\r\nVary: A,\tb\r\nvary: , C\r\n\r\n");
    let headers = kept.as_ref().headers();
    for (token, is_there) in [
        ("a", true),
        ("B", true),
        ("c", true),
        ("", false),
        ("a,", false),
    ] {
        assert_eq!(headers.contains_token("VARY", token), is_there, "{token}");
    }
    assert!(!headers.contains_token("host", "b"));
    assert_eq!(headers.get_all("vary").count(), 2);
    assert_eq!(headers.into_iter().count(), 3);
}

#[test]
fn versions_have_their_minor_number_and_order() {
    let version = |minor: u8| {
        response(&format!("HTTP/1.{minor} 200 \r\n\r\n"))
            .as_ref()
            .version()
    };
    for minor in 0..10 {
        assert_eq!(version(minor).minor(), minor);
    }
    assert_eq!((version(0), version(1)), (Version::Http10, Version::Http11));
    assert!(version(0) < version(1) && version(1) < version(2) && version(2) < version(3));
}

#[test]
fn a_buffer_gives_back_what_an_unusual_head_needed_and_keeps_what_a_usual_one_needs() {
    let kept_at_most = 1024 + 32 * 16;
    for (field, fields, is_usual) in [(300, 2, true), (4000, 2, false), (2, 90, false)] {
        let line = format!("x: {}\r\n", "a".repeat(field));
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", line.repeat(fields));
        let (first, second) = head.as_bytes().split_at(head.len() / 2);
        let (mut decoder, mut buffer) = (RequestDecoder::new(Limits::default()), Buffer::new());
        assert!(
            decoder
                .decode(&mut &first[..], &mut buffer)
                .unwrap()
                .is_none()
        );
        assert!(!buffer.is_empty());
        let capacity = buffer.capacity();
        let shown = format!(
            "Buffer {{ unfinished: {}, capacity: {capacity} }}",
            first.len()
        );
        assert_eq!(format!("{buffer:?}"), shown);
        buffer.release();
        assert_eq!(
            buffer.capacity(),
            capacity,
            "it is not released within a head"
        );
        let mut rest = second;
        let event = decoder.decode(&mut rest, &mut buffer).unwrap();
        assert!(matches!(event, Some(Event::Request { .. })));
        assert!(buffer.is_empty());
        let full = buffer.capacity();
        assert!(full > head.len());
        assert!(format!("{buffer:?}").starts_with("Buffer { unfinished: 0, "));
        assert!(
            decoder.decode(&mut rest, &mut buffer).unwrap().is_some(),
            "its end"
        );
        assert!(decoder.decode(&mut rest, &mut buffer).unwrap().is_none());
        assert_eq!(buffer.capacity() == full, is_usual, "{field} {fields}");
        assert!(buffer.capacity() <= kept_at_most.max(if is_usual { full } else { 0 }));
        buffer.release();
        assert_eq!(buffer.capacity(), 0);
    }
}

#[test]
fn mistakes_of_the_caller_are_told_in_words() {
    let error = SendError::from(SendErrorKind::NoBody);
    let text = error.to_string();
    assert!(text.starts_with("no body is open for sending: "), "{text}");
    assert_eq!(error.kind(), SendErrorKind::NoBody);
}

#[test]
fn an_answer_to_head_tells_no_length_that_it_was_not_given() {
    for (body, told) in [
        (ResponseBody::None, None),
        (ResponseBody::Known(0), Some("0")),
        (ResponseBody::Known(7), Some("7")),
    ] {
        let mut connection = ServerConnection::new(ServerConfig::default());
        let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
        let mut input = &b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"[..];
        while connection
            .receive(&mut input, &mut buffer)
            .unwrap()
            .is_some()
        {}
        let sent = connection.send_response(200, (), body, &mut out);
        assert_eq!(sent, Ok(()));
        let line = told.map_or_else(String::new, |told| format!("Content-Length: {told}\r\n"));
        assert_eq!(out, format!("HTTP/1.1 200 OK\r\n{line}\r\n"));
    }
}

/// A server that has received this.
fn server(input: &str) -> Result<ServerConnection, ReceiveErrorKind> {
    let mut http = ServerConnection::new(ServerConfig::default());
    let (mut input, mut buffer) = (input.as_bytes(), Buffer::new());
    loop {
        match http.receive(&mut input, &mut buffer) {
            Ok(None | Some(Event::Paused)) => return Ok(http),
            Ok(Some(_)) => {}
            Err(error) => return Err(error.kind()),
        }
    }
}

#[test]
fn who_begins_to_send_chunks_is_not_told_to_continue() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    for (begun, is_told) in [("", true), ("5", false), ("5;", false), ("5\r\n", false)] {
        let mut http = server(&format!("{head}{begun}")).expect("a good request");
        assert_eq!(
            http.poll_transmit(&mut BytesMut::new()),
            is_told,
            "{begun:?}"
        );
    }
}

#[test]
fn what_is_escaped_in_a_chunk_extension_is_no_control_character() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (escaped, is_good) in [
        ('"', true),
        ('\\', true),
        ('\u{1}', false),
        ('\u{7f}', false),
    ] {
        let outcome = server(&format!("{head}2;a=\"\\{escaped}\"\r\nhi\r\n"));
        let error = outcome.err();
        let expected = (!is_good).then_some(ReceiveErrorKind::InvalidChunkExtension);
        assert_eq!(error, expected, "{escaped:?}");
    }
}

#[test]
fn only_upgrade_is_upgrade_and_not_another_word_of_seven_letters() {
    for (option, is_upgrade) in [("Upgrade", true), ("foreign", false)] {
        let request =
            format!("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: {option}\r\n\r\n");
        let mut http = server(&request).expect("a good request");
        let mut out = BytesMut::new();
        let switched = http.send_switching_protocols([("Upgrade", "x")], &mut out);
        assert_eq!(switched.is_ok(), is_upgrade, "{option}");
        let mut http = server(&request).expect("a good request");
        let mut out = BytesMut::new();
        http.respond(200, [("Warning", "x"), (option, "x")], b"", &mut out)
            .expect("good fields");
        let text = String::from_utf8_lossy(&out).to_lowercase();
        assert_eq!(
            text.contains("connection: upgrade\r\n"),
            is_upgrade,
            "{text}"
        );
    }
}

#[test]
fn no_more_memory_is_reserved_than_what_is_written_needs() {
    let mut http = server("GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("a good request");
    let mut out = BytesMut::new();
    let field = ("X-".repeat(30), "v".repeat(4000));
    let fields = [(&*field.0, &*field.1)];
    http.send_response(200, fields, ResponseBody::Streamed, &mut out)
        .expect("a good field");
    assert!(out.capacity() < 4 * out.len(), "{}", out.capacity());
    let mut out = BytesMut::new();
    http.send_data(&[b'x'; 100_000], &mut out).expect("a body");
    assert!(out.capacity() < 2 * out.len(), "{}", out.capacity());
}
