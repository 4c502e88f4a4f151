//! What the broker's journal needs of an engine: something that numbers entries densely and keeps them.
//!
//! - An engine gives each entry the next number. It never gives a number twice within one [life](Life).
//! - Calls block. A [`Connection`] is used by one thread at a time; there are a few of them (one that publishes, one
//!   that follows, and some that read what is older). None of them waits much longer than [`PATIENCE`] for an
//!   engine that does not answer, apart from the time that [`Connection::follow`] is told to wait.
//! - After [`Trouble::Away`], or after a [`Fate::Unknown`], the connection is dropped and another one is made.
//! - An engine judges only what it must to read an entry. Whether a name or a size is good is judged by the journal,
//!   so that it is the same for all engines.

use std::fmt;
use std::time::Duration;

/// An engine at some address.
pub(crate) trait Engine: fmt::Debug + Send + Sync {
    /// Connects, and checks that the engine is one of the right version, with what is needed.
    fn connect(&self) -> Result<Box<dyn Connection>, Trouble>;

    /// Connects to what is told to all servers and kept nowhere, and has `talk` talk until it returns.
    fn radio(&self, talk: &mut Talk<'_>) -> Result<(), Trouble>;

    /// Where it is, without user name and password. For log lines.
    fn address(&self) -> &str;

    /// Whether its connections can [take a lease](Connection::take_lease).
    fn has_leases(&self) -> bool {
        false
    }
}

/// A connection to an engine.
pub(crate) trait Connection: fmt::Debug + Send {
    /// Who answers, asked once after connecting.
    fn identify(&mut self) -> Result<Identity, Trouble>;

    /// How far the engine is now. Quick: it is asked about twice a second.
    fn look(&mut self) -> Result<Sight, Trouble>;

    /// Writes `next` into the engine if the record there is still `before`, by compare-and-set. Returns whether it
    /// is written. If the epoch is a new one, then all idempotency keys are forgotten, and from then on every
    /// entry gets a number greater than `next.start` (if the engine spends numbers on that, then they are up to
    /// `next.start`, or entries that are [`What::Nothing`]).
    fn set_life(&mut self, before: Option<&Life>, next: &Life) -> Result<bool, Trouble>;

    /// Publishes entries in this order, as part of the life `epoch`. Returns the fate of each, as many as there
    /// are entries.
    fn publish(&mut self, epoch: u64, entries: &[Outgoing]) -> Vec<Fate>;

    /// The entries after number `after`, oldest first: those that are there, at least one if there is any, about
    /// [`BATCH`] bytes at most; else those that come next. None if there are none after `wait`.
    fn follow(&mut self, after: u64, wait: Duration) -> Result<Vec<Entry>, Trouble>;

    /// Entries from number `from` up to `to`, oldest first: the first `most` of those that are still kept.
    fn range(&mut self, from: u64, to: u64, most: usize) -> Result<Vec<Entry>, Trouble>;

    /// Takes a lease for this time, or goes on with it if it still has the number `mine`. Returns the number with which
    /// it is held now, which nobody had before; `None` if somebody else holds it.
    fn take_lease(
        &mut self,
        _lease: &str,
        _mine: Option<&str>,
        _time: Duration,
    ) -> Result<Option<String>, Trouble> {
        Err(Trouble::Wrong("this broker has no leases".to_owned()))
    }

    /// Gives a lease back, if it still has this number.
    fn give_lease(&mut self, _lease: &str, _mine: &str) -> Result<(), Trouble> {
        Ok(())
    }
}

/// Says and hears what is kept nowhere. Who does not listen at that moment never hears it.
pub(crate) trait Radio {
    /// Tells all servers this, also this one.
    fn say(&mut self, message: &[u8]) -> Result<(), Trouble>;

    /// What was said: at least one message if there is one before `wait` is over, and only some of them if there are many.
    fn hear(&mut self, wait: Duration) -> Result<Vec<Vec<u8>>, Trouble>;
}

/// What uses a [`Radio`].
pub(crate) type Talk<'a> = dyn FnMut(&mut dyn Radio) -> Result<(), Trouble> + 'a;

/// How an engine is used, the same for all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EngineOptions {
    /// About how many entries the engine keeps. Older ones are trimmed.
    pub(crate) keep: u64,
    /// How many idempotency keys it remembers at one time.
    pub(crate) keys: usize,
    /// For how long it remembers each.
    pub(crate) key_time: Duration,
    /// Bytes of a message's text.
    pub(crate) max_message: usize,
}

