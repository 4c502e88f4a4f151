//! The fields that bind a connection or frame a message, and the lists in their values.

use bytes::BytesMut;

use super::class;

/// A field that this crate itself must understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    Host,
    Expect,
    Upgrade,
    Connection,
    ContentLength,
    TransferEncoding,
}

impl Special {
    /// Whether a name may be one of them: length and first letter tell them from nearly all others.
    #[inline]
    pub(crate) fn is_likely(name: &[u8]) -> bool {
        let letter = match name.len() {
            4 => b'h',
            6 => b'e',
            7 => b'u',
            10 | 14 => b'c',
            17 => b't',
            _ => return false,
        };
        name.first().is_some_and(|byte| byte | 0x20 == letter)
    }

    /// Which of them a name is.
    #[inline]
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        match Self::is_likely(name) {
            true => Self::of_likely(name),
            false => None,
        }
    }

    /// The same for a name that [`is_likely`](Self::is_likely).
    #[inline(always)]
    pub(crate) fn of_likely(name: &[u8]) -> Option<Self> {
        match name.len() {
            4 => Self::Host.named(name, b"Host"),
            6 => Self::Expect.named(name, b"Expect"),
            7 => Self::Upgrade.named(name, b"Upgrade"),
            10 => Self::Connection.named(name, b"Connection"),
            14 => Self::ContentLength.named(name, b"Content-Length"),
            17 => Self::TransferEncoding.named(name, b"Transfer-Encoding"),
            _ => None,
        }
    }

    /// A name is nearly always written as `usual`.
    #[inline(always)]
    fn named(self, name: &[u8], usual: &[u8]) -> Option<Self> {
        (name == usual || name.eq_ignore_ascii_case(usual)).then_some(self)
    }
}

/// The options of one Connection line that concern us (RFC 9110 §7.6.1).
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
                2 if element.eq_ignore_ascii_case(b"te") => TE,
                _ => 0,
            }
    })
}

/// The option of Connection that has to go with a field of this name, if it is about this connection
/// alone.
///
/// RFC 9110 §7.6.1: "When a field aside from Connection is used to supply control information for or
/// about the current connection, the sender MUST list the corresponding field name within the
/// Connection header field."
pub(crate) fn option_beside(name: &[u8]) -> u8 {
    match name.len() {
        2 if name.eq_ignore_ascii_case(b"te") => TE,
        7 if name.eq_ignore_ascii_case(b"upgrade") => UPGRADE,
        10 if name.eq_ignore_ascii_case(b"keep-alive") => KEEP_ALIVE,
        _ => 0,
    }
}

/// Appends a Connection line with these options, if there are any.
#[inline]
pub(crate) fn put_connection(options: u8, out: &mut BytesMut) {
    if options != 0 {
        put_options(options, out);
    }
}

fn put_options(options: u8, out: &mut BytesMut) {
    let mut before = "Connection: ";
    for (option, name) in OPTIONS {
        if options & option != 0 {
            out.extend_from_slice(before.as_bytes());
            out.extend_from_slice(name.as_bytes());
            before = ", ";
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Whether a value of TE names the coding that every recipient takes (RFC 9112 §7.4). A weight may
/// follow a name.
pub(crate) fn te_has_chunked(value: &[u8]) -> bool {
    list(value).any(|element| {
        let name = element.split(|&byte| byte == b';').next();
        name.is_some_and(|name| class::trim(name).eq_ignore_ascii_case(b"chunked"))
    })
}

/// RFC 9110 §10.1.1 knows one expectation. Others are left to the caller.
pub(crate) fn expects_continue(value: &[u8]) -> bool {
    list(value).any(|element| element.eq_ignore_ascii_case(b"100-continue"))
}

/// The elements of a comma-separated list, without the whitespace around them. Empty ones are
/// left out: RFC 9110 §5.6.1.2, "a recipient MUST parse and ignore a reasonable number of
/// empty list elements".
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|&byte| byte == b',')
        .map(class::trim)
        .filter(|element| !element.is_empty())
}

pub(crate) const CLOSE: u8 = 0x01;
pub(crate) const KEEP_ALIVE: u8 = 0x02;
pub(crate) const UPGRADE: u8 = 0x04;
pub(crate) const TE: u8 = 0x08;

const OPTIONS: [(u8, &str); 4] = [
    (CLOSE, "close"),
    (KEEP_ALIVE, "keep-alive"),
    (UPGRADE, "Upgrade"),
    (TE, "TE"),
];
