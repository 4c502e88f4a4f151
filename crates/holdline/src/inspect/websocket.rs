//! Messages and control frames as lines of JSON.

use holdline_websocket::{Buffer, Deflate, Event, Limits, MessageDecoder, Role};

use crate::inspect::item::{Hex, Item, Lines, Stop};
use crate::inspect::layer::Layer;
use crate::inspect::talk::{Change, Side, Talk};

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

impl Layer for Messages {
    fn feed(
        &mut self,
        input: &mut &mut [u8],
        _: &mut Talk,
        lines: &mut Lines<'_>,
    ) -> Result<Option<Change>, Stop> {
        loop {
            if self.decoder.is_closed() {
                self.ignored += input.len() as u64;
            }
            let Some(message) = self.decoder.decode(input, &mut self.buffer)? else {
                return Ok(None);
            };
            lines.print(&item(&message))?;
        }
    }

    fn eof(&mut self, _: &mut Lines<'_>) -> Result<(), Stop> {
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
            code: Some(reason.code.as_u16()),
            reason: Some(reason.reason),
        },
        _ => Item::Text(""),
    }
}

/// A decoder for the frames that this side sends.
pub(super) fn frames_from(from: Side, agreed: Option<&Deflate>) -> MessageDecoder {
    let receiver = match from {
        Side::Client => Role::Server,
        Side::Server => Role::Client,
    };
    let decoder = MessageDecoder::new(receiver, Limits::default());
    match agreed {
        Some(agreed) => decoder.with_deflate(agreed),
        None => decoder,
    }
}
