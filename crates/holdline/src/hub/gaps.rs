//! Gaps: before such a number, messages of some channels may be missing that never came here, because nobody listened
//! where they come from.
//!
//! A gap takes a number of its own. Whoever passes it is told `lost`, once, whatever is kept before and after it. So
//! nothing is deleted because of it.

use std::sync::Arc;

use holdline_comet::{Cursor, Position, Reader, Reading};

use crate::access::patterns::covers;
use crate::message::Message;

/// The last gap of each pattern of channels.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    last: Vec<(Box<str>, u64)>,
    /// The greatest number whose pattern is not in the list any more: it counts for all channels.
    forgotten: u64,
    pub(super) newest: u64,
}

impl Gaps {
    pub(super) fn add(&mut self, pattern: &str, number: u64) {
        self.newest = number;
        self.last.retain(|(of, _)| **of != *pattern);
        if self.last.len() == MOST_GAPS {
            let (_, forgotten) = self.last.remove(0);
            self.forgotten = forgotten;
        }
        self.last.push((pattern.into(), number));
    }

    /// The number of the last gap of a channel; 0 for none.
    pub(super) fn of(&self, name: &str) -> u64 {
        let gaps = self.last.iter().rev();
        let mut gaps = gaps.filter(|(pattern, _)| covers(pattern, name));
        gaps.next()
            .map_or(0, |(_, number)| *number)
            .max(self.forgotten)
    }
}

/// Has a subscriber read up to the next gap, be told, and only then go on.
#[derive(Debug, Default)]
pub(super) struct Stops {
    /// Those that it has not passed yet.
    gaps: Vec<u64>,
    /// It has passed one, which is to be told: the cursor after it.
    pub(super) passed: Option<Cursor>,
}

impl Stops {
    /// At these numbers, in whatever order.
    pub(super) fn new(mut gaps: Vec<u64>) -> Self {
        gaps.sort_unstable();
        gaps.dedup();
        Self { gaps, passed: None }
    }

    /// Leaves out those after this number.
    pub(super) fn up_to(mut self, number: u64) -> Self {
        self.gaps.retain(|gap| *gap <= number);
        self
    }

    /// Passes gaps before which nothing is left to read.
    #[inline]
    pub(super) fn pass(&mut self, reader: &Reader<'_, Arc<Message>>, position: &mut Position) {
        while let Some(&gap) = self.gaps.first()
            && !reader.has_lost(position)
        {
            let next = reader.read(&mut position.clone()).next_number();
            if next.is_some_and(|next| next <= gap) {
                break;
            }
            let after = Cursor::new(position.cursor().epoch(), gap);
            *position = Position::after(after);
            self.passed = Some(after);
            self.gaps.remove(0);
        }
    }

    /// Forgets those that a loss which is told anyway goes over.
    #[inline]
    pub(super) fn begin(&mut self, reading: &Reading<'_, '_, Arc<Message>>) {
        if !self.gaps.is_empty() {
            let next = reading.next_number();
            self.gaps
                .retain(|gap| next.is_some_and(|next| next <= *gap));
        }
    }

    /// Whether the next message is before the next gap.
    #[inline]
    pub(super) fn allow(&self, reading: &Reading<'_, '_, Arc<Message>>) -> bool {
        self.gaps.first().is_none_or(|gap| {
            let next = reading.next_number();
            next.is_some_and(|next| next <= *gap)
        })
    }

    /// Whether a gap is still to be told. After the last message there is, the place is the end, which may be beyond the
    /// gap: `took` is the number of the last message that was taken.
    #[inline]
    pub(super) fn end(&self, took: Option<u64>, position: &mut Position) -> bool {
        if let (Some(_), Some(took)) = (self.gaps.first(), took) {
            *position = Position::after(Cursor::new(position.cursor().epoch(), took));
        }
        !self.gaps.is_empty()
    }
}

/// More than one server has patterns.
const MOST_GAPS: usize = 64;
