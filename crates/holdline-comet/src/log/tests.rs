//! `Log` beside a naive model: a `Vec` that never forgets, and marks what is gone.

use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

fn limits(max_messages: usize, max_bytes: usize, max_age: Option<u64>) -> LogLimits {
    LogLimits {
        max_messages,
        max_bytes,
        max_age: max_age.map(Duration::from_secs),
    }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn sequences<M>(entries: Entries<'_, M>) -> Vec<u64> {
    entries.map(|(sequence, _)| sequence).collect()
}

#[test]
fn an_empty_log_has_nothing_and_lost_nothing() {
    let log: Log<()> = Log::new(LogLimits::default());
    assert_eq!(log.after(0).len(), 0);
    assert_eq!(log.after(5).len(), 0);
    assert_eq!((log.evicted_through(), log.lag(0)), (0, 0));
}

#[test]
fn numbers_must_grow() {
    let mut log = Log::new(LogLimits::default());
    assert!(log.push(0, 1, secs(0), ()).is_err());
    assert!(log.push(3, 1, secs(0), ()).is_ok());
    assert!(log.push(3, 1, secs(0), ()).is_err());
    assert_eq!(log.len(), 1);
    assert_eq!(log.last_sequence(), 3);
}

#[test]
fn a_message_larger_than_the_log_is_kept_alone() {
    let mut log = Log::new(limits(10, 100, None));
    log.push(1, 10, secs(0), "a").unwrap();
    log.push(2, 1000, secs(0), "b").unwrap();
    assert_eq!((log.len(), log.bytes()), (1, 1000));
    log.push(3, 10, secs(0), "c").unwrap();
    assert_eq!((log.len(), log.bytes()), (1, 10));
    assert_eq!(log.evicted_through(), 2);
}

#[test]
fn a_log_of_none_keeps_the_newest() {
    let mut log = Log::new(limits(0, 0, None));
    log.push(1, 10, secs(0), ()).unwrap();
    log.push(2, 10, secs(0), ()).unwrap();
    assert_eq!(sequences(log.iter()), [2]);
}

#[test]
fn age_removes_also_the_newest() {
    let mut log = Log::new(limits(10, 100, Some(30)));
    log.push(1, 1, secs(0), ()).unwrap();
    log.push(2, 1, secs(10), ()).unwrap();
    assert_eq!(log.poll_timeout(), Some(secs(30)));
    log.expire(secs(30));
    assert_eq!(log.len(), 2);
    log.expire(secs(31));
    assert_eq!(log.len(), 1);
    log.expire(secs(1000));
    assert!(log.is_empty());
    assert_eq!(log.poll_timeout(), None);
    assert_eq!((log.evicted_through(), log.last_sequence()), (2, 2));
}

#[test]
fn a_clock_that_goes_back_does_not_hide_older_messages() {
    let mut log = Log::new(limits(10, 100, Some(30)));
    log.push(1, 1, secs(100), ()).unwrap();
    log.push(2, 1, secs(50), ()).unwrap();
    log.expire(secs(120));
    assert_eq!(log.len(), 2);
    log.expire(secs(131));
    assert_eq!(log.len(), 0);
    // The second counts as pushed with the first, also when the first is gone.
    let mut log = Log::new(limits(1, 100, Some(30)));
    log.push(1, 1, secs(100), ()).unwrap();
    log.push(2, 1, secs(50), ()).unwrap();
    log.expire(secs(120));
    assert_eq!(sequences(log.iter()), [2]);
}

#[test]
fn a_log_made_anew_remembers_that_it_forgot() {
    let mut log = Log::with_evicted_through(LogLimits::default(), 40);
    assert_eq!((log.evicted_through(), log.last_sequence()), (40, 40));
    assert!(log.push(40, 1, secs(0), ()).is_err());
    assert!(log.push(41, 1, secs(0), ()).is_ok());
}

#[test]
fn memory_is_given_back() {
    let mut log = Log::new(limits(100_000, usize::MAX, Some(1)));
    for sequence in 1..=100_000 {
        log.push(sequence, 1, secs(0), sequence).unwrap();
    }
    log.expire(secs(2));
    assert!(log.is_empty());
    assert!(log.entries.capacity() <= MIN_CAPACITY);
}

#[test]
fn totals_may_wrap() {
    let mut log = Log::new(limits(2, usize::MAX, None));
    log.start = u64::MAX - 5;
    for sequence in 1..=4 {
        log.push(sequence, 4, secs(0), ()).unwrap();
    }
    assert_eq!(log.bytes(), 8);
    assert_eq!(log.lag(3), 4);
}

/// What happened to one message, kept for ever.
#[derive(Debug)]
struct Seen {
    sequence: u64,
    size: usize,
    pushed: u64,
    gone: bool,
}

/// The rules of `Log` in the plainest words.
struct Model {
    limits: LogLimits,
    seen: Vec<Seen>,
}

impl Model {
    fn kept(&self) -> Vec<&Seen> {
        self.seen.iter().filter(|seen| !seen.gone).collect()
    }

    fn push(&mut self, sequence: u64, size: usize, now: u64) {
        self.expire(now);
        self.seen.push(Seen {
            sequence,
            size,
            pushed: now,
            gone: false,
        });
        loop {
            let kept = self.kept();
            let bytes: usize = kept.iter().map(|seen| seen.size).sum();
            let fits = kept.len() <= self.limits.max_messages && bytes <= self.limits.max_bytes;
            if fits || kept.len() == 1 {
                break;
            }
            let oldest = kept[0].sequence;
            for seen in &mut self.seen {
                seen.gone |= seen.sequence == oldest;
            }
        }
    }

    fn expire(&mut self, now: u64) {
        for seen in &mut self.seen {
            seen.gone |= self
                .limits
                .max_age
                .is_some_and(|max_age| secs(now) - secs(seen.pushed) > max_age);
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push {
        hole: u64,
        size: usize,
        elapsed: u64,
    },
    Expire {
        elapsed: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..4_u64, 0..40_usize, 0..5_u64)
            .prop_map(|(hole, size, elapsed)| Step::Push { hole, size, elapsed }),
        1 => (0..20_u64).prop_map(|elapsed| Step::Expire { elapsed }),
    ]
}

proptest! {
    #[test]
    fn the_log_agrees_with_one_that_never_forgets(
        max_messages in 0..20_usize,
        max_bytes in 0..300_usize,
        max_age in proptest::option::of(0..30_u64),
        steps in proptest::collection::vec(step(), 0..80),
    ) {
        let limits = limits(max_messages, max_bytes, max_age);
        let mut log = Log::new(limits);
        let mut model = Model { limits, seen: vec![] };
        let (mut now, mut last) = (0, 0);
        for step in steps {
            match step {
                Step::Push { hole, size, elapsed } => {
                    now += elapsed;
                    last += hole;
                    log.push(last, size, secs(now), last).unwrap();
                    model.push(last, size, now);
                }
                Step::Expire { elapsed } => {
                    now += elapsed;
                    log.expire(secs(now));
                    model.expire(now);
                }
            }
            let kept = model.kept();
            prop_assert_eq!(log.len(), kept.len());
            prop_assert_eq!(log.bytes(), kept.iter().map(|seen| seen.size as u64).sum::<u64>());
            prop_assert_eq!(log.last_sequence(), last);
        }
        for cursor in 0..=last + 2 {
            let after = || model.seen.iter().filter(move |seen| seen.sequence > cursor);
            let kept: Vec<_> = after().filter(|seen| !seen.gone).collect();
            let gone = after().filter(|seen| seen.gone).count();
            prop_assert_eq!(gone > 0, log.evicted_through() > cursor);
            let expected: Vec<_> = kept.iter().map(|seen| seen.sequence).collect();
            prop_assert_eq!(sequences(log.after(cursor)), expected);
            prop_assert!(log.after(cursor).all(|(sequence, message)| sequence == *message));
            let bytes: u64 = kept.iter().map(|seen| seen.size as u64).sum();
            prop_assert_eq!(log.lag(cursor), bytes);
        }
    }
}
