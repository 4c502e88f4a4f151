//! NATS JetStream.
//!
//! The messages are one stream, whose sequence is the number. A second one, which the tools of NATS know as a
//! key-value bucket, has the record of the [life](Life): with compare-and-set, and apart from the messages, so that it
//! stays when they are trimmed, purged or deleted.
//!
//! - **Keys.** The server finds a message ID that it has seen in the last two minutes, and names the number of then.
//!   It does not compare the messages. So a hash of what is published goes with each key, and is compared with the one
//!   of then. If the message of then is trimmed already, nobody can compare, and it counts as the same.
//! - **Numbers.** A new life has to begin after all numbers that anybody was told. If the stream is behind them,
//!   because it was made again or restored, entries that say nothing use up what is between; if there are many, a purge
//!   up to a number moves the sequence, which removes what there was before.
//! - **No script.** JetStream cannot compare the record of the life and publish in one step. What a server publishes in
//!   the moment in which another one begins a new life is kept, as a part of the new life.
//!
//! The protocol is a few lines of text around messages, and all calls here block. So it is [spoken](link) here,
//! instead of by a library that would bring an async runtime, its TLS and a pool of its own that connects again
//! unseen: here a connection is good until its first error, so that after each the engine's identity is asked.

mod address;
mod api;
mod entry;
mod feed;
mod link;
mod publishing;
mod radio;
mod record;
mod seen;
mod session;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::address::Address;
use self::feed::Feed;
use self::session::{Place, Session};
use super::engine::{
    Connection, Engine, EngineOptions, Entry, Fate, Identity, Life, Outgoing, Sight, Talk, Trouble,
};

/// Servers of NATS with JetStream.
pub(crate) struct Nats(Arc<Place>);

impl Nats {
    /// `url` is `nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT][,HOST…][/STREAM][?sync=always&replicas=N]`.
    pub(crate) fn new(url: &str, options: EngineOptions) -> Result<Self, String> {
        let address = Address::parse(url)?;
        Ok(Self(Arc::new(Place::new(address, options))))
    }
}

/// Without the password.
impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Nats").field(&self.0.address).finish()
    }
}

impl Engine for Nats {
    fn connect(&self) -> Result<Box<dyn Connection>, Trouble> {
        let session = Session::new(&self.0)?;
        let feed = None;
        Ok(Box::new(Connected { session, feed }))
    }

    fn radio(&self, talk: &mut Talk<'_>) -> Result<(), Trouble> {
        radio::with(&self.0, talk)
    }

    fn address(&self) -> &str {
        &self.0.address.shown
    }
}

#[derive(Debug)]
struct Connected {
    session: Session,
    feed: Option<Feed>,
}

impl Connection for Connected {
    fn identify(&mut self) -> Result<Identity, Trouble> {
        self.session.identify()
    }

    fn look(&mut self) -> Result<Sight, Trouble> {
        let stream = self.session.stream()?;
        Ok(Sight {
            life: record::read(&mut self.session)?.life,
            last: stream.state.last_seq,
            first: stream.first(),
            fault: stream.config.sealed.then_some(SEALED),
        })
    }

    fn set_life(&mut self, before: Option<&Life>, next: &Life) -> Result<bool, Trouble> {
        record::set(&mut self.session, before, next)
    }

    fn publish(&mut self, epoch: u64, entries: &[Outgoing]) -> Vec<Fate> {
        if let Err(trouble) = self.session.renew() {
            // Nothing was sent.
            return vec![Fate::Refused(trouble.to_string()); entries.len()];
        }
        publishing::publish(&mut self.session, epoch, entries)
    }

    fn follow(&mut self, after: u64, wait: Duration) -> Result<Vec<Entry>, Trouble> {
        let Session { place, link, .. } = &mut self.session;
        let mut feed = match self.feed.take() {
            Some(feed) if feed.is_at(after) => feed,
            _ => Feed::new(link, &place.address.stream, after)?,
        };
        let entries = feed.next(link, place, wait)?;
        self.feed = Some(feed);
        Ok(entries)
    }

    fn range(&mut self, from: u64, to: u64, most: usize) -> Result<Vec<Entry>, Trouble> {
        let Session { place, link, .. } = &mut self.session;
        feed::range(link, place, (from.max(1), to), most)
    }
}

const SEALED: &str =
    "the stream of NATS is sealed, so that nothing can be published: make another one";

#[cfg(test)]
mod tests;
