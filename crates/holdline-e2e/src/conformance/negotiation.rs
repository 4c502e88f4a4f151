//! What must be negotiated for each offer of permessage-deflate (RFC 7692 §7.1).

use std::net::SocketAddr;

use super::client::handshake_of_server;
use super::extension::{CLIENT_BITS, CLIENT_NO_TAKEOVER, DEFLATE, SERVER_BITS, SERVER_NO_TAKEOVER};
use super::frame::Role;
use super::run::run;
use super::wire::{Item, Wire};
use super::{Frame, Parameters, Script};

/// An offer of a client, and what a server may answer to it.
#[derive(Clone, Copy, Debug)]
pub struct Negotiation {
    /// What is special about it.
    pub name: &'static str,
    /// Field values, each on a line of its own.
    pub offers: &'static [&'static str],
    /// What the answer must contain, with the largest allowed window for each. `None` if the server must decline.
    pub answer: Option<&'static [(&'static str, Option<u8>)]>,
}

/// The offers.
pub const NEGOTIATIONS: &[Negotiation] = &[
    agreed("no parameter", &[DEFLATE], &[]),
    agreed(
        "the server forgets",
        &["permessage-deflate; server_no_context_takeover"],
        &[(SERVER_NO_TAKEOVER, None)],
    ),
    agreed(
        "the client forgets",
        &["permessage-deflate; client_no_context_takeover"],
        &[],
    ),
    agreed(
        "both forget",
        &["permessage-deflate; client_no_context_takeover; server_no_context_takeover"],
        &[(SERVER_NO_TAKEOVER, None)],
    ),
    agreed(
        "a client window of the server's choice",
        &["permessage-deflate; client_max_window_bits"],
        &[],
    ),
    agreed(
        "a small client window",
        &["permessage-deflate; client_max_window_bits=9"],
        &[],
    ),
    agreed(
        "the largest windows",
        &["permessage-deflate; client_max_window_bits=15; server_max_window_bits=15"],
        &[(SERVER_BITS, Some(15))],
    ),
    agreed(
        "a server window of 512 bytes",
        &["permessage-deflate; server_max_window_bits=9"],
        &[(SERVER_BITS, Some(9))],
    ),
    agreed(
        "a server window of 4096 bytes, quoted",
        &["permessage-deflate; server_max_window_bits=\"12\""],
        &[(SERVER_BITS, Some(12))],
    ),
    agreed(
        "all four",
        &[
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=10; client_max_window_bits=11",
        ],
        &[(SERVER_NO_TAKEOVER, None), (SERVER_BITS, Some(10))],
    ),
    agreed(
        "few spaces, and an unknown extension after it",
        &["permessage-deflate;client_max_window_bits,x-unknown"],
        &[],
    ),
    agreed(
        "an unknown extension before it",
        &["x-unknown; a=1, permessage-deflate"],
        &[],
    ),
    agreed(
        "in a second line",
        &["x-unknown", "permessage-deflate"],
        &[],
    ),
    agreed(
        "a bad offer, then a good one",
        &["permessage-deflate; x-unknown, permessage-deflate; server_no_context_takeover"],
        &[(SERVER_NO_TAKEOVER, None)],
    ),
    agreed(
        "a bad offer in the first of two lines",
        &[
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate",
        ],
        &[],
    ),
    declined("nothing known", &["x-unknown"]),
    declined("an older draft", &["x-webkit-deflate-frame"]),
    declined("an unknown parameter", &["permessage-deflate; x-unknown"]),
    declined(
        "a parameter twice",
        &["permessage-deflate; server_no_context_takeover; server_no_context_takeover"],
    ),
    declined(
        "a window twice",
        &["permessage-deflate; client_max_window_bits=10; client_max_window_bits=10"],
    ),
    declined(
        "a value where none belongs",
        &["permessage-deflate; server_no_context_takeover=1"],
    ),
    declined(
        "a value where none belongs, for the client",
        &["permessage-deflate; client_no_context_takeover=true"],
    ),
    declined(
        "a server window without size",
        &["permessage-deflate; server_max_window_bits"],
    ),
    declined(
        "a server window too small",
        &["permessage-deflate; server_max_window_bits=7"],
    ),
    declined(
        "a server window too large",
        &["permessage-deflate; server_max_window_bits=16"],
    ),
    declined(
        "a server window with a leading zero",
        &["permessage-deflate; server_max_window_bits=010"],
    ),
    declined(
        "a server window that is no number",
        &["permessage-deflate; server_max_window_bits=ten"],
    ),
    declined(
        "a negative server window",
        &["permessage-deflate; server_max_window_bits=-9"],
    ),
    declined(
        "a client window too small",
        &["permessage-deflate; client_max_window_bits=7"],
    ),
    declined(
        "a client window too large",
        &["permessage-deflate; client_max_window_bits=16"],
    ),
    declined(
        "a huge client window",
        &["permessage-deflate; client_max_window_bits=99999999999999999999"],
    ),
];

