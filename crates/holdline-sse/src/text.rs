//! Bytes to text, as "UTF-8 decode" of the Encoding standard does it.

use alloc::string::String;

/// The text of `bytes`. It borrows them if they are UTF-8, else `repaired`.
#[inline]
pub(crate) fn text<'b>(bytes: &'b [u8], repaired: &'b mut String) -> &'b str {
    match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => {
            repaired.clear();
            push_repaired(repaired, bytes);
            repaired
        }
    }
}

/// Adds the text of `bytes`.
#[inline]
pub(crate) fn push(text: &mut String, bytes: &[u8]) {
    match simdutf8::basic::from_utf8(bytes) {
        Ok(valid) => text.push_str(valid),
        Err(_) => push_repaired(text, bytes),
    }
}

/// "Streams must be decoded using the UTF-8 decode algorithm" (9.2.6). For bytes that are not UTF-8: U+FFFD stands
/// for each maximal subpart of an ill-formed sequence.
#[cold]
fn push_repaired(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}
