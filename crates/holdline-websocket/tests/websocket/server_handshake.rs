//! The server's half of the handshake.

use holdline_websocket::handshake::{HandshakeError, server::*};

type Pairs<'h> = Vec<(&'h str, &'h [u8])>;

/// The request of RFC 6455 §1.3, without the fields in `without`, with those in `with`.
fn pairs<'h>(without: &[&str], with: &[(&'h str, &'h str)]) -> Pairs<'h> {
    [
        ("Host", "server.example.com"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Origin", "http://example.com"),
        ("Sec-WebSocket-Protocol", "chat, superchat"),
        ("Sec-WebSocket-Version", "13"),
    ]
    .iter()
    .filter(|(name, _)| !without.contains(name))
    .chain(with)
    .map(|(name, value)| (*name, value.as_bytes()))
    .collect()
}

fn error(without: &[&str], with: &[(&str, &str)]) -> HandshakeError {
    accept("GET", pairs(without, with).into_iter()).unwrap_err()
}

#[test]
pub(crate) fn the_example_of_rfc_6455_section_1_3() {
    let request = accept("GET", pairs(&[], &[]).into_iter()).unwrap();
    assert_eq!(request.origin(), Some("http://example.com"));
    assert_eq!(request.protocols(), ["chat", "superchat"]);
    assert_eq!(
        request.response(Some("chat")),
        [
            ("Upgrade", "websocket".into()),
            (
                "Sec-WebSocket-Accept",
                "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".into()
            ),
            ("Sec-WebSocket-Protocol", String::from("chat")),
        ]
    );
}

#[test]
pub(crate) fn lists_over_repeated_lines_in_any_case() {
    let headers = pairs(
        &["Upgrade", "Connection", "Sec-WebSocket-Protocol"],
        &[
            ("UPGRADE", "h2c"),
            ("upgrade", "foo, WebSocket"),
            ("connection", "keep-alive"),
            ("CONNECTION", " foo ,UPGRADE"),
            ("sec-websocket-protocol", "a"),
            ("Sec-Websocket-Protocol", "b , c"),
        ],
    );
    let request = accept("GET", headers.into_iter()).unwrap();
    assert_eq!(request.protocols(), ["a", "b", "c"]);
}

#[test]
pub(crate) fn other_methods_get_405_with_allow() {
    for method in ["POST", "get", "HEAD", "CONNECT"] {
        let error = accept(method, pairs(&[], &[]).into_iter()).unwrap_err();
        assert_eq!(
            (error.status(), error.headers()),
            (405, &[("Allow", "GET")][..])
        );
    }
}

#[test]
pub(crate) fn a_plain_request_gets_426() {
    let expected = &[("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")][..];
    for missing in ["Upgrade", "Connection"] {
        let error = error(&[missing], &[]);
        assert_eq!(error, HandshakeError::NotUpgrade);
        assert_eq!((error.status(), error.headers()), (426, expected));
    }
    assert_eq!(
        error(&["Upgrade"], &[("Upgrade", "websockets")]),
        HandshakeError::NotUpgrade
    );
}

#[test]
pub(crate) fn other_versions_get_426_with_the_version_spoken() {
    for version in ["8", "0", "013", "14", "13, 8", ""] {
        let error = error(
            &["Sec-WebSocket-Version"],
            &[("Sec-WebSocket-Version", version)],
        );
        assert_eq!(error.status(), 426, "{version}");
        assert!(error.headers().contains(&("Sec-WebSocket-Version", "13")));
    }
    assert_eq!(error(&["Sec-WebSocket-Version"], &[]).status(), 426);
    assert_eq!(
        error(&[], &[("Sec-WebSocket-Version", "13")]),
        HandshakeError::RepeatedVersion
    );
}

#[test]
pub(crate) fn a_bad_key_gets_400() {
    let key = "Sec-WebSocket-Key";
    for with in [
        &[][..],
        &[(key, "")],
        &[(key, "dGhlIHNhbXBsZSBub25jZQ")],
        &[(key, "dGhlIHNhbXBsZSBub25jZR==")],
        &[
            (key, "dGhlIHNhbXBsZSBub25jZQ=="),
            (key, "dGhlIHNhbXBsZSBub25jZQ=="),
        ],
    ] {
        let error = error(&[key], with);
        assert_eq!(
            (error, error.status()),
            (HandshakeError::Key, 400),
            "{with:?}"
        );
    }
    let padded = pairs(&[key], &[(key, " dGhlIHNhbXBsZSBub25jZQ==\t")]);
    assert!(accept("GET", padded.into_iter()).is_ok());
}

#[test]
pub(crate) fn origins() {
    fn request<'h>(origin: &[(&'h str, &'h str)]) -> Result<Request<'h>, HandshakeError> {
        accept("GET", pairs(&["Origin"], origin).into_iter())
    }
    let allowed = ["https://example.com", "null"];
    for (origin, expected) in [
        ("https://example.com", true),
        ("HTTPS://EXAMPLE.COM", true),
        ("http://example.com", false),
        ("https://example.com:8443", false),
        ("https://example.com.evil.test", false),
        ("null", false),
        ("", false),
    ] {
        let with = [("Origin", origin)];
        let request = request(&with).unwrap();
        assert_eq!(request.origin_is_allowed(&allowed), expected, "{origin}");
    }
    assert!(request(&[]).unwrap().origin_is_allowed(&allowed));
    let twice = [
        ("Origin", "https://example.com"),
        ("Origin", "https://evil.test"),
    ];
    assert_eq!(request(&twice), Err(HandshakeError::Origin));
    assert_eq!(
        request(&[("Origin", "https://b\u{fc}cher.example")]),
        Err(HandshakeError::Origin)
    );
}

#[test]
pub(crate) fn subprotocols() {
    let request = accept("GET", pairs(&[], &[]).into_iter()).unwrap();
    assert_eq!(
        request.choose_protocol(&["superchat", "chat"]),
        Some("chat")
    );
    assert_eq!(request.choose_protocol(&["Chat"]), None);
    assert_eq!(request.response(Some("not-offered")).len(), 2);
    for bad in ["a b", "a, a", "a/b", "\"a\"", "caf\u{e9}"] {
        let name = "Sec-WebSocket-Protocol";
        assert_eq!(
            error(&[name], &[(name, bad)]),
            HandshakeError::Protocol,
            "{bad}"
        );
    }
}

#[test]
pub(crate) fn extensions_are_parsed_over_lines_and_declined() {
    let name = "Sec-WebSocket-Extensions";
    let headers = pairs(&[], &[(name, "a; b=\"1\""), (name, "c")]);
    let request = accept("GET", headers.into_iter()).unwrap();
    let names: Vec<&str> = request.extensions().iter().map(|e| e.name).collect();
    assert_eq!(names, ["a", "c"]);
    assert!(
        request
            .response(None)
            .iter()
            .all(|(found, _)| *found != name)
    );
    assert_eq!(
        error(&[], &[(name, "a; b=\"1")]),
        HandshakeError::Extensions
    );
}

#[test]
pub(crate) fn extended_connect_needs_the_protocol_and_the_version() {
    let version = ("sec-websocket-version", &b"13"[..]);
    let error = |protocol, headers: &[(&'static str, &'static [u8])]| {
        let error = accept_extended_connect(protocol, headers.iter().copied()).unwrap_err();
        (error.status(), error.headers())
    };
    assert_eq!(error("webtransport", &[version]), (501, &[][..]));
    let expected = &[("Sec-WebSocket-Version", "13")][..];
    assert_eq!(error("websocket", &[]), (400, expected));
    assert_eq!(
        error("websocket", &[("sec-websocket-version", b"8")]),
        (400, expected)
    );
    assert_eq!(error("websocket", &[version, version]).0, 400);
}

#[test]
fn a_request_with_very_many_subprotocols_does_not_hold_up_the_others() {
    let names: Vec<_> = (0..150_000).map(|number| format!("p{number}")).collect();
    let begun = std::time::Instant::now();
    let list = names.join(",");
    let with = |list: &str| {
        let pairs = pairs(
            &["Sec-WebSocket-Protocol"],
            &[("Sec-WebSocket-Protocol", list)],
        );
        accept("GET", pairs.into_iter()).map(|request| request.protocols().len())
    };
    assert_eq!(with(&list), Ok(150_000));
    assert_eq!(
        with(&format!("{list},p30000")),
        Err(HandshakeError::Protocol)
    );
    // Each compared with all before it would take half a minute.
    let took = begun.elapsed();
    assert!(took.as_secs() < 5, "{took:?}");
}
