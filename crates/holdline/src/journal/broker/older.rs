//! Reading older entries of the engine, with a connection of its own.

use std::sync::Arc;
use std::time::Instant;

use super::engine::{Change, Connection, Entry, Life, RETRY, Trouble, What};
use super::flow::Flow;
use super::restore::{Judge, Judged};
use crate::hub::Order;
use crate::journal::Effect;
use crate::journal::older::{Filling, Found, Source};

#[derive(Debug)]
pub(super) struct Reading {
    flow: Arc<Flow>,
    judge: Judge,
    /// The connection, and the name of the engine that it leads to.
    connection: Option<(Box<dyn Connection>, String)>,
    /// When there was none, and why.
    refused: Option<(Instant, String)>,
}

impl Source for Reading {
    fn read(&mut self, order: &Order) -> Result<Found, String> {
        let Some(life) = self.flow.life() else {
            return Ok(Found::NotYet("the broker does not answer".to_owned()));
        };
        if life.epoch != order.epoch {
            // Its subscriber looks again, and sees that a new life has begun.
            let nothing = Filling::new(order, |_| 0).up_to(order.after);
            return Ok(Found::Piece(nothing));
        }
        let found = self.connect(&life).and_then(|mut connection| {
            let found = self.read_from(&mut *connection, order, &life)?;
            self.connection = Some((connection, life.engine));
            Ok(found)
        });
        Ok(found.unwrap_or_else(|trouble| Found::NotYet(trouble.to_string())))
    }
}

impl Reading {
    pub(super) fn new(flow: Arc<Flow>, judge: Judge) -> Self {
        Self {
            flow,
            judge,
            connection: None,
            refused: None,
        }
    }

    /// A connection to the engine of this life. It is put back if it is still good.
    fn connect(&mut self, life: &Life) -> Result<Box<dyn Connection>, Trouble> {
        if let Some((connection, name)) = self.connection.take()
            && name == life.engine
        {
            return Ok(connection);
        }
        if let Some((at, why)) = &self.refused
            && at.elapsed() < RETRY
        {
            return Err(Trouble::Away(why.clone()));
        }
        let connected = self.flow.engine.connect().and_then(|mut connection| {
            let identity = connection.identify()?;
            if identity.name == life.engine {
                return Ok(connection);
            }
            self.flow.check();
            let why = "another broker answers than the one before";
            Err(Trouble::Away(why.to_owned()))
        });
        self.refused = match &connected {
            Ok(_) => None,
            Err(trouble) => Some((Instant::now(), trouble.to_string())),
        };
        connected
    }

    fn read_from(
        &self,
        connection: &mut dyn Connection,
        order: &Order,
        life: &Life,
    ) -> Result<Found, Trouble> {
        let past = &self.flow.past;
        let gone = order.channels.iter().map(|of| past.gone(of)).min();
        let begin = order.after.max(gone.unwrap_or(0)) + 1;
        let entries = range(connection, begin, order.until)?;
        // What is not there at the beginning is there no more.
        let gone = entries
            .first()
            .map_or(order.until, |first| first.number.saturating_sub(1));
        let mut filling = Filling::new(order, |name| past.gone(name).max(gone));
        let to = self.fill(connection, &mut filling, order, entries, gone)?;
        // All of this was of the same life, if that goes on.
        let sight = connection.look()?;
        let same = |now: &Life| now.epoch == life.epoch;
        if !sight.life.as_ref().is_some_and(same) || sight.last < order.until {
            self.flow.check();
            let why = "the broker does not have what it had";
            return Ok(Found::NotYet(why.to_owned()));
        }
        Ok(Found::Piece(filling.up_to(to)))
    }

    /// Takes entries after number `passed` until a piece is full, or something is missing, which the next piece tells.
    /// Returns how far it is.
    fn fill(
        &self,
        connection: &mut dyn Connection,
        filling: &mut Filling<'_>,
        order: &Order,
        mut entries: Vec<Entry>,
        mut passed: u64,
    ) -> Result<u64, Trouble> {
        let mut scanned = 0;
        while !entries.is_empty() {
            scanned += entries.len();
            for entry in entries {
                if entry.number != passed + 1 || filling.is_full() {
                    return Ok(passed);
                }
                passed = entry.number;
                self.take(entry, filling, order).map_err(Trouble::Away)?;
            }
            if scanned >= MOST_SCANNED {
                break;
            }
            entries = range(connection, passed + 1, order.until)?;
        }
        Ok(passed)
    }

    /// Takes an entry if it is a message of one of the channels, and not deleted.
    fn take(&self, entry: Entry, filling: &mut Filling<'_>, order: &Order) -> Result<(), String> {
        let Entry { number, what, .. } = entry;
        let What::Change {
            channel,
            change: Change::Message { .. },
        } = &what
        else {
            return Ok(());
        };
        let mut channels = order.channels.iter();
        let Some(index) = channels.position(|of| **of == **channel) else {
            return Ok(());
        };
        if number <= self.flow.past.gone(channel) {
            return Ok(());
        }
        // What is no message was counted when it came.
        match self.judge.read(what) {
            Ok(Judged::Change {
                effect: Effect::Message(content),
                ..
            }) => filling.push(index, number, content),
            _ => Ok(()),
        }
    }
}

fn range(connection: &mut dyn Connection, from: u64, to: u64) -> Result<Vec<Entry>, Trouble> {
    match from <= to {
        true => connection.range(from, to, PIECE),
        false => Ok(Vec::new()),
    }
}

/// Entries that are asked for at a time.
const PIECE: usize = 500;
/// After so many entries another subscriber has its turn.
const MOST_SCANNED: usize = 2000;
