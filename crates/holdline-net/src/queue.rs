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
    /// Shared bytes, each with its place: after how many of `bytes`.
    parts: Vec<(usize, Bytes)>,
    /// The length of all parts.
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
        self.parts_len += shared.len();
        self.parts.push((self.bytes.len(), shared.clone()));
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

    /// Everything in its order: the encoders' bytes up to each part, with the part, and what follows the last one.
    fn pieces(&self) -> impl Iterator<Item = (&[u8], Option<&Bytes>)> {
        let parts = self.parts.iter().map(|(at, part)| (*at, Some(part)));
        let ends = parts.chain([(self.bytes.len(), None)]);
        ends.scan(0, |from, (at, part)| {
            let own = self.bytes.get(*from..at).unwrap_or_default();
            *from = at;
            Some((own, part))
        })
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
        let taken = if !self.is_empty() {
            self.append(outgoing, 0);
            self.write_waiting(socket)
        } else if outgoing.parts.is_empty() {
            self.write_plain(socket, &mut outgoing.bytes)
        } else {
            self.write_parts(socket, outgoing)
        };
        outgoing.clear();
        if outgoing.bytes.capacity() > KEEP_CAPACITY {
            outgoing.bytes = BytesMut::new();
        }
        taken
    }

    /// The usual case with shared bytes: one vectored write takes everything, and nothing is allocated.
    fn write_parts(&mut self, socket: &mut impl Write, outgoing: &Outgoing) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); FIRST_SLICES];
        let pieces = outgoing.pieces();
        let pieces = pieces.flat_map(|(own, part)| [own, part.map_or(&[][..], |part| part)]);
        let mut used = 0;
        for (slice, piece) in slices
            .iter_mut()
            .zip(pieces.filter(|piece| !piece.is_empty()))
        {
            *slice = IoSlice::new(piece);
            used += 1;
        }
        let taken = match socket.write_vectored(&slices[..used]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) if n == outgoing.len() => return Ok(n),
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.append(outgoing, 0);
                return Ok(0);
            }
            Err(error) => return Err(error),
        };
        self.append(outgoing, taken);
        Ok(taken + self.write_waiting(socket)?)
    }

    /// Queues all but the first `taken` bytes.
    fn append(&mut self, outgoing: &Outgoing, mut taken: usize) {
        if outgoing.len() == taken {
            return;
        }
        let waiting = self.0.get_or_insert_default();
        waiting.len += outgoing.len() - taken;
        for (own, part) in outgoing.pieces() {
            // Copied: a slice would keep the loop's whole buffer alive for one slow reader.
            let left = own.get(taken..).filter(|left| !left.is_empty());
            waiting.parts.extend(left.map(Bytes::copy_from_slice));
            taken = taken.saturating_sub(own.len());
            let left = part.filter(|part| taken < part.len());
            waiting.parts.extend(left.map(|part| part.slice(taken..)));
            taken = taken.saturating_sub(part.map_or(0, Bytes::len));
        }
    }

    fn write_waiting(&mut self, socket: &mut impl Write) -> io::Result<usize> {
        let Some(waiting) = &mut self.0 else {
            return Ok(0);
        };
        let taken = waiting.write(socket);
        if waiting.len == 0 {
            // An idle connection keeps no queue.
            self.0 = None;
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
///
/// Header and payload of one message, written over loopback: to refer takes 1.2 times as long at 1 KiB, 1.05 at 4 KiB,
/// as long at 8 to 12 KiB, and 0.87 at 64 KiB. What waits for a slow receiver is shared only if it is referred to, so
/// the border is where that costs little.
const COPY_BELOW: usize = 4096;
/// Slices in one vectored write.
const SLICES: usize = 64;
/// Slices in the first one, which is usually the only one.
const FIRST_SLICES: usize = 8;
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
        /// Takes whole slices while there is room, and never nothing.
        fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            let mut taken = 0;
            for slice in slices {
                let n = slice.len().min(self.room);
                self.room -= n;
                self.got.extend_from_slice(&slice[..n]);
                taken += n;
            }
            match taken {
                0 => Err(ErrorKind::WouldBlock.into()),
                taken => Ok(taken),
            }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn many_shared_pieces_in_one_turn_are_cut_anywhere() {
        let pieces: Vec<Bytes> = (0..20)
            .map(|n| vec![n; COPY_BELOW + usize::from(n)].into())
            .collect();
        for room in [0, 1, 3, 4, 4096, 4097, 4098, 30_000, 32_802, 70_000, 90_000] {
            let mut outgoing = Outgoing::default();
            let mut expected = Vec::new();
            for (n, piece) in pieces.iter().enumerate() {
                // Nothing of the encoders' own before some of them.
                let own = &b"own"[..if n % 4 == 1 { 0 } else { 3 }];
                outgoing.bytes.extend_from_slice(own);
                outgoing.push_shared(piece);
                expected.extend_from_slice(own);
                expected.extend_from_slice(piece);
            }
            outgoing.bytes.extend_from_slice(b"last");
            expected.extend_from_slice(b"last");
            assert_eq!(outgoing.len(), expected.len());
            let (mut queue, got) = (Queue::default(), Vec::new());
            let mut socket = Narrow { room, got };
            let taken = queue.write(&mut socket, &mut outgoing).unwrap();
            assert_eq!(taken, room.min(expected.len()));
            assert_eq!(queue.len(), expected.len() - taken);
            socket.room = usize::MAX;
            let taken = queue.write(&mut socket, &mut outgoing).unwrap();
            assert_eq!(taken, expected.len() - room.min(expected.len()));
            assert!(queue.is_empty() && socket.got == expected);
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
