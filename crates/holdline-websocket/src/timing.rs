//! Time as the caller tells it, and the keepalive that rests on it.

use core::{num::NonZeroU64, time::Duration};

/// A time or a span in nanoseconds, saturating after 584 years, never zero (one nanosecond more or less
/// does not matter here). There is one connection for each client and there are several times in it, and a
/// `Duration` takes twice the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Nanos(NonZeroU64);

impl Nanos {
    pub(crate) fn plus(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0.get()))
    }

    /// The time since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self::from_u64(self.0.get().saturating_sub(earlier.0.get()))
    }

    fn from_u64(nanos: u64) -> Self {
        Self(NonZeroU64::new(nanos).unwrap_or(NonZeroU64::MIN))
    }

    pub(crate) const FOREVER: Self = Self(NonZeroU64::MAX);
}

impl From<Duration> for Nanos {
    fn from(duration: Duration) -> Self {
        Self::from_u64(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Nanos> for Duration {
    fn from(nanos: Nanos) -> Self {
        Self::from_nanos(nanos.0.get())
    }
}

/// When to ping, and when to give up (RFC 6455 §5.5.2: "A Ping frame may serve either as a keepalive or
/// as a means to verify that the remote endpoint is still responsive").
///
/// Off unless [`Config::keepalive`](crate::Config::keepalive) is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// From the beginning, or from the last answer, to the next ping.
    pub interval: Duration,
    /// How long after a ping the peer may be silent. Any byte from it is a sign of life and prolongs the
    /// wait by this time, because a pong cannot overtake a long frame.
    pub timeout: Duration,
}

/// The running keepalive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pinger {
    interval: Nanos,
    timeout: Nanos,
    phase: Phase,
    latency: Option<Nanos>,
    /// The payload of the last ping, so that its pong is known from others.
    pub(crate) number: u32,
    /// A byte arrived since the ping, or since the wait was prolonged.
    heard: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The time is not known yet.
    Unstarted,
    Waiting {
        until: Nanos,
    },
    Pinged {
        at: Nanos,
        give_up: Nanos,
    },
    /// The pong is here, the time of its arrival is not known yet.
    Answered {
        pinged_at: Nanos,
    },
}

/// What the passing of time asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Ping,
    GiveUp,
}

impl Pinger {
    pub(crate) fn new(keepalive: Keepalive) -> Self {
        Self {
            interval: keepalive.interval.into(),
            timeout: keepalive.timeout.into(),
            phase: Phase::Unstarted,
            latency: None,
            number: 0,
            heard: false,
        }
    }

    /// When `tick` is to be called; `now` for at once.
    pub(crate) fn deadline(&self, now: Nanos) -> Nanos {
        match self.phase {
            Phase::Unstarted | Phase::Answered { .. } => now,
            Phase::Waiting { until } => until,
            Phase::Pinged { give_up, .. } => give_up,
        }
    }

    pub(crate) fn tick(&mut self, now: Nanos) -> Due {
        match self.phase {
            Phase::Unstarted => {
                self.wait(now);
                Due::Nothing
            }
            Phase::Answered { pinged_at } => {
                self.latency = Some(now.since(pinged_at));
                self.wait(now);
                Due::Nothing
            }
            Phase::Waiting { until } if now >= until => {
                self.number = self.number.wrapping_add(1);
                self.heard = false;
                self.phase = Phase::Pinged {
                    at: now,
                    give_up: now.plus(self.timeout),
                };
                Due::Ping
            }
            Phase::Pinged { at, give_up } if now >= give_up => {
                if !core::mem::take(&mut self.heard) {
                    return Due::GiveUp;
                }
                self.phase = Phase::Pinged {
                    at,
                    give_up: now.plus(self.timeout),
                };
                Due::Nothing
            }
            Phase::Waiting { .. } | Phase::Pinged { .. } => Due::Nothing,
        }
    }

    pub(crate) fn hear(&mut self) {
        self.heard = true;
    }

    pub(crate) fn pong(&mut self, payload: &[u8]) {
        if let Phase::Pinged { at, .. } = self.phase
            && payload == self.number.to_be_bytes()
        {
            self.phase = Phase::Answered { pinged_at: at };
        }
    }

    pub(crate) fn latency(&self) -> Option<Duration> {
        self.latency.map(Into::into)
    }

    fn wait(&mut self, now: Nanos) {
        self.phase = Phase::Waiting {
            until: now.plus(self.interval),
        };
    }
}
