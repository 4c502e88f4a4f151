//! From bytes to the items of many messages, without the bookkeeping of a connection.

use crate::body::{Body, BodyItem, take};
use crate::buffer::Buffer;
use crate::error::{ReceiveError, ReceiveErrorKind as Kind};
use crate::event::{Event, ResponseEvent};
use crate::fast::{fast_request, fast_response};
use crate::framing::BodyLength;
use crate::limits::Limits;
use crate::parse::{Asked, ParsedRequest, ParsedResponse, strict_request, strict_response};
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
            error: None,
        }
    }

    /// Takes the next item from the front of `input`. `Ok(None)`: the input is used up.
    ///
    /// # Errors
    ///
    /// The rule that the client broke. Sticky: nothing is taken any more.
    pub fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let event = match &mut self.stage {
            Stage::Body(body) => {
                match body.next(input, buffer.between(), &self.limits, &mut self.at) {
                    Ok(None) => Ok(None),
                    Ok(Some(BodyItem::Data(data))) => Ok(Some(Event::Data(data))),
                    Ok(Some(BodyItem::End { trailers })) => {
                        self.stage = Stage::Head(Scan::request());
                        Ok(Some(Event::End { trailers }))
                    }
                    Err(error) => Err(error),
                }
            }
            Stage::Head(_) if self.last => Ok((!input.is_empty()).then_some(Event::Paused)),
            Stage::Head(scan) => match request(scan, input, buffer, &self.limits, &mut self.at) {
                Ok(None) => Ok(None),
                Ok(Some(ParsedRequest { head, body, .. })) => {
                    self.last = !head.is_keep_alive();
                    self.stage = Stage::Body(Body::new(body));
                    Ok(Some(Event::Request { head, body }))
                }
                Err(error) => Err(error),
            },
        };
        event.inspect_err(|&error| self.error = Some(error))
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
            Err(error) => {
                self.error = Some(error);
                Err(error)
            }
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
            Err(error) => {
                self.error = Some(error);
                Err(error)
            }
        }
    }
}

/// Decodes the responses of one stream, with every rule of a
/// [`ClientConnection`](crate::ClientConnection) but without requests.
///
/// How long a response is depends on the request's method: tell it with
/// [`expect`](Self::expect) when it was HEAD or CONNECT. After a 101, after a 2xx to CONNECT
/// and after a response that ends the connection it gives [`ResponseEvent::Paused`] for what
/// follows.
#[derive(Clone, Debug)]
pub struct ResponseDecoder {
    limits: Limits,
    at: u64,
    stage: Stage,
    asked: Asked,
    last: bool,
    fold: bool,
    error: Option<ReceiveError>,
}

