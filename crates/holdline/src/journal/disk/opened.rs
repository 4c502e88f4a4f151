//! The database that is open, for those who read beside the writer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use redb::Database;

use super::index::Index;
use crate::hub::{Mark, Marks};

/// The database that is open at the moment, for those who read it.
#[derive(Clone, Debug)]
pub(super) struct Opened(Arc<Mutex<Parts>>);

#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// Nobody who reads keeps it from being opened again.
    pub(super) database: Weak<Database>,
    pub(super) index: Arc<Mutex<Index>>,
}

impl Opened {
    pub(super) fn new(parts: Parts) -> Self {
        Self(Arc::new(Mutex::new(parts)))
    }

    /// It was opened again.
    pub(super) fn replace(&self, parts: Parts) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = parts;
    }

    pub(super) fn parts(&self) -> Parts {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Parts {
    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Marks for Opened {
    fn mark(&self, channel: &str) -> Mark {
        self.parts().index().mark(channel)
    }
}
