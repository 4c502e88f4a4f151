//! What follows `token=`, wherever it stands.

/// Looks for it, and also for letters of it that are percent-encoded.
#[derive(Clone, Debug, Default)]
pub(super) struct Token {
    /// How many letters of it came last.
    matched: usize,
    /// In the value.
    is_in: bool,
    escape: Escape,
}

/// A `%`, and the digit after it.
#[derive(Clone, Copy, Debug, Default)]
enum Escape {
    #[default]
    None,
    Begun,
    Digit(u8),
}

impl Token {
    /// Takes a byte. Returns whether it belongs to a value.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        if byte == b'\n' {
            *self = Self::default();
            return false;
        }
        if self.is_in {
            // What else may stand in a query is part of the value (RFC 3986 §3.4).
            self.is_in = !matches!(byte, b'&' | b' ' | b'\t' | b'\r' | b'"' | b'<' | b'#');
            return self.is_in;
        }
        let digit = char::from(byte).to_digit(16);
        let digit = digit.and_then(|digit| u8::try_from(digit).ok());
        self.escape = match (self.escape, digit) {
            (_, _) if byte == b'%' => {
                // One that is not complete stands for itself.
                if !matches!(self.escape, Escape::None) {
                    self.matched = 0;
                }
                Escape::Begun
            }
            (Escape::Begun, Some(digit)) => Escape::Digit(digit),
            (Escape::Digit(first), Some(digit)) => {
                self.letter(first << 4 | digit);
                Escape::None
            }
            (Escape::Begun | Escape::Digit(_), None) => {
                self.matched = 0;
                self.letter(byte);
                Escape::None
            }
            (Escape::None, _) => {
                self.letter(byte);
                Escape::None
            }
        };
        false
    }

    fn letter(&mut self, letter: u8) {
        let letter = letter.to_ascii_lowercase();
        self.matched = match TOKEN.get(self.matched) {
            Some(&next) if next == letter => self.matched + 1,
            _ => usize::from(TOKEN.first() == Some(&letter)),
        };
        if self.matched == TOKEN.len() {
            (self.matched, self.is_in) = (0, true);
        }
    }
}

const TOKEN: &[u8] = b"token=";
