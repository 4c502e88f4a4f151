//! The data of a body, joined into lines of output that do not depend on how it was read.

use std::io;

use crate::inspect::item::{Hex, Item, Lines};

/// Collects the data of one body.
///
/// A line of output ends where the sender ended a chunk of the chunked coding, or after [`LINE`] bytes. It is never
/// cut inside a code point. So the lines depend only on the stream itself.
#[derive(Debug, Default)]
pub(super) struct BodyLines {
    pending: Vec<u8>,
}

impl BodyLines {
    /// Takes the next bytes of the body.
    pub(super) fn push(&mut self, mut data: &[u8], lines: &mut Lines<'_>) -> io::Result<()> {
        while !data.is_empty() {
            let room = LINE - self.pending.len();
            let (front, rest) = data.split_at_checked(room).unwrap_or((data, &[]));
            self.pending.extend_from_slice(front);
            data = rest;
            if self.pending.len() == LINE {
                self.cut(lines)?;
            }
        }
        Ok(())
    }

    /// Prints what there is, except for a code point that is still incomplete.
    pub(super) fn cut(&mut self, lines: &mut Lines<'_>) -> io::Result<()> {
        let whole = match std::str::from_utf8(&self.pending) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.pending.len(),
        };
        let (line, rest) = self
            .pending
            .split_at_checked(whole)
            .unwrap_or((&self.pending, &[]));
        print_data(line, lines)?;
        let rest = rest.len();
        self.pending.drain(..self.pending.len() - rest);
        Ok(())
    }

    /// Prints everything: the body has ended, or will never be complete.
    pub(super) fn end(&mut self, lines: &mut Lines<'_>) -> io::Result<()> {
        print_data(&self.pending, lines)?;
        self.pending = Vec::new();
        Ok(())
    }
}

fn print_data(data: &[u8], lines: &mut Lines<'_>) -> io::Result<()> {
    match std::str::from_utf8(data) {
        Ok("") => Ok(()),
        Ok(text) => lines.print(&Item::Data(text)),
        Err(_) => lines.print(&Item::DataHex(Hex(data))),
    }
}

/// The maximum number of data bytes in a line of output.
pub(super) const LINE: usize = 64 << 10;
