//! What a message says about itself: which run it belongs to, its number, and when it was published.

use std::fmt::Write;

/// The text at the beginning of each message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stamp {
    /// Messages of a run are numbered from 0.
    pub(super) number: u64,
    /// [`now`] just before it was published.
    pub(super) sent: u64,
}

impl Stamp {
    /// The text of a message of `size` bytes.
    pub(super) fn text(self, run: u32, size: usize) -> String {
        let mut text = String::with_capacity(size);
        // Writing to a string cannot fail.
        let _ = write!(text, "{run:08x} {} {} ", self.number, self.sent);
        text.extend(std::iter::repeat_n('x', size.saturating_sub(text.len())));
        text
    }

    /// Reads a message of `run`. `None` if somebody else published it.
    pub(super) fn of(text: &str, run: u32) -> Option<Self> {
        let mut parts = text.splitn(4, ' ');
        if u32::from_str_radix(parts.next()?, 16) != Ok(run) {
            return None;
        }
        let number = parts.next()?.parse().ok()?;
        let sent = parts.next()?.parse().ok()?;
        parts.next().map(|_| Self { number, sent })
    }
}

/// Nanoseconds on a clock shared by all processes of the machine.
#[cfg(unix)]
pub(super) fn now() -> u64 {
    use rustix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[cfg(not(unix))]
pub(super) fn now() -> u64 {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
    now.map_or(0, |now| now.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_was_written_and_has_the_size_that_was_asked_for() {
        for stamp in [
            Stamp { number: 0, sent: 1 },
            Stamp {
                number: u64::MAX,
                sent: u64::MAX,
            },
        ] {
            let text = stamp.text(7, 64);
            assert_eq!(text.len(), 64);
            assert_eq!(Stamp::of(&text, 7), Some(stamp));
            assert_eq!(Stamp::of(&text, 8), None);
        }
        for text in [
            "",
            "hello",
            "00000007",
            "00000007 1",
            "00000007 1 2",
            "00000007 a b c",
        ] {
            assert_eq!(Stamp::of(text, 7), None, "{text}");
        }
    }
}
