//! What is told to all servers and kept nowhere, over a subject that no stream takes.

use std::time::{Duration, Instant};

use super::link::Link;
use super::session::Place;
use crate::journal::broker::engine::{EARFUL, Radio, Talk, Trouble};

/// Connects, and has `talk` talk until it returns.
pub(super) fn with(place: &Place, talk: &mut Talk<'_>) -> Result<(), Trouble> {
    let mut link = Link::new(&place.address)?;
    let subject = subject(&place.address.stream);
    link.listen(&subject)?;
    talk(&mut Air { link, subject })
}

/// The stream has all subjects that begin with its name and a dot.
fn subject(stream: &str) -> String {
    format!("{stream}-presence")
}

struct Air {
    link: Link,
    subject: String,
}

impl Radio for Air {
    fn say(&mut self, message: &[u8]) -> Result<(), Trouble> {
        self.link.tell(&self.subject, message)
    }

    fn hear(&mut self, wait: Duration) -> Result<Vec<Vec<u8>>, Trouble> {
        let mut heard = Vec::new();
        let mut until = Instant::now() + wait;
        while heard.len() < EARFUL
            && let Some(message) = self.link.receive(until)?
        {
            if message.subject == self.subject {
                heard.push(message.payload.to_vec());
            }
            // What else has come already.
            until = Instant::now();
        }
        Ok(heard)
    }
}
