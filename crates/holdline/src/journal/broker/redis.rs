//! Redis Streams.
//!
//! The messages are one stream. Redis numbers its entries itself: `XADD holdline 0-* channel news data hello` makes
//! the entry 0-N with the next N, whoever calls it. Beside the stream there are three keys with names that a cluster
//! would keep on the same machine: the [life](Life), and the idempotency keys with their times.
//!
//! What belongs together is one script, which Redis runs alone: the life is the right one, the idempotency key is new,
//! the entry is added and the key is remembered.

mod address;
mod entry;
mod radio;
mod replies;
mod scripts;

use std::fmt;
use std::time::Duration;

use ::redis::{Cmd, Connection as Wire, Pipeline, Value, cmd};

use self::address::Address;
use self::entry::{fields, parse_entries};
use self::replies::{Info, integer, items, parse_id, text, trouble};
use self::scripts::Scripts;
use super::engine::{
    BATCH, Connection, Engine, EngineOptions, Entry, Fate, Identity, Life, Outgoing, PATIENCE,
    Sight, Talk, Trouble,
};
use super::random::random;
use crate::lives::NUMBERS;

/// A Redis server.
#[derive(Debug)]
pub(crate) struct Redis {
    address: Address,
    options: EngineOptions,
}

impl Redis {
    /// `url` is `redis://[user:password@]host[:port][/database][?key=NAME]`.
    pub(crate) fn new(url: &str, options: EngineOptions) -> Result<Self, String> {
        let address = Address::parse(url)?;
        Ok(Self { address, options })
    }
}

impl Redis {
    /// A connection to a server that will do.
    fn wire(&self) -> Result<(Wire, Info), Trouble> {
        let mut wire = self
            .address
            .server
            .connect(PATIENCE)
            .map_err(|error| trouble(&error))?;
        let info = Info::ask(&mut wire)?;
        info.check()?;
        Ok((wire, info))
    }
}

impl Engine for Redis {
    fn connect(&self) -> Result<Box<dyn Connection>, Trouble> {
        let (mut wire, info) = self.wire()?;
        let scripts = Scripts::load(&mut wire)?;
        Ok(Box::new(Connected {
            wire,
            info,
            scripts,
            keys: Keys::new(&self.address.key),
            options: self.options,
        }))
    }

    fn radio(&self, talk: &mut Talk<'_>) -> Result<(), Trouble> {
        // One that listens can do nothing else.
        let ((mut hears, _), (mut says, _)) = (self.wire()?, self.wire()?);
        radio::with(&mut hears, &mut says, &self.address, talk)
    }

    fn address(&self) -> &str {
        self.address.server.shown()
    }

    fn has_leases(&self) -> bool {
        true
    }
}

/// The names of all keys.
#[derive(Clone, Debug)]
struct Keys {
    stream: String,
    life: String,
    /// Idempotency keys: what stands under each.
    seen: String,
    /// The same keys by the time at which they are forgotten.
    times: String,
}

impl Keys {
    fn new(stream: &str) -> Self {
        let beside = |name: &str| beside(stream, name);
        Self {
            stream: stream.to_owned(),
            life: beside("life"),
            seen: beside("seen"),
            times: beside("times"),
        }
    }

    /// Where a lease is.
    fn lease(&self, name: &str) -> String {
        format!("{{{}}}:lease:{name}", self.stream)
    }

    /// Where the number is with which a lease was taken last.
    fn numbers(&self) -> String {
        format!("{{{}}}:leases", self.stream)
    }

    fn all(&self) -> [&str; 4] {
        [&self.stream, &self.life, &self.seen, &self.times]
    }
}

/// A name that a cluster would keep on the same machine as the stream.
fn beside(stream: &str, name: &str) -> String {
    format!("{{{stream}}}:{name}")
}

struct Connected {
    wire: Wire,
    info: Info,
    scripts: Scripts,
    keys: Keys,
    options: EngineOptions,
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connected")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

impl Connected {
    fn ask(&mut self, command: &Cmd) -> Result<Value, Trouble> {
        command
            .query(&mut self.wire)
            .map_err(|error| trouble(&error))
    }

