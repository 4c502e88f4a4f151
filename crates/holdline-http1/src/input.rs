//! The slice that a call shortens from the front.

/// Takes up to `length` bytes off the front; `at` is the stream offset of the first of them.
pub(crate) fn take<'i>(input: &mut &'i [u8], length: usize, at: &mut u64) -> &'i [u8] {
    let (taken, rest) = input
        .split_at_checked(length)
        .unwrap_or((*input, Default::default()));
    *input = rest;
    *at += taken.len() as u64;
    taken
}
