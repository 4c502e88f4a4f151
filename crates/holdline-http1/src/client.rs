//! The client's end of a connection.

use crate::body::BodyEncoder;
use crate::buffer::Buffer;
use crate::decoder::{Decoder, Responses};
use crate::error::{ReceiveError, ReceiveErrorKind as Kind};
use crate::event::ResponseEvent;
use crate::framing::BodyLength;
use crate::head::ResponseHead;
use crate::limits::{Limits, Reading};
use crate::state::{Responder, State, Step};
use crate::wire::scan::Scan;

mod send;

/// How a [`ClientConnection`] behaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientConfig {
    /// What a server may send.
    pub limits: Limits,
    /// Take folded field lines, each fold replaced by spaces, instead of refusing them
    /// (RFC 9112 §5.2). Off by default.
    pub unfold: bool,
    /// Take what [`lenient`](Self::lenient) lists. Off by default.
    pub lenient: bool,
}

impl ClientConfig {
    /// For those who must talk to old servers: takes folded lines, and four things that this crate
    /// otherwise refuses, all of them in responses only:
    ///
    /// - `Content-Length` more than once with one value (RFC 9112 §6.3 allows this);
    /// - whitespace between a chunk's size and what follows on its line (RFC 9112 §7.1.1 has it as
    ///   bad whitespace before an extension);
    /// - a line feed that ends a line of a head without a carriage return (RFC 9112 §2.2 allows this),
    ///   but no folded line behind it;
    /// - the transfer coding `identity` of RFC 2616 §3.6, as if it were not there.
    ///
    /// Each of them can mean two things to two readers. So a connection on which one of the four was
    /// needed is not reused, whatever the server says.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use holdline_http1::{Buffer, ClientConfig, ClientConnection};
    ///
    /// let mut http = ClientConnection::new(ClientConfig::lenient());
    /// let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    /// http.request("GET", "/", [("Host", "a.example")], b"", &mut out)?;
    /// let mut input: &[u8] = b"HTTP/1.1 200 OK\nContent-Length: 0\n\n";
    /// while http.receive(&mut input, &mut buffer)?.is_some() {}
    /// assert!(http.should_close() && !http.is_reusable());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn lenient() -> Self {
        Self {
            unfold: true,
            lenient: true,
            ..Self::default()
        }
    }
}

/// How the body of a request is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestBody {
    /// There is none. POST, PUT and PATCH get `Content-Length: 0` (RFC 9110 §8.6). The request is
    /// finished with its head, and needs no `send_end`.
    None,
    /// So many bytes will follow.
    Known(u64),
    /// The length is not known: chunked. Only for servers that speak HTTP/1.1: refused after a
    /// response of HTTP/1.0 on the same connection (RFC 9112 §6.1). Who sends it before the first
    /// response knows the server.
    Streamed,
}

/// The client's end of one connection: one exchange after another.
///
/// Send a request, then [`receive`](Self::receive) until [`ResponseEvent::End`]. When
/// [`is_reusable`](Self::is_reusable) the next request may follow; when
/// [`should_close`](Self::should_close) close.
///
/// ```
/// use bytes::BytesMut;
/// use holdline_http1::{Buffer, ClientConfig, ClientConnection, RequestBody, ResponseEvent};
///
/// let mut http = ClientConnection::new(ClientConfig::default());
/// let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
/// http.send_request("GET", "/", [("Host", "a.example")], RequestBody::None, &mut out)?;
/// assert_eq!(&out[..], b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
///
/// let mut input: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
/// let mut body = Vec::new();
/// while let Some(event) = http.receive(&mut input, &mut buffer)? {
///     match event {
///         ResponseEvent::Data(data) => body.extend_from_slice(data),
///         ResponseEvent::End { .. } => break, // what follows belongs to no request
///         _ => {}
///     }
/// }
/// assert_eq!(body, b"hi");
/// assert!(http.is_reusable());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientConnection {
    decoder: Decoder<Responses>,
    body: BodyEncoder,
    state: State,
    informational: usize,
    awaits_continue: bool,
    response_started: bool,
    connect: bool,
    /// The last response said so.
    server_is_http10: bool,
}

