//! The responses of one stream.

use alloc::vec::Vec;

use super::{Decoder, Message, Next};
use crate::buffer::{Buffer, Span};
use crate::error::{Fault, ReceiveError};
use crate::event::ResponseEvent;
use crate::framing::BodyLength;
use crate::head::judge::{self, ParsedResponse, RequestKind, Response};
use crate::header::Headers;
use crate::limits::{Limits, Reading};
use crate::wire::scan::Scan;

/// Decodes the responses of one stream, with every rule of a
/// [`ClientConnection`](crate::ClientConnection) that needs no request. So
/// [`max_informational`](Limits::max_informational) does not count here.
///
/// How long a response is depends on the request's method: tell it with
/// [`expect`](Self::expect) when it was HEAD or CONNECT. After a 101, after a 2xx to CONNECT
/// and after a response that ends the connection it gives [`ResponseEvent::Paused`] for what
/// follows.
#[derive(Clone, Debug)]
pub struct ResponseDecoder {
    decoder: Decoder<Responses>,
}

impl ResponseDecoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            decoder: Decoder::new(Responses::new(), Scan::response(), Reading::strict(limits)),
        }
    }

    /// The next final response answers a request with this method. Afterwards it is GET again.
    pub fn expect(&mut self, method: &str) {
        self.decoder.message.expect(method);
    }

    /// Whether folded field lines are taken, each fold replaced by spaces, instead of refused.
    ///
    /// RFC 9112 §5.2: "A user agent that receives an obs-fold in a response message ... MUST
    /// replace each received obs-fold with one or more SP octets prior to interpreting the field
    /// value."
    pub fn unfold(&mut self, unfold: bool) {
        self.decoder.reading.unfold = unfold;
    }

    /// Whether what [`ClientConfig::lenient`](crate::ClientConfig::lenient) lists is taken. After a
    /// response that needed it only [`ResponseEvent::Paused`] follows.
    pub fn lenient(&mut self, lenient: bool) {
        self.decoder.reading.lenient = lenient;
    }

    /// Takes the next item from the front of `input`. `Ok(None)`: the input is used up.
    ///
    /// # Errors
    ///
    /// The rule that the server broke. Sticky: the whole input is taken, and what follows is not
    /// looked at.
    pub fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<ResponseEvent<'b>>, ReceiveError> {
        self.decoder.decode(input, buffer)
    }

    /// The stream has ended. That ends a body that is framed so: then its `End` is given.
    ///
    /// # Errors
    ///
    /// It ended inside a head, or inside a body of known length or of chunks.
    pub fn decode_eof(&mut self) -> Result<Option<ResponseEvent<'static>>, ReceiveError> {
        self.decoder.decode_eof()
    }

    /// The stream offset of the next byte: how many were taken.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.decoder.position()
    }
}

/// Responses, for a [`Decoder`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Responses {
    request_kind: RequestKind,
    /// A head needed leniency, perhaps that of a 1xx. What a server means that breaks a rule is a guess, so
    /// the final response is the last one.
    was_lenient: bool,
}

impl Responses {
    pub(crate) const fn new() -> Self {
        Self {
            request_kind: RequestKind::Other,
            was_lenient: false,
        }
    }

    /// The next final response answers a request with this method.
    pub(crate) fn expect(&mut self, method: &str) {
        self.request_kind = RequestKind::of(method);
    }
}

impl Message for Responses {
    type Event<'b> = ResponseEvent<'b>;
    type Head<'b> = Response<'b>;

    fn scan() -> Scan {
        Scan::response()
    }

    #[inline(always)]
    fn read<'b>(
        &self,
        bytes: &'b [u8],
        reading: &Reading,
        spans: &mut Vec<Span>,
    ) -> Option<Result<Response<'b>, Fault>> {
        judge::response(bytes, self.request_kind, reading, spans)
    }

    fn consumed(head: &Response<'_>) -> usize {
        head.consumed
    }

    #[inline(always)]
    fn follow(&mut self, head: &Response<'_>) -> Next {
        let status = head.status;
        self.was_lenient |= head.needs_leniency;
        if is_informational(status) {
            return Next::Head;
        }
        let tunnel = self.request_kind == RequestKind::Connect && (200..300).contains(&status);
        self.request_kind = RequestKind::Other;
        Next::Body {
            length: head.body,
            is_last: !head.keep_alive
                || self.was_lenient
                || status == 101
                || tunnel
                || head.body == BodyLength::UntilClose,
        }
    }

    #[inline(always)]
    fn head<'b>(head: Response<'b>, bytes: &'b [u8], spans: &'b [Span]) -> ResponseEvent<'b> {
        let ParsedResponse { head, body, .. } = head.view(bytes, spans);
        match is_informational(head.status()) {
            true => ResponseEvent::Informational(head),
            false => ResponseEvent::Response { head, body },
        }
    }

    fn data(data: &[u8]) -> ResponseEvent<'_> {
        ResponseEvent::Data(data)
    }

    fn end(trailers: Headers<'_>) -> ResponseEvent<'_> {
        ResponseEvent::End { trailers }
    }

    fn paused<'b>() -> ResponseEvent<'b> {
        ResponseEvent::Paused
    }

    fn error(error: ReceiveError) -> ReceiveError {
        error.for_client()
    }
}

/// A 101 is final: another protocol follows.
fn is_informational(status: u16) -> bool {
    (100..200).contains(&status) && status != 101
}
