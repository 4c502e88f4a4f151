//! What a log keeps, case by case. `model` has a log beside one that never forgets.

mod model;

use alloc::vec::Vec;

use super::keep::MIN_CAPACITY;
use super::*;

fn limits(max_messages: usize, max_bytes: usize, max_age: Option<u64>) -> LogLimits {
    LogLimits {
        max_messages,
        max_bytes,
        max_age: max_age.map(Duration::from_secs),
        ..LogLimits::default()
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
fn a_message_larger_than_the_log_is_delivered_and_not_retained() {
    let mut log = Log::new(limits(10, 100, None));
    log.push(1, 10, secs(0), "a").unwrap();
    log.push(2, 1000, secs(0), "b").unwrap();
    assert_eq!((sequences(log.iter()), log.earliest()), (alloc::vec![2], 2));
    assert_eq!((log.retained_bytes(), log.lingering_bytes()), (0, 1000));
    log.push(3, 10, secs(0), "c").unwrap();
    assert_eq!((log.retained_bytes(), log.lingering_bytes()), (10, 0));
    assert_eq!((log.evicted_through(), log.earliest()), (2, 2));
}

#[test]
fn with_limits_of_zero_nothing_can_be_asked_for_and_the_newest_is_there_for_those_who_wait() {
    let mut log = Log::new(limits(0, 0, None));
    log.push(1, 10, secs(0), ()).unwrap();
    log.push(2, 10, secs(0), ()).unwrap();
    assert_eq!((sequences(log.iter()), log.earliest()), (alloc::vec![2], 2));
    log.expire(secs(0));
    assert_eq!((log.len(), log.evicted_through()), (0, 2));
}

#[test]
fn a_client_that_comes_back_within_the_resume_window_has_lost_nothing() {
    let limits = LogLimits {
        resume_window: secs(30),
        ..limits(1, usize::MAX, None)
    };
    let mut log = Log::new(limits);
    for sequence in 1..=10 {
        log.push(sequence, 10, secs(sequence), ()).unwrap();
    }
    assert_eq!((log.earliest(), log.evicted_through()), (9, 0));
    assert_eq!(log.poll_timeout(), Some(secs(31)));
    log.expire(secs(35));
    assert_eq!((log.earliest(), log.evicted_through()), (9, 5));
    log.expire(secs(100));
    assert_eq!(
        (sequences(log.iter()), log.poll_timeout()),
        (alloc::vec![10], None)
    );
}

#[test]
fn a_live_client_gets_what_it_needs_until_it_is_too_far_behind() {
    let limits = LogLimits {
        max_lag: 50,
        ..limits(1, usize::MAX, None)
    };
    let mut log = Log::new(limits);
    log.push(1, 10, secs(0), ()).unwrap();
    log.join();
    log.join();
    for sequence in 2..=7 {
        log.push(sequence, 10, secs(0), ()).unwrap();
    }
    assert_eq!((log.earliest(), log.evicted_through()), (6, 1));
    assert_eq!(
        log.oldest_lingering(),
        Some(Lingering {
            sequence: 2,
            is_needed: true
        })
    );
    log.advance(1, 4);
    log.expire(secs(0));
    assert_eq!(log.evicted_through(), 1, "the other one needs it");
    log.push(8, 10, secs(0), ()).unwrap();
    assert_eq!(log.evicted_through(), 4, "it is too far behind");
    // It finds out when it reads on, and goes on at the end.
    log.advance(1, 8);
    log.leave(4);
    log.expire(secs(0));
    assert_eq!((log.evicted_through(), log.len()), (7, 1));
    log.push(9, 10, secs(0), ()).unwrap();
    log.push(10, 10, secs(0), ()).unwrap();
    assert_eq!(log.evicted_through(), 8);
    log.leave(8);
    log.expire(secs(0));
    assert_eq!(log.evicted_through(), 9);
}

#[test]
fn a_message_that_grows_is_retained_no_longer_than_its_bytes_allow() {
    let mut log = Log::new(limits(10, 100, None));
    log.push(1, 40, secs(0), ()).unwrap();
    log.push(2, 40, secs(0), ()).unwrap();
    log.charge(2, 20);
    assert_eq!((log.retained(), log.retained_bytes()), (2, 100));
    log.charge(2, 1);
    assert_eq!(
        (log.retained(), log.retained_bytes(), log.lingering_bytes()),
        (1, 61, 40)
    );
    log.charge(1, 5);
    assert_eq!(
        (log.retained_bytes(), log.lingering_bytes(), log.lag(0)),
        (61, 45, 80)
    );
    log.expire(secs(0));
    log.charge(1, 5);
    assert_eq!((log.retained_bytes(), log.lingering_bytes()), (61, 0));
}

#[test]
fn age_removes_also_the_newest() {
    let mut log = Log::new(limits(10, 100, Some(30)));
    log.push(1, 1, secs(0), ()).unwrap();
    log.push(2, 1, secs(10), ()).unwrap();
    log.expire(secs(30));
    assert_eq!(log.len(), 2);
    let timeout = log.poll_timeout().unwrap();
    assert_eq!(timeout, secs(30) + Duration::from_nanos(1));
    log.expire(timeout);
    assert_eq!(log.len(), 1);
    log.expire(secs(1000));
    assert!(log.is_empty());
    assert_eq!(log.poll_timeout(), None);
    assert_eq!((log.evicted_through(), log.last_sequence()), (2, 2));
}

#[test]
fn a_loop_that_sleeps_until_the_timeout_does_not_spin_while_a_client_reads() {
    let mut log = Log::new(limits(1, usize::MAX, None));
    log.join();
    for sequence in 1..=3 {
        log.push(sequence, 10, secs(0), ()).unwrap();
    }
    // The client is behind: what it needs is gone when it has read, not at any time.
    log.expire(secs(60));
    assert_eq!((log.len(), log.poll_timeout()), (3, None));
    log.advance(0, 1);
    let timeout = log.poll_timeout().unwrap();
    log.expire(timeout);
    assert_eq!((log.evicted_through(), log.poll_timeout()), (1, None));
}

#[test]
fn each_turn_of_a_loop_that_sleeps_until_the_timeout_changes_something() {
    let limits = LogLimits {
        resume_window: secs(20),
        ..limits(10, 100, Some(30))
    };
    let mut log = Log::new(limits);
    for sequence in 1..=3 {
        log.push(sequence, 1, secs(10 * sequence), ()).unwrap();
    }
    log.retire();
    let mut turns = 0;
    while let Some(timeout) = log.poll_timeout() {
        let before = (log.len(), log.retained());
        log.expire(timeout);
        assert_ne!((log.len(), log.retained()), before, "at {timeout:?}");
        turns += 1;
    }
    assert!(log.is_empty() && turns <= 6);
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
    assert_eq!((log.retained_bytes(), log.lag(2), log.lag(3)), (8, 8, 4));
}