impl ClientConnection {
    /// A connection before its first request.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        let reading = Reading {
            unfold: config.unfold,
            lenient: config.lenient,
            ..Reading::strict(config.limits)
        };
        Self {
            decoder: Decoder::new(Responses::new(), Scan::response(), reading),
            body: BodyEncoder::new(BodyLength::None),
            state: State::new(),
            informational: 0,
            awaits_continue: false,
            response_started: false,
            connect: false,
            server_is_http10: false,
        }
    }

    /// Takes the next event from the front of `input`. `Ok(None)`: the input is used up.
    ///
    /// `buffer` must be the same one while [`Buffer::is_empty`] is false. After the `Response`
    /// of a 101, or of a 2xx to CONNECT, [`is_switched`](Self::is_switched), and what follows in
    /// the input is left there.
    ///
    /// # Errors
    ///
    /// The rule that the server broke. Sticky: the whole input is taken, and what follows is not
    /// looked at.
    pub fn receive<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<ResponseEvent<'b>>, ReceiveError> {
        let event = self.next(input, buffer);
        if event.is_err() {
            *input = Default::default();
        }
        event
    }

    /// The server has ended its stream, and every byte of it was given to
    /// [`receive`](Self::receive). That ends a body that is framed so: then its `End` is given.
    ///
    /// # Errors
    ///
    /// The stream ended before or inside a response.
    pub fn receive_eof(&mut self) -> Result<Option<ResponseEvent<'static>>, ReceiveError> {
        if let Some(error) = self.decoder.error() {
            return Err(error);
        }
        if self.is_switched() {
            return Ok(None);
        }
        match self.decoder.decode_eof() {
            Ok(None) if self.state.responder == Responder::Owes => {
                Err(self.fail(Kind::ConnectionEnded, self.decoder.position()))
            }
            Ok(end) => {
                self.state.refuse_keep_alive();
                if end.is_some() {
                    self.end();
                }
                // After a switch nothing comes here, and an end that was told before changes nothing.
                self.state = self.state.after(Step::ResponderEof).unwrap_or(self.state);
                Ok(end)
            }
            Err(error) => Err(self.fault(error)),
        }
    }

    /// Whether the exchange is complete and the next request may be sent: keep the connection
    /// in the pool.
    ///
    /// Before the next request, give what the socket holds meanwhile to [`receive`](Self::receive),
    /// and the end of its stream to [`receive_eof`](Self::receive_eof): bytes that no request asked
    /// for ([`UnsolicitedResponse`](Kind::UnsolicitedResponse)), and an end, make this false. A
    /// server may still close at any time; see [`response_started`](Self::response_started).
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        self.state.is_idle() && self.decoder.is_between() && self.decoder.error().is_none()
    }

    /// Whether no other request can follow and nothing more comes: close.
    ///
    /// Also true when the server has finished its response, and will close, before our body was
    /// sent: stop sending.
    #[must_use]
    pub fn should_close(&self) -> bool {
        matches!(
            self.state.responder,
            Responder::MustClose | Responder::Closed | Responder::Error
        )
    }

    /// Whether the connection now speaks another protocol: after a 101, or a 2xx to CONNECT.
    #[must_use]
    pub fn is_switched(&self) -> bool {
        self.state.is_switched()
    }

    /// Whether any byte was received in answer to the current request, or the last one if none is
    /// under way.
    ///
    /// False when a kept connection fails: it had probably been closed before the server saw the
    /// request, so that the request may be sent again on another one if that does no harm
    /// (RFC 9112 §9.3.1).
    #[must_use]
    pub const fn response_started(&self) -> bool {
        self.response_started
    }

    /// Whether the request said `Expect: 100-continue`, and neither a 100 nor a final response has
    /// come nor was the body begun: hold the body back, for a time of the caller's choice
    /// (RFC 9110 §10.1.1).
    #[must_use]
    pub const fn awaits_continue(&self) -> bool {
        self.awaits_continue
    }

    fn next<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<ResponseEvent<'b>>, ReceiveError> {
        if let Some(error) = self.decoder.error() {
            return Err(error);
        }
        if self.decoder.is_between() {
            match self.state.responder {
                Responder::Owes => {}
                // RFC 9112 §9.2: "If a client receives data on a connection that doesn't have
                // outstanding requests, the client MUST NOT consider that data to be a valid
                // response; the client SHOULD close the connection".
                Responder::Idle if !input.is_empty() => {
                    return Err(self.fail(Kind::UnsolicitedResponse, self.decoder.position()));
                }
                _ => return Ok((!input.is_empty()).then_some(ResponseEvent::Paused)),
            }
        }
        self.response_started |= !input.is_empty();
        // A head begins where its first byte stands, also when it comes in pieces.
        let head_at = self.decoder.message_at();
        match self.decoder.decode(input, buffer) {
            Ok(Some(event)) => {
                match &event {
                    ResponseEvent::Informational(head) => {
                        self.informational(head.status(), head_at)?;
                    }
                    ResponseEvent::Response { head, body } => self.begin(head, *body, head_at)?,
                    ResponseEvent::End { .. } => self.end(),
                    _ => {}
                }
                Ok(Some(event))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(self.fault(error)),
        }
    }

    fn informational(&mut self, status: u16, head_at: u64) -> Result<(), ReceiveError> {
        self.step(Step::Informational, Kind::UnsolicitedResponse, head_at)?;
        if status == 100 {
            self.awaits_continue = false;
        }
        self.informational += 1;
        if self.informational > self.decoder.reading.limits().max_informational {
            return Err(self.fail(Kind::TooManyInformational, head_at));
        }
        Ok(())
    }

    fn begin(
        &mut self,
        head: &ResponseHead<'_>,
        body: BodyLength,
        head_at: u64,
    ) -> Result<(), ReceiveError> {
        self.awaits_continue = false;
        self.server_is_http10 = !head.version().is_at_least_11();
        let tunnel = self.connect && (200..300).contains(&head.status());
        if head.status() == 101 || tunnel {
            if !tunnel && (self.connect || !head.version().is_at_least_11()) {
                return Err(self.fail(Kind::UnexpectedSwitch, head_at));
            }
            return self.step(Step::Switch, Kind::UnexpectedSwitch, head_at);
        }
        self.step(Step::Response, Kind::UnsolicitedResponse, head_at)?;
        if !head.is_keep_alive() || body == BodyLength::UntilClose {
            self.state.refuse_keep_alive();
        }
        Ok(())
    }

    /// Takes a step of the server; `refused` is what is wrong if the tables do not have it.
    fn step(&mut self, step: Step, refused: Kind, at: u64) -> Result<(), ReceiveError> {
        match self.state.step(step) {
            true => Ok(()),
            false => Err(self.fail(refused, at)),
        }
    }

    fn end(&mut self) {
        // Also when only the chunks have shown it.
        if self.decoder.is_last() {
            self.state.refuse_keep_alive();
        }
        // A response that switches is complete with its head, so that the tables have no end for it.
        self.state = self.state.after(Step::ResponseEnd).unwrap_or(self.state);
    }

    fn fail(&mut self, kind: Kind, at: u64) -> ReceiveError {
        let error = self.decoder.fail(kind, at);
        self.fault(error)
    }

    fn fault(&mut self, error: ReceiveError) -> ReceiveError {
        self.awaits_continue = false;
        // A fault that was told before changes nothing.
        self.state = self.state.after(Step::ResponseFault).unwrap_or(self.state);
        self.state.refuse_keep_alive();
        error
    }
}

#[cfg(test)]
pub(crate) mod tests;
