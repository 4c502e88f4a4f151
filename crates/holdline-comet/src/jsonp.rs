//! JSONP: JSON that a `<script>` element of any site can load.
//!
//! The answer is a program that calls a function of the page: `/**/F({…});`. Three things
//! keep it from doing more than that:
//!
//! - the name is checked ([`CallbackName`]), so it is only ever a call;
//! - the JSON is [escaped](crate::script);
//! - the empty comment in front, so that the caller does not choose the first bytes of the
//!   answer. A file of some other type, such as Flash, can be made to consist of letters and
//!   digits alone, and would otherwise be taken for one of this site (the *Rosetta Flash*
//!   attack).
//!
//! Send it as [`CONTENT_TYPE`] with `X-Content-Type-Options: nosniff`, so that it is never
//! taken for anything but a script. Any site can load it and read what is in it: never
//! answer with what only cookies protect.

use alloc::boxed::Box;
use core::fmt;
use core::str::FromStr;

use bytes::{BufMut, BytesMut};

use crate::script;

/// The media type of the answer.
pub const CONTENT_TYPE: &str = "application/javascript; charset=utf-8";

/// Appends `/**/F(…);` around one JSON value in UTF-8, which is escaped on the way.
///
/// ```
/// use bytes::BytesMut;
/// use holdline_comet::jsonp::{self, CallbackName};
///
/// let callback: CallbackName = "app.receive".parse()?;
/// let mut out = BytesMut::new();
/// jsonp::wrap(&callback, br#"{"data":"<b>"}"#, &mut out);
/// assert_eq!(out, r#"/**/app.receive({"data":"\u003cb\u003e"});"#);
/// # Ok::<(), jsonp::CallbackError>(())
/// ```
pub fn wrap(callback: &CallbackName, json: &[u8], out: &mut BytesMut) {
    out.put_slice(b"/**/");
    out.put_slice(callback.as_str().as_bytes());
    out.put_u8(b'(');
    script::encode(json, out);
    out.put_slice(b");");
}

/// The checked name of a function in the page.
///
/// Names joined by `.`, each with indexes in brackets if need be: `F`, `app.receive`,
/// `jQuery19_72`, `callbacks[3]`. A name is ASCII letters, digits, `_` and `$`, does not
/// begin with a digit and is no reserved word of any edition of ECMAScript (old engines
/// refuse them after a dot as well). An index is decimal digits. At most
/// [`MAX_LEN`](CallbackName::MAX_LEN) bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CallbackName(Box<str>);

impl CallbackName {
    /// The longest name in bytes.
    pub const MAX_LEN: usize = 128;

    /// Checks a name.
    ///
    /// # Errors
    /// When it is anything but a name as described above.
    pub fn new(name: &str) -> Result<Self, CallbackError> {
        if name.len() > Self::MAX_LEN {
            return Err(CallbackError::TooLong);
        }
        let mut at = 0;
        for part in name.split('.') {
            check_part(part, at)?;
            at += part.len() + 1;
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name is a single identifier, without `.` and `[`.
    ///
    /// Only such a name may be called from a document of the site itself, as the
    /// [iframe](crate::iframe) does: a path, such as `opener.document.body.click`, would let
    /// another site press buttons in this one.
    pub fn is_identifier(&self) -> bool {
        !self.0.contains(['.', '['])
    }
}

impl FromStr for CallbackName {
    type Err = CallbackError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

impl AsRef<str> for CallbackName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for CallbackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CallbackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallbackName({})", self.0)
    }
}

/// Why a text is no callback name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// More than [`CallbackName::MAX_LEN`] bytes.
    #[error("a callback name has at most {} bytes", CallbackName::MAX_LEN)]
    TooLong,
    /// A part without a name: the text is empty, or two dots meet.
    #[error("a name is missing at byte {at} of the callback name")]
    Empty {
        /// The byte offset in the text.
        at: usize,
    },
    /// A character that is not allowed there.
    #[error(
        "unexpected character at byte {at} of the callback name: use letters, digits, '_', '$', '.' and '[0]'"
    )]
    Character {
        /// The byte offset in the text.
        at: usize,
    },
    /// A reserved word of ECMAScript.
    #[error("reserved word at byte {at} of the callback name")]
    ReservedWord {
        /// The byte offset in the text.
        at: usize,
    },
    /// More than a single identifier, where only that is allowed; see
    /// [`CallbackName::is_identifier`].
    #[error("the callback name must be a single identifier here, without '.' and '['")]
    NotIdentifier,
}

