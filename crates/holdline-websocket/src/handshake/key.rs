//! `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` (RFC 6455 §4.1, §4.2.2).

use alloc::string::String;
use core::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

/// The value of `Sec-WebSocket-Key`: 16 bytes in base64, of the client's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKey(String);

impl ClientKey {
    /// Encodes a nonce. It "MUST be selected randomly for each connection" (§4.1).
    #[must_use]
    pub fn new(nonce: [u8; 16]) -> Self {
        Self(STANDARD.encode(nonce))
    }

    /// Checks a value that was received: canonical base64 of 16 bytes, so 24 characters; `None` if not.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mut nonce = [0; 18];
        // The room for 24 characters; a longer value is refused before it is decoded.
        let text = (value.len() == 24).then_some(value)?;
        let length = STANDARD.decode_slice(text, &mut nonce).ok()?;
        let text = core::str::from_utf8(text).ok()?;
        (length == 16).then(|| Self(text.into()))
    }

    /// The header's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The answer that proves that the server understood.
    #[must_use]
    pub fn accept(&self) -> AcceptKey {
        AcceptKey::new(self.0.as_bytes())
    }
}

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The value of `Sec-WebSocket-Accept`: SHA-1 of the client's key and a fixed text, in base64.
///
/// ```
/// use holdline_websocket::AcceptKey;
///
/// let accept = AcceptKey::new(b"dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(accept.as_str(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptKey(String);

impl AcceptKey {
    /// Derives it from the value of `Sec-WebSocket-Key` as it stands in the request, unchecked.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
        Self(STANDARD.encode(digest))
    }

    /// The header's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AcceptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 6455 §1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_6455_section_1_3() {
        let key = ClientKey::new(*b"the sample nonce");
        assert_eq!(key.as_str(), "dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(key.accept().as_str(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(ClientKey::parse(b"dGhlIHNhbXBsZSBub25jZQ=="), Some(key));
    }

    #[test]
    fn only_canonical_base64_of_16_bytes_is_a_key() {
        for bad in [
            &b""[..],
            b"dGhlIHNhbXBsZSBub25jZQ",   // no padding
            b"dGhlIHNhbXBsZSBub25jZR==", // bits after the end
            b"dGhlIHNhbXBsZSBub25jZSE=", // 17 bytes
            b"dGhlIHNhbXBsZSBub25jZSEh", // 18 bytes
            b"dGhlIHNhbXBsZSBub25j",     // 15 bytes
            b"dGhlIHNhbXBsZSBub25jZQ== ",
            b"dGhlIHNhbXBsZSBub25j\xc3\xa9==",
            b"dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==",
        ] {
            assert_eq!(ClientKey::parse(bad), None, "{bad:?}");
        }
    }
}
