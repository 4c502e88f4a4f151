//! How exchanges follow each other: early answers, pipelining, upgrades, and the end of a connection.

use super::sending::{GET, GET_1_0, HEAD, after_request, sent};
use super::*;
use crate::error::SendErrorKind;

#[test]
fn an_early_response_closes_and_the_rest_is_dropped() {
    let mut http = ServerConnection::new(ServerConfig::default());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    let stream = format!(
        "{}hello{GET}",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
    );
    let mut input = stream.as_bytes();
    http.receive(&mut input, &mut buffer)
        .expect("good")
        .expect("the head");
    http.respond(413, (), b"", &mut out).expect("refusal");
    assert!(out.windows(17).any(|w| w == b"Connection: close"));
    assert!(http.should_close() && http.is_receiving_body());

    let end = http.receive(&mut input, &mut buffer);
    assert!(matches!(end, Ok(Some(Event::End { .. }))), "{end:?}");
    assert!(http.should_close() && !http.is_receiving_body());
    assert_eq!(
        http.receive(&mut input, &mut buffer),
        Ok(Some(Event::Paused))
    );
    assert_eq!(input, GET.as_bytes());
}

/// Answers an upload before its body is received, then receives on.
fn answered_early(fields: &str, body: &str) -> (bool, bool, bool) {
    let config = ServerConfig {
        linger: Linger::Drain(10),
        ..Default::default()
    };
    let mut http = ServerConnection::new(config);
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    let stream = format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}{GET}");
    let mut input = stream.as_bytes();
    let head = http.receive(&mut input, &mut buffer).expect("good");
    assert!(matches!(head, Some(Event::Request { .. })));
    http.respond(401, (), b"", &mut out).expect("refusal");
    let told = out.windows(17).any(|w| w == b"Connection: close");
    let end = http.receive(&mut input, &mut buffer).expect("good");
    assert!(matches!(end, Some(Event::End { .. })), "{end:?}");
    let closes = http.should_close();
    let next = http.receive(&mut input, &mut buffer).expect("good");
    (told, closes, matches!(next, Some(Event::Request { .. })))
}

#[test]
fn a_short_rest_of_an_upload_can_be_drained() {
    let (kept, closed) = ((false, false, true), (true, true, false));
    assert_eq!(answered_early("Content-Length: 10", "0123456789"), kept);
    assert_eq!(answered_early("Content-Length: 11", "0123456789a"), closed);
    let chunked = "Transfer-Encoding: chunked";
    assert_eq!(answered_early(chunked, "2\r\nhi\r\n0\r\n\r\n"), kept);
    // That it is too long shows only later.
    let long = "5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n";
    assert_eq!(answered_early(chunked, long), (false, true, false));
    // Whether the body comes at all is not known.
    let expects = "Content-Length: 2\r\nExpect: 100-continue";
    assert_eq!(answered_early(expects, "hi"), closed);
}

#[test]
fn the_answer_to_a_bad_head_forgets_the_request_before() {
    let mut http = after_request(HEAD);
    let mut out = BytesMut::new();
    http.respond(200, (), b"", &mut out).expect("good");
    let error = http
        .receive(&mut &b"\0"[..], &mut Buffer::new())
        .expect_err("bad");
    out.clear();
    http.respond(error.status(), (), b"bad", &mut out)
        .expect("the 400");
    assert!(out.ends_with(b"\r\n\r\nbad"));
}

#[test]
fn pipelined_requests_wait_their_turn() {
    let mut http = ServerConnection::new(ServerConfig::default());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    let stream = format!("{GET}{HEAD}");
    let mut input = stream.as_bytes();
    assert!(matches!(
        http.receive(&mut input, &mut buffer),
        Ok(Some(Event::Request { .. }))
    ));
    assert!(matches!(
        http.receive(&mut input, &mut buffer),
        Ok(Some(Event::End { .. }))
    ));
    assert_eq!(
        http.receive(&mut input, &mut buffer),
        Ok(Some(Event::Paused))
    );
    assert_eq!(input, HEAD.as_bytes());
    http.send_response(200, (), ResponseBody::Streamed, &mut out)
        .expect("head");
    assert_eq!(
        http.receive(&mut input, &mut buffer),
        Ok(Some(Event::Paused))
    );
    http.send_end(&mut out).expect("end");
    assert!(matches!(
        http.receive(&mut input, &mut buffer),
        Ok(Some(Event::Request { .. }))
    ));
}

