//! Random numbers for tests. A failing test has printed how to run it again.

/// A linear congruential generator: the same seed gives the same numbers everywhere.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Takes the seed from `HOLDLINE_SEED`, and prints it.
    pub(crate) fn from_environment() -> Self {
        let seed = std::env::var("HOLDLINE_SEED").map_or(7, |seed| seed.parse().unwrap());
        println!("HOLDLINE_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}
