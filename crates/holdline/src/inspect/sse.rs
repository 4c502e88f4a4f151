//! An event stream as lines of JSON.

use holdline_sse::{Buffer, Decoder, Item as Found, Limits};

use crate::inspect::item::{EventItem, Item, Lines, Stop};
use crate::inspect::layer::Layer;
use crate::inspect::talk::{Change, Talk};

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

impl Stream {
    /// Takes all of `input`.
    pub(super) fn take(&mut self, mut input: &[u8], lines: &mut Lines<'_>) -> Result<(), Stop> {
        while let Some(item) = self.decoder.decode(&mut input, &mut self.buffer)? {
            match item {
                Found::Event(event) => {
                    let holdline_sse::Event { event, data, id } = event;
                    lines.print(&EventItem { event, data, id })?;
                }
                Found::Comment(text) => lines.print(&Item::Comment(text))?,
                Found::Retry(time) => {
                    let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                    lines.print(&Item::Retry(time))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Bytes taken so far.
    pub(super) const fn position(&self) -> u64 {
        self.decoder.position()
    }
}

impl Layer for Stream {
    fn feed(
        &mut self,
        input: &mut &mut [u8],
        _: &mut Talk,
        lines: &mut Lines<'_>,
    ) -> Result<Option<Change>, Stop> {
        let taken = std::mem::take(input);
        self.take(taken, lines).map(|()| None)
    }

    /// An event stream may end anywhere: what is unfinished is discarded.
    fn eof(&mut self, _: &mut Lines<'_>) -> Result<(), Stop> {
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
