//! The server's part of the handshake.

use super::*;

#[test]
pub(crate) fn hixie76_example_of_the_draft_section_1_3() {
    assert_eq!(challenge().answer(BODY).as_bytes(), ANSWER);
    let request = accept("GET", "/demo", false, pairs(&[], &[]).into_iter()).unwrap();
    assert_eq!(request.challenge(), challenge());
    assert_eq!(request.origin(), "http://example.com");
    assert_eq!(request.protocol(), Some("sample"));
    let expected = [
        ("Upgrade", "WebSocket".to_string()),
        ("Sec-WebSocket-Origin", "http://example.com".to_string()),
        (
            "Sec-WebSocket-Location",
            "ws://example.com/demo".to_string(),
        ),
        ("Sec-WebSocket-Protocol", "sample".to_string()),
    ];
    assert_eq!(request.response(Some("sample")), expected);
    assert_eq!(request.response(None), expected[..3]);
    assert_eq!(request.response(Some("other")), expected[..3]);
}

#[test]
pub(crate) fn hixie76_location_is_what_the_client_connected_to() {
    let headers = pairs(&["Host"], &[("host", "EXAMPLE.com:8080")]);
    let request = accept("GET", "/a?b=C", true, headers.into_iter()).unwrap();
    assert_eq!(request.location(), "wss://example.com:8080/a?b=C");
}

#[test]
pub(crate) fn hixie76_keys_are_multiples_of_their_spaces() {
    let good = KEY2.as_bytes();
    for (key, why) in [
        (&b""[..], "nothing"),
        (b"12", "no space: a division by zero"),
        (b"a b c", "no digit"),
        (b"1 3 a", "not a multiple"),
        (b" 4294967296", "over 32 bits"),
        (b" 99999999999999999999999999", "over 64 bits"),
    ] {
        assert_eq!(Challenge::parse(key, good), None, "{why}");
        assert_eq!(Challenge::parse(good, key), None, "{why}");
        let key = std::str::from_utf8(key).unwrap();
        refused(
            &["Sec-WebSocket-Key1"],
            &[("Sec-WebSocket-Key1", key)],
            HandshakeError::Key,
        );
    }
    // The greatest, and zero.
    assert!(Challenge::parse(b" 4294967295", b" 0").is_some());
}

#[test]
pub(crate) fn hixie76_head_is_checked() {
    use HandshakeError as E;
    for (name, error) in [
        ("Upgrade", E::NotUpgrade),
        ("Connection", E::NotUpgrade),
        ("Host", E::Host),
        ("Origin", E::Origin),
        ("Sec-WebSocket-Key1", E::Key),
        ("Sec-WebSocket-Key2", E::Key),
    ] {
        refused(&[name], &[], error);
        if error != E::NotUpgrade {
            let again = pairs(&[], &[]);
            let (_, value) = again.iter().find(|(found, _)| *found == name).unwrap();
            let value = std::str::from_utf8(value).unwrap();
            refused(&[], &[(name, value)], error);
        }
    }
    refused(&["Host"], &[("Host", "a/b")], E::Host);
    refused(&["Origin"], &[("Origin", "")], E::Origin);
    refused(&["Origin"], &[("Origin", "\u{e9}")], E::Origin);
    refused(&[], &[("Sec-WebSocket-Protocol", "b")], E::Protocol);
    let no_protocol = &["Sec-WebSocket-Protocol"];
    refused(no_protocol, &[("Sec-WebSocket-Protocol", "")], E::Protocol);
    let error = |method, target| {
        accept(method, target, false, pairs(&[], &[]).into_iter())
            .unwrap_err()
            .status()
    };
    assert_eq!(error("POST", "/"), 405);
    assert_eq!(E::Method.headers(), [("Allow", "GET")]);
    for target in ["", "*", "http://a/", "/a b", "/a\r\nb", "/a#b", "/\u{e9}"] {
        assert_eq!(error("GET", target), 400, "{target}");
    }
}

#[test]
pub(crate) fn hixie76_is_told_from_later_protocols() {
    assert!(is_offered(pairs(&[], &[]).into_iter()));
    assert!(!is_offered(pairs(&["Sec-WebSocket-Key1"], &[]).into_iter()));
    let both = pairs(&[], &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]);
    assert!(!is_offered(both.into_iter()));
}

#[test]
fn hixie76_origin_null_is_foreign() {
    let headers = pairs(&["Origin"], &[("Origin", "null")]);
    let request = accept("GET", "/", false, headers.into_iter()).unwrap();
    assert!(!request.origin_is_allowed(&["null"]));
    let request = accept("GET", "/", false, pairs(&[], &[]).into_iter()).unwrap();
    assert!(request.origin_is_allowed(&["http://other.example", "http://example.com"]));
    assert!(!request.origin_is_allowed(&["http://other.example"]));
}

#[test]
pub(crate) fn hixie76_challenge_may_arrive_split_and_answer_goes_first() {
    let (mut server, mut buffer, mut out) = (
        Connection::server(Config::default(), challenge()),
        Buffer::new(),
        BytesMut::new(),
    );
    assert_eq!(
        server.receive(&mut &mut BODY.to_vec()[..7], &mut buffer),
        Ok(None)
    );
    assert!(!server.poll_transmit(&mut out) && !server.is_open());
    assert_eq!(server.send_text("early", &mut out), Err(SendError::NotOpen));
    assert_eq!(server.send_close(&mut out), Err(SendError::NotOpen));
    let mut rest = &mut b"u\x00a\xff".to_vec()[..];
    assert_eq!(
        server.receive(&mut rest, &mut buffer),
        Ok(Some(Event::Open))
    );
    assert_eq!(rest, b"\x00a\xff", "the boundary law");
    let all = PreparedMessage::text("all");
    assert_eq!(server.send_prepared(&all), Err(SendError::NotOpen));
    server.send_text("first", &mut out).unwrap();
    assert_eq!(out.split()[..], b"fQJ,fN/4F4!~K~MH\x00first\xff"[..]);
    assert_eq!(server.send_prepared(&all).unwrap(), b"\x00all\xff"[..]);
    assert!(!server.poll_transmit(&mut out) && server.is_open());
}