    fn be_patient(&self, patience: Duration) -> Result<(), Trouble> {
        let set = self.wire.set_read_timeout(Some(patience));
        set.map_err(|error| trouble(&error))
    }

    /// How many entries are about one batch, if all are as large as may be.
    fn count(&self) -> usize {
        (BATCH / self.options.max_message.max(1)).clamp(16, 1000)
    }

    fn publishing(&self, epoch: u64, outgoing: &Outgoing) -> Cmd {
        let lease = outgoing.fence.as_ref();
        let lease = lease.map(|fence| self.keys.lease(&fence.lease));
        let mut keys = self.keys.all().to_vec();
        keys.extend(lease.as_deref());
        let number = outgoing.fence.as_ref().map_or("", |fence| &fence.number);
        let mut command = self.scripts.publish(&keys);
        command
            .arg(life_prefix(epoch))
            .arg(self.options.keep)
            .arg(self.options.keys)
            .arg(self.options.key_time.as_millis() as u64);
        match &outgoing.key {
            Some(key) => command.arg(&key.scope[..]).arg(&key.content[..]),
            None => command.arg("").arg(""),
        };
        command.arg(number);
        for (name, value) in fields(outgoing) {
            command.arg(name).arg(value);
        }
        command
    }
}

impl Connection for Connected {
    fn identify(&mut self) -> Result<Identity, Trouble> {
        Ok(self.info.identity())
    }

    fn look(&mut self) -> Result<Sight, Trouble> {
        let command = self.scripts.look(&self.keys.all());
        let reply = self.ask(&command)?;
        let [life, newest, last, first] = items::<4>(reply)?;
        let newest = parse_id(&text(newest)?)?;
        let (last, first) = (parse_id(&text(last)?)?, parse_id(&text(first)?)?);
        let is_foreign = newest.0 != 0 || newest.1 >= NUMBERS;
        let last = if is_foreign { last.1 } else { newest.1 };
        Ok(Sight {
            life: parse_life(&text(life)?),
            last,
            first: match first {
                (0, 0) => last + 1,
                (0, first) => first,
                _ => last + 1,
            },
            fault: is_foreign.then_some(FOREIGN),
        })
    }

    fn set_life(&mut self, before: Option<&Life>, next: &Life) -> Result<bool, Trouble> {
        let is_new = before.is_none_or(|before| before.epoch != next.epoch);
        let mut command = self.scripts.set_life(&self.keys.all());
        command
            .arg(before.map(format_life).unwrap_or_default())
            .arg(format_life(next))
            .arg(format!("0-{}", next.start))
            .arg(i32::from(is_new));
        let reply = self.ask(&command)?;
        Ok(integer(&reply) == Some(1))
    }

    fn publish(&mut self, epoch: u64, entries: &[Outgoing]) -> Vec<Fate> {
        let mut pipeline = Pipeline::with_capacity(entries.len());
        for outgoing in entries {
            pipeline.add_command(self.publishing(epoch, outgoing));
        }
        let packed = pipeline.get_packed_pipeline();
        let replies =
            ::redis::ConnectionLike::req_packed_commands(&mut self.wire, &packed, 0, entries.len());
        match replies {
            Ok(replies) => replies.into_iter().map(fate).collect(),
            Err(error) => {
                let why = trouble(&error).to_string();
                vec![Fate::Unknown(why); entries.len()]
            }
        }
    }

    fn follow(&mut self, after: u64, wait: Duration) -> Result<Vec<Entry>, Trouble> {
        self.be_patient(PATIENCE + wait)?;
        let mut command = cmd("XREAD");
        command
            .arg("COUNT")
            .arg(self.count())
            .arg("BLOCK")
            .arg(wait.as_millis().max(1) as u64)
            .arg("STREAMS")
            .arg(&self.keys.stream)
            .arg(format!("0-{after}"));
        let reply = self.ask(&command);
        self.be_patient(PATIENCE)?;
        let entries = match reply? {
            Value::Nil => return Ok(Vec::new()),
            reply => {
                let [stream] = items::<1>(reply)?;
                let [_, entries] = items::<2>(stream)?;
                parse_entries(entries)?
            }
        };
        if entries.is_empty() {
            // There are only foreign ones, which do not go away by themselves.
            std::thread::sleep(wait);
        }
        Ok(entries)
    }

