//! What is sent: bytes that compress well, hardly and not at all.

/// A sequence that a seed repeats.
pub(crate) struct Random(u64);

impl Random {
    /// The seed is `HOLDLINE_SEED`, or a new one; it is printed.
    pub(crate) fn from_environment() -> Self {
        let seed = std::env::var("HOLDLINE_SEED").ok();
        let seed = seed.map_or_else(
            || std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0),
            |seed| seed.parse().unwrap(),
        );
        eprintln!("HOLDLINE_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

pub(crate) fn is_long() -> bool {
    std::env::var_os("HOLDLINE_LONG").is_some()
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Data {
    /// Bytes of so many bits each, any of them.
    Alphabet(u32),
    Text,
    Zeros,
    /// Noise that repeats at distances around the largest window.
    FarRepeats,
}

impl Data {
    pub(crate) fn make(self, size: usize, random: &mut Random) -> Vec<u8> {
        match self {
            Self::Alphabet(bits) => {
                let mask = u64::from(0xff_u8 >> (8 - bits)) * 0x0101_0101_0101_0101;
                let mut data = Vec::with_capacity(size + 8);
                while data.len() < size {
                    data.extend((random.next() & mask).to_le_bytes());
                }
                data.truncate(size);
                data
            }
            Self::Text => {
                let words = [
                    "the ",
                    "connection ",
                    "that ",
                    "stays ",
                    "open ",
                    "世界 ",
                    "\n",
                ];
                let mut text = String::new();
                while text.len() < size {
                    text.push_str(words[random.below(words.len())]);
                }
                while !text.is_char_boundary(size) {
                    text.insert(0, '-');
                }
                text.truncate(size);
                text.into_bytes()
            }
            Self::Zeros => vec![0; size],
            Self::FarRepeats => {
                let distance = 32_768 - 3 + random.below(6);
                let noise = Self::Alphabet(8).make(distance, random);
                let mut data = noise.repeat(size / distance + 1);
                data.truncate(size);
                data
            }
        }
    }

    /// Whether the frames are text messages.
    pub(crate) fn is_text(self) -> bool {
        !matches!(self, Self::Alphabet(8) | Self::FarRepeats)
    }
}
