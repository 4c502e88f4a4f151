//! One held request: the heart of long polling.

use core::time::Duration;

/// A request that is held open until there is something to answer.
///
/// Three things can end it: data, its timeout, or the client going away. The first one
/// that is reported wins and is returned; everything later returns `None`. So the request
/// is answered exactly once, in whatever order the calls come.
///
/// Time is a `Duration` since an origin of the caller's choice. The order of calls decides,
/// not the clock: data that is reported before the timeout is still data, however late.
///
/// ```
/// use core::time::Duration;
/// use holdline_comet::{Hold, Release};
///
/// let now = Duration::from_secs(100);
/// let mut hold = Hold::new(now, Duration::from_secs(25));
/// assert_eq!(hold.poll_timeout(), Some(Duration::from_secs(125)));
/// assert_eq!(hold.handle_timeout(now), None); // too early
/// assert_eq!(hold.data(), Some(Release::Data));
/// assert_eq!(hold.disconnect(), None); // already answered
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// `None` once released.
    deadline: Option<Duration>,
}

impl Hold {
    /// Holds a request from `now` for at most `wait`. With a `wait` of zero the first
    /// [`handle_timeout`](Hold::handle_timeout) releases it: a plain poll.
    pub const fn new(now: Duration, wait: Duration) -> Self {
        Self {
            deadline: Some(now.saturating_add(wait)),
        }
    }

    /// There is data for the client: answer with it when this returns
    /// [`Release::Data`].
    #[must_use = "the request is to be answered when it is released"]
    pub const fn data(&mut self) -> Option<Release> {
        self.release(Release::Data)
    }

    /// The client went away: forget the request, there is nobody to answer.
    pub const fn disconnect(&mut self) -> Option<Release> {
        self.release(Release::Disconnect)
    }

    /// Releases the request when the deadline has come: answer without messages when this
    /// returns [`Release::Timeout`].
    #[must_use = "the request is to be answered when it is released"]
    pub fn handle_timeout(&mut self, now: Duration) -> Option<Release> {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.release(Release::Timeout)
        } else {
            None
        }
    }

    /// When to call [`handle_timeout`](Hold::handle_timeout); `None` once released.
    pub const fn poll_timeout(&self) -> Option<Duration> {
        self.deadline
    }

    /// Whether the request still waits.
    pub const fn is_held(&self) -> bool {
        self.deadline.is_some()
    }

    const fn release(&mut self, release: Release) -> Option<Release> {
        match self.deadline.take() {
            Some(_) => Some(release),
            None => None,
        }
    }
}

/// What ended a [`Hold`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Release {
    /// There is data: answer with it.
    Data,
    /// The wait is over: answer that there is nothing new.
    Timeout,
    /// The client is gone: there is nobody to answer.
    Disconnect,
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wait_of_zero_is_over_at_once() {
        let mut hold = Hold::new(Duration::from_secs(5), Duration::ZERO);
        assert_eq!(
            hold.handle_timeout(Duration::from_secs(5)),
            Some(Release::Timeout)
        );
        assert!(!hold.is_held());
    }

    #[test]
    fn a_wait_without_end_does_not_overflow() {
        let mut hold = Hold::new(Duration::from_secs(5), Duration::MAX);
        assert_eq!(hold.handle_timeout(Duration::from_secs(u64::MAX)), None);
        assert_eq!(hold.data(), Some(Release::Data));
    }

    proptest! {
        #[test]
        fn the_first_to_come_releases_it_once(
            wait in 0..20_u64,
            calls in proptest::collection::vec((0..3_u8, 0..5_u64), 0..20),
        ) {
            let mut hold = Hold::new(Duration::ZERO, Duration::from_secs(wait));
            let mut now = 0;
            let mut expected = None;
            let mut released = Vec::new();
            for (call, elapsed) in calls {
                now += elapsed;
                let due = match call {
                    0 => Some(Release::Data),
                    1 => Some(Release::Disconnect),
                    _ => (now >= wait).then_some(Release::Timeout),
                };
                expected = expected.or(due);
                released.extend(match call {
                    0 => hold.data(),
                    1 => hold.disconnect(),
                    _ => hold.handle_timeout(Duration::from_secs(now)),
                });
                prop_assert_eq!(hold.is_held(), expected.is_none());
                prop_assert_eq!(hold.poll_timeout().is_some(), expected.is_none());
            }
            prop_assert_eq!(released, expected.into_iter().collect::<Vec<_>>());
        }
    }
}
