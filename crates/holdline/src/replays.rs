//! Limits how many older messages each address may read.
//!
//! An address has an allowance per minute, which refills at that rate. A request for older messages is let in while
//! anything is left, and may then take more than that: the excess must be paid back before the next request.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The state of all addresses that have used part of their allowance.
#[derive(Debug)]
pub(crate) struct Replays {
    /// Bytes per minute. `None` means no limit.
    most: Option<u64>,
    taken: Mutex<HashMap<IpAddr, Taken>>,
}

/// What an address has used and not got back yet.
#[derive(Clone, Copy, Debug)]
struct Taken {
    bytes: u64,
    at: Instant,
}

impl Replays {
    pub(crate) fn new(most: Option<u64>) -> Self {
        Self {
            most,
            taken: Mutex::default(),
        }
    }

    /// Whether there is a limit at all.
    pub(crate) fn are_limited(&self) -> bool {
        self.most.is_some()
    }

    /// How long this address must wait before it may ask for older messages; `None` if it may ask now.
    pub(crate) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let most = self.most?;
        let bytes = self.lock().get(&address)?.left(most, now);
        // The debt must fall below the limit, hence the 1.
        let over = bytes.checked_sub(most)? + 1;
        Some(MINUTE.mul_f64(over as f64 / most as f64))
    }

    /// Records that it read this many bytes of older messages.
    pub(crate) fn take(&self, address: IpAddr, bytes: u64, now: Instant) {
        let Some(most) = self.most else {
            return;
        };
        let mut taken = self.lock();
        if taken.len() >= ADDRESSES && !taken.contains_key(&address) {
            taken.retain(|_, taken| taken.left(most, now) > 0);
            if taken.len() >= ADDRESSES {
                // When so many addresses read at once, no single one is to blame.
                return;
            }
        }
        let left = taken.get(&address).map_or(0, |taken| taken.left(most, now));
        let bytes = left.saturating_add(bytes);
        taken.insert(address, Taken { bytes, at: now });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// How much of it has not been paid back at `now`.
    fn left(self, most: u64, now: Instant) -> u64 {
        let minutes = now.saturating_duration_since(self.at).as_secs_f64() / MINUTE.as_secs_f64();
        self.bytes.saturating_sub((minutes * most as f64) as u64)
    }
}

const MINUTE: Duration = Duration::from_secs(60);
/// About 10 MiB of memory.
const ADDRESSES: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const BOB: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn what_is_too_much_is_paid_back_first() {
        let replays = Replays::new(Some(6_000));
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(replays.wait(ANN, start), None);
        replays.take(ANN, 5_999, start);
        assert_eq!(replays.wait(ANN, start), None);
        replays.take(ANN, 3_001, start);
        let wait = replays.wait(ANN, start).unwrap();
        assert!((30..=31).contains(&wait.as_secs()), "{wait:?}");
        assert!(replays.wait(ANN, after(29)).is_some());
        assert_eq!(replays.wait(ANN, after(31)), None);
        assert_eq!(replays.wait(BOB, start), None);
        // From then on it has the allowance of one minute, not more.
        replays.take(ANN, 6_000, after(1_000));
        assert!(replays.wait(ANN, after(1_000)).is_some());
    }

    #[test]
    fn without_a_limit_nothing_is_kept() {
        let replays = Replays::new(None);
        replays.take(ANN, u64::MAX, Instant::now());
        assert_eq!(replays.wait(ANN, Instant::now()), None);
        assert!(replays.lock().is_empty());
    }

    #[test]
    fn addresses_that_owe_nothing_are_forgotten_when_there_are_many() {
        let replays = Replays::new(Some(60));
        let start = Instant::now();
        let address = |number: u32| IpAddr::V4(number.into());
        for number in 0..ADDRESSES as u32 {
            replays.take(address(number), 1, start);
        }
        replays.take(ANN, 100, start);
        assert_eq!(replays.lock().len(), ADDRESSES);
        assert_eq!(replays.wait(ANN, start), None);
        let later = start + Duration::from_secs(2);
        replays.take(ANN, 100, later);
        assert!(replays.wait(ANN, later).is_some());
        assert_eq!(replays.lock().len(), 1);
    }
}
