//! Content, the same in every run.

/// Numbers that look random (xorshift64*).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// `seed` must not be 0.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        assert_ne!(seed, 0);
        Self(seed)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        // The upper bits, which are better mixed.
        ((u128::from(self.number()) * end as u128) >> 64) as usize
    }

    /// One of these.
    pub fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Bytes that are no text.
#[must_use]
pub fn binary(length: usize, random: &mut Random) -> Vec<u8> {
    (0..length).map(|_| (random.number() >> 32) as u8).collect()
}

/// English words, exactly this many bytes.
#[must_use]
pub fn ascii(length: usize, random: &mut Random) -> String {
    const WORDS: &[&str] = &[
        "the ",
        "line ",
        "holds ",
        "and ",
        "a ",
        "message ",
        "arrives, ",
        "whole ",
        "in ",
        "order ",
        "again. ",
    ];
    fill(length, WORDS, random)
}

/// Chinese, emoji, a little English: characters of 1, 3 and 4 bytes; exactly this many bytes.
#[must_use]
pub fn mixed(length: usize, random: &mut Random) -> String {
    const WORDS: &[&str] = &[
        "消息",
        "按顺序",
        "到达",
        "，",
        "没有",
        "丢失",
        "。",
        "连接",
        "保持",
        "打开",
        "😀",
        "🚀",
        "👋",
        "ok ",
        "push ",
    ];
    fill(length, WORDS, random)
}

fn fill(length: usize, words: &[&str], random: &mut Random) -> String {
    let mut text = String::with_capacity(length);
    loop {
        let word = random.choose(words);
        if text.len() + word.len() > length {
            break;
        }
        text.push_str(word);
    }
    text.extend(std::iter::repeat_n('.', length - text.len()));
    text
}

/// A number of bytes as people write it.
#[must_use]
pub fn size(bytes: usize) -> String {
    match bytes {
        _ if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} B"),
    }
}
