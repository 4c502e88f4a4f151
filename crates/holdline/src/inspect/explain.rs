//! `--explain`: each byte of a stream, and what it means beside it.
//!
//! The codec gets one byte at a time here. So we know at which byte it made a decision, no matter how the input was
//! cut.

mod fields;
mod http1;
mod mistake;
mod sheet;
mod sse;
mod websocket;

use std::io::{self, Write};

use holdline_websocket::MessageDecoder;

use crate::inspect::Inspector;
use crate::inspect::explain::mistake::Recent;
use crate::inspect::explain::sheet::{Page, Sheet};
use crate::inspect::item::{Fault, Stop};

pub(super) fn requests(colour: bool) -> Box<dyn Inspector> {
    Box::new(Explain::new(http1::Messages::requests(), colour))
}

/// Responses to requests with this method.
pub(super) fn responses(method: &str, colour: bool) -> Box<dyn Inspector> {
    Box::new(Explain::new(http1::Messages::responses(method), colour))
}

pub(super) fn event_stream(colour: bool) -> Box<dyn Inspector> {
    Box::new(Explain::new(sse::Lines::new(), colour))
}

pub(super) fn frames(decoder: MessageDecoder, colour: bool) -> Box<dyn Inspector> {
    Box::new(Explain::new(websocket::Frames::new(decoder), colour))
}

/// Knows the parts of one protocol.
trait Annotator {
    /// Takes the byte at offset `at`. An error is final.
    fn byte(&mut self, at: u64, byte: u8, page: &mut Page<'_>) -> Result<(), Stop>;

    /// The stream has ended.
    fn eof(&mut self, page: &mut Page<'_>) -> Result<(), Stop>;

    /// Shows the bytes of a part that will never be complete.
    fn unfinished(&mut self, page: &mut Page<'_>) -> io::Result<()>;
}

/// An annotator, the sheet it writes on, and the recent bytes that an error may point at.
#[derive(Debug)]
struct Explain<A> {
    annotator: A,
    sheet: Sheet,
    recent: Recent,
}

impl<A: Annotator> Explain<A> {
    fn new(annotator: A, colour: bool) -> Self {
        Self {
            annotator,
            sheet: Sheet::new(colour),
            recent: Recent::default(),
        }
    }
}

impl<A: Annotator> Inspector for Explain<A> {
    fn feed(&mut self, piece: &mut [u8], out: &mut dyn Write) -> Result<(), Stop> {
        let mut page = Page::new(&mut self.sheet, out);
        for &byte in &*piece {
            let at = self.recent.end();
            self.recent.push(byte);
            self.annotator.byte(at, byte, &mut page)?;
        }
        Ok(())
    }

    fn eof(&mut self, out: &mut dyn Write) -> Result<(), Stop> {
        self.annotator.eof(&mut Page::new(&mut self.sheet, out))
    }

    fn fault(&mut self, fault: &Fault, out: &mut dyn Write) -> io::Result<()> {
        let mut page = Page::new(&mut self.sheet, out);
        self.annotator.unfinished(&mut page)?;
        mistake::show(fault, &self.recent, &mut page)
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
