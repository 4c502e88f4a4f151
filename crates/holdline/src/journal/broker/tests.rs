//! The parts that no engine shows often: an engine of the tests' own, which fails when told.

mod fake;
mod lives;
mod older;
mod published;

use std::sync::Arc;
use std::time::Duration;

use holdline_comet::LogLimits;

use self::fake::Fake;
use super::*;
use crate::hub::{HubLimits, Published};

const OPTIONS: BrokerOptions = BrokerOptions {
    engine: EngineOptions {
        keep: 1000,
        keys: 10,
        key_time: Duration::from_secs(120),
        max_message: 1000,
    },
    most_waiting: 10_000,
};

/// A server at an engine.
struct Node {
    hub: Arc<Hub>,
    broker: Broker,
}

impl Node {
    fn new(fake: &Arc<Fake>) -> Self {
        Self::with(fake, HubLimits::ample(LogLimits::default()))
    }

    fn with(fake: &Arc<Fake>, limits: HubLimits) -> Self {
        let opened = OpenedBroker::at(Arc::new(Arc::clone(fake)), OPTIONS, Duration::ZERO).unwrap();
        let hub = Arc::new(Hub::new(opened.epoch(), limits).shared());
        let broker = Broker::start(opened, &hub).unwrap();
        Self { hub, broker }
    }

    fn publish(&self, draft: Draft<'_>) -> Outcome {
        let (receipt, _) = match self.broker.append(draft, None) {
            Ok(appended) => appended.receipt(),
            Err(refusal) => return Outcome::Refused(refusal),
        };
        wait_for(|| match receipt.outcome() {
            Outcome::Pending | Outcome::Kept(_) => None,
            outcome => Some(outcome),
        })
    }

    /// The number of a message that is published.
    fn number(&self, text: &str) -> u64 {
        self.say("a", text)
    }

    fn say(&self, channel: &str, text: &str) -> u64 {
        match self.publish(Draft::message(channel, None, text)) {
            Outcome::Shown(Published { cursor, .. }) => cursor.sequence(),
            outcome => panic!("{outcome:?}"),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.broker.close();
    }
}

fn wait_for<T>(mut found: impl FnMut() -> Option<T>) -> T {
    for _ in 0..3000 {
        if let Some(found) = found() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain");
}
