//! Reading what memory does not have any more: a thread of its own fills the orders of subscribers, piece by piece, so that
//! nobody else waits for it.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use holdline_comet::Log;

use crate::hub::{Archive, Hub, Order, Piece, Unreadable, empty_log};
use crate::message::{Content, Message};
use crate::once_a_minute::OnceAMinute;

/// Where messages are read from.
pub(super) trait Source {
    /// Reads the next piece of an order. If it cannot be read, the error says why.
    fn read(&mut self, order: &Order) -> Result<Found, String>;

    /// An order was given up.
    fn given_up(&mut self) {}
}

/// What reading has come to.
pub(super) enum Found {
    Piece(Piece),
    /// It may be there in a moment. Why it is not yet.
    NotYet(String),
}

/// The one that reads.
#[derive(Debug)]
pub(super) struct Older<S> {
    hub: Arc<Hub>,
    archive: Arc<Archive>,
    source: S,
    /// When reading was last tried in vain, and why, if it has not worked since.
    failed: Option<(Instant, String)>,
}

impl<S: Source> Older<S> {
    pub(super) fn new(hub: &Arc<Hub>, archive: &Arc<Archive>, source: S) -> Self {
        Self {
            hub: Arc::clone(hub),
            archive: Arc::clone(archive),
            source,
            failed: None,
        }
    }

    /// Runs until the archive is closed.
    pub(super) fn run(mut self) {
        let told = OnceAMinute::new();
        while let Some(order) = self.archive.next() {
            let piece = self.read_in_time(&order).map_err(|why| {
                if told.is_due() {
                    tracing::error!("older messages cannot be read: {why}");
                }
                self.source.given_up();
                Unreadable
            });
            if let Some(waiter) = self.archive.fill(order, piece) {
                self.hub.wake_reader(waiter);
            }
        }
    }

    /// Tries again for a while.
    fn read_in_time(&mut self, order: &Order) -> Result<Piece, String> {
        let end = order.placed + PATIENCE;
        loop {
            // An attempt can take seconds. Who has waited through one in vain does not wait for another.
            if let Some((at, why)) = &self.failed
                && *at >= end
            {
                return Err(why.clone());
            }
            let is_late = Instant::now() >= end || !self.archive.is_wanted(order);
            match self.source.read(order)? {
                Found::Piece(piece) => {
                    self.failed = None;
                    return Ok(piece);
                }
                Found::NotYet(why) if is_late => {
                    self.failed = Some((Instant::now(), why.clone()));
                    return Err(why);
                }
                Found::NotYet(why) => self.failed = Some((Instant::now(), why)),
            }
            thread::sleep(PAUSE);
        }
    }
}

/// A piece that is being read.
#[derive(Debug)]
pub(super) struct Filling<'o> {
    order: &'o Order,
    logs: Vec<Log<Arc<Message>>>,
    count: usize,
    bytes: usize,
}

impl<'o> Filling<'o> {
    /// `gone` says up to which number the messages of a channel are gone.
    pub(super) fn new(order: &'o Order, gone: impl Fn(&str) -> u64) -> Self {
        let logs = order.channels.iter().map(|name| empty_log(gone(name)));
        Self {
            order,
            logs: logs.collect(),
            count: 0,
            bytes: 0,
        }
    }

    /// Whether the rest is for the next piece.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= self.order.budget || self.count == MOST_MESSAGES
    }

    /// Adds a message of this channel of the order.
    pub(super) fn push(
        &mut self,
        channel: usize,
        number: u64,
        content: Content,
    ) -> Result<(), String> {
        let (Some(name), Some(log)) =
            (self.order.channels.get(channel), self.logs.get_mut(channel))
        else {
            return Ok(());
        };
        let cursor = self.order.cursor(number);
        let message = Arc::new(Message::new(cursor, Arc::clone(name), content));
        let size = message.size();
        log.push(number, size, Duration::ZERO, message)
            .map_err(|error| error.to_string())?;
        self.bytes += size;
        self.count += 1;
        Ok(())
    }

    /// All messages up to this number are in it or gone.
    pub(super) fn up_to(self, to: u64) -> Piece {
        Piece {
            logs: self.logs,
            to,
            bytes: self.bytes,
        }
    }
}

/// How many messages are read at a time.
pub(super) const MOST_MESSAGES: usize = 1000;
/// How long a subscriber waits for what cannot be read.
const PATIENCE: Duration = if cfg!(test) {
    Duration::from_millis(300)
} else {
    Duration::from_secs(3)
};
const PAUSE: Duration = Duration::from_millis(20);
