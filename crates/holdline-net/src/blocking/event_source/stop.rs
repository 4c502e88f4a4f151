use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Ends an [`EventSource`](super::EventSource) from another thread.
///
/// A source that waits before it connects again ends at once. One that waits for bytes ends when
/// its stream's read timeout passes, or when something comes.
#[derive(Clone, Debug, Default)]
pub struct Stopper {
    shared: Arc<(Mutex<bool>, Condvar)>,
}

impl Stopper {
    /// Makes reading end with `None`.
    pub fn stop(&self) {
        let (stopped, wake) = &*self.shared;
        *stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        wake.notify_all();
    }

    /// Whether [`stop`](Self::stop) was called.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps for that long, or until it is stopped.
    pub(super) fn sleep(&self, time: Duration) {
        let (stopped, wake) = &*self.shared;
        let begun = Instant::now();
        let mut stopped = stopped.lock().unwrap_or_else(PoisonError::into_inner);
        while !*stopped {
            let Some(rest) = time.checked_sub(begun.elapsed()).filter(|r| !r.is_zero()) else {
                return;
            };
            stopped = wake
                .wait_timeout(stopped, rest)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}
