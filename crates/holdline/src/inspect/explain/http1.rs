//! Messages of HTTP/1.1: start line, field lines, chunk lines and data.

mod words;

use std::io;

use holdline_http1::{BodyLength, Buffer};

use self::words::{chunk_line, request, request_line, response, status_line};
use crate::inspect::explain::page::{Ink, Meaning, Page, Table};
use crate::inspect::explain::{Annotator, accept_key, bytes, fields, sse};
use crate::inspect::http1::{Decoder, Part, is_event_stream, within};
use crate::inspect::item::Stop;
use crate::inspect::talk::{Change, Talk};

/// The messages of one stream.
#[derive(Debug)]
pub(super) struct Messages {
    decoder: Decoder,
    buffer: Buffer,
    /// The line so far, including its end. The codec's limits bound it.
    line: Vec<u8>,
    line_at: u64,
    stage: Stage,
    /// Whether the page is in the middle of data.
    in_data: bool,
    /// How many bytes of data are left in this chunk or body, if known.
    remaining: Option<u64>,
    /// The event stream in the body of now.
    events: Option<sse::Lines>,
    /// What follows the message of now.
    change: Option<Change>,
    /// Bytes after the last message of the connection.
    ignored: u64,
    /// How the key leads to the accept value was shown: once is enough, for it is long.
    accept_shown: bool,
}

/// What the next line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    StartLine,
    Fields,
    /// The first line of a chunk, or the line end after its data.
    Chunk,
    Trailers,
    /// There are no lines.
    Data,
}

impl Messages {
    pub(super) fn new(decoder: Decoder) -> Self {
        Self {
            decoder,
            buffer: Buffer::new(),
            line: Vec::new(),
            line_at: 0,
            stage: Stage::StartLine,
            in_data: false,
            remaining: None,
            events: None,
            change: None,
            ignored: 0,
            accept_shown: false,
        }
    }

    fn data(
        &mut self,
        at: u64,
        byte: u8,
        talk: &mut Talk,
        page: &mut Page<'_>,
    ) -> Result<(), Stop> {
        if let Some(events) = &mut self.events {
            // The codec counts from where the body begins.
            let inner = events.position();
            let taken = events.byte(at, byte, talk, page).map(|_| ());
            return taken.map_err(|stop| within(stop, [inner, self.decoder.position() - 1]));
        }
        if !self.in_data {
            self.in_data = true;
            let words = match self.remaining {
                Some(length) => format!("data, {}", bytes(length)),
                None => "data, up to the end of the stream".to_owned(),
            };
            page.begin(at, Ink::Payload, Meaning::new(&words, "RFC 9112 §6"))?;
        }
        Ok(page.push(byte)?)
    }

    fn end_events(&mut self, page: &mut Page<'_>) -> Result<(), Stop> {
        match self.events.take() {
            Some(mut events) => events.eof(page),
            None => Ok(()),
        }
    }

    /// Takes a byte that is not data.
    fn structure(&mut self, at: u64, byte: u8, talk: &Talk, page: &mut Page<'_>) -> io::Result<()> {
        if self.line.is_empty() {
            page.finish()?;
            if let Some(events) = &mut self.events {
                events.interrupt(page)?;
            }
            self.in_data = false;
            self.line_at = at;
        }
        self.line.push(byte);
        if byte == b'\n' {
            let (words, section) = (self.describe_line(), self.section());
            let tables = match page.has_tables() {
                true => self.look_closer(talk),
                false => Vec::new(),
            };
            page.part_with(
                self.line_at,
                &self.line,
                Meaning::new(&words, section),
                tables,
            )?;
            self.advance();
            self.line.clear();
        }
        Ok(())
    }

    /// The line without its end.
    fn content(&self) -> &[u8] {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// Where the grammar of the line stands.
    fn section(&self) -> &'static str {
        match (self.stage, self.content()) {
            (Stage::StartLine, _) => match self.decoder {
                Decoder::Requests(_) => "RFC 9112 §3",
                Decoder::Responses { .. } => "RFC 9112 §4",
            },
            (Stage::Fields | Stage::Trailers, []) => "RFC 9112 §2.1",
            (Stage::Fields, _) => "RFC 9112 §5",
            (Stage::Trailers, _) => "RFC 9112 §7.1.2",
            (Stage::Chunk | Stage::Data, _) => "RFC 9112 §7.1",
        }
    }

    fn look_closer(&mut self, talk: &Talk) -> Vec<Table> {
        let tables = match (self.stage, &talk.key) {
            (Stage::Fields, Some(key)) if !self.accept_shown => {
                accept_key::tables(self.content(), key)
            }
            _ => Vec::new(),
        };
        self.accept_shown |= !tables.is_empty();
        tables
    }

