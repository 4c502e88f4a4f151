//! The client's half of the handshake (RFC 6455 §4.1).

use alloc::{borrow::ToOwned, string::String, vec::Vec};

#[cfg(feature = "deflate")]
use super::extension::parse_extensions;
use super::{
    key::ClientKey,
    name,
    server::{Repeated, single},
    token::{ascii, elements, is_token, lines, lists},
};

/// What a client asks for.
#[derive(Clone, Debug)]
pub struct Request {
    key: Option<ClientKey>,
    protocols: Vec<String>,
    #[cfg(feature = "deflate")]
    deflate: Option<crate::DeflateOptions>,
}

impl Request {
    /// Begins with a nonce of 16 random bytes, fresh for each connection (§4.1, 7). Send the headers with
    /// `GET`, HTTP/1.1 and `Host`.
    #[must_use]
    pub fn new(nonce: [u8; 16]) -> Self {
        Self {
            key: Some(ClientKey::new(nonce)),
            protocols: Vec::new(),
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    /// A request for WebSocket over HTTP/2 or HTTP/3, to be sent as an extended CONNECT with `:protocol`
    /// `websocket` (RFC 8441 §5). It has no key, no `Upgrade` and no `Connection`, and is answered with 200.
    /// Names are to be written in lower case there.
    #[must_use]
    pub const fn extended_connect() -> Self {
        Self {
            key: None,
            protocols: Vec::new(),
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    /// Offers one more subprotocol, after those offered before.
    ///
    /// # Errors
    ///
    /// [`InvalidProtocol`] when the name is not a token or was offered before (§4.1, 10).
    pub fn offer_protocol(&mut self, protocol: &str) -> Result<(), InvalidProtocol> {
        if !is_token(protocol) || self.protocols.iter().any(|other| other == protocol) {
            return Err(InvalidProtocol);
        }
        self.protocols.push(protocol.to_owned());
        Ok(())
    }

    /// Offers permessage-deflate (RFC 7692). What the server agrees to is in [`Accepted::deflate`].
    #[cfg(feature = "deflate")]
    pub const fn offer_deflate(&mut self, options: crate::DeflateOptions) {
        self.deflate = Some(options);
    }

    /// The headers to send: `Upgrade`, `Connection`, `Sec-WebSocket-Key` and `Sec-WebSocket-Version`;
    /// `Sec-WebSocket-Protocol` when subprotocols are offered, and `Sec-WebSocket-Extensions` when compression is. Over an
    /// extended CONNECT (RFC 8441) the first three are left out. Add `Host`, and what else the request needs.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = Vec::with_capacity(5);
        if let Some(key) = &self.key {
            headers.push((name::UPGRADE, "websocket".into()));
            headers.push((name::CONNECTION, "Upgrade".into()));
            headers.push((name::KEY, key.as_str().into()));
        }
        headers.push((name::VERSION, "13".into()));
        if !self.protocols.is_empty() {
            headers.push((name::PROTOCOL, self.protocols.join(", ")));
        }
        #[cfg(feature = "deflate")]
        if let Some(options) = &self.deflate {
            headers.push((name::EXTENSIONS, options.offer()));
        }
        headers
    }

    /// Checks the response: everything that makes a client "_Fail the WebSocket Connection_" in §4.1.
    ///
    /// Follow a redirect or answer a 401 before this, if you want to: any status but 101 (200 to 299 for
    /// extended CONNECT) is an error here.
    ///
    /// # Errors
    ///
    /// A [`VerifyError`]: close the connection.
    pub fn verify<'h>(
        &self,
        status: u16,
        headers: impl Iterator<Item = (&'h str, &'h [u8])> + Clone,
    ) -> Result<Accepted<'h>, VerifyError> {
        let good = if self.key.is_some() {
            status == 101
        } else {
            (200..300).contains(&status)
        };
        if !good {
            return Err(VerifyError::Status(status));
        }
        let lines = |name| lines(headers.clone(), name);
        if let Some(key) = &self.key {
            let upgrades = || lines(name::UPGRADE).flat_map(elements);
            if upgrades().next().is_none()
                || !upgrades().all(|element| element.eq_ignore_ascii_case(b"websocket"))
            {
                return Err(VerifyError::Upgrade);
            }
            if !lines(name::CONNECTION).any(|line| lists(line, "upgrade")) {
                return Err(VerifyError::Connection);
            }
            match single(lines(name::ACCEPT)) {
                Ok(Some(accept)) if accept == key.accept().as_str().as_bytes() => {}
                _ => return Err(VerifyError::Accept),
            }
        }
        #[cfg(feature = "deflate")]
        let deflate = self.verify_extensions(lines(name::EXTENSIONS))?;
        // §4.1: "if this header field indicates the use of an extension that was not present in the
        // client's handshake". Nothing was offered, so anything is too much.
        #[cfg(not(feature = "deflate"))]
        if lines(name::EXTENSIONS).flat_map(elements).next().is_some() {
            return Err(VerifyError::Extension);
        }
        let protocol = match single(lines(name::PROTOCOL)) {
            Ok(None) => None,
            Ok(Some(protocol)) => Some(
                ascii(protocol)
                    .filter(|chosen| self.protocols.iter().any(|offer| offer == chosen))
                    .ok_or(VerifyError::Protocol)?,
            ),
            Err(Repeated) => return Err(VerifyError::Protocol),
        };
        Ok(Accepted {
            protocol,
            #[cfg(feature = "deflate")]
            deflate,
        })
    }

    /// §4.1: "if this header field indicates the use of an extension that was not present in the client's
    /// handshake", the client fails the connection. So it does for a wrong answer (RFC 7692 §7.1).
    #[cfg(feature = "deflate")]
    fn verify_extensions<'h>(
        &self,
        lines: impl Iterator<Item = &'h [u8]>,
    ) -> Result<Option<crate::Deflate>, VerifyError> {
        let mut agreed = None;
        for line in lines {
            for answer in parse_extensions(line).map_err(|_| VerifyError::Extension)? {
                let options = self.deflate.as_ref().ok_or(VerifyError::Extension)?;
                if answer.name != "permessage-deflate" || agreed.is_some() {
                    return Err(VerifyError::Extension);
                }
                let deflate = crate::deflate::verify_answer(&answer, options);
                agreed = Some(deflate.ok_or(VerifyError::Extension)?);
            }
        }
        Ok(agreed)
    }
}

