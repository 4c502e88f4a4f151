//! Percent-decoding that accepts nothing malformed.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;

/// Why a text cannot be decoded. The message continues a sentence that begins with what the text is: "a channel name
/// …".
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PercentError {
    Escape,
    Utf8,
}

impl fmt::Display for PercentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Escape => "has a `%` without two hexadecimal digits behind it",
            Self::Utf8 => "must be UTF-8 when percent-decoded",
        })
    }
}

/// Decodes a part of a target. A `%` that begins no escape is refused, because others would read it differently.
pub(crate) fn decode(text: &str) -> Result<Cow<'_, str>, PercentError> {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        let (escape, after) = rest[at..].split_at_checked(3).ok_or(PercentError::Escape)?;
        if !escape[1..].iter().all(u8::is_ascii_hexdigit) {
            return Err(PercentError::Escape);
        }
        rest = after;
    }
    percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| PercentError::Utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_escapes_are_refused() {
        assert_eq!(decode("caf%C3%a9%25").unwrap(), "café%");
        assert_eq!(decode("").unwrap(), "");
        for text in ["%", "a%4", "%zz", "%%41", "%4g", "%C3%A", "a%u0041"] {
            assert_eq!(decode(text), Err(PercentError::Escape), "{text}");
        }
        for text in ["%FF", "%C3", "%ED%A0%80"] {
            assert_eq!(decode(text), Err(PercentError::Utf8), "{text}");
        }
    }
}
