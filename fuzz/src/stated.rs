//! Inputs that state sizes, seeds and entropies.
//!
//! A fuzzer's own inputs stay short: after seven minutes the longest had 88 bytes. A fault that begins at 31 KiB is never met
//! by such inputs. So a target that needs long messages reads a [`Script`]: a few bytes for each step, which state what
//! the step's payload is. Twenty bytes describe a session of several hundred KiB.
//!
//! All of it is laid out by hand, byte by byte, so that a corpus file can be written without a program.

use arbitrary::{Arbitrary, Result, Unstructured};

/// What happens on a connection, and how its bytes are cut.
///
/// | byte | |
/// |---|---|
/// | 0 | flags, whose meaning the property gives them |
/// | 1 | the seed of the cuts |
/// | 2, 7, 12, … | a step: its kind, then the four bytes of its [`Payload`] |
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) flags: u8,
    pub(crate) cuts: u8,
    pub(crate) steps: Vec<Step>,
}

impl Script {
    /// Any bytes are a script.
    pub(crate) fn of(data: &[u8]) -> Self {
        // It fails on no input: what is missing is 0.
        Self::arbitrary(&mut Unstructured::new(data)).unwrap_or(Self {
            flags: 0,
            cuts: 0,
            steps: Vec::new(),
        })
    }
}

impl<'a> Arbitrary<'a> for Script {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let (flags, cuts) = (input.arbitrary()?, input.arbitrary()?);
        let (mut steps, mut total) = (Vec::new(), 0);
        while !input.is_empty() && steps.len() < MOST_STEPS {
            let step: Step = input.arbitrary()?;
            total += step.payload.size;
            if total > MOST_BYTES {
                break;
            }
            steps.push(step);
        }
        Ok(Self { flags, cuts, steps })
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) kind: u8,
    pub(crate) payload: Payload,
}

impl<'a> Arbitrary<'a> for Step {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            kind: input.arbitrary()?,
            payload: input.arbitrary()?,
        })
    }
}

/// A payload that is stated.
///
/// | byte | |
/// |---|---|
/// | 0 | the [`Entropy`] in the low three bits; above them how far the size is from the next two bytes' (0, 1, -1, 2, -2) |
/// | 1, 2 | a number, and in the low five bits how far it is shifted to the left for the size: not at all below 20, one bit more for each above |
/// | 3 | a seed |
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payload {
    pub(crate) size: usize,
    pub(crate) seed: u8,
    entropy: Entropy,
}

impl<'a> Arbitrary<'a> for Payload {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let [kind, number, shift, seed]: [u8; 4] = input.arbitrary()?;
        // Most are short, so that a run takes milliseconds.
        let size = isize::from(number) << (shift % 32).saturating_sub(20);
        let beside = [0, 1, -1, 2, -2][usize::from(kind >> 3) % 5];
        Ok(Self {
            size: size.saturating_add(beside).max(0).unsigned_abs(),
            seed,
            entropy: Entropy::ALL[usize::from(kind) % Entropy::ALL.len()],
        })
    }
}

impl Payload {
    /// Bytes of any value.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut numbers = Numbers::new(self.seed);
        let mut bytes = Vec::with_capacity(self.size + 64);
        while bytes.len() < self.size {
            self.entropy.extend(&mut bytes, self.size, &mut numbers);
        }
        bytes.truncate(self.size);
        bytes
    }

    /// Text of as many bytes.
    pub(crate) fn text(&self) -> String {
        let mut numbers = Numbers::new(self.seed);
        let mut text = String::with_capacity(self.size + 64);
        while text.len() < self.size {
            self.entropy.extend_text(&mut text, &mut numbers);
        }
        let end = boundary(&text, self.size);
        text.truncate(end);
        text.extend((end..self.size).map(|_| '~'));
        text
    }
}

/// Where the character begins in which `at` is.
pub(crate) fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// How well a payload compresses, and why.
#[derive(Clone, Copy, Debug)]
enum Entropy {
    /// One byte, again and again.
    Same,
    /// Words of a sentence.
    Words,
    /// Letters of six bits each, as in base64: nothing repeats, and yet it shrinks.
    SixBits,
    /// Nothing to compress; as text, characters of one to four bytes.
    Noise,
    /// Noise that repeats at distances around the largest window of deflate.
    FarRepeats,
    /// Short runs of one byte.
    Runs,
    /// Numbered lines, as a log has them.
    Lines,
    /// Some hundred bytes of each of the others in turns.
    Mixture,
}

