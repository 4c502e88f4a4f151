//! The server's half of the handshake (§5.1, §5.2).

use alloc::{format, string::String, vec::Vec};

use super::{key::Challenge, name};
use crate::handshake::{
    server::{Repeated, asks_for_websocket, origin_is_allowed, single},
    token::{ascii, lines},
};

/// Whether a request asks for this protocol and not for a later one: it has `Sec-WebSocket-Key1` and no
/// `Sec-WebSocket-Key`. Give other requests to [`server::accept`](crate::handshake::server::accept).
#[must_use]
pub fn is_offered<'h>(headers: impl Iterator<Item = (&'h str, &'h [u8])> + Clone) -> bool {
    let has = |name| lines(headers.clone(), name).next().is_some();
    has(name::KEY1) && !has(name::LATER_KEY)
}

/// Reads a request's head and checks what a server must know of it (§5.1): `GET`, `Upgrade`, `Connection`, `Host`,
/// `Origin` and both keys.
///
/// `target` is the request target in origin form (`/demo?x=1`). `secure` says whether the client connected by TLS:
/// it makes the location begin with `wss`.
///
/// # Errors
///
/// A [`HandshakeError`] with the status of the response to send. Close the connection after it, since nothing says
/// where the request ends.
pub fn accept<'h>(
    method: &str,
    target: &'h str,
    secure: bool,
    headers: impl Iterator<Item = (&'h str, &'h [u8])> + Clone,
) -> Result<Request<'h>, HandshakeError> {
    if method != "GET" {
        return Err(HandshakeError::Method);
    }
    let lines = |name| lines(headers.clone(), name);
    if !asks_for_websocket(&headers) {
        return Err(HandshakeError::NotUpgrade);
    }
    if !is_target(target) {
        return Err(HandshakeError::Target);
    }
    let one = |name| single(lines(name)).ok().flatten();
    let host = one(name::HOST)
        .and_then(ascii)
        .filter(|host| is_host(host))
        .ok_or(HandshakeError::Host)?;
    let origin = one(name::ORIGIN)
        .and_then(ascii)
        .filter(|origin| !origin.is_empty())
        .ok_or(HandshakeError::Origin)?;
    let keys = one(name::KEY1).zip(one(name::KEY2));
    let challenge = keys
        .and_then(|(one, two)| Challenge::parse(one, two))
        .ok_or(HandshakeError::Key)?;
    let protocol = match single(lines(name::PROTOCOL)) {
        Ok(None) => None,
        // §4.1: a non-empty string of characters from U+0020 to U+007E, and there is only one.
        Ok(Some(protocol)) => Some(
            ascii(protocol)
                .filter(|protocol| !protocol.is_empty())
                .ok_or(HandshakeError::Protocol)?,
        ),
        Err(Repeated) => return Err(HandshakeError::Protocol),
    };
    Ok(Request {
        target,
        secure,
        host,
        origin,
        protocol,
        challenge,
    })
}

/// A good request, not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'h> {
    target: &'h str,
    secure: bool,
    host: &'h str,
    origin: &'h str,
    protocol: Option<&'h str>,
    challenge: Challenge,
}

impl<'h> Request<'h> {
    /// The site whose page asks. In this protocol it is never missing.
    #[must_use]
    pub const fn origin(&self) -> &'h str {
        self.origin
    }

    /// Whether it is one of the origins in `allowed`, such as `https://example.com`; `null` never is. Answer 403
    /// and close if this is false. See
    /// [`server::Request::origin_is_allowed`](crate::handshake::server::Request::origin_is_allowed).
    #[must_use]
    pub fn origin_is_allowed(&self, allowed: &[impl AsRef<str>]) -> bool {
        origin_is_allowed(Some(self.origin), allowed)
    }

    /// The one subprotocol that the client asks for. If there is one and the server does not confirm it, the client
    /// fails the connection (§4.1).
    #[must_use]
    pub const fn protocol(&self) -> Option<&'h str> {
        self.protocol
    }

    /// What the [`Connection`](super::Connection) needs to answer the bytes after the head.
    #[must_use]
    pub const fn challenge(&self) -> Challenge {
        self.challenge
    }

    /// The URL that the client connected to, made of `Host` and target, as the client expects to read it back.
    #[must_use]
    pub fn location(&self) -> String {
        location(self.secure, self.host, self.target)
    }

    /// The headers of the response with status 101: `Upgrade`, `Sec-WebSocket-Origin`, `Sec-WebSocket-Location`, and
    /// `Sec-WebSocket-Protocol` when `protocol` is what the client asked for. The HTTP stack adds
    /// `Connection: Upgrade`, and nothing that frames a body: the [`Connection`](super::Connection) gives the rest.
    ///
    /// The draft's own words for the reason are `WebSocket Protocol Handshake`. Clients do not look at it.
    #[must_use]
    pub fn response(&self, protocol: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers = Vec::with_capacity(4);
        // Clients compare it letter by letter, with case (§4.1).
        headers.push((name::UPGRADE, "WebSocket".into()));
        headers.push((name::ORIGIN_ANSWER, self.origin.into()));
        headers.push((name::LOCATION, self.location()));
        if let Some(protocol) = protocol.filter(|protocol| self.protocol == Some(protocol)) {
            headers.push((name::PROTOCOL, protocol.into()));
        }
        headers
    }
}

/// A request that cannot become a connection of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// Not `GET`: 405.
    #[error("the method must be GET (draft-hixie-76 §5.1)")]
    Method,
    /// No `Upgrade: WebSocket` with `Connection: Upgrade`: 400.
    #[error("the request must ask to upgrade to WebSocket (draft-hixie-76 §5.1)")]
    NotUpgrade,
    /// A target that is not a path in visible ASCII: 400.
    #[error("the target must be a path (draft-hixie-76 §5.1)")]
    Target,
    /// `Host` is missing, repeated, or no host: 400.
    #[error("Host must be one host (draft-hixie-76 §5.1)")]
    Host,
    /// `Origin` is missing, repeated, or not ASCII: 400.
    #[error("Origin must be one ASCII serialization (draft-hixie-76 §5.1)")]
    Origin,
    /// `Sec-WebSocket-Key1` or `Sec-WebSocket-Key2` is missing, repeated, or no key; see [`Challenge::parse`]: 400.
    #[error(
        "Sec-WebSocket-Key1 and Key2 must each hold a multiple of its spaces (draft-hixie-76 §5.2)"
    )]
    Key,
    /// `Sec-WebSocket-Protocol` is repeated, empty, or not ASCII: 400.
    #[error("Sec-WebSocket-Protocol must be one name (draft-hixie-76 §4.1)")]
    Protocol,
}

impl HandshakeError {
    /// The status of the response: 400 or 405.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            _ => 400,
        }
    }

    /// The headers that the response must have.
    #[must_use]
    pub const fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Method => &[("Allow", "GET")],
            _ => &[],
        }
    }
}

pub(super) fn location(secure: bool, host: &str, target: &str) -> String {
    let scheme = if secure { "wss" } else { "ws" };
    format!("{scheme}://{}{target}", host.to_ascii_lowercase())
}

/// It goes into the head of the response, so it must be a path and nothing else.
pub(super) fn is_target(target: &str) -> bool {
    target.starts_with('/')
        && target
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

pub(super) fn is_host(host: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'@');
    !host.is_empty() && host.bytes().all(good)
}
