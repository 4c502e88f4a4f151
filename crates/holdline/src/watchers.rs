//! `GET /stats/sse`: the answer of `GET /stats`, sent again each second.
//!
//! Uses the library's emitter: the events come from a thread that knows nothing of event loops.

use std::sync::{Mutex, PoisonError};

use holdline::emitter::{EmitError, Emitter};
use serde_json::Value;

/// Everyone who watches the stats.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    emitters: Mutex<Vec<Emitter>>,
}

impl Watchers {
    /// Sends a new watcher the current state, and every new state from now on.
    pub(crate) fn add(&self, emitter: Emitter, stats: &Value) {
        if is_told(&emitter, &stats.to_string()) {
            self.lock().push(emitter);
        }
    }

    /// Sends the state to all watchers. `stats` is not called if there are none.
    pub(crate) fn tell(&self, stats: impl FnOnce() -> Value) {
        // Taken out of the lock, so that nobody waits for it while the states are sent.
        let mut emitters = std::mem::take(&mut *self.lock());
        if emitters.is_empty() {
            return;
        }
        let stats = stats().to_string();
        emitters.retain(|emitter| is_told(emitter, &stats));
        self.lock().append(&mut emitters);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Emitter>> {
        self.emitters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the watcher is still there. A watcher that is behind misses this state; a later one contains everything.
fn is_told(emitter: &Emitter, stats: &str) -> bool {
    matches!(emitter.data(stats), Ok(()) | Err(EmitError::Full))
}
