//! What the threads of a broker share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::engine::{Engine, Life};
use super::past::Past;
use super::queue::Queue;
use super::table::Table;
use crate::hub::Hub;
use crate::journal::{Refusal, Standing};

#[derive(Debug)]
pub(super) struct Flow {
    pub(super) hub: Arc<Hub>,
    pub(super) engine: Arc<dyn Engine>,
    pub(super) queue: Queue,
    pub(super) past: Past,
    table: Mutex<Table>,
    state: Mutex<State>,
    must_check: AtomicBool,
    is_closing: AtomicBool,
    /// When the engine was heard last, and when everything was shown that it had at that time: milliseconds on the
    /// hub's clock.
    heard: AtomicU64,
    fresh: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// The life that the follower agreed on, while it is connected.
    life: Option<Life>,
    fault: Option<&'static str>,
}

impl Flow {
    pub(super) fn new(
        hub: Arc<Hub>,
        engine: Arc<dyn Engine>,
        past: Past,
        most_waiting: usize,
    ) -> Self {
        Self {
            hub,
            engine,
            queue: Queue::new(most_waiting),
            past,
            table: Mutex::default(),
            state: Mutex::default(),
            must_check: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
            heard: AtomicU64::new(0),
            fresh: AtomicU64::new(0),
        }
    }

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life in which to publish now.
    pub(super) fn life(&self) -> Option<Life> {
        self.lock().life.clone()
    }

    /// The follower is connected and goes on with this life; or it is not connected.
    pub(super) fn set_life(&self, life: Option<Life>) {
        self.lock().life = life;
    }

    pub(super) fn fault(&self) -> Option<&'static str> {
        self.lock().fault
    }

    pub(super) fn set_fault(&self, fault: Option<&'static str>) {
        let before = std::mem::replace(&mut self.lock().fault, fault);
        if let Some(fault) = fault
            && before.is_none()
        {
            tracing::error!(
                broker = self.engine.address(),
                "nothing can be published: {fault}"
            );
        }
        if fault.is_none() && before.is_some() {
            tracing::info!(broker = self.engine.address(), "publishing works again");
        }
    }

    /// Why nothing can be published now.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        let state = self.lock();
        match (&state.life, state.fault) {
            (_, Some(fault)) => Some(Refusal::Fault(fault)),
            (None, None) => Some(Refusal::Away),
            (Some(_), None) => None,
        }
    }

    /// Something is not as the follower believes.
    pub(super) fn check(&self) {
        self.must_check.store(true, Ordering::Relaxed);
    }

    pub(super) fn must_check(&self) -> bool {
        self.must_check.swap(false, Ordering::Relaxed)
    }

    pub(super) fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        self.queue.close();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    /// The engine has answered.
    pub(super) fn heard(&self) {
        self.heard.store(self.now(), Ordering::Relaxed);
    }

    /// Everything is shown that the engine had at that time.
    pub(super) fn fresh(&self, at: u64) {
        self.fresh.store(at, Ordering::Relaxed);
    }

    /// Milliseconds on the hub's clock.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.hub.now().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn standing(&self) -> Standing {
        let since = |moment: &AtomicU64| {
            Duration::from_millis(self.now().saturating_sub(moment.load(Ordering::Relaxed)))
        };
        if since(&self.heard) >= AWAY {
            Standing::Away
        } else if since(&self.fresh) >= STALE {
            Standing::Stale
        } else {
            Standing::Current
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// After so long without knowing that it has everything, a server does not say any more what is new.
const STALE: Duration = Duration::from_secs(3);
/// And after so long without hearing the engine, its clients should go elsewhere.
const AWAY: Duration = Duration::from_secs(10);
