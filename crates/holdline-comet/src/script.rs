//! JSON that is safe inside `<script>` and inside a JavaScript program.
//!
//! Three things make JSON text dangerous there:
//!
//! - In HTML, `</script` ends the script wherever it stands, also in a string, and `<!--`
//!   changes how the rest of it is read (HTML, "script data escaped state").
//! - In XHTML and in old browsers `&` may begin a character reference.
//! - U+2028 and U+2029 may stand in a JSON string, but ended the line in JavaScript's
//!   strings before ECMAScript 2019.
//!
//! All five characters `<`, `>`, `&`, U+2028 and U+2029 are therefore written as `\u003c`,
//! `\u003e`, `\u0026`, `\u2028` and `\u2029`. In JSON they occur only in strings, so
//! the value stays the same.
//!
//! One difference between JSON and JavaScript is left: a member named `__proto__` sets the
//! prototype of its object. Keep that name out of messages whose names come from others.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use bytes::{BufMut, Bytes, BytesMut};

/// Escapes JSON text. Borrows it when there is nothing to escape.
///
/// `json` must be one JSON value in UTF-8; nothing here checks that. Anything else comes
/// out without `<`, `>` and `&` just the same, so that it cannot leave the script, but what
/// it does inside is unknown. Takes O(n) time and at most six times the space.
///
/// ```
/// use holdline_comet::script;
///
/// let json = br#"{"data":"</script>"}"#;
/// assert_eq!(&*script::escape(json), br#"{"data":"\u003c/script\u003e"}"#);
/// ```
pub fn escape(json: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = Parts(json).next().filter(|part| part.escape.is_some()) else {
        return Cow::Borrowed(json);
    };
    let mut out = Vec::with_capacity(json.len() + 6 * 4);
    out.extend_from_slice(first.plain);
    out.extend_from_slice(first.escape.unwrap_or_default());
    for part in Parts(json.get(first.len..).unwrap_or_default()) {
        out.extend_from_slice(part.plain);
        out.extend_from_slice(part.escape.unwrap_or_default());
    }
    Cow::Owned(out)
}

/// Appends JSON text, escaped as by [`escape`].
pub fn encode(json: &[u8], out: &mut BytesMut) {
    out.reserve(json.len());
    for part in Parts(json) {
        out.put_slice(part.plain);
        out.put_slice(part.escape.unwrap_or_default());
    }
}

/// JSON text that was escaped once, to be sent to many.
///
/// Cloning is cheap and shares the bytes. When nothing was to be escaped, they are the
/// bytes that were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escaped(Bytes);

impl Escaped {
    /// Escapes JSON text as [`escape`] does.
    pub fn new(json: &Bytes) -> Self {
        Self(match escape(json) {
            Cow::Borrowed(_) => json.clone(),
            // It may be shared for long, so it must not hold twice the memory that it needs.
            Cow::Owned(escaped) => Bytes::from(escaped.into_boxed_slice()),
        })
    }

    /// The escaped text.
    pub const fn bytes(&self) -> &Bytes {
        &self.0
    }
}

impl From<&Bytes> for Escaped {
    fn from(json: &Bytes) -> Self {
        Self::new(json)
    }
}

/// Text cut before each character that is to be escaped.
struct Parts<'a>(&'a [u8]);

struct Part<'a> {
    plain: &'a [u8],
    /// What is written for the character after `plain`.
    escape: Option<&'static [u8]>,
    /// How much of the text the part takes, that character included.
    len: usize,
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let mut at = 0;
        let found = loop {
            let rest = self.0.get(at..).unwrap_or_default();
            let Some(next) = rest.iter().position(|byte| MAYBE.contains(byte)) else {
                break None;
            };
            at += next;
            match rest.get(next..).and_then(escape_of) {
                Some(found) => break Some(found),
                None => at += 1,
            }
        };
        let Some((escape, width)) = found else {
            let plain = core::mem::take(&mut self.0);
            return Some(Part {
                plain,
                escape: None,
                len: plain.len(),
            });
        };
        let (plain, rest) = self.0.split_at_checked(at)?;
        self.0 = rest.get(width..).unwrap_or_default();
        Some(Part {
            plain,
            escape: Some(escape),
            len: at + width,
        })
    }
}

/// The escape for the character that `text` begins with, and the character's width.
fn escape_of(text: &[u8]) -> Option<(&'static [u8], usize)> {
    match text {
        [b'<', ..] => Some((br"\u003c", 1)),
        [b'>', ..] => Some((br"\u003e", 1)),
        [b'&', ..] => Some((br"\u0026", 1)),
        // U+2028 and U+2029 in UTF-8.
        [0xe2, 0x80, 0xa8, ..] => Some((br"\u2028", 3)),
        [0xe2, 0x80, 0xa9, ..] => Some((br"\u2029", 3)),
        _ => None,
    }
}

/// The first bytes of the characters that are to be escaped.
const MAYBE: [u8; 4] = [b'<', b'>', b'&', 0xe2];

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn escaped(json: &str) -> String {
        String::from_utf8(escape(json.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn what_ends_a_script_is_escaped() {
        assert_eq!(escaped(r#""</script>""#), r#""\u003c/script\u003e""#);
        assert_eq!(escaped(r#""<!--&amp;""#), r#""\u003c!--\u0026amp;""#);
        assert_eq!(escaped("\"\u{2028}\u{2029}\""), r#""\u2028\u2029""#);
        assert_eq!(escaped("<"), r"\u003c");
    }

    #[test]
    fn neighbours_of_the_line_separators_stay() {
        let json = "\"\u{2027}\u{202a}\u{20ac}\u{a8}\u{e2}\"";
        assert!(matches!(escape(json.as_bytes()), Cow::Borrowed(_)));
    }

    #[test]
    fn bytes_that_are_not_utf8_pass_without_panic() {
        assert_eq!(&*escape(b"\xe2"), b"\xe2");
        assert_eq!(&*escape(b"\xe2\x80<"), b"\xe2\x80\\u003c");
        assert_eq!(&*escape(b""), b"");
    }

    #[test]
    fn text_without_danger_is_shared() {
        let json = Bytes::from_static(b"{\"data\":\"hello\"}");
        assert_eq!(Escaped::new(&json).bytes().as_ptr(), json.as_ptr());
    }

    proptest! {
        #[test]
        fn the_value_stays_and_nothing_dangerous_is_left(
            text in r#"([<>&a\\"\u{2028}\u{2029}\u{2027}é]|</script|<!--|\PC){0,40}"#
        ) {
            let value = Value::String(text);
            let json = serde_json::to_vec(&value).unwrap();
            let escaped = escape(&json);
            prop_assert_eq!(serde_json::from_slice::<Value>(&escaped).unwrap(), value);
            let text = core::str::from_utf8(&escaped).unwrap();
            let dangerous = ['<', '>', '&', '\u{2028}', '\u{2029}'];
            prop_assert!(!text.contains(dangerous));
            let mut out = BytesMut::new();
            encode(&json, &mut out);
            prop_assert_eq!(&out[..], &*escaped);
            let shared = Escaped::new(&Bytes::copy_from_slice(&json));
            prop_assert_eq!(shared.bytes(), &*escaped);
        }

        #[test]
        fn any_bytes_come_out_without_markup(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'<'), Just(0xe2), Just(0x80), Just(0xa8), any::<u8>()], 0..60)
        ) {
            let escaped = escape(&bytes);
            prop_assert!(!escaped.iter().any(|byte| b"<>&".contains(byte)));
        }
    }
}
