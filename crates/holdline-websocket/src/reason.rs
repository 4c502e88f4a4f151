//! Code and reason in the payload of a Close frame (RFC 6455 §5.5.1).

use crate::{close::CloseCode, error::ReceiveErrorKind, utf8::Utf8Validator};

/// Code and reason of a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseReason<'b> {
    /// The code of the Close frame; [`CloseCode::NO_STATUS`] when it had none, [`CloseCode::ABNORMAL`]
    /// when the stream ended without one.
    pub code: CloseCode,
    /// The reason of the Close frame, at most 123 bytes. For logs: it is not meant for people (§5.5.1).
    pub reason: &'b str,
}

impl CloseReason<'static> {
    /// The stream ended without a Close frame (§7.1.5).
    pub(crate) const ABNORMAL: Self = Self {
        code: CloseCode::ABNORMAL,
        reason: "",
    };
}

impl CloseReason<'_> {
    /// The longest reason, in bytes: a control frame's 125 without the code.
    pub const MAX_REASON: usize = 123;

    /// Whether the peer said goodbye: false when the stream just ended (1006).
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.code != CloseCode::ABNORMAL
    }
}

impl<'b> CloseReason<'b> {
    /// Reads the payload of a Close frame. The error says where in the payload it is.
    pub(crate) fn decode(payload: &'b [u8]) -> Result<Self, (ReceiveErrorKind, usize)> {
        let Some((code, reason)) = payload.split_first_chunk() else {
            return if payload.is_empty() {
                Ok(Self {
                    code: CloseCode::NO_STATUS,
                    reason: "",
                })
            } else {
                Err((ReceiveErrorKind::ClosePayload, 0))
            };
        };
        let code = CloseCode::from(u16::from_be_bytes(*code));
        if !code.is_sendable() {
            return Err((ReceiveErrorKind::CloseCode, 0));
        }
        let mut validator = Utf8Validator::new();
        match validator.push(reason) {
            Ok(piece) if validator.is_complete() => Ok(Self {
                code,
                reason: piece.text,
            }),
            Ok(_) => Err((ReceiveErrorKind::CloseReason, payload.len())),
            Err(error) => Err((ReceiveErrorKind::CloseReason, 2 + error.at)),
        }
    }
}

/// The payload of a Close frame that this side sends.
#[derive(Clone, Copy)]
pub(crate) struct ClosePayload {
    bytes: [u8; 125],
    length: usize,
}

impl ClosePayload {
    /// Code and reason, the reason cut to 123 bytes at a character's boundary. `NO_STATUS` gives the empty
    /// payload.
    pub(crate) fn new(code: CloseCode, reason: &str) -> Self {
        let mut bytes = [0; 125];
        if code == CloseCode::NO_STATUS {
            return Self { bytes, length: 0 };
        }
        let reason = cut(reason, CloseReason::MAX_REASON);
        let payload = code
            .as_u16()
            .to_be_bytes()
            .into_iter()
            .chain(reason.bytes());
        for (place, byte) in bytes.iter_mut().zip(payload) {
            *place = byte;
        }
        Self {
            bytes,
            length: 2 + reason.len(),
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The longest beginning of `text` that has at most `most` bytes.
fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_cut_at_a_character_boundary() {
        assert_eq!(cut("short", 123), "short");
        assert_eq!(cut("a\u{1f40b}", 4), "a");
        let long = "\u{e9}".repeat(80); // 160 bytes, an odd limit
        let payload = ClosePayload::new(CloseCode::NORMAL, &long);
        assert_eq!(payload.as_bytes().len(), 2 + 122);
        assert_eq!(
            CloseReason::decode(payload.as_bytes()).map(|r| r.reason.len()),
            Ok(122)
        );
    }

    #[test]
    fn no_status_is_the_empty_payload() {
        assert_eq!(ClosePayload::new(CloseCode::NO_STATUS, "").as_bytes(), b"");
        assert_eq!(
            CloseReason::decode(b"").map(|r| r.code),
            Ok(CloseCode::NO_STATUS)
        );
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(
            CloseReason::decode(b"\x03"),
            Err((ReceiveErrorKind::ClosePayload, 0))
        );
        assert_eq!(
            CloseReason::decode(b"\x03\xed"),
            Err((ReceiveErrorKind::CloseCode, 0))
        );
        assert_eq!(
            CloseReason::decode(b"\x03\xe8ok\xff"),
            Err((ReceiveErrorKind::CloseReason, 4))
        );
        assert_eq!(
            CloseReason::decode(b"\x03\xe8\xe2\x82"),
            Err((ReceiveErrorKind::CloseReason, 4))
        );
    }
}
