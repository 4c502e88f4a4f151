//! The thread that publishes what waits.

use std::sync::Arc;
use std::time::Duration;

use super::engine::{Connection, Fate, Life, Outgoing};
use super::flow::Flow;
use crate::counters::Limit;
use crate::hub::Wakes;
use crate::journal::receipt::Refusal;
use crate::once_a_minute::OnceAMinute;

#[derive(Debug)]
pub(super) struct Publisher {
    flow: Arc<Flow>,
    /// The connection, and the name of the engine that it leads to.
    connection: Option<(Box<dyn Connection>, String)>,
    /// Entries with keys of which nobody knows whether they are kept, and the epoch for which they were sent.
    again: Vec<(u64, Outgoing)>,
    told: OnceAMinute,
}

impl Publisher {
    pub(super) fn new(flow: Arc<Flow>) -> Self {
        Self {
            flow,
            connection: None,
            again: Vec::new(),
            told: OnceAMinute::new(),
        }
    }

    pub(super) fn run(mut self) {
        while let Some(batch) = self.flow.queue.take(IDLE) {
            let life = self.flow.life();
            let is_ready = life.as_ref().is_some_and(|life| self.connect(life));
            match life.filter(|_| is_ready) {
                Some(life) => self.publish(&life, batch),
                None => self.refuse(&batch),
            }
            let mut wakes = Wakes::default();
            let hub = &self.flow.hub;
            self.flow.table().sweep(PATIENCE, hub, &mut wakes);
            wakes.notify();
        }
    }

    /// Connects to the engine of this life, unless that is done.
    fn connect(&mut self, life: &Life) -> bool {
        if let Some((_, name)) = &self.connection
            && *name == life.engine
        {
            return true;
        }
        self.connection = None;
        let connected = self.flow.engine.connect().and_then(|mut connection| {
            let identity = connection.identify()?;
            Ok((connection, identity.name))
        });
        match connected {
            Ok((connection, name)) if name == life.engine => {
                self.connection = Some((connection, name));
                true
            }
            // Another engine than the follower checked, or none.
            Ok(_) => {
                self.flow.check();
                false
            }
            Err(trouble) => {
                if self.told.is_due() {
                    tracing::error!("nothing can be published: {trouble}");
                }
                false
            }
        }
    }

    /// Nobody takes them now.
    fn refuse(&mut self, batch: &[Outgoing]) {
        let mut wakes = Wakes::default();
        let mut table = self.flow.table();
        for outgoing in batch {
            table.refused(outgoing.mark, Refusal::Away, &self.flow.hub, &mut wakes);
        }
        drop(table);
        wakes.notify();
        self.flow.queue.answered(batch);
    }

    fn publish(&mut self, life: &Life, new: Vec<Outgoing>) {
        let mut batch = self.still_wanted(life);
        batch.extend(new);
        let Some((connection, _)) = self.connection.as_mut().filter(|_| !batch.is_empty()) else {
            return;
        };
        let mut table = self.flow.table();
        batch.iter().for_each(|outgoing| table.sends(outgoing.mark));
        drop(table);
        let mut fates = connection.publish(life.epoch, &batch);
        // An engine that says less than it must has not said it.
        fates.resize(batch.len(), Fate::Unknown("no answer".to_owned()));
        let is_refused = fates.iter().any(|fate| matches!(fate, Fate::Refused(_)));
        if is_refused && let Ok(sight) = connection.look() {
            self.flow.set_fault(sight.fault);
        }
        let mut wakes = Wakes::default();
        let mut is_broken = false;
        let mut done = Vec::with_capacity(batch.len());
        for (outgoing, fate) in batch.into_iter().zip(fates) {
            is_broken |= matches!(fate, Fate::Unknown(_) | Fate::Refused(_));
            match self.settle(&outgoing, fate, &mut wakes) {
                Settled::Done => done.push(outgoing),
                Settled::Again => self.again.push((life.epoch, outgoing)),
            }
        }
        wakes.notify();
        self.flow.queue.answered(&done);
        if is_broken {
            self.connection = None;
        }
    }

    /// What is to be sent again, as long as somebody waits for it in the same life.
    fn still_wanted(&mut self, life: &Life) -> Vec<Outgoing> {
        let table = self.flow.table();
        let (wanted, over): (Vec<_>, Vec<_>) = std::mem::take(&mut self.again)
            .into_iter()
            .partition(|(epoch, outgoing)| *epoch == life.epoch && table.has(outgoing.mark));
        drop(table);
        let strip = |entries: Vec<(u64, Outgoing)>| -> Vec<Outgoing> {
            entries.into_iter().map(|(_, outgoing)| outgoing).collect()
        };
        self.flow.queue.answered(&strip(over));
        strip(wanted)
    }

    /// Tells a publisher the fate of its entry.
    fn settle(&self, outgoing: &Outgoing, fate: Fate, wakes: &mut Wakes) -> Settled {
        let (mark, hub) = (outgoing.mark, &self.flow.hub);
        let mut table = self.flow.table();
        let refusal = match fate {
            Fate::Number(number) => {
                table.kept(mark, number, hub, wakes);
                return Settled::Done;
            }
            Fate::Repeated(number) => {
                table.repeated(mark, number, hub, wakes);
                return Settled::Done;
            }
            Fate::Unknown(why) => {
                if self.told.is_due() {
                    tracing::error!("it is not known whether messages are kept: {why}");
                }
                // Without a key it is shown if it was kept, or its publisher is told that nobody knows.
                return match table.may_come_again(mark) {
                    true => Settled::Again,
                    false => Settled::Done,
                };
            }
            Fate::OtherContent => Refusal::OtherContent,
            Fate::NoRoomForKey(wait) => {
                hub.counters.refused(Limit::IdempotencyKeys);
                Refusal::NoRoomForKey { wait }
            }
            Fate::OtherLife => {
                self.flow.check();
                Refusal::Away
            }
            Fate::Fenced => Refusal::NotKept,
            Fate::Refused(why) => {
                if self.told.is_due() {
                    tracing::error!("the broker does not keep a message: {why}");
                }
                self.flow.fault().map_or(Refusal::NotKept, Refusal::Fault)
            }
        };
        table.refused(mark, refusal, hub, wakes);
        Settled::Done
    }
}

enum Settled {
    Done,
    /// It must be sent again to know.
    Again,
}

/// How long nobody looks whether publishers have waited for too long.
const IDLE: Duration = Duration::from_millis(250);
/// How long a publisher waits until it is told that nobody knows.
const PATIENCE: Duration = Duration::from_secs(5);
