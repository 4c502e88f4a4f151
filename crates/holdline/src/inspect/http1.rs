//! Requests and responses as lines of JSON.

use std::io::Write;

use holdline_http1::{
    BodyLength, Buffer, Event, Headers, Limits, ReceiveError, RequestDecoder, RequestHead,
    ResponseDecoder, ResponseEvent, ResponseHead,
};

use crate::inspect::Inspector;
use crate::inspect::body::BodyLines;
use crate::inspect::item::{Fields, Item, Stop, Text, print, version};

/// The messages of one stream.
#[derive(Debug)]
pub(super) struct Http {
    decoder: Decoder,
    buffer: Buffer,
    body: BodyLines,
    /// Where the last data ended, until other bytes follow it.
    data_end: Option<u64>,
    /// Bytes after the last message of the connection.
    ignored: u64,
}

impl Http {
    pub(super) fn requests() -> Self {
        Self::new(Decoder::requests())
    }

    /// Responses to requests with this method.
    pub(super) fn responses(method: &str) -> Self {
        Self::new(Decoder::responses(method))
    }

    fn new(decoder: Decoder) -> Self {
        Self {
            decoder,
            buffer: Buffer::new(),
            body: BodyLines::default(),
            data_end: None,
            ignored: 0,
        }
    }
}

impl Inspector for Http {
    fn feed(&mut self, piece: &mut [u8], out: &mut dyn Write) -> Result<(), Stop> {
        let mut input = &*piece;
        loop {
            let part = self.decoder.decode(&mut input, &mut self.buffer);
            let mut at = self.decoder.position();
            if let Ok(Some(Part::Data(data))) = part {
                at -= data.len() as u64;
            }
            // Between two pieces of data are the end of a chunk and the next size.
            if self.data_end.is_some_and(|end| at > end) {
                self.data_end = None;
                self.body.cut(out)?;
            }
            match part {
                Ok(Some(Part::Data(data))) => {
                    self.body.push(data, out)?;
                    self.data_end = Some(self.decoder.position());
                }
                Ok(Some(Part::Paused)) => {
                    self.ignored += input.len() as u64;
                    return Ok(());
                }
                Ok(Some(part)) => {
                    self.data_end = None;
                    self.body.end(out)?;
                    print_part(&part, out)?;
                }
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.body.end(out)?;
                    return Err(error.into());
                }
            }
        }
    }

    fn eof(&mut self, out: &mut dyn Write) -> Result<(), Stop> {
        let last = self.decoder.eof();
        self.body.end(out)?;
        if let Some(part) = last? {
            print_part(&part, out)?;
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

fn print_part(part: &Part<'_>, out: &mut dyn Write) -> Result<(), Stop> {
    let item = match *part {
        Part::Request(head, _) => Item::Request {
            method: head.method(),
            target: head.target(),
            version: version(head.version()),
            headers: Fields(head.headers()),
        },
        Part::Informational(head) | Part::Response(head, _) => Item::Response {
            status: head.status(),
            reason: Text(head.reason()),
            version: version(head.version()),
            headers: Fields(head.headers()),
        },
        Part::End(trailers) => Item::End {
            trailers: Fields(trailers),
        },
        Part::Data(_) | Part::Paused => return Ok(()),
    };
    Ok(print(&item, out)?)
}

/// A decoder for either direction.
#[derive(Debug)]
pub(super) enum Decoder {
    Requests(RequestDecoder),
    /// With the method of the requests that these responses answer.
    Responses(ResponseDecoder, String),
}

/// What either decoder returns.
#[derive(Debug)]
pub(super) enum Part<'b> {
    Request(RequestHead<'b>, BodyLength),
    Informational(ResponseHead<'b>),
    Response(ResponseHead<'b>, BodyLength),
    Data(&'b [u8]),
    End(Headers<'b>),
    /// There is input, but none of it belongs to a message.
    Paused,
}

impl Decoder {
    pub(super) fn requests() -> Self {
        Self::Requests(RequestDecoder::new(Limits::default()))
    }

    pub(super) fn responses(method: &str) -> Self {
        let mut decoder = ResponseDecoder::new(Limits::default());
        decoder.expect(method);
        Self::Responses(decoder, method.to_owned())
    }

    pub(super) fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Part<'b>>, ReceiveError> {
        match self {
            Self::Requests(decoder) => {
                let event = decoder.decode(input, buffer)?;
                Ok(event.map(|event| match event {
                    Event::Request { head, body } => Part::Request(head, body),
                    Event::Data(data) => Part::Data(data),
                    Event::End { trailers } => Part::End(trailers),
                    _ => Part::Paused,
                }))
            }
            Self::Responses(decoder, method) => {
                let event = decoder.decode(input, buffer)?;
                if let Some(ResponseEvent::End { .. }) = event {
                    decoder.expect(method);
                }
                Ok(event.map(response_part))
            }
        }
    }

    pub(super) fn eof(&mut self) -> Result<Option<Part<'static>>, ReceiveError> {
        let trailers = match self {
            Self::Requests(decoder) => match decoder.decode_eof()? {
                Some(Event::End { trailers }) => Some(trailers),
                _ => None,
            },
            Self::Responses(decoder, _) => match decoder.decode_eof()? {
                Some(ResponseEvent::End { trailers }) => Some(trailers),
                _ => None,
            },
        };
        Ok(trailers.map(Part::End))
    }

    /// Bytes taken so far.
    pub(super) const fn position(&self) -> u64 {
        match self {
            Self::Requests(decoder) => decoder.position(),
            Self::Responses(decoder, _) => decoder.position(),
        }
    }
}

fn response_part(event: ResponseEvent<'_>) -> Part<'_> {
    match event {
        ResponseEvent::Informational(head) => Part::Informational(head),
        ResponseEvent::Response { head, body } => Part::Response(head, body),
        ResponseEvent::Data(data) => Part::Data(data),
        ResponseEvent::End { trailers } => Part::End(trailers),
        _ => Part::Paused,
    }
}
