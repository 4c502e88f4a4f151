//! The server's half of the handshake (RFC 6455 §4.2).

use alloc::{string::String, vec::Vec};

use super::{
    extension::{Extension, parse_extensions},
    key::{AcceptKey, ClientKey},
    name,
    token::{ascii, elements, is_token, lines, lists},
};

/// Reads a request's headers and checks everything that §4.2.1 asks for: `GET`, `Upgrade`,
/// `Connection`, the key and version 13. Token lists may be in any case and spread over several lines.
///
/// The HTTP stack sees to it that the request is HTTP/1.1 or later and has a `Host` (§4.2.1, 1 and 2).
///
/// # Errors
///
/// A [`HandshakeError`] with the status and headers of the response to send.
pub fn accept<'h>(
    method: &str,
    headers: impl Iterator<Item = (&'h str, &'h [u8])> + Clone,
) -> Result<Request<'h>, HandshakeError> {
    if method != "GET" {
        return Err(HandshakeError::Method);
    }
    let lines = |name| lines(headers.clone(), name);
    if !asks_for_websocket(&headers) {
        return Err(HandshakeError::NotUpgrade);
    }
    // The version is checked first, because another version may have other rules for the rest (§4.2.2, 4).
    match single(lines(name::VERSION)) {
        Ok(Some(b"13")) => {}
        Ok(_) => return Err(HandshakeError::Version),
        Err(Repeated) => return Err(HandshakeError::RepeatedVersion),
    }
    let key = single(lines(name::KEY))
        .ok()
        .flatten()
        .and_then(ClientKey::parse)
        .ok_or(HandshakeError::Key)?;
    Request::read(Some(key.accept()), headers)
}

/// The same for WebSocket over HTTP/2 and HTTP/3: the extended CONNECT of RFC 8441 and RFC 9220. `protocol`
/// is the value of the pseudo-header `:protocol`. There is no `Upgrade`, no `Connection` and no key, and
/// the response has status 200.
///
/// # Errors
///
/// A [`HandshakeError`] with the status and headers of the response to send.
pub fn accept_extended_connect<'h>(
    protocol: &str,
    headers: impl Iterator<Item = (&'h str, &'h [u8])> + Clone,
) -> Result<Request<'h>, HandshakeError> {
    if protocol != "websocket" {
        return Err(HandshakeError::ConnectProtocol);
    }
    // RFC 8441 §5 keeps the version, subprotocols, extensions and origin as they are in RFC 6455.
    match single(lines(headers.clone(), name::VERSION)) {
        Ok(Some(b"13")) => Request::read(None, headers),
        Ok(_) => Err(HandshakeError::ConnectVersion),
        Err(Repeated) => Err(HandshakeError::RepeatedVersion),
    }
}

/// Whether the request asks for this connection to become a WebSocket. Without the connection option, `Upgrade` says
/// nothing about this connection (RFC 9110 §7.8).
pub(crate) fn asks_for_websocket<'h>(
    headers: &(impl Iterator<Item = (&'h str, &'h [u8])> + Clone),
) -> bool {
    lines(headers.clone(), name::UPGRADE).any(|line| lists(line, "websocket"))
        && lines(headers.clone(), name::CONNECTION).any(|line| lists(line, "upgrade"))
}

/// A good request, not answered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'h> {
    accept: Option<AcceptKey>,
    origin: Option<&'h str>,
    protocols: Vec<&'h str>,
    extensions: Vec<Extension<'h>>,
}