impl ResponseDecoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            at: 0,
            stage: Stage::Head(Scan::response()),
            asked: Asked::Other,
            last: false,
            fold: false,
            error: None,
        }
    }

    /// The next final response answers a request with this method. Afterwards it is GET again.
    pub fn expect(&mut self, method: &str) {
        self.asked = Asked::of(method);
    }

    /// Whether folded field lines are taken, each fold replaced by spaces, instead of refused.
    ///
    /// RFC 9112 §5.2: "A user agent that receives an obs-fold in a response message ... MUST
    /// replace each received obs-fold with one or more SP octets prior to interpreting the field
    /// value."
    pub fn unfold(&mut self, unfold: bool) {
        self.fold = unfold;
    }

    /// Takes the next item from the front of `input`. `Ok(None)`: the input is used up.
    ///
    /// # Errors
    ///
    /// The rule that the server broke. Sticky: nothing is taken any more.
    pub fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<ResponseEvent<'b>>, ReceiveError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let (limits, at) = (&self.limits, &mut self.at);
        let event = match &mut self.stage {
            Stage::Body(body) => match body.next(input, buffer.between(), limits, at) {
                Ok(None) => Ok(None),
                Ok(Some(BodyItem::Data(data))) => Ok(Some(ResponseEvent::Data(data))),
                Ok(Some(BodyItem::End { trailers })) => {
                    self.stage = Stage::Head(Scan::response());
                    Ok(Some(ResponseEvent::End { trailers }))
                }
                Err(error) => Err(error),
            },
            Stage::Head(_) if self.last => Ok((!input.is_empty()).then_some(ResponseEvent::Paused)),
            Stage::Head(scan) => {
                match response(scan, self.asked, self.fold, input, buffer, limits, at) {
                    Ok(None) => Ok(None),
                    Ok(Some(parsed)) => Ok(Some(self.begin(parsed))),
                    Err(error) => Err(error),
                }
            }
        };
        event.inspect_err(|&error| self.error = Some(error))
    }

    /// The stream has ended. That ends a body that is framed so: then its `End` is given.
    ///
    /// # Errors
    ///
    /// It ended inside a head, or inside a body of known length or of chunks.
    pub fn decode_eof(&mut self) -> Result<Option<ResponseEvent<'static>>, ReceiveError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        match self.stage.eof(self.at) {
            Ok(false) => Ok(None),
            Ok(true) => {
                self.stage = Stage::Head(Scan::response());
                Ok(Some(ResponseEvent::End {
                    trailers: Default::default(),
                }))
            }
            Err(error) => {
                self.error = Some(error);
                Err(error)
            }
        }
    }

    /// The stream offset of the next byte: how many were taken.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.at
    }

    pub(crate) fn is_between(&self) -> bool {
        matches!(&self.stage, Stage::Head(scan) if scan.len() == 0)
    }

    /// The stream offset where the current head began.
    pub(crate) fn message_at(&self) -> u64 {
        match &self.stage {
            Stage::Head(scan) => self.at - scan.len() as u64,
            Stage::Body(_) => self.at,
        }
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) const fn error(&self) -> Option<ReceiveError> {
        self.error
    }

    /// A rule that depends on more than the bytes was broken here.
    pub(crate) fn fail(&mut self, kind: Kind, at: u64) -> ReceiveError {
        *self.error.get_or_insert(ReceiveError::new(kind, at))
    }

    fn begin<'b>(&mut self, parsed: ParsedResponse<'b>) -> ResponseEvent<'b> {
        let ParsedResponse { head, body, .. } = parsed;
        if (100..200).contains(&head.status) && head.status != 101 {
            self.stage = Stage::Head(Scan::response());
            return ResponseEvent::Informational(head);
        }
        let tunnel = self.asked == Asked::Connect && (200..300).contains(&head.status);
        self.last =
            !head.keep_alive || head.status == 101 || tunnel || body == BodyLength::UntilClose;
        self.asked = Asked::Other;
        self.stage = Stage::Body(Body::new(body));
        ResponseEvent::Response { head, body }
    }
}

/// Where in a message the next byte is.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Head(Scan),
    Body(Body),
}

impl Stage {
    /// `Ok(true)`: the end of the stream ends the message.
    fn eof(&mut self, at: u64) -> Result<bool, ReceiveError> {
        match self {
            Self::Body(body) => body.eof(at),
            Self::Head(scan) if scan.is_blank() || scan.len() == 0 => Ok(false),
            Self::Head(_) => Err(ReceiveError::new(Kind::TruncatedHead, at)),
        }
    }
}

fn request<'b, 'i: 'b>(
    scan: &mut Scan,
    input: &mut &'i [u8],
    buffer: &'b mut Buffer,
    limits: &Limits,
    at: &mut u64,
) -> Result<Option<ParsedRequest<'b>>, ReceiveError> {
    let head_at = *at - scan.len() as u64;
    if scan.len() == 0 {
        buffer.reset();
        if let Some(parsed) = fast_request(input, limits, &mut buffer.spans) {
            let head = take(input, parsed.consumed, at);
            return Ok(Some(parsed.view(head, &buffer.spans)));
        }
    }
    let rules = Rules::head(limits, false);
    let head: &'b [u8] = match collect(scan, &rules, input, buffer, at)? {
        None => return Ok(None),
        Some(Place::Input(head)) => head,
        Some(Place::Buffer) => &buffer.bytes,
    };
    let parsed = strict_request(head, limits, &mut buffer.spans)
        .map_err(|fault| ReceiveError::new(fault.kind, head_at + fault.at as u64))?;
    Ok(Some(parsed.view(head, &buffer.spans)))
}

