//! How long a body is: RFC 9112 §6.3, and the other fields that bind a connection.

use crate::error::ReceiveErrorKind as Kind;
use crate::header::{list, trim};
use crate::scan::Fault;

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// There is no body.
    None,
    /// The body has this many bytes. Never 0: that is [`None`](Self::None).
    Known(u64),
    /// The body comes in chunks (RFC 9112 §7.1), perhaps with trailers.
    Chunked,
    /// The body ends when the connection does. Only responses have this.
    UntilClose,
}

/// HTTP version of a message. Others are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
}

/// What the fields of one head say about framing and the connection, gathered line by line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts {
    /// Index of the Host line.
    pub(crate) host: Option<u32>,
    content_length: Option<u64>,
    /// Offset of the Content-Length value.
    content_length_at: usize,
    /// Offset of the Transfer-Encoding value, once there is one.
    transfer_encoding_at: Option<usize>,
    connection: u8,
}

impl Facts {
    /// Looks at one line. The fields that matter are told from the others by the length and the
    /// first letter of the name.
    #[inline]
    pub(crate) fn note(
        &mut self,
        index: usize,
        name: &[u8],
        value: &[u8],
        at: usize,
    ) -> Result<(), Fault> {
        match (name.len(), name.first().map(|byte| byte | 0x20)) {
            (4, Some(b'h'))
            | (6, Some(b'e'))
            | (7, Some(b'u'))
            | (10 | 14, Some(b'c'))
            | (17, Some(b't')) => self.note_likely(index, name, value, at),
            _ => Ok(()),
        }
    }

    fn note_likely(
        &mut self,
        index: usize,
        name: &[u8],
        value: &[u8],
        at: usize,
    ) -> Result<(), Fault> {
        match name.len() {
            4 if is(name, b"Host") => {
                if self.host.is_some() {
                    return Err(Fault::new(Kind::DuplicateHost, at));
                }
                self.host = Some(index as u32);
            }
            6 if is(name, b"Expect") => self.connection |= expectations(value),
            7 if is(name, b"Upgrade") => self.connection |= HAS_UPGRADE,
            10 if is(name, b"Connection") => self.connection |= connection_options(value),
            14 if is(name, b"Content-Length") => {
                if self.content_length.is_some() {
                    return Err(Fault::new(Kind::DuplicateContentLength, at));
                }
                let length =
                    content_length(value).ok_or(Fault::new(Kind::InvalidContentLength, at))?;
                self.content_length = Some(length);
                self.content_length_at = at;
            }
            17 if is(name, b"Transfer-Encoding") => {
                if self.transfer_encoding_at.is_some() {
                    return Err(Fault::new(Kind::DuplicateTransferEncoding, at));
                }
                transfer_encoding(value).map_err(|kind| Fault::new(kind, at))?;
                self.transfer_encoding_at = Some(at);
            }
            _ => {}
        }
        Ok(())
    }

    /// RFC 9112 §6.3 without its first two rules, which depend on the request that a response
    /// answers. `None` here means that neither field was there.
    ///
    /// "If a message is received with both a Transfer-Encoding and a Content-Length header
    /// field ... might indicate an attempt to perform request smuggling": refused.
    pub(crate) fn framing(&self, version: Version) -> Result<Option<Framing>, Fault> {
        match (self.transfer_encoding_at, self.content_length) {
            (Some(_), Some(_)) => Err(Fault::new(
                Kind::ContentLengthWithTransferEncoding,
                self.content_length_at,
            )),
            // RFC 9112 §6.1: "A server or client that receives an HTTP/1.0 message containing a
            // Transfer-Encoding header field MUST treat the message as if the framing is faulty".
            (Some(at), None) if version == Version::Http10 => {
                Err(Fault::new(Kind::TransferEncodingInHttp10, at))
            }
            (Some(_), None) => Ok(Some(Framing::Chunked)),
            (None, Some(length)) => Ok(Some(Framing::Length(length, self.content_length_at))),
            (None, None) => Ok(None),
        }
    }

    /// RFC 9112 §9.3: `close` wins; 1.1 stays by default, 1.0 only when asked.
    pub(crate) fn keep_alive(&self, version: Version) -> bool {
        self.connection & CLOSE == 0
            && (version == Version::Http11 || self.connection & KEEP_ALIVE != 0)
    }

    pub(crate) fn offers_upgrade(&self, version: Version) -> bool {
        let both = UPGRADE | HAS_UPGRADE;
        version == Version::Http11 && self.connection & both == both
    }

