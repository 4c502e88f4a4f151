//! The bytes of a message on the disk.
//!
//! The database checks its pages only after an unclean end. So each row has a checksum of its own, over its number,
//! too: a row that was damaged, or that stands where another belongs, is noticed whenever it is read.

use crc32fast::Hasher;

/// A message as it is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Row<'a> {
    /// When it came, in milliseconds since 1970.
    pub(super) time: u64,
    /// The number of the message before it in its channel, which may be gone by now. Where that is not known, a
    /// greater one: a client from before it may have lost something.
    pub(super) previous: u64,
    pub(super) channel: &'a str,
    pub(super) event: Option<&'a str>,
    pub(super) data: &'a str,
}

/// A row is not what was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Damaged;

impl<'a> Row<'a> {
    pub(super) fn encode(&self, number: u64) -> Vec<u8> {
        let event = self.event.unwrap_or_default();
        let texts = self.channel.len() + event.len() + self.data.len();
        let mut bytes = Vec::with_capacity(HEAD + texts);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.time.to_le_bytes());
        bytes.extend_from_slice(&self.previous.to_le_bytes());
        // Names are at most 128 bytes, so that the length of an event type that is not there is never taken for one.
        for length in [
            Some(self.channel.len()),
            self.event.map(|event| event.len()),
        ] {
            let length = length.and_then(|length| u16::try_from(length).ok());
            bytes.extend_from_slice(&length.unwrap_or(NONE).to_le_bytes());
        }
        bytes.extend_from_slice(self.channel.as_bytes());
        bytes.extend_from_slice(event.as_bytes());
        bytes.extend_from_slice(self.data.as_bytes());
        let sum = checksum(number, &bytes[4..]);
        bytes[..4].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    pub(super) fn decode(number: u64, bytes: &'a [u8]) -> Result<Self, Damaged> {
        Self::parse(number, bytes).ok_or(Damaged)
    }

    fn parse(number: u64, bytes: &'a [u8]) -> Option<Self> {
        let (sum, rest) = bytes.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*sum) != checksum(number, rest) {
            return None;
        }
        let (time, rest) = rest.split_first_chunk::<8>()?;
        let (previous, rest) = rest.split_first_chunk::<8>()?;
        let (channel, rest) = rest.split_first_chunk::<2>()?;
        let (event, rest) = rest.split_first_chunk::<2>()?;
        let event = Some(u16::from_le_bytes(*event)).filter(|&length| length != NONE);
        let channel = usize::from(u16::from_le_bytes(*channel));
        let (channel, rest) = rest.split_at_checked(channel)?;
        let (has_event, event) = (event.is_some(), usize::from(event.unwrap_or(0)));
        let (event, data) = rest.split_at_checked(event)?;
        let event = std::str::from_utf8(event).ok()?;
        Some(Self {
            time: u64::from_le_bytes(*time),
            previous: u64::from_le_bytes(*previous),
            channel: std::str::from_utf8(channel).ok()?,
            event: has_event.then_some(event),
            data: std::str::from_utf8(data).ok()?,
        })
    }
}

/// How much of the file a row takes: its share of a page of the database, or the pages of its own, of which there
/// are a power of two.
pub(super) fn charge(row: usize) -> u64 {
    let with_key = row as u64 + KEY;
    match PAGE / with_key {
        0 => with_key.next_power_of_two() + PAGE / 16,
        rows => PAGE / rows + PAGE / 128,
    }
}

fn checksum(number: u64, bytes: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

/// The checksum, two numbers and two lengths.
const HEAD: usize = 4 + 8 + 8 + 2 + 2;
/// The length of an event type that is not there.
const NONE: u16 = u16::MAX;
/// The bytes of a page, of which the database uses a few itself.
const PAGE: u64 = 4096;
/// What the database needs for a row beside its value.
const KEY: u64 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Row<'_> = Row {
        time: 1_800_000_000_123,
        previous: 41,
        channel: "chat",
        event: Some("news"),
        data: "grüße\n",
    };

    #[test]
    fn what_was_written_is_read() {
        for row in [
            ROW,
            Row { event: None, ..ROW },
            Row { data: "", ..ROW },
            Row {
                channel: "c",
                event: Some("e"),
                data: &"x".repeat(100_000),
                ..ROW
            },
        ] {
            assert_eq!(Row::decode(42, &row.encode(42)), Ok(row));
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let bytes = ROW.encode(42);
        for at in 0..bytes.len() {
            assert_eq!(Row::decode(42, &bytes[..at]), Err(Damaged));
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[at] ^= 1 << bit;
                assert_eq!(Row::decode(42, &other), Err(Damaged), "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn a_row_in_the_place_of_another_is_noticed() {
        assert_eq!(Row::decode(43, &ROW.encode(42)), Err(Damaged));
    }

    #[test]
    fn a_row_is_charged_for_its_share_of_a_page_or_for_its_own_pages() {
        assert_eq!(charge(200), 4096 / 18 + 32);
        assert_eq!(charge(2100), 4096 + 32);
        assert_eq!(charge(9000), 16384 + 256);
    }
}
