//! What is told to all servers and kept nowhere, over a channel of Redis's `PUBLISH` and `SUBSCRIBE`.

use std::time::Duration;

use ::redis::{Connection as Wire, PubSub, RedisError, cmd};

use super::address::Address;
use super::beside;
use super::replies::trouble;
use crate::journal::broker::engine::{EARFUL, PATIENCE, Radio, Talk, Trouble};

/// Subscribes with one connection, and publishes with the other one.
pub(super) fn with(
    hears: &mut Wire,
    says: &mut Wire,
    address: &Address,
    talk: &mut Talk<'_>,
) -> Result<(), Trouble> {
    let channel = channel(address);
    let mut hears = hears.as_pubsub();
    let subscribed = hears.subscribe(&channel);
    let mut radio = Pair {
        hears,
        says,
        channel,
    };
    radio.judge(subscribed)?;
    talk(&mut radio)
}

/// The databases of one server have their channels together.
pub(super) fn channel(address: &Address) -> String {
    beside(
        &address.key,
        &format!("presence:{}", address.server.database()),
    )
}

struct Pair<'w> {
    hears: PubSub<'w>,
    says: &'w mut Wire,
    channel: String,
}

impl Pair<'_> {
    fn judge<T>(&self, result: Result<T, RedisError>) -> Result<T, Trouble> {
        result.map_err(|error| match trouble(&error) {
            Trouble::Wrong(text) => Trouble::Wrong(format!(
                "{text}. This user needs the channel of PUBLISH and SUBSCRIBE: `ACL SETUSER NAME '&{}'`",
                self.channel
            )),
            away => away,
        })
    }
}

impl Radio for Pair<'_> {
    fn say(&mut self, message: &[u8]) -> Result<(), Trouble> {
        let mut command = cmd("PUBLISH");
        command.arg(&self.channel).arg(message);
        let said = command.query(self.says);
        self.judge(said)
    }

    fn hear(&mut self, wait: Duration) -> Result<Vec<Vec<u8>>, Trouble> {
        let (mut heard, mut wait) = (Vec::new(), wait);
        while heard.len() < EARFUL {
            self.judge(self.hears.set_read_timeout(Some(wait.max(SHORTEST))))?;
            match self.hears.get_message() {
                Ok(message) => heard.push(message.get_payload_bytes().to_vec()),
                Err(error) if error.is_timeout() => break,
                Err(error) => return self.judge(Err(error)),
            }
            // What else has come already.
            wait = SHORTEST;
        }
        Ok(heard)
    }
}

impl Drop for Pair<'_> {
    fn drop(&mut self) {
        // To end the subscription, it waits for the answer. If this fails, the connection is broken anyway.
        let _ = self.hears.set_read_timeout(Some(PATIENCE));
    }
}

/// A wait of nothing would be one without an end.
const SHORTEST: Duration = Duration::from_millis(1);
