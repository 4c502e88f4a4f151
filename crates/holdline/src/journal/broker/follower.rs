//! The thread that follows the engine, and shows each entry in the order of the numbers.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::engine::{Connection, Entry, Life, RETRY, Sight, Trouble};
use super::flow::Flow;
use super::life::{Agreed, Known, agree};
use super::restore::{Judge, Judged};
use crate::hub::Wakes;
use crate::lives::Lives;
use crate::once_a_minute::OnceAMinute;

#[derive(Debug)]
pub(super) struct Follower {
    flow: Arc<Flow>,
    judge: Judge,
    connection: Option<Box<dyn Connection>>,
    life: Life,
    /// Everything up to this number was shown, or is lost.
    passed: u64,
    /// The number and the mark of the newest entry.
    newest: Option<(u64, u64)>,
    /// How far the engine was at some look, and when that was. It stays until all up to there is shown: under load
    /// there is always something newer.
    target: (u64, u64),
    looked: Instant,
    told_of_gap: OnceAMinute,
    is_away: bool,
}

impl Follower {
    /// Goes on where `restore` ended.
    pub(super) fn new(
        flow: Arc<Flow>,
        judge: Judge,
        connection: Box<dyn Connection>,
        agreed: Agreed,
        newest: Option<(u64, u64)>,
    ) -> Self {
        let Agreed { life, sight, .. } = agreed;
        flow.heard();
        flow.fresh(flow.now());
        flow.set_fault(sight.fault);
        flow.set_life(Some(life.clone()));
        Self {
            judge,
            connection: Some(connection),
            life,
            passed: sight.last,
            newest,
            target: (sight.last, flow.now()),
            looked: Instant::now(),
            told_of_gap: OnceAMinute::new(),
            is_away: false,
            flow,
        }
    }

    pub(super) fn run(mut self) {
        while !self.flow.is_closing() {
            if let Err(trouble) = self.turn() {
                self.connection = None;
                self.flow.set_life(None);
                if !std::mem::replace(&mut self.is_away, true) {
                    let broker = self.flow.engine.address();
                    tracing::error!(broker, "the broker does not answer: {trouble}");
                }
                thread::sleep(RETRY);
            }
        }
    }

    fn turn(&mut self) -> Result<(), Trouble> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let mut connection = self.flow.engine.connect()?;
                self.agree(&mut *connection)?;
                if std::mem::take(&mut self.is_away) {
                    tracing::info!(broker = self.flow.engine.address(), "the broker is back");
                }
                connection
            }
        };
        let entries = connection.follow(self.passed, WAIT)?;
        self.flow.heard();
        let mut wakes = Wakes::default();
        for entry in entries {
            self.pass(entry, &mut wakes);
        }
        wakes.notify();
        if self.flow.must_check() {
            self.agree(&mut *connection)?;
        } else if self.looked.elapsed() >= LOOK {
            self.look(&mut *connection)?;
        }
        self.judge_freshness();
        self.connection = Some(connection);
        Ok(())
    }

    /// Looks how far the engine is, and whether it is still as it was.
    fn look(&mut self, connection: &mut dyn Connection) -> Result<(), Trouble> {
        let (asked, at) = (self.flow.hub.asked(), self.flow.now());
        let sight = connection.look()?;
        self.flow.heard();
        let is_same = sight.life.as_ref() == Some(&self.life);
        if !is_same || sight.last < self.passed {
            return self.agree(connection);
        }
        self.see(&sight, at, asked);
        Ok(())
    }

    fn see(&mut self, sight: &Sight, at: u64, asked: u64) {
        self.looked = Instant::now();
        self.judge_freshness();
        if self.passed >= self.target.0 {
            self.target = (sight.last, at);
        }
        self.flow.set_fault(sight.fault);
        self.flow.hub.heard(sight.last, asked);
        self.flow
            .past
            .lose(sight.first.saturating_sub(1).min(self.passed));
        // What was trimmed will not come any more.
        if sight.first > self.passed + 1 && sight.first > sight.last {
            let mut wakes = Wakes::default();
            self.lose(sight.last, &mut wakes);
            wakes.notify();
        }
    }

    fn agree(&mut self, connection: &mut dyn Connection) -> Result<(), Trouble> {
        let known = Known {
            epoch: Some(self.life.epoch),
            passed: self.passed,
            given: self.flow.hub.given(),
            newest: self.newest,
        };
        let (asked, at) = (self.flow.hub.asked(), self.flow.now());
        let Agreed { life, sight, .. } = agree(connection, &known)?;
        self.flow.heard();
        if life.epoch != self.life.epoch {
            self.begin_life(&life);
        }
        self.life = life.clone();
        self.flow.set_life(Some(life));
        self.see(&sight, at, asked);
        Ok(())
    }

    fn begin_life(&mut self, life: &Life) {
        tracing::warn!(
            start = life.start,
            "this server goes on with a new life of the broker's sequence; clients are told"
        );
        let hub = &self.flow.hub;
        let mut wakes = Wakes::default();
        self.flow.past.lose(life.start);
        let mut table = self.flow.table();
        hub.begin_life(Lives::new(life.epoch), life.start, &mut wakes);
        table.begin_life(life.start, hub, &mut wakes);
        drop(table);
        wakes.notify();
        self.passed = life.start;
        self.newest = None;
    }

    fn pass(&mut self, entry: Entry, wakes: &mut Wakes) {
        let Entry {
            number, mark, what, ..
        } = entry;
        if number <= self.passed {
            return;
        }
        if number > self.passed + 1 {
            self.lose(number - 1, wakes);
        }
        let hub = &self.flow.hub;
        let judged = self.judge.judge(number, what, hub);
        let mut table = self.flow.table();
        let shown = match judged {
            Judged::Change { channel, effect } => {
                self.flow.past.passes(number, &channel, &effect, hub);
                Some(effect.show(number, &channel, hub, wakes))
            }
            Judged::Nothing => {
                hub.skip(number, wakes);
                None
            }
        };
        table.passed(number, shown.map(|published| (mark, published)), hub, wakes);
        drop(table);
        self.passed = number;
        self.newest = Some((number, mark));
    }

    /// The engine does not have what comes next up to this number.
    fn lose(&mut self, through: u64, wakes: &mut Wakes) {
        if self.told_of_gap.is_due() {
            let (from, to) = (self.passed + 1, through);
            tracing::warn!(
                from,
                to,
                "entries of the broker are gone before they were read; clients are told"
            );
        }
        self.flow.past.lose(through);
        let hub = &self.flow.hub;
        hub.lose(through, wakes);
        self.flow.table().passed(through, None, hub, wakes);
        self.passed = through;
        self.newest = None;
    }

    /// After all that the engine had at that look is shown, it is known when that was.
    fn judge_freshness(&self) {
        let (last, at) = self.target;
        if self.passed >= last {
            self.flow.fresh(at);
        }
    }
}

/// How long to wait for an entry before looking at other things.
const WAIT: Duration = Duration::from_millis(250);
/// How often to look how far the engine is.
const LOOK: Duration = Duration::from_millis(400);
