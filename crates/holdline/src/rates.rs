//! Limits how fast each publisher may publish: `--max-publish-rate`.
//!
//! What counts is the connection, and also the `sub` of the token, over all connections that show it. Each has a
//! bucket: it holds the burst, each message takes one out, and it fills evenly. A message needs one from both.

mod bucket;
mod rate;
mod table;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holdline_net::Request;

pub(crate) use self::rate::Rate;
use self::table::Table;
use crate::hub::Waiter;
use crate::reply::{Reply, seconds};

/// The buckets of all who have published lately.
#[derive(Debug)]
pub(crate) struct Rates {
    /// `None` means no limit.
    rate: Option<Rate>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sources: Table<Source>,
    names: Table<Arc<str>>,
}

/// Where a message comes from.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Source {
    Connection(Waiter),
    /// Of a client behind a proxy that is trusted to name it: many of them may share one connection.
    Address(IpAddr),
}

impl Source {
    /// Where a request comes from that came over this connection.
    pub(crate) fn of(request: &Request<'_>, waiter: Waiter) -> Self {
        let peer = request.peer.map(|peer| peer.ip());
        let named = request.client().filter(|client| Some(*client) != peer);
        match named.and_then(|_| request.limited_address()) {
            Some(address) => Self::Address(address),
            None => Self::Connection(waiter),
        }
    }
}

/// Somebody publishes faster than allowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooFast {
    rate: Rate,
    whose: Whose,
    /// After this time there is room for a message.
    wait: Duration,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Whose {
    Connection,
    Address,
    Name,
}

impl Rates {
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        Self {
            rate,
            state: Mutex::default(),
        }
    }

    /// Whether a message may be published now, at `now` of the hub's clock, by a token with this `sub`.
    pub(crate) fn judge(
        &self,
        source: Source,
        name: Option<&Arc<str>>,
        now: Duration,
    ) -> Result<(), TooFast> {
        self.rate.map_or(Ok(()), |rate| {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.judge(rate, source, name, now)
        })
    }

    /// The same, and takes the message out of the buckets. Nothing is taken if it may not be published.
    pub(crate) fn take(
        &self,
        source: Source,
        name: Option<&Arc<str>>,
        now: Duration,
    ) -> Result<(), TooFast> {
        self.rate.map_or(Ok(()), |rate| {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.judge(rate, source, name, now)?;
            state.sources.take(&rate, &source, now);
            if let Some(name) = name {
                state.names.take(&rate, name, now);
            }
            Ok(())
        })
    }
}

impl State {
    fn judge(
        &self,
        rate: Rate,
        source: Source,
        name: Option<&Arc<str>>,
        now: Duration,
    ) -> Result<(), TooFast> {
        let of_source = self.sources.wait(&rate, &source, now);
        let of_name = name.map_or(Duration::ZERO, |name| self.names.wait(&rate, name, now));
        let whose = match source {
            _ if of_name > of_source => Whose::Name,
            Source::Connection(_) => Whose::Connection,
            Source::Address(_) => Whose::Address,
        };
        let wait = of_source.max(of_name);
        match wait.is_zero() {
            true => Ok(()),
            false => Err(TooFast { rate, whose, wait }),
        }
    }
}

/// Short enough to be the reason for which a WebSocket is closed.
impl fmt::Display for TooFast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = match self.whose {
            Whose::Connection => "over this connection",
            Whose::Address => "from this address",
            Whose::Name => "by the `sub` of this token",
        };
        let rate = self.rate;
        write!(f, "more is published {whose} than the {rate} allowed here")
    }
}

impl From<TooFast> for Reply {
    fn from(too_fast: TooFast) -> Self {
        let message = format!("{too_fast}; try again in {} s", seconds(too_fast.wait));
        Self::error(429, "too_many_messages", &message).after(too_fast.wait)
    }
}

#[cfg(test)]
mod tests;
