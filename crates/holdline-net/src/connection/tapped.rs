//! What the handler's taps see of a connection. Most connections have none of this.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};

use crate::socket::PeerSocket;
use crate::tap::Tap;

/// The taps of a connection, and what may be shown to the next one.
#[derive(Default)]
pub(super) struct Tapped(Option<Box<State>>);

#[derive(Default)]
struct State {
    /// What came of a request whose head is not whole.
    early: Vec<u8>,
    /// Some of that was too much to be kept.
    missed: bool,
    /// Bytes that the socket took since this was made.
    taken: u64,
    /// The oldest first. Only of the last one more may come.
    open: VecDeque<Open>,
    /// Whatever is read is for the last one.
    upgraded: bool,
}

struct Open {
    tap: Box<dyn Tap>,
    /// Where its response begins: so many bytes were taken before.
    from: u64,
    /// Where it ends, once that is known.
    to: Option<u64>,
}

impl Tapped {
    pub(super) const fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Memory for a head that is not whole.
    pub(super) fn held(&self) -> usize {
        self.0.as_ref().map_or(0, |state| state.early.capacity())
    }

    /// A part of a head came. It ends the request before, of which `queued` bytes wait for the socket. At most so many
    /// bytes of a head are kept.
    pub(super) fn early(&mut self, bytes: &[u8], queued: usize, most: usize) {
        if bytes.is_empty() {
            return;
        }
        let state = self.0.get_or_insert_default();
        state.end(queued);
        if state.early.len() + bytes.len() > most {
            state.early = Vec::new();
            state.missed = true;
        }
        if !state.missed {
            state.early.extend_from_slice(bytes);
        }
        self.settle();
    }

    /// Whether all is here that came of the request whose head is whole now.
    pub(super) fn is_complete(&self) -> bool {
        self.0.as_ref().is_none_or(|state| !state.missed)
    }

    /// A head is whole: these are its last bytes.
    pub(super) fn begin(&mut self, tap: Option<Box<dyn Tap>>, bytes: &[u8], queued: usize) {
        if tap.is_none() && self.is_none() {
            return;
        }
        let state = self.0.get_or_insert_default();
        state.end(queued);
        state.missed = false;
        let early = std::mem::take(&mut state.early);
        if let Some(mut tap) = tap {
            if !early.is_empty() {
                tap.received(&early);
            }
            tap.received(bytes);
            let from = state.taken + queued as u64;
            state.open.push_back(Open {
                tap,
                from,
                to: None,
            });
        }
        self.settle();
    }

    /// More came of the request that began last.
    pub(super) fn body(&mut self, bytes: &[u8]) {
        if let Some(open) = self.0.as_mut().and_then(|state| state.current())
            && !bytes.is_empty()
        {
            open.tap.received(bytes);
        }
    }

    /// What came is no request.
    pub(super) fn fault(&mut self, queued: usize) {
        if let Some(state) = &mut self.0 {
            state.end(queued);
            (state.early, state.missed) = (Vec::new(), false);
            self.settle();
        }
    }

    /// HTTP is over. This was read already.
    pub(super) fn upgraded(&mut self, rest: &[u8]) {
        self.body(rest);
        if let Some(state) = &mut self.0 {
            state.upgraded = true;
        }
    }

    /// This was read.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        if self.0.as_ref().is_some_and(|state| state.upgraded) {
            self.body(bytes);
        }
    }

    /// The socket took this.
    fn sent(&mut self, bytes: &[u8]) {
        let Some(state) = &mut self.0 else {
            return;
        };
        let start = state.taken;
        state.taken += bytes.len() as u64;
        for open in &mut state.open {
            // Both fit: they lie within the slice.
            let from = open.from.max(start).min(state.taken) - start;
            let to = open.to.unwrap_or(u64::MAX).clamp(start, state.taken) - start;
            let own = bytes.get(from as usize..to as usize).unwrap_or_default();
            if !own.is_empty() {
                open.tap.sent(own);
            }
        }
        self.settle();
    }

    /// Lets go of taps that have seen all, and of everything if that leaves nothing.
    fn settle(&mut self) {
        let Some(state) = &mut self.0 else {
            return;
        };
        let taken = state.taken;
        state
            .open
            .retain(|open| open.to.is_none_or(|to| to > taken));
        if state.open.is_empty() && state.early.is_empty() && !state.missed {
            self.0 = None;
        }
    }
}

impl State {
    fn current(&mut self) -> Option<&mut Open> {
        self.open.back_mut().filter(|open| open.to.is_none())
    }

    /// Nothing more belongs to the request that began last, but `queued` bytes that wait for the socket.
    fn end(&mut self, queued: usize) {
        let to = self.taken + queued as u64;
        if let Some(open) = self.current() {
            open.to = Some(to);
        }
    }
}

/// A socket of which taps see what it takes.
pub(super) struct Tee<'a> {
    pub(super) socket: &'a mut PeerSocket,
    pub(super) tapped: &'a mut Tapped,
}

impl Write for Tee<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let taken = self.socket.write(data)?;
        self.tapped.sent(data.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn write_vectored(&mut self, data: &[IoSlice<'_>]) -> io::Result<usize> {
        let taken = self.socket.write_vectored(data)?;
        let mut left = taken;
        for slice in data {
            let part = slice.get(..left).unwrap_or(slice);
            left -= part.len();
            self.tapped.sent(part);
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}
