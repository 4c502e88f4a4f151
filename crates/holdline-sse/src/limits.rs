use memchr::memchr;

use crate::{DecodeError, DecodeErrorKind};

/// What a decoder accepts before it gives up on a peer.
///
/// Lengths are in bytes, counted before UTF-8 is decoded. Memory for one stream is bounded
/// whatever the peer sends. Values are kept once as bytes, and once more as text if they were not
/// valid UTF-8 (one bad byte becomes the three of U+FFFD), in vectors that double as they grow: a
/// [`Buffer`](crate::Buffer) never has more than 18 × `max_line` + 8 × `max_event` bytes, and the
/// last event ID in the decoder never more than 6 × `max_line`. Data that is text takes at most
/// 2 × `max_event` of that.
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

    /// How many more bytes of a `data` line pass [`check_data`](Self::check_data) for certain.
    #[inline]
    pub(crate) fn data_room(&self, line_len: usize, data_len: usize) -> usize {
        let line_room = self.max_line - line_len;
        line_room.min(self.max_event.saturating_sub(data_len))
    }

    /// Checks the next `bytes` of a `data` line, which begin at offset `at`; `line_len` bytes of
    /// its value and `data_len` of the event's data came before.
    #[inline]
    pub(crate) fn check_data(
        &self,
        bytes: &[u8],
        line_len: usize,
        data_len: usize,
        at: u64,
    ) -> Result<(), DecodeError> {
        let Limits {
            max_line,
            max_event,
        } = *self;
        let too_long = DecodeErrorKind::EventTooLong { limit: max_event };
        // There may be no room even for the LF that joins this line to the one before.
        let Some(event_room) = max_event.checked_sub(data_len) else {
            return Err(DecodeError::new(too_long, at));
        };
        if max_line - line_len <= event_room {
            return self.check_line(bytes, line_len, at);
        }
        if bytes.len() > event_room {
            return Err(DecodeError::new(too_long, at + event_room as u64));
        }
        Ok(())
    }

    /// The same for a line that is not `data`.
    #[inline]
    pub(crate) fn check_line(
        &self,
        bytes: &[u8],
        line_len: usize,
        at: u64,
    ) -> Result<(), DecodeError> {
        let limit = self.max_line;
        let room = limit - line_len;
        if bytes.len() > room {
            let kind = DecodeErrorKind::LineTooLong { limit };
            return Err(DecodeError::new(kind, at + room as u64));
        }
        Ok(())
    }

    /// The same for an `id` line. `false`: it must be ignored, because of a NUL that came before
    /// the limit.
    #[inline]
    pub(crate) fn check_id(
        &self,
        bytes: &[u8],
        line_len: usize,
        at: u64,
    ) -> Result<bool, DecodeError> {
        let room = self.max_line - line_len;
        if memchr(0x00, bytes.get(..room).unwrap_or(bytes)).is_some() {
            return Ok(false);
        }
        self.check_line(bytes, line_len, at)?;
        Ok(true)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
