//! The thread that reads older messages for subscribers, piece by piece, beside the one that writes.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use holdline_comet::{Log, LogLimits};
use redb::{Database, ReadableDatabase};

use super::index::Index;
use super::opened::{Opened, Parts};
use super::tables::{MESSAGES, META, decode};
use super::trouble::{Trouble, guarded};
use super::writer::Job;
use crate::hub::{Archive, Hub, Order, Piece, Unreadable};
use crate::message::{Content, Message};
use crate::once_a_minute::OnceAMinute;

#[derive(Debug)]
pub(super) struct Older {
    pub(super) opened: Opened,
    pub(super) hub: Arc<Hub>,
    pub(super) archive: Arc<Archive>,
    pub(super) writer: Sender<Job>,
}

/// What reading has come to.
enum Read {
    Piece(Piece),
    /// What was shown is not written yet.
    NotYet,
}

impl Older {
    /// Runs until the archive is closed.
    pub(super) fn run(self) {
        let told = OnceAMinute::new();
        while let Some(order) = self.archive.next() {
            let piece = self.read_in_time(&order).map_err(|trouble| {
                if told.is_due() {
                    tracing::error!("older messages cannot be read: {trouble}");
                }
                self.ask_writer();
                Unreadable
            });
            if let Some(waiter) = self.archive.fill(order, piece) {
                self.hub.wake_reader(waiter);
            }
        }
    }

    /// Has the writer write what waits, or find out that it cannot.
    fn ask_writer(&self) {
        // If it is not there any more, it has ended already.
        let _ = self.writer.send(Job::Look);
    }

    /// Tries again for a while, if the database is being opened again or does not have yet what was shown.
    fn read_in_time(&self, order: &Order) -> Result<Piece, Trouble> {
        loop {
            let is_late = order.placed.elapsed() >= PATIENCE || !self.archive.is_wanted(order);
            let closed = || Trouble::Failed("the database is not open".to_owned());
            let parts = self.opened.parts();
            match parts.database.upgrade() {
                None if is_late => return Err(closed()),
                None => {}
                Some(database) => match guarded(|| self.read(&database, &parts, order))? {
                    Read::Piece(piece) => return Ok(piece),
                    Read::NotYet if is_late => {
                        let why = "it does not have yet what was shown";
                        return Err(Trouble::Failed(why.to_owned()));
                    }
                    // It need not wait for its time.
                    Read::NotYet => self.ask_writer(),
                },
            }
            thread::sleep(PAUSE);
        }
    }

    fn read(&self, database: &Database, parts: &Parts, order: &Order) -> Result<Read, Trouble> {
        // First the database as it is now, then the index: what that says is there has not left the file before.
        let read = database.begin_read()?;
        let (messages, meta) = (read.open_table(MESSAGES)?, read.open_table(META)?);
        let written = meta.get("last")?.map_or(0, |last| last.value());
        let until = order.until.min(written);
        if until <= order.after {
            return Ok(Read::NotYet);
        }
        let (plan, mut logs) = plan(&parts.index(), order, until);
        let (mut bytes, mut to) = (0, until);
        for (at, entry) in plan.iter().enumerate() {
            if bytes >= order.budget || at == MOST_MESSAGES {
                // This one is the first of the next piece.
                to = entry.number - 1;
                break;
            }
            let row = messages.get(entry.number)?;
            let row = row
                .ok_or_else(|| Trouble::damaged(format!("message {} is missing", entry.number)))?;
            let row = decode(entry.number, row.value())?;
            let (Some(wanting), Some(log)) = (
                order.channels.get(entry.channel),
                logs.get_mut(entry.channel),
            ) else {
                continue;
            };
            if row.channel != &*wanting.name {
                let number = entry.number;
                return Err(Trouble::damaged(format!(
                    "message {number} is of another channel"
                )));
            }
            let content = Content::new(row.channel, row.event, row.data);
            let cursor = self.hub.cursor_of(entry.number);
            let message = Arc::new(Message::new(cursor, Arc::clone(&wanting.name), content));
            bytes += message.size();
            log.push(entry.number, message.size(), Duration::ZERO, message)
                .map_err(|error| Trouble::damaged(error.to_string()))?;
        }
        Ok(Read::Piece(Piece { logs, to, bytes }))
    }
}

/// A message to read.
#[derive(Clone, Copy, Debug)]
struct Entry {
    number: u64,
    /// Which channel of the order it is of.
    channel: usize,
}

/// The messages of an order up to `until` in the order of their numbers, one more than a piece may have, and a log for each channel that
/// knows what is gone.
fn plan(index: &Index, order: &Order, until: u64) -> (Vec<Entry>, Vec<Log<Arc<Message>>>) {
    let (mut plan, mut logs) = (Vec::new(), Vec::new());
    for (channel, wanting) in order.channels.iter().enumerate() {
        let gone = index.mark(&wanting.name).gone;
        let numbers = index.after(&wanting.name, order.after);
        let numbers = numbers.take_while(|&number| number <= until);
        let entries = numbers.map(|number| Entry { number, channel });
        plan.extend(entries.take(MOST_MESSAGES + 1));
        let mut limits = LogLimits::default();
        limits.max_messages = usize::MAX;
        limits.max_bytes = usize::MAX;
        let gone = gone.min(wanting.forgotten);
        logs.push(Log::with_evicted_through(limits, gone));
    }
    plan.sort_unstable_by_key(|entry| entry.number);
    plan.truncate(MOST_MESSAGES + 1);
    (plan, logs)
}

/// How many messages are read at a time.
const MOST_MESSAGES: usize = 1000;
/// How long a subscriber waits while the database cannot be read.
const PATIENCE: Duration = if cfg!(test) {
    Duration::from_millis(300)
} else {
    Duration::from_secs(3)
};
const PAUSE: Duration = Duration::from_millis(20);
