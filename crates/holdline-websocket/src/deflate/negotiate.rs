//! The four parameters (RFC 7692 §7.1), offered, accepted and verified.

use alloc::{format, string::String, vec::Vec};

use super::{Deflate, DeflateOptions, Direction};
use crate::handshake::{Extension, parse_extensions};

pub(super) const NAME: &str = "permessage-deflate";
pub(super) const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
pub(super) const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
pub(super) const SERVER_BITS: &str = "server_max_window_bits";
pub(super) const CLIENT_BITS: &str = "client_max_window_bits";

impl DeflateOptions {
    /// A client's offer: the value of `Sec-WebSocket-Extensions`.
    pub(crate) fn offer(&self) -> String {
        let (ours, theirs) = (self.ours(), self.theirs());
        let mut offer = String::from(NAME);
        for (wanted, name) in [
            (!theirs.takeover, SERVER_NO_CONTEXT_TAKEOVER),
            (!ours.takeover, CLIENT_NO_CONTEXT_TAKEOVER),
        ] {
            if wanted {
                offer += "; ";
                offer += name;
            }
        }
        if theirs.bits < 15 {
            offer += &format!("; {SERVER_BITS}={}", theirs.bits);
        }
        // §7.1.2.2: without it the server may not limit our window.
        offer += "; ";
        offer += CLIENT_BITS;
        if ours.bits < 15 {
            offer += &format!("={}", ours.bits);
        }
        offer
    }
}

impl Deflate {
    /// What a server's answer agreed on, for those who look at a connection from outside, such as at a capture of
    /// it: `answer` is the value of its `Sec-WebSocket-Extensions`. `None`: it is not the answer to an offer of
    /// permessage-deflate (RFC 7692 §7.1).
    ///
    /// A client verifies an answer with [`client::Request`](crate::handshake::client::Request) instead.
    ///
    /// ```
    /// use holdline_websocket::{Deflate, Role};
    ///
    /// let agreed = Deflate::from_answer("permessage-deflate; client_max_window_bits=12").unwrap();
    /// assert_eq!(agreed.max_window_bits(Role::Client), 12);
    /// assert_eq!(Deflate::from_answer("permessage-deflate; server_max_window_bits=7"), None);
    /// ```
    #[must_use]
    pub fn from_answer(answer: &str) -> Option<Self> {
        let extensions = parse_extensions(answer.as_bytes()).ok()?;
        match &extensions[..] {
            [answer] if answer.name == NAME => verify_answer(answer, &DeflateOptions::default()),
            _ => None,
        }
    }
}

/// Accepts the first offer that follows the rules; the server's part. An offer with anything wrong in it is
/// declined, as §7.1 says, and the next one is looked at.
pub(crate) fn negotiate_offers(
    offers: &[Extension<'_>],
    options: &DeflateOptions,
) -> Option<Deflate> {
    let offer = offers
        .iter()
        .filter(|offer| offer.name == NAME)
        .find_map(|offer| Parameters::read(offer, true))?;
    let (ours, theirs) = (options.ours(), options.theirs());
    // §7.1.2.2: without the parameter in the offer there must be none in the answer.
    let client_bits = match offer.client_bits {
        None => 15,
        Some(hint) => hint.unwrap_or(15).min(theirs.bits),
    };
    Some(Deflate {
        server: Direction {
            takeover: ours.takeover && !offer.server_no_context_takeover,
            bits: offer.server_bits.unwrap_or(15).min(ours.bits),
        },
        client: Direction {
            takeover: theirs.takeover && !offer.client_no_context_takeover,
            bits: client_bits,
        },
        server_bits_offered: offer.server_bits.is_some(),
        level: options.level,
        min_size: options.min_size,
    })
}

/// Reads a server's answer to `options.offer()`. `None`: the client must fail the connection (§7.1).
pub(crate) fn verify_answer(answer: &Extension<'_>, options: &DeflateOptions) -> Option<Deflate> {
    let parameters = Parameters::read(answer, false)?;
    let (ours, theirs) = (options.ours(), options.theirs());
    // §7.1.1.1 and §7.1.2.1: a server accepts these by including them.
    if !theirs.takeover && !parameters.server_no_context_takeover {
        return None;
    }
    let server_bits = parameters.server_bits.unwrap_or(15);
    if server_bits > theirs.bits {
        return None;
    }
    let client_bits = parameters.client_bits.flatten().unwrap_or(15);
    Some(Deflate {
        server: Direction {
            takeover: !parameters.server_no_context_takeover,
            bits: server_bits,
        },
        client: Direction {
            takeover: ours.takeover && !parameters.client_no_context_takeover,
            bits: client_bits.min(ours.bits),
        },
        server_bits_offered: parameters.server_bits.is_some(),
        level: options.level,
        min_size: options.min_size,
    })
}

/// The parameters of an offer or of an answer.
#[derive(Default)]
struct Parameters {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_bits: Option<u8>,
    /// In an offer it may stand without a value.
    client_bits: Option<Option<u8>>,
}

impl Parameters {
    /// `None` for an unknown or repeated parameter, or a value that is missing, wrong or too much.
    fn read(extension: &Extension<'_>, is_offer: bool) -> Option<Self> {
        let mut found = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        for parameter in &extension.parameters {
            if seen.contains(&parameter.name) {
                return None;
            }
            seen.push(parameter.name);
            match (parameter.name, parameter.value.as_deref()) {
                (SERVER_NO_CONTEXT_TAKEOVER, None) => found.server_no_context_takeover = true,
                (CLIENT_NO_CONTEXT_TAKEOVER, None) => found.client_no_context_takeover = true,
                (SERVER_BITS, Some(value)) => found.server_bits = Some(bits(value)?),
                (CLIENT_BITS, Some(value)) => found.client_bits = Some(Some(bits(value)?)),
                (CLIENT_BITS, None) if is_offer => found.client_bits = Some(None),
                _ => return None,
            }
        }
        Some(found)
    }
}

/// §7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15, inclusive"
fn bits(value: &str) -> Option<u8> {
    match value {
        "8" => Some(8),
        "9" => Some(9),
        _ => value
            .strip_prefix('1')
            .filter(|digit| matches!(digit.as_bytes(), [b'0'..=b'5']))
            .and_then(|_| value.parse().ok()),
    }
}
