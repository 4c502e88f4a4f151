//! The lines of an event stream (WHATWG HTML §9.2.6), and what each of them does.

use std::io;

use holdline_sse::{Buffer, Decoder, FieldName, Item, Limits, Line};

use crate::inspect::explain::page::{Ink, Meaning, Page};
use crate::inspect::explain::{Annotator, bytes, quote};
use crate::inspect::item::Stop;
use crate::inspect::talk::{Change, Talk};

/// The lines of one stream.
#[derive(Debug)]
pub(super) struct Lines {
    decoder: Decoder,
    buffer: Buffer,
    /// The line so far, including its end.
    line: Vec<u8>,
    line_at: u64,
    /// The line is too long to be kept, so its bytes are shown as they come.
    long: bool,
    /// The line ended with CR. If an LF comes next, it belongs to this line.
    after_cr: bool,
    /// No line has ended yet.
    first: bool,
    /// Bytes of another layer came within the line.
    interrupted: bool,
    /// They came after the CR of a line, whose LF may follow.
    cr_before: bool,
    /// What the end of the line caused.
    said: Option<String>,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self {
            decoder: Decoder::new(Limits::default()).with_ids(),
            buffer: Buffer::new(),
            line: Vec::new(),
            line_at: 0,
            long: false,
            after_cr: false,
            first: true,
            interrupted: false,
            cr_before: false,
            said: None,
        }
    }

    /// Bytes of another layer, such as the line before a chunk, come before the next byte.
    pub(super) fn interrupt(&mut self, page: &mut Page<'_>) -> io::Result<()> {
        if self.after_cr {
            self.cr_before = true;
            return self.end_line(self.line_at, page);
        }
        if self.line.is_empty() {
            return Ok(());
        }
        if !self.long {
            self.long = true;
            self.show("the line goes on in the next chunk", page)?;
        }
        self.interrupted = true;
        page.finish()
    }

    /// Bytes taken so far.
    pub(super) const fn position(&self) -> u64 {
        self.decoder.position()
    }

    fn push(&mut self, byte: u8, page: &mut Page<'_>) -> io::Result<()> {
        if self.long {
            return page.push(byte);
        }
        self.line.push(byte);
        if self.line.len() < KEPT {
            return Ok(());
        }
        self.long = true;
        self.show("a long line", page)?;
        Ok(())
    }

    /// Shows the bytes kept so far, and begins a row for the rest of the line.
    fn show(&mut self, note: &str, page: &mut Page<'_>) -> io::Result<()> {
        let line = self.without_mark();
        let mark = self.line.len() - line.len();
        if mark > 0 {
            let words = "byte order mark: one at the beginning is dropped";
            page.part(self.line_at, MARK, Meaning::new(words, SECTION))?;
        }
        let at = self.line_at + mark as u64;
        let ink = match Line::parse(content(line)) {
            Line::Field { .. } => Ink::Payload,
            _ => Ink::Structure,
        };
        let words = match note {
            "" => describe(content(line)),
            note => format!("{}\n{note}", describe(content(line))),
        };
        if !line.is_empty() {
            page.begin(at, ink, Meaning::new(&words, SECTION))?;
        }
        line.iter().try_for_each(|&byte| page.push(byte))
    }

    /// The line without the byte order mark that may come before the first one.
    fn without_mark(&self) -> &[u8] {
        match self.line.strip_prefix(MARK) {
            Some(rest) if self.first => rest,
            _ => &self.line,
        }
    }

    /// Ends the line. The next one begins at `next`.
    fn end_line(&mut self, next: u64, page: &mut Page<'_>) -> io::Result<()> {
        if !self.long {
            self.show("", page)?;
        }
        page.finish()?;
        if let Some(said) = self.said.take() {
            page.say(&said)?;
        } else if content(self.without_mark()).is_empty() {
            page.say("no event, because the block has no data")?;
        }
        self.line_at = next;
        self.first = false;
        self.line.clear();
        self.long = false;
        self.after_cr = false;
        Ok(())
    }
}

