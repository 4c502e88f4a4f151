//! The place of a stream or a held poll.

use holdline_comet::Position;

use super::channels::Ids;

/// The place of a registered subscriber over all its channels.
#[derive(Debug)]
pub(crate) struct Place {
    pub(super) ids: Ids,
    pub(super) position: Position,
    /// At least once it had received everything there was. From then on the logs count it, and what it needs is kept
    /// as long as it is not too far behind.
    pub(super) is_live: bool,
    /// There was more for it than fits into one batch.
    pub(super) is_behind: bool,
}

impl Place {
    pub(super) fn new(ids: Ids, position: Position) -> Self {
        Self {
            ids,
            position,
            is_live: false,
            is_behind: false,
        }
    }

    pub(crate) fn position(&self) -> &Position {
        &self.position
    }

    /// Whether it has, at least once, received everything there was.
    pub(crate) fn is_live(&self) -> bool {
        self.is_live
    }

    pub(super) fn sequence(&self) -> u64 {
        self.position.cursor().sequence()
    }
}
