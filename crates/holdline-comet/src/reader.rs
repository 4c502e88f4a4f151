//! How a client reads one or several logs: what it has lost, and what comes.
//!
//! The rules, which are written here and nowhere else:
//!
//! - A client that asks for everything gets what each log retains, and nothing that only lingers.
//! - A cursor of another epoch, or one beyond every number that was given out, says nothing. Its
//!   client is told that it lost messages, and gets what it would get if it asked for all there is.
//! - A cursor before a message that one of the logs has forgotten has lost it. Its client is told
//!   before anything else, and goes on with the oldest message that is there in any of the logs.
//! - It is told once: a busy log may have forgotten more than what a quiet one still has to give,
//!   and that is known when the quiet one's messages come.
//! - A cursor beyond the newest message here, but not beyond every number that was given out, has
//!   lost nothing: the messages up to it are still on their way to these logs.

use alloc::boxed::Box;
use core::fmt;
use core::iter::FusedIterator;

use crate::cursor::Cursor;
use crate::log::{Entries, Log};
use crate::merge::Merge;

/// Reads logs that number their messages from one sequence, as they are at one moment.
///
/// It is a view, made each time the logs are read; what lasts is the [`Position`].
///
/// ```
/// use core::time::Duration;
/// use holdline_comet::{Cursor, Log, LogLimits, Position, Reader, Since};
///
/// let mut limits = LogLimits::default();
/// limits.max_messages = 2;
/// let (mut news, mut chat) = (Log::new(limits), Log::new(limits));
/// news.push(1, 5, Duration::ZERO, "first")?;
/// chat.push(2, 6, Duration::ZERO, "second")?;
/// news.push(3, 5, Duration::ZERO, "third")?;
/// let logs = [&news, &chat];
/// let reader = Reader::new(0x7, 3, &logs); // epoch 7, three messages so far
///
/// // A client comes with the cursor that it kept.
/// let mut position = Position::after("7-1".parse().unwrap());
/// let mut reading = reader.read(&mut position);
/// assert_eq!(reading.lost, None);
/// assert_eq!(reading.next(), Some((1, 2, &"second")));
/// assert!(reading.has_more()); // and stops after one message
/// assert_eq!(position.cursor(), Cursor::new(0x7, 2));
///
/// // Meanwhile two more, and "first" and "third" are gone.
/// news.push(4, 6, Duration::ZERO, "fourth")?;
/// news.push(5, 5, Duration::ZERO, "fifth")?;
/// let logs = [&news, &chat];
/// let reading = Reader::new(0x7, 5, &logs).read(&mut position);
/// assert_eq!(reading.lost, Some(Cursor::new(0x7, 3)));
/// assert!(reading.eq([(0, 4, &"fourth"), (0, 5, &"fifth")]));
/// # Ok::<(), holdline_comet::PushError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Reader<'l, M> {
    epoch: u64,
    head: u64,
    given: u64,
    logs: &'l [&'l Log<M>],
}

