//! What the terminal can show.

use std::io::{self, IsTerminal};

use crate::inspect::explain::text;

/// Whether standard output shows colours.
pub(crate) fn colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The columns of a line: those that were asked for, or those of the terminal.
pub(crate) fn width(asked: Option<u16>) -> usize {
    let terminal = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
    let known = asked.or_else(terminal).filter(|&columns| columns > 0);
    known.map_or(text::WIDTH, |columns| usize::from(columns).min(text::WIDTH))
}
