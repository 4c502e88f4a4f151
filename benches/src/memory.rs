//! Connections in memory, always ready: [`Incoming`] to read from, [`Outgoing`] to write to, [`Exchange`] for
//! both.

use std::io::{self, Read, Write};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{BLOCK, Sink};

/// Gives at most a [`BLOCK`] in each read. What is written is thrown away.
#[derive(Clone, Debug)]
pub struct Incoming {
    rest: Bytes,
}

impl Incoming {
    /// What is to be read.
    #[must_use]
    pub fn new(bytes: &Bytes) -> Self {
        Self {
            rest: bytes.clone(),
        }
    }
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.rest.len()).min(BLOCK);
        self.rest.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Incoming {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let length = buffer.remaining().min(self.rest.len()).min(BLOCK);
        buffer.put_slice(&self.rest[..length]);
        self.rest.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Incoming {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Gives what is written to a sink. Nothing is to be read.
#[derive(Debug)]
pub struct Outgoing<'s, S>(pub &'s mut S);

impl<S> Read for Outgoing<'_, S> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl<S: Sink> Write for Outgoing<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<S> AsyncRead for Outgoing<'_, S> {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl<S: Sink> AsyncWrite for Outgoing<'_, S> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().0.write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sink = self.get_mut();
        slices.iter().for_each(|bytes| sink.0.write(bytes));
        Poll::Ready(Ok(slices.iter().map(|bytes| bytes.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Each read gives a piece, or what fits of it; what is written goes to a sink. The next piece comes, like
/// that of a client who waits, after something was written.
#[derive(Debug)]
pub struct Exchange<'a, S> {
    is_answered: bool,
    pieces: std::slice::Iter<'a, Bytes>,
    piece: &'a [u8],
    sink: &'a mut S,
}

impl<'a, S> Exchange<'a, S> {
    /// What is to be read, and where to write.
    pub fn new(pieces: &'a [Bytes], sink: &'a mut S) -> Self {
        Self {
            pieces: pieces.iter(),
            piece: &[],
            sink,
            is_answered: true,
        }
    }

    /// For a client: the first piece, too, comes after something was written.
    pub fn of_client(pieces: &'a [Bytes], sink: &'a mut S) -> Self {
        Self {
            is_answered: false,
            ..Self::new(pieces, sink)
        }
    }
}

impl<S> AsyncRead for Exchange<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.piece.is_empty() {
            if !std::mem::take(&mut self.is_answered) {
                return Poll::Pending;
            }
            self.piece = self.pieces.next().map_or(&[], |piece| piece);
        }
        let (now, later) = self
            .piece
            .split_at(self.piece.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.piece = later;
        Poll::Ready(Ok(()))
    }
}

impl<S: Sink> AsyncWrite for Exchange<'_, S> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let exchange = self.get_mut();
        exchange.is_answered = true;
        exchange.sink.write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let exchange = self.get_mut();
        exchange.is_answered = true;
        slices.iter().for_each(|bytes| exchange.sink.write(bytes));
        Poll::Ready(Ok(slices.iter().map(|bytes| bytes.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Runs a future that waits for nothing but memory, with no executor to pay for.
pub fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        // Some yield now and then although they could go on.
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
