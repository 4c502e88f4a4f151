//! What every decoder of items has in common.

use std::fmt;

use crate::inspect::item::{Lines, Stop};
use crate::inspect::talk::{Change, Talk};

/// Decodes one protocol.
pub(super) trait Layer: fmt::Debug + Send {
    /// Takes bytes from the front of `input`: all, or those up to a change. May modify them. An error is final.
    fn feed(
        &mut self,
        input: &mut &mut [u8],
        talk: &mut Talk,
        lines: &mut Lines<'_>,
    ) -> Result<Option<Change>, Stop>;

    /// The stream has ended.
    fn eof(&mut self, lines: &mut Lines<'_>) -> Result<(), Stop>;

    /// Something a person should know about the stream, printed after its end.
    fn note(&self) -> Option<String> {
        None
    }
}
