//! A head or trailer section that comes in pieces: joined in the caller's buffer.

use crate::buffer::Buffer;
use crate::error::{ReceiveError, ReceiveErrorKind as Kind};
use crate::input::take;
use crate::wire::scan::{Rules, Scan};

/// Where a complete head or trailer section lies.
#[derive(Clone, Copy)]
pub(crate) enum Place<'i> {
    Input(&'i [u8]),
    Buffer,
}

/// Takes the bytes of a head or trailer section. It stays where it is if it is whole, else it is
/// joined.
pub(crate) fn collect<'i>(
    scan: &mut Scan,
    rules: &Rules,
    input: &mut &'i [u8],
    buffer: &mut Buffer,
    at: &mut u64,
) -> Result<Option<Place<'i>>, ReceiveError> {
    let head_at = *at - scan.len() as u64;
    if scan.len() > 0 && (!buffer.partial || buffer.bytes.len() != scan.len()) {
        return Err(ReceiveError::new(Kind::BufferMismatch, *at));
    }
    match scan.advance(input, rules) {
        Err(fault) => {
            buffer.partial = false;
            Err(fault.error(head_at))
        }
        Ok(None) => {
            buffer.partial |= !input.is_empty();
            buffer.bytes.extend_from_slice(take(input, usize::MAX, at));
            Ok(None)
        }
        Ok(Some(length)) => {
            let last = take(input, length, at);
            // A section that lies in the input cannot be changed there.
            let changes = rules.folds() && is_folded(last);
            if !buffer.partial && !changes {
                return Ok(Some(Place::Input(last)));
            }
            buffer.partial = false;
            buffer.bytes.extend_from_slice(last);
            if rules.folds() {
                unfold(&mut buffer.bytes);
            }
            Ok(Some(Place::Buffer))
        }
    }
}

/// Whether a line begins with whitespace.
fn is_folded(section: &[u8]) -> bool {
    section
        .windows(2)
        .any(|pair| matches!(pair, [b'\n', b' ' | b'\t']))
}

/// Replaces each fold by as many spaces (RFC 9112 §5.2), so that no offset changes.
fn unfold(section: &mut [u8]) {
    let mut rest = section;
    while let [first, tail @ ..] = rest {
        if let ([b'\n', b' ' | b'\t', ..], b'\r') = (&*tail, &*first) {
            *first = b' ';
            if let [line_feed, ..] = tail {
                *line_feed = b' ';
            }
        }
        rest = tail;
    }
}
