use crate::{DecodeErrorKind, FieldName};

/// What a decoder accepts before it gives up on a peer.
///
/// Lengths are in bytes, counted before UTF-8 is decoded. Memory for one stream is bounded
/// whatever the peer sends. Values are kept once as bytes, and once more as text if they were not
/// valid UTF-8 (one bad byte becomes the three of U+FFFD), in vectors that double as they grow: a
/// [`Buffer`](crate::Buffer) never has more than 18 × `max_line` + 10 × `max_event` + 256 bytes,
/// and the last event ID in the decoder never more than 6 × `max_line`. Data that is text takes at
/// most 4 × `max_event` of that.
///
/// Comments and fields with unknown names have no limit: they are skipped as they arrive and
/// never stored. A comment that was asked for and a `retry` value that are longer than `max_line`
/// are skipped too, without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest value of one line, without the field name, the colon, the space after it and
    /// the line end. Default: 2 MiB.
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

    /// How long the value of a line may be. `before` is the length of the data to which a `data`
    /// line is joined, and of the LF between.
    #[inline]
    pub(crate) const fn value(&self, name: FieldName, before: usize) -> Allowed {
        let Limits {
            max_line,
            max_event,
        } = *self;
        if !matches!(name, FieldName::Data) {
            return Allowed::line(max_line);
        }
        match max_event.checked_sub(before) {
            Some(room) if max_line <= room => Allowed::line(max_line),
            len => Allowed {
                len,
                kind: DecodeErrorKind::EventTooLong { limit: max_event },
            },
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// How long a value may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    /// Its greatest length. `None`: not even an empty one is allowed.
    pub(crate) len: Option<usize>,
    /// What is wrong with a longer one.
    pub(crate) kind: DecodeErrorKind,
}

impl Allowed {
    const fn line(limit: usize) -> Self {
        Self {
            len: Some(limit),
            kind: DecodeErrorKind::LineTooLong { limit },
        }
    }
}
