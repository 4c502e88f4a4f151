//! One bound for all that has come and is not whole yet: heads, bodies and messages, over all loops.
//!
//! A connection is put down here while it keeps such bytes. When they are too many together, those go first that are
//! furthest behind what they should have sent. Until its loop has ended it, one that must go is listed as such: what it
//! sends meanwhile is not put down again, or another one would go for the same bytes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::handler::ConnectionId;

/// What a connection keeps that is not whole yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Unfinished {
    /// The moment at which it was on time, in milliseconds of the clock that all loops share.
    pub(crate) since: u64,
    /// Memory in bytes.
    pub(crate) held: usize,
}

/// A connection of one of the loops.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Holder {
    pub(crate) index: usize,
    pub(crate) connection: ConnectionId,
}

#[derive(Debug)]
pub(crate) struct Uploads {
    most: usize,
    ledger: Mutex<Ledger>,
}

#[derive(Debug, Default)]
struct Ledger {
    held: usize,
    holders: HashMap<Holder, Unfinished>,
    /// The same by time: the one that is furthest behind comes first.
    by_time: BTreeSet<(u64, Holder)>,
    /// Those that were struck out, and are not ended yet.
    going: HashSet<Holder>,
    /// When it was last told that some had to go, and how many went since.
    told: Option<Instant>,
    untold: usize,
}

impl Uploads {
    /// `most` bytes in all.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            ledger: Mutex::default(),
        }
    }

    /// Puts down what `holder` keeps now. Returns whether all of them together keep too much.
    pub(crate) fn put(&self, holder: Holder, unfinished: Option<Unfinished>) -> bool {
        let mut ledger = self.lock();
        ledger.remove(holder);
        let Some(unfinished) = unfinished else {
            ledger.going.remove(&holder);
            return ledger.held > self.most;
        };
        if !ledger.going.contains(&holder) {
            ledger.held += unfinished.held;
            ledger.holders.insert(holder, unfinished);
            ledger.by_time.insert((unfinished.since, holder));
        }
        ledger.held > self.most
    }

    /// Strikes out those that must go, so that what the others keep is not too much. Each of them must be asked about
    /// with [`must_go`](Self::must_go) before it is ended.
    pub(crate) fn shed(&self) -> Vec<Holder> {
        let mut ledger = self.lock();
        let mut shed = Vec::new();
        while ledger.held > self.most
            && let Some(&(_, holder)) = ledger.by_time.first()
        {
            ledger.remove(holder);
            ledger.going.insert(holder);
            shed.push(holder);
        }
        ledger.tell(shed.len(), self.most);
        shed
    }

    /// Whether `holder` was struck out and has kept something ever since. It is about to be ended, and counts again
    /// if it keeps anything even then.
    pub(crate) fn must_go(&self, holder: Holder) -> bool {
        self.lock().going.remove(&holder)
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        // A panic between two of its statements stops the whole server.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    fn remove(&mut self, holder: Holder) {
        if let Some(unfinished) = self.holders.remove(&holder) {
            self.held -= unfinished.held;
            self.by_time.remove(&(unfinished.since, holder));
        }
    }

    /// Logs that so many more go, at most once a minute.
    fn tell(&mut self, shed: usize, most: usize) {
        self.untold += shed;
        let is_due = self.told.is_none_or(|told| told.elapsed() >= TELL_AGAIN);
        if self.untold > 0 && is_due {
            self.told = Some(Instant::now());
            tracing::warn!(
                closed = std::mem::take(&mut self.untold),
                max_upload_total = most,
                "requests and messages that are not whole yet take too much memory: the slowest are refused"
            );
        }
    }
}

const TELL_AGAIN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(index: usize, number: u32) -> Holder {
        let connection = ConnectionId {
            index: number,
            generation: number,
        };
        Holder { index, connection }
    }

    fn unfinished(since: u64, held: usize) -> Option<Unfinished> {
        Some(Unfinished { since, held })
    }

    #[test]
    fn the_one_that_is_furthest_behind_goes_first_whichever_loop_it_belongs_to() {
        let uploads = Uploads::new(100);
        assert!(!uploads.put(holder(0, 1), unfinished(50, 40)));
        assert!(!uploads.put(holder(1, 1), unfinished(20, 40)));
        assert!(!uploads.put(holder(1, 2), unfinished(30, 20)));
        assert!(uploads.put(holder(0, 2), unfinished(60, 50)));
        assert_eq!(uploads.shed(), [holder(1, 1), holder(1, 2)]);
        assert_eq!(uploads.shed(), []);
    }

    #[test]
    fn what_is_whole_or_gone_is_not_counted() {
        let uploads = Uploads::new(100);
        assert!(!uploads.put(holder(0, 1), unfinished(1, 100)));
        assert!(uploads.put(holder(0, 2), unfinished(2, 1)));
        assert!(!uploads.put(holder(0, 1), None));
        assert!(!uploads.put(holder(0, 2), unfinished(3, 100)));
        // Progress makes another one the slowest.
        assert!(uploads.put(holder(0, 3), unfinished(2, 1)));
        assert!(uploads.put(holder(0, 3), unfinished(4, 1)));
        assert_eq!(uploads.shed(), [holder(0, 2)]);
        let ledger = uploads.lock();
        assert_eq!(
            (ledger.held, ledger.holders.len(), ledger.by_time.len()),
            (1, 1, 1)
        );
    }

    #[test]
    fn one_that_takes_too_much_alone_goes_alone() {
        let uploads = Uploads::new(100);
        assert!(uploads.put(holder(0, 1), unfinished(1, 1000)));
        assert_eq!(uploads.shed(), [holder(0, 1)]);
        assert!(!uploads.put(holder(0, 1), None));
    }

    #[test]
    fn nobody_goes_for_the_bytes_of_one_that_must_go_already() {
        let uploads = Uploads::new(100);
        assert!(!uploads.put(holder(0, 1), unfinished(1, 60)));
        assert!(!uploads.put(holder(0, 2), unfinished(2, 40)));
        assert!(uploads.put(holder(1, 1), unfinished(3, 10)));
        assert_eq!(uploads.shed(), [holder(0, 1)]);
        // Its loop has not heard of it, and reads more of what it sends.
        assert!(!uploads.put(holder(0, 1), unfinished(4, 80)));
        assert_eq!(uploads.shed(), []);
        assert!(uploads.must_go(holder(0, 1)));
        assert!(!uploads.must_go(holder(0, 1)));
        assert!(!uploads.must_go(holder(0, 2)));
    }

    #[test]
    fn one_that_was_whole_before_its_loop_heard_that_it_must_go_stays() {
        let uploads = Uploads::new(100);
        assert!(uploads.put(holder(0, 1), unfinished(1, 101)));
        assert_eq!(uploads.shed(), [holder(0, 1)]);
        assert!(!uploads.put(holder(0, 1), None));
        assert!(!uploads.put(holder(0, 1), unfinished(2, 100)));
        assert!(!uploads.must_go(holder(0, 1)));
        assert!(uploads.put(holder(0, 1), unfinished(2, 101)));
        assert_eq!(uploads.shed(), [holder(0, 1)]);
    }
}
