//! The four parameters (RFC 7692 §7.1).

use super::*;

#[test]
pub(crate) fn bad_extension_parameters_decline_the_offer() {
    let default = DeflateOptions::default();
    for bad in [
        "permessage-deflate; unknown",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; client_max_window_bits=0",
        "permessage-deflate; client_max_window_bits=1x",
        "permessage-deflate; client_max_window_bits=100",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "x-webkit-deflate-frame",
    ] {
        assert_eq!(negotiate(bad, &default), None, "{bad}");
        // The next offer counts.
        let next = format!("{bad}, permessage-deflate");
        assert_eq!(
            negotiate(&next, &default).unwrap().to_string(),
            "permessage-deflate"
        );
    }
}

#[test]
pub(crate) fn bad_extension_parameters_fail_the_client() {
    for bad in [
        "permessage-deflate; unknown",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
        "permessage-deflate, permessage-deflate",
        "permessage-deflate, x-other",
        "permessage-deflate; a b",
    ] {
        assert_eq!(
            verify(bad, DeflateOptions::default()),
            Err(client::VerifyError::Extension),
            "{bad}"
        );
    }
    let strict = options(|options| {
        options.peer_no_context_takeover = true;
        options.peer_max_window_bits = 10;
    });
    let good = "permessage-deflate; server_no_context_takeover; server_max_window_bits=10";
    assert!(verify(good, strict).unwrap().is_some());
    for bad in [
        "permessage-deflate; server_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=11",
        "permessage-deflate; server_max_window_bits=10",
    ] {
        assert_eq!(
            verify(bad, strict),
            Err(client::VerifyError::Extension),
            "{bad}"
        );
    }
    assert_eq!(verify("", strict), Ok(None));
}

#[test]
pub(crate) fn the_four_parameters_are_negotiated() {
    let default = DeflateOptions::default();
    let small = options(|options| {
        options.no_context_takeover = true;
        options.max_window_bits = 12;
        options.peer_max_window_bits = 11;
    });
    for (offer, options, answer) in [
        ("permessage-deflate", &default, "permessage-deflate"),
        (
            "permessage-deflate; client_max_window_bits",
            &default,
            "permessage-deflate",
        ),
        (
            "permessage-deflate; client_max_window_bits=9",
            &default,
            "permessage-deflate; client_max_window_bits=9",
        ),
        (
            "permessage-deflate; server_max_window_bits=\"15\"",
            &default,
            "permessage-deflate; server_max_window_bits=15",
        ),
        (
            "permessage-deflate; server_max_window_bits=8",
            &default,
            "permessage-deflate; server_max_window_bits=8",
        ),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            &default,
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        ),
        (
            "permessage-deflate",
            &small,
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=12",
        ),
        (
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
            &small,
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11",
        ),
    ] {
        assert_eq!(
            negotiate(offer, options).unwrap().to_string(),
            answer,
            "{offer}"
        );
    }
    let client = verify(
        "permessage-deflate; client_max_window_bits=10; client_no_context_takeover",
        default,
    );
    let client = client.unwrap().unwrap();
    assert_eq!(
        (
            client.max_window_bits(Role::Client),
            client.max_window_bits(Role::Server)
        ),
        (10, 15)
    );
    assert!(client.no_context_takeover(Role::Client) && !client.no_context_takeover(Role::Server));
}

/// The value of `Sec-WebSocket-Extensions` of a client with these options.
fn offer(options: DeflateOptions) -> String {
    let mut request = client::Request::new(*b"the sample nonce");
    request.offer_deflate(options);
    let mut headers = request.headers().into_iter();
    let found = headers.find(|(name, _)| *name == "Sec-WebSocket-Extensions");
    found.unwrap().1
}

#[test]
fn an_offer_says_what_the_client_wants_and_no_more() {
    assert_eq!(
        offer(DeflateOptions::default()),
        "permessage-deflate; client_max_window_bits"
    );
    let small = options(|options| {
        options.max_window_bits = 12;
        options.peer_max_window_bits = 11;
    });
    assert_eq!(
        offer(small),
        "permessage-deflate; server_max_window_bits=11; client_max_window_bits=12"
    );
    assert_eq!(
        offer(alone()),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits"
    );
}

#[test]
fn a_client_keeps_within_its_own_window_and_the_agreed_one() {
    let own = options(|options| options.max_window_bits = 10);
    for (answer, bits) in [
        ("; client_max_window_bits=12", 10),
        ("; client_max_window_bits=9", 9),
        ("", 10),
    ] {
        let agreed = verify(&format!("permessage-deflate{answer}"), own);
        let agreed = agreed.unwrap().unwrap();
        assert_eq!(agreed.max_window_bits(Role::Client), bits, "{answer}");
        // A server that keeps no more than that understands what repeats at any distance.
        let message: Vec<u8> = (0..9000u32).map(|i| (i * i / 7) as u8).collect();
        let mut client = Connection::client(config(agreed, Limits::default()), || KEY);
        let mut out = BytesMut::new();
        client.send_binary(&message, &mut out).unwrap();
        let keeps = options(|options| options.peer_max_window_bits = bits);
        let mut server = Connection::server(config(self::agreed(&keeps), Limits::default()));
        let mut buffer = Buffer::new();
        assert_eq!(
            server.receive(&mut &mut out[..], &mut buffer),
            Ok(Some(Event::Binary(&message)))
        );
    }
}

/// RFC 7692 §5: two extensions that both use RSV1 are never in use together, since there is one at most.
#[test]
fn one_extension_is_accepted_and_no_second_one() {
    for offers in [
        "x-other, permessage-deflate",
        "permessage-deflate, x-other",
        "permessage-deflate, permessage-deflate; server_no_context_takeover",
    ] {
        let answer = negotiate(offers, &DeflateOptions::default()).unwrap();
        assert_eq!(answer.to_string(), "permessage-deflate", "{offers}");
    }
}