impl Entropy {
    const ALL: [Self; 8] = [
        Self::Same,
        Self::Words,
        Self::SixBits,
        Self::Noise,
        Self::FarRepeats,
        Self::Runs,
        Self::Lines,
        Self::Mixture,
    ];

    /// Appends at least one byte.
    fn extend(self, bytes: &mut Vec<u8>, size: usize, numbers: &mut Numbers) {
        match self {
            Self::Same => {
                let byte = numbers.seed;
                bytes.resize(size.max(bytes.len() + 1), byte);
            }
            Self::Noise => bytes.extend(numbers.next().to_le_bytes()),
            Self::FarRepeats => {
                let distance = (32_768 - 3 + numbers.below(6)).min(size.max(1));
                let start = bytes.len();
                while bytes.len() < start + distance {
                    Self::Noise.extend(bytes, size, numbers);
                }
                bytes.truncate(start + distance);
                bytes.extend_from_within(start..);
            }
            Self::Mixture => {
                let part = Self::ALL[numbers.below(Self::ALL.len() - 1)];
                let end = bytes.len() + 1 + numbers.below(700);
                while bytes.len() < end {
                    part.extend(bytes, end, numbers);
                }
                bytes.truncate(end);
            }
            _ => {
                // Many at a time: an allocation for each character would take most of a run's time.
                let mut text = String::with_capacity(1024);
                while text.len() < 512 {
                    self.extend_text(&mut text, numbers);
                }
                bytes.extend_from_slice(text.as_bytes());
            }
        }
    }

    /// Appends at least one character.
    fn extend_text(self, text: &mut String, numbers: &mut Numbers) {
        match self {
            Self::Same => text.extend(std::iter::repeat_n(char::from(numbers.seed % 128), 64)),
            Self::Words => text.push_str(WORDS[numbers.below(WORDS.len())]),
            Self::SixBits => {
                let mut number = numbers.next();
                for _ in 0..10 {
                    text.push(char::from(LETTERS[(number & 63) as usize]));
                    number >>= 6;
                }
            }
            Self::Noise | Self::FarRepeats => {
                let most = [0x7f, 0x7ff, 0xffff, 0x10_ffff][numbers.below(4)];
                let number = numbers.next() as u32 % most;
                text.push(char::from_u32(number).unwrap_or('\u{fffd}'));
            }
            Self::Runs => {
                let letter = char::from(b'a' + numbers.below(26) as u8);
                text.extend(std::iter::repeat_n(letter, 1 + numbers.below(300)));
            }
            Self::Lines => {
                let number = text.len();
                text.push_str(&format!(
                    "{{\"id\":{number},\"data\":\"{}\"}}\n",
                    numbers.below(1000)
                ));
            }
            Self::Mixture => {
                let part = Self::ALL[numbers.below(Self::ALL.len() - 1)];
                let end = text.len() + 1 + numbers.below(700);
                while text.len() < end {
                    part.extend_text(text, numbers);
                }
            }
        }
    }
}

/// A sequence that a seed repeats.
#[derive(Debug)]
pub(crate) struct Numbers {
    seed: u8,
    state: u64,
}

impl Numbers {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            seed,
            state: u64::from(seed) + 1,
        }
    }

    pub(crate) fn next(&mut self) -> u64 {
        // Marsaglia's xorshift, multiplied.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`, which is above 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }
}

const WORDS: [&str; 8] = [
    "the ",
    "connection ",
    "that ",
    "stays ",
    "open ",
    "世界 ",
    "Käse\r\n",
    "🦀\n",
];

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// In one script, so that a run of it takes milliseconds.
const MOST_STEPS: usize = 60;

/// As [`MOST_STEPS`], of all payloads.
const MOST_BYTES: usize = 576 << 10;

#[cfg(test)]
mod tests {
    use super::{Entropy, Payload, Script};

    #[test]
    fn twenty_bytes_state_a_session_of_several_hundred_kib() {
        let script = Script::of(b"\0\x01\0\x03\xff\x1e\x07\x01\x01\x96\x1f\x02\x02\x02\x80\0\x05");
        let sizes: Vec<_> = script.steps.iter().map(|step| step.payload.size).collect();
        assert_eq!(sizes, [255 << 10, 150 << 11, 128]);
    }

    #[test]
    fn a_payload_has_the_size_that_is_stated() {
        for entropy in Entropy::ALL {
            for size in [0, 1, 2, 125, 126, 1000, 65_537] {
                let payload = Payload {
                    size,
                    seed: 7,
                    entropy,
                };
                assert_eq!(payload.bytes().len(), size, "{entropy:?}");
                assert_eq!(payload.text().len(), size, "{entropy:?}");
            }
        }
    }
}
