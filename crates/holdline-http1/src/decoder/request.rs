//! The requests of one stream.

use alloc::vec::Vec;

use super::{Decoder, Message, Next};
use crate::buffer::{Buffer, Span};
use crate::error::{Fault, ReceiveError};
use crate::event::Event;
use crate::head::judge::{self, ParsedRequest, Request};
use crate::header::Headers;
use crate::limits::{Limits, Reading};
use crate::wire::scan::Scan;

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
///     match event {
///         Event::Data(data) => body.extend_from_slice(data),
///         Event::Paused => break,
///         _ => {}
///     }
/// }
/// assert_eq!(body, b"hi");
/// # Ok::<(), holdline_http1::ReceiveError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RequestDecoder {
    decoder: Decoder<Requests>,
}

impl RequestDecoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            decoder: Decoder::new(Requests, Scan::request(), Reading::strict(limits)),
        }
    }

    /// Whether a request whose `Host` differs from the authority in its target is refused. Off at
    /// first: then the target counts (RFC 9112 §3.2.2).
    pub const fn refuse_host_mismatch(&mut self, refuse: bool) {
        self.decoder.reading.same_host = refuse;
    }

    /// Takes the next item from the front of `input`. `Ok(None)`: the input is used up.
    ///
    /// # Errors
    ///
    /// The rule that the client broke. Sticky: the whole input is taken, and what follows is not
    /// looked at.
    #[inline]
    pub fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        self.decoder.decode(input, buffer)
    }

    /// The stream has ended. An `End` that was due is given.
    ///
    /// # Errors
    ///
    /// It ended inside a head or body.
    pub fn decode_eof(&mut self) -> Result<Option<Event<'static>>, ReceiveError> {
        self.decoder.decode_eof()
    }

    /// The stream offset of the next byte: how many were taken.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.decoder.position()
    }
}

/// Requests, for a [`Decoder`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requests;

impl Message for Requests {
    type Event<'b> = Event<'b>;
    type Head<'b> = Request<'b>;

    fn scan() -> Scan {
        Scan::request()
    }

    #[inline(always)]
    fn read<'b>(
        &self,
        bytes: &'b [u8],
        reading: &Reading,
        spans: &mut Vec<Span>,
    ) -> Option<Result<Request<'b>, Fault>> {
        judge::request(bytes, reading, spans)
    }

    fn consumed(head: &Request<'_>) -> usize {
        head.consumed
    }

    #[inline(always)]
    fn follow(&mut self, head: &Request<'_>) -> Next {
        Next::Body {
            length: head.body,
            is_last: !head.line.keep_alive,
        }
    }

    #[inline(always)]
    fn head<'b>(head: Request<'b>, bytes: &'b [u8], spans: &'b [Span]) -> Event<'b> {
        let ParsedRequest { head, body, .. } = head.view(bytes, spans);
        Event::Request { head, body }
    }

    fn data(data: &[u8]) -> Event<'_> {
        Event::Data(data)
    }

    fn end(trailers: Headers<'_>) -> Event<'_> {
        Event::End { trailers }
    }

    fn paused<'b>() -> Event<'b> {
        Event::Paused
    }

    fn error(error: ReceiveError) -> ReceiveError {
        error.for_server()
    }
}
