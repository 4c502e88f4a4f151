//! The way of a good head that lies whole in the input: one pass, nothing copied.
//!
//! It only ever says yes. Whatever it does not like, also a head that is not complete, it leaves
//! to `scan` and the strict way of `parse`, which accept exactly the same heads.

use alloc::vec::Vec;

use memchr::memchr;

use crate::buffer::Span;
use crate::class;
use crate::framing::Facts;
use crate::limits::Limits;
use crate::parse::{Asked, Judge, Request, Response, version};

/// A request head at the start of `bytes`, when it is complete and breaks no rule.
pub(crate) fn fast_request<'h>(
    bytes: &'h [u8],
    limits: &Limits,
    spans: &mut Vec<Span>,
) -> Option<Request<'h>> {
    let bytes = within(bytes, limits);
    let line = bytes.strip_prefix(b"\r\n").unwrap_or(bytes);
    let method_len = line.iter().position(|&byte| !class::is_token(byte))?;
    let (method, rest) = line.split_at_checked(method_len)?;
    let rest = rest.strip_prefix(b" ")?;
    let (target, rest) = rest.split_at_checked(memchr(b' ', rest)?)?;
    let (minor, rest) = start_of_version(rest.strip_prefix(b" ")?)?;
    let rest = rest.strip_prefix(b"\r\n")?;
    if !(1..=limits.max_method).contains(&method.len())
        || !(1..=limits.max_target).contains(&target.len())
        || !class::is_target_text(target)
    {
        return None;
    }
    let mut facts = Facts::default();
    let end = fields(bytes, bytes.len() - rest.len(), limits, spans, &mut facts)?;
    let judge = Judge {
        bytes,
        limits,
        facts: &facts,
        spans,
    };
    let method = core::str::from_utf8(method).ok()?;
    let target = core::str::from_utf8(target).ok()?;
    judge.request(method, target, 0, version(minor), end).ok()
}

/// A response head at the start of `bytes`, when it is complete and breaks no rule.
pub(crate) fn fast_response<'h>(
    bytes: &'h [u8],
    asked: Asked,
    limits: &Limits,
    spans: &mut Vec<Span>,
) -> Option<Response<'h>> {
    let bytes = within(bytes, limits);
    let (minor, rest) = start_of_version(bytes)?;
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
    let end = fields(bytes, bytes.len() - rest.len(), limits, spans, &mut facts)?;
    let judge = Judge {
        bytes,
        limits,
        facts: &facts,
        spans,
    };
    judge
        .response(line, status, version(minor), asked, end)
        .ok()
}

/// Notes the field lines from `start` to the empty line, and gives where that ends.
fn fields(
    bytes: &[u8],
    start: usize,
    limits: &Limits,
    spans: &mut Vec<Span>,
    facts: &mut Facts,
) -> Option<usize> {
    spans.clear();
    let mut at = start;
    loop {
        let line = bytes.get(at..)?;
        let name_len = line.iter().position(|&byte| !class::is_token(byte))?;
        let (name, rest) = line.split_at_checked(name_len)?;
        if name.is_empty() {
            return rest.starts_with(b"\r\n").then_some(at + 2);
        }
        let mut rest = rest.strip_prefix(b":")?;
        while let [b' ' | b'\t', after @ ..] = rest {
            rest = after;
        }
        let value_start = bytes.len() - rest.len();
        let (value, rest) = rest.split_at_checked(first_control(rest)?)?;
        let rest = rest.strip_prefix(b"\r\n")?;
        let mut value = value;
        while let [before @ .., b' ' | b'\t'] = value {
            value = before;
        }
        if spans.len() >= limits.max_fields {
            return None;
        }
        facts.note(spans.len(), name, value, value_start).ok()?;
        spans.push(Span {
            name_start: at as u32,
            name_end: (at + name_len) as u32,
            value_start: value_start as u32,
            value_end: (value_start + value.len()) as u32,
        });
        at = bytes.len() - rest.len();
    }
}

/// The place of the first control character that is not HTAB.
fn first_control(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    // The compiler makes a few vector instructions of a block.
    while let Some((block, after)) = rest.split_first_chunk::<32>() {
        let clean = block
            .iter()
            .fold(true, |clean, &byte| clean & (byte >= b' ') & (byte != DEL));
        if !clean {
            break;
        }
        rest = after;
    }
    loop {
        let place = match rest.first_chunk() {
            Some(word) => match controls(u64::from_le_bytes(*word)) {
                0 => {
                    rest = rest.get(8..)?;
                    continue;
                }
                hits => hits.trailing_zeros() as usize / 8,
            },
            None => rest.iter().position(|&byte| byte < b' ' || byte == DEL)?,
        };
        let (&control, after) = rest.get(place..)?.split_first()?;
        if control != b'\t' {
            return Some(bytes.len() - after.len() - 1);
        }
        rest = after;
    }
}

/// A word in which the lowest set bit is in the lowest byte that is below 0x20 or 0x7f.
///
/// Subtracting borrows from the next byte only where there is a hit, so what is above the lowest
/// hit may be wrong, and that one is not.
const fn controls(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let below_space = word.wrapping_sub(0x20 * ONES) & !word;
    let del = word ^ (DEL as u64 * ONES);
    let is_del = del.wrapping_sub(ONES) & !del;
    (below_space | is_del) & HIGH
}

/// `HTTP/1.` and a digit that is 0 or 1.
fn start_of_version(bytes: &[u8]) -> Option<(u8, &[u8])> {
    match bytes.strip_prefix(b"HTTP/1.")? {
        [b'0', rest @ ..] => Some((0, rest)),
        [b'1', rest @ ..] => Some((1, rest)),
        _ => None,
    }
}

/// A head that goes on beyond the limit is not complete within it.
fn within<'h>(bytes: &'h [u8], limits: &Limits) -> &'h [u8] {
    let most = limits.max_head.min(u32::MAX as usize);
    bytes.get(..most).unwrap_or(bytes)
}

const DEL: u8 = 0x7f;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
