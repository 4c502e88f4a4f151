//! The password before the host of a URL: `http://user:password@host/`.

/// Looks for it. What follows a host is a port, which has digits alone, up to five: so many of a password are seen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Userinfo {
    /// So many letters of `://` came last.
    Before(usize),
    /// In the name of a user, or of a host.
    Name,
    /// After so many digits of a port, or of a password.
    Digits(usize),
    Password,
}

impl Default for Userinfo {
    fn default() -> Self {
        Self::Before(0)
    }
}

impl Userinfo {
    /// Takes a byte. Returns whether it belongs to a password.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let ends = matches!(
            byte,
            b'@' | b'/' | b'?' | b'#' | b'[' | b'"' | b'<' | b'>' | b' ' | b'\t' | b'\r' | b'\n'
        );
        *self = match *self {
            Self::Before(matched) => match MARK.get(matched) {
                Some(&next) if next == byte && matched + 1 == MARK.len() => Self::Name,
                Some(&next) if next == byte => Self::Before(matched + 1),
                _ => Self::Before(usize::from(byte == b':')),
            },
            _ if ends => Self::Before(0),
            Self::Name if byte == b':' => Self::Digits(0),
            Self::Name => Self::Name,
            Self::Digits(count) if byte.is_ascii_digit() && count < PORT => Self::Digits(count + 1),
            // Text around the URL.
            Self::Digits(1..) if matches!(byte, b',' | b';' | b'\'' | b')' | b'\\') => {
                Self::Before(0)
            }
            Self::Digits(_) | Self::Password => Self::Password,
        };
        matches!(self, Self::Password)
    }
}

const MARK: &[u8] = b"://";
/// Digits of the longest port.
const PORT: usize = 5;
