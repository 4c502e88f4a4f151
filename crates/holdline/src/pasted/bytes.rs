//! From what a person pastes to the bytes that it stands for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::de::IgnoredAny;

use crate::inspect::{is_dump, parse_dump_within};
use crate::pasted::kind::Kind;

/// How bytes are written down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    Text,
    Hex,
    Base64,
}

/// Bytes, as one piece or as packets.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Bytes {
    pub(super) form: Form,
    pub(super) pieces: Vec<Vec<u8>>,
}

impl Bytes {
    pub(super) fn concat(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    /// Line ends as a browser sends them are kept in text of HTTP alone. Everything else is written with line feeds.
    pub(super) fn with_line_feeds(self) -> Self {
        if self.form != Form::Text {
            return self;
        }
        let text = String::from_utf8_lossy(&self.concat()).replace("\r\n", "\n");
        Self {
            pieces: vec![text.into_bytes()],
            ..self
        }
    }
}

impl Form {
    /// The name in the page's form. `auto` is none.
    pub(super) fn of(name: &str) -> Result<Option<Self>, String> {
        match name {
            "" | "auto" => Ok(None),
            "text" => Ok(Some(Self::Text)),
            "hex" => Ok(Some(Self::Hex)),
            "base64" => Ok(Some(Self::Base64)),
            _ => Err("`form` is auto, text, hex or base64".to_owned()),
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Hex => "hexadecimal",
            Self::Base64 => "Base64",
        }
    }
}

/// Reads what was pasted, in this form or in the one that it seems to have.
pub(super) fn read(text: &str, form: Option<Form>) -> Result<Bytes, String> {
    let form = form.unwrap_or_else(|| guess(text));
    let pieces = match form {
        Form::Text => vec![crlf(text).into_bytes()],
        Form::Hex => parse_dump_within(text, MOST)?,
        Form::Base64 => vec![base64(text).ok_or("this is not Base64")?],
    };
    let length: usize = pieces.iter().map(Vec::len).sum();
    match length {
        0 => Err("there are no bytes in it".to_owned()),
        _ if length > MOST => Err(format!(
            "these are {length} bytes, and at most {MOST} are explained here; \
             `holdline decode` has no such limit"
        )),
        _ => Ok(Bytes { form, pieces }),
    }
}

/// Whatever a browser makes of line ends.
fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn guess(text: &str) -> Form {
    // A comment of an event stream, or JSON, may be made of hexadecimal digits alone.
    let first = text.trim_start();
    if first.starts_with(':') || is_object(first) {
        return Form::Text;
    }
    // A dump with a mistake is better refused than read as text.
    let is_hex = || parse_dump_within(text, MOST).is_ok_and(|pieces| !pieces.is_empty());
    if is_dump(text) || is_hex() {
        return Form::Hex;
    }
    let is_one_word = |line: &str| !line.trim().contains(char::is_whitespace);
    match text
        .lines()
        .all(is_one_word)
        .then(|| base64(text))
        .flatten()
    {
        Some(bytes) if is_likely(text.trim(), &bytes) => Form::Base64,
        _ => Form::Text,
    }
}

fn is_object(text: &str) -> bool {
    text.starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether what can be read as Base64 was written as that. A short text may just happen to have its letters.
fn is_likely(text: &str, bytes: &[u8]) -> bool {
    let has_signs = || text.contains(['+', '/', '=']);
    text.len() >= 24 || !bytes.is_empty() && has_signs() && Kind::of_bytes(bytes).is_some()
}

/// Either alphabet, with or without padding, in as many lines as it has.
fn base64(text: &str) -> Option<Vec<u8>> {
    let letters = text.chars().filter(|c| !c.is_ascii_whitespace());
    let letters: String = letters
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    STANDARD_NO_PAD.decode(letters.trim_end_matches('=')).ok()
}

/// Bytes that are explained.
pub(super) const MOST: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_told_by_what_was_pasted() {
        for (text, form, bytes) in [
            ("81 05 48 65 6c 6c 6f", Form::Hex, &b"\x81\x05Hello"[..]),
            (r"\x81\x05Hello", Form::Text, br"\x81\x05Hello"),
            (r"\x81\x00", Form::Hex, b"\x81\x00"),
            ("gQVIZWxsbw==", Form::Base64, b"\x81\x05Hello"),
            (
                "-QUB_0hlbGxv+QUB\r\nSGVsbG8h",
                Form::Base64,
                b"\xf9\x05\x01\xffHello\xf9\x05\x01Hello!",
            ),
            (
                "GET / HTTP/1.1\nHost: a\r\n\n",
                Form::Text,
                b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            ),
            ("data: hello\n\n", Form::Text, b"data: hello\r\n\r\n"),
            ("hello", Form::Text, b"hello"),
            ("00000000  81 00  |..|\n00000002\n", Form::Hex, b"\x81\x00"),
            ("GET /", Form::Text, b"GET /"),
            ("GET /foo", Form::Text, b"GET /foo"),
            ("/foo", Form::Text, b"/foo"),
            (
                "this is some text that somebody pastes here",
                Form::Text,
                b"this is some text that somebody pastes here",
            ),
            (": ff", Form::Text, b": ff"),
            (":81 05", Form::Text, b":81 05"),
            (r#"{"ad":"be"}"#, Form::Text, br#"{"ad":"be"}"#),
            ("{0x81, 0x00}", Form::Hex, b"\x81\x00"),
        ] {
            let read = read(text, None).unwrap();
            assert_eq!((read.form, &*read.concat()), (form, bytes), "{text}");
        }
    }

    #[test]
    fn a_form_that_is_chosen_is_kept_to() {
        let text = read("8105", Some(Form::Text)).unwrap();
        assert_eq!(text.concat(), b"8105");
        let problem = read("81 0", Some(Form::Hex)).unwrap_err();
        assert!(problem.contains("`0` is not pairs"), "{problem}");
        assert!(read("?", Some(Form::Base64)).is_err());
        assert!(read(" \r\n", None).is_ok());
        assert!(read("", None).is_err());
        assert!(Form::of("hexa").is_err());
    }

    #[test]
    fn a_dump_with_a_mistake_is_told_and_not_explained_as_text() {
        let problem =
            read("00000000: 8105 4865 6c  ..Hel\n00000010: 6c6f  lo\n", None).unwrap_err();
        assert!(
            problem.contains("line 2 of the dump: its offset is 0x10"),
            "{problem}"
        );
    }

    #[test]
    fn what_is_too_long_is_refused_however_short_it_is_written() {
        let long = "a".repeat(MOST + 1);
        for (text, form) in [
            (&*long, Form::Text),
            ("00000000 00\n*\n00010001\n", Form::Hex),
        ] {
            let problem = read(text, Some(form)).unwrap_err();
            assert!(!problem.is_empty(), "{problem}");
        }
        assert_eq!(
            read(&"a".repeat(MOST), Some(Form::Text))
                .unwrap()
                .concat()
                .len(),
            MOST
        );
        assert!(read("00000000 00\n*\n00010000\n", Some(Form::Hex)).is_ok());
    }
}
