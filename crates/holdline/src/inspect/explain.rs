//! `--explain`: each byte of a stream, and what it means beside it.
//!
//! The codec gets one byte at a time here. So we know at which byte it made a decision, no matter how the input was
//! cut.

mod accept_key;
mod comet;
mod fields;
mod hixie76;
pub(super) mod html;
mod http1;
mod inflate;
mod mistake;
mod page;
mod sse;
pub(super) mod text;
mod unknown;
mod websocket;

use std::fmt;
use std::io::{self, Write};

use holdline_websocket::MessageDecoder;

use crate::inspect::explain::mistake::Recent;
use crate::inspect::explain::page::Page;
pub(super) use crate::inspect::explain::page::Sheet;
use crate::inspect::http1::Decoder;
use crate::inspect::item::{Fault, Lines, Stop};
use crate::inspect::talk::{Change, Protocol, Side, Talk};
use crate::inspect::websocket::frames_from;

/// Knows the parts of one protocol.
pub(super) trait Annotator: fmt::Debug + Send {
    /// Takes the byte at offset `at`. An error is final.
    fn byte(
        &mut self,
        at: u64,
        byte: u8,
        talk: &mut Talk,
        page: &mut Page<'_>,
    ) -> Result<Option<Change>, Stop>;

    /// The stream has ended.
    fn eof(&mut self, page: &mut Page<'_>) -> Result<(), Stop>;

    /// Shows the bytes of a part that will never be complete.
    fn unfinished(&mut self, page: &mut Page<'_>) -> io::Result<()>;
}

pub(super) fn http(decoder: Decoder) -> Box<dyn Annotator> {
    Box::new(http1::Messages::new(decoder))
}

pub(super) fn event_stream() -> Box<dyn Annotator> {
    Box::new(sse::Lines::new())
}

pub(super) fn frames(decoder: MessageDecoder) -> Box<dyn Annotator> {
    Box::new(websocket::Frames::new(decoder))
}

pub(super) fn old_frames(from: Side) -> Box<dyn Annotator> {
    Box::new(hixie76::Frames::new(from))
}

pub(super) fn comet() -> Box<dyn Annotator> {
    Box::new(comet::Units::default())
}

/// An annotator, the sheet it writes on, and the recent bytes that an error may point at.
#[derive(Debug)]
pub(super) struct Explained {
    annotator: Box<dyn Annotator>,
    sheet: Sheet,
    recent: Recent,
}

impl Explained {
    pub(super) fn new(annotator: Box<dyn Annotator>, sheet: Sheet) -> Self {
        Self {
            annotator,
            sheet,
            recent: Recent::default(),
        }
    }

    /// Takes bytes from the front of `input`: all, or those up to a change.
    pub(super) fn feed(
        &mut self,
        input: &mut &mut [u8],
        talk: &mut Talk,
        lines: &mut Lines<'_>,
    ) -> Result<Option<Change>, Stop> {
        let mut page = Page::new(&mut self.sheet, lines.out);
        while let Some((&mut byte, rest)) = std::mem::take(input).split_first_mut() {
            *input = rest;
            let at = self.recent.end();
            self.recent.push(byte);
            let change = self.annotator.byte(at, byte, talk, &mut page)?;
            if change.is_some() {
                return Ok(change);
            }
        }
        Ok(None)
    }

    /// Goes on with another protocol.
    pub(super) fn switch(&mut self, from: Side, protocol: Protocol) {
        self.annotator = match protocol {
            Protocol::WebSocket(agreed) => frames(frames_from(from, agreed.as_ref())),
            Protocol::Hixie76 => old_frames(from),
            Protocol::Other(name) => Box::new(unknown::Bytes::new(name)),
        };
    }

    pub(super) fn eof(&mut self, lines: &mut Lines<'_>) -> Result<(), Stop> {
        self.annotator
            .eof(&mut Page::new(&mut self.sheet, lines.out))
    }

    pub(super) fn fault(&mut self, fault: &Fault, lines: &mut Lines<'_>) -> io::Result<()> {
        let mut page = Page::new(&mut self.sheet, lines.out);
        self.annotator.unfinished(&mut page)?;
        mistake::show(fault, &self.recent, &mut page)
    }

    /// Ends the row of now, although more bytes of its part may come.
    pub(super) fn flush(&mut self, out: &mut dyn Write) -> io::Result<()> {
        Page::new(&mut self.sheet, out).flush()
    }
}

/// Quotes a text for use in a sentence: control characters are escaped, and it is shortened if it is too long.
fn quote(bytes: &[u8]) -> String {
    const LONGEST: usize = 60;
    let text = String::from_utf8_lossy(bytes.get(..4 * LONGEST).unwrap_or(bytes));
    let short: String = text.chars().take(LONGEST).collect();
    let more = bytes.len() > 4 * LONGEST || text.len() > short.len();
    format!("{short:?}{}", if more { "…" } else { "" })
}

/// `1 byte`, `2 bytes`.
fn bytes(count: u64) -> String {
    format!("{count} byte{}", if count == 1 { "" } else { "s" })
}
