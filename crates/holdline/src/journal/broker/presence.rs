//! The thread that tells other servers who is there, and hears it from them, over the engine's [`Radio`].
//!
//! A server has a random name for its life. It numbers [what it says](message): each change has the next number. Every
//! [`BEAT`] it says which number was the last. Who has [all numbers](nodes) knows who is there; who lacks one asks, and
//! is told everything. So nothing is said twice while nothing is lost, and whatever is lost is known within a beat.
//!
//! Nothing is kept in the engine. While it is away, or this server is cut off from it, the members of other servers stay
//! until nothing was heard of those for [`GONE`](nodes::GONE).

mod message;
mod nodes;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use self::message::{Saying, encode, split};
use self::nodes::{Heard, Nodes};
use super::engine::{RETRY, Radio, Trouble};
use super::flow::Flow;
use crate::hub::{MemberChanges, RoomNews};
use crate::once_a_minute::OnceAMinute;

#[derive(Debug)]
pub(super) struct Presence {
    flow: Arc<Flow>,
    own: u64,
    nodes: Nodes,
    /// The number of the last change that was told.
    number: u64,
    /// Whether everybody was asked who is there.
    has_asked: bool,
    /// When something was said last, and when the last of it came back.
    times: Times,
    is_away: bool,
    told: OnceAMinute,
}

#[derive(Debug)]
struct Times {
    change: Instant,
    /// `None` for never.
    state: Option<Instant>,
    beat: Instant,
    echo: Instant,
}

impl Presence {
    pub(super) fn new(flow: Arc<Flow>, own: u64) -> Self {
        let now = Instant::now();
        Self {
            flow,
            own,
            nodes: Nodes::new(own),
            number: 0,
            has_asked: false,
            times: Times {
                change: now,
                state: None,
                beat: now,
                echo: now,
            },
            is_away: false,
            told: OnceAMinute::new(),
        }
    }

    pub(super) fn run(mut self) {
        let flow = Arc::clone(&self.flow);
        flow.hub.members.share();
        while !flow.is_closing() {
            if let Err(trouble) = flow.engine.radio(&mut |radio| self.talk(radio)) {
                if !std::mem::replace(&mut self.is_away, true) {
                    let broker = flow.engine.address();
                    tracing::error!(
                        broker,
                        "it is not known who is there at other servers: {trouble}"
                    );
                }
                self.nodes.expire(&flow.hub.members, flow.hub.now());
                flow.hub.tell_of_members();
                thread::sleep(RETRY);
            }
        }
    }

    /// Says and hears until the server ends.
    fn talk(&mut self, radio: &mut dyn Radio) -> Result<(), Trouble> {
        self.times.echo = Instant::now();
        self.say_number(radio)?;
        if !self.has_asked {
            self.say(radio, Saying::Ask { node: None })?;
            self.has_asked = true;
        }
        while !self.flow.is_closing() {
            let heard = radio.hear(WAIT)?;
            self.hear(&heard)?;
            self.answer(radio)?;
            self.tell(radio)?;
            if self.times.beat.elapsed() >= BEAT {
                self.say_number(radio)?;
            }
        }
        self.say(radio, Saying::End)
    }

    fn hear(&mut self, heard: &[Vec<u8>]) -> Result<(), Trouble> {
        let hub = &self.flow.hub;
        let now = hub.now();
        for message in heard {
            match self.nodes.hear(message, &hub.members, now) {
                Ok(Heard::Own) => {
                    self.times.echo = Instant::now();
                    if std::mem::take(&mut self.is_away) {
                        let broker = self.flow.engine.address();
                        tracing::info!(broker, "it is known again who is there at other servers");
                    }
                }
                Ok(Heard::Other) => {}
                Err(why) if self.told.is_due() => {
                    tracing::warn!("what the broker says of members is left out: {why}");
                }
                Err(_) => {}
            }
        }
        self.nodes.expire(&hub.members, now);
        hub.tell_of_members();
        match self.times.echo.elapsed() > DEAF {
            true => Err(Trouble::Away(
                "what is said to other servers does not come back".to_owned(),
            )),
            false => Ok(()),
        }
    }

    /// Asks those of whom something is missing, and tells everything to those who asked.
    fn answer(&mut self, radio: &mut dyn Radio) -> Result<(), Trouble> {
        for node in self.nodes.asks(self.flow.hub.now()) {
            self.say(radio, Saying::Ask { node: Some(node) })?;
        }
        let is_due = self.times.state.is_none_or(|at| at.elapsed() >= STATE);
        if !is_due || !self.nodes.is_asked() {
            return Ok(());
        }
        let (rooms, had_changes) = self.flow.hub.members.own();
        self.number += u64::from(had_changes);
        self.say_all(radio, rooms)
    }

    /// Tells what has changed.
    fn tell(&mut self, radio: &mut dyn Radio) -> Result<(), Trouble> {
        if self.times.change.elapsed() < WAIT {
            return Ok(());
        }
        match self.flow.hub.members.changes() {
            MemberChanges::None => return Ok(()),
            MemberChanges::Some(rooms) => {
                for rooms in split(rooms) {
                    self.number += 1;
                    let number = self.number;
                    self.say(radio, Saying::Change { number, rooms })?;
                }
            }
            MemberChanges::All(rooms) => {
                self.number += 1;
                self.say_all(radio, rooms)?;
            }
        }
        self.times.change = Instant::now();
        Ok(())
    }

    fn say_all(&mut self, radio: &mut dyn Radio, rooms: Vec<RoomNews>) -> Result<(), Trouble> {
        let number = self.number;
        let pieces = split(rooms);
        let parts = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
        for (part, rooms) in (0..parts).zip(pieces) {
            let state = Saying::State {
                number,
                part,
                parts,
                rooms,
            };
            self.say(radio, state)?;
        }
        self.nodes.has_answered();
        self.times.state = Some(Instant::now());
        Ok(())
    }

    fn say_number(&mut self, radio: &mut dyn Radio) -> Result<(), Trouble> {
        self.times.beat = Instant::now();
        let number = self.number;
        self.say(radio, Saying::Number { number })
    }

    fn say(&self, radio: &mut dyn Radio, saying: Saying) -> Result<(), Trouble> {
        radio.say(&encode(self.own, saying))
    }
}

/// How long changes are gathered.
const WAIT: Duration = Duration::from_millis(100);
/// How often the last number is said.
const BEAT: Duration = Duration::from_secs(5);
/// Who does not hear itself for so long is heard by nobody.
const DEAF: Duration = Duration::from_secs(15);
/// Everything is told at most once in this time.
const STATE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
