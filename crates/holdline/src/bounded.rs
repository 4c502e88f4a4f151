//! Explanations in memory, which have a limit: those of a few bytes can be long.

use std::io::{self, ErrorKind, Write};

/// Takes so many bytes, and then none.
#[derive(Debug)]
pub(crate) struct Bounded {
    most: usize,
    bytes: Vec<u8>,
    /// How many of them end with a whole row.
    whole: usize,
}

impl Bounded {
    pub(crate) const fn new(most: usize) -> Self {
        Self {
            most,
            bytes: Vec::new(),
            whole: 0,
        }
    }

    /// Up to here it is whole.
    pub(crate) const fn mark(&mut self) {
        self.whole = self.bytes.len();
    }

    /// Drops what is not whole, and takes these last words, however long.
    pub(crate) fn end(&mut self, words: &str) {
        self.bytes.truncate(self.whole);
        self.bytes.extend_from_slice(words.as_bytes());
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

impl Write for Bounded {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + data.len() > self.most {
            return Err(ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(data);
        // A row is an element of its own, and so is a table within it.
        let is_end = self.bytes.ends_with(b"</div></details>\n");
        if is_end && !self.bytes.ends_with(b"</table></div></details>\n") {
            self.mark();
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
