//! Messages and control frames as lines of JSON.

use std::io::Write;

use holdline_websocket::{Buffer, Event, MessageDecoder};

use crate::inspect::Inspector;
use crate::inspect::item::{Hex, Item, Stop, print};

/// What one side of a connection receives.
#[derive(Debug)]
pub(super) struct Messages {
    decoder: MessageDecoder,
    buffer: Buffer,
    /// Bytes after the Close frame.
    ignored: u64,
}

impl Messages {
    pub(super) fn new(decoder: MessageDecoder) -> Self {
        Self {
            decoder,
            buffer: Buffer::new(),
            ignored: 0,
        }
    }
}

impl Inspector for Messages {
    fn feed(&mut self, piece: &mut [u8], out: &mut dyn Write) -> Result<(), Stop> {
        let mut input = piece;
        loop {
            if self.decoder.is_closed() {
                self.ignored += input.len() as u64;
            }
            let Some(message) = self.decoder.decode(&mut input, &mut self.buffer)? else {
                return Ok(());
            };
            print(&item(&message), out)?;
        }
    }

    fn eof(&mut self, _: &mut dyn Write) -> Result<(), Stop> {
        // A missing Close frame is not printed.
        Ok(self.decoder.decode_eof().map(|_| ())?)
    }

    fn note(&self) -> Option<String> {
        let ignored = self.ignored;
        (ignored > 0).then(|| format!("{ignored} bytes after the close frame were not looked at"))
    }
}

fn item<'b>(message: &Event<'b>) -> Item<'b> {
    match *message {
        Event::Text(text) => Item::Text(text),
        Event::Binary(data) => Item::Binary(Hex(data)),
        Event::Ping(payload) => Item::Ping(Hex(payload)),
        Event::Pong(payload) => Item::Pong(Hex(payload)),
        Event::Closed(reason) => Item::Close {
            code: reason.code.as_u16(),
            reason: reason.reason,
        },
        _ => Item::Text(""),
    }
}
