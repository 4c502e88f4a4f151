//! Where a stream or a held poll stands.

use holdline_comet::Position;

use super::channels::Ids;

/// The place of a subscriber that is registered, over all its channels.
#[derive(Debug)]
pub(crate) struct Place {
    pub(super) ids: Ids,
    pub(super) position: Position,
    /// It had everything there was at least once. From then on what it needs stays, as long as it is
    /// not too far behind, and the logs count it.
    pub(super) is_live: bool,
    /// There was more for it than it could be given in one go.
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

    /// It had everything there was at least once.
    pub(crate) fn is_live(&self) -> bool {
        self.is_live
    }

    pub(super) fn sequence(&self) -> u64 {
        self.position.cursor().sequence()
    }
}
