//! The responses of one stream.

use super::{Place, Stage, collect};
use crate::body::{Body, BodyItem, take};
use crate::buffer::Buffer;
use crate::error::{ReceiveError, ReceiveErrorKind as Kind};
use crate::event::ResponseEvent;
use crate::fast::fast_response;
use crate::framing::BodyLength;
use crate::limits::Limits;
use crate::parse::{Asked, ParsedResponse, strict_response};
use crate::scan::{Rules, Scan};

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
        let mut item = self.next(input, buffer);
        if let Err(error) = &mut item {
            *error = self.note(*error);
        }
        item
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
            Err(error) => Err(self.note(error)),
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

    fn next<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<ResponseEvent<'b>>, ReceiveError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        match &mut self.stage {
            Stage::Body(body) => {
                let buffer = buffer.between();
                match body.next(input, buffer, &self.limits, self.fold, &mut self.at)? {
                    None => Ok(None),
                    Some(BodyItem::Data(data)) => Ok(Some(ResponseEvent::Data(data))),
                    Some(BodyItem::End { trailers }) => {
                        self.stage = Stage::Head(Scan::response());
                        Ok(Some(ResponseEvent::End { trailers }))
                    }
                }
            }
            Stage::Head(_) if self.last => Ok((!input.is_empty()).then_some(ResponseEvent::Paused)),
            Stage::Head(_) => self.next_head(input, buffer),
        }
    }

    fn next_head<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<ResponseEvent<'b>>, ReceiveError> {
        if self.is_between() {
            buffer.reset();
            if input.is_empty() {
                return Ok(None);
            }
            if let Some(parsed) = fast_response(input, self.asked, &self.limits, &mut buffer.spans)
            {
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
    ) -> Result<Option<ResponseEvent<'b>>, ReceiveError> {
        let Stage::Head(scan) = &mut self.stage else {
            return Ok(None);
        };
        let head_at = self.at - scan.len() as u64;
        let rules = Rules::head(&self.limits, self.fold);
        let head: &'b [u8] = match collect(scan, &rules, input, buffer, &mut self.at)? {
            None => return Ok(None),
            Some(Place::Input(head)) => head,
            Some(Place::Buffer) => &buffer.bytes,
        };
        let parsed = strict_response(head, self.asked, &self.limits, &mut buffer.spans)
            .map_err(|fault| ReceiveError::new(fault.kind, head_at + fault.at as u64))?;
        Ok(Some(self.begin(parsed.view(head, &buffer.spans))))
    }

    /// A rule that depends on more than the bytes was broken here.
    pub(crate) fn fail(&mut self, kind: Kind, at: u64) -> ReceiveError {
        match self.error {
            Some(error) => error,
            None => self.note(ReceiveError::new(kind, at)),
        }
    }

    /// Every later call gives this error.
    #[cold]
    fn note(&mut self, error: ReceiveError) -> ReceiveError {
        *self.error.insert(error.for_client())
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