/// Checks `name` or `name[0][1]`; `offset` is where `part` begins.
fn check_part(part: &str, offset: usize) -> Result<(), CallbackError> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    let bytes = part.as_bytes();
    let len = bytes.iter().take_while(|byte| is_word(byte)).count();
    let (name, mut indexes) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
    match name.first() {
        None if bytes.is_empty() => return Err(CallbackError::Empty { at: offset }),
        None | Some(b'0'..=b'9') => return Err(CallbackError::Character { at: offset }),
        Some(_) => {}
    }
    if RESERVED_WORDS.iter().any(|word| word.as_bytes() == name) {
        return Err(CallbackError::ReservedWord { at: offset });
    }
    while !indexes.is_empty() {
        let at = offset + bytes.len() - indexes.len();
        let error = |at| Err(CallbackError::Character { at });
        let Some(rest) = indexes.strip_prefix(b"[") else {
            return error(at);
        };
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match rest.get(digits..).and_then(|rest| rest.strip_prefix(b"]")) {
            Some(rest) if digits > 0 => indexes = rest,
            _ => return error(at + 1 + digits),
        }
    }
    Ok(())
}

/// ECMAScript 2024 §12.7.2, strict mode, literals, and what editions 1 to 3 reserved.
const RESERVED_WORDS: &[&str] = &[
    "abstract",
    "arguments",
    "await",
    "boolean",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "double",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "final",
    "finally",
    "float",
    "for",
    "function",
    "goto",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "int",
    "interface",
    "let",
    "long",
    "native",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "short",
    "static",
    "super",
    "switch",
    "synchronized",
    "this",
    "throw",
    "throws",
    "transient",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "volatile",
    "while",
    "with",
    "yield",
];

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_pages_use() {
        for name in [
            "F",
            "_",
            "$",
            "cb",
            "jQuery19103820_1699",
            "app.receive",
            "a.b.c",
            "callbacks[3]",
            "a[0][12].b",
            "Function",
            "thisOne",
            "a.this_",
        ] {
            assert_eq!(CallbackName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn names_that_are_more_than_a_call() {
        use CallbackError::*;
        for (name, error) in [
            ("", Empty { at: 0 }),
            (".a", Empty { at: 0 }),
            ("a.", Empty { at: 2 }),
            ("a..b", Empty { at: 2 }),
            ("1a", Character { at: 0 }),
            ("a.1", Character { at: 2 }),
            ("a b", Character { at: 1 }),
            ("a()", Character { at: 1 }),
            ("a;b", Character { at: 1 }),
            ("a\n", Character { at: 1 }),
            ("<script>", Character { at: 0 }),
            ("a/**/", Character { at: 1 }),
            ("é", Character { at: 0 }),
            ("a\u{2028}", Character { at: 1 }),
            ("a[", Character { at: 2 }),
            ("a[]", Character { at: 2 }),
            ("a[b]", Character { at: 2 }),
            ("a[1", Character { at: 3 }),
            ("a[1]b", Character { at: 4 }),
            ("[1]", Character { at: 0 }),
            ("x.a[1]]", Character { at: 6 }),
            ("eval", ReservedWord { at: 0 }),
            ("window.delete", ReservedWord { at: 7 }),
            ("this[0].a", ReservedWord { at: 0 }),
        ] {
            assert_eq!(CallbackName::new(name), Err(error), "{name:?}");
        }
    }

    #[test]
    fn the_longest_name() {
        let name = "a".repeat(CallbackName::MAX_LEN);
        assert!(CallbackName::new(&name).is_ok());
        assert_eq!(
            CallbackName::new(&format!("{name}a")),
            Err(CallbackError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn what_passes_is_a_path_of_names(
            name in prop_oneof![any::<String>(), "[a$1.\\[\\]]{0,8}"]
        ) {
            if let Ok(callback) = CallbackName::new(&name) {
                prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_$.[]".contains(&b)));
                prop_assert_eq!(callback.as_str(), name);
            }
        }
    }
}
