//! `--feed`: messages that others publish with `PUBLISH` of Redis, which keeps none of them.
//!
//! Each feed has a thread that [listens](listener). What it hears goes into the journal like all that clients publish,
//! one after the other. Nobody who publishes there hears of errors; so what is no message is counted and logged.
//!
//! Redis delivers at most once: what comes while nobody listens is gone. So a feed puts a
//! [gap](crate::journal::Change::Gap) before what it takes, each time it begins to listen, and whenever the journal did
//! not keep something. Everyone who follows one of the channels is told `lost` at the gap.
//!
//! If several servers share a broker, one of them listens: the one that has the [lease](lease). What it publishes
//! counts only as long as the lease still has the number with which it was taken. So a server that was stopped for a
//! while, and does not know that another has taken over, doubles nothing.

mod lease;
mod listener;
mod outlet;
mod source;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use self::lease::Lease;
use self::listener::Listener;
pub(crate) use self::source::Source;
use crate::app::Shared;
use crate::journal::broker::Engine;
use crate::threads;

/// All feeds of the server.
#[derive(Debug)]
pub(crate) struct Feeds {
    is_stopping: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Feeds {
    /// Checks that the broker, if there is one, lets servers agree on which of them listens.
    pub(crate) fn check(sources: &[Source], engine: &dyn Engine) -> Result<(), String> {
        if sources.is_empty() || engine.has_leases() {
            return Ok(());
        }
        Err(
            "--feed does not go with --broker nats://, where each server would publish the same message: publish into \
             NATS itself (`nats pub holdline.channel.NAME TEXT`), or take --broker redis://"
                .to_owned(),
        )
    }

    /// Begins to listen.
    pub(crate) fn start(
        sources: Vec<Source>,
        shared: &Arc<Shared>,
        engine: Option<&Arc<dyn Engine>>,
    ) -> Result<Self, String> {
        let is_stopping = Arc::new(AtomicBool::new(false));
        shared.hub.counters.feeds.set_all(sources.len());
        let threads = sources.into_iter().map(|source| {
            let lease = engine.map(|engine| Lease::new(Arc::clone(engine), source.to_string()));
            let (shared, is_stopping) = (Arc::clone(shared), Arc::clone(&is_stopping));
            let listener = Listener::new(source, shared, lease, is_stopping);
            threads::start("feed", move || listener.run())
        });
        let threads = threads.collect::<Result<_, _>>()?;
        Ok(Self {
            is_stopping,
            threads,
        })
    }

    /// Ends them all.
    pub(crate) fn stop(self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread that feeds has panicked");
            }
        }
    }
}
