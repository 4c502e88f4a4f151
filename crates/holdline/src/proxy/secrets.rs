//! Stars for what nobody else should see: values of some fields, and of `token=` wherever it stands.
//!
//! The bytes keep their number, so that offsets are right.

/// One direction of a connection, of which any piece may come next.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// If only these fields may be seen, in lower case.
    shown: Option<&'static [&'static str]>,
    /// The name at the beginning of the line, in lower case; of a very long one the first bytes.
    name: Option<Vec<u8>>,
    /// In the value of such a field.
    in_field: bool,
    /// How many letters of `token=` came last.
    matched: usize,
    /// In a value after `token=`.
    in_token: bool,
    at_line_start: bool,
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            shown: None,
            name: Some(Vec::new()),
            in_field: false,
            matched: 0,
            in_token: false,
            at_line_start: true,
        }
    }
}

impl Secrets {
    /// Shows the values of these fields alone. Their names are in lower case.
    pub(crate) fn except(shown: &'static [&'static str]) -> Self {
        Self {
            shown: Some(shown),
            ..Self::default()
        }
    }

    /// Puts stars in place of secrets.
    pub(crate) fn hide(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            let hidden = self.take(*byte);
            if hidden {
                *byte = b'*';
            }
        }
    }

    /// Takes a byte. Returns whether it belongs to a secret.
    fn take(&mut self, byte: u8) -> bool {
        if byte == b'\n' {
            self.at_line_start = true;
            self.name = Some(Vec::new());
            (self.matched, self.in_token) = (0, false);
            return false;
        }
        if std::mem::take(&mut self.at_line_start) {
            // A line that begins with white space goes on with the field before it (RFC 9112 §5.2).
            self.in_field &= matches!(byte, b' ' | b'\t');
        }
        if self.in_field {
            return !matches!(byte, b'\r' | b' ' | b'\t');
        }
        self.follow_name(byte);
        self.follow_token(byte)
    }

    fn follow_name(&mut self, byte: u8) {
        let Some(name) = &mut self.name else {
            return;
        };
        match byte {
            b':' => {
                let is_other = |shown: &[&str]| {
                    // A start line is none.
                    !name.contains(&b' ') && !shown.iter().any(|known| known.as_bytes() == name)
                };
                self.in_field =
                    FIELDS.contains(&name.as_slice()) || self.shown.is_some_and(is_other);
                self.name = None;
            }
            _ if name.len() == LONGEST => {}
            _ => name.push(byte.to_ascii_lowercase()),
        }
    }

    fn follow_token(&mut self, byte: u8) -> bool {
        if self.in_token {
            let ends = matches!(
                byte,
                b'&' | b';' | b' ' | b'\t' | b'\r' | b'"' | b'\'' | b'<' | b'#' | b','
            );
            self.in_token = !ends;
            if !ends {
                return true;
            }
        }
        let letter = byte.to_ascii_lowercase();
        self.matched = match TOKEN.get(self.matched) {
            Some(&next) if next == letter => self.matched + 1,
            _ => usize::from(TOKEN.first() == Some(&letter)),
        };
        if self.matched == TOKEN.len() {
            (self.matched, self.in_token) = (0, true);
        }
        false
    }
}

/// In lower case.
const FIELDS: &[&[u8]] = &[
    b"authorization",
    b"proxy-authorization",
    b"cookie",
    b"set-cookie",
];
/// Bytes of a name, longer than any that is known.
const LONGEST: usize = 64;
const TOKEN: &[u8] = b"token=";

#[cfg(test)]
mod tests {
    use super::*;

    /// However it is cut.
    fn hidden(text: &str) -> String {
        let mut whole = text.as_bytes().to_vec();
        Secrets::default().hide(&mut whole);
        for length in 1..text.len() {
            let mut cut = text.as_bytes().to_vec();
            let mut secrets = Secrets::default();
            cut.chunks_mut(length).for_each(|piece| secrets.hide(piece));
            assert_eq!(cut, whole, "{length}");
        }
        String::from_utf8(whole).unwrap()
    }

    #[test]
    fn values_of_secret_fields_are_stars() {
        assert_eq!(
            hidden(
                "GET / HTTP/1.1\r\nHost: a\r\nAUTHORIZATION: Bearer abc\r\ncookie:a=b; c=d\r\n e\r\nX: y\r\n\r\n"
            ),
            "GET / HTTP/1.1\r\nHost: a\r\nAUTHORIZATION: ****** ***\r\ncookie:**** ***\r\n *\r\nX: y\r\n\r\n"
        );
        assert_eq!(
            hidden(
                "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie2: a=b\r\nProxy-Authorization:x\r\n\r\n"
            ),
            "HTTP/1.1 200 OK\r\nSet-Cookie: ***\r\nSet-Cookie2: a=b\r\nProxy-Authorization:*\r\n\r\n"
        );
    }

    #[test]
    fn what_is_not_named_can_be_stars() {
        let long = "x".repeat(100);
        let text = format!(
            "GET http://a:1/ HTTP/1.1\r\nHost: a:1\r\nX-Auth-User: ann\r\n{long}: b\r\nid: 1\r\n: c\r\n\r\n"
        );
        let mut bytes = text.clone().into_bytes();
        Secrets::except(&["host", "id", ""]).hide(&mut bytes);
        let expected = text.replace("ann", "***").replace(": b", ": *");
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn tokens_are_stars_wherever_they_stand() {
        assert_eq!(
            hidden(
                "GET /a?Token=abc&since=1 HTTP/1.1\r\nReferer: http://a/?access_token=x.y-z\r\nX: totoken=,token=\r\n\r\ntoken=abc"
            ),
            "GET /a?Token=***&since=1 HTTP/1.1\r\nReferer: http://a/?access_token=*****\r\nX: totoken=,token=\r\n\r\ntoken=***"
        );
    }
}
