//! Which other servers have members in which channels.

use std::collections::HashMap;
use std::sync::Arc;

/// For each server, the channels in which it has members.
#[derive(Debug, Default)]
pub(super) struct Nodes(pub(super) HashMap<u64, HashMap<Arc<str>, Far>>);

/// The members of one channel at one other server. Their names are in the channel's room.
#[derive(Debug)]
pub(super) struct Far {
    pub(super) names: usize,
    /// When it was told of last.
    pub(super) pass: u32,
    pub(super) is_crowd: bool,
    /// There was no memory for all names.
    pub(super) is_short: bool,
}

impl Nodes {
    pub(super) fn find(&mut self, node: u64, channel: &str) -> Option<&mut Far> {
        self.0.get_mut(&node)?.get_mut(channel)
    }
}
