//! What a peer's messages may refer to: the last bytes that were inflated, in a ring.

use alloc::vec::Vec;

/// A ring of at most the agreed window. It grows with what comes, and what was written since the last step lies in one
/// piece, so that it can be looked at before more is written.
#[derive(Debug)]
pub(super) struct Window {
    ring: Vec<u8>,
    /// The agreed size: 2^8 to 2^15.
    limit: usize,
    /// Where the next byte goes. Beyond it are the oldest bytes, when the ring has its full size.
    at: usize,
    /// How many bytes there are to refer to.
    filled: usize,
}

/// A reference to what never was, or is no longer kept.
#[derive(Debug)]
pub(super) struct TooFar;

impl Window {
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            ring: Vec::new(),
            limit,
            at: 0,
            filled: 0,
        }
    }

    /// Frees it, and forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.limit);
    }

    /// Where the next byte goes, with room for one at least.
    pub(super) fn begin(&mut self) -> usize {
        self.filled = self.filled.min(self.limit);
        if self.at == self.ring.len() {
            if self.ring.len() < self.limit {
                let size = (self.ring.len() * 4).clamp(256, self.limit);
                self.ring.reserve_exact(size - self.ring.len());
                self.ring.resize(size, 0);
            } else {
                self.at = 0;
            }
        }
        self.at
    }

    /// What was written since `begin` gave `from`.
    pub(super) fn since(&self, from: usize) -> &[u8] {
        self.ring.get(from..self.at).unwrap_or_default()
    }

    /// How many bytes can be written before `begin` must be called again.
    pub(super) fn room(&self) -> usize {
        self.ring.len() - self.at
    }

    /// Writes a byte. `false`: there is no room.
    #[inline]
    pub(super) fn push(&mut self, byte: u8) -> bool {
        let Some(place) = self.ring.get_mut(self.at) else {
            return false;
        };
        *place = byte;
        self.at += 1;
        self.filled += 1;
        true
    }

    /// Writes what there is room for, and says how much that was.
    pub(super) fn extend(&mut self, bytes: &[u8]) -> usize {
        let room = self.ring.get_mut(self.at..).unwrap_or_default();
        let size = room.len().min(bytes.len());
        for (place, byte) in room.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self.at += size;
        self.filled += size;
        size
    }

    /// Whether `distance` bytes back there is something.
    pub(super) fn check(&self, distance: usize) -> Result<(), TooFar> {
        if distance <= self.filled.min(self.limit) {
            Ok(())
        } else {
            Err(TooFar)
        }
    }

    /// Writes again what lies `distance` bytes back, as much as there is room for, and says how much that was.
    /// `distance` was checked.
    pub(super) fn copy(&mut self, distance: usize, length: usize) -> usize {
        let length = length.min(self.room());
        let mut left = length;
        if distance > self.at {
            // It only wraps when it has its full size, and `distance` is at most that.
            let from = (self.at + self.ring.len()).saturating_sub(distance);
            left -= self.copy_within(from, left.min(self.ring.len().saturating_sub(from)));
        }
        if let Some(from) = self.at.checked_sub(distance) {
            // What is written here is read again for the rest.
            while left > 0 && from < self.at {
                left -= self.copy_within(from, left.min(self.at - from));
            }
        }
        let written = length - left;
        self.filled += written;
        written
    }

    fn copy_within(&mut self, from: usize, size: usize) -> usize {
        self.ring.copy_within(from..from + size, self.at);
        self.at += size;
        size
    }

    /// How many bytes it holds allocated.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.ring.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_a_plain_vector_would_be() {
        let mut number = 1u32;
        let mut below = |limit: usize| {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (number >> 8) as usize % limit
        };
        for limit in [256, 512, 1024] {
            let (mut window, mut all) = (Window::new(limit), Vec::new());
            while all.len() < 5_000 {
                let (from, before) = (window.begin(), all.len());
                for _ in 0..below(4) {
                    let reach = all.len().min(limit);
                    if below(3) > 0 && reach > 0 {
                        let distance = 1 + below(reach);
                        window.check(distance).unwrap();
                        for _ in 0..window.copy(distance, below(300)) {
                            all.push(all[all.len() - distance]);
                        }
                    } else if below(2) == 0 {
                        let byte = below(256) as u8;
                        all.extend(window.push(byte).then_some(byte));
                    } else {
                        let bytes: Vec<u8> = (0..below(50)).map(|_| below(256) as u8).collect();
                        all.extend(&bytes[..window.extend(&bytes)]);
                    }
                    let reach = all.len().min(limit);
                    assert!(window.check(reach).is_ok() && window.check(reach + 1).is_err());
                }
                assert_eq!(window.since(from), &all[before..]);
                assert!(window.capacity() <= limit);
            }
        }
    }
}
