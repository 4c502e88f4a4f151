//! Choices that are always the same.

pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`, which is above 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // Marsaglia's xorshift, multiplied.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    pub(crate) fn of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Some of these, in their order.
    pub(crate) fn some<T: Copy>(&mut self, from: &[T], most: usize) -> Vec<T> {
        let mut places: Vec<_> = (0..self.below(most + 1))
            .map(|_| self.below(from.len()))
            .collect();
        places.sort_unstable();
        places.into_iter().map(|at| from[at]).collect()
    }
}
