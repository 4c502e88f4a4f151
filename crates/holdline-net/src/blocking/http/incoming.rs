//! The body that a client or a server is receiving.

use holdline_http1::{BodyLength, Headers};

use super::{Error, copy};

/// How a body is framed, what was collected of it, and what came at its end.
#[derive(Debug)]
pub(super) struct Incoming {
    /// `None` when there is none, or nothing is left of it.
    length: BodyLength,
    collected: Vec<u8>,
    trailers: Vec<(String, Vec<u8>)>,
}

impl Incoming {
    /// There is no body yet.
    pub(super) fn nothing() -> Self {
        Self {
            length: BodyLength::None,
            collected: Vec::new(),
            trailers: Vec::new(),
        }
    }

    /// Whether all of it was read.
    pub(super) fn is_over(&self) -> bool {
        self.length == BodyLength::None
    }

    pub(super) fn trailers(&self) -> &[(String, Vec<u8>)] {
        &self.trailers
    }

    /// It ended with its last byte.
    pub(super) fn end(&mut self) {
        self.length = BodyLength::None;
    }

    /// It ended with a trailer section, which may be empty.
    pub(super) fn end_with(&mut self, trailers: Headers<'_>) {
        self.end();
        self.trailers = copy(trailers);
    }

    /// Refuses a body at once whose announced length is over the limit.
    pub(super) fn check(&self, limit: usize) -> Result<(), Error> {
        match self.length {
            BodyLength::Known(length) if self.collected.is_empty() && length > limit as u64 => {
                Err(Error::BodyTooLong { limit })
            }
            _ => Ok(()),
        }
    }

    /// Adds a piece, if it fits. Otherwise what was collected is gone.
    pub(super) fn collect(&mut self, piece: &[u8], limit: usize) -> Result<(), Error> {
        if self.collected.len() + piece.len() > limit {
            self.collected = Vec::new();
            return Err(Error::BodyTooLong { limit });
        }
        self.collected.extend_from_slice(piece);
        Ok(())
    }

    /// Adds what fits of a piece, and says whether there is room for more.
    pub(super) fn collect_what_fits(&mut self, piece: &[u8], limit: usize) -> bool {
        let room = limit.saturating_sub(self.collected.len());
        self.collected.extend(piece.iter().take(room));
        self.collected.len() < limit
    }

    pub(super) fn take_collected(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.collected)
    }
}

impl From<BodyLength> for Incoming {
    /// A body begins.
    fn from(length: BodyLength) -> Self {
        Self {
            length,
            ..Self::nothing()
        }
    }
}
