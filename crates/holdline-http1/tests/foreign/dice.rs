//! Random choices that can be had again: the seed is printed when a test fails, and taken from `HOLDLINE_SEED`.

/// A generator of numbers.
pub(crate) struct Dice(u64);

impl Dice {
    /// With the seed of the environment, else another one at each run.
    pub(crate) fn new() -> Self {
        let given = std::env::var("HOLDLINE_SEED").ok();
        let seed = given.map_or_else(by_time, |seed| seed.parse().expect("a number"));
        println!("HOLDLINE_SEED={seed}");
        Self(seed)
    }

    /// A number below `limit`, which is above 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // Marsaglia's xorshift, multiplied; the high bits are the good ones.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Bytes of any value.
    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.below(256) as u8).collect()
    }
}

fn by_time() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |now| now.subsec_nanos().into()) | 1
}
