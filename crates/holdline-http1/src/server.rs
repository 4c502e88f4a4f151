//! The server's end of a connection.

use crate::body::BodyEncoder;
use crate::buffer::Buffer;
use crate::decoder::{Decoder, Requests};
use crate::error::ReceiveError;
use crate::event::Event;
use crate::framing::BodyLength;
use crate::head::RequestHead;
use crate::head::judge::RequestKind;
use crate::limits::{Limits, Reading};
use crate::state::{Requester, Responder, State, Step};
use crate::wire::scan::Scan;

mod prepared;
mod send;

pub use prepared::PreparedResponse;
pub(crate) use send::{append, put_content_length};

/// How a [`ServerConnection`] behaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerConfig {
    /// What a client may send.
    pub limits: Limits,
    /// What to do with an upload that is answered before it is complete.
    pub linger: Linger,
    /// Refuse a request whose `Host` differs from the authority in its target
    /// ([`HostMismatch`](crate::ReceiveErrorKind::HostMismatch)). Off by default: then the target
    /// counts, as RFC 9112 §3.2.2 says.
    pub refuse_host_mismatch: bool,
}

/// What becomes of a connection when a response starts before the request's body was received.
///
/// Either way `Data` comes as before until the response is finished; what then still comes of
/// the body is taken and dropped, and `End` is given when it is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Linger {
    /// The response says `Connection: close`. When it is finished
    /// [`should_close`](ServerConnection::should_close) is true: flush, shut down the sending
    /// side, and receive on for a while so that the client can read the response
    /// (RFC 9112 §9.6), as long as [`is_receiving_body`](ServerConnection::is_receiving_body).
    #[default]
    Close,
    /// The connection is kept, and the next request is served after the rest of the body, when
    /// that is at most so many bytes on the wire. When it is more, the connection closes as with
    /// [`Close`](Self::Close).
    Drain(u64),
}

/// How the body of a response is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseBody {
    /// There is none: for 204, 304, and HEAD without a length; other responses get
    /// `Content-Length: 0`. The response is finished with its head, and needs no `send_end`.
    None,
    /// So many bytes will follow. To HEAD, and with 304, it is the length that the answer to GET would have: what is
    /// sent to HEAD is left out, and with 304 nothing may be sent.
    Known(u64),
    /// The length is not known: chunked to HTTP/1.1, ended by closing to HTTP/1.0.
    Streamed,
}

/// The server's end of one connection.
///
/// [`receive`](Self::receive) turns bytes into events, and the `send_` functions append
/// responses to a caller's buffer. It keeps no buffer itself, and is small enough to be kept
/// for every idle connection.
///
/// Receive until `Ok(None)` or [`Event::Paused`], then answer, then
/// [`poll_transmit`](Self::poll_transmit), write, and close if
/// [`should_close`](Self::should_close).
///
/// - **Keep-alive.** To keep the connection, receive [`Event::End`] before the response starts.
///   A response that starts earlier closes it, unless [`Linger::Drain`] is chosen.
/// - **Pipelining.** The next request is not parsed before the response to the current one is
///   finished. So a good request is answered also when bad bytes follow it.
/// - **Errors.** After a [`ReceiveError`] answer with its `status()` when
///   [`can_respond`](Self::can_respond), and close.
/// - **Expect.** [`poll_transmit`](Self::poll_transmit) writes the 100 when the caller has asked
///   for the body by calling `receive` after the head. Other expectations are left to the
///   caller (RFC 9110 §10.1.1 makes 417 optional).
#[derive(Clone, Debug)]
pub struct ServerConnection {
    decoder: Decoder<Requests>,
    body: BodyEncoder,
    state: State,
    linger: Linger,
    /// Bytes of body dropped after the response.
    dropped: u64,
    request_kind: RequestKind,
    /// The client understands HTTP/1.1.
    http11: bool,
    expect: Expect,
    /// Close after the next response.
    closing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    None,
    /// The head asked for a 100.
    Asked,
    /// And the caller asked for the body.
    Due,
}

