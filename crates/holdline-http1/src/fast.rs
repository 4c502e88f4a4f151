//! The way of a good head that lies whole in the input: one pass, nothing copied.
//!
//! It only ever says yes. Whatever it does not like, also a head that is not complete, it leaves
//! to `scan` and the strict way of `parse`, which accept exactly the same heads.

use alloc::vec::Vec;

use crate::buffer::Span;
use crate::class;
use crate::framing::{Facts, Version};
use crate::limits::Limits;
use crate::parse::{Asked, Judge, Request, Response};

/// A request head at the start of `bytes`, when it is complete and breaks no rule.
#[inline(always)]
pub(crate) fn fast_request<'h>(
    bytes: &'h [u8],
    limits: &Limits,
    same_host: bool,
    spans: &mut Vec<Span>,
) -> Option<Request<'h>> {
    let bytes = within(bytes, limits);
    let line = bytes.strip_prefix(b"\r\n").unwrap_or(bytes);
    let (method, rest) = method(line)?;
    let (target, rest) = rest.split_at_checked(class::prefix_len(rest, class::is_target))?;
    let (version, rest) = start_of_version(rest.strip_prefix(b" ")?)?;
    let rest = rest.strip_prefix(b"\r\n")?;
    if !(1..=limits.max_method).contains(&method.len())
        || !(1..=limits.max_target).contains(&target.len())
    {
        return None;
    }
    let mut facts = Facts::default();
    let end = fields(bytes, rest, limits, spans, &mut facts)?;
    let judge = Judge {
        bytes,
        limits,
        facts: &facts,
        spans,
        same_host,
    };
    let target = match target {
        b"/" => "/",
        _ => core::str::from_utf8(target).ok()?,
    };
    judge.request(method, target, 0, version, end).ok()
}

/// A response head at the start of `bytes`, when it is complete and breaks no rule.
#[inline(always)]
pub(crate) fn fast_response<'h>(
    bytes: &'h [u8],
    asked: Asked,
    limits: &Limits,
    spans: &mut Vec<Span>,
) -> Option<Response<'h>> {
    let bytes = within(bytes, limits);
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
    let rest = rest.strip_prefix(b"\r\n")?;
    let mut facts = Facts::default();
    let end = fields(bytes, rest, limits, spans, &mut facts)?;
    let judge = Judge {
        bytes,
        limits,
        facts: &facts,
        spans,
        same_host: false,
    };
    judge.response(line, status, version, asked, end).ok()
}

/// A method and the space after it.
#[inline]
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

/// Notes the field lines at the start of `lines`, the end of `bytes`, up to the empty line. Gives
/// where that ends.
fn fields(
    bytes: &[u8],
    lines: &[u8],
    limits: &Limits,
    spans: &mut Vec<Span>,
    facts: &mut Facts,
) -> Option<usize> {
    spans.clear();
    let mut line = lines;
    loop {
        let name_start = bytes.len() - line.len();
        if line.starts_with(b"\r\n") {
            return Some(name_start + 2);
        }
        let name_len = class::prefix_len(line, class::is_token);
        let (name, rest) = line.split_at_checked(name_len)?;
        let mut rest = rest.strip_prefix(b":").filter(|_| !name.is_empty())?;
        while let [b' ' | b'\t', after @ ..] = rest {
            rest = after;
        }
        let value_start = bytes.len() - rest.len();
        let (mut value, rest) = rest.split_at_checked(first_control(rest)?)?;
        while let [before @ .., b' ' | b'\t'] = value {
            value = before;
        }
        if spans.len() >= limits.max_fields {
            return None;
        }
        facts.note(spans.len(), name, value, value_start);
        spans.push(Span {
            name_start: name_start as u32,
            name_end: (name_start + name_len) as u32,
            value_start: value_start as u32,
            value_end: (value_start + value.len()) as u32,
        });
        line = rest.strip_prefix(b"\r\n")?;
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
fn within<'h>(bytes: &'h [u8], limits: &Limits) -> &'h [u8] {
    let most = limits.max_head.min(u32::MAX as usize);
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