const fn agreed(
    name: &'static str,
    offers: &'static [&'static str],
    must: &'static [(&'static str, Option<u8>)],
) -> Negotiation {
    Negotiation {
        name,
        offers,
        answer: Some(must),
    }
}

const fn declined(name: &'static str, offers: &'static [&'static str]) -> Negotiation {
    Negotiation {
        name,
        offers,
        answer: None,
    }
}

/// Makes the offer to a server, checks the answer, and exchanges messages as negotiated.
///
/// # Errors
/// What was expected and what was seen.
pub fn test_negotiation(
    address: SocketAddr,
    target: &str,
    negotiation: &Negotiation,
) -> Result<(), String> {
    let opened = handshake_of_server(address, target, negotiation.offers)?;
    let seen = &opened.extensions;
    let Some(must) = negotiation.answer else {
        if !seen.is_empty() {
            return Err(format!("expected no extension, seen {seen:?}"));
        }
        let mut wire = Wire::new(opened.stream, Role::Client, opened.unread, None);
        // If nothing was negotiated, the bit is an error.
        let script = Script::new()
            .send([Frame::text("plain")])
            .text("plain")
            .send([Frame::text(Parameters::default().deflater().message(b"no")).compressed()])
            .fails(1002);
        return run(&mut wire, Role::Client, script);
    };
    let [answer] = &seen[..] else {
        return Err(format!("expected {DEFLATE}, seen {seen:?}"));
    };
    let offered = negotiation.offers.concat().to_lowercase();
    let mut wrong = answer.name != DEFLATE;
    for (at, (name, value)) in answer.parameters.iter().enumerate() {
        let again = answer.parameters[..at]
            .iter()
            .any(|(other, _)| other == name);
        wrong |= again
            || match name.as_str() {
                SERVER_NO_TAKEOVER | CLIENT_NO_TAKEOVER => value.is_some(),
                SERVER_BITS => answer.bits(SERVER_BITS).is_none(),
                // §7.1.2.2: only when it was offered.
                CLIENT_BITS => answer.bits(CLIENT_BITS).is_none() || !offered.contains(CLIENT_BITS),
                _ => true,
            };
    }
    for (name, most) in must {
        wrong |= !answer.has(name)
            || most.is_some_and(|most| answer.bits(name).is_none_or(|bits| bits > most));
    }
    if wrong {
        return Err(format!("expected {DEFLATE} with {must:?}, seen {answer:?}"));
    }
    let parameters = Parameters {
        tester_takeover: !answer.has(CLIENT_NO_TAKEOVER),
        tester_bits: answer.bits(CLIENT_BITS).unwrap_or(15),
        peer_takeover: !answer.has(SERVER_NO_TAKEOVER),
        peer_bits: answer.bits(SERVER_BITS).unwrap_or(15),
    };
    let text = "What was agreed on holds. ".repeat(200);
    let mut deflater = parameters.deflater();
    let mut wire = Wire::new(
        opened.stream,
        Role::Client,
        opened.unread,
        Some(parameters.inflater()),
    );
    let mut script = Script::new();
    for _ in 0..3 {
        script = script
            .send([Frame::text(deflater.message(text.as_bytes())).compressed()])
            .expect_compressed(Item::Text(text.clone().into_bytes()));
    }
    run(&mut wire, Role::Client, script)
}
