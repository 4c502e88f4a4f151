//! The lives of the sequence of messages, and which cursors of older ones are still good.
//!
//! All messages of a server are numbered from one sequence, which never goes back. A *life* is a part of it for which
//! the journal can prove that it kept every message it said it kept. When it cannot (the history was only in memory,
//! a disk was written too late, a copy was restored), a new life begins, with an epoch of its own. Then nobody knows
//! what the end of the older life was.
//!
//! - A cursor of the current life is good up to the newest message.
//! - A cursor of an older life is good if all lives after it began cleanly, and if it lies before the first number of
//!   the next one.
//! - Any other cursor says nothing: its client is told that messages are lost, and gets what there is. So a cursor
//!   that somebody made up grants no more than `since=earliest`.

use holdline_comet::Cursor;

/// A part of the sequence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Life {
    pub(crate) epoch: u64,
    /// The number of its first message, even if none came.
    pub(crate) first: u64,
    /// Every message of the life before it was kept that the journal said it kept.
    pub(crate) is_clean: bool,
}

/// All lives that are known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Lives {
    older: Vec<Life>,
    current: Life,
}

impl Lives {
    /// The first life of a sequence.
    pub(crate) fn new(epoch: u64) -> Self {
        let (older, first, is_clean) = (Vec::new(), 1, true);
        let current = Life {
            epoch,
            first,
            is_clean,
        };
        Self { older, current }
    }

    /// All lives that a journal knows, oldest first. `None` if there is none.
    pub(crate) fn of(lives: impl IntoIterator<Item = Life>) -> Option<Self> {
        let mut lives = lives.into_iter();
        let older = Vec::new();
        let first = lives.next().map(|current| Self { older, current })?;
        Some(lives.fold(first, Self::then))
    }

    /// The current life begins after all others.
    pub(crate) fn then(mut self, life: Life) -> Self {
        self.older.push(std::mem::replace(&mut self.current, life));
        // A client that comes back after so many lives is told `lost`.
        if self.older.len() > MOST {
            self.older.remove(0);
        }
        self
    }

    /// The epoch of the current life, which all new cursors have.
    pub(crate) fn epoch(&self) -> u64 {
        self.current.epoch
    }

    /// The same place as a cursor of the current life, if `cursor` is a good one of an older life. All other cursors
    /// stay as they are: whether one of the current life is good depends on what was given out.
    pub(crate) fn judge(&self, cursor: Cursor) -> Cursor {
        let mut next = &self.current;
        if cursor.epoch() == next.epoch {
            return cursor;
        }
        for life in self.older.iter().rev() {
            if !next.is_clean {
                break;
            }
            if life.epoch == cursor.epoch() {
                if cursor.sequence() < next.first {
                    return Cursor::new(self.epoch(), cursor.sequence());
                }
                break;
            }
            next = life;
        }
        cursor
    }
}

impl From<u64> for Lives {
    fn from(epoch: u64) -> Self {
        Self::new(epoch)
    }
}

/// Reads a cursor that a client sent.
pub(crate) fn parse_cursor(text: &str) -> Result<Cursor, String> {
    match text.parse::<Cursor>() {
        Ok(cursor) if cursor.sequence() >= NUMBERS => Err(
            "this is no cursor: its second number is 2^63 or more, which no message has".to_owned(),
        ),
        Ok(cursor) => Ok(cursor),
        Err(error) => Err(format!("this is no cursor: {error}")),
    }
}

/// No message gets this number or a greater one.
pub(crate) const NUMBERS: u64 = 1 << 63;
/// How many older lives are remembered.
const MOST: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn life(epoch: u64, first: u64, is_clean: bool) -> Life {
        Life {
            epoch,
            first,
            is_clean,
        }
    }

    fn cursor(epoch: u64, sequence: u64) -> Cursor {
        Cursor::new(epoch, sequence)
    }

    #[test]
    fn a_cursor_of_an_older_life_is_good_if_the_next_began_cleanly_after_it() {
        let lives = Lives::new(7).then(life(8, 11, true));
        assert_eq!(lives.epoch(), 8);
        assert_eq!(lives.judge(cursor(7, 0)), cursor(8, 0));
        assert_eq!(lives.judge(cursor(7, 10)), cursor(8, 10));
        // The old life never gave these numbers.
        assert_eq!(lives.judge(cursor(7, 11)), cursor(7, 11));
        assert_eq!(lives.judge(cursor(7, 12)), cursor(7, 12));
    }

    #[test]
    fn it_is_not_good_if_the_next_life_did_not_begin_cleanly() {
        let lives = Lives::new(7).then(life(8, 11, false));
        for sequence in [0, 5, 10, 11] {
            assert_eq!(lives.judge(cursor(7, sequence)), cursor(7, sequence));
        }
    }

    #[test]
    fn every_life_in_between_must_have_begun_cleanly() {
        let lives = Lives::new(1)
            .then(life(2, 5, true))
            .then(life(3, 9, false))
            .then(life(4, 20, true));
        // What came at the end of life 2 may be missing.
        assert_eq!(lives.judge(cursor(1, 3)), cursor(1, 3));
        assert_eq!(lives.judge(cursor(2, 6)), cursor(2, 6));
        assert_eq!(lives.judge(cursor(3, 19)), cursor(4, 19));
        assert_eq!(lives.judge(cursor(3, 20)), cursor(3, 20));
        let clean = Lives::new(1).then(life(2, 5, true)).then(life(3, 9, true));
        assert_eq!(clean.judge(cursor(1, 4)), cursor(3, 4));
        assert_eq!(clean.judge(cursor(1, 5)), cursor(1, 5));
    }

    #[test]
    fn cursors_of_the_current_life_and_of_none_stay_as_they_are() {
        let lives = Lives::new(7).then(life(8, 11, true));
        for cursor in [cursor(8, 3), cursor(8, 1 << 62), cursor(9, 3)] {
            assert_eq!(lives.judge(cursor), cursor);
        }
    }

    #[test]
    fn so_many_lives_are_remembered_and_no_more() {
        let count = MOST as u64 + 1;
        let lives = (1..=count).fold(Lives::new(0), |lives, epoch| {
            lives.then(life(epoch, epoch + 1, true))
        });
        assert_eq!(lives.judge(cursor(0, 0)), cursor(0, 0));
        assert_eq!(lives.judge(cursor(1, 1)), cursor(count, 1));
    }

    #[test]
    fn a_number_that_no_message_can_have_is_no_cursor() {
        assert_eq!(
            parse_cursor("7-7fffffffffffffff"),
            Ok(cursor(7, (1 << 63) - 1))
        );
        for text in ["7-8000000000000000", "7-ffffffffffffffff"] {
            let error = parse_cursor(text).unwrap_err();
            assert!(error.contains("2^63"), "{error}");
        }
    }
}
