//! Publishers that wait for what becomes of their messages.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::hub::{Hub, Published, Wakes};
use crate::journal::receipt::{Outcome, Receipt, Refusal};

/// What is on its way, by its mark.
#[derive(Debug, Default)]
pub(super) struct Table {
    waiting: HashMap<u64, Waiting>,
    /// Those that came before, by the number of the first.
    repeats: BTreeMap<u64, Vec<u64>>,
    /// Everything up to this number was shown.
    passed: u64,
}

#[derive(Debug)]
struct Waiting {
    receipt: Receipt,
    has_key: bool,
    /// When it came, on the hub's clock.
    since: Duration,
    /// It was given to the engine.
    is_sent: bool,
    /// The engine has it.
    is_kept: bool,
}

impl Table {
    /// Everything up to this number was shown when the server started.
    pub(super) fn begin(&mut self, passed: u64) {
        self.passed = passed;
    }

    /// A message is on its way.
    pub(super) fn expect(&mut self, mark: u64, receipt: Receipt, has_key: bool, now: Duration) {
        let waiting = Waiting {
            receipt,
            has_key,
            since: now,
            is_sent: false,
            is_kept: false,
        };
        self.waiting.insert(mark, waiting);
    }

    /// It is not.
    pub(super) fn forget(&mut self, mark: u64) {
        self.waiting.remove(&mark);
    }

    /// Whether its publisher still waits.
    pub(super) fn has(&self, mark: u64) -> bool {
        self.waiting.contains_key(&mark)
    }

    /// It is given to the engine.
    pub(super) fn sends(&mut self, mark: u64) {
        if let Some(waiting) = self.waiting.get_mut(&mark) {
            waiting.is_sent = true;
        }
    }

    /// It is kept under this number.
    pub(super) fn kept(&mut self, mark: u64, number: u64, hub: &Hub, wakes: &mut Wakes) {
        if let Some(waiting) = self.waiting.get_mut(&mark) {
            waiting.is_kept = true;
            // The cursor must be valid before anyone has it.
            hub.give(number);
            let kept = Outcome::Kept(hub.cursor_of(number));
            waiting.receipt.set(kept, hub, wakes);
        }
    }

    /// The same was kept before under this number.
    pub(super) fn repeated(&mut self, mark: u64, number: u64, hub: &Hub, wakes: &mut Wakes) {
        if number > self.passed {
            hub.give(number);
            self.repeats.entry(number).or_default().push(mark);
        } else {
            self.before(mark, number, hub, wakes);
        }
    }

    fn before(&mut self, mark: u64, number: u64, hub: &Hub, wakes: &mut Wakes) {
        if let Some(waiting) = self.waiting.remove(&mark) {
            let before = Outcome::Before(hub.cursor_of(number));
            waiting.receipt.set(before, hub, wakes);
        }
    }

    /// It is not published.
    pub(super) fn refused(&mut self, mark: u64, refusal: Refusal, hub: &Hub, wakes: &mut Wakes) {
        if let Some(waiting) = self.waiting.remove(&mark) {
            waiting.receipt.set(Outcome::Refused(refusal), hub, wakes);
        }
    }

    /// Everything up to this number was shown. `shown` if it is a message, and its mark.
    pub(super) fn passed(
        &mut self,
        number: u64,
        shown: Option<(u64, Published)>,
        hub: &Hub,
        wakes: &mut Wakes,
    ) {
        self.passed = number;
        if let Some((mark, published)) = shown
            && let Some(waiting) = self.waiting.remove(&mark)
        {
            waiting.receipt.set(Outcome::Shown(published), hub, wakes);
        }
        while let Some(first) = self.repeats.first_entry()
            && *first.key() <= number
        {
            let (first, marks) = first.remove_entry();
            for mark in marks {
                self.before(mark, first, hub, wakes);
            }
        }
    }

    /// A new life has begun, and everything up to `start` is over. Those that may have been kept are told that nobody
    /// knows.
    pub(super) fn begin_life(&mut self, start: u64, hub: &Hub, wakes: &mut Wakes) {
        self.passed = start;
        self.repeats.clear();
        self.waiting.retain(|_, waiting| {
            if waiting.is_sent {
                let refused = Outcome::Refused(Refusal::Uncertain);
                waiting.receipt.set(refused, hub, wakes);
            }
            !waiting.is_sent
        });
    }

    /// Tells those that have waited for longer than `patience` and do not know whether theirs is kept.
    pub(super) fn sweep(&mut self, patience: Duration, hub: &Hub, wakes: &mut Wakes) {
        let now = hub.now();
        self.waiting.retain(|_, waiting| {
            let waited = now.saturating_sub(waiting.since);
            if waiting.is_kept {
                // It will be shown, unless this server does not follow for very long.
                return waited < LONGEST;
            }
            if waited >= patience {
                let refused = Outcome::Refused(Refusal::Uncertain);
                waiting.receipt.set(refused, hub, wakes);
            }
            waited < patience
        });
    }

    /// Whether it may be sent again without being published twice.
    pub(super) fn may_come_again(&self, mark: u64) -> bool {
        self.waiting
            .get(&mark)
            .is_some_and(|waiting| waiting.has_key)
    }
}

/// A publisher has long been answered by then.
const LONGEST: Duration = Duration::from_secs(60);
