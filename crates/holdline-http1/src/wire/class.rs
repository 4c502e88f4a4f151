//! The byte classes of RFC 9110 §5.6 and RFC 9112 §3, as one table.

/// `tchar`: the bytes of a token (RFC 9110 §5.6.2).
pub(crate) const fn is_token(byte: u8) -> bool {
    TABLE[byte as usize] & TOKEN != 0
}

/// The bytes taken in a request target: visible US-ASCII without `"`, `#`, `<`, `>`, `\`.
pub(crate) const fn is_target(byte: u8) -> bool {
    TABLE[byte as usize] & TARGET != 0
}

/// The bytes of a field value: HTAB, SP, visible US-ASCII and obs-text (RFC 9110 §5.5).
pub(crate) const fn is_value(byte: u8) -> bool {
    TABLE[byte as usize] & VALUE != 0
}

/// The bytes of a registered name or IPv4 address (RFC 3986 §3.2.2) that stand for themselves,
/// without the comma, which would make one Host look like a list.
pub(crate) const fn is_reg_name(byte: u8) -> bool {
    TABLE[byte as usize] & REG_NAME != 0
}

/// `qdtext`: the bytes of a quoted string that stand for themselves (RFC 9110 §5.6.4).
pub(crate) const fn is_quoted(byte: u8) -> bool {
    is_value(byte) && byte != b'"' && byte != b'\\'
}

/// Whether all bytes are of a token, and there is one.
pub(crate) fn is_token_text(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token(byte))
}

/// How many bytes at the front are of a class.
#[inline]
pub(crate) fn prefix_len(bytes: &[u8], is_member: impl Fn(u8) -> bool) -> usize {
    let mut rest = bytes;
    // The compiler writes the eight looks out one by one, without a check of bounds between them.
    while let Some((block, after)) = rest.split_first_chunk::<8>() {
        if let Some(index) = block.iter().position(|&byte| !is_member(byte)) {
            return bytes.len() - rest.len() + index;
        }
        rest = after;
    }
    let tail = rest.iter().position(|&byte| !is_member(byte));
    tail.map_or(bytes.len(), |index| bytes.len() - rest.len() + index)
}

/// Takes OWS off both ends: only SP and HTAB (RFC 9110 §5.6.3).
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

const TOKEN: u8 = 0x01;
const TARGET: u8 = 0x02;
const VALUE: u8 = 0x04;
const REG_NAME: u8 = 0x08;

const TABLE: [u8; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let byte = index as u8;
        let visible = byte > b' ' && byte < 0x7f;
        let word = byte.is_ascii_alphanumeric();
        if word || contains(b"!#$%&'*+-.^_`|~", byte) {
            table[index] |= TOKEN;
        }
        if visible && !contains(b"\"#<>\\", byte) {
            table[index] |= TARGET;
        }
        if visible || byte >= 0x80 || byte == b' ' || byte == b'\t' {
            table[index] |= VALUE;
        }
        if word || contains(b"-._~!$&'()*+;=", byte) {
            table[index] |= REG_NAME;
        }
        index += 1;
    }
    table
};

const fn contains(set: &[u8], byte: u8) -> bool {
    let mut index = 0;
    while index < set.len() {
        if set[index] == byte {
            return true;
        }
        index += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_what_the_grammar_lists() {
        for byte in 0..=255_u8 {
            let token = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            assert_eq!(is_token(byte), token, "{byte:#x}");
            let value = byte == b'\t' || (byte >= b' ' && byte != 0x7f);
            assert_eq!(is_value(byte), value, "{byte:#x}");
            let target = (b'!'..=b'~').contains(&byte) && !b"\"#<>\\".contains(&byte);
            assert_eq!(is_target(byte), target, "{byte:#x}");
        }
        assert!(b",@:%[".iter().all(|&byte| !is_reg_name(byte)));
    }
}
