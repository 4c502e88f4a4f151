//! A thread that explains bytes, so that no event loop has to. What waits for it is bounded.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Does one job after the other, in the order in which they were given, but first those that are surely wanted. The
/// thread begins with the first job and ends with the process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Explainer {
    queue: Arc<Queue>,
}

/// Something to do.
pub(crate) trait Job: Send {
    /// Whether somebody may still wait for it. If not, it is dropped when its turn comes.
    fn is_wanted(&self) -> bool;

    /// Whether somebody surely waits for it. If not, others go first, and it is dropped when there is no room for them.
    fn is_sure(&self) -> bool;

    fn run(self: Box<Self>);
}

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
    jobs: VecDeque<Box<dyn Job>>,
    runs: bool,
}

impl Explainer {
    /// Has a job done, unless `most` jobs wait already, all of which are surely wanted.
    pub(crate) fn give(&self, most: usize, job: Box<dyn Job>) -> Result<(), Busy> {
        let mut state = self.queue.lock();
        if state.jobs.len() >= most {
            state.jobs.retain(|job| job.is_sure());
        }
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

impl State {
    /// The first that is surely wanted, if there is one.
    fn next(&mut self) -> Option<Box<dyn Job>> {
        let sure = self.jobs.iter().position(|job| job.is_sure());
        self.jobs.remove(sure.unwrap_or(0))
    }
}

impl Queue {
    fn work(&self) {
        loop {
            let state = self.lock();
            let state = self.given.wait_while(state, |state| state.jobs.is_empty());
            let job = state.unwrap_or_else(PoisonError::into_inner).next();
            // The bytes are anybody's: what goes wrong with one job must not stop the others.
            if let Some(job) = job.filter(|job| job.is_wanted())
                && catch_unwind(AssertUnwindSafe(|| job.run())).is_err()
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

    /// What to do, and who wants it.
    struct Wanted<F>(F, Arc<()>);

    impl<F: FnOnce() + Send> Job for Wanted<F> {
        fn is_wanted(&self) -> bool {
            Arc::strong_count(&self.1) > 1
        }

        fn is_sure(&self) -> bool {
            self.is_wanted()
        }

        fn run(self: Box<Self>) {
            (self.0)();
        }
    }

    fn job<F: FnOnce() + Send + 'static>(run: F, wanted: &Arc<()>) -> Box<dyn Job> {
        Box::new(Wanted(run, Arc::clone(wanted)))
    }

    #[test]
    fn jobs_are_done_in_order_and_a_panic_stops_none() {
        let (explainer, wanted) = (Explainer::default(), Arc::default());
        let (done, seen) = mpsc::channel();
        explainer
            .give(9, job(|| panic!("on purpose"), &wanted))
            .unwrap();
        for number in 0..5 {
            let done = done.clone();
            let send = move || done.send(number).unwrap();
            explainer.give(9, job(send, &wanted)).unwrap();
        }
        let numbers: Vec<i32> = seen.iter().take(5).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn what_waits_is_bounded_and_what_nobody_wants_is_dropped() {
        let (explainer, wanted) = (Explainer::default(), Arc::default());
        let (go, wait) = mpsc::channel::<()>();
        let (began, begun) = mpsc::channel();
        let (done, seen) = mpsc::channel();
        let slow = move || {
            began.send(()).unwrap();
            wait.recv().unwrap();
        };
        let number = |number: i32| {
            let done = done.clone();
            move || done.send(number).unwrap()
        };
        explainer.give(2, job(slow, &wanted)).unwrap();
        begun.recv().unwrap();
        let gone = Arc::default();
        assert_eq!(explainer.give(2, job(number(1), &gone)), Ok(()));
        assert_eq!(explainer.give(2, job(number(2), &wanted)), Ok(()));
        assert_eq!(explainer.give(2, job(number(3), &wanted)), Err(Busy));
        drop(gone);
        // There is room again, for one.
        let gone = Arc::default();
        assert_eq!(explainer.give(2, job(number(4), &gone)), Ok(()));
        assert_eq!(explainer.give(2, job(number(5), &wanted)), Err(Busy));
        drop(gone);
        go.send(()).unwrap();
        assert_eq!(seen.recv(), Ok(2));
        assert_eq!(explainer.give(2, job(number(6), &wanted)), Ok(()));
        assert_eq!(seen.recv(), Ok(6));
    }

    /// Perhaps nobody wants it.
    struct Doubtful<F>(F);

    impl<F: FnOnce() + Send> Job for Doubtful<F> {
        fn is_wanted(&self) -> bool {
            true
        }

        fn is_sure(&self) -> bool {
            false
        }

        fn run(self: Box<Self>) {
            (self.0)();
        }
    }

    #[test]
    fn who_surely_waits_does_not_wait_for_who_may_have_gone() {
        let (explainer, wanted) = (Explainer::default(), Arc::default());
        let (go, wait) = mpsc::channel::<()>();
        let (done, seen) = mpsc::channel();
        let number = |number: i32| {
            let done = done.clone();
            move || done.send(number).unwrap()
        };
        let slow = move || wait.recv().unwrap();
        explainer.give(9, job(slow, &wanted)).unwrap();
        explainer.give(9, Box::new(Doubtful(number(1)))).unwrap();
        explainer.give(9, job(number(2), &wanted)).unwrap();
        explainer.give(9, Box::new(Doubtful(number(3)))).unwrap();
        explainer.give(9, job(number(4), &wanted)).unwrap();
        go.send(()).unwrap();
        let numbers: Vec<i32> = seen.iter().take(4).collect();
        assert_eq!(numbers, [2, 4, 1, 3]);
    }
}