    fn range(&mut self, from: u64, to: u64, most: usize) -> Result<Vec<Entry>, Trouble> {
        let mut command = cmd("XRANGE");
        command
            .arg(&self.keys.stream)
            .arg(format!("0-{from}"))
            .arg(format!("0-{to}"))
            .arg("COUNT")
            .arg(most.min(self.count()));
        parse_entries(self.ask(&command)?)
    }

    fn take_lease(
        &mut self,
        lease: &str,
        mine: Option<&str>,
        time: Duration,
    ) -> Result<Option<String>, Trouble> {
        let random = random().ok_or_else(|| Trouble::Away("no random numbers".to_owned()))?;
        let (lease, numbers) = (self.keys.lease(lease), self.keys.numbers());
        let mut command = self.scripts.take_lease(&[&lease, &numbers]);
        command
            .arg(mine.unwrap_or_default())
            .arg(time.as_millis() as u64)
            .arg(format!("{random:x}"));
        let number = text(self.ask(&command)?)?;
        Ok(Some(number).filter(|number| !number.is_empty()))
    }

    fn give_lease(&mut self, lease: &str, mine: &str) -> Result<(), Trouble> {
        let lease = self.keys.lease(lease);
        let mut command = self.scripts.give_lease(&[&lease]);
        command.arg(mine);
        self.ask(&command).map(drop)
    }
}

/// What the publishing script says.
fn fate(reply: Value) -> Fate {
    let strange = || Fate::Unknown("Redis gave an answer of another kind".to_owned());
    let values = match reply {
        Value::ServerError(error) => {
            let error = ::redis::RedisError::from(error);
            return Fate::Refused(error.to_string());
        }
        Value::Array(values) => values,
        _ => return strange(),
    };
    let mut values = values.into_iter();
    let (kind, value) = (values.next().map(text), values.next());
    let (Some(Ok(kind)), value) = (kind, value.unwrap_or_default()) else {
        return strange();
    };
    let number = |value| match text(value).and_then(|id| parse_id(&id)) {
        Ok((0, number)) => Some(number),
        _ => None,
    };
    match &*kind {
        "number" => number(value).map_or_else(strange, Fate::Number),
        "repeated" => number(value).map_or_else(strange, Fate::Repeated),
        "other-content" => Fate::OtherContent,
        "full" => {
            let wait = integer(&value).and_then(|wait| u64::try_from(wait).ok());
            Fate::NoRoomForKey(Duration::from_millis(wait.unwrap_or_default()))
        }
        "other-life" => Fate::OtherLife,
        "fenced" => Fate::Fenced,
        _ => strange(),
    }
}

/// `EPOCH START ENGINE`.
fn format_life(life: &Life) -> String {
    format!("{}{} {}", life_prefix(life.epoch), life.start, life.engine)
}

fn life_prefix(epoch: u64) -> String {
    format!("{epoch:x} ")
}

fn parse_life(text: &str) -> Option<Life> {
    let mut parts = text.splitn(3, ' ');
    Some(Life {
        epoch: u64::from_str_radix(parts.next()?, 16).ok()?,
        start: parts.next()?.parse().ok()?,
        engine: parts.next()?.to_owned(),
    })
}

const FOREIGN: &str = "the broker's stream has an entry whose ID has a time, as `XADD KEY *` makes it, or a number \
    that is too great, so that no number is free after it. Remove it with `XDEL KEY ID`, then give the newest other entry's ID to `XSETID KEY ID`. \
    Publish by hand with `XADD KEY 0-* …`";

#[cfg(test)]
mod tests;
