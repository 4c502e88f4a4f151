//! The sequence alone, compared with a list of what was published.

use holdline_comet::{Cursor, Position, Since};

use super::*;
use crate::hub::{Batch, Read};
use crate::journal::sequence::Begun;
use crate::poll_answer::ANSWER;
use crate::random::Random;

fn read(hub: &Hub, position: &mut Position) -> Batch {
    match hub.read(&["a".into()], position, ANSWER, None) {
        Read::Batch(batch) => batch,
        Read::Later | Read::Reading | Read::Unreadable => panic!("not here yet: {position:?}"),
    }
}

fn numbers(batch: &Batch) -> Vec<u64> {
    let messages = batch.messages.iter();
    messages
        .map(|message| message.cursor().sequence())
        .collect()
}

fn begin(sequence: &Arc<Sequence>, data: &str) -> (Commit, Receipt) {
    match sequence.begin(draft("a", data), None) {
        Ok(Begun::Commit(commit, receipt)) => (commit, receipt),
        other => panic!("{other:?}"),
    }
}

/// Commits end in any order, some fail, and more begin meanwhile. What was kept is shown in the order of the
/// numbers, and every publisher is told the truth.
#[test]
fn whatever_order_commits_end_in_the_numbers_come_in_theirs() {
    let mut random = Random::from_environment();
    for _ in 0..200 {
        let hub = hub();
        let sequence = super::sequence(Arc::clone(&hub), 1 << 20);
        let mut position = hub.position(&["a".into()], Since::Now);
        let (mut under_way, mut told, mut shown) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..60 {
            if random.below(2) == 0 || under_way.is_empty() {
                let (commit, receipt) = begin(&sequence, "x");
                told.push((commit.number(), receipt, None));
                under_way.push(commit);
            } else {
                let commit = under_way.swap_remove(random.below(under_way.len()));
                let index = commit.number() as usize - 1;
                let kept = random.below(4) > 0;
                told[index].2 = Some(kept);
                if kept {
                    commit.kept();
                } else {
                    commit.failed(Refusal::NotKept);
                }
            }
            shown.extend(numbers(&read(&hub, &mut position)));
            check(&told, &shown);
        }
        under_way.drain(..).for_each(drop);
        shown.extend(numbers(&read(&hub, &mut position)));
        for (_, _, kept) in &mut told {
            kept.get_or_insert(false);
        }
        check(&told, &shown);
    }
}

/// The simplest rule: look at the numbers before the first one whose commit has not ended, and take those that were
/// kept.
fn check(told: &[(u64, Receipt, Option<bool>)], shown: &[u64]) {
    let passed = || told.iter().take_while(|(_, _, kept)| kept.is_some());
    let expected = passed().filter(|(_, _, kept)| *kept == Some(true));
    let expected: Vec<u64> = expected.map(|(number, _, _)| *number).collect();
    assert_eq!(shown, expected);
    let passed = passed().count();
    for (index, (number, receipt, kept)) in told.iter().enumerate() {
        let cursor = Cursor::new(EPOCH, *number);
        match (receipt.outcome(), kept) {
            (Outcome::Pending, None) | (Outcome::Refused(_), Some(false)) => {}
            (Outcome::Shown(published), Some(true)) if index < passed => {
                assert_eq!(published.cursor, cursor);
            }
            (Outcome::Kept(kept), Some(true)) if index >= passed => assert_eq!(kept, cursor),
            other => panic!("{number}: {other:?}"),
        }
    }
}

#[test]
fn what_is_on_its_way_is_bounded_and_makes_room_again() {
    let sequence = super::sequence(hub(), 2_000);
    let text = "x".repeat(700);
    let (first, _) = begin(&sequence, &text);
    let (second, receipt) = begin(&sequence, &text);
    let third = sequence.begin(draft("a", &text), None);
    assert_eq!(third.unwrap_err(), Refusal::Busy);
    second.failed(Refusal::NotKept); // counts until the first has ended
    assert!(matches!(
        receipt.outcome(),
        Outcome::Refused(Refusal::NotKept)
    ));
    assert!(sequence.begin(draft("a", &text), None).is_err());
    first.kept();
    for _ in 0..10 {
        let (commit, receipt) = begin(&sequence, &text);
        commit.kept();
        assert!(matches!(receipt.outcome(), Outcome::Shown(_)));
    }
}

#[test]
fn a_cursor_beyond_every_number_that_was_given_is_lost_also_while_some_are_on_their_way() {
    let hub = hub();
    let sequence = super::sequence(Arc::clone(&hub), 1 << 20);
    let (first, _) = begin(&sequence, "one");
    let (second, _) = begin(&sequence, "two");
    second.kept();
    let mut position = Position::after(Cursor::new(EPOCH, 3));
    assert!(read(&hub, &mut position).lost.is_some());
    let mut position = Position::after(Cursor::new(EPOCH, 2));
    let later = hub.read(&["a".into()], &mut position, ANSWER, None);
    assert!(matches!(later, Read::Later));
    first.kept();
    let batch = read(&hub, &mut position);
    assert_eq!((batch.lost, batch.messages.len()), (None, 0));
}
