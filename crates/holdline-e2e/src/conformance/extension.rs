//! `Sec-WebSocket-Extensions`, and the parameters of permessage-deflate (RFC 7692 §7.1).

use super::deflate::Deflater;
use super::inflate::Inflater;

/// An element of the header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Its parameters in their order.
    pub parameters: Vec<(String, Option<String>)>,
}

impl Extension {
    /// The elements of a field value. Quoted strings that contain commas or semicolons are not supported.
    #[must_use]
    pub fn parse(value: &str) -> Vec<Self> {
        let elements = value.split(',').map(str::trim);
        let elements = elements.filter(|element| !element.is_empty());
        elements
            .map(|element| {
                let mut parts = element.split(';').map(str::trim);
                let name = parts.next().unwrap_or_default().to_owned();
                let parameters = parts.map(|part| match part.split_once('=') {
                    Some((name, value)) => {
                        let value = value.trim().trim_matches('"').to_owned();
                        (name.trim().to_owned(), Some(value))
                    }
                    None => (part.to_owned(), None),
                });
                Self {
                    name,
                    parameters: parameters.collect(),
                }
            })
            .collect()
    }

    /// Whether it has this parameter.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|(found, _)| found == name)
    }

    /// The value of a parameter, if it is a window size.
    #[must_use]
    pub fn bits(&self, name: &str) -> Option<u8> {
        let (_, value) = self.parameters.iter().find(|(found, _)| found == name)?;
        let bits = value.as_ref()?.parse().ok()?;
        (8..=15).contains(&bits).then_some(bits)
    }
}

/// How both sides compress, seen from the tester, which may be client or server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The tester's messages refer to earlier ones.
    pub tester_takeover: bool,
    /// The tester's window is 2 to the power of this, in bytes: 9 to 15.
    pub tester_bits: u8,
    /// The peer's messages may refer to earlier ones.
    pub peer_takeover: bool,
    /// The peer's window is at most that.
    pub peer_bits: u8,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            tester_takeover: true,
            tester_bits: 15,
            peer_takeover: true,
            peer_bits: 15,
        }
    }
}

impl Parameters {
    /// A deflater for the tester's messages.
    #[must_use]
    pub fn deflater(&self) -> Deflater {
        Deflater::new(6, self.tester_bits, self.tester_takeover)
    }

    pub(super) fn inflater(&self) -> Inflater {
        Inflater::new(self.peer_bits, self.peer_takeover)
    }

    /// The offer of a client for these parameters.
    pub(super) fn offer(&self) -> String {
        let mut offer = DEFLATE.to_owned();
        if !self.peer_takeover {
            offer.push_str("; server_no_context_takeover");
        }
        if !self.tester_takeover {
            offer.push_str("; client_no_context_takeover");
        }
        if self.peer_bits < 15 {
            offer.push_str(&format!("; server_max_window_bits={}", self.peer_bits));
        }
        if self.tester_bits < 15 {
            offer.push_str(&format!("; client_max_window_bits={}", self.tester_bits));
        }
        offer
    }

    /// The parameters after a server's answer to this offer. The error says what is wrong with the answer.
    pub(super) fn agree(&self, answers: &[Extension]) -> Result<Self, String> {
        let [answer] = answers else {
            return Err(format!(
                "the offer `{}` was answered with {answers:?}",
                self.offer()
            ));
        };
        let known = [
            SERVER_NO_TAKEOVER,
            CLIENT_NO_TAKEOVER,
            SERVER_BITS,
            CLIENT_BITS,
        ];
        let names: Vec<&str> = answer
            .parameters
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let twice = |(at, name)| names[..at].contains(name);
        let good = answer.name == DEFLATE
            && !names.iter().enumerate().any(twice)
            && names.iter().all(|name| known.contains(name))
            // "a server accepts" these by including them (§7.1.1.1, §7.1.2.1).
            && (self.peer_takeover || answer.has(SERVER_NO_TAKEOVER))
            && (self.peer_bits == 15 || answer.has(SERVER_BITS))
            && (!answer.has(SERVER_BITS)
                || answer.bits(SERVER_BITS).is_some_and(|bits| bits <= self.peer_bits))
            // §7.1.2.2: not without having been offered.
            && (self.tester_bits < 15 || !answer.has(CLIENT_BITS))
            && (!answer.has(CLIENT_BITS)
                || answer.bits(CLIENT_BITS).is_some_and(|bits| bits <= self.tester_bits));
        if !good {
            return Err(format!(
                "the offer `{}` was answered with {answer:?}",
                self.offer()
            ));
        }
        Ok(Self {
            tester_takeover: self.tester_takeover && !answer.has(CLIENT_NO_TAKEOVER),
            tester_bits: answer.bits(CLIENT_BITS).unwrap_or(self.tester_bits),
            peer_takeover: !answer.has(SERVER_NO_TAKEOVER),
            peer_bits: answer.bits(SERVER_BITS).unwrap_or(15),
        })
    }

    /// The server's answer to an offer that comes closest to these parameters, and the resulting parameters. `None`
    /// if the offer does not allow any.
    pub(super) fn answer(&self, offers: &[Extension]) -> Option<(String, Self)> {
        let offer = offers.iter().find(|offer| offer.name == DEFLATE)?;
        let mut agreed = *self;
        let mut answer = DEFLATE.to_owned();
        agreed.tester_takeover &= !offer.has(SERVER_NO_TAKEOVER);
        if !agreed.tester_takeover {
            answer.push_str("; server_no_context_takeover");
        }
        if !agreed.peer_takeover {
            answer.push_str("; client_no_context_takeover");
        }
        if let Some(most) = offer.bits(SERVER_BITS) {
            agreed.tester_bits = agreed.tester_bits.min(most);
        }
        if agreed.tester_bits < 15 || offer.has(SERVER_BITS) {
            answer.push_str(&format!("; server_max_window_bits={}", agreed.tester_bits));
        }
        if agreed.peer_bits < 15 {
            if !offer.has(CLIENT_BITS) {
                return None;
            }
            let most = offer.bits(CLIENT_BITS).unwrap_or(15);
            agreed.peer_bits = agreed.peer_bits.min(most);
            answer.push_str(&format!("; client_max_window_bits={}", agreed.peer_bits));
        }
        Some((answer, agreed))
    }
}

pub(super) const DEFLATE: &str = "permessage-deflate";
pub(super) const SERVER_NO_TAKEOVER: &str = "server_no_context_takeover";
pub(super) const CLIENT_NO_TAKEOVER: &str = "client_no_context_takeover";
pub(super) const SERVER_BITS: &str = "server_max_window_bits";
pub(super) const CLIENT_BITS: &str = "client_max_window_bits";
