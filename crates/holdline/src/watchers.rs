//! `GET /stats/sse`: what `GET /stats` answers, told again each second.
//!
//! An application of the library's emitter: the events come from a thread that knows nothing of
//! event loops.

use std::sync::{Mutex, PoisonError};

use holdline::emitter::{EmitError, Emitter};
use serde_json::Value;

/// Everybody who watches.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    emitters: Mutex<Vec<Emitter>>,
}

impl Watchers {
    /// Tells one the state of this moment, and from now on each new one.
    pub(crate) fn add(&self, emitter: Emitter, stats: &Value) {
        if is_told(&emitter, &stats.to_string()) {
            self.lock().push(emitter);
        }
    }

    /// Tells all of them. There is nothing to do when there is none.
    pub(crate) fn tell(&self, stats: impl FnOnce() -> Value) {
        // Taken out, so that nobody waits for the lock while they are told.
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

/// Whether the watcher is still there. One that is behind misses this state; a later one tells it all.
fn is_told(emitter: &Emitter, stats: &str) -> bool {
    matches!(emitter.data(stats), Ok(()) | Err(EmitError::Full))
}
