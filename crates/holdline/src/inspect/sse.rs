//! An event stream as lines of JSON.

use std::io::Write;

use holdline_sse::{Buffer, Decoder, Item as Found, Limits};

use crate::inspect::Inspector;
use crate::inspect::item::{EventItem, Item, Stop, print};

/// One event stream.
#[derive(Debug)]
pub(super) struct Stream {
    decoder: Decoder,
    buffer: Buffer,
    unfinished: bool,
}

impl Stream {
    pub(super) fn new() -> Self {
        Self {
            decoder: Decoder::new(Limits::default()).with_comments().with_retry(),
            buffer: Buffer::new(),
            unfinished: false,
        }
    }
}

impl Inspector for Stream {
    fn feed(&mut self, piece: &mut [u8], out: &mut dyn Write) -> Result<(), Stop> {
        let mut input = &*piece;
        while let Some(item) = self.decoder.decode(&mut input, &mut self.buffer)? {
            match item {
                Found::Event(event) => {
                    let holdline_sse::Event { event, data, id } = event;
                    print(&EventItem { event, data, id }, out)?;
                }
                Found::Comment(text) => print(&Item::Comment(text), out)?,
                Found::Retry(time) => {
                    let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                    print(&Item::Retry(time), out)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// An event stream may end anywhere: what is unfinished is discarded.
    fn eof(&mut self, _: &mut dyn Write) -> Result<(), Stop> {
        self.unfinished = !self.decoder.is_between_events();
        self.decoder.decode_eof()?;
        Ok(())
    }

    fn note(&self) -> Option<String> {
        self.unfinished.then(|| {
            "the stream ended before the empty line that ends its last event; \
             a receiver discards what it has of it"
                .to_owned()
        })
    }
}