/// Which engine, and whether what it acknowledged can be missing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Identity {
    /// Changes when the engine starts again, or when another one answers at its address. Of at most 200 visible
    /// ASCII characters.
    pub(crate) name: String,
    /// It is proven that all that it acknowledged is on its disk, and that no other engine took over.
    pub(crate) is_durable: bool,
    /// What to tell people at the start if it is not.
    pub(crate) warning: Option<String>,
}

/// The record that the engine keeps about the current life of the sequence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Life {
    pub(crate) epoch: u64,
    /// All entries of this life have greater numbers.
    pub(crate) start: u64,
    /// The [name](Identity::name) of the engine with which it goes on.
    pub(crate) engine: String,
}

/// How far an engine is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Sight {
    pub(crate) life: Option<Life>,
    /// The number of the newest entry, also if it is trimmed or removed; 0 if there never was one.
    pub(crate) last: u64,
    /// The number of the oldest entry that is kept. `last` + 1 if none is.
    pub(crate) first: u64,
    /// Why nothing can be published, although the engine answers, and what would help: for publishers, and for the
    /// log.
    pub(crate) fault: Option<&'static str>,
}

/// What is published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Outgoing {
    /// Random. It comes back with the [`Entry`].
    pub(crate) mark: u64,
    pub(crate) channel: String,
    pub(crate) change: Change,
    pub(crate) key: Option<Key>,
    /// It is kept only if this lease still has this number.
    pub(crate) fence: Option<Fence>,
}

/// A lease, and the number with which it was taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fence {
    pub(crate) lease: String,
    pub(crate) number: String,
}

/// An idempotency key, as hashes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Key {
    /// Of the channel, the publisher and the key.
    pub(crate) scope: [u8; 32],
    /// Of what is published.
    pub(crate) content: [u8; 32],
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    Message {
        event: Option<String>,
        data: String,
    },
    /// The channel's history is deleted.
    Deletion,
    /// Messages of the channels that the name, which is a pattern, covers may be missing here.
    Gap,
}

/// What became of an entry that was to be published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It is kept, under this number.
    Number(u64),
    /// An entry with the same key and content was kept before, in this life.
    Repeated(u64),
    /// An entry with the same key and other content was.
    OtherContent,
    /// It is not kept, because there are as many keys as there may be. After this time one is forgotten.
    NoRoomForKey(Duration),
    /// It is not kept, because another life has begun.
    OtherLife,
    /// It is not kept, because another server has its lease now.
    Fenced,
    /// It is not kept, because of this. The same may work later.
    Refused(String),
    /// The connection broke. It may be kept or not.
    Unknown(String),
}

/// What stands in the engine under one number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    /// What came with it as [`Outgoing::mark`]. For entries that others wrote, a hash of all that is in it.
    pub(crate) mark: u64,
    /// When it came, in milliseconds since the epoch of Unix, if that is known.
    pub(crate) time: Option<u64>,
    pub(crate) what: What,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum What {
    Change {
        channel: String,
        change: Change,
    },
    /// The engine needs it for itself.
    #[cfg_attr(not(test), allow(dead_code, reason = "not every engine does"))]
    Nothing,
    /// Nobody can read it, because of this. It is counted and logged.
    Bad(String),
}

/// Why an engine cannot be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// It may be well later. The text has no password in it.
    Away(String),
    /// It will not be until somebody does something: the text says what would help.
    Wrong(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(text) | Self::Wrong(text) => f.write_str(text),
        }
    }
}

/// How long an engine has to connect, and to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// Before another attempt to connect.
pub(crate) const RETRY: Duration = Duration::from_millis(250);
/// Messages that [`Radio::hear`] returns at a time, at most.
pub(crate) const EARFUL: usize = 100;
/// Bytes of entries that are read at a time, about.
pub(crate) const BATCH: usize = 1 << 20;
