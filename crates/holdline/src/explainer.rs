//! A thread that explains bytes, so that no event loop has to. What waits for it is bounded.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Does one job after the other, in the order in which they were given. The thread begins with the first job and ends with
/// the process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Explainer {
    queue: Arc<Queue>,
}

/// Something to do.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// So much waits already that nothing more is taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Busy;

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    given: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    runs: bool,
}

impl Explainer {
    /// Has a job done, unless `most` jobs wait already.
    pub(crate) fn give(&self, most: usize, job: Job) -> Result<(), Busy> {
        let mut state = self.queue.lock();
        if state.jobs.len() >= most {
            return Err(Busy);
        }
        if !state.runs {
            let queue = Arc::clone(&self.queue);
            let thread = thread::Builder::new().name("explainer".to_owned());
            if let Err(error) = thread.spawn(move || queue.work()) {
                tracing::error!(%error, "there is no thread to explain bytes");
                return Err(Busy);
            }
            state.runs = true;
        }
        state.jobs.push_back(job);
        drop(state);
        self.queue.given.notify_one();
        Ok(())
    }
}

impl Queue {
    fn work(&self) {
        loop {
            let state = self.lock();
            let state = self.given.wait_while(state, |state| state.jobs.is_empty());
            let job = state
                .unwrap_or_else(PoisonError::into_inner)
                .jobs
                .pop_front();
            // The bytes are anybody's: what goes wrong with one job must not stop the others.
            if let Some(job) = job
                && catch_unwind(AssertUnwindSafe(job)).is_err()
            {
                tracing::error!("bytes could not be explained");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jobs = self.lock().jobs.len();
        f.debug_struct("Queue").field("jobs", &jobs).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn jobs_are_done_in_order_and_a_panic_stops_none() {
        let explainer = Explainer::default();
        let (done, seen) = mpsc::channel();
        explainer
            .give(9, Box::new(|| panic!("on purpose")))
            .unwrap();
        for number in 0..5 {
            let done = done.clone();
            let job = move || done.send(number).unwrap();
            explainer.give(9, Box::new(job)).unwrap();
        }
        let numbers: Vec<i32> = seen.iter().take(5).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let explainer = Explainer::default();
        let (go, wait) = mpsc::channel::<()>();
        let (began, begun) = mpsc::channel();
        let slow = move || {
            began.send(()).unwrap();
            wait.recv().unwrap();
        };
        explainer.give(2, Box::new(slow)).unwrap();
        begun.recv().unwrap();
        assert_eq!(explainer.give(2, Box::new(|| {})), Ok(()));
        assert_eq!(explainer.give(2, Box::new(|| {})), Ok(()));
        assert_eq!(explainer.give(2, Box::new(|| {})), Err(Busy));
        go.send(()).unwrap();
    }
}
