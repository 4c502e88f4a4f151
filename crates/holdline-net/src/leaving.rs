//! A loop that stops: whose turn it is to be told.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::handler::ConnectionId;
use crate::shared::Stop;

/// The connections of a loop that stops, until each of them was told.
#[derive(Debug)]
pub(crate) struct Leaving {
    pub(crate) stop: Stop,
    /// When those that are left are closed, whatever they do.
    pub(crate) until: u64,
    turns: BinaryHeap<Reverse<(u64, ConnectionId)>>,
}

impl Leaving {
    /// Has each of the `open` connections told at a time of its own. `total` is how many all loops have together; of
    /// each it is said whether it is idle.
    pub(crate) fn new(
        stop: Stop,
        now: u64,
        times: Times,
        total: usize,
        open: &[(ConnectionId, bool)],
    ) -> Self {
        let drain = millis(times.drain).min(total as u64);
        let mut leaving = Self {
            stop,
            until: now
                .saturating_add(drain)
                .saturating_add(millis(times.stop_timeout)),
            turns: BinaryHeap::new(),
        };
        for (turn, &(id, idle)) in (0_u64..).zip(open) {
            let at = now + drain.saturating_mul(turn) / open.len() as u64;
            let at = if idle {
                at.max(leaving.patience(now))
            } else {
                at
            };
            leaving.turns.push(Reverse((at, id)));
        }
        leaving
    }

    /// A connection that was accepted just before.
    pub(crate) fn add(&mut self, id: ConnectionId, now: u64) {
        self.turns.push(Reverse((self.patience(now), id)));
    }

    /// The next one whose turn has come.
    pub(crate) fn due(&mut self, now: u64) -> Option<ConnectionId> {
        let &Reverse((at, id)) = self.turns.peek()?;
        if at > now {
            return None;
        }
        self.turns.pop();
        Some(id)
    }

    /// When there is something to do.
    pub(crate) fn next(&self) -> u64 {
        let turn = self.turns.peek().map(|&Reverse((at, _))| at);
        turn.unwrap_or(self.until).min(self.until)
    }

    /// Until when a client may send a request that is on its way. With nobody to ask instead, it need not wait.
    fn patience(&self, now: u64) -> u64 {
        match self.stop {
            Stop::Ends => now,
            Stop::HandsOver => (now + PATIENCE).min(self.until),
        }
    }
}

/// What the operator chose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) drain: Duration,
    pub(crate) stop_timeout: Duration,
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// In milliseconds.
const PATIENCE: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(stop: Stop, drain: u64, idle: bool) -> Vec<u64> {
        let open: Vec<_> = (0..4)
            .map(|index| {
                let generation = index;
                (ConnectionId { index, generation }, idle)
            })
            .collect();
        let times = Times {
            drain: Duration::from_millis(drain),
            stop_timeout: Duration::from_secs(5),
        };
        let mut leaving = Leaving::new(stop, 1_000, times, 1_000_000, &open);
        assert_eq!(leaving.until, 6_000 + drain);
        let mut turns = Vec::new();
        for now in 0..20_000 {
            while leaving.due(now).is_some() {
                turns.push(now);
            }
        }
        turns
    }

    #[test]
    fn all_are_told_one_after_the_other_over_the_time_that_there_is() {
        assert_eq!(
            turns(Stop::Ends, 8_000, false),
            [1_000, 3_000, 5_000, 7_000]
        );
        assert_eq!(turns(Stop::Ends, 0, true), [1_000; 4]);
    }

    #[test]
    fn an_idle_client_has_time_to_send_a_request_when_another_process_goes_on() {
        assert_eq!(turns(Stop::HandsOver, 0, true), [2_000; 4]);
        assert_eq!(turns(Stop::HandsOver, 0, false), [1_000; 4]);
    }

    #[test]
    fn a_few_connections_take_no_long_time() {
        let id = ConnectionId {
            index: 0,
            generation: 0,
        };
        let times = Times {
            drain: Duration::from_secs(60),
            stop_timeout: Duration::ZERO,
        };
        let leaving = Leaving::new(Stop::Ends, 0, times, 2, &[(id, false), (id, false)]);
        assert_eq!(leaving.until, 2);
    }
}
