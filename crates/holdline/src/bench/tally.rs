//! Counts the results.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::stamp::Stamp;
use crate::names;

/// What one process saw. The tallies of several processes are added up.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// Connections that were made.
    pub(super) opened: u64,
    /// Connections that could not be made.
    pub(super) failed: u64,
    pub(super) delivered: u64,
    /// Messages that a connection received more than once.
    pub(super) doubled: u64,
    /// How often the server reported a loss.
    pub(super) told_lost: u64,
    /// Messages that did not arrive.
    pub(super) missing: u64,
    /// What went wrong, and how often.
    pub(super) troubles: BTreeMap<String, u64>,
    /// When the first connection was begun, the last was open, and the last message arrived.
    pub(super) begun: u64,
    pub(super) last_open: u64,
    pub(super) last_delivery: u64,
    /// Nanoseconds from publishing to receiving.
    pub(super) delays: Histogram<u64>,
}

impl Tally {
    /// An empty tally.
    pub(super) fn new() -> Result<Self, String> {
        Ok(Self {
            opened: 0,
            failed: 0,
            delivered: 0,
            doubled: 0,
            told_lost: 0,
            missing: 0,
            troubles: BTreeMap::new(),
            begun: u64::MAX,
            last_open: 0,
            last_delivery: 0,
            // Allocated at its full size, so that recording values never makes it larger.
            delays: Histogram::new_with_max(LONGEST, DIGITS).map_err(|error| error.to_string())?,
        })
    }

    /// Counts an error. The list stays short, whatever a server says.
    pub(super) fn trouble(&mut self, what: &str, times: u64) {
        let is_full = self.troubles.len() >= MAX_TROUBLES && !self.troubles.contains_key(what);
        let what = if is_full { "something else" } else { what };
        *self.troubles.entry(what.to_owned()).or_default() += times;
    }

    /// The tally in the form that is sent to another process.
    pub(super) fn report(&self) -> Report {
        let delays = self.delays.iter_recorded();
        Report {
            opened: self.opened,
            failed: self.failed,
            delivered: self.delivered,
            doubled: self.doubled,
            told_lost: self.told_lost,
            missing: self.missing,
            troubles: self.troubles.clone(),
            begun: self.begun,
            last_open: self.last_open,
            last_delivery: self.last_delivery,
            delays: delays
                .map(|step| (step.value_iterated_to(), step.count_at_value()))
                .collect(),
        }
    }

    /// Adds what another process saw.
    pub(super) fn add(&mut self, report: &Report) {
        self.opened += report.opened;
        self.failed += report.failed;
        self.delivered += report.delivered;
        self.doubled += report.doubled;
        self.told_lost += report.told_lost;
        self.missing += report.missing;
        self.begun = self.begun.min(report.begun);
        self.last_open = self.last_open.max(report.last_open);
        self.last_delivery = self.last_delivery.max(report.last_delivery);
        for (what, times) in &report.troubles {
            self.trouble(what, *times);
        }
        for &(delay, times) in &report.delays {
            self.delays.saturating_record_n(delay, times);
        }
    }
}

/// A tally as it is sent between processes.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Report {
    opened: u64,
    failed: u64,
    delivered: u64,
    doubled: u64,
    told_lost: u64,
    missing: u64,
    troubles: BTreeMap<String, u64>,
    begun: u64,
    last_open: u64,
    last_delivery: u64,
    /// Each delay, with how often it occurred.
    delays: Vec<(u64, u64)>,
}

/// What one connection has received.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// The number of the next message.
    next: u64,
    pub(super) delivered: u64,
}

/// Records the messages that arrived with one read.
#[derive(Debug)]
pub(super) struct Arrivals<'a> {
    pub(super) run: u32,
    /// When that read returned.
    pub(super) now: u64,
    pub(super) place: &'a mut Place,
    pub(super) tally: &'a mut Tally,
}

impl Arrivals<'_> {
    /// Counts a message with its event type.
    pub(super) fn message(&mut self, event: Option<&str>, text: &str) {
        if event == Some(names::LOST) {
            self.tally.told_lost += 1;
            return;
        }
        let Some(stamp) = Stamp::of(text, self.run) else {
            return;
        };
        if stamp.number < self.place.next {
            self.tally.doubled += 1;
            return;
        }
        self.place.next = stamp.number.saturating_add(1);
        self.place.delivered += 1;
        self.tally.delivered += 1;
        self.tally.last_delivery = self.now;
        let delay = self.now.saturating_sub(stamp.sent);
        self.tally.delays.saturating_record(delay);
    }
}

/// Significant digits of a delay.
const DIGITS: u8 = 3;
/// One hour. Longer delays count as this.
const LONGEST: u64 = 3_600_000_000_000;
const MAX_TROUBLES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_comes_twice_is_delivered_once() {
        let mut tally = Tally::new().unwrap();
        let mut place = Place::default();
        let mut arrivals = Arrivals {
            run: 7,
            now: 1_500,
            place: &mut place,
            tally: &mut tally,
        };
        for number in [0, 1, 1, 3] {
            let text = Stamp { number, sent: 500 }.text(7, 64);
            arrivals.message(None, &text);
        }
        arrivals.message(Some(names::LOST), "");
        arrivals.message(None, "of somebody else");
        assert_eq!((place.delivered, tally.delivered), (3, 3));
        assert_eq!((tally.doubled, tally.told_lost), (1, 1));
        assert_eq!(tally.delays.max(), 1_000);
    }

    #[test]
    fn two_processes_add_up() {
        let mut sum = Tally::new().unwrap();
        for delay in [1_000, 2_000_000] {
            let mut one = Tally::new().unwrap();
            one.delays.record_n(delay, 10).unwrap();
            one.delivered = 10;
            one.begun = delay;
            one.trouble("it was cut", 2);
            let line = serde_json::to_string(&one.report()).unwrap();
            sum.add(&serde_json::from_str(&line).unwrap());
        }
        assert_eq!(
            (sum.delivered, sum.delays.len(), sum.begun),
            (20, 20, 1_000)
        );
        assert_eq!(sum.troubles["it was cut"], 4);
        let (low, high) = (sum.delays.value_at_quantile(0.5), sum.delays.max());
        assert!((1_000..1_001).contains(&low), "{low}");
        assert!((1_998_000..2_002_000).contains(&high), "{high}");
    }
}
