//! Where the parts of a head are that lies whole in one slice: one pass, nothing copied.
//!
//! It only ever says yes. Whatever it does not like, a head that is not complete among it, it leaves
//! to `scan`, which takes exactly the same heads and says what is wrong with the others.
//! So a limit or a rule of lines that is new in `scan` must be kept here too.

use alloc::vec::Vec;
use core::ops::Range;

use super::class;
use crate::buffer::Span;
use crate::framing::Version;
use crate::limits::{Limits, Reading};
use crate::trailer;

/// The parts of a request line, and where the head ends.
pub(crate) struct RequestParts<'h> {
    pub(crate) method: &'h str,
    pub(crate) target: &'h str,
    /// Offset of the target.
    pub(crate) target_at: usize,
    pub(crate) version: Version,
    pub(crate) end: usize,
}

/// The parts of a status line, and where the head ends.
pub(crate) struct ResponseParts<'h> {
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) reason: &'h [u8],
    pub(crate) end: usize,
    /// A line ended without a carriage return.
    pub(crate) bare_lf: bool,
}

/// Cuts the request head at the start of `bytes`, if it is complete and well-formed, and tells `note`
/// each field: index, name, value and the value's offset.
#[inline(always)]
pub(crate) fn request<'h>(
    bytes: &'h [u8],
    limits: &Limits,
    spans: &mut Vec<Span>,
    note: impl FnMut(usize, &[u8], &[u8], usize),
) -> Option<RequestParts<'h>> {
    let bytes = within(bytes, limits.max_head);
    let line = bytes.strip_prefix(b"\r\n").unwrap_or(bytes);
    let (method, rest) = method(line)?;
    let target_at = bytes.len() - rest.len();
    let (target, rest) = rest.split_at_checked(class::prefix_len(rest, class::is_target))?;
    let (version, rest) = start_of_version(rest.strip_prefix(b" ")?)?;
    let rest = rest.strip_prefix(b"\r\n")?;
    if !(1..=limits.max_method).contains(&method.len())
        || !(1..=limits.max_target).contains(&target.len())
    {
        return None;
    }
    let (end, _) = fields(bytes, rest, limits.max_fields, false, spans, note)?;
    let target = match target {
        b"/" => "/",
        _ => text(bytes, target_at..target_at + target.len())?,
    };
    Some(RequestParts {
        method,
        target,
        target_at,
        version,
        end,
    })
}

/// Cuts the response head at the start of `bytes`, as [`request`] does.
#[inline(always)]
pub(crate) fn response<'h>(
    bytes: &'h [u8],
    reading: &Reading,
    spans: &mut Vec<Span>,
    note: impl FnMut(usize, &[u8], &[u8], usize),
) -> Option<ResponseParts<'h>> {
    let (limits, lenient) = (reading.limits(), reading.lenient);
    let bytes = within(bytes, limits.max_head);
    let (version, rest) = start_of_version(bytes)?;
    let (status, rest) = rest.strip_prefix(b" ")?.split_first_chunk::<3>()?;
    if !matches!(status, [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9']) {
        return None;
    }
    let status = status
        .iter()
        .fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
    // The reason is made of the bytes of a field value.
    let line_len = bytes.len() - rest.len() + first_control(rest)?;
    let (line, rest) = bytes.split_at_checked(line_len)?;
    if !matches!(line.get(12), None | Some(b' ')) {
        return None;
    }
    let (rest, bare_lf) = line_end(rest, lenient)?;
    let (end, bare_lf_later) = fields(bytes, rest, limits.max_fields, lenient, spans, note)?;
    Some(ResponseParts {
        status,
        version,
        reason: line.get(13..).unwrap_or_default(),
        end,
        bare_lf: bare_lf | bare_lf_later,
    })
}

/// Cuts the trailer section `bytes`, without the fields that may not be there. False: it is none.
pub(crate) fn trailers(bytes: &[u8], reading: &Reading, spans: &mut Vec<Span>) -> bool {
    let cut = fields(
        bytes,
        bytes,
        reading.limits().max_fields,
        false,
        spans,
        |_, _, _, _| {},
    );
    spans.retain(|span| !trailer::is_forbidden(span.name(bytes)));
    cut.is_some()
}

/// The text at a place of `bytes` that is known to be ASCII.
///
/// `from_utf8` looks at 16 bytes at once, but only from an aligned address on, and needs many times as long
/// for a byte alone. So it is given what is around the place too, which is nearly always ASCII as well.
#[inline]
fn text(bytes: &[u8], place: Range<usize>) -> Option<&str> {
    const WORD: usize = size_of::<usize>();
    let aligned = bytes.as_ptr().align_offset(WORD);
    let before = place.start.checked_sub(aligned).map_or(0, |at| at % WORD);
    let start = place.start - before;
    let end = (place.end + 2 * WORD).min(bytes.len());
    match core::str::from_utf8(bytes.get(start..end)?) {
        Ok(around) => around.get(before..place.end - start),
        Err(_) => core::str::from_utf8(bytes.get(place)?).ok(),
    }
}

/// A method and the space after it.
#[inline(always)]
fn method(line: &[u8]) -> Option<(&str, &[u8])> {
    // What nearly all requests have needs no look at each byte.
    if let Some(rest) = line.strip_prefix(b"GET ") {
        return Some(("GET", rest));
    }
    if let Some(rest) = line.strip_prefix(b"POST ") {
        return Some(("POST", rest));
    }
    let (method, rest) = line.split_at_checked(class::prefix_len(line, class::is_token))?;
    Some((core::str::from_utf8(method).ok()?, rest.strip_prefix(b" ")?))
}

