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

/// HTTP version of a message: what its sender wrote. Other major versions are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
    /// HTTP/1.2 to HTTP/1.9, with the minor version. No such version exists. A message that
    /// claims one is processed as HTTP/1.1, "the highest minor version within that major version
    /// to which the recipient is conformant" (RFC 9110 §2.5).
    Http1Minor(u8),
}

impl Version {
    /// The digit after the dot.
    #[must_use]
    pub const fn minor(self) -> u8 {
        match self {
            Self::Http10 => 0,
            Self::Http11 => 1,
            Self::Http1Minor(minor) => minor,
        }
    }

    pub(crate) const fn from_minor(minor: u8) -> Self {
        match minor {
            0 => Self::Http10,
            1 => Self::Http11,
            _ => Self::Http1Minor(minor),
        }
    }

    /// Whether the sender understands what HTTP/1.1 brought: chunks, 1xx, connections that stay
    /// open unless a side says otherwise.
    pub(crate) const fn is_at_least_11(self) -> bool {
        !matches!(self, Self::Http10)
    }
}

/// What the fields of one head say about Host, framing and the connection, gathered line by line.
/// What is wrong with Host or framing is judged later, by those messages that it matters to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts {
    /// Index of the first Host line.
    pub(crate) host: Option<u32>,
    /// Offset of the value of the second Host line.
    pub(crate) second_host_at: Option<usize>,
    /// The first Content-Length, if it is a number.
    content_length: Option<u64>,
    /// Offset of the first Content-Length value.
    content_length_at: Option<usize>,
    codings: Codings,
    /// The first thing that is wrong with either framing field.
    framing_fault: Option<Fault>,
    connection: u8,
}

impl Facts {
    /// Looks at one line. The fields that matter are told from the others by the length and the
    /// first letter of the name.
    #[inline]
    pub(crate) fn note(&mut self, index: usize, name: &[u8], value: &[u8], at: usize) {
        if let (4, Some(b'h'))
        | (6, Some(b'e'))
        | (7, Some(b'u'))
        | (10 | 14, Some(b'c'))
        | (17, Some(b't')) = (name.len(), name.first().map(|byte| byte | 0x20))
        {
            self.note_likely(index, name, value, at);
        }
    }

    fn note_likely(&mut self, index: usize, name: &[u8], value: &[u8], at: usize) {
        match name.len() {
            4 if is(name, b"Host") => match self.host {
                None => self.host = Some(index as u32),
                Some(_) => self.second_host_at = self.second_host_at.or(Some(at)),
            },
            6 if is(name, b"Expect") => self.connection |= expectations(value),
            7 if is(name, b"Upgrade") => self.connection |= HAS_UPGRADE,
            10 if is(name, b"Connection") => self.connection |= connection_options(value),
            14 if is(name, b"Content-Length") => {
                if let Err(kind) = self.note_content_length(value, at) {
                    self.note_fault(kind, at);
                }
            }
            17 if is(name, b"Transfer-Encoding") => {
                if let Err(kind) = self.codings.note(value, at) {
                    self.note_fault(kind, at);
                }
            }
            _ => {}
        }
    }

    fn note_content_length(&mut self, value: &[u8], at: usize) -> Result<(), Kind> {
        if self.content_length_at.is_some() {
            return Err(Kind::DuplicateContentLength);
        }
        self.content_length_at = Some(at);
        self.content_length = Some(content_length(value).ok_or(Kind::InvalidContentLength)?);
        Ok(())
    }

    fn note_fault(&mut self, kind: Kind, at: usize) {
        self.framing_fault = self.framing_fault.or(Some(Fault::new(kind, at)));
    }

