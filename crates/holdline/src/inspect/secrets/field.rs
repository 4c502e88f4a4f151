//! Values of header fields.

/// Follows lines, and knows of each value whether it is a secret.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// If only these fields may be seen, in lower case, until the head ends.
    shown: Option<&'static [&'static str]>,
    /// The name at the beginning of the line, in lower case; of a very long one the first bytes.
    name: Option<Vec<u8>>,
    value: Value,
    /// What the line has before its end: nothing, or something.
    is_empty: bool,
    /// A line came that is not empty.
    began: bool,
}

/// What is hidden of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Shown,
    Hidden,
    /// A list of subprotocols, of which `.0` letters of a name that tells of a token came last.
    Subprotocols(usize),
    /// What follows that name.
    Bearer,
}

impl Default for Field {
    fn default() -> Self {
        Self {
            shown: None,
            name: Some(Vec::new()),
            value: Value::Shown,
            is_empty: true,
            began: false,
        }
    }
}

impl Field {
    pub(super) fn except(shown: &'static [&'static str]) -> Self {
        Self {
            shown: Some(shown),
            ..Self::default()
        }
    }

    /// Takes a byte. Returns whether it belongs to a secret.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        match byte {
            b'\n' => {
                if self.is_empty {
                    self.value = Value::Shown;
                    if self.began {
                        self.shown = None;
                    }
                }
                self.is_empty = true;
                self.name = Some(Vec::new());
                return false;
            }
            b'\r' => return false,
            _ => {}
        }
        self.began = true;
        // A line that begins with white space goes on with the field before it (RFC 9112 §5.2).
        if std::mem::take(&mut self.is_empty) && !matches!(byte, b' ' | b'\t') {
            self.value = Value::Shown;
        }
        match self.value {
            Value::Shown => self.follow_name(byte),
            Value::Hidden => return !matches!(byte, b' ' | b'\t'),
            Value::Subprotocols(matched) => self.value = subprotocol(matched, byte),
            Value::Bearer => return !matches!(byte, b' ' | b'\t' | b','),
        }
        false
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
                if is_secret(name) || self.shown.is_some_and(is_other) {
                    self.value = Value::Hidden;
                } else if name == SUBPROTOCOLS {
                    self.value = Value::Subprotocols(0);
                }
                self.name = None;
            }
            _ if name.len() == LONGEST => {}
            _ => name.push(byte.to_ascii_lowercase()),
        }
    }
}

/// By its name, in lower case.
fn is_secret(name: &[u8]) -> bool {
    // In a body there are sentences and members of JSON, too.
    let is_name = !name.iter().any(|byte| matches!(byte, b' ' | b'\t' | b'"'));
    let has = |word: &&[u8]| name.windows(word.len()).any(|part| part == *word);
    FIELDS.contains(&name) || (is_name && WORDS.iter().any(has))
}

/// After one more letter of a list.
fn subprotocol(matched: usize, byte: u8) -> Value {
    let letter = byte.to_ascii_lowercase();
    let matched = match BEARER.get(matched) {
        Some(&next) if next == letter => matched + 1,
        _ => usize::from(BEARER.first() == Some(&letter)),
    };
    match matched == BEARER.len() {
        true => Value::Bearer,
        false => Value::Subprotocols(matched),
    }
}

/// In lower case.
const FIELDS: &[&[u8]] = &[
    b"authorization",
    b"proxy-authorization",
    b"cookie",
    b"set-cookie",
];
/// A field whose name has one of these has a secret.
const WORDS: &[&[u8]] = &[b"api-key", b"apikey", b"token", b"secret", b"password"];
/// Programs in browsers can set no other field of a handshake, and some put a token there.
const SUBPROTOCOLS: &[u8] = b"sec-websocket-protocol";
const BEARER: &[u8] = b"bearer";
/// Bytes of a name, longer than any that is known.
const LONGEST: usize = 64;