#[test]
fn an_upgrade_leaves_what_follows() {
    let request = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n\
                   Upgrade: h2c, WebSocket\r\n\r\n\x01\x02";
    let mut http = ServerConnection::new(ServerConfig::default());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    let mut input = request.as_bytes();
    let Ok(Some(Event::Request { head, .. })) = http.receive(&mut input, &mut buffer) else {
        panic!("no request");
    };
    assert!(head.is_upgrade("websocket") && !head.is_upgrade("web"));
    assert!(matches!(
        http.receive(&mut input, &mut buffer),
        Ok(Some(Event::End { .. }))
    ));
    let missing = http
        .send_switching_protocols((), &mut out)
        .expect_err("no Upgrade");
    assert_eq!(missing.kind(), SendErrorKind::MissingUpgrade);
    http.send_switching_protocols([("Upgrade", "websocket")], &mut out)
        .expect("101");
    assert_eq!(
        &out[..],
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    );
    assert!(http.is_switched() && !http.should_close());
    assert_eq!(
        http.receive(&mut input, &mut buffer),
        Ok(Some(Event::Paused))
    );
    assert_eq!(input, b"\x01\x02");
}

#[test]
fn an_upgrade_may_be_declined_or_unwanted() {
    let offer = "Connection: upgrade\r\nUpgrade: websocket\r\n";
    let (text, kept) = sent(
        &format!("GET / HTTP/1.1\r\nHost: a\r\n{offer}\r\n"),
        |http, out| {
            http.respond(200, (), b"", out).expect("an ordinary answer");
        },
    );
    assert!(text.starts_with("HTTP/1.1 200 OK") && kept);
    for request in [
        format!("GET / HTTP/1.0\r\n{offer}\r\n"),
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n".into(),
        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n{offer}\r\n"),
    ] {
        let mut http = after_request(&request);
        let refused =
            http.send_switching_protocols([("Upgrade", "websocket")], &mut BytesMut::new());
        assert_eq!(
            refused.expect_err("refused").kind(),
            SendErrorKind::NotUpgradable
        );
    }
}