impl ServerConnection {
    /// A connection before its first byte.
    #[must_use]
    pub const fn new(config: ServerConfig) -> Self {
        let ServerConfig {
            limits,
            linger,
            refuse_host_mismatch,
        } = config;
        let reading = Reading {
            same_host: refuse_host_mismatch,
            ..Reading::strict(limits)
        };
        Self {
            decoder: Decoder::new(Requests, Scan::request(), reading),
            body: BodyEncoder::new(BodyLength::None),
            state: State::new(),
            linger,
            dropped: 0,
            request_kind: RequestKind::Other,
            http11: false,
            expect: Expect::None,
            closing: false,
        }
    }

    /// Takes the next event from the front of `input`. `Ok(None)`: the input is used up.
    ///
    /// `buffer` must be the same one while [`Buffer::is_empty`] is false.
    ///
    /// # Errors
    ///
    /// The rule that the client broke. Sticky: the whole input is taken, and what follows is not
    /// looked at.
    pub fn receive<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        let event = self.next(input, buffer);
        match &event {
            Ok(Some(Event::Request { head, body })) => {
                self.begin(head, *body);
            }
            Ok(Some(Event::Data(_))) => self.expect = Expect::None,
            Ok(Some(Event::End { .. })) => {
                // Without a body the request was complete with its head, and this end is no step.
                if self.state.step(Step::RequestEnd) {
                    self.expect = Expect::None;
                }
            }
            Ok(None) if self.expect == Expect::Asked && self.is_receiving_body() => {
                self.expect = match self.decoder.body_has_begun() {
                    true => Expect::None,
                    false => Expect::Due,
                };
            }
            Ok(_) => {}
            Err(_) => self.end_requests(),
        }
        event
    }

    /// Sets [`Limits::max_body`] from now on. After a head it is the limit of the body that follows, so that
    /// each resource can have its own: judge an announced length by the head, and let this judge chunks.
    pub fn set_max_body(&mut self, max: u64) {
        self.decoder.reading.bounds.max_body = max;
    }

    /// The client has ended its stream, and every byte of it was given to
    /// [`receive`](Self::receive). A response that is due can still be sent; the connection
    /// closes after it. An `End` that was due is given.
    ///
    /// # Errors
    ///
    /// The stream ended inside a head or body that is still wanted.
    pub fn receive_eof(&mut self) -> Result<Option<Event<'static>>, ReceiveError> {
        if let Some(error) = self.decoder.error() {
            return Err(error);
        }
        if self.is_switched() || self.state.requester == Requester::Error {
            return Ok(None);
        }
        let finished = self.is_response_finished();
        match self.decoder.decode_eof() {
            Ok(end) => {
                self.state.refuse_keep_alive();
                // A body that was complete without its `End` is so now. Both are no steps, and
                // change nothing, if they were taken before.
                self.state = self.state.after(Step::RequestEnd).unwrap_or(self.state);
                self.state = self.state.after(Step::RequesterEof).unwrap_or(self.state);
                Ok(end)
            }
            // Nobody waits any more for the rest of this upload.
            Err(_) if finished => {
                self.end_requests();
                Ok(None)
            }
            Err(error) => Err(self.fault(error)),
        }
    }

    /// Lets no request follow: the current response, or the next one if none has started, says
    /// `Connection: close`. An idle connection may simply be closed.
    pub fn close_after_response(&mut self) {
        self.closing = true;
        if !self.state.is_idle() {
            self.state.refuse_keep_alive();
        }
    }

    /// Gives up waiting for the rest of a request, because its time is over. The answer, as a
    /// rule 408 (RFC 9110 §15.5.9), can be sent unless one has started, and closes the
    /// connection. What still comes is not parsed.
    pub fn abandon_request(&mut self) {
        if matches!(self.state.requester, Requester::Idle | Requester::Body) {
            self.end_requests();
        }
    }

    /// Whether nothing more will be received or sent: flush and close. While
    /// [`is_receiving_body`](Self::is_receiving_body), and after a receive error, linger: shut
    /// down only the sending side and read on for a while, or the client may lose the response
    /// (RFC 9112 §9.6).
    #[must_use]
    pub fn should_close(&self) -> bool {
        match self.state.responder {
            Responder::MustClose | Responder::Closed | Responder::Error => true,
            Responder::Owes => false,
            _ => self.state.requester == Requester::Error,
        }
    }

    /// Whether the connection now speaks another protocol. Drop this and hand the rest of the
    /// input to that.
    #[must_use]
    pub fn is_switched(&self) -> bool {
        self.state.is_switched()
    }

    /// Whether the connection is between exchanges, and no byte of a next head was received. It
    /// may still owe the caller the `End` of a request without body that was answered before.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state.is_idle()
            && (self.decoder.is_between() || self.decoder.is_end_due())
            && self.decoder.error().is_none()
    }

    /// Whether the current request's body is not received to its end.
    #[must_use]
    pub fn is_receiving_body(&self) -> bool {
        self.state.requester == Requester::Body
    }

    /// Whether a request, or a receive error, waits for a response that has not started.
    #[must_use]
    pub fn can_respond(&self) -> bool {
        self.state.responder == Responder::Owes
    }

    /// What [`receive`](Self::receive) gives, before it is known to the state.
    fn next<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        // The tables have a place for the next request only when both sides are idle.
        let not_now = self.decoder.is_at_head() && !self.state.is_idle();
        if (not_now || self.is_switched() || self.state.requester == Requester::Error)
            && self.decoder.error().is_none()
        {
            return Ok((!input.is_empty()).then_some(Event::Paused));
        }
        self.drop_rest(input)?;
        self.decoder.decode(input, buffer)
    }

    fn begin(&mut self, head: &RequestHead<'_>, body: BodyLength) {
        // Heads are only looked at in the state from which the tables have this step.
        if !self.state.step(Step::Request) {
            return;
        }
        self.request_kind = RequestKind::of(head.method());
        self.http11 = head.version().is_at_least_11();
        self.dropped = 0;
        self.expect = Expect::None;
        if body != BodyLength::None {
            if head.expects_continue() {
                self.expect = Expect::Asked;
            }
        } else if !self.state.step(Step::RequestEnd) {
            // The tables have this step after the one above.
            return;
        }
        if head.line.upgrade || self.request_kind == RequestKind::Connect {
            self.state.allow_switch();
        }
        if self.closing || !head.is_keep_alive() {
            self.state.refuse_keep_alive();
        }
    }

    fn fault(&mut self, error: ReceiveError) -> ReceiveError {
        self.end_requests();
        error
    }

    fn end_requests(&mut self) {
        self.expect = Expect::None;
        if self.state.requester == Requester::Idle {
            // Nothing is known of the request: the answer must not depend on the one before.
            self.request_kind = RequestKind::Other;
            self.http11 = false;
        }
        // A fault that was told before changes nothing.
        self.state = self.state.after(Step::RequestFault).unwrap_or(self.state);
        self.state.refuse_keep_alive();
    }

    /// Drops what still comes of a body after the response.
    fn drop_rest(&mut self, input: &mut &[u8]) -> Result<(), ReceiveError> {
        if !self.is_receiving_body() || !self.is_response_finished() {
            return Ok(());
        }
        let length = self.decoder.discard(input)?;
        self.dropped = self.dropped.saturating_add(length);
        match self.linger {
            Linger::Drain(most) if self.dropped <= most => {}
            _ => self.state.refuse_keep_alive(),
        }
        Ok(())
    }

    fn is_response_finished(&self) -> bool {
        matches!(self.state.responder, Responder::Done | Responder::MustClose)
    }
}

#[cfg(test)]
pub(crate) mod tests;
