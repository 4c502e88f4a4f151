//! Text that is known to be UTF-8, and shared.

use alloc::string::String;

use bytes::Bytes;

use crate::utf8::{InvalidUtf8, Utf8Validator};

/// Text as shared bytes: to be sent without a copy, and checked once however often that is.
///
/// A clone shares the bytes.
///
/// ```
/// use bytes::Bytes;
/// use holdline_websocket::SharedText;
///
/// let text = SharedText::from(String::from("caf\u{e9}")); // takes the string, and checks nothing
/// assert_eq!(SharedText::try_from(Bytes::from("caf\u{e9}")), Ok(text));
/// assert_eq!(SharedText::try_from(Bytes::from_static(b"caf\xe9!")).unwrap_err().at, 4);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SharedText(Bytes);

impl SharedText {
    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.0
    }
}

impl From<String> for SharedText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&'static str> for SharedText {
    fn from(text: &'static str) -> Self {
        Self(text.into())
    }
}

/// Where a code point is cut by the end, [`InvalidUtf8::at`] is the length.
impl TryFrom<Bytes> for SharedText {
    type Error = InvalidUtf8;

    fn try_from(bytes: Bytes) -> Result<Self, InvalidUtf8> {
        let mut validator = Utf8Validator::new();
        validator.push(&bytes)?;
        if !validator.is_complete() {
            return Err(InvalidUtf8 { at: bytes.len() });
        }
        Ok(Self(bytes))
    }
}

impl From<SharedText> for Bytes {
    fn from(text: SharedText) -> Self {
        text.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_refused_where_it_cannot_go_on() {
        let at = |bytes: &'static [u8]| {
            let text = SharedText::try_from(Bytes::from_static(bytes));
            text.map(|text| text.bytes().len())
                .map_err(|error| error.at)
        };
        assert_eq!(at(b""), Ok(0));
        assert_eq!(at("\u{1f40b}".as_bytes()), Ok(4));
        assert_eq!(at(b"ab\xff"), Err(2));
        assert_eq!(at(b"ab\xf0\x9f"), Err(4));
    }

    #[test]
    fn a_string_is_taken_as_it_is() {
        let string = String::from("text");
        let at = string.as_ptr();
        assert_eq!(SharedText::from(string).bytes().as_ptr(), at);
    }
}