impl<'h> Request<'h> {
    /// The value of `Origin`, which browsers always send: the site whose page asks. `None` for most
    /// clients that are not browsers.
    #[must_use]
    pub fn origin(&self) -> Option<&'h str> {
        self.origin
    }

    /// Whether the request comes from one of the origins in `allowed`, such as `https://example.com`, or
    /// from a client that has no origin.
    ///
    /// WebSockets are not bound by the same-origin policy: without this check any site that a user
    /// visits can talk to the server with the user's cookies (RFC 6455 §10.2). `Origin: null` is what
    /// sandboxed pages of any author send, and is never allowed. Answer 403 if this is false.
    #[must_use]
    pub fn origin_is_allowed(&self, allowed: &[impl AsRef<str>]) -> bool {
        origin_is_allowed(self.origin, allowed)
    }

    /// The subprotocols that the client offers, the one it likes best first.
    #[must_use]
    pub fn protocols(&self) -> &[&'h str] {
        &self.protocols
    }

    /// The first subprotocol of the client's list that is also in `supported`. Names are compared
    /// exactly.
    #[must_use]
    pub fn choose_protocol(&self, supported: &[impl AsRef<str>]) -> Option<&'h str> {
        let mut offers = self.protocols.iter().copied();
        offers.find(|offer| supported.iter().any(|ours| ours.as_ref() == *offer))
    }

    /// The extensions that the client offers. The answer of [`response`](Self::response) declines them; see
    /// `accept_deflate` for the one that this crate knows.
    #[must_use]
    pub fn extensions(&self) -> &[Extension<'h>] {
        &self.extensions
    }

    /// Accepts the first offer of permessage-deflate that follows the rules and answers it as `options` wish.
    /// `None`: there is none, and compression is declined (RFC 7692 §7.1).
    ///
    /// Send the answer with the headers of [`response`](Self::response), and put it into the
    /// [`Config`](crate::Config) of the connection.
    ///
    /// ```
    /// use holdline_websocket::{Config, Connection, DeflateOptions, handshake::server};
    ///
    /// # let headers = [
    /// #     ("Upgrade", &b"websocket"[..]),
    /// #     ("Connection", b"Upgrade"),
    /// #     ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    /// #     ("Sec-WebSocket-Version", b"13"),
    /// #     ("Sec-WebSocket-Extensions", b"permessage-deflate; client_max_window_bits"),
    /// # ];
    /// # let request = server::accept("GET", headers.into_iter()).unwrap();
    /// let mut options = DeflateOptions::default();
    /// options.no_context_takeover = true; // no memory between messages
    /// let mut response = request.response(None);
    /// let mut config = Config::default();
    /// config.deflate = request.accept_deflate(&options);
    /// if let Some(deflate) = config.deflate {
    ///     response.push(("Sec-WebSocket-Extensions", deflate.to_string()));
    /// }
    /// # assert_eq!(response[2].1, "permessage-deflate; server_no_context_takeover");
    /// let connection = Connection::server(config);
    /// ```
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn accept_deflate(&self, options: &crate::DeflateOptions) -> Option<crate::Deflate> {
        crate::deflate::negotiate_offers(&self.extensions, options)
    }

    /// The value of `Sec-WebSocket-Accept`; `None` for extended CONNECT, which has no key.
    #[must_use]
    pub fn accept_key(&self) -> Option<&AcceptKey> {
        self.accept.as_ref()
    }

    /// The status of the response: 101, or 200 for extended CONNECT.
    #[must_use]
    pub fn status(&self) -> u16 {
        if self.accept.is_some() { 101 } else { 200 }
    }

    /// The headers of the response: `Upgrade` and `Sec-WebSocket-Accept` (both not for extended CONNECT),
    /// and `Sec-WebSocket-Protocol` when one was chosen. The HTTP stack adds `Connection: Upgrade`, as it
    /// does for every upgrade.
    ///
    /// A protocol that the client did not offer is left out: the client would have to fail the connection
    /// (§4.1).
    #[must_use]
    pub fn response(&self, protocol: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers = Vec::with_capacity(3);
        if let Some(accept) = &self.accept {
            headers.push((name::UPGRADE, "websocket".into()));
            headers.push((name::ACCEPT, accept.as_str().into()));
        }
        if let Some(protocol) = protocol.filter(|protocol| self.protocols.contains(protocol)) {
            headers.push((name::PROTOCOL, protocol.into()));
        }
        headers
    }
}

/// Whether a request with this `Origin` may be served: it is in `allowed`, or there is none. `null` is
/// foreign whatever the list says. See [`Request::origin_is_allowed`].
#[must_use]
pub fn origin_is_allowed(origin: Option<&str>, allowed: &[impl AsRef<str>]) -> bool {
    origin.is_none_or(|origin| {
        !origin.eq_ignore_ascii_case("null")
            && allowed
                .iter()
                .any(|ours| ours.as_ref().eq_ignore_ascii_case(origin))
    })
}

