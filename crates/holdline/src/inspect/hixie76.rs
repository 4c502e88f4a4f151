//! The WebSocket of the first browsers as lines of JSON.

use holdline_websocket::Buffer;
use holdline_websocket::hixie76::{Answer, Challenge, Config, Connection, Event};

use crate::inspect::item::{Hex, Item, Lines, Stop};
use crate::inspect::layer::Layer;
use crate::inspect::talk::{Change, Side, Talk};

/// What one side sends after the head.
#[derive(Debug)]
pub(super) struct Texts {
    from: Side,
    /// The bytes that end the handshake, as far as they are here.
    opening: Vec<u8>,
    frames: Option<Frames>,
    buffer: Buffer,
    /// Bytes after the close.
    ignored: u64,
}

impl Texts {
    pub(super) const fn new(from: Side) -> Self {
        Self {
            from,
            opening: Vec::new(),
            frames: None,
            buffer: Buffer::new(),
            ignored: 0,
        }
    }
}

impl Layer for Texts {
    fn feed(
        &mut self,
        input: &mut &mut [u8],
        talk: &mut Talk,
        lines: &mut Lines<'_>,
    ) -> Result<Option<Change>, Stop> {
        while self.frames.is_none() {
            let Some((&mut byte, rest)) = std::mem::take(input).split_first_mut() else {
                return Ok(None);
            };
            *input = rest;
            self.opening.push(byte);
            if self.opening.len() == opening_len(self.from) {
                self.frames = Some(Frames::after(self.from, &self.opening, talk)?);
                lines.print(&match self.from {
                    Side::Client => Item::Challenge(Hex(&self.opening)),
                    Side::Server => Item::Answer(Hex(&self.opening)),
                })?;
            }
        }
        let Some(frames) = &mut self.frames else {
            return Ok(None);
        };
        loop {
            if frames.closed {
                self.ignored += std::mem::take(input).len() as u64;
                return Ok(None);
            }
            match frames.next(input, &mut self.buffer)? {
                None => return Ok(None),
                Some(Event::Text(text)) => lines.print(&Item::Text(text))?,
                Some(Event::Closed { .. }) => lines.print(&Item::Close {
                    code: None,
                    reason: None,
                })?,
                Some(_) => {}
            }
        }
    }

    fn eof(&mut self, _: &mut Lines<'_>) -> Result<(), Stop> {
        match &mut self.frames {
            Some(frames) => frames.eof(),
            None => Ok(()),
        }
    }

    fn note(&self) -> Option<String> {
        let ignored = self.ignored;
        (ignored > 0).then(|| format!("{ignored} bytes after the close were not looked at"))
    }
}

/// How many bytes of the handshake this side sends after its head.
pub(super) const fn opening_len(from: Side) -> usize {
    match from {
        Side::Client => 8,
        Side::Server => 16,
    }
}

/// The codec, after the handshake. Both sides send the same frames.
#[derive(Debug)]
pub(super) struct Frames {
    connection: Connection,
    /// By how much the codec's offsets are too small.
    shift: u64,
    pub(super) closed: bool,
}

impl Frames {
    /// After the last bytes of the handshake. With a challenge that was seen, the answer is checked.
    pub(super) fn after(from: Side, opening: &[u8], talk: &mut Talk) -> Result<Self, Stop> {
        if let (Side::Client, Some((_, body))) = (from, &mut talk.challenge) {
            *body = opening.try_into().ok();
        }
        match (from, talk.answer()) {
            (Side::Server, Some(answer)) => Self::checked(answer, opening),
            _ => Ok(Self::unchecked(opening.len())),
        }
    }

    fn checked(answer: Answer, opening: &[u8]) -> Result<Self, Stop> {
        let mut connection = Connection::client(Config::default(), answer);
        let mut copy = opening.to_vec();
        connection.receive(&mut &mut copy[..], &mut Buffer::new())?;
        Ok(Self {
            connection,
            shift: 0,
            closed: false,
        })
    }

    /// A server takes any challenge.
    fn unchecked(opening: usize) -> Self {
        const ANY: &[u8] = b"1 ";
        let challenge = Challenge::parse(ANY, ANY);
        let mut body = [0; opening_len(Side::Client)];
        let shift = opening.saturating_sub(body.len()) as u64;
        let mut connection = match challenge {
            Some(challenge) => Connection::server(Config::default(), challenge),
            None => unreachable!("a digit and a space are a key"),
        };
        // It answers to nobody.
        let mut buffer = Buffer::new();
        let opened = connection.receive(&mut &mut body[..], &mut buffer);
        debug_assert_eq!(opened, Ok(Some(Event::Open)));
        Self {
            connection,
            shift,
            closed: false,
        }
    }

    pub(super) fn next<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i mut [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, Stop> {
        let shift = self.shift;
        let event = self.connection.receive(input, buffer);
        let event = event.map_err(|error| shifted(error.into(), shift))?;
        self.closed |= matches!(event, Some(Event::Closed { .. }));
        Ok(event)
    }

    pub(super) fn eof(&mut self) -> Result<(), Stop> {
        match self.closed {
            true => Ok(()),
            false => self
                .connection
                .receive_eof()
                .map(|_| ())
                .map_err(|error| shifted(error.into(), self.shift)),
        }
    }
}

fn shifted(stop: Stop, by: u64) -> Stop {
    match stop {
        Stop::Fault(mut fault) => {
            fault.at += by;
            Stop::Fault(fault)
        }
        stop => stop,
    }
}