/// What the server agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted<'h> {
    /// The subprotocol it chose from those that were offered; `None` when it chose none.
    pub protocol: Option<&'h str>,
    /// Compression, when it was offered and the server agreed: for [`Config::deflate`](crate::Config::deflate).
    #[cfg(feature = "deflate")]
    pub deflate: Option<crate::Deflate>,
}

/// A name that cannot be offered as a subprotocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a subprotocol must be a token, and be offered once (RFC 6455 §4.1)")]
pub struct InvalidProtocol;

/// A response that a client must not accept (§4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The status does not begin a WebSocket. The rest of the response is ordinary HTTP.
    #[error("the status {0} does not begin a WebSocket (RFC 6455 §4.1)")]
    Status(u16),
    /// No `Upgrade: websocket`, or something else beside it.
    #[error("the response does not upgrade to websocket (RFC 6455 §4.1)")]
    Upgrade,
    /// No `Connection: Upgrade`.
    #[error("the response lacks the connection option Upgrade (RFC 6455 §4.1)")]
    Connection,
    /// `Sec-WebSocket-Accept` is missing, repeated, or does not follow from the key.
    #[error("Sec-WebSocket-Accept does not answer the key (RFC 6455 §4.1)")]
    Accept,
    /// An extension that was not offered, or not with these parameters (RFC 7692 §7.1).
    #[error("the server uses an extension that was not offered (RFC 6455 §4.1)")]
    Extension,
    /// A subprotocol that was not offered, or more than one.
    #[error("the server uses a subprotocol that was not offered (RFC 6455 §4.1)")]
    Protocol,
}
