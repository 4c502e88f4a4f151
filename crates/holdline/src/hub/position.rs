//! The place of one subscriber.

/// Where a subscriber stands.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    /// The number of the last message that it has, or was told it lost.
    pub(super) sequence: u64,
    /// For each channel, up to where messages were gone when that was told last, or were not asked
    /// for. Only while one of these is beyond `sequence`: a busy channel has lost more than what a
    /// quiet one still has to give.
    pub(super) told: Option<Box<[u64]>>,
}

impl Position {
    pub(super) const FOREIGN: Self = Self {
        sequence: u64::MAX,
        told: None,
    };

    pub(super) fn is_foreign(&self) -> bool {
        self.sequence == u64::MAX
    }

    /// Whether any channel has lost something after this position that was not told.
    pub(super) fn misses(&self, gone: impl Iterator<Item = u64>) -> bool {
        let told = |index: usize| self.told.as_ref().and_then(|told| told.get(index)).copied();
        gone.enumerate()
            .any(|(index, gone)| gone > self.sequence.max(told(index).unwrap_or(0)))
    }

    /// What is gone now has been told.
    pub(super) fn tell(&mut self, gone: impl Iterator<Item = u64> + Clone) {
        let beyond = gone.clone().any(|gone| gone > self.sequence);
        self.told = beyond.then(|| gone.collect());
    }
}
