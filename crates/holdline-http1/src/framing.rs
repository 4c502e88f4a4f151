//! How long a body is: RFC 9112 §6.3.

use crate::error::{Fault, ReceiveErrorKind as Kind};
use crate::wire::class::{is_token_text, trim};

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

/// The two framing fields of one head, gathered line by line. What is wrong with them is judged
/// later, by those messages that have a body.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FramingFields {
    /// The first Content-Length, if it is a number, and the offset of its value.
    content_length: Option<u64>,
    content_length_at: Option<usize>,
    codings: Codings,
    /// The first thing that is wrong with either field, and the first that leniency does not excuse.
    fault: Option<(Kind, u32)>,
    grave_fault: Option<(Kind, u32)>,
}

impl FramingFields {
    // A call of its own, as few heads have one: a head without it saves no registers for it.
    #[inline(never)]
    pub(crate) fn note_content_length(&mut self, value: &[u8], at: usize) {
        let length = content_length(value);
        if self.content_length_at.is_none() {
            self.content_length_at = Some(at);
            self.content_length = length;
            if length.is_none() {
                self.note_fault(Kind::InvalidContentLength, at, false);
            }
        } else {
            let is_equal = length.is_some() && length == self.content_length;
            self.note_fault(Kind::DuplicateContentLength, at, is_equal);
        }
    }

    #[inline(never)]
    pub(crate) fn note_transfer_encoding(&mut self, value: &[u8], at: usize) {
        let has_identity = self.codings.has_identity;
        let noted = self.codings.note(value, at);
        if self.codings.has_identity && !has_identity {
            self.note_fault(Kind::UnknownTransferCoding, at, true);
        }
        if let Err(kind) = noted {
            self.note_fault(kind, at, false);
        }
    }

    fn note_fault(&mut self, kind: Kind, at: usize, is_excusable: bool) {
        let fault = Some((kind, at as u32));
        self.fault = self.fault.or(fault);
        if !is_excusable {
            self.grave_fault = self.grave_fault.or(fault);
        }
    }

    /// RFC 9112 §6.3 from its third rule on, for messages that the first two, which depend on the
    /// request that a response answers, do not decide. `None` here means that neither field was
    /// there.
    ///
    /// "If a message is received with both a Transfer-Encoding and a Content-Length header
    /// field ... might indicate an attempt to perform request smuggling": refused.
    #[inline(always)]
    pub(crate) fn framing(
        &self,
        version: Version,
        lenient: bool,
    ) -> Result<Option<Framing>, Fault> {
        let fault = if lenient {
            self.grave_fault
        } else {
            self.fault
        };
        // A list of nothing but `identity` changes nothing.
        let is_identity = lenient && fault.is_none() && self.codings.is_identity();
        let codings_at = self.codings.at.filter(|_| !is_identity);
        if let (Some(_), Some(at)) = (codings_at, self.content_length_at) {
            return Err(Fault::new(Kind::ContentLengthWithTransferEncoding, at));
        }
        // RFC 9112 §6.1: "A server or client that receives an HTTP/1.0 message containing a
        // Transfer-Encoding header field MUST treat the message as if the framing is faulty".
        if let (Some(at), Version::Http10) = (codings_at, version) {
            return Err(Fault::new(Kind::TransferEncodingInHttp10, at));
        }
        if let Some((kind, at)) = fault {
            return Err(Fault::new(kind, at as usize));
        }
        match (codings_at, self.content_length_at, self.content_length) {
            (Some(at), ..) => match self.codings.judge() {
                Ok(()) => Ok(Some(Framing::Chunked)),
                Err(kind) => Err(Fault::new(kind, at)),
            },
            (None, Some(at), Some(length)) => Ok(Some(Framing::Length(length, at))),
            _ => Ok(None),
        }
    }

    /// Whether something is wrong that only leniency excuses.
    pub(crate) const fn needs_leniency(&self) -> bool {
        self.fault.is_some()
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
    /// RFC 2616 §3.6 had a coding that does nothing; RFC 9112 has none.
    has_identity: bool,
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
            } else if element.eq_ignore_ascii_case(b"identity") {
                self.has_identity = true;
            } else if is_token_text(element) {
                return Err(Kind::UnknownTransferCoding);
            } else {
                return Err(Kind::InvalidTransferEncoding);
            }
        }
        Ok(())
    }

    const fn is_identity(&self) -> bool {
        self.has_identity && !self.chunked && !self.others
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

/// RFC 9112 §7.2, with the aliases that it lists.
const CODINGS: [&[u8]; 5] = [b"gzip", b"x-gzip", b"deflate", b"compress", b"x-compress"];

#[cfg(test)]
pub(crate) mod tests {
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
    pub(crate) fn transfer_codings_are_sorted() {
        let transfer_encoding = |value: &[u8]| {
            let mut fields = FramingFields::default();
            fields.note_transfer_encoding(value, 0);
            let framing = fields.framing(Version::Http11, false);
            framing.map(|_| ()).map_err(|fault| fault.kind)
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