fn response<'b, 'i: 'b>(
    scan: &mut Scan,
    asked: Asked,
    fold: bool,
    input: &mut &'i [u8],
    buffer: &'b mut Buffer,
    limits: &Limits,
    at: &mut u64,
) -> Result<Option<ParsedResponse<'b>>, ReceiveError> {
    let head_at = *at - scan.len() as u64;
    if scan.len() == 0 {
        buffer.reset();
        if let Some(parsed) = fast_response(input, asked, limits, &mut buffer.spans) {
            let head = take(input, parsed.consumed, at);
            return Ok(Some(parsed.view(head, &buffer.spans)));
        }
    }
    let rules = Rules::head(limits, fold);
    let mut place = match collect(scan, &rules, input, buffer, at)? {
        None => return Ok(None),
        Some(place) => place,
    };
    if fold {
        // A head that lies in the input cannot be changed there.
        if let Place::Input(head) = place
            && is_folded(head)
        {
            buffer.bytes.extend_from_slice(head);
            place = Place::Buffer;
        }
        unfold(&mut buffer.bytes);
    }
    let head: &'b [u8] = match place {
        Place::Input(head) => head,
        Place::Buffer => &buffer.bytes,
    };
    let parsed = strict_response(head, asked, limits, &mut buffer.spans)
        .map_err(|fault| ReceiveError::new(fault.kind, head_at + fault.at as u64))?;
    Ok(Some(parsed.view(head, &buffer.spans)))
}

/// Where a complete head lies.
#[derive(Clone, Copy)]
enum Place<'i> {
    Input(&'i [u8]),
    Buffer,
}

/// Takes the bytes of a head. It stays where it is when it is whole, else it is joined.
fn collect<'i>(
    scan: &mut Scan,
    rules: &Rules,
    input: &mut &'i [u8],
    buffer: &mut Buffer,
    at: &mut u64,
) -> Result<Option<Place<'i>>, ReceiveError> {
    let head_at = *at - scan.len() as u64;
    if scan.len() > 0 && (!buffer.partial || buffer.bytes.len() != scan.len()) {
        return Err(ReceiveError::new(Kind::BufferMismatch, *at));
    }
    match scan.advance(input, rules) {
        Err(fault) => {
            buffer.partial = false;
            Err(ReceiveError::new(fault.kind, head_at + fault.at as u64))
        }
        Ok(None) => {
            buffer.partial |= !input.is_empty();
            buffer.bytes.extend_from_slice(take(input, usize::MAX, at));
            Ok(None)
        }
        Ok(Some(length)) => {
            let last = take(input, length, at);
            if !buffer.partial {
                return Ok(Some(Place::Input(last)));
            }
            buffer.partial = false;
            buffer.bytes.extend_from_slice(last);
            Ok(Some(Place::Buffer))
        }
    }
}

/// Whether a line begins with whitespace.
fn is_folded(head: &[u8]) -> bool {
    head.windows(2)
        .any(|pair| matches!(pair, [b'\n', b' ' | b'\t']))
}

/// Replaces each fold by as many spaces, so that no offset changes.
fn unfold(head: &mut [u8]) {
    let mut rest = head;
    while let [first, tail @ ..] = rest {
        if let ([b'\n', b' ' | b'\t', ..], b'\r') = (&*tail, &*first) {
            *first = b' ';
            if let [line_feed, ..] = tail {
                *line_feed = b' ';
            }
        }
        rest = tail;
    }
}
