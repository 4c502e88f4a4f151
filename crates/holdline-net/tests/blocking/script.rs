//! A stream that plays what a test wrote down.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::sync::{Arc, Mutex};

/// Reads give the pieces one by one, with a timeout before each when it is `choppy`, and then the
/// end of the stream. What is written is kept.
#[derive(Debug)]
pub(crate) struct Script {
    /// Each with the number of requests that are written before it comes.
    reads: VecDeque<(usize, Vec<u8>)>,
    choppy: bool,
    /// The next read or write is to time out.
    stall_read: bool,
    stall_write: bool,
    /// At the end of the pieces reads time out instead of ending the stream.
    pub(crate) endless: bool,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Script {
    pub(crate) fn new<P: AsRef<[u8]>>(pieces: impl IntoIterator<Item = P>) -> Self {
        Self::answering(pieces.into_iter().map(|piece| (0, piece)))
    }

    /// Each piece comes when so many requests without a body were written.
    pub(crate) fn answering<P: AsRef<[u8]>>(pieces: impl IntoIterator<Item = (usize, P)>) -> Self {
        let reads = pieces
            .into_iter()
            .map(|(after, piece)| (after, piece.as_ref().to_vec()));
        Self {
            reads: reads.filter(|(_, piece)| !piece.is_empty()).collect(),
            choppy: false,
            stall_read: false,
            stall_write: false,
            endless: false,
            written: Arc::default(),
        }
    }

    /// Every other read and write times out, and a write takes three bytes.
    pub(crate) fn choppy(mut self) -> Self {
        self.choppy = true;
        self.stall_read = true;
        self.stall_write = true;
        self
    }

    pub(crate) fn endless(mut self) -> Self {
        self.endless = true;
        self
    }

    pub(crate) fn written(&self) -> Arc<Mutex<Vec<u8>>> {
        Arc::clone(&self.written)
    }
}

impl Read for Script {
    fn read(&mut self, block: &mut [u8]) -> Result<usize> {
        self.stall_read ^= self.choppy;
        if self.choppy && !self.stall_read {
            return Err(ErrorKind::WouldBlock.into());
        }
        let Some((after, piece)) = self.reads.front_mut() else {
            return match self.endless {
                true => Err(Error::from(ErrorKind::WouldBlock)),
                false => Ok(0),
            };
        };
        let asked = text(&self.written).matches("\r\n\r\n").count();
        if *after > asked {
            return Err(ErrorKind::WouldBlock.into());
        }
        let length = piece.len().min(block.len());
        block[..length].copy_from_slice(&piece[..length]);
        piece.drain(..length);
        if piece.is_empty() {
            self.reads.pop_front();
        }
        Ok(length)
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.stall_write ^= self.choppy;
        if self.choppy && !self.stall_write {
            return Err(ErrorKind::WouldBlock.into());
        }
        let length = if self.choppy {
            bytes.len().min(3)
        } else {
            bytes.len()
        };
        self.written
            .lock()
            .unwrap()
            .extend_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The same bytes whole, cut in two at every place, and byte by byte; each with and without timeouts
/// between.
pub(crate) fn every_cut(bytes: &[u8]) -> Vec<Script> {
    let mut cuts: Vec<Vec<&[u8]>> = vec![vec![bytes], bytes.chunks(1).collect()];
    for at in 1..bytes.len() {
        let (before, after) = bytes.split_at(at);
        cuts.push(vec![before, after]);
    }
    cuts.into_iter()
        .flat_map(|pieces| [Script::new(&pieces), Script::new(&pieces).choppy()])
        .collect()
}

pub(crate) fn text(written: &Arc<Mutex<Vec<u8>>>) -> String {
    String::from_utf8_lossy(&written.lock().unwrap()).into_owned()
}
