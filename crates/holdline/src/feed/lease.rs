//! Which of several servers listens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::journal::Fence;
use crate::journal::broker::{Connection, Engine, Trouble};
use crate::once_a_minute::OnceAMinute;

/// A lease that one server at a time has.
#[derive(Debug)]
pub(super) struct Lease {
    engine: Arc<dyn Engine>,
    name: String,
    connection: Option<Box<dyn Connection>>,
    /// With which it was taken, if it is ours.
    number: Option<String>,
    asked: Option<Instant>,
    told: OnceAMinute,
}

/// The lease as it was taken.
#[derive(Clone, Debug)]
pub(super) struct Held {
    lease: String,
    number: String,
}

impl Held {
    pub(super) fn fence(&self) -> Fence<'_> {
        Fence {
            lease: &self.lease,
            number: &self.number,
        }
    }
}

impl Lease {
    pub(super) fn new(engine: Arc<dyn Engine>, name: String) -> Self {
        Self {
            engine,
            name,
            connection: None,
            number: None,
            asked: None,
            told: OnceAMinute::new(),
        }
    }

    /// Takes it, if nobody else has it.
    pub(super) fn take(&mut self) -> Option<Held> {
        match self.ask() {
            Ok(number) => self.number = number,
            Err(trouble) => {
                self.doubt(&trouble);
                self.number = None;
            }
        }
        let number = self.number.clone()?;
        let lease = self.name.clone();
        Some(Held { lease, number })
    }

    /// Whether it is ours as before. If the broker does not answer it counts as ours: then nothing can be published.
    pub(super) fn keep(&mut self) -> bool {
        if self.asked.is_some_and(|asked| asked.elapsed() < RENEWAL) {
            return true;
        }
        match self.ask() {
            Ok(number) => {
                let is_same = number.is_some() && number == self.number;
                self.number = number;
                is_same
            }
            Err(trouble) => {
                self.doubt(&trouble);
                true
            }
        }
    }

    /// Lets another one have it at once.
    pub(super) fn give(&mut self) {
        if let (Some(connection), Some(number)) = (&mut self.connection, self.number.take()) {
            // Otherwise it ends by itself.
            let _ = connection.give_lease(&self.name, &number);
        }
    }

    fn ask(&mut self) -> Result<Option<String>, Trouble> {
        self.asked = Some(Instant::now());
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.engine.connect()?,
        };
        let number = connection.take_lease(&self.name, self.number.as_deref(), TIME)?;
        self.connection = Some(connection);
        Ok(number)
    }

    fn doubt(&self, trouble: &Trouble) {
        if self.told.is_due() {
            tracing::warn!(
                "--feed {}: the broker does not say who feeds: {trouble}",
                self.name
            );
        }
    }
}

/// How long a server that does not renew it has it.
const TIME: Duration = Duration::from_secs(5);
const RENEWAL: Duration = Duration::from_secs(1);
