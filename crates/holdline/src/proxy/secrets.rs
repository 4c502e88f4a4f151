//! Stars for what nobody else should see: values of some fields, and of `token=` wherever it stands.
//!
//! The bytes keep their number, so that offsets are right.

/// One direction of a connection, of which any piece may come next.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// The name at the beginning of the line, in lower case, as far as it may be one of those hidden.
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
            name: Some(Vec::new()),
            in_field: false,
            matched: 0,
            in_token: false,
            at_line_start: true,
        }
    }
}

impl Secrets {
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
                self.in_field = FIELDS.contains(&name.as_slice());
                self.name = None;
            }
            _ if name.len() == LONGEST => self.name = None,
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
const LONGEST: usize = 19;
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
    fn tokens_are_stars_wherever_they_stand() {
        assert_eq!(
            hidden(
                "GET /a?Token=abc&since=1 HTTP/1.1\r\nReferer: http://a/?access_token=x.y-z\r\nX: totoken=,token=\r\n\r\ntoken=abc"
            ),
            "GET /a?Token=***&since=1 HTTP/1.1\r\nReferer: http://a/?access_token=*****\r\nX: totoken=,token=\r\n\r\ntoken=***"
        );
    }
}