    /// What the next line is, after this one.
    fn advance(&mut self) {
        match (self.stage, self.content()) {
            (Stage::StartLine, [_, ..]) => self.stage = Stage::Fields,
            (Stage::Chunk, line @ [_, ..]) => {
                let (size, _) = chunk_line(line);
                self.remaining = Some(size);
                if size == 0 {
                    self.stage = Stage::Trailers;
                }
            }
            _ => {}
        }
    }

    fn describe_line(&self) -> String {
        match (self.stage, self.content()) {
            (Stage::StartLine, []) => "empty line before the request line: ignored".to_owned(),
            (Stage::StartLine, line) => match self.decoder {
                Decoder::Requests(_) => request_line(line),
                Decoder::Responses { .. } => status_line(line),
            },
            (Stage::Fields, []) => "empty line: the head ends".to_owned(),
            (Stage::Trailers, []) => "empty line: the body ends".to_owned(),
            (Stage::Fields, line) => fields::describe(line),
            (Stage::Trailers, line) => format!("trailer: {}", fields::describe(line)),
            (Stage::Chunk, []) => "end of the chunk's data".to_owned(),
            (Stage::Chunk, line) => chunk_line(line).1,
            (Stage::Data, _) => String::new(),
        }
    }

    /// Explains a part of a message that is now complete, and decides what comes next.
    fn note(&mut self, part: &Part<'_>, talk: &mut Talk) -> Option<String> {
        let (words, stage) = match part {
            Part::Request(head, body) => {
                self.change = talk.request(head);
                (request(head, *body), self.begin_body(*body))
            }
            Part::Response(head, body) => {
                self.change = talk.response(head, self.decoder.method());
                self.events = is_event_stream(head.headers()).then(sse::Lines::new);
                (response(head, *body), self.begin_body(*body))
            }
            Part::Informational(head) => (
                format!(
                    "informational response {}: the final one is still to come",
                    head.status()
                ),
                Stage::StartLine,
            ),
            Part::End(trailers) => {
                let what = match self.decoder {
                    Decoder::Requests(_) => "request",
                    Decoder::Responses { .. } => "response",
                };
                let words = match trailers.len() {
                    0 => format!("the {what} is complete"),
                    1 => format!("the {what} is complete, with a trailer field"),
                    count => format!("the {what} is complete, with {count} trailer fields"),
                };
                (words, Stage::StartLine)
            }
            Part::Data(_) | Part::Paused => return None,
        };
        self.stage = stage;
        Some(words)
    }

    fn begin_body(&mut self, body: BodyLength) -> Stage {
        self.remaining = match body {
            BodyLength::Known(length) => Some(length),
            _ => None,
        };
        match body {
            BodyLength::Chunked => Stage::Chunk,
            _ => Stage::Data,
        }
    }
}

impl Annotator for Messages {
    fn byte(
        &mut self,
        at: u64,
        byte: u8,
        talk: &mut Talk,
        page: &mut Page<'_>,
    ) -> Result<Option<Change>, Stop> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut input = &[byte][..];
        let mut shown = false;
        let stop = loop {
            if !shown {
                self.decoder.tell_method(talk);
            }
            let part = self.decoder.decode(&mut input, &mut buffer);
            if let Ok(Some(Part::Paused)) = part {
                self.ignored += 1;
                break Ok(None);
            }
            if !std::mem::replace(&mut shown, true) {
                match part {
                    Ok(Some(Part::Data(_))) => self.data(at, byte, talk, page)?,
                    _ => self.structure(at, byte, talk, page)?,
                }
            }
            match part {
                Ok(Some(part)) => {
                    if let Part::End(_) = part {
                        self.end_events(page)?;
                    }
                    if let Some(words) = self.note(&part, talk) {
                        page.say(&words)?;
                        self.in_data = false;
                    }
                    if let Part::End(_) = part {
                        break Ok(Some(self.change.take().unwrap_or(Change::Message)));
                    }
                }
                Ok(None) => break Ok(None),
                Err(error) => break Err(error.into()),
            }
        };
        self.buffer = buffer;
        stop
    }

    fn eof(&mut self, page: &mut Page<'_>) -> Result<(), Stop> {
        let last = self.decoder.eof()?;
        self.end_events(page)?;
        if let Some(part) = last
            && let Some(words) = self.note(&part, &mut Talk::default())
        {
            page.say(&words)?;
        }
        if self.ignored > 0 {
            let ignored = bytes(self.ignored);
            page.say(&format!(
                "{ignored} after the connection's last message: not looked at"
            ))?;
        }
        Ok(self.unfinished(page)?)
    }

    fn unfinished(&mut self, page: &mut Page<'_>) -> io::Result<()> {
        page.finish()?;
        if let Some(events) = &mut self.events {
            events.unfinished(page)?;
        }
        if !self.line.is_empty() {
            let meaning = Meaning::new("the line has no end", self.section());
            page.part(self.line_at, &self.line, meaning)?;
            self.line.clear();
        }
        Ok(())
    }
}
