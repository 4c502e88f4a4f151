//! Requests and responses as lines of JSON.

mod decoder;

use holdline_http1::{Buffer, Headers};

pub(super) use self::decoder::{Decoder, Part};
use crate::inspect::body::BodyLines;
use crate::inspect::item::{Fields, Item, Lines, Stop, Text, version};
use crate::inspect::layer::Layer;
use crate::inspect::sse::Stream;
use crate::inspect::talk::{Change, Talk};

/// The messages of one stream.
#[derive(Debug)]
pub(super) struct Http {
    decoder: Decoder,
    buffer: Buffer,
    body: BodyLines,
    /// Whether event streams are decoded, too.
    events: bool,
    /// The event stream in the body of now, and where its last piece began: there, and in the input.
    stream: Option<(Stream, [u64; 2])>,
    /// Where the last data ended, until other bytes follow it.
    data_end: Option<u64>,
    /// What follows the message of now.
    change: Option<Change>,
    /// Bytes after the last message of the connection.
    ignored: u64,
}

impl Http {
    pub(super) fn new(decoder: Decoder, events: bool) -> Self {
        Self {
            decoder,
            buffer: Buffer::new(),
            body: BodyLines::default(),
            events,
            stream: None,
            data_end: None,
            change: None,
            ignored: 0,
        }
    }

    /// Prints a part that is no data.
    fn part(
        &mut self,
        part: &Part<'_>,
        talk: &mut Talk,
        lines: &mut Lines<'_>,
    ) -> Result<(), Stop> {
        let item = match *part {
            Part::Request(head, _) => {
                self.change = talk.request(&head);
                Item::Request {
                    method: head.method(),
                    target: head.target(),
                    version: version(head.version()),
                    headers: Fields(head.headers()),
                }
            }
            Part::Informational(head) | Part::Response(head, _) => {
                if let Part::Response(..) = part {
                    self.change = talk.response(&head, self.decoder.method());
                    let is_stream = self.events && is_event_stream(head.headers());
                    self.stream = is_stream.then(|| (Stream::new(), [0; 2]));
                }
                Item::Response {
                    status: head.status(),
                    reason: Text(head.reason()),
                    version: version(head.version()),
                    headers: Fields(head.headers()),
                }
            }
            Part::End(trailers) => Item::End {
                trailers: Fields(trailers),
            },
            Part::Data(_) | Part::Paused => return Ok(()),
        };
        Ok(lines.print(&item)?)
    }

    /// Takes data of the body, which began at offset `at`.
    fn data(&mut self, at: u64, data: &[u8], lines: &mut Lines<'_>) -> Result<(), Stop> {
        let Some((stream, places)) = &mut self.stream else {
            self.body.push(data, lines)?;
            self.data_end = Some(self.decoder.position());
            return Ok(());
        };
        *places = [stream.position(), at];
        let places = *places;
        stream
            .take(data, lines)
            .map_err(|stop| within(stop, places))
    }

    /// Prints what there is of the body: it has ended, or will never be complete.
    fn end_body(&mut self, lines: &mut Lines<'_>) -> Result<(), Stop> {
        if let Some((mut stream, places)) = self.stream.take() {
            stream.eof(lines).map_err(|stop| within(stop, places))?;
        }
        Ok(self.body.end(lines)?)
    }
}

impl Layer for Http {
    fn feed(
        &mut self,
        input: &mut &mut [u8],
        talk: &mut Talk,
        lines: &mut Lines<'_>,
    ) -> Result<Option<Change>, Stop> {
        let mut rest = &**input;
        let mut buffer = std::mem::take(&mut self.buffer);
        let change = loop {
            if !rest.is_empty() {
                self.decoder.tell_method(talk);
            }
            let part = self.decoder.decode(&mut rest, &mut buffer);
            let mut at = self.decoder.position();
            if let Ok(Some(Part::Data(data))) = part {
                at -= data.len() as u64;
            }
            // Between two pieces of data are the end of a chunk and the next size.
            if self.data_end.is_some_and(|end| at > end) {
                self.data_end = None;
                self.body.cut(lines)?;
            }
            match part {
                Ok(Some(Part::Data(data))) => self.data(at, data, lines)?,
                Ok(Some(Part::Paused)) => {
                    self.ignored += rest.len() as u64;
                    rest = &[];
                    break None;
                }
                Ok(Some(part)) => {
                    self.data_end = None;
                    self.end_body(lines)?;
                    self.part(&part, talk, lines)?;
                    if let Part::End(_) = part {
                        break Some(self.change.take().unwrap_or(Change::Message));
                    }
                }
                Ok(None) => break None,
                Err(error) => {
                    self.end_body(lines)?;
                    return Err(error.into());
                }
            }
        };
        let left = rest.len();
        let whole = std::mem::take(input);
        *input = whole.split_at_mut(whole.len() - left).1;
        self.buffer = buffer;
        Ok(change)
    }

    fn eof(&mut self, lines: &mut Lines<'_>) -> Result<(), Stop> {
        let last = self.decoder.eof();
        self.end_body(lines)?;
        if let Some(part) = last? {
            self.part(&part, &mut Talk::default(), lines)?;
        }
        Ok(())
    }

    fn note(&self) -> Option<String> {
        let ignored = self.ignored;
        (ignored > 0).then(|| {
            format!("{ignored} bytes after the connection's last message were not looked at")
        })
    }
}

/// Whether the body is a plain event stream.
pub(super) fn is_event_stream(headers: Headers<'_>) -> bool {
    let media_type = headers.get("content-type").unwrap_or_default();
    let media_type = media_type
        .split(|&byte| byte == b';')
        .next()
        .unwrap_or_default();
    media_type
        .trim_ascii()
        .eq_ignore_ascii_case(b"text/event-stream")
        && headers.get("content-encoding").is_none()
}

/// Places an error of an event stream in the stream around it, from where the last piece began in both.
pub(super) fn within(stop: Stop, [inner, outer]: [u64; 2]) -> Stop {
    match stop {
        Stop::Fault(mut fault) => {
            fault.at = outer + fault.at.saturating_sub(inner);
            Stop::Fault(fault)
        }
        stop => stop,
    }
}

/// Bytes of a protocol that is not known here.
#[derive(Debug)]
pub(super) struct Unknown {
    name: String,
    bytes: u64,
}

impl Unknown {
    pub(super) const fn new(name: String) -> Self {
        Self { name, bytes: 0 }
    }
}

impl Layer for Unknown {
    fn feed(
        &mut self,
        input: &mut &mut [u8],
        _: &mut Talk,
        _: &mut Lines<'_>,
    ) -> Result<Option<Change>, Stop> {
        self.bytes += std::mem::take(input).len() as u64;
        Ok(None)
    }

    fn eof(&mut self, _: &mut Lines<'_>) -> Result<(), Stop> {
        Ok(())
    }

    fn note(&self) -> Option<String> {
        let Self { name, bytes } = self;
        (*bytes > 0)
            .then(|| format!("{bytes} bytes of another protocol ({name}) were not looked at"))
    }
}
