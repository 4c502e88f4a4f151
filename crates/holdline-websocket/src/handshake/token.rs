//! Tokens and lists of them (RFC 9110 §5.6.1, §5.6.2).

/// Whether `text` is a token: one or more of the characters that need no quotes.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

pub(super) const fn is_token_byte(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`'
            | b'|' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z'
    )
}

/// The values of the field lines that have this name, in any case.
pub(crate) fn lines<'h>(
    headers: impl Iterator<Item = (&'h str, &'h [u8])>,
    name: &'static str,
) -> impl Iterator<Item = &'h [u8]> {
    headers
        .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// The elements of one line of a comma-separated list, without the space around them. Empty elements
/// are skipped, as RFC 9110 §5.6.1.2 asks of recipients.
pub(crate) fn elements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b',')
        .map(trim)
        .filter(|element| !element.is_empty())
}

/// Whether one line of a list has `token`, in any case.
pub(crate) fn lists(line: &[u8], token: &str) -> bool {
    elements(line).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
}

/// Without optional whitespace at both ends: spaces and tabs.
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Visible ASCII as text; nothing else is allowed in the headers of this handshake.
pub(crate) fn ascii(bytes: &[u8]) -> Option<&str> {
    bytes
        .iter()
        .all(|byte| matches!(byte, b' '..=b'~'))
        .then(|| core::str::from_utf8(bytes).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn elements_are_trimmed_and_empty_ones_skipped() {
        let found: Vec<&[u8]> = elements(b" a ,, b\t,\tc d,").collect();
        assert_eq!(found, [&b"a"[..], b"b", b"c d"]);
        assert!(lists(b"keep-alive, UPGRADE", "upgrade"));
        assert!(!lists(b"upgraded", "upgrade"));
    }

    #[test]
    fn tokens() {
        assert!(is_token("v1.chat+json"));
        assert!(!is_token("") && !is_token("a b") && !is_token("a/b") && !is_token("\u{e9}"));
    }
}
