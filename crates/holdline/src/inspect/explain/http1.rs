//! Messages of HTTP/1.1: start line, field lines, chunk lines and data.

use std::io;

use holdline_http1::{BodyLength, Buffer, RequestHead, ResponseHead};

use crate::inspect::explain::sheet::{Ink, Page};
use crate::inspect::explain::{Annotator, bytes, fields, quote};
use crate::inspect::http1::{Decoder, Part};
use crate::inspect::item::Stop;

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
    /// Bytes after the last message of the connection.
    ignored: u64,
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
    pub(super) fn requests() -> Self {
        Self::new(Decoder::requests())
    }

    pub(super) fn responses(method: &str) -> Self {
        Self::new(Decoder::responses(method))
    }

    fn new(decoder: Decoder) -> Self {
        Self {
            decoder,
            buffer: Buffer::new(),
            line: Vec::new(),
            line_at: 0,
            stage: Stage::StartLine,
            in_data: false,
            remaining: None,
            ignored: 0,
        }
    }

    fn data(&mut self, at: u64, byte: u8, page: &mut Page<'_>) -> io::Result<()> {
        if !self.in_data {
            self.in_data = true;
            let words = match self.remaining {
                Some(length) => format!("data, {}", bytes(length)),
                None => "data, up to the end of the stream".to_owned(),
            };
            page.begin(at, Ink::Payload, &words)?;
        }
        page.push(byte)
    }

    /// Takes a byte that is not data.
    fn structure(&mut self, at: u64, byte: u8, page: &mut Page<'_>) -> io::Result<()> {
        if self.line.is_empty() {
            page.finish()?;
            self.in_data = false;
            self.line_at = at;
        }
        self.line.push(byte);
        if byte == b'\n' {
            let words = self.describe_line();
            page.part(self.line_at, &self.line, &words)?;
            self.line.clear();
        }
        Ok(())
    }

    fn describe_line(&mut self) -> String {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (self.stage, line) {
            (Stage::StartLine, []) => "empty line before the request line: ignored".to_owned(),
            (Stage::StartLine, _) => {
                let words = match self.decoder {
                    Decoder::Requests(_) => request_line(line),
                    Decoder::Responses(..) => status_line(line),
                };
                self.stage = Stage::Fields;
                words
            }
            (Stage::Fields, []) => "empty line: the head ends".to_owned(),
            (Stage::Trailers, []) => "empty line: the body ends".to_owned(),
            (Stage::Fields, _) => fields::describe(line),
            (Stage::Trailers, _) => format!("trailer: {}", fields::describe(line)),
            (Stage::Chunk, []) => "end of the chunk's data".to_owned(),
            (Stage::Chunk, _) => {
                let (size, words) = chunk_line(line);
                self.remaining = Some(size);
                if size == 0 {
                    self.stage = Stage::Trailers;
                }
                words
            }
            (Stage::Data, _) => String::new(),
        }
    }

    /// Explains a part of a message that is now complete, and decides what comes next.
    fn note(&mut self, part: &Part<'_>) -> Option<String> {
        let (words, stage) = match part {
            Part::Request(head, body) => (request(head, *body), self.begin_body(*body)),
            Part::Response(head, body) => (response(head, *body), self.begin_body(*body)),
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
                    Decoder::Responses(..) => "response",
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
    fn byte(&mut self, at: u64, byte: u8, page: &mut Page<'_>) -> Result<(), Stop> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut input = &[byte][..];
        let mut shown = false;
        let stop = loop {
            let part = self.decoder.decode(&mut input, &mut buffer);
            if let Ok(Some(Part::Paused)) = part {
                self.ignored += 1;
                break Ok(());
            }
            if !shown {
                shown = true;
                match part {
                    Ok(Some(Part::Data(_))) => self.data(at, byte, page)?,
                    _ => self.structure(at, byte, page)?,
                }
            }
            match part {
                Ok(Some(part)) => {
                    if let Some(words) = self.note(&part) {
                        page.say(&words)?;
                        self.in_data = false;
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error.into()),
            }
        };
        self.buffer = buffer;
        stop
    }

    fn eof(&mut self, page: &mut Page<'_>) -> Result<(), Stop> {
        if let Some(part) = self.decoder.eof()?
            && let Some(words) = self.note(&part)
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
        if !self.line.is_empty() {
            page.part(self.line_at, &self.line, "the line has no end")?;
            self.line.clear();
        }
        Ok(())
    }
}

/// RFC 9112 §3: `request-line = method SP request-target SP HTTP-version`.
fn request_line(line: &[u8]) -> String {
    let mut words = line.splitn(3, |&byte| byte == b' ');
    let mut word = || words.next().unwrap_or_default();
    let (method, target, version) = (word(), word(), word());
    let meaning = match method {
        b"GET" => ": asks for the resource",
        b"HEAD" => ": like GET, but the response has no body",
        b"POST" => ": has the resource work on the body",
        b"PUT" => ": replaces the resource by the body",
        b"DELETE" => ": removes the resource",
        b"OPTIONS" => ": asks what can be done",
        b"CONNECT" => ": asks for a tunnel",
        _ => "",
    };
    let form = match (method, target) {
        (b"CONNECT", _) => "authority-form",
        (_, [b'/', ..]) => "origin-form",
        (_, b"*") => "asterisk-form",
        _ => "absolute-form",
    };
    format!(
        "request line\nmethod {}{meaning}\ntarget {}, {form}\nversion {}",
        plain(method),
        quote(target),
        plain(version)
    )
}

/// RFC 9112 §4: `status-line = HTTP-version SP status-code SP [ reason-phrase ]`.
fn status_line(line: &[u8]) -> String {
    let mut words = line.splitn(3, |&byte| byte == b' ');
    let mut word = || words.next().unwrap_or_default();
    let (version, status, reason) = (word(), word(), word());
    let class = match status.first() {
        Some(b'1') => "informational, the final response follows",
        Some(b'2') => "successful",
        Some(b'3') => "redirection",
        Some(b'4') => "the client's error",
        Some(b'5') => "the server's error",
        _ => "of no known class",
    };
    format!(
        "status line\nversion {}\nstatus {}, {class}\nreason {}, which only people read",
        plain(version),
        plain(status),
        quote(reason)
    )
}

/// RFC 9112 §7.1: the size in hexadecimal, then extensions.
fn chunk_line(line: &[u8]) -> (u64, String) {
    let mut parts = line.splitn(2, |&byte| byte == b';');
    let digits = parts.next().unwrap_or_default();
    let size = u64::from_str_radix(&plain(digits), 16).unwrap_or(0);
    let mut words = match size {
        0 => "chunk size 0: the last chunk; trailer fields may follow".to_owned(),
        _ => format!(
            "chunk size {} in hexadecimal: {}",
            plain(digits),
            bytes(size)
        ),
    };
    if let Some(extension) = parts.next() {
        words.push_str(&format!("\nextension {}: ignored", quote(extension)));
    }
    (size, words)
}

fn request(head: &RequestHead<'_>, body: BodyLength) -> String {
    let mut words = match body {
        BodyLength::None => "a request without body".to_owned(),
        BodyLength::Known(length) => format!("a request; its body has {}", bytes(length)),
        _ => "a request; its body comes in chunks".to_owned(),
    };
    if head.expects_continue() {
        words.push_str("; the client waits for a 100 before it sends the body");
    }
    if let Some(protocol) = head.headers().get_str("upgrade")
        && head.headers().contains_token("connection", "upgrade")
    {
        let protocol = quote(protocol.as_bytes());
        words.push_str(&format!(
            "; it offers to go on as {protocol}, and what follows is HTTP unless the server agrees"
        ));
    }
    words.push_str(persistence(head.is_keep_alive()));
    words
}

fn response(head: &ResponseHead<'_>, body: BodyLength) -> String {
    let mut words = match body {
        BodyLength::None => "a response without body".to_owned(),
        BodyLength::Known(length) => format!("a response; its body has {}", bytes(length)),
        BodyLength::Chunked => "a response; its body comes in chunks".to_owned(),
        BodyLength::UntilClose => {
            "a response; nothing tells its length, so its body ends with the connection \
             (RFC 9112 §6.3)"
                .to_owned()
        }
    };
    match (head.status(), body) {
        (101, _) => words.push_str("; what follows is of the other protocol"),
        (_, BodyLength::UntilClose) => {}
        _ => words.push_str(persistence(head.is_keep_alive())),
    }
    words
}

/// RFC 9112 §9.3.
const fn persistence(keep_alive: bool) -> &'static str {
    match keep_alive {
        true => "; the connection stays open after it",
        false => "; it is the last on this connection",
    }
}

fn plain(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
