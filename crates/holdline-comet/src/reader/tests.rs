//! `Reader` beside a naive oracle: a list of every message that there ever was, of which each knows
//! whether it is gone, and whether the client was told so.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::log::LogLimits;

const EPOCH: u64 = 3;

fn limits(max_messages: usize) -> LogLimits {
    LogLimits {
        max_messages,
        ..LogLimits::default()
    }
}

fn log(max_messages: usize, sequences: impl IntoIterator<Item = u64>) -> Log<u64> {
    let mut log = Log::new(limits(max_messages));
    for sequence in sequences {
        log.push(sequence, 1, Duration::ZERO, sequence).unwrap();
    }
    log
}

/// Reads all there is: where it was told that something is lost, and the numbers.
fn read(reader: Reader<'_, u64>, position: &mut Position) -> (Option<u64>, Vec<u64>) {
    let reading = reader.read(position);
    let lost = reading.lost.map(|cursor| cursor.sequence());
    (lost, reading.map(|(_, sequence, _)| sequence).collect())
}

fn at(sequence: u64) -> Position {
    Position::after(Cursor::new(EPOCH, sequence))
}

#[test]
fn no_logs_and_empty_logs_give_nothing_and_lose_nothing() {
    let empty = log(10, []);
    for logs in [&[][..], &[&empty], &[&empty, &empty]] {
        for since in [
            Since::Now,
            Since::Earliest,
            Since::Cursor(Cursor::new(EPOCH, 2)),
        ] {
            let reader = Reader::new(EPOCH, 5, logs);
            let mut position = reader.position(since);
            assert_eq!(read(reader, &mut position), (None, vec![]));
            assert_eq!(position, at(5), "nothing lies before the head");
        }
    }
}

#[test]
fn the_first_log_goes_first_where_numbers_are_equal() {
    let (one, two) = (log(10, [1, 2]), log(10, [2, 3]));
    let mut position = at(0);
    let logs = [&two, &one];
    let order = Reader::new(EPOCH, 3, &logs)
        .read(&mut position)
        .map(|(log, sequence, _)| (log, sequence));
    assert_eq!(order.collect::<Vec<_>>(), [(1, 1), (0, 2), (1, 2), (0, 3)]);
}

#[test]
fn a_cursor_of_another_epoch_or_from_the_future_has_lost_and_gets_all() {
    let (one, two) = (log(10, [2, 4]), log(10, [3]));
    let logs = [&one, &two];
    let reader = Reader::new(EPOCH, 4, &logs);
    for cursor in [
        Cursor::new(EPOCH + 1, 3),
        Cursor::new(EPOCH, 5),
        Cursor::new(EPOCH, u64::MAX),
    ] {
        let mut position = Position::after(cursor);
        assert_eq!(reader.lag(&position), 3);
        assert_eq!(read(reader, &mut position), (Some(1), vec![2, 3, 4]));
        assert_eq!(read(reader, &mut position), (None, vec![]));
    }
}

#[test]
fn a_number_that_is_on_its_way_is_neither_lost_nor_there() {
    let one = log(2, [2, 4, 6]);
    let mut position = at(9);
    let logs = [&one];
    let reader = Reader::new(EPOCH, 6, &logs).with_given(9);
    assert!(reader.is_ahead(&position));
    assert_eq!(reader.lag(&position), 0);
    assert_eq!(read(reader, &mut position), (None, vec![]));
    assert_eq!(position, at(9), "it does not go back to the head");
    // 7 belongs to it already, 8 to nobody, and 10 is new.
    let one = log(3, [2, 4, 6, 7, 10]);
    let logs = [&one];
    let reader = Reader::new(EPOCH, 10, &logs).with_given(9);
    assert!(!reader.is_ahead(&position));
    assert_eq!(read(reader, &mut position), (None, vec![10]));
    assert_eq!(read(Reader::new(EPOCH, 10, &logs), &mut at(11)).0, Some(5));
}

