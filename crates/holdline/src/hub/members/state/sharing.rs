//! What other servers are still to be told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Names of this server that have changed, by channel.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    /// There are others.
    pub(super) is_on: bool,
    pub(super) changed: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    pub(super) count: usize,
    /// So much has changed that everything is to be told.
    pub(super) is_all: bool,
}

impl Sharing {
    /// This has changed. Without a name, it is whether there are too many to list.
    pub(super) fn note(&mut self, channel: &Arc<str>, name: Option<&Arc<str>>) {
        if !self.is_on || self.is_all {
            return;
        }
        let before = self.changed.len();
        let names = self.changed.entry(Arc::clone(channel)).or_default();
        if let Some(name) = name {
            self.count += usize::from(names.insert(Arc::clone(name)));
        }
        self.count += self.changed.len() - before;
        if self.count > MOST {
            self.is_all = true;
            self.forget();
        }
    }

    pub(super) fn forget(&mut self) {
        self.changed.clear();
        self.count = 0;
    }
}

/// Changes that are noted singly. While the broker is away nobody takes them.
const MOST: usize = 4096;