impl<'l, M> Reader<'l, M> {
    /// Reads `logs`, whose messages are of `epoch`. `head` is the newest number in the whole
    /// sequence that was pushed, whether into these logs or into others.
    pub const fn new(epoch: u64, head: u64, logs: &'l [&'l Log<M>]) -> Self {
        Self {
            epoch,
            head,
            given: head,
            logs,
        }
    }

    /// The same, where numbers up to `given` were given out, whose messages may not be in the logs
    /// yet: a client may have a cursor beyond `head` that is good.
    pub const fn with_given(self, given: u64) -> Self {
        let given = if given > self.head { given } else { self.head };
        Self { given, ..self }
    }

    /// Where a client that asks for `since` stands.
    pub fn position(&self, since: Since) -> Position {
        match since {
            Since::Now => Position::after(Cursor::new(self.epoch, self.head)),
            Since::Earliest => self.earliest(),
            Since::Cursor(cursor) => Position::after(cursor),
        }
    }

    /// What comes after `position` in the order of the numbers, and what is lost before that.
    ///
    /// The position moves with each message that is taken from the [`Reading`]. Stop whenever you
    /// like, and go on with another reading. Finding the place costs O(log n) for each log, and each
    /// message costs O(log k) for k logs.
    ///
    /// Always read one position with the same logs, in the same order.
    // Across crates this and `next` are inlined only if asked for: 6 % of what a message costs a receiver.
    #[inline]
    pub fn read<'p>(&self, position: &'p mut Position) -> Reading<'l, 'p, M> {
        let lost = self.move_over_loss(position);
        let after = position.cursor.sequence();
        let rest = match self.logs {
            [log] => Rest::One(log.after(after.max(position.told_of(0)))),
            logs => Rest::Several(Merge::new(
                logs.iter()
                    .enumerate()
                    .map(|(index, log)| log.after(after.max(position.told_of(index)))),
            )),
        };
        let mut reading = Reading {
            lost,
            position,
            rest,
            head: self.head,
        };
        reading.end_at_head();
        reading
    }

    /// Whether the messages up to `position` are not all in the logs yet. There is nothing to read
    /// before they are, and nothing is lost.
    pub fn is_ahead(&self, position: &Position) -> bool {
        self.is_known(position.cursor) && position.cursor.sequence() > self.head
    }

    /// How many bytes there are to read after `position`, by the sizes given to [`Log::push`]: how far
    /// a client there is behind.
    pub fn lag(&self, position: &Position) -> u64 {
        let is_known = self.is_known(position.cursor);
        let lags = self.logs.iter().enumerate().map(|(index, log)| {
            log.lag(match is_known {
                true => position.cursor.sequence().max(position.told_of(index)),
                false => log.earliest(),
            })
        });
        lags.sum()
    }

    /// Gives up what is between `position` and the head, for a client that is too far behind. Returns
    /// the cursor from which it goes on, as in [`Reading::lost`]: tell it. A client that is
    /// [ahead](Reader::is_ahead) stays where it is, or it would get messages twice.
    pub fn skip(&self, position: &mut Position) -> Cursor {
        if !self.is_ahead(position) {
            *position = self.position(Since::Now);
        }
        position.cursor
    }

    /// Whether something after `position` is gone that was not told yet: the next
    /// [reading](Reading::lost) tells it.
    pub fn has_lost(&self, position: &Position) -> bool {
        !self.is_known(position.cursor) || self.misses(position)
    }

    /// Moves over what is lost, if that was not told yet. Returns the cursor from which it goes on.
    fn move_over_loss(&self, position: &mut Position) -> Option<Cursor> {
        if !self.is_known(position.cursor) {
            *position = self.earliest();
        } else if self.misses(position) {
            let from = position.cursor.sequence();
            *position = self.at_first(|log| log.after(from), Log::evicted_through);
        } else {
            return None;
        }
        Some(position.cursor)
    }

    /// Before the oldest message that is retained.
    fn earliest(&self) -> Position {
        self.at_first(|log| log.after(log.earliest()), Log::earliest)
    }

    /// Before the first message that is to be read from any of the logs, where `to_read` says what that is
    /// and `told` up to where messages are left out.
    fn at_first(
        &self,
        to_read: impl Fn(&'l Log<M>) -> Entries<'l, M>,
        told: impl Fn(&Log<M>) -> u64,
    ) -> Position {
        let firsts = self.logs.iter().filter_map(|log| to_read(log).next());
        let first = firsts.map(|(first, _)| first - 1).min();
        let sequence = first.unwrap_or(self.head);
        let told = || self.logs.iter().map(|log| told(log));
        let beyond = told().any(|told| told > sequence);
        Position {
            cursor: Cursor::new(self.epoch, sequence),
            told: beyond.then(|| Box::new(told().collect())),
        }
    }

    /// Whether the cursor was given out in this epoch.
    fn is_known(&self, cursor: Cursor) -> bool {
        cursor.epoch() == self.epoch && cursor.sequence() <= self.given
    }

    /// Whether any log has lost something after this position that was not told.
    fn misses(&self, position: &Position) -> bool {
        let sequence = position.cursor.sequence();
        match &position.told {
            None => self.gone().any(|gone| gone > sequence),
            Some(_) => {
                let mut gone = self.gone().enumerate();
                gone.any(|(log, gone)| gone > sequence.max(position.told_of(log)))
            }
        }
    }

    /// For each log, up to which number its messages may be gone.
    fn gone(&self) -> impl Iterator<Item = u64> {
        self.logs.iter().map(|log| log.evicted_through())
    }
}

