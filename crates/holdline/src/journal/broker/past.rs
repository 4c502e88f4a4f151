//! How far back the engine's entries may be read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::hub::{Hub, Mark, Marks};
use crate::journal::Effect;

/// What is known of the engine's entries that memory does not have any more.
#[derive(Clone, Debug, Default)]
pub(super) struct Past(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Entries up to this number are gone: trimmed, lost, or of a life that is over.
    gone: u64,
    /// Of each channel that was deleted after that, the last message before its last deletion, or a later number if that
    /// is not known. There is none between the two.
    deletions: HashMap<String, u64>,
}

impl Past {
    /// Nothing up to this number is read any more.
    pub(super) fn lose(&self, through: u64) {
        let mut state = self.lock();
        if through > state.gone {
            state.gone = through;
            state.deletions.retain(|_, number| *number > through);
        }
    }

    /// To be called before a change is shown, so that nobody who knows of a deletion reads what was before.
    pub(super) fn passes(&self, number: u64, channel: &str, effect: &Effect, hub: &Hub) {
        if let Effect::Deletion = effect {
            let last = hub.last_of(channel).min(number);
            self.lock().deletions.insert(channel.to_owned(), last);
        }
    }

    /// Up to which number the messages of a channel are gone.
    pub(super) fn gone(&self, channel: &str) -> u64 {
        let state = self.lock();
        let deleted = state.deletions.get(channel);
        deleted.copied().unwrap_or(0).max(state.gone)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Marks for Past {
    /// Which entry is the channel's first is known only once they are read.
    fn mark(&self, channel: &str) -> Mark {
        let gone = self.gone(channel);
        Mark {
            gone,
            first: Some(gone + 1),
        }
    }
}