    /// RFC 9110 §10.1.1: "A server that receives a 100-continue expectation in an HTTP/1.0
    /// request MUST ignore that expectation."
    pub(crate) fn expects_continue(&self, version: Version) -> bool {
        version == Version::Http11 && self.connection & EXPECT_CONTINUE != 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Chunked,
    /// The length and the offset where it stands.
    Length(u64, usize),
}

impl Framing {
    /// The body of a message that has one.
    pub(crate) const fn length(self) -> BodyLength {
        match self {
            Self::Chunked => BodyLength::Chunked,
            Self::Length(0, _) => BodyLength::None,
            Self::Length(length, _) => BodyLength::Known(length),
        }
    }
}

/// Whether both are one name. It is nearly always written as `usual`.
#[inline]
fn is(name: &[u8], usual: &[u8]) -> bool {
    name == usual || name.eq_ignore_ascii_case(usual)
}

/// The options of one Connection line that concern us.
pub(crate) fn connection_options(value: &[u8]) -> u8 {
    // What most clients send.
    if value == b"keep-alive" {
        return KEEP_ALIVE;
    }
    list(value).fold(0, |options, element| {
        options
            | match element.len() {
                5 if element.eq_ignore_ascii_case(b"close") => CLOSE,
                7 if element.eq_ignore_ascii_case(b"upgrade") => UPGRADE,
                10 if element.eq_ignore_ascii_case(b"keep-alive") => KEEP_ALIVE,
                _ => 0,
            }
    })
}

/// RFC 9110 §10.1.1 knows one expectation. Others are left to the caller.
fn expectations(value: &[u8]) -> u8 {
    match list(value).any(|element| element.eq_ignore_ascii_case(b"100-continue")) {
        true => EXPECT_CONTINUE,
        false => 0,
    }
}

/// RFC 9110 §8.6: `Content-Length = 1*DIGIT`. Parsers disagree about signs, lists and leading
/// zeros, so none is taken.
pub(crate) fn content_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || (value.len() > 1 && value.first() == Some(&b'0')) {
        return None;
    }
    value.iter().try_fold(0_u64, |length, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        length.checked_mul(10)?.checked_add(digit)
    })
}

/// RFC 9112 §6.1. Only `chunked` is supported; other registered codings before it are 501, and
/// what no registry knows is 400.
fn transfer_encoding(value: &[u8]) -> Result<(), Kind> {
    let mut chunked = false;
    let mut others = false;
    for element in value.split(|&byte| byte == b',').map(trim) {
        if chunked {
            return Err(match element {
                [] => Kind::InvalidTransferEncoding,
                _ => Kind::ChunkedNotFinal,
            });
        }
        if element.eq_ignore_ascii_case(b"chunked") {
            chunked = true;
        } else if CODINGS.iter().any(|c| element.eq_ignore_ascii_case(c)) {
            others = true;
        } else if crate::class::is_token_text(element) {
            return Err(Kind::UnknownTransferCoding);
        } else {
            return Err(Kind::InvalidTransferEncoding);
        }
    }
    match (chunked, others) {
        (false, _) => Err(Kind::ChunkedNotFinal),
        (true, true) => Err(Kind::UnsupportedTransferCoding),
        (true, false) => Ok(()),
    }
}

pub(crate) const CLOSE: u8 = 0x01;
pub(crate) const KEEP_ALIVE: u8 = 0x02;
pub(crate) const UPGRADE: u8 = 0x04;
const HAS_UPGRADE: u8 = 0x08;
const EXPECT_CONTINUE: u8 = 0x10;

/// RFC 9112 §7.2, with the aliases that it lists.
const CODINGS: [&[u8]; 5] = [b"gzip", b"x-gzip", b"deflate", b"compress", b"x-compress"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_length_is_one_plain_number() {
        assert_eq!(content_length(b"0"), Some(0));
        assert_eq!(content_length(b"18446744073709551615"), Some(u64::MAX));
        for bad in [
            "",
            "+1",
            "-1",
            "1 ",
            "1,1",
            "00",
            "01",
            "0x1",
            "1.0",
            "18446744073709551616",
            "\u{661}",
        ] {
            assert_eq!(content_length(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn transfer_codings_are_sorted() {
        for (value, expected) in [
            ("chunked", Ok(())),
            ("ChUnKeD", Ok(())),
            ("gzip, chunked", Err(Kind::UnsupportedTransferCoding)),
            ("gzip", Err(Kind::ChunkedNotFinal)),
            ("chunked, chunked", Err(Kind::ChunkedNotFinal)),
            ("chunked, gzip", Err(Kind::ChunkedNotFinal)),
            ("chunked,", Err(Kind::InvalidTransferEncoding)),
            (",chunked", Err(Kind::InvalidTransferEncoding)),
            ("", Err(Kind::InvalidTransferEncoding)),
            ("chunked;a=b", Err(Kind::InvalidTransferEncoding)),
            ("\"chunked\"", Err(Kind::InvalidTransferEncoding)),
            ("identity", Err(Kind::UnknownTransferCoding)),
            ("xchunked", Err(Kind::UnknownTransferCoding)),
            ("identity, chunked", Err(Kind::UnknownTransferCoding)),
        ] {
            assert_eq!(transfer_encoding(value.as_bytes()), expected, "{value}");
        }
    }
}
