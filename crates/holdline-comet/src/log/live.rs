//! Clients that are connected and had everything once: what they need next stays.
//!
//! Each message knows for how many of them it is the next, so pushing, reading on and evicting cost
//! O(1) however many clients there are. A client whose next message was evicted is not counted any more: that
//! is seen from its place, which is before [`evicted_through`](Log::evicted_through).

use super::Log;

impl<M> Log<M> {
    /// A client is *live* from now on: connected, and has everything up to the last message. Each
    /// message that comes waits for it, as long as it is at most
    /// [`max_lag`](super::LogLimits::max_lag) behind.
    ///
    /// Report its progress with [`advance`](Log::advance), and call [`leave`](Log::leave) in the end. A
    /// client of several logs joins each of them, when it has everything in all.
    ///
    /// ```
    /// use core::time::Duration;
    /// use holdline_comet::{Log, LogLimits};
    ///
    /// let mut limits = LogLimits::default();
    /// limits.max_messages = 0;
    /// let mut log = Log::new(limits);
    /// log.join(); // it has everything: there is nothing
    /// for sequence in 1..=3 {
    ///     log.push(sequence, 10, Duration::ZERO, "news")?;
    /// }
    /// assert_eq!(log.earliest(), 3); // nothing can be asked for later
    /// assert_eq!(log.evicted_through(), 0); // and the client gets all three
    /// assert_eq!(log.after(0).len(), 3);
    /// log.advance(0, 2);
    /// log.expire(Duration::ZERO);
    /// assert_eq!(log.evicted_through(), 2);
    /// # Ok::<(), holdline_comet::PushError>(())
    /// ```
    pub fn join(&mut self) {
        self.level = self.level.saturating_add(1);
    }

    /// A live client that had everything up to number `from` has everything up to `to` now. If it lost
    /// messages, it goes on after what it lost, and is not live any more if `to` is before that. O(log n).
    #[inline]
    pub fn advance(&mut self, from: u64, to: u64) {
        self.advance_all(from, to, 1);
    }

    /// The same for so many live clients at once, which all stand at one place. O(log n) for all of them.
    #[inline]
    pub fn advance_all(&mut self, from: u64, to: u64, clients: u32) {
        if from >= self.evicted_through {
            if from == to {
                return;
            }
            let counted = self.index_after(from);
            if counted == self.index_after(to) {
                return;
            }
            self.count(counted, |waiting| waiting.saturating_sub(clients));
        }
        if to >= self.evicted_through {
            self.count(self.index_after(to), |waiting| {
                waiting.saturating_add(clients)
            });
        }
    }

    /// A live client that had everything up to number `at` is not live any more. O(log n).
    pub fn leave(&mut self, at: u64) {
        if at >= self.evicted_through {
            self.count(self.index_after(at), |waiting| waiting.saturating_sub(1));
        }
    }

    /// How many live clients have everything. O(1).
    pub const fn up_to_date(&self) -> u32 {
        self.level
    }

    /// How far the live client is behind that is furthest behind: messages that it does not have yet, and their
    /// bytes as in [`lag`](Log::lag). Zero when all have everything. O(n): it looks for the first message that
    /// somebody waits for.
    pub fn furthest_behind(&self) -> (usize, u64) {
        let Some(index) = self.entries.iter().position(|entry| entry.waiting > 0) else {
            return (0, 0);
        };
        let before = index.checked_sub(1).and_then(|last| self.entries.get(last));
        let before = before.map_or(self.start, |entry| entry.end);
        (self.entries.len() - index, self.end().wrapping_sub(before))
    }

    /// Changes how many clients wait for the message at `index`, or for the one that is pushed next.
    fn count(&mut self, index: usize, change: impl FnOnce(u32) -> u32) {
        let waiting = match self.entries.get_mut(index) {
            Some(entry) => &mut entry.waiting,
            None => &mut self.level,
        };
        *waiting = change(*waiting);
    }
}
