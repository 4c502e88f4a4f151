//! What is known of the other servers.

use std::collections::HashMap;
use std::time::Duration;

use super::message::{Saying, parse};
use crate::hub::{MemberSource, Members, RoomNews};

/// The other servers, and how much of what each said was heard.
#[derive(Debug)]
pub(super) struct Nodes {
    own: u64,
    nodes: HashMap<u64, Node>,
    /// Somebody wants to know everything of this server.
    is_asked: bool,
}

#[derive(Debug)]
struct Node {
    /// When it is gone if nothing is heard of it.
    until: Duration,
    /// The last change that was heard, if all up to there were. `None` if it must be asked.
    number: Option<u64>,
    /// How often it began to tell everything.
    pass: u32,
    /// The state that it is telling: its number, and the part that comes next.
    coming: Option<(u64, u32)>,
    asked: Option<Duration>,
    /// Since when there is no memory for all that it told.
    is_short: Option<Duration>,
}

/// Whose message it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Heard {
    Own,
    Other,
}

impl Nodes {
    pub(super) fn new(own: u64) -> Self {
        Self {
            own,
            nodes: HashMap::new(),
            is_asked: false,
        }
    }

    /// Takes a message, which anybody may have written. The error says why it has no effect.
    pub(super) fn hear(
        &mut self,
        message: &[u8],
        members: &Members,
        now: Duration,
    ) -> Result<Heard, String> {
        let (from, saying) = parse(message)?;
        if from == self.own {
            return Ok(Heard::Own);
        }
        if let Saying::Ask { node } = saying {
            self.is_asked |= node.is_none_or(|node| node == self.own);
            return Ok(Heard::Other);
        }
        if let Saying::End = saying {
            if let Some(node) = self.nodes.get_mut(&from) {
                // Its clients go to another server meanwhile, as after a cut.
                node.until = node.until.min(now.saturating_add(members.linger()));
                node.number = None;
            }
            return Ok(Heard::Other);
        }
        if self.nodes.len() >= MOST && !self.nodes.contains_key(&from) {
            return Err(format!("there are more than {MOST} servers"));
        }
        let node = self.nodes.entry(from).or_insert_with(Node::new);
        node.until = now + GONE;
        match saying {
            Saying::Change { number, rooms } => {
                let is_next = node
                    .number
                    .is_some_and(|last| last.checked_add(1) == Some(number));
                if is_next {
                    node.take(from, &rooms, members, now);
                }
                node.number = is_next.then_some(number);
            }
            Saying::State {
                number,
                part,
                parts,
                rooms,
            } => {
                if node.begins(number, part) {
                    node.take(from, &rooms, members, now);
                    if node.ends(number, part, parts) {
                        members.sweep(node.source(from), now);
                    }
                }
            }
            Saying::Number { number } => node.number = node.number.filter(|last| *last == number),
            Saying::Ask { .. } | Saying::End => {}
        }
        Ok(Heard::Other)
    }

    /// Removes those of whom nothing was heard for too long, with their members.
    pub(super) fn expire(&mut self, members: &Members, now: Duration) {
        self.nodes.retain(|name, node| {
            let is_there = now < node.until;
            if !is_there {
                members.forget(*name, now);
            }
            is_there
        });
    }

    /// Whom to ask for everything.
    pub(super) fn asks(&mut self, now: Duration) -> Vec<u64> {
        let mut asks = Vec::new();
        for (name, node) in &mut self.nodes {
            let is_short = node.is_short.is_some_and(|since| since + SHORT <= now);
            let waits = node.asked.is_some_and(|at| at + AGAIN > now);
            if (node.number.is_none() || is_short) && !waits {
                node.asked = Some(now);
                asks.push(*name);
            }
        }
        asks
    }

    /// Whether somebody wants to know everything.
    pub(super) fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// Everything was told.
    pub(super) fn has_answered(&mut self) {
        self.is_asked = false;
    }
}

impl Node {
    fn new() -> Self {
        Self {
            until: Duration::ZERO,
            number: None,
            pass: 1,
            coming: None,
            asked: None,
            is_short: None,
        }
    }

    fn source(&self, node: u64) -> MemberSource {
        let pass = self.pass;
        MemberSource { node, pass }
    }

    /// Keeps what it told, as far as there is memory for it.
    fn take(&mut self, from: u64, rooms: &[RoomNews], members: &Members, now: Duration) {
        if !members.hear(self.source(from), rooms, now) {
            self.is_short.get_or_insert(now);
        }
    }

    /// Whether this part of everything is the one that comes next.
    fn begins(&mut self, number: u64, part: u32) -> bool {
        if part == 0 {
            self.pass = self.pass.wrapping_add(1).max(1);
            self.is_short = None;
            self.coming = Some((number, 0));
        }
        let is_next = self.coming == Some((number, part));
        if !is_next {
            self.coming = None;
        }
        is_next
    }

    /// Whether this was the last part.
    fn ends(&mut self, number: u64, part: u32, parts: u32) -> bool {
        if part + 1 < parts {
            self.coming = Some((number, part + 1));
            return false;
        }
        self.coming = None;
        self.asked = None;
        self.number = Some(number);
        true
    }
}

/// A server of which nothing was heard for so long is gone.
pub(super) const GONE: Duration = Duration::from_secs(20);
/// More servers than share one broker.
const MOST: usize = 1000;
/// Before a server is asked once more.
const AGAIN: Duration = Duration::from_secs(2);
/// Before it is asked for what there was no memory for.
const SHORT: Duration = Duration::from_secs(60);
