//! The client's half of the handshake (§4.1).

use alloc::{string::String, vec::Vec};

use super::{
    key::{Answer, Challenge, random_key},
    name,
    server::{is_host, is_target, location},
};
use crate::handshake::{
    server::single,
    token::{ascii, lines},
};

/// What a client asks for.
///
/// ```
/// use holdline_websocket::hixie76::ClientRequest;
///
/// let mut number = 0u32;
/// let random = || { number += 1; number.to_be_bytes() }; // use a strong source
/// let request = ClientRequest::new("ws://example.com/demo", "http://example.com", random).unwrap();
/// assert_eq!((request.host(), request.target()), ("example.com", "/demo"));
/// let head = request.headers(); // with GET, HTTP/1.1 and Host; and after the head:
/// let body: [u8; 8] = request.body();
/// ```
#[derive(Clone, Debug)]
pub struct ClientRequest {
    secure: bool,
    host: String,
    target: String,
    origin: String,
    protocol: Option<String>,
    keys: [String; 2],
    body: [u8; 8],
    answer: Answer,
}

impl ClientRequest {
    /// `url` begins with `ws://` or `wss://`. `random` gives the numbers for the keys and the body: the draft wants a
    /// "cryptographically random" source for them (§4.1).
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`] when `url` has another scheme, no host, a fragment, or anything but visible ASCII; or when
    /// `origin` is empty or not visible ASCII.
    pub fn new(
        url: &str,
        origin: &str,
        mut random: impl FnMut() -> [u8; 4],
    ) -> Result<Self, InvalidRequest> {
        let (secure, rest) = match url.strip_prefix("ws://") {
            Some(rest) => (false, rest),
            None => (true, url.strip_prefix("wss://").ok_or(InvalidRequest)?),
        };
        let (host, target) = match rest.split_once('/') {
            Some((host, _)) => (host, rest.get(host.len()..).unwrap_or("/")),
            None => (rest, "/"),
        };
        // §4.1: the port goes into `Host` and the location only when it is not the default one.
        let default_port = if secure { ":443" } else { ":80" };
        let host = host.strip_suffix(default_port).unwrap_or(host);
        let is_origin = !origin.is_empty() && origin.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_host(host) || !is_target(target) || !is_origin {
            return Err(InvalidRequest);
        }
        let (number1, key1) = random_key(&mut random);
        let (number2, key2) = random_key(&mut random);
        let [one, two] = [random(), random()];
        let mut body = [0; 8];
        for (place, byte) in body.iter_mut().zip(one.into_iter().chain(two)) {
            *place = byte;
        }
        Ok(Self {
            secure,
            host: host.to_ascii_lowercase(),
            target: target.into(),
            origin: origin.to_ascii_lowercase(),
            protocol: None,
            keys: [key1, key2],
            body,
            answer: Challenge::new([number1, number2]).answer(body),
        })
    }

    /// Asks for a subprotocol. There can be only one: the last call counts.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`] when the name is empty or not printable ASCII (§4.1), or has spaces at its ends.
    pub fn ask_protocol(&mut self, protocol: &str) -> Result<(), InvalidRequest> {
        let good = ascii(protocol.as_bytes()).is_some() && protocol.trim() == protocol;
        if protocol.is_empty() || !good {
            return Err(InvalidRequest);
        }
        self.protocol = Some(protocol.into());
        Ok(())
    }

    /// The value of `Host`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The request target.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The headers to send with `GET`, HTTP/1.1 and [`Host`](Self::host). Nothing may frame a body.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let [key1, key2] = self.keys.clone();
        let mut headers = Vec::with_capacity(6);
        headers.push((name::UPGRADE, "WebSocket".into()));
        headers.push((name::CONNECTION, "Upgrade".into()));
        headers.push((name::ORIGIN, self.origin.clone()));
        if let Some(protocol) = &self.protocol {
            headers.push((name::PROTOCOL, protocol.clone()));
        }
        headers.push((name::KEY1, key1));
        headers.push((name::KEY2, key2));
        headers
    }

    /// The eight bytes to send after the head.
    #[must_use]
    pub const fn body(&self) -> [u8; 8] {
        self.body
    }

    /// Checks the head of the response: everything for which a client must "fail the WebSocket connection" (§4.1).
    /// The sixteen bytes after it are for [`Connection::client`](super::Connection::client) to check.
    ///
    /// # Errors
    ///
    /// A [`VerifyError`]: close the connection.
    pub fn verify<'h>(
        &self,
        status: u16,
        headers: impl Iterator<Item = (&'h str, &'h [u8])> + Clone,
    ) -> Result<Accepted<'h>, VerifyError> {
        if status != 101 {
            return Err(VerifyError::Status(status));
        }
        let one = |name| single(lines(headers.clone(), name)).ok().flatten();
        // "If the value is not exactly equal to the string "WebSocket"", whereas later protocols ignore case.
        if one(name::UPGRADE) != Some(b"WebSocket") {
            return Err(VerifyError::Upgrade);
        }
        if !one(name::CONNECTION).is_some_and(|value| value.eq_ignore_ascii_case(b"upgrade")) {
            return Err(VerifyError::Connection);
        }
        if one(name::ORIGIN_ANSWER) != Some(self.origin.as_bytes()) {
            return Err(VerifyError::Origin);
        }
        let location = location(self.secure, &self.host, &self.target);
        if one(name::LOCATION) != Some(location.as_bytes()) {
            return Err(VerifyError::Location);
        }
        // If we asked for no subprotocol, the draft ignores what the server says.
        let protocol = match &self.protocol {
            None => None,
            Some(ours) => Some(
                one(name::PROTOCOL)
                    .and_then(ascii)
                    .filter(|theirs| theirs == ours)
                    .ok_or(VerifyError::Protocol)?,
            ),
        };
        Ok(Accepted {
            protocol,
            answer: self.answer,
        })
    }
}

/// What the server agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted<'h> {
    /// The subprotocol that was asked for.
    pub protocol: Option<&'h str>,
    /// What must follow the head of the response: for [`Connection::client`](super::Connection::client).
    pub answer: Answer,
}

/// A URL, an origin or a subprotocol that cannot stand in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URL, the origin or the subprotocol cannot stand in a request (draft-hixie-76 §4.1)")]
pub struct InvalidRequest;

/// A response that a client must not accept (§4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The status does not begin a WebSocket.
    #[error("the status {0} does not begin a WebSocket (draft-hixie-76 §4.1)")]
    Status(u16),
    /// `Upgrade` is missing, repeated, or not `WebSocket` letter by letter.
    #[error("Upgrade must be WebSocket (draft-hixie-76 §4.1)")]
    Upgrade,
    /// `Connection` is missing, repeated, or not `Upgrade`.
    #[error("Connection must be Upgrade (draft-hixie-76 §4.1)")]
    Connection,
    /// `Sec-WebSocket-Origin` is missing, repeated, or another origin.
    #[error("Sec-WebSocket-Origin must be the origin (draft-hixie-76 §4.1)")]
    Origin,
    /// `Sec-WebSocket-Location` is missing, repeated, or another URL.
    #[error("Sec-WebSocket-Location must be the URL (draft-hixie-76 §4.1)")]
    Location,
    /// `Sec-WebSocket-Protocol` does not confirm the subprotocol that was asked for.
    #[error("the server did not confirm the subprotocol (draft-hixie-76 §4.1)")]
    Protocol,
}
