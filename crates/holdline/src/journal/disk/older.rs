//! Reading older messages from the database, beside the one that writes.

use std::sync::mpsc::Sender;

use redb::{Database, ReadableDatabase};

use super::index::Index;
use super::opened::{Opened, Parts};
use super::tables::{MESSAGES, META, decode};
use super::trouble::{Trouble, guarded};
use super::writer::Job;
use crate::hub::Order;
use crate::journal::older::{Filling, Found, MOST_MESSAGES, Source};
use crate::message::Content;

#[derive(Debug)]
pub(super) struct Reading {
    pub(super) opened: Opened,
    pub(super) writer: Sender<Job>,
}

impl Source for Reading {
    fn read(&mut self, order: &Order) -> Result<Found, String> {
        let parts = self.opened.parts();
        let Some(database) = parts.database.upgrade() else {
            return Ok(Found::NotYet("the database is not open".to_owned()));
        };
        let found =
            guarded(|| read(&database, &parts, order)).map_err(|error| error.to_string())?;
        if let Found::NotYet(_) = found {
            // It need not wait for its time.
            self.ask_writer();
        }
        Ok(found)
    }

    fn given_up(&mut self) {
        self.ask_writer();
    }
}

impl Reading {
    /// Has the writer write what waits, or find out that it cannot.
    fn ask_writer(&self) {
        if self.writer.send(Job::Look).is_err() {
            tracing::debug!("the writer has ended already");
        }
    }
}

fn read(database: &Database, parts: &Parts, order: &Order) -> Result<Found, Trouble> {
    // First the database as it is now, then the index: what that says is there has not left the file before.
    let read = database.begin_read()?;
    let (messages, meta) = (read.open_table(MESSAGES)?, read.open_table(META)?);
    let written = meta.get("last")?.map_or(0, |last| last.value());
    let until = order.until.min(written);
    if until <= order.after {
        let why = "it does not have yet what was shown";
        return Ok(Found::NotYet(why.to_owned()));
    }
    let (plan, mut filling) = plan(&parts.index(), order, until);
    let mut to = until;
    for Entry { number, channel } in plan {
        if filling.is_full() {
            // This one is the first of the next piece.
            to = number - 1;
            break;
        }
        let row = messages.get(number)?;
        let row = row.ok_or_else(|| Trouble::damaged(format!("message {number} is missing")))?;
        let row = decode(number, row.value())?;
        let name = order.channels.get(channel);
        if name.is_none_or(|name| row.channel != &**name) {
            return Err(Trouble::damaged(format!(
                "message {number} is of another channel"
            )));
        }
        let content = Content::new(row.channel, row.event, row.data);
        filling
            .push(channel, number, content)
            .map_err(Trouble::damaged)?;
    }
    Ok(Found::Piece(filling.up_to(to)))
}

/// A message to read.
#[derive(Clone, Copy, Debug)]
struct Entry {
    number: u64,
    /// Which channel of the order it is of.
    channel: usize,
}

/// The messages of an order up to `until` in the order of their numbers, one more than a piece may have, and the piece,
/// which knows what is gone.
fn plan<'o>(index: &Index, order: &'o Order, until: u64) -> (Vec<Entry>, Filling<'o>) {
    let mut plan = Vec::new();
    for (channel, name) in order.channels.iter().enumerate() {
        let numbers = index.after(name, order.after);
        let numbers = numbers.take_while(|&number| number <= until);
        let entries = numbers.map(|number| Entry { number, channel });
        plan.extend(entries.take(MOST_MESSAGES + 1));
    }
    plan.sort_unstable_by_key(|entry| entry.number);
    plan.truncate(MOST_MESSAGES + 1);
    let filling = Filling::new(order, |name| index.mark(name).gone);
    (plan, filling)
}
