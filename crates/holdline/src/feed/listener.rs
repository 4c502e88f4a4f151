//! The thread that listens to one source.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use redis::{Msg, PubSub, RedisError};

use super::lease::{Held, Lease};
use super::outlet::Outlet;
use super::source::Source;
use crate::app::Shared;
use crate::once_a_minute::OnceAMinute;
use crate::redis_server::said;

#[derive(Debug)]
pub(super) struct Listener {
    source: Source,
    shared: Arc<Shared>,
    lease: Option<Lease>,
    outlet: Outlet,
    is_stopping: Arc<AtomicBool>,
    told: OnceAMinute,
}

/// Why it does not listen any more.
enum End {
    /// The server ends, or another one listens.
    Elsewhere,
    Away(RedisError),
}

impl From<RedisError> for End {
    fn from(error: RedisError) -> Self {
        Self::Away(error)
    }
}

impl Listener {
    pub(super) fn new(
        source: Source,
        shared: Arc<Shared>,
        lease: Option<Lease>,
        is_stopping: Arc<AtomicBool>,
    ) -> Self {
        Self {
            outlet: Outlet::new(Arc::clone(&shared), source.pattern.clone()),
            source,
            shared,
            lease,
            is_stopping,
            told: OnceAMinute::new(),
        }
    }

    pub(super) fn run(mut self) {
        while !self.is_stopping() {
            if let End::Away(error) = self.listen() {
                if self.told.is_due() {
                    let why = said(&error);
                    tracing::warn!("--feed {}: {why}; trying again", self.source);
                }
                // Perhaps another server can reach it.
                self.give_lease();
            }
            thread::sleep(RETRY);
        }
        self.give_lease();
    }

    fn give_lease(&mut self) {
        if let Some(lease) = &mut self.lease {
            lease.give();
        }
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Connects and listens, if it is for this server to do that.
    fn listen(&mut self) -> End {
        let held = match &mut self.lease {
            None => None,
            Some(lease) => match lease.take() {
                None => return End::Elsewhere,
                held => held,
            },
        };
        match self.connect(held.as_ref()) {
            Ok(end) => end,
            Err(error) => End::Away(error),
        }
    }

    fn connect(&mut self, held: Option<&Held>) -> Result<End, RedisError> {
        let mut wire = self.source.server.connect(PATIENCE)?;
        let mut heard = wire.as_pubsub();
        heard.psubscribe(self.source.glob())?;
        heard.set_read_timeout(Some(TURN))?;
        tracing::info!("--feed {}: listening", self.source);
        // What was published until now is gone.
        self.outlet.tear();
        let shared = Arc::clone(&self.shared);
        shared.hub.counters.feeds.connected(true);
        let end = self.hear(&mut heard, held);
        shared.hub.counters.feeds.connected(false);
        if let Ok(End::Elsewhere) = end
            && !self.is_stopping()
        {
            tracing::info!("--feed {}: another server listens", self.source);
        }
        end
    }

    fn hear(&mut self, source: &mut PubSub<'_>, held: Option<&Held>) -> Result<End, RedisError> {
        let mut heard = Instant::now();
        let fence = held.map(Held::fence);
        loop {
            self.outlet.settle(fence);
            if !self.go_on() {
                return Ok(End::Elsewhere);
            }
            match source.get_message() {
                Ok(message) => {
                    heard = Instant::now();
                    self.take(&message, held);
                }
                Err(error) if error.is_timeout() => {}
                Err(error) => return Err(error),
            }
            if heard.elapsed() >= SILENCE {
                // Redis answers to that whenever it comes, so that it is known to be there still.
                source.set_read_timeout(Some(PATIENCE))?;
                source.psubscribe(self.source.glob())?;
                source.set_read_timeout(Some(TURN))?;
                heard = Instant::now();
            }
        }
    }

    fn take(&mut self, message: &Msg, held: Option<&Held>) {
        // Both are strings of bytes.
        let channel: Vec<u8> = message.get_channel().unwrap_or_default();
        let Self {
            outlet,
            lease,
            is_stopping,
            ..
        } = self;
        let go_on = || go_on(is_stopping, lease);
        let fence = held.map(Held::fence);
        outlet.publish(&channel, message.get_payload_bytes(), fence, go_on);
    }

    fn go_on(&mut self) -> bool {
        go_on(&self.is_stopping, &mut self.lease)
    }
}

fn go_on(is_stopping: &AtomicBool, lease: &mut Option<Lease>) -> bool {
    !is_stopping.load(Ordering::Relaxed) && lease.as_mut().is_none_or(Lease::keep)
}

/// How long Redis has to connect, and to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Before another attempt.
const RETRY: Duration = Duration::from_millis(250);
/// How long it listens before it looks at other things.
const TURN: Duration = Duration::from_millis(250);
/// After so long without a message it asks whether Redis is there still.
const SILENCE: Duration = Duration::from_secs(5);
