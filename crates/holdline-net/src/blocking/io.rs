//! A stream, a block of what was read from it, and what is still to be written.

use std::io::{ErrorKind, Read, Result, Write};
use std::ops::Range;

use bytes::BytesMut;

/// The bytes of `block` between `start` and `end` were read and not taken by a codec yet.
#[derive(Debug)]
pub(super) struct Io<S> {
    pub(super) stream: S,
    block: Vec<u8>,
    start: usize,
    end: usize,
    /// Where codecs append what they send.
    pub(super) out: BytesMut,
    /// How much of `out` was written.
    written: usize,
}

impl<S> Io<S> {
    /// `unread` is what was read from the stream before, and goes first.
    pub(super) fn new(stream: S, unread: Vec<u8>) -> Self {
        Self {
            stream,
            start: 0,
            end: unread.len(),
            block: unread,
            out: BytesMut::new(),
            written: 0,
        }
    }

    pub(super) fn unread(&self) -> &[u8] {
        self.block.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn unread_mut(&mut self) -> &mut [u8] {
        self.block.get_mut(self.start..self.end).unwrap_or_default()
    }

    /// A codec has taken all but `left` bytes of what was unread.
    pub(super) fn keep(&mut self, left: usize) {
        self.start = self.end.saturating_sub(left);
    }

    /// Where the last `length` bytes stand that a codec has taken. What a codec hands out of the
    /// input ends where the rest begins, for it takes no byte beyond it.
    pub(super) fn taken(&self, length: usize) -> Range<usize> {
        self.start.saturating_sub(length)..self.start
    }

    pub(super) fn piece(&self, range: Range<usize>) -> &[u8] {
        self.block.get(range).unwrap_or_default()
    }

    /// Gives up what was to be written.
    pub(super) fn discard_out(&mut self) {
        self.written = 0;
        self.out = BytesMut::new();
    }

    pub(super) fn into_parts(self) -> (S, Vec<u8>) {
        let unread = self.unread().to_vec();
        (self.stream, unread)
    }
}

impl<S: Read> Io<S> {
    /// Reads once. Call it when nothing is unread. 0: the stream has ended.
    pub(super) fn fill(&mut self) -> Result<usize> {
        self.block.resize(BLOCK, 0);
        self.block.shrink_to(BLOCK);
        (self.start, self.end) = (0, 0);
        loop {
            match self.stream.read(&mut self.block) {
                Ok(length) => {
                    self.end = length;
                    return Ok(length);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl<S: Write> Io<S> {
    /// Writes what is in `out`. After an error the rest stays there.
    pub(super) fn flush(&mut self) -> Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        while let Some(rest) = self.out.get(self.written..).filter(|r| !r.is_empty()) {
            match self.stream.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(length) => self.written += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.stream.flush()?;
        self.written = 0;
        if self.out.capacity() > BLOCK {
            self.out = BytesMut::new();
        } else {
            self.out.clear();
        }
        Ok(())
    }
}

/// Whether the stream's own timeout has passed. Unix says `WouldBlock`, Windows says `TimedOut`.
pub(super) fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Bytes of the read block of a connection.
pub(super) const BLOCK: usize = 8 * 1024;
