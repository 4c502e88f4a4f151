//! The password before the host of a URL: `http://user:password@host/`.

/// Looks for it. What follows a host is a port, which has digits alone, up to five: so many of a password are seen.
#[derive(Debug, Default)]
pub(super) struct Userinfo {
    /// How many letters of `://` came last.
    matched: usize,
    place: Place,
}

#[derive(Clone, Copy, Debug, Default)]
enum Place {
    #[default]
    Outside,
    /// In the name of a user, or of a host.
    Name,
    /// After so many digits of a port, or of a password.
    Digits(usize),
    /// After signs behind digits: those of text around the URL, or of a password.
    Signs,
    Password,
}

impl Userinfo {
    /// Takes a byte. Returns whether it belongs to a password.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let ends = matches!(
            byte,
            b'@' | b'/' | b'?' | b'#' | b'[' | b'"' | b'<' | b'>' | b' ' | b'\t' | b'\r' | b'\n'
        );
        self.matched = match MARK.get(self.matched) {
            Some(&next) if next == byte => self.matched + 1,
            _ => usize::from(MARK.first() == Some(&byte)),
        };
        self.place = match self.place {
            _ if self.matched == MARK.len() => Place::Name,
            Place::Outside => Place::Outside,
            _ if ends => Place::Outside,
            Place::Name if byte == b':' => Place::Digits(0),
            Place::Name => Place::Name,
            Place::Digits(count) if byte.is_ascii_digit() && count < PORT => {
                Place::Digits(count + 1)
            }
            // No URL has it; in text it begins a sign.
            Place::Digits(1..) if byte == b'\\' => Place::Outside,
            Place::Digits(1..) | Place::Signs if SIGNS.contains(&byte) => Place::Signs,
            Place::Digits(_) | Place::Signs | Place::Password => Place::Password,
        };
        matches!(self.place, Place::Password)
    }
}

const MARK: &[u8] = b"://";
/// Signs that a password may have, and that text has behind a URL (RFC 3986 §3.2.1).
const SIGNS: &[u8] = b",;')";
/// Digits of the longest port.
const PORT: usize = 5;
