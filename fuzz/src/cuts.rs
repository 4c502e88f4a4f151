//! Ways to cut a stream.

/// The pieces of a stream, as a network might deliver them.
///
/// Seed 0 is one byte at a time; any other decides the sizes by a small generator, most of them
/// short, since that is where decoders keep state.
#[derive(Clone, Debug)]
pub struct Cuts<'a> {
    rest: &'a [u8],
    state: u64,
    /// The longest piece.
    most: usize,
}

impl<'a> Cuts<'a> {
    /// Cuts `stream` as `seed` says.
    #[must_use]
    pub fn new(stream: &'a [u8], seed: u8) -> Self {
        Self {
            rest: stream,
            state: u64::from(seed),
            most: 4000,
        }
    }

    /// Cuts a stream that may be long. It has short pieces, too, but for seed 0, and their number stays within bounds.
    #[must_use]
    pub fn of_long(stream: &'a [u8], seed: u8) -> Self {
        Self {
            state: u64::from(seed) + u64::from(stream.len() > 4000),
            most: 4000 + stream.len() / 8,
            ..Self::new(stream, seed)
        }
    }
}

impl<'a> Iterator for Cuts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let size = if self.state == 0 {
            1
        } else {
            self.state = self
                .state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            match self.state >> 61 {
                0..=3 => 1 + (self.state >> 40) as usize % 4,
                4..=6 => 1 + (self.state >> 40) as usize % 40,
                _ => 1 + (self.state >> 40) as usize % self.most,
            }
        };
        let (piece, rest) = self.rest.split_at(size.min(self.rest.len()));
        self.rest = rest;
        Some(piece)
    }
}

/// The first byte of `data` and the rest.
pub(crate) fn seed(data: &[u8]) -> (u8, &[u8]) {
    match data.split_first() {
        Some((&seed, stream)) => (seed, stream),
        None => (0, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::Cuts;

    #[test]
    fn the_pieces_are_the_stream() {
        let stream: Vec<u8> = (0..2000).map(|i| i as u8).collect();
        for seed in 0..=255 {
            for cuts in [Cuts::new(&stream, seed), Cuts::of_long(&stream, seed)] {
                let pieces: Vec<&[u8]> = cuts.collect();
                assert_eq!(pieces.concat(), stream);
                assert!(pieces.iter().all(|piece| !piece.is_empty()));
            }
        }
    }
}
