//! The two keys in the head, the eight bytes after it, and the sixteen that answer them (§1.3, §4.1, §5.2).

use alloc::string::{String, ToString};
use core::fmt;

use md5::{Digest, Md5};

/// The numbers of both keys of a request, which wait for the eight bytes after its head.
///
/// ```
/// use holdline_websocket::hixie76::Challenge;
///
/// let challenge = Challenge::parse(b"18x 6]8vM;54 *(5:  {   U1]8  z [  8", b"1_ tx7X d  <  nw  334J702) 7]o}` 0").unwrap();
/// assert_eq!(challenge.answer(*b"Tm[K T2u").as_bytes(), b"fQJ,fN/4F4!~K~MH");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    numbers: [u32; 2],
}

impl Challenge {
    /// Reads the values of `Sec-WebSocket-Key1` and `Sec-WebSocket-Key2`. `None` when one of them has no space or no
    /// digit, a number over 2^32 - 1, or one that the count of its spaces does not divide: "a symptom of a cross-protocol
    /// attack" (§5.2).
    #[must_use]
    pub fn parse(key1: &[u8], key2: &[u8]) -> Option<Self> {
        let numbers = [number(key1)?, number(key2)?];
        Some(Self { numbers })
    }

    /// What a server sends after the head of its response, when these eight bytes followed the request's.
    #[must_use]
    pub fn answer(&self, after_head: [u8; 8]) -> Answer {
        let [one, two] = self.numbers;
        let digest = Md5::new()
            .chain_update(one.to_be_bytes())
            .chain_update(two.to_be_bytes())
            .chain_update(after_head)
            .finalize();
        Answer(digest.into())
    }
}

/// The sixteen bytes after the head of the response: the MD5 of the challenge.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Answer([u8; 16]);

impl Answer {
    /// The bytes on the wire.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({})", self.0.escape_ascii())
    }
}

/// §5.2: the digits of a key as one number, divided by how many spaces it has.
fn number(key: &[u8]) -> Option<u32> {
    let mut spaces = 0u32;
    let mut number: Option<u32> = None;
    for &byte in key {
        match byte {
            b' ' => spaces = spaces.checked_add(1)?,
            b'0'..=b'9' => {
                let before = number.unwrap_or(0).checked_mul(10)?;
                number = Some(before.checked_add(u32::from(byte - b'0'))?);
            }
            _ => {}
        }
    }
    let number = number?;
    (number.checked_rem(spaces)? == 0).then(|| number / spaces)
}

/// A client's key (§4.1): a number times a count of spaces, in digits, with other characters and as many
/// spaces put between them at random.
pub(super) fn random_key(random: &mut impl FnMut() -> [u8; 4]) -> (u32, String) {
    let mut below = |limit: u64| u64::from(u32::from_be_bytes(random())) % limit.max(1);
    let spaces = 1 + below(12);
    let number = below(u64::from(u32::MAX) / spaces + 1);
    let mut key = (number * spaces).to_string();
    for _ in 0..1 + below(12) {
        // U+0021 to U+002F and U+003A to U+007E: neither a space nor a digit.
        let place = below(15 + 69) as u8;
        let character = if place < 15 {
            0x21 + place
        } else {
            0x3a + (place - 15)
        };
        let at = below(key.len() as u64 + 1) as usize;
        key.insert(at, char::from(character));
    }
    for _ in 0..spaces {
        // Not at the ends, where a field's value is trimmed.
        let at = 1 + below(key.len() as u64 - 1) as usize;
        key.insert(at, ' ');
    }
    (number as u32, key)
}

impl Challenge {
    pub(super) const fn new(numbers: [u32; 2]) -> Self {
        Self { numbers }
    }
}
