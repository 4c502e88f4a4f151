//! The fields that bind a connection or frame a message, and the lists in their values.

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
                _ => 0,
            }
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