/// A request that cannot become a WebSocket, and what to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// Not `GET` (§4.1, 2): 405.
    #[error("the method must be GET (RFC 6455 §4.2.1)")]
    Method,
    /// No `Upgrade: websocket` with `Connection: Upgrade` (§4.2.1, 3 and 4): 426. This is what a plain
    /// request gets.
    #[error("the request must ask to upgrade to websocket (RFC 6455 §4.2.1)")]
    NotUpgrade,
    /// A version other than 13, or none (§4.2.2, 4): 426.
    #[error("Sec-WebSocket-Version must be 13 (RFC 6455 §4.2.2)")]
    Version,
    /// The same by extended CONNECT, where 426 has no meaning: 400.
    #[error("sec-websocket-version must be 13 (RFC 8441 §5)")]
    ConnectVersion,
    /// An extended CONNECT for another protocol (RFC 9220 §3): 501.
    #[error(":protocol must be websocket (RFC 8441 §5)")]
    ConnectProtocol,
    /// `Sec-WebSocket-Version` more than once (§11.3.5): 400.
    #[error("Sec-WebSocket-Version must not be repeated (RFC 6455 §11.3.5)")]
    RepeatedVersion,
    /// `Sec-WebSocket-Key` is missing, repeated, or not 16 bytes in base64 (§4.2.1, 5): 400.
    #[error("Sec-WebSocket-Key must be 16 bytes in base64 (RFC 6455 §4.2.1)")]
    Key,
    /// `Origin` is repeated or not ASCII (§4.2.1, 7): 400.
    #[error("Origin must be one ASCII serialization (RFC 6455 §4.2.1)")]
    Origin,
    /// `Sec-WebSocket-Protocol` is not a list of different tokens (§4.1, 10): 400.
    #[error("Sec-WebSocket-Protocol must list different tokens (RFC 6455 §4.1)")]
    Protocol,
    /// `Sec-WebSocket-Extensions` does not follow the grammar (§9.1): 400.
    #[error("Sec-WebSocket-Extensions is not a list of extensions (RFC 6455 §9.1)")]
    Extensions,
}

impl HandshakeError {
    /// The status of the response: 400, 405, 426, or 501.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::NotUpgrade | Self::Version => 426,
            Self::ConnectProtocol => 501,
            _ => 400,
        }
    }

    /// The headers that the response must have. For 426 the HTTP stack adds `Connection: Upgrade`.
    #[must_use]
    pub const fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Method => &[("Allow", "GET")],
            // RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response"
            Self::NotUpgrade | Self::Version => {
                &[(name::UPGRADE, "websocket"), (name::VERSION, "13")]
            }
            Self::ConnectVersion => &[(name::VERSION, "13")],
            _ => &[],
        }
    }

    /// The section that has the rule.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::Protocol => "RFC 6455 §4.1",
            Self::Version => "RFC 6455 §4.2.2",
            Self::RepeatedVersion => "RFC 6455 §11.3.5",
            Self::Extensions => "RFC 6455 §9.1",
            Self::ConnectVersion | Self::ConnectProtocol => "RFC 8441 §5",
            _ => "RFC 6455 §4.2.1",
        }
    }
}

impl<'h> Request<'h> {
    /// What both kinds of request have in common.
    fn read(
        accept: Option<AcceptKey>,
        headers: impl Iterator<Item = (&'h str, &'h [u8])> + Clone,
    ) -> Result<Self, HandshakeError> {
        let lines = |name| lines(headers.clone(), name);
        let origin = match single(lines(name::ORIGIN)) {
            Ok(None) => None,
            Ok(Some(origin)) => Some(ascii(origin).ok_or(HandshakeError::Origin)?),
            Err(Repeated) => return Err(HandshakeError::Origin),
        };

        let mut protocols = Vec::new();
        for element in lines(name::PROTOCOL).flat_map(elements) {
            // §4.1: "The elements that comprise this value MUST be non-empty strings with characters in the
            // range U+0021 to U+007E not including separator characters [...] and MUST all be unique strings"
            let protocol = ascii(element).filter(|protocol| is_token(protocol));
            protocols.push(protocol.ok_or(HandshakeError::Protocol)?);
        }
        if repeats(&protocols) {
            return Err(HandshakeError::Protocol);
        }

        let mut extensions = Vec::new();
        for line in lines(name::EXTENSIONS) {
            extensions.extend(parse_extensions(line).map_err(|_| HandshakeError::Extensions)?);
        }
        Ok(Self {
            accept,
            origin,
            protocols,
            extensions,
        })
    }
}

/// Whether two of them are the same. Sorted, because a head may list thousands.
fn repeats(protocols: &[&str]) -> bool {
    if protocols.len() < 2 {
        return false;
    }
    let mut sorted = protocols.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair.first() == pair.last())
}

pub(crate) struct Repeated;

/// The value of a header that may stand at most once.
pub(crate) fn single<'h>(
    mut lines: impl Iterator<Item = &'h [u8]>,
) -> Result<Option<&'h [u8]>, Repeated> {
    let first = lines.next();
    match lines.next() {
        None => Ok(first.map(super::token::trim)),
        Some(_) => Err(Repeated),
    }
}