#[test]
fn a_client_that_skips_goes_on_at_the_head() {
    let one = log(10, [1, 2, 3]);
    let logs = [&one];
    let reader = Reader::new(EPOCH, 8, &logs);
    let mut position = at(1);
    assert_eq!(reader.lag(&position), 2);
    assert_eq!(reader.skip(&mut position), Cursor::new(EPOCH, 8));
    assert_eq!(read(reader, &mut position), (None, vec![]));
}

#[test]
fn a_client_ahead_that_skips_gets_no_message_twice() {
    let one = log(10, [1, 2, 3]);
    let logs = [&one];
    let reader = Reader::new(EPOCH, 3, &logs).with_given(5);
    let mut position = at(5);
    assert_eq!(reader.skip(&mut position), Cursor::new(EPOCH, 5));
    let one = log(10, [1, 2, 3, 4, 5, 6]);
    let logs = [&one];
    let reader = Reader::new(EPOCH, 6, &logs);
    assert_eq!(read(reader, &mut position), (None, vec![6]));
}

/// Logs that retain one message, and have all the others still.
fn lingering(sequences: impl IntoIterator<Item = u64>) -> Log<u64> {
    let mut log = Log::new(LogLimits {
        resume_window: Duration::from_secs(30),
        ..limits(1)
    });
    for sequence in sequences {
        log.push(sequence, 1, Duration::ZERO, sequence).unwrap();
    }
    log
}

#[test]
fn asking_for_all_gives_what_each_log_retains_and_a_cursor_gives_what_is_there() {
    let (quiet, busy) = (lingering([3]), lingering([1, 2, 4, 5]));
    let logs = [&quiet, &busy];
    let reader = Reader::new(EPOCH, 6, &logs);
    let mut earliest = reader.position(Since::Earliest);
    assert_eq!(
        (earliest.cursor(), reader.lag(&earliest)),
        (at(2).cursor(), 2)
    );
    assert_eq!(read(reader, &mut earliest.clone()), (None, vec![3, 5]));
    // Not even when what was left out is gone meanwhile.
    let mut busy = busy.clone();
    busy.expire(Duration::from_secs(60));
    let logs = [&quiet, &busy];
    assert_eq!(
        read(Reader::new(EPOCH, 6, &logs), &mut earliest),
        (None, vec![3, 5])
    );
    assert_eq!(read(reader, &mut at(0)), (None, vec![1, 2, 3, 4, 5]));
    // A cursor that is made up gets no more than who asks for all.
    for cursor in [Cursor::new(EPOCH + 1, 0), Cursor::new(EPOCH, 7)] {
        let mut position = Position::after(cursor);
        assert!(reader.has_lost(&position));
        assert_eq!(reader.lag(&position), 2);
        assert_eq!(read(reader, &mut position), (Some(2), vec![3, 5]));
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// A message in one of the logs.
    Push(usize),
    /// A log is dropped, and made anew.
    Forget(usize),
    /// The client takes so many messages.
    Read(usize),
    /// It begins again, so many numbers before the head.
    Since(u64),
    Earliest,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..LOGS).prop_map(Step::Push),
        1 => (0..LOGS).prop_map(Step::Forget),
        4 => (0..6_usize).prop_map(Step::Read),
        1 => (0..30_u64).prop_map(Step::Since),
        1 => Just(Step::Earliest),
    ]
}

#[derive(Debug)]
struct Seen {
    sequence: u64,
    log: usize,
    gone: bool,
    /// The client was told that it is gone, or did not ask for it.
    told: bool,
}

/// The rules of the reader in the plainest words.
#[derive(Debug, Default)]
struct Oracle {
    all: Vec<Seen>,
    place: u64,
}

impl Oracle {
    fn push(&mut self, sequence: u64, log: usize, max_messages: usize) {
        self.all.push(Seen {
            sequence,
            log,
            gone: false,
            told: false,
        });
        let kept = self.all.iter().filter(|seen| seen.log == log && !seen.gone);
        let too_many = kept.count().saturating_sub(max_messages);
        let kept = self
            .all
            .iter_mut()
            .filter(|seen| seen.log == log && !seen.gone);
        kept.take(too_many).for_each(|seen| seen.gone = true);
    }