    /// RFC 9112 §6.3 from its third rule on, for messages that the first two, which depend on the
    /// request that a response answers, do not decide. `None` here means that neither field was
    /// there.
    ///
    /// "If a message is received with both a Transfer-Encoding and a Content-Length header
    /// field ... might indicate an attempt to perform request smuggling": refused.
    pub(crate) fn framing(&self, version: Version) -> Result<Option<Framing>, Fault> {
        if let (Some(_), Some(at)) = (self.codings.at, self.content_length_at) {
            return Err(Fault::new(Kind::ContentLengthWithTransferEncoding, at));
        }
        // RFC 9112 §6.1: "A server or client that receives an HTTP/1.0 message containing a
        // Transfer-Encoding header field MUST treat the message as if the framing is faulty".
        if let (Some(at), Version::Http10) = (self.codings.at, version) {
            return Err(Fault::new(Kind::TransferEncodingInHttp10, at));
        }
        if let Some(fault) = self.framing_fault {
            return Err(fault);
        }
        match (self.codings.at, self.content_length_at, self.content_length) {
            (Some(at), ..) => match self.codings.judge() {
                Ok(()) => Ok(Some(Framing::Chunked)),
                Err(kind) => Err(Fault::new(kind, at)),
            },
            (None, Some(at), Some(length)) => Ok(Some(Framing::Length(length, at))),
            _ => Ok(None),
        }
    }

    /// RFC 9112 §9.3: `close` wins; 1.1 stays by default, 1.0 only when asked.
    pub(crate) fn keep_alive(&self, version: Version) -> bool {
        self.connection & CLOSE == 0
            && (version.is_at_least_11() || self.connection & KEEP_ALIVE != 0)
    }

    pub(crate) fn offers_upgrade(&self, version: Version) -> bool {
        let both = UPGRADE | HAS_UPGRADE;
        version.is_at_least_11() && self.connection & both == both
    }

    /// RFC 9110 §10.1.1: "A server that receives a 100-continue expectation in an HTTP/1.0
    /// request MUST ignore that expectation."
    pub(crate) fn expects_continue(&self, version: Version) -> bool {
        version.is_at_least_11() && self.connection & EXPECT_CONTINUE != 0
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

/// RFC 9110 §8.6: `Content-Length = 1*DIGIT`. No sign, no list; zeros may stand in front.
pub(crate) fn content_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |length, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        length.checked_mul(10)?.checked_add(digit)
    })
}

/// The list of transfer codings, which may stand on several lines: RFC 9110 §5.3, "append each
/// subsequent field line value to the initial field line value in order".
#[derive(Clone, Copy, Debug, Default)]
struct Codings {
    /// Offset of the first line's value.
    at: Option<usize>,
    chunked: bool,
    others: bool,
}

impl Codings {
    /// RFC 9112 §6.1. Takes the codings of one line.
    fn note(&mut self, value: &[u8], at: usize) -> Result<(), Kind> {
        self.at = self.at.or(Some(at));
        for element in value.split(|&byte| byte == b',').map(trim) {
            if self.chunked {
                return Err(match element {
                    [] => Kind::InvalidTransferEncoding,
                    _ => Kind::ChunkedNotFinal,
                });
            }
            if element.eq_ignore_ascii_case(b"chunked") {
                self.chunked = true;
            } else if CODINGS.iter().any(|c| element.eq_ignore_ascii_case(c)) {
                self.others = true;
            } else if crate::class::is_token_text(element) {
                return Err(Kind::UnknownTransferCoding);
            } else {
                return Err(Kind::InvalidTransferEncoding);
            }
        }
        Ok(())
    }

    /// Judges the list when all its lines are known. Only `chunked` is supported; other registered
    /// codings before it are 501.
    fn judge(&self) -> Result<(), Kind> {
        match (self.chunked, self.others) {
            (false, _) => Err(Kind::ChunkedNotFinal),
            (true, true) => Err(Kind::UnsupportedTransferCoding),
            (true, false) => Ok(()),
        }
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
        assert_eq!(content_length(b"0005"), Some(5));
        assert_eq!(content_length(b"000018446744073709551615"), Some(u64::MAX));
        for bad in [
            "",
            "+1",
            "-1",
            "1 ",
            "1,1",
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
        let transfer_encoding = |value: &[u8]| {
            let mut codings = Codings::default();
            codings.note(value, 0).and_then(|()| codings.judge())
        };
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