/// Cuts the field lines at the start of `lines`, the end of `bytes`, up to the empty line. Gives where
/// that ends, and whether a line ended in a bare LF.
#[inline]
fn fields(
    bytes: &[u8],
    lines: &[u8],
    max_fields: usize,
    lenient: bool,
    spans: &mut Vec<Span>,
    mut note: impl FnMut(usize, &[u8], &[u8], usize),
) -> Option<(usize, bool)> {
    spans.clear();
    let (mut line, mut any_bare) = (lines, false);
    loop {
        let name_start = bytes.len() - line.len();
        if line.starts_with(b"\r\n") {
            return Some((name_start + 2, any_bare));
        }
        let name_len = class::prefix_len(line, class::is_token);
        let (name, rest) = line.split_at_checked(name_len)?;
        if name.is_empty() {
            let is_end = lenient && line.starts_with(b"\n");
            return is_end.then_some((name_start + 1, true));
        }
        let mut rest = rest.strip_prefix(b":")?;
        while let [b' ' | b'\t', after @ ..] = rest {
            rest = after;
        }
        let value_start = bytes.len() - rest.len();
        let (mut value, rest) = rest.split_at_checked(first_control(rest)?)?;
        while let [before @ .., b' ' | b'\t'] = value {
            value = before;
        }
        if spans.len() >= max_fields {
            return None;
        }
        note(spans.len(), name, value, value_start);
        spans.push(Span {
            name_start: name_start as u32,
            name_end: (name_start + name_len) as u32,
            value_start: value_start as u32,
            value_end: (value_start + value.len()) as u32,
        });
        let (rest, bare_lf) = line_end(rest, lenient)?;
        any_bare |= bare_lf;
        line = rest;
    }
}

/// What follows a line end, and whether it lacks its carriage return.
#[inline]
fn line_end(rest: &[u8], lenient: bool) -> Option<(&[u8], bool)> {
    match rest {
        [b'\r', b'\n', rest @ ..] => Some((rest, false)),
        [b'\n', rest @ ..] if lenient => Some((rest, true)),
        _ => None,
    }
}

/// The place of the first control character that is not HTAB. A function of its own, so that its
/// constants stay in registers.
#[inline(never)]
fn first_control(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    loop {
        // Most values end within a few words.
        for _ in 0..4 {
            let Some((word, after)) = rest.split_first_chunk() else {
                let place = rest.iter().position(|&byte| !class::is_value(byte))?;
                return Some(bytes.len() - rest.len() + place);
            };
            let hits = controls(u64::from_le_bytes(*word));
            if hits == 0 {
                rest = after;
                continue;
            }
            let place = hits.trailing_zeros() as usize / 8;
            let (&byte, after) = rest.get(place..)?.split_first()?;
            if !class::is_value(byte) {
                return Some(bytes.len() - after.len() - 1);
            }
            rest = after;
        }
        rest = after_clean_blocks(rest);
    }
}

/// What follows the blocks at the front that have no control character, found many bytes at once.
fn after_clean_blocks(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk::<32>() {
        let is_clean = |clean, &byte: &u8| clean & (byte >= b' ') & (byte != 0x7f);
        if !block.iter().fold(true, is_clean) {
            break;
        }
        rest = after;
    }
    rest
}

/// A word with a bit in each byte that is below 0x20 or 0x7f, and perhaps in others too: HTAB, and
/// bytes above a hit or above 0xff, from where the arithmetic carries over.
const fn controls(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let below_space = word.wrapping_sub(ONES * b' ' as u64);
    // Only DEL becomes 0x80 by adding 1.
    let above_tilde = word.wrapping_add(ONES);
    (below_space | above_tilde) & !word & (ONES << 7)
}

/// `HTTP/1.` and a digit.
#[inline]
fn start_of_version(bytes: &[u8]) -> Option<(Version, &[u8])> {
    match bytes.strip_prefix(b"HTTP/1.")? {
        [b'1', rest @ ..] => Some((Version::Http11, rest)),
        [minor @ b'0'..=b'9', rest @ ..] => Some((Version::from_minor(minor - b'0'), rest)),
        _ => None,
    }
}

/// A head that goes on beyond the limit is not complete within it.
fn within(bytes: &[u8], max_head: usize) -> &[u8] {
    let most = max_head.min(u32::MAX as usize);
    bytes.get(..most).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DEL: u8 = 0x7f;

    fn naive(bytes: &[u8]) -> Option<usize> {
        bytes
            .iter()
            .position(|&byte| (byte < b' ' && byte != b'\t') || byte == DEL)
    }

    #[test]
    fn text_is_found_at_every_address_whatever_is_around_it() {
        let ascii = [b'a'; 48];
        let mixed = core::array::from_fn(|at| if (16..32).contains(&at) { b'a' } else { 0xff });
        for around in [ascii, mixed] {
            for start in 16..=32 {
                for end in start..=32 {
                    let expected = core::str::from_utf8(&ascii[start..end]);
                    assert_eq!(text(&around, start..end), expected.ok(), "{start}..{end}");
                    assert_eq!(text(&around[..end], start..end), expected.ok());
                    assert_eq!(text(&around[start..], 0..end - start), expected.ok());
                }
            }
        }
        assert_eq!(text(&mixed, 15..16), None);
    }

    proptest! {
        #[test]
        fn the_first_control_is_found(
            mut bytes in prop::collection::vec(b' '..=0xff, 0..100),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        ) {
            for byte in &mut bytes {
                *byte = if *byte == DEL { b'a' } else { *byte };
            }
            prop_assert_eq!(first_control(&bytes), None);
            for (index, byte) in changes {
                if !bytes.is_empty() {
                    let index = index.index(bytes.len());
                    bytes[index] = byte;
                }
                prop_assert_eq!(first_control(&bytes), naive(&bytes));
            }
        }
    }
}
