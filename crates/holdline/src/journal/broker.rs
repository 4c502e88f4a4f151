//! The journal that several servers share: messages are kept by an [engine](engine::Engine), which numbers them.
//!
//! Four threads do the work, each with a connection of its own. One [publishes](publisher) what waits. The second one
//! [follows](follower) the engine and shows each entry in the order of the numbers, whoever published it. So all servers
//! show the same messages under the same numbers, and a publisher is answered when its message comes back. The third one
//! reads [older](older) history, and the fourth tells other servers [who is there](presence) and hears it from them.
//!
//! On every connection it is [checked](life) that the engine still has what it had. If not, a new life begins, in all
//! servers.

pub(crate) mod engine;
mod engines;
mod flow;
mod follower;
mod life;
mod nats;
mod older;
mod past;
mod presence;
mod publisher;
mod queue;
mod random;
mod redis;
mod restore;
mod table;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub(crate) use self::engine::EngineOptions;
use self::engine::{Change as Changed, Fence, Key, Outgoing, RETRY};
pub(crate) use self::engine::{Connection, Engine, Trouble};
use self::flow::Flow;
use self::follower::Follower;
use self::life::{Agreed, Known, agree};
use self::older::Reading;
use self::past::Past;
use self::presence::Presence;
use self::publisher::Publisher;
use self::random::random;
use super::older::Older;
use super::receipt::Outcome;
use super::{Appended, Change, Draft, Journal, Receipt, Refusal, Standing};
use crate::hub::{Archive, Hub, Waiter};
use crate::threads;

/// How a broker is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BrokerOptions {
    pub(crate) engine: EngineOptions,
    /// Bytes of messages that may be on their way.
    pub(crate) most_waiting: usize,
}

/// A broker that answers, before anything else is open.
#[derive(Debug)]
pub(crate) struct OpenedBroker {
    engine: Arc<dyn Engine>,
    connection: Box<dyn Connection>,
    agreed: Agreed,
    options: BrokerOptions,
}

impl OpenedBroker {
    /// Connects to the engine of this URL, for a while if it does not answer.
    pub(crate) fn new(url: &str, options: BrokerOptions) -> Result<Self, String> {
        let engine = engines::engine(url, options.engine)?;
        Self::at(engine, options, FIRST_PATIENCE)
    }

    fn at(
        engine: Arc<dyn Engine>,
        options: BrokerOptions,
        patience: Duration,
    ) -> Result<Self, String> {
        let begun = Instant::now();
        loop {
            let opened = engine.connect().and_then(|mut connection| {
                let agreed = agree(&mut *connection, &Known::default())?;
                Ok((connection, agreed))
            });
            let failed = match opened {
                Ok((connection, agreed)) => {
                    if let Some(warning) = &agreed.identity.warning {
                        tracing::warn!("--broker {}: {warning}", engine.address());
                    }
                    return Ok(Self {
                        engine,
                        connection,
                        agreed,
                        options,
                    });
                }
                Err(failed) => failed,
            };
            let is_over = begun.elapsed() >= patience;
            if is_over || matches!(failed, Trouble::Wrong(_)) {
                return Err(format!("--broker {}: {failed}", engine.address()));
            }
            tracing::warn!("--broker {}: {failed}; trying again", engine.address());
            thread::sleep(RETRY);
        }
    }

    /// For what else several servers agree on.
    pub(crate) fn engine(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.engine)
    }

    /// The epoch of the current life.
    pub(crate) fn epoch(&self) -> u64 {
        self.agreed.life.epoch
    }
}

/// A journal in an engine.
#[derive(Debug)]
pub(crate) struct Broker {
    flow: Arc<Flow>,
    archive: Arc<Archive>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Broker {
    /// Shows what the engine has, as much as memory may have of it, and begins to follow and to publish. `hub` must be
    /// [shared](Hub::shared), and of the life that was opened.
    pub(crate) fn start(opened: OpenedBroker, hub: &Arc<Hub>) -> Result<Self, String> {
        let OpenedBroker {
            engine,
            mut connection,
            agreed,
            options,
        } = opened;
        let address = engine.address().to_owned();
        let judge = || restore::Judge::new(options.engine.max_message);
        let (past, followed) = (Past::default(), judge());
        let newest = restore::restore(&mut *connection, &agreed.sight, &followed, &past, hub)
            .map_err(|trouble| format!("--broker {address}: {trouble}"))?;
        let flow = Arc::new(Flow::new(
            Arc::clone(hub),
            engine,
            past,
            options.most_waiting,
        ));
        flow.table().begin(agreed.sight.last);
        let follower = Follower::new(Arc::clone(&flow), followed, connection, agreed, newest);
        let publisher = Publisher::new(Arc::clone(&flow));
        let archive = hub.open_archive(Box::new(flow.past.clone()));
        let reading = Reading::new(Arc::clone(&flow), judge());
        let older = Older::new(hub, &archive, reading);
        let name = random().ok_or("no random numbers")?;
        let presence = Presence::new(Arc::clone(&flow), name);
        let threads = vec![
            threads::start("follower", move || follower.run())?,
            threads::start("publisher", move || publisher.run())?,
            threads::start("older", move || older.run())?,
            threads::start("presence", move || presence.run())?,
        ];
        Ok(Self {
            flow,
            archive,
            threads: Mutex::new(threads),
        })
    }
}

impl Journal for Broker {
    fn append(&self, draft: Draft<'_>, publisher: Option<Waiter>) -> Result<Appended, Refusal> {
        if let Some(refusal) = self.flow.refusal() {
            return Err(refusal);
        }
        let receipt = Receipt::new(Outcome::Pending);
        if let Some(waiter) = publisher {
            receipt.join(waiter);
        }
        let outgoing = outgoing(draft)?;
        let (mark, has_key) = (outgoing.mark, outgoing.key.is_some());
        self.flow
            .table()
            .expect(mark, receipt.clone(), has_key, self.flow.hub.now());
        if self.flow.queue.push(outgoing).is_err() {
            self.flow.table().forget(mark);
            return Err(Refusal::Busy);
        }
        Ok(Appended::Later(receipt))
    }

    fn standing(&self) -> Standing {
        self.flow.standing()
    }

    fn close(&self) {
        self.flow.close();
        self.archive.close();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the broker has panicked");
            }
        }
    }
}

fn outgoing(draft: Draft<'_>) -> Result<Outgoing, Refusal> {
    Ok(Outgoing {
        mark: random().ok_or(Refusal::NotKept)?,
        channel: draft.channel.to_owned(),
        change: match draft.change {
            Change::Message { event, data } => Changed::Message {
                event: event.map(str::to_owned),
                data: data.to_owned(),
            },
            Change::Deletion => Changed::Deletion,
            Change::Gap => Changed::Gap,
        },
        fence: draft.fence.map(|fence| Fence {
            lease: fence.lease.to_owned(),
            number: fence.number.to_owned(),
        }),
        key: draft.key.map(|key| {
            let (scope, content) = key.hashes();
            Key { scope, content }
        }),
    })
}

/// How long a broker is waited for when the server starts.
const FIRST_PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