#[test]
fn an_upgrade_can_be_asked_for() {
    let (text, kept) = sent(GET, |http, out| {
        http.respond(426, [("Upgrade", "websocket")], b"", out)
            .expect("good");
    });
    for line in ["\r\nUpgrade: websocket\r\n", "\r\nConnection: Upgrade\r\n"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(kept);
}

#[test]
fn connect_becomes_a_tunnel_or_not() {
    let connect = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
    let mut http = after_request(connect);
    let mut out = BytesMut::new();
    let refused = http.send_response(200, (), ResponseBody::Streamed, &mut out);
    assert_eq!(
        refused.expect_err("refused").kind(),
        SendErrorKind::BodyNotAllowed
    );
    http.respond(200, (), b"", &mut out).expect("tunnel");
    assert_eq!(&out[..], b"HTTP/1.1 200 OK\r\n\r\n");
    assert!(http.is_switched());
    let (text, kept) = sent(connect, |http, out| {
        http.respond(405, [("Allow", "GET")], b"no", out)
            .expect("refusal");
    });
    assert!(text.ends_with("Content-Length: 2\r\n\r\nno") && kept);
}

#[test]
fn closing_after_the_response() {
    let (text, kept) = sent(GET, |http, out| {
        http.close_after_response();
        assert!(!http.should_close());
        http.respond(200, (), b"", out).expect("good");
        assert!(http.should_close());
    });
    assert!(text.contains("Connection: close\r\n") && !kept);

    let (text, kept) = sent(GET, |http, out| {
        http.respond(200, [("Connection", "close")], b"", out)
            .expect("good");
        assert!(http.should_close());
    });
    assert_eq!(text.matches("close").count(), 1);
    assert!(!kept);

    let mut http = ServerConnection::new(ServerConfig::default());
    http.close_after_response();
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    http.receive(&mut GET.as_bytes(), &mut buffer)
        .expect("good")
        .expect("the last one");
    http.respond(200, (), b"", &mut out).expect("good");
    assert!(http.should_close());
}

/// RFC 9112 §9.6: after its own "close" the server "MUST NOT process any further requests".
#[test]
fn a_server_that_says_close_parses_no_further_request() {
    let mut http = ServerConnection::new(ServerConfig::default());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    let stream = format!("{GET}{GET}");
    let mut input = stream.as_bytes();
    for _ in 0..2 {
        http.receive(&mut input, &mut buffer)
            .expect("good")
            .expect("the head, then the end");
    }
    http.respond(200, [("Connection", "close")], b"", &mut out)
        .expect("good");
    assert_eq!(
        http.receive(&mut input, &mut buffer),
        Ok(Some(Event::Paused))
    );
    assert_eq!(input, GET.as_bytes());
    assert!(http.should_close() && !http.can_respond());
}

#[test]
fn a_client_that_half_closes_gets_its_response() {
    let mut http = after_request(GET);
    let mut out = BytesMut::new();
    assert_eq!(http.receive_eof(), Ok(None));
    assert!(!http.should_close() && http.can_respond());
    http.respond(200, (), b"hi", &mut out).expect("good");
    assert!(out.windows(17).any(|w| w == b"Connection: close"));
    assert!(http.should_close());

    let mut http = after_request(GET);
    http.respond(200, (), b"hi", &mut out).expect("good");
    assert_eq!(http.receive_eof(), Ok(None));
    assert!(http.should_close());
}

#[test]
fn a_late_error_in_a_body_is_answered_or_closes() {
    let stream = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nx";
    for started in [false, true] {
        let mut http = ServerConnection::new(ServerConfig::default());
        let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
        let mut input = stream.as_bytes();
        http.receive(&mut input, &mut buffer)
            .expect("good")
            .expect("head");
        http.receive(&mut input, &mut buffer)
            .expect("good")
            .expect("data");
        if started {
            http.send_response(200, (), ResponseBody::Streamed, &mut out)
                .expect("good");
        }
        let error = http
            .receive(&mut input, &mut buffer)
            .expect_err("bad chunk");
        assert_eq!(error.kind(), Kind::InvalidChunkSize);
        assert_eq!(
            (http.can_respond(), http.should_close()),
            (!started, started)
        );
        if !started {
            http.respond(error.status(), (), b"", &mut out)
                .expect("the 400");
            assert!(http.should_close());
        }
    }
}

#[test]
fn a_caller_can_write_its_data_itself() {
    for (request, before, after) in [
        (GET, &b"3\r\n"[..], &b"\r\n"[..]),
        (GET_1_0, &b""[..], &b""[..]),
    ] {
        let mut http = after_request(request);
        let mut out = BytesMut::new();
        http.send_response(200, (), ResponseBody::Streamed, &mut out)
            .expect("head");
        assert_eq!(http.send_frame(0), Ok(None));
        let frame = http.send_frame(3).expect("open").expect("data");
        assert_eq!((frame.before(), frame.after()), (before, after));
    }
    let mut http = after_request(HEAD);
    let mut out = BytesMut::new();
    http.send_response(200, (), ResponseBody::Known(3), &mut out)
        .expect("head");
    assert_eq!(http.send_frame(3), Ok(None));
}

#[test]
fn the_buffer_gives_memory_back() {
    let mut http = ServerConnection::new(ServerConfig::default());
    let mut buffer = Buffer::new();
    assert_eq!(buffer.capacity(), 0);
    let fields = format!("A: {}\r\n", "b".repeat(100)).repeat(90);
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}Content-Length: 2\r\n\r\n");
    for piece in head.as_bytes().chunks(1000) {
        http.receive(&mut &*piece, &mut buffer).expect("good");
    }
    assert!(buffer.capacity() > head.len() && buffer.is_empty());
    http.receive(&mut &b"h"[..], &mut buffer)
        .expect("good")
        .expect("data");
    assert!(buffer.capacity() < 2048, "{}", buffer.capacity());
    buffer.release();
    assert_eq!(buffer.capacity(), 0);
    http.receive(&mut &b"i"[..], &mut buffer)
        .expect("good")
        .expect("data");
}
