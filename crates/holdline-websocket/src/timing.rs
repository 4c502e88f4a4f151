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

    const FOREVER: Self = Self(NonZeroU64::MAX);
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
    ///
    /// A peer that stays silent is told so with a Close frame, code 1011, before the connection is given up.
    pub timeout: Duration,
}

/// What a connection may wait for.
#[derive(Clone, Copy)]
enum Timer {
    /// The next ping of the keepalive is due.
    Ping,
    /// The peer has not answered it.
    Pong,
    /// The peer has not done its part of a handshake: closing, and with hixie76 also opening.
    Handshake,
}

/// All times of a connection: one table, and one minimum over it.
///
/// A timer whose span begins with something that the peer did is set when the time is told next, so it asks for the
/// time at once. Timers that give up are judged only after reading: when one has passed, that is noted and the time is
/// asked for at once; the caller gives up when nothing was heard between.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    at: [Option<Nanos>; 3],
    /// As last told.
    now: Nanos,
    keepalive: Option<Spans>,
    handshake_timeout: Nanos,
    /// For the ping that is under way, or that was answered before we were told the time.
    pinged_at: Option<Nanos>,
    latency: Option<Nanos>,
    /// The payload of the last ping, by which its pong is recognised.
    pub(crate) number: u32,
    /// The peer has something to do for a handshake. There are no pings then.
    handshake: bool,
    /// A timer that gives up has passed, and what had arrived by then may not have been read.
    overdue: bool,
    /// Something was heard since a timer was judged.
    heard: bool,
}

/// A [`Keepalive`] in half the memory.
#[derive(Clone, Copy, Debug)]
struct Spans {
    interval: Nanos,
    timeout: Nanos,
}

/// What is due now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Ping,
    GiveUp,
}

impl Timers {
    pub(crate) fn new(keepalive: Option<Keepalive>, handshake_timeout: Duration) -> Self {
        Self {
            at: [None; 3],
            now: Duration::ZERO.into(),
            keepalive: keepalive.map(|keepalive| Spans {
                interval: keepalive.interval.into(),
                timeout: keepalive.timeout.into(),
            }),
            handshake_timeout: handshake_timeout.into(),
            pinged_at: None,
            latency: None,
            number: 0,
            handshake: false,
            overdue: false,
            heard: false,
        }
    }

    /// When to call `tick`. A time that has passed means at once.
    pub(crate) fn next(&self) -> Option<Duration> {
        let next = match self.at.iter().flatten().min() {
            _ if self.overdue => self.now,
            Some(&next) => next,
            None if self.handshake || self.keepalive.is_some() => self.now,
            None => return None,
        };
        (next != Nanos::FOREVER).then(|| next.into())
    }

    /// Tells the time.
    pub(crate) fn tick(&mut self, now: Duration) -> Due {
        self.now = now.into();
        let now = self.now;
        if self.handshake {
            let timeout = self.handshake_timeout;
            let at = *self
                .timer(Timer::Handshake)
                .get_or_insert(now.plus(timeout));
            if now < at {
                return Due::Nothing;
            }
            if !self.overdue {
                *self.timer(Timer::Handshake) = Some(now);
            }
            // A peer that goes on sending gets the same time once more, and no longer.
            let prolongs = now < at.plus(timeout);
            return match self.gives_up(prolongs) {
                true => Due::GiveUp,
                false => Due::Nothing,
            };
        }
        let Some(spans) = self.keepalive else {
            return Due::Nothing;
        };
        match (*self.timer(Timer::Ping), *self.timer(Timer::Pong)) {
            (None, None) => {
                if let Some(pinged_at) = self.pinged_at.take() {
                    self.latency = Some(now.since(pinged_at));
                }
                *self.timer(Timer::Ping) = Some(now.plus(spans.interval));
                Due::Nothing
            }
            (Some(at), _) if now >= at => {
                self.number = self.number.wrapping_add(1);
                self.pinged_at = Some(now);
                self.heard = false;
                *self.timer(Timer::Ping) = None;
                *self.timer(Timer::Pong) = Some(now.plus(spans.timeout));
                Due::Ping
            }
            (_, Some(at)) if now >= at => {
                if self.heard {
                    *self.timer(Timer::Pong) = Some(now.plus(spans.timeout));
                    (self.heard, self.overdue) = (false, false);
                    Due::Nothing
                } else if self.gives_up(false) {
                    Due::GiveUp
                } else {
                    Due::Nothing
                }
            }
            _ => Due::Nothing,
        }
    }

    /// Whether something was received that counts: see [`Connection`](crate::Connection).
    #[inline]
    pub(crate) fn hear(&mut self, anything: bool) {
        self.heard |= anything;
    }

    pub(crate) fn pong(&mut self, payload: &[u8]) {
        let pong = self.timer(Timer::Pong);
        if pong.is_some() && payload == self.number.to_be_bytes() {
            *self.timer(Timer::Pong) = None;
            self.overdue = false;
        }
    }

    /// The peer now has something to do for a handshake. Once that is so, calling it again changes nothing.
    pub(crate) fn begin_handshake(&mut self) {
        if !self.handshake {
            (self.at, self.overdue, self.heard) = ([None; 3], false, false);
            self.handshake = true;
        }
    }

    /// It is done.
    #[cfg(feature = "hixie76")]
    pub(crate) fn end_handshake(&mut self) {
        (self.at, self.overdue, self.handshake) = ([None; 3], false, false);
    }

    pub(crate) fn latency(&self) -> Option<Duration> {
        self.latency.map(Into::into)
    }

    /// A timer has passed. `prolongs`: what was heard since the last call counts.
    fn gives_up(&mut self, prolongs: bool) -> bool {
        let heard = core::mem::take(&mut self.heard) && prolongs;
        core::mem::replace(&mut self.overdue, true) && !heard
    }

    fn timer(&mut self, timer: Timer) -> &mut Option<Nanos> {
        let [ping, pong, handshake] = &mut self.at;
        match timer {
            Timer::Ping => ping,
            Timer::Pong => pong,
            Timer::Handshake => handshake,
        }
    }
}
