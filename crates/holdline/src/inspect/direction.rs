//! One direction of a connection, through its changes of protocol.

use std::io::{self, Write};

use crate::inspect::explain::Explained;
use crate::inspect::item::{Fault, Lines, Stop};
use crate::inspect::layer::Layer;
use crate::inspect::secrets::Secrets;
use crate::inspect::talk::{Change, Protocol, Side, Talk};
use crate::inspect::{hixie76, http1, websocket};

/// One direction: the protocol that it has now, and how it is shown.
#[derive(Debug)]
pub(super) struct Direction {
    from: Side,
    view: View,
    /// The offset of the next byte.
    at: u64,
    /// The offset at which the protocol began.
    began: u64,
    offer: Offer,
    /// Hides what is secret, as long as this is HTTP.
    secrets: Option<Secrets>,
}

#[derive(Debug)]
pub(super) enum View {
    Items(Box<dyn Layer>),
    Explained(Box<Explained>),
}

/// Whether the client's next bytes may be of another protocol.
#[derive(Debug)]
enum Offer {
    None,
    Made(Protocol),
    /// The first byte may begin a request as well as a frame.
    Doubtful(Protocol, u8),
}

impl Direction {
    pub(super) const fn new(from: Side, view: View) -> Self {
        Self {
            from,
            view,
            at: 0,
            began: 0,
            offer: Offer::None,
            secrets: None,
        }
    }

    pub(super) fn hide(&mut self, secrets: Secrets) {
        self.secrets = Some(secrets);
    }

    /// Takes all of `piece`.
    pub(super) fn feed(
        &mut self,
        piece: &mut [u8],
        talk: &mut Talk,
        lines: &mut Lines<'_>,
    ) -> Result<(), Stop> {
        let mut input = piece;
        while let Some(&mut first) = input.first_mut() {
            let mut kept = None;
            match std::mem::replace(&mut self.offer, Offer::None) {
                Offer::None => {}
                Offer::Made(_) if talk.switched().is_some() => self.switch_as_agreed(talk),
                Offer::Made(protocol @ Protocol::WebSocket(_)) => match first {
                    b'\r' | b'\n' => {}
                    0x21..=0x7e => {
                        self.offer = Offer::Doubtful(protocol, first);
                        skip(&mut input);
                        continue;
                    }
                    _ => self.switch(protocol),
                },
                Offer::Made(_) => {}
                Offer::Doubtful(protocol, before) => {
                    // The second byte of a client's frame has the mask bit. No byte of a method has it.
                    if first & 0x80 != 0 {
                        self.switch(protocol);
                    }
                    kept = Some(before);
                }
            }
            if let Some(byte) = kept {
                self.pass(&mut &mut [byte][..], talk, lines)?;
            }
            self.pass(&mut input, talk, lines)?;
        }
        Ok(())
    }

    /// Gives bytes to the protocol of now, up to a change. Secrets are hidden in a copy: what follows a message, which
    /// ends anywhere in the input, gets its bytes as they are.
    fn pass(
        &mut self,
        input: &mut &mut [u8],
        talk: &mut Talk,
        lines: &mut Lines<'_>,
    ) -> Result<(), Stop> {
        let Some(secrets) = &mut self.secrets else {
            return self.give(input, talk, lines);
        };
        // Most changes come with the end of a head.
        let (front, _) = input.split_at(up_to_empty_line(input));
        let mut copy = front.to_vec();
        secrets.hide(&mut copy);
        let mut left = &mut copy[..];
        let given = self.give(&mut left, talk, lines);
        let taken = front.len() - left.len();
        *input = std::mem::take(input).split_at_mut(taken).1;
        given
    }

    fn give(
        &mut self,
        input: &mut &mut [u8],
        talk: &mut Talk,
        lines: &mut Lines<'_>,
    ) -> Result<(), Stop> {
        let before = input.len();
        let change = match &mut self.view {
            View::Items(layer) => layer.feed(input, talk, lines),
            View::Explained(explained) => explained.feed(input, talk, lines),
        };
        self.at += (before - input.len()) as u64;
        let change = change.map_err(|stop| self.placed(stop))?;
        if let (Some(_), Some(secrets)) = (&change, &mut self.secrets) {
            // A body may end in the middle of what looks like one.
            *secrets = Secrets::default();
        }
        match change {
            None | Some(Change::Message) => {}
            Some(Change::Perhaps(protocol)) => self.offer = Offer::Made(protocol),
            Some(Change::To(protocol)) => self.switch(protocol),
        }
        Ok(())
    }

    fn switch_as_agreed(&mut self, talk: &Talk) {
        if let Some(protocol) = talk.switched() {
            self.switch(protocol.clone());
        }
    }

    fn switch(&mut self, protocol: Protocol) {
        self.began = self.at;
        self.secrets = None;
        let from = self.from;
        match &mut self.view {
            View::Items(layer) => *layer = items(from, protocol),
            View::Explained(explained) => explained.switch(from, protocol),
        }
    }

    pub(super) fn eof(&mut self, talk: &mut Talk, lines: &mut Lines<'_>) -> Result<(), Stop> {
        if let Offer::Doubtful(_, byte) = std::mem::replace(&mut self.offer, Offer::None) {
            self.pass(&mut &mut [byte][..], talk, lines)?;
        }
        let ended = match &mut self.view {
            View::Items(layer) => layer.eof(lines),
            View::Explained(explained) => explained.eof(lines),
        };
        ended.map_err(|stop| self.placed(stop))
    }

    /// Prints the rule that was broken. This is the last call.
    pub(super) fn fault(&mut self, fault: &Fault, lines: &mut Lines<'_>) -> io::Result<()> {
        match &mut self.view {
            View::Items(_) => lines.print(&fault.item()),
            View::Explained(explained) => explained.fault(fault, lines),
        }
    }

    pub(super) fn note(&self) -> Option<String> {
        match &self.view {
            View::Items(layer) => layer.note(),
            View::Explained(_) => None,
        }
    }

    /// Writes what is known of a part that is still under way.
    pub(super) fn flush(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match &mut self.view {
            View::Items(_) => Ok(()),
            View::Explained(explained) => explained.flush(out),
        }
    }

    /// The codecs count from where their protocol began.
    fn placed(&self, stop: Stop) -> Stop {
        match stop {
            Stop::Fault(mut fault) => {
                fault.at += self.began;
                Stop::Fault(fault)
            }
            stop => stop,
        }
    }
}

/// Takes a byte off the front.
fn skip(input: &mut &mut [u8]) {
    if let Some((_, rest)) = std::mem::take(input).split_first_mut() {
        *input = rest;
    }
}

/// The length of `input` up to its first empty line and with it, or of all.
fn up_to_empty_line(input: &[u8]) -> usize {
    let mut line = 0;
    let ends = input.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    for (at, _) in ends {
        if matches!(input.get(line..at), Some(b"" | b"\r")) {
            return at + 1;
        }
        line = at + 1;
    }
    input.len()
}

fn items(from: Side, protocol: Protocol) -> Box<dyn Layer> {
    match protocol {
        Protocol::WebSocket(agreed) => Box::new(websocket::Messages::new(websocket::frames_from(
            from,
            agreed.as_ref(),
        ))),
        Protocol::Hixie76 => Box::new(hixie76::Texts::new(from)),
        Protocol::Other(name) => Box::new(http1::Unknown::new(name)),
    }
}
