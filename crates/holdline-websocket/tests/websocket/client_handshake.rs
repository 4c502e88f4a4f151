//! The client's half of the handshake.

use holdline_websocket::handshake::client::*;

fn request() -> Request {
    let mut request = Request::new(*b"the sample nonce");
    request.offer_protocol("chat").unwrap();
    request.offer_protocol("superchat").unwrap();
    request
}

/// Verifies the response of RFC 6455 §1.3, without the fields in `without`, with those in `with`.
fn verify<'h>(
    without: &[&str],
    with: &[(&'h str, &'h str)],
) -> Result<Option<&'h str>, VerifyError> {
    let headers: Vec<(&str, &[u8])> = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ]
    .iter()
    .filter(|(name, _)| !without.contains(name))
    .chain(with)
    .map(|(name, value)| (*name, value.as_bytes()))
    .collect();
    request()
        .verify(101, headers.into_iter())
        .map(|accepted| accepted.protocol)
}

#[test]
pub(crate) fn headers_are_what_the_server_half_accepts() {
    let headers = request().headers();
    let pairs = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    let accepted = holdline_websocket::handshake::server::accept("GET", pairs).unwrap();
    assert_eq!(accepted.protocols(), ["chat", "superchat"]);

    let response = accepted.response(Some("superchat"));
    let connection = ("Connection", &b"Upgrade"[..]);
    let pairs = response
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    let verified = request().verify(101, pairs.chain([connection])).unwrap();
    assert_eq!(verified.protocol, Some("superchat"));
}

#[test]
fn good_responses() {
    assert_eq!(verify(&[], &[]), Ok(None));
    assert_eq!(
        verify(&[], &[("sec-websocket-protocol", "superchat")]),
        Ok(Some("superchat"))
    );
    let other_case = [
        ("UPGRADE", "WebSocket"),
        ("connection", "keep-alive, upgrade"),
    ];
    assert_eq!(verify(&["Upgrade", "Connection"], &other_case), Ok(None));
    assert_eq!(verify(&[], &[("Sec-WebSocket-Extensions", "")]), Ok(None));
}

#[test]
pub(crate) fn anything_but_101_is_refused() {
    for status in [100, 200, 301, 401, 426] {
        let verified = request().verify(status, core::iter::empty());
        assert_eq!(verified, Err(VerifyError::Status(status)));
    }
}

#[test]
pub(crate) fn missing_and_wrong_fields_are_refused() {
    let accept = "Sec-WebSocket-Accept";
    for (without, with, error) in [
        ("Upgrade", &[][..], VerifyError::Upgrade),
        ("Upgrade", &[("Upgrade", "h2c")], VerifyError::Upgrade),
        ("", &[("Upgrade", "h2c")], VerifyError::Upgrade),
        ("Connection", &[], VerifyError::Connection),
        (
            "Connection",
            &[("Connection", "close")],
            VerifyError::Connection,
        ),
        (accept, &[], VerifyError::Accept),
        (
            accept,
            &[(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=")],
            VerifyError::Accept,
        ),
        (
            accept,
            &[(accept, "S3PPLMBITXAQ9KYGZZHZRBK+XOO=")],
            VerifyError::Accept,
        ),
        (
            "",
            &[(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")],
            VerifyError::Accept,
        ),
    ] {
        assert_eq!(verify(&[without], with), Err(error), "{without} {with:?}");
    }
}

#[test]
pub(crate) fn unsolicited_extensions_and_subprotocols_are_refused() {
    let extensions = "Sec-WebSocket-Extensions";
    assert_eq!(
        verify(&[], &[(extensions, "permessage-deflate")]),
        Err(VerifyError::Extension)
    );
    let protocol = "Sec-WebSocket-Protocol";
    for bad in ["other", "Chat", "chat, superchat", ""] {
        assert_eq!(
            verify(&[], &[(protocol, bad)]),
            Err(VerifyError::Protocol),
            "{bad}"
        );
    }
    let two = [(protocol, "chat"), (protocol, "superchat")];
    assert_eq!(verify(&[], &two), Err(VerifyError::Protocol));
}

#[test]
pub(crate) fn only_different_tokens_are_offered() {
    let mut request = request();
    for bad in ["", "a b", "a,b", "chat"] {
        assert_eq!(request.offer_protocol(bad), Err(InvalidProtocol), "{bad}");
    }
}

#[test]
pub(crate) fn extended_connect_of_rfc_8441() {
    let mut request = Request::extended_connect();
    request.offer_protocol("chat").unwrap();
    let headers = request.headers();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["Sec-WebSocket-Version", "Sec-WebSocket-Protocol"]);

    let pairs = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    let accepted =
        holdline_websocket::handshake::server::accept_extended_connect("websocket", pairs).unwrap();
    let response = accepted.response(accepted.choose_protocol(&["chat"]));
    assert_eq!((accepted.status(), accepted.accept_key()), (200, None));
    assert_eq!(response, [("Sec-WebSocket-Protocol", String::from("chat"))]);

    let pairs = response
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    let verified = request.verify(200, pairs.clone()).unwrap();
    assert_eq!(verified.protocol, Some("chat"));
    assert_eq!(
        request.verify(101, pairs).unwrap_err(),
        VerifyError::Status(101)
    );
}