impl<M> fmt::Debug for Reader<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("head", &Cursor::new(self.epoch, self.head))
            .field("logs", &self.logs.len())
            .finish_non_exhaustive()
    }
}

/// Where a client wants to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// With the next message.
    Now,
    /// With the oldest message that is retained.
    Earliest,
    /// After this one.
    Cursor(Cursor),
}

/// The place of one client in the logs that it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// It has everything up to here, or was told that it lost some of it.
    cursor: Cursor,
    /// For each log, up to where messages are left out: they were gone when that was told last, or were
    /// not asked for. Only while one of these is beyond the cursor: a busy log has lost more than what a
    /// quiet one still has to give. That is rare, and so it is a single pointer.
    told: Option<Box<Box<[u64]>>>,
}

impl Position {
    /// The place of a client that shows `cursor`, which may be anything.
    pub const fn after(cursor: Cursor) -> Self {
        Self { cursor, told: None }
    }

    /// What to tell the client: when it comes back with this cursor, it goes on from here.
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    fn told_of(&self, log: usize) -> u64 {
        let told = self.told.as_ref();
        told.and_then(|told| told.get(log)).copied().unwrap_or(0)
    }
}

/// The answer of [`Reader::read`]: which log (counted from 0 in the order given), the number, the
/// message.
///
/// The position stands after the last message that was taken, and at the head when there is none
/// left.
#[must_use = "a loss must be told"]
pub struct Reading<'l, 'p, M> {
    /// Set when messages that the client has not received are gone: the cursor from which it goes on.
    /// Tell it before any of the messages.
    pub lost: Option<Cursor>,
    position: &'p mut Position,
    rest: Rest<'l, M>,
    head: u64,
}

enum Rest<'l, M> {
    /// The fast path for one log, which most clients have: no list of heads is made.
    One(Entries<'l, M>),
    Several(Merge<'l, M>),
}

impl<M> Reading<'_, '_, M> {
    /// Whether [`next`](Iterator::next) gives another message.
    pub fn has_more(&self) -> bool {
        match &self.rest {
            Rest::One(entries) => entries.len() > 0,
            Rest::Several(merge) => !merge.is_empty(),
        }
    }

    /// The number of the message that [`next`](Iterator::next) gives.
    ///
    /// ```
    /// use core::time::Duration;
    /// use holdline_comet::{Log, LogLimits, Reader, Since};
    ///
    /// let mut log = Log::new(LogLimits::default());
    /// log.push(4, 5, Duration::ZERO, "first")?;
    /// let logs = [&log];
    /// let reader = Reader::new(0x7, 4, &logs);
    /// let mut position = reader.position(Since::Earliest);
    /// let mut reading = reader.read(&mut position);
    /// assert_eq!(reading.next_number(), Some(4));
    /// assert_eq!(reading.next(), Some((0, 4, &"first")));
    /// assert_eq!(reading.next_number(), None);
    /// # Ok::<(), holdline_comet::PushError>(())
    /// ```
    pub fn next_number(&self) -> Option<u64> {
        match &self.rest {
            Rest::One(entries) => entries.clone().next().map(|(number, _)| number),
            Rest::Several(merge) => merge.next_number(),
        }
    }

    fn move_to(&mut self, sequence: u64) {
        let cursor = self.position.cursor;
        self.position.cursor = Cursor::new(cursor.epoch(), sequence.max(cursor.sequence()));
    }

    /// Nothing of these logs lies between their last message and the head.
    fn end_at_head(&mut self) {
        if !self.has_more() {
            self.move_to(self.head);
        }
    }
}

impl<'l, M> Iterator for Reading<'l, '_, M> {
    type Item = (usize, u64, &'l M);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (log, sequence, message) = match &mut self.rest {
            Rest::One(entries) => {
                let (sequence, message) = entries.next()?;
                (0, sequence, message)
            }
            Rest::Several(merge) => merge.next()?,
        };
        self.move_to(sequence);
        self.end_at_head();
        Some((log, sequence, message))
    }
}

impl<M> FusedIterator for Reading<'_, '_, M> {}

impl<M> fmt::Debug for Reading<'_, '_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading")
            .field("lost", &self.lost)
            .field("position", &self.position)
            .field("has_more", &self.has_more())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
