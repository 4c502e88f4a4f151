//! Properties of the handshake.

use holdline_websocket::{
    ClientKey,
    handshake::{client, parse_extensions, server},
};
use proptest::{collection::vec, prelude::*};

/// Header lines that are nearly right.
fn headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let name = prop_oneof![
        Just("Upgrade"),
        Just("Connection"),
        Just("Sec-WebSocket-Key"),
        Just("Sec-WebSocket-Version"),
        Just("Sec-WebSocket-Protocol"),
        Just("Sec-WebSocket-Extensions"),
        Just("Sec-WebSocket-Accept"),
        Just("Origin"),
        Just("X-Other"),
    ];
    let value = prop_oneof![
        Just(b"websocket".to_vec()),
        Just(b"upgrade".to_vec()),
        Just(b"13".to_vec()),
        Just(b"dGhlIHNhbXBsZSBub25jZQ==".to_vec()),
        Just(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_vec()),
        "[a-b ,;=\"\\\\]{0,12}".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..20),
    ];
    vec((name, value), 0..14)
}

proptest! {
    #[test]
    fn no_request_and_no_response_panics(headers in headers()) {
        let pairs = headers.iter().map(|(name, value)| (*name, &value[..]));
        match server::accept("GET", pairs.clone()) {
            Ok(request) => prop_assert!(request.response(request.protocols().first().copied()).len() >= 2),
            Err(error) => prop_assert!([400, 426].contains(&error.status())),
        }
        let _ = client::Request::new(*b"the sample nonce").verify(101, pairs);
    }

    #[test]
    fn extensions_never_panic_and_round_trip(line in vec(any::<u8>(), 0..60), near in "[a-c0-9;=, \"\\\\\t]{0,40}") {
        let _ = parse_extensions(&line);
        let Ok(list) = parse_extensions(near.as_bytes()) else { return Ok(()) };
        let mut written = String::new();
        for extension in &list {
            written += extension.name;
            for parameter in &extension.parameters {
                written += "; ";
                written += parameter.name;
                if let Some(value) = &parameter.value {
                    written += &format!("=\"{value}\"");
                }
            }
            written += ", ";
        }
        prop_assert_eq!(parse_extensions(written.as_bytes()), Ok(list));
    }

    #[test]
    fn both_halves_agree(nonce: [u8; 16], protocols in vec("[a-z]{1,4}", 0..4), choice in "[a-z]{1,4}") {
        let mut request = client::Request::new(nonce);
        let offered: Vec<&String> = protocols.iter().filter(|p| request.offer_protocol(p).is_ok()).collect();
        let headers = request.headers();
        let accepted = server::accept("GET", headers.iter().map(|(n, v)| (*n, v.as_bytes()))).unwrap();
        prop_assert_eq!(accepted.protocols(), offered);
        let chosen = accepted.choose_protocol(&[&choice]).or(accepted.protocols().first().copied());
        let mut response = accepted.response(chosen);
        response.push(("Connection", "upgrade".into()));
        let verified = request.verify(101, response.iter().map(|(n, v)| (*n, v.as_bytes()))).unwrap();
        prop_assert_eq!(verified.protocol, chosen);
        let key = ClientKey::new(nonce);
        prop_assert_eq!(ClientKey::parse(key.as_str().as_bytes()), Some(key));
    }
}