impl Annotator for Lines {
    fn byte(
        &mut self,
        at: u64,
        byte: u8,
        _: &mut Talk,
        page: &mut Page<'_>,
    ) -> Result<Option<Change>, Stop> {
        if self.after_cr && byte != LF {
            self.end_line(at, page)?;
        }
        if self.line.is_empty() {
            self.line_at = at;
        }
        if std::mem::take(&mut self.interrupted) {
            let words = "the line goes on";
            page.begin(at, Ink::Payload, Meaning::new(words, SECTION))?;
        }
        let mut input = &[byte][..];
        if std::mem::take(&mut self.cr_before) && byte == LF {
            self.decoder.decode(&mut input, &mut self.buffer)?;
            let words = "the second half of the line's end";
            page.part(at, &[byte], Meaning::new(words, SECTION))?;
            return Ok(None);
        }
        self.push(byte, page)?;
        while let Some(item) = self.decoder.decode(&mut input, &mut self.buffer)? {
            self.said = said(&item);
        }
        if byte == LF {
            self.end_line(at + 1, page)?;
        }
        self.after_cr = byte == CR;
        Ok(None)
    }

    fn eof(&mut self, page: &mut Page<'_>) -> Result<(), Stop> {
        let finished = self.decoder.is_between_events();
        if self.after_cr {
            self.end_line(self.line_at, page)?;
        }
        self.unfinished(page)?;
        if !finished {
            page.say("the stream ended before the empty line: what is unfinished is discarded")?;
        }
        Ok(self.decoder.decode_eof().map(|_| ())?)
    }

    fn unfinished(&mut self, page: &mut Page<'_>) -> io::Result<()> {
        if !self.long && !self.line.is_empty() {
            self.show("the line has no end", page)?;
        }
        page.finish()
    }
}

/// A line without its end.
fn content(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn describe(line: &[u8]) -> String {
    match Line::parse(line) {
        Line::Blank => "empty line: the block ends".to_owned(),
        Line::Comment(_) => "comment: ignored; sent to keep a silent connection open".to_owned(),
        Line::Field { name, value } => field(name, value),
        Line::Unknown => unknown(line),
    }
}

fn field(name: FieldName, value: &[u8]) -> String {
    let words = match name {
        FieldName::Data => format!("data: this line of the event's data is {}", quote(value)),
        FieldName::Event if value.is_empty() => {
            "event: empty, so the type is \"message\" again".to_owned()
        }
        FieldName::Event => format!("event: this block's event has the type {}", quote(value)),
        FieldName::Id if value.contains(&0) => "id: ignored, because it holds NUL".to_owned(),
        FieldName::Id if value.is_empty() => {
            "id: empty, so the last event ID is reset at the end of the block".to_owned()
        }
        FieldName::Id => format!(
            "id: the last event ID is {} from the end of the block on; who reconnects sends it as \
             Last-Event-ID",
            quote(value)
        ),
        FieldName::Retry if value.is_empty() || !value.iter().all(u8::is_ascii_digit) => {
            "retry: ignored, because it is not all digits".to_owned()
        }
        FieldName::Retry => format!(
            "retry: from now on wait {} ms before reconnecting",
            String::from_utf8_lossy(value.get(..20).unwrap_or(value))
        ),
    };
    if value.starts_with(b" ") {
        return format!("{words}\nonly one space after the colon is dropped");
    }
    words
}

fn unknown(line: &[u8]) -> String {
    let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
    let words = format!("no field is named {}: ignored", quote(name));
    let known = FieldName::parse(&name.trim_ascii().to_ascii_lowercase()).is_some();
    match known {
        true if name.trim_ascii().len() < name.len() => {
            format!("{words}\nspaces are part of a name")
        }
        true => format!("{words}\nnames are lower case"),
        false => words,
    }
}

fn said(item: &Item<'_>) -> Option<String> {
    match item {
        Item::Event(event) => Some(format!(
            "an event of type {}, {} of data{} {}, last event ID {}",
            quote(event.event.as_bytes()),
            bytes(event.data.len() as u64),
            // It stands for bytes that are not UTF-8, and has three bytes itself.
            match event.data.contains(char::REPLACEMENT_CHARACTER) {
                true => " after decoding",
                false => "",
            },
            quote(event.data.as_bytes()),
            quote(event.id.as_bytes())
        )),
        Item::Id(id) => Some(format!(
            "no event, because the block has no data; the last event ID is {}",
            quote(id.as_bytes())
        )),
        _ => None,
    }
}

const SECTION: &str = "WHATWG HTML §9.2.6";
/// U+FEFF in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";
const CR: u8 = b'\r';
const LF: u8 = b'\n';
/// How many bytes of a line are kept in order to look at it as a whole.
const KEPT: usize = 16 << 10;
