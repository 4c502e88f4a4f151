/// What a decoder accepts before it gives up on a peer.
///
/// Lengths are in bytes, counted before UTF-8 is decoded. Memory for one stream stays within a
/// small multiple of these numbers, whatever the peer sends: values are kept once as bytes, and
/// once more as text if they were not valid UTF-8 (one bad byte becomes the three of U+FFFD).
///
/// Comments, `retry` lines and fields with unknown names have no limit: they are skipped as they
/// arrive and never stored. A comment that was asked for and is longer than `max_line` is skipped
/// too; it is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest value of one `data`, `event` or `id` line, without the field name, the colon,
    /// the space after it and the line end. Default: 2 MiB.
    pub max_line: usize,
    /// The longest data of one event: all its `data` lines, joined with one LF. Default: 4 MiB.
    pub max_event: usize,
}

impl Limits {
    /// The default limits.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_line: 2 << 20,
            max_event: 4 << 20,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
