//! The connections in memory as wtx, which has traits of its own, wants them.

use std::io::{self, Read};

use wtx::stream::{StreamReader, StreamWriter};

use crate::{Sink, memory};

/// What is to be read.
pub(crate) struct Incoming(pub(crate) memory::Incoming);

impl StreamReader for Incoming {
    async fn read(&mut self, bytes: &mut [u8]) -> wtx::Result<usize> {
        Ok(self.0.read(bytes)?)
    }
}

impl StreamWriter for Incoming {
    async fn write_all(&mut self, _: &[u8]) -> wtx::Result<()> {
        Ok(())
    }

    async fn write_all_vectored(&mut self, _: &[&[u8]]) -> wtx::Result<()> {
        Ok(())
    }
}

/// Where to write. It collects nothing of its own, so this gathers small messages as the others do.
pub(crate) struct Outgoing<'s, S> {
    sink: &'s mut S,
    gathered: Vec<u8>,
    capacity: usize,
}

impl<'s, S: Sink> Outgoing<'s, S> {
    /// Writes once this much is there; what is longer is not copied.
    pub(crate) fn new(sink: &'s mut S, capacity: usize) -> Self {
        Self {
            sink,
            gathered: Vec::with_capacity(capacity),
            capacity,
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.gathered.len() + bytes.len() > self.capacity {
            self.flush();
        }
        if bytes.len() >= self.capacity {
            self.sink.write(bytes);
        } else {
            self.gathered.extend_from_slice(bytes);
        }
    }

    pub(crate) fn flush(&mut self) {
        if !self.gathered.is_empty() {
            self.sink.write(&self.gathered);
            self.gathered.clear();
        }
    }
}

impl<S> StreamReader for Outgoing<'_, S> {
    async fn read(&mut self, _: &mut [u8]) -> wtx::Result<usize> {
        Err(io::Error::from(io::ErrorKind::WouldBlock).into())
    }
}

impl<S: Sink> StreamWriter for Outgoing<'_, S> {
    async fn write_all(&mut self, bytes: &[u8]) -> wtx::Result<()> {
        self.put(bytes);
        Ok(())
    }

    async fn write_all_vectored(&mut self, bytes: &[&[u8]]) -> wtx::Result<()> {
        bytes.iter().for_each(|bytes| self.put(bytes));
        Ok(())
    }
}
