//! Deletions that somebody may have to know who reads older messages.

use std::collections::VecDeque;
use std::sync::Arc;

use super::archive::Order;

/// The last deletions: a piece that was ordered before one of its channels was deleted is not given to anybody.
#[derive(Debug, Default)]
pub(super) struct Deletions {
    last: VecDeque<(u64, Arc<str>)>,
    /// The greatest number that is not in the list any more.
    forgotten: u64,
}

impl Deletions {
    pub(super) fn add(&mut self, number: u64, name: &str) {
        if self.last.len() == MOST_DELETIONS
            && let Some((forgotten, _)) = self.last.pop_front()
        {
            self.forgotten = forgotten;
        }
        self.last.push_back((number, name.into()));
    }

    /// Whether one of its channels may have been deleted since the order was placed.
    pub(super) fn concern(&self, order: &Order) -> bool {
        let later = self.last.iter().rev();
        let mut later = later.take_while(|(number, _)| *number > order.head);
        let is_of_it = |name: &Arc<str>| order.channels.iter().any(|of| of == name);
        self.forgotten > order.head || later.any(|(_, name)| is_of_it(name))
    }
}

const MOST_DELETIONS: usize = 64;
