//! Bytes on their way to a socket: what one turn wrote, and what the socket would not take yet.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};

use crate::meter::Meter;

/// What the protocols write during one turn of one connection. One per event loop, empty between
/// turns.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    parts: Vec<Bytes>,
    parts_len: usize,
    /// Encoders append here.
    pub(crate) bytes: BytesMut,
    /// The status of the response whose head was written last.
    pub(crate) status: Option<u16>,
    /// Who wants to know what the request that is being answered takes, and how many bytes were written before.
    pub(crate) meter: Option<(Arc<Meter>, usize)>,
}

impl Outgoing {
    /// Appends bytes that many receivers share: large ones by reference, small ones by copy, which
    /// costs less than a slice of their own in a vectored write.
    pub(crate) fn push_shared(&mut self, shared: &Bytes) {
        if shared.len() < COPY_BELOW {
            self.bytes.extend_from_slice(shared);
            return;
        }
        self.seal();
        self.parts_len += shared.len();
        self.parts.push(shared.clone());
    }

    pub(crate) fn len(&self) -> usize {
        self.parts_len + self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn clear(&mut self) {
        self.parts.clear();
        self.parts_len = 0;
        self.bytes.clear();
    }

    fn seal(&mut self) {
        if !self.bytes.is_empty() {
            self.parts_len += self.bytes.len();
            self.parts.push(self.bytes.split().freeze());
        }
    }
}

/// What a connection's socket would not take yet.
///
/// Nearly all connections have nothing in it, and so it is a pointer for them.
#[derive(Debug, Default)]
pub(crate) struct Queue(Option<Box<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    parts: VecDeque<Bytes>,
    len: usize,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |waiting| waiting.len)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Writes what is queued and then `outgoing`, which is left empty. What the socket does not
    /// take stays queued. Returns how many bytes the socket took.
    pub(crate) fn write(
        &mut self,
        socket: &mut impl Write,
        outgoing: &mut Outgoing,
    ) -> io::Result<usize> {
        let taken = if self.is_empty() && outgoing.parts.is_empty() {
            self.write_plain(socket, &mut outgoing.bytes)
        } else {
            outgoing.seal();
            let waiting = self.0.get_or_insert_default();
            waiting.len += outgoing.parts_len;
            waiting.parts.extend(outgoing.parts.drain(..));
            let taken = waiting.write(socket);
            if waiting.len == 0 {
                // An idle connection keeps no queue.
                self.0 = None;
            }
            taken
        };
        outgoing.clear();
        if outgoing.bytes.capacity() > KEEP_CAPACITY {
            outgoing.bytes = BytesMut::new();
        }
        taken
    }

    /// The usual case: one write takes everything.
    fn write_plain(&mut self, socket: &mut impl Write, bytes: &mut BytesMut) -> io::Result<usize> {
        let mut taken = 0;
        while taken < bytes.len() {
            match socket.write(&bytes[taken..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => taken += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        if taken < bytes.len() {
            // Copied: a slice would keep the loop's whole buffer alive for one slow reader.
            let rest = Bytes::copy_from_slice(&bytes[taken..]);
            self.0 = Some(Box::new(Waiting {
                len: rest.len(),
                parts: [rest].into(),
            }));
        }
        Ok(taken)
    }
}

impl Waiting {
    fn write(&mut self, socket: &mut impl Write) -> io::Result<usize> {
        let mut taken = 0;
        while self.len > 0 {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut used = 0;
            for (slice, part) in slices.iter_mut().zip(&self.parts) {
                *slice = IoSlice::new(part);
                used += 1;
            }
            match socket.write_vectored(&slices[..used]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => {
                    taken += n;
                    self.advance(n);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    fn advance(&mut self, mut n: usize) {
        self.len -= n;
        while let Some(part) = self.parts.front_mut() {
            if n < part.len() {
                part.advance(n);
                return;
            }
            n -= part.len();
            self.parts.pop_front();
        }
    }
}

/// Shared pieces below this many bytes are copied rather than referred to.
const COPY_BELOW: usize = 2048;
/// Slices in one vectored write.
const SLICES: usize = 64;
/// A loop's write buffer that grew past this is given back.
const KEEP_CAPACITY: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes `room` bytes, then blocks.
    struct Narrow {
        room: usize,
        got: Vec<u8>,
    }

    impl Write for Narrow {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            let n = data.len().min(self.room).min(700);
            if n == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.room -= n;
            self.got.extend_from_slice(&data[..n]);
            Ok(n)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn order_is_kept_however_narrow_the_socket_is() {
        for room in [1, 10, 699, 700, 701, 5_000, 100_000] {
            let mut queue = Queue::default();
            let mut socket = Narrow {
                room: 0,
                got: Vec::new(),
            };
            let mut outgoing = Outgoing::default();
            let mut expected = Vec::new();
            for round in 0_u8..20 {
                let small = vec![round; 30];
                let large = Bytes::from(vec![round | 0x80; COPY_BELOW + 10]);
                outgoing.bytes.extend_from_slice(&small);
                expected.extend_from_slice(&small);
                if round % 3 == 0 {
                    outgoing.push_shared(&large);
                    expected.extend_from_slice(&large);
                }
                socket.room = room;
                queue.write(&mut socket, &mut outgoing).unwrap();
                assert!(outgoing.is_empty());
                assert_eq!(socket.got.len() + queue.len(), expected.len());
            }
            socket.room = usize::MAX;
            queue.write(&mut socket, &mut outgoing).unwrap();
            assert!(queue.is_empty());
            assert_eq!(socket.got, expected);
        }
    }
}
