//! The requests of one stream.

use super::{Place, Stage, collect};
use crate::body::{Body, BodyItem, take};
use crate::buffer::Buffer;
use crate::error::ReceiveError;
use crate::event::Event;
use crate::fast::fast_request;
use crate::header::Headers;
use crate::limits::Limits;
use crate::parse::{ParsedRequest, strict_request};
use crate::scan::{Rules, Scan};

/// Decodes the requests of one stream, with every rule of a
/// [`ServerConnection`](crate::ServerConnection) but without waiting for responses.
///
/// It gives [`Event::Paused`] only after a request that ends the connection: bytes after
/// `Connection: close` are never parsed. What follows an `Upgrade` or CONNECT is decoded as
/// the next request, since only the response tells whether the server switches.
///
/// ```
/// use holdline_http1::{Buffer, Event, Limits, RequestDecoder};
///
/// let mut decoder = RequestDecoder::new(Limits::default());
/// let mut buffer = Buffer::new();
/// let mut input: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
/// let mut body = Vec::new();
/// while let Some(event) = decoder.decode(&mut input, &mut buffer)? {
///     if let Event::Data(data) = event {
///         body.extend_from_slice(data);
///     }
/// }
/// assert_eq!(body, b"hi");
/// # Ok::<(), holdline_http1::ReceiveError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RequestDecoder {
    limits: Limits,
    /// Stream offset of the next byte.
    at: u64,
    stage: Stage,
    /// The request before or the current one allows no other after it.
    last: bool,
    same_host: bool,
    error: Option<ReceiveError>,
}

impl RequestDecoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            at: 0,
            stage: Stage::Head(Scan::request()),
            last: false,
            same_host: false,
            error: None,
        }
    }

    /// Sets [`Limits::max_body`] for everything after what was taken.
    pub(crate) fn set_max_body(&mut self, max: u64) {
        self.limits.max_body = max;
    }

    /// Whether a request whose `Host` differs from the authority in its target is refused. Off at
    /// first: then the target counts (RFC 9112 §3.2.2).
    pub const fn refuse_host_mismatch(&mut self, refuse: bool) {
        self.same_host = refuse;
    }

    /// Takes the next item from the front of `input`. `Ok(None)`: the input is used up.
    ///
    /// # Errors
    ///
    /// The rule that the client broke. Sticky: nothing is taken any more.
    #[inline]
    pub fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        let mut item = self.next(input, buffer);
        if let Err(error) = &mut item {
            *error = self.note(*error);
        }
        item
    }

    /// The stream has ended. An `End` that was due is given.
    ///
    /// # Errors
    ///
    /// It ended inside a head or body.
    pub fn decode_eof(&mut self) -> Result<Option<Event<'static>>, ReceiveError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        match self.stage.eof(self.at) {
            Ok(false) => Ok(None),
            Ok(true) => {
                self.stage = Stage::Head(Scan::request());
                Ok(Some(Event::End {
                    trailers: Default::default(),
                }))
            }
            Err(error) => Err(self.note(error)),
        }
    }

    /// The stream offset of the next byte: how many were taken.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.at
    }

    /// Whether no byte of a next head was taken, and no item is due.
    pub(crate) fn is_between(&self) -> bool {
        matches!(&self.stage, Stage::Head(scan) if scan.len() == 0)
    }

    /// Whether only the `End` of a message without more body is due.
    pub(crate) fn is_end_due(&self) -> bool {
        matches!(self.stage, Stage::Body(Body::Length(0)))
    }

    pub(crate) fn is_at_head(&self) -> bool {
        matches!(self.stage, Stage::Head(_))
    }

    pub(crate) const fn error(&self) -> Option<ReceiveError> {
        self.error
    }

    /// Whether a byte of the current body was taken, be it only of a chunk size.
    pub(crate) fn body_has_begun(&self) -> bool {
        match &self.stage {
            Stage::Body(Body::Chunks(chunks)) => chunks.has_begun(),
            Stage::Body(Body::Length(_)) => false,
            _ => true,
        }
    }

    /// Bytes of the current body that are still to come, when that is known.
    pub(crate) fn body_remaining(&self) -> Option<u64> {
        match &self.stage {
            Stage::Body(Body::Length(remaining)) => Some(*remaining),
            _ => None,
        }
    }

    /// Every later call gives this error.
    #[cold]
    fn note(&mut self, error: ReceiveError) -> ReceiveError {
        *self.error.insert(error.for_server())
    }

    /// What needs no look at a byte is answered here, and folded into the caller.
    #[inline]
    fn next<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        match &self.stage {
            Stage::Head(_) if self.last => Ok((!input.is_empty()).then_some(Event::Paused)),
            Stage::Head(scan) if scan.len() == 0 && input.is_empty() => {
                buffer.reset();
                Ok(None)
            }
            Stage::Head(_) => self.next_head(input, buffer),
            Stage::Body(Body::Length(0)) => {
                buffer.between();
                self.stage = Stage::Head(Scan::request());
                Ok(Some(Event::End {
                    trailers: Headers::empty(),
                }))
            }
            Stage::Body(_) => self.next_of_body(input, buffer),
        }
    }

    fn next_head<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        if self.is_between() {
            buffer.reset();
            let spans = &mut buffer.spans;
            if let Some(parsed) = fast_request(input, &self.limits, self.same_host, spans) {
                let head = take(input, parsed.consumed, &mut self.at);
                return Ok(Some(self.begin(parsed.view(head, &buffer.spans))));
            }
        }
        self.next_head_strictly(input, buffer)
    }

    // Apart, so that the usual way writes its item once.
    #[inline(never)]
    fn next_head_strictly<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        let Stage::Head(scan) = &mut self.stage else {
            return Ok(None);
        };
        let head_at = self.at - scan.len() as u64;
        let rules = Rules::head(&self.limits, false);
        let head: &'b [u8] = match collect(scan, &rules, input, buffer, &mut self.at)? {
            None => return Ok(None),
            Some(Place::Input(head)) => head,
            Some(Place::Buffer) => &buffer.bytes,
        };
        let parsed = strict_request(head, &self.limits, self.same_host, &mut buffer.spans)
            .map_err(|fault| ReceiveError::new(fault.kind, head_at + fault.at as u64))?;
        Ok(Some(self.begin(parsed.view(head, &buffer.spans))))
    }

    fn begin<'b>(&mut self, parsed: ParsedRequest<'b>) -> Event<'b> {
        let ParsedRequest { head, body, .. } = parsed;
        self.last = !head.is_keep_alive();
        self.stage = Stage::Body(Body::new(body));
        Event::Request { head, body }
    }

    fn next_of_body<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        let Stage::Body(body) = &mut self.stage else {
            return Ok(None);
        };
        match body.next(input, buffer.between(), &self.limits, false, &mut self.at)? {
            None => Ok(None),
            Some(BodyItem::Data(data)) => Ok(Some(Event::Data(data))),
            Some(BodyItem::End { trailers }) => {
                self.stage = Stage::Head(Scan::request());
                Ok(Some(Event::End { trailers }))
            }
        }
    }

    /// Takes and drops the data of the current body. Gives the number of bytes dropped.
    pub(crate) fn discard(&mut self, input: &mut &[u8]) -> Result<u64, ReceiveError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let Stage::Body(body) = &mut self.stage else {
            return Ok(0);
        };
        let start = self.at;
        match body.discard(input, &self.limits, &mut self.at) {
            Ok(()) => Ok(self.at - start),
            Err(error) => Err(self.note(error)),
        }
    }
}