    fn forget(&mut self, log: usize) {
        let of_log = self.all.iter_mut().filter(|seen| seen.log == log);
        of_log.for_each(|seen| seen.gone = true);
    }

    fn first_kept_after(&self, place: u64) -> Option<u64> {
        let after = self.all.iter().filter(|seen| seen.sequence > place);
        after
            .filter(|seen| !seen.gone)
            .map(|seen| seen.sequence)
            .next()
    }

    fn tell(&mut self) {
        self.all.iter_mut().for_each(|seen| seen.told |= seen.gone);
    }

    fn begin(&mut self, place: u64) {
        self.place = place;
        self.all.iter_mut().for_each(|seen| seen.told = false);
    }

    fn read(&mut self, head: u64, at_most: usize) -> (Option<u64>, Vec<(usize, u64)>, u64) {
        let place = self.place;
        let after = || self.all.iter().filter(|seen| seen.sequence > place);
        let misses = after().any(|seen| seen.gone && !seen.told);
        let kept = after().filter(|seen| !seen.gone);
        let all: Vec<_> = kept.map(|seen| (seen.log, seen.sequence)).collect();
        let lost = misses.then(|| self.first_kept_after(place).map_or(head, |first| first - 1));
        if let Some(place) = lost {
            self.place = place;
            self.tell();
        }
        let taken: Vec<_> = all.iter().copied().take(at_most).collect();
        if let Some((_, sequence)) = taken.last() {
            self.place = *sequence;
        }
        if taken.len() == all.len() {
            self.place = head;
        }
        (lost, taken, self.place)
    }
}

proptest! {
    #[test]
    fn the_reader_agrees_with_one_who_remembers_every_message(
        steps in proptest::collection::vec(step(), 0..120),
        max_messages in 1..8_usize,
        count in 1..=LOGS,
    ) {
        let mut logs: Vec<Log<u64>> = (0..LOGS).map(|_| log(max_messages, [])).collect();
        let mut oracle = Oracle::default();
        let mut position = at(0);
        let mut head = 0;
        for step in steps {
            let of_client: Vec<&Log<u64>> = logs.iter().take(count).collect();
            let reader = Reader::new(EPOCH, head, &of_client);
            match step {
                Step::Push(index) => {
                    head += 1;
                    logs[index].push(head, 1, Duration::ZERO, head).unwrap();
                    if index < count {
                        oracle.push(head, index, max_messages);
                    }
                }
                Step::Forget(index) => {
                    let last = logs[index].last_sequence();
                    logs[index] = Log::with_evicted_through(limits(max_messages), last);
                    oracle.forget(index);
                }
                Step::Since(before) => {
                    let place = head.saturating_sub(before);
                    position = reader.position(Since::Cursor(Cursor::new(EPOCH, place)));
                    oracle.begin(place);
                }
                Step::Earliest => {
                    position = reader.position(Since::Earliest);
                    oracle.begin(oracle.first_kept_after(0).map_or(head, |first| first - 1));
                    oracle.tell();
                }
                Step::Read(at_most) => {
                    let mut reading = reader.read(&mut position);
                    let lost = reading.lost.map(|cursor| cursor.sequence());
                    let mut taken = vec![];
                    while taken.len() < at_most && let Some((log, sequence, message)) = reading.next() {
                        prop_assert_eq!(sequence, *message);
                        taken.push((log, sequence));
                    }
                    let more = reading.has_more();
                    let (expected_lost, expected, place) = oracle.read(head, at_most);
                    prop_assert_eq!((lost, &taken), (expected_lost, &expected));
                    prop_assert_eq!(position.cursor(), Cursor::new(EPOCH, place));
                    let left = logs.iter().take(count).map(|log| log.after(place).len());
                    prop_assert_eq!(more, left.sum::<usize>() > 0);
                }
            }
        }
    }
}

const LOGS: usize = 4;
