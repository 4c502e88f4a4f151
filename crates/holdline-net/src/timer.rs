//! The timer wheel: one deadline per connection, moved as often as traffic comes.
//!
//! Moving a deadline costs a store in the connection, not a change in the wheel. The wheel holds a
//! key no later than its deadline is due; when the key comes up too early, its owner puts it back.
//! All times are milliseconds since the loop began.

/// No deadline.
pub(crate) const NEVER: u64 = u64::MAX;

/// A hashed wheel of [`SLOTS`] slots, [`TICK`] milliseconds each.
#[derive(Debug)]
pub(crate) struct Wheel {
    slots: Vec<Vec<u32>>,
    occupied: Vec<u64>,
    /// Every slot up to and including this tick has been emptied.
    tick: u64,
    /// The tick of the first slot with a key. It is needed twice a turn, and searching for it would cost more
    /// than everything else that a turn with one small message does here.
    first: Option<u64>,
}

impl Wheel {
    pub(crate) fn new() -> Self {
        Self {
            slots: vec![Vec::new(); SLOTS],
            occupied: vec![0; SLOTS / 64],
            tick: 0,
            first: None,
        }
    }

    /// Puts `key` where it comes up at `at`, or at the horizon when that is earlier.
    /// Returns when it will come up.
    pub(crate) fn insert(&mut self, at: u64, key: u32) -> u64 {
        let tick = at
            .div_ceil(TICK)
            .clamp(self.tick + 1, self.tick + SLOTS as u64 - 1);
        let slot = slot(tick);
        self.slots[slot].push(key);
        self.occupied[slot / 64] |= 1 << (slot % 64);
        self.first = Some(self.first.map_or(tick, |first| first.min(tick)));
        tick * TICK
    }

    /// Moves every key that is due at `now` to `due`.
    pub(crate) fn advance(&mut self, now: u64, due: &mut Vec<u32>) {
        let target = now / TICK;
        while self.tick < target {
            match self.first {
                Some(tick) if tick <= target => {
                    self.tick = tick;
                    let slot = slot(tick);
                    self.occupied[slot / 64] &= !(1 << (slot % 64));
                    due.append(&mut self.slots[slot]);
                    self.first = self.next_occupied();
                }
                _ => self.tick = target,
            }
        }
    }

    /// When the next key comes up.
    pub(crate) fn next(&self) -> Option<u64> {
        self.first.map(|tick| tick * TICK)
    }

    fn next_occupied(&self) -> Option<u64> {
        let first = slot(self.tick + 1);
        let words = self.occupied.len();
        // One step more than there are words: the search begins in the middle of the first word, so the lower
        // bits of that come last.
        (0..=words).find_map(|step| {
            let index = (first / 64 + step) % words;
            let mut word = self.occupied[index];
            if step == 0 {
                word &= u64::MAX << (first % 64);
            }
            let found = index * 64 + word.trailing_zeros() as usize;
            (word != 0).then(|| self.tick + 1 + ((found + SLOTS - first) % SLOTS) as u64)
        })
    }
}

fn slot(tick: u64) -> usize {
    (tick % SLOTS as u64) as usize
}

/// Milliseconds in a tick: how late a deadline may be noticed.
const TICK: u64 = 16;
/// The horizon is `SLOTS * TICK`, a little over a minute. A power of two and a multiple of 64.
const SLOTS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn due_at(wheel: &mut Wheel, now: u64) -> Vec<u32> {
        let mut due = Vec::new();
        wheel.advance(now, &mut due);
        due
    }

    #[test]
    fn a_key_comes_up_at_its_time_and_not_before() {
        let mut wheel = Wheel::new();
        let armed = wheel.insert(100, 7);
        assert_eq!(armed, 112);
        assert_eq!(wheel.next(), Some(112));
        assert!(due_at(&mut wheel, 111).is_empty());
        assert_eq!(due_at(&mut wheel, 112), [7]);
        assert_eq!(wheel.next(), None);
    }

    #[test]
    fn the_past_comes_up_at_the_next_tick() {
        let mut wheel = Wheel::new();
        assert!(due_at(&mut wheel, 1_000).is_empty());
        assert_eq!(wheel.insert(5, 1), 1_008);
        assert_eq!(due_at(&mut wheel, 1_008), [1]);
    }

    #[test]
    fn beyond_the_horizon_comes_up_early_for_another_look() {
        let mut wheel = Wheel::new();
        let armed = wheel.insert(10_000_000, 3);
        assert!(armed < 10_000_000 && armed > 60_000);
        assert_eq!(due_at(&mut wheel, armed), [3]);
    }

    #[test]
    fn agrees_with_a_sorted_list() {
        let mut wheel = Wheel::new();
        let mut expected: Vec<(u64, u32)> = Vec::new();
        let mut state = 1_u64;
        let mut now = 0;
        for key in 0..5_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            expected.push((wheel.insert(now + (state >> 33) % 70_000, key), key));
            now += (state >> 20) % 40;
            let mut due = due_at(&mut wheel, now);
            let mut want: Vec<u32> = expected
                .iter()
                .filter(|(at, _)| *at <= now)
                .map(|(_, key)| *key)
                .collect();
            expected.retain(|(at, _)| *at > now);
            due.sort_unstable();
            want.sort_unstable();
            assert_eq!(due, want);
            assert_eq!(wheel.next(), expected.iter().map(|(at, _)| *at).min());
        }
    }
}
