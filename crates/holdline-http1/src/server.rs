//! The server's end of a connection.

use bytes::{BufMut, Bytes, BytesMut};

use crate::block::{Fields, Writer};
use crate::body::{BodyEncoder, PreChunked};
use crate::buffer::Buffer;
use crate::decoder::RequestDecoder;
use crate::error::{ReceiveError, SendError, SendErrorKind};
use crate::event::Event;
use crate::framing::{BodyLength, CLOSE, KEEP_ALIVE, UPGRADE, Version};
use crate::head::RequestHead;
use crate::limits::Limits;
use crate::parse::Asked;
use crate::reason;
use crate::state::{Requester, Responder, State, Step};

/// How a [`ServerConnection`] behaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerConfig {
    /// What a client may send.
    pub limits: Limits,
    /// What to do with an upload that is answered before it is complete.
    pub linger: Linger,
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
    /// So many bytes will follow.
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
    decoder: RequestDecoder,
    body: BodyEncoder,
    state: State,
    linger: Linger,
    /// Bytes of body dropped after the response.
    dropped: u64,
    asked: Asked,
    /// The client understands HTTP/1.1.
    http11: bool,
    expect: Expect,
    /// Close after the next response.
    closing: bool,
    /// The response was finished by its head, so that `send_end` has nothing to do.
    ended_by_head: bool,
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
        let ServerConfig { limits, linger } = config;
        Self {
            decoder: RequestDecoder::new(limits),
            body: BodyEncoder::new(BodyLength::None),
            state: State::new(),
            linger,
            dropped: 0,
            asked: Asked::Other,
            http11: false,
            expect: Expect::None,
            closing: false,
            ended_by_head: false,
        }
    }

    /// Takes the next event from the front of `input`. `Ok(None)`: the input is used up.
    ///
    /// `buffer` must be the same one while [`Buffer::is_empty`] is false.
    ///
    /// # Errors
    ///
    /// The rule that the client broke. Sticky: nothing is taken any more.
    pub fn receive<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        if let Some(error) = self.decoder.error() {
            return Err(error);
        }
        if self.is_switched() || (self.decoder.is_at_head() && !self.state.is_idle()) {
            return Ok((!input.is_empty()).then_some(Event::Paused));
        }
        self.drop_rest(input)?;
        match self.decoder.decode(input, buffer) {
            Ok(Some(event)) => {
                match &event {
                    Event::Request { head, body } => self.begin(head, *body),
                    Event::Data(_) => self.expect = Expect::None,
                    // Without a body the request was complete with its head.
                    Event::End { .. } if self.state.requester == Requester::Body => {
                        self.expect = Expect::None;
                        let _ = self.state.step(Step::RequestEnd);
                    }
                    _ => {}
                }
                Ok(Some(event))
            }
            Ok(None) => {
                if self.expect == Expect::Asked && self.is_receiving_body() {
                    self.expect = match self.decoder.body_has_begun() {
                        true => Expect::None,
                        false => Expect::Due,
                    };
                }
                Ok(None)
            }
            Err(error) => Err(self.fault(error)),
        }
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
        if self.is_switched() {
            return Ok(None);
        }
        let finished = self.is_response_finished();
        match self.decoder.decode_eof() {
            Ok(end) => {
                self.state.refuse_keep_alive();
                let _ = self.state.step(Step::RequestEnd);
                let _ = self.state.step(Step::RequesterEof);
                Ok(end)
            }
            // Nobody waits any more for the rest of this upload.
            Err(_) if finished => {
                let _ = self.state.step(Step::RequestFault);
                Ok(None)
            }
            Err(error) => Err(self.fault(error)),
        }
    }

    /// Appends an informational response: 102 to 199, or 100 to ask for the body by hand.
    ///
    /// # Errors
    ///
    /// No request waits, the client speaks HTTP/1.0, the status is not 1xx or is 101, or a field
    /// is bad.
    pub fn send_informational(
        &mut self,
        status: u16,
        headers: impl Fields,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        if self.state.responder != Responder::Owes || self.decoder.error().is_some() {
            return Err(SendErrorKind::NoRequest.into());
        }
        if !matches!(status, 100 | 102..=199) {
            return Err(SendErrorKind::InvalidStatus.into());
        }
        if !self.http11 {
            return Err(SendErrorKind::InformationalToHttp10.into());
        }
        append(out, |out| {
            put_status_line(status, out);
            Writer::head(out).write(&headers)?;
            out.put_slice(b"\r\n");
            Ok(())
        })?;
        if status == 100 {
            self.expect = Expect::None;
        }
        Ok(())
    }

    /// Appends the head of a response. The body follows by [`send_data`](Self::send_data) and
    /// [`send_end`](Self::send_end), except for [`ResponseBody::None`].
    ///
    /// `Content-Length`, `Transfer-Encoding` and `Connection` are added as the request and the
    /// body need them. The answer to HEAD gets the same head as the answer to GET, and what is
    /// sent as its body is not written. A 2xx to CONNECT takes no body and switches.
    ///
    /// # Errors
    ///
    /// No request waits, the status is below 200 or above 999, a field is bad, or the status
    /// does not allow the body.
    pub fn send_response(
        &mut self,
        status: u16,
        headers: impl Fields,
        body: ResponseBody,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        let plan = append(out, |out| self.write_head(status, &headers, body, out))?;
        self.commit(plan);
        if body == ResponseBody::None && !plan.switch {
            self.finish();
            self.ended_by_head = true;
        }
        Ok(())
    }

    /// Appends a whole response: head with `Content-Length`, and body. 204 and 304 take an empty
    /// body and get no length; the answer to HEAD gets the length but not the body.
    ///
    /// # Errors
    ///
    /// As [`send_response`](Self::send_response).
    pub fn respond(
        &mut self,
        status: u16,
        headers: impl Fields,
        body: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        let length = match (status, body) {
            (204 | 304, []) => ResponseBody::None,
            _ if self.is_tunnel(status) && body.is_empty() => ResponseBody::None,
            (304, _) => return Err(SendErrorKind::BodyNotAllowed.into()),
            _ => ResponseBody::Known(body.len() as u64),
        };
        let plan = append(out, |out| {
            let mut plan = self.write_head(status, &headers, length, out)?;
            plan.body.encode_data(body, out)?;
            Ok(plan)
        })?;
        self.commit(plan);
        if !plan.switch {
            self.finish();
        }
        Ok(())
    }

    /// Appends data of the response's body: one chunk, or bare bytes. Empty data appends nothing.
    ///
    /// # Errors
    ///
    /// No body is open, or it is longer than announced.
    pub fn send_data(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), SendError> {
        self.open_body()?.encode_data(data, out)
    }

    /// The bytes to write for data that was framed once for many connections: the same bytes,
    /// shared, chunked or bare as this response needs it.
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data).
    pub fn send_prechunked(&mut self, data: &PreChunked) -> Result<Bytes, SendError> {
        self.open_body()?.encode_prechunked(data)
    }

    /// Appends what ends the response's body.
    ///
    /// # Errors
    ///
    /// No body is open, or it is shorter than announced.
    pub fn send_end(&mut self, out: &mut BytesMut) -> Result<(), SendError> {
        self.send_end_with_trailers((), out)
    }

    /// Appends what ends the response's body, with a trailer section.
    ///
    /// # Errors
    ///
    /// As [`send_end`](Self::send_end); the body is not chunked; a field is bad or not allowed in
    /// trailers (RFC 9110 §6.5.1).
    pub fn send_end_with_trailers(
        &mut self,
        trailers: impl Fields,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        if self.ended_by_head {
            self.ended_by_head = false;
            return Ok(());
        }
        self.open_body()?.encode_end(trailers, out)?;
        self.finish();
        Ok(())
    }

    /// Appends a chunk and the end of the body in one go.
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data) and [`send_end`](Self::send_end); then neither is
    /// appended.
    pub fn send_last_data(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), SendError> {
        let mut body = *self.open_body()?;
        append(out, |out| {
            body.encode_data(data, out)?;
            body.encode_end((), out)
        })?;
        self.finish();
        Ok(())
    }

    /// Appends `101 Switching Protocols`. The caller gives `Upgrade` and what the new protocol
    /// needs; `Connection: Upgrade` is added. Afterwards [`is_switched`](Self::is_switched), and
    /// bytes that the client has sent after its request are still in the caller's input.
    ///
    /// # Errors
    ///
    /// The request offers no upgrade or its body is not received to the end; no `Upgrade` was
    /// given; a field is bad.
    pub fn send_switching_protocols(
        &mut self,
        headers: impl Fields,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        if self.state.responder != Responder::Owes {
            return Err(SendErrorKind::NoRequest.into());
        }
        if !self.can_switch() || self.asked == Asked::Connect {
            return Err(SendErrorKind::NotUpgradable.into());
        }
        append(out, |out| {
            put_status_line(101, out);
            let mut writer = Writer::head(out);
            writer.write(&headers)?;
            let seen = writer.seen;
            // RFC 9110 §7.8: "A server that sends a 101 (Switching Protocols) response MUST send
            // an Upgrade header field".
            if !seen.upgrade {
                return Err(SendErrorKind::MissingUpgrade.into());
            }
            if seen.connection & UPGRADE == 0 {
                out.put_slice(b"Connection: Upgrade\r\n");
            }
            out.put_slice(b"\r\n");
            Ok(())
        })?;
        let _ = self.state.step(Step::Switch);
        Ok(())
    }

    /// Appends what is due by itself: `100 Continue`, when the request expects it, the caller has
    /// received on after the head, and neither the body nor a final response has begun. True:
    /// something was appended.
    pub fn poll_transmit(&mut self, out: &mut BytesMut) -> bool {
        let due = self.expect == Expect::Due
            && self.state.responder == Responder::Owes
            && self.decoder.error().is_none();
        if due {
            self.expect = Expect::None;
            put_status_line(100, out);
            out.put_slice(b"\r\n");
        }
        due
    }

    /// Lets no request follow: the current response, or the next one if none has started, says
    /// `Connection: close`. An idle connection may simply be closed.
    pub fn close_after_response(&mut self) {
        self.closing = true;
        if !self.state.is_idle() {
            self.state.refuse_keep_alive();
        }
    }

    /// Whether nothing more will be received or sent: flush and close. While
    /// [`is_receiving_body`](Self::is_receiving_body), linger: shut down only the sending side
    /// and receive on for a while, or the client may lose the response (RFC 9112 §9.6).
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

    /// Whether the connection is between exchanges, and no byte of a next head was received.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state.is_idle() && self.decoder.is_between() && self.decoder.error().is_none()
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

    fn begin(&mut self, head: &RequestHead<'_>, body: BodyLength) {
        self.asked = Asked::of(head.method());
        self.http11 = head.version() == Version::Http11;
        self.ended_by_head = false;
        self.dropped = 0;
        self.expect = match body {
            BodyLength::None => Expect::None,
            _ if head.expects_continue() => Expect::Asked,
            _ => Expect::None,
        };
        let _ = self.state.step(Step::Request);
        if head.line.upgrade || self.asked == Asked::Connect {
            self.state.allow_switch();
        }
        if body == BodyLength::None {
            let _ = self.state.step(Step::RequestEnd);
        }
        if self.closing || !head.is_keep_alive() {
            self.state.refuse_keep_alive();
        }
    }

    fn fault(&mut self, error: ReceiveError) -> ReceiveError {
        self.expect = Expect::None;
        let _ = self.state.step(Step::RequestFault);
        self.state.refuse_keep_alive();
        error
    }

    /// Drops what still comes of a body after the response.
    fn drop_rest(&mut self, input: &mut &[u8]) -> Result<(), ReceiveError> {
        if !self.is_receiving_body() || !self.is_response_finished() {
            return Ok(());
        }
        let length = match self.decoder.discard(input) {
            Ok(length) => length,
            Err(error) => return Err(self.fault(error)),
        };
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

    /// Whether the request is complete and asks to go on in another protocol.
    fn can_switch(&self) -> bool {
        self.state.may_switch()
            && matches!(self.state.requester, Requester::Done | Requester::MustClose)
    }

    fn is_tunnel(&self, status: u16) -> bool {
        self.asked == Asked::Connect && (200..300).contains(&status)
    }

    fn open_body(&mut self) -> Result<&mut BodyEncoder, SendError> {
        match self.state.responder {
            Responder::Body => Ok(&mut self.body),
            _ => Err(SendErrorKind::NoBody.into()),
        }
    }

    /// Writes a final head. Changes nothing but `out`.
    fn write_head(
        &self,
        status: u16,
        headers: &impl Fields,
        body: ResponseBody,
        out: &mut BytesMut,
    ) -> Result<Plan, SendError> {
        if self.state.responder != Responder::Owes {
            return Err(SendErrorKind::NoRequest.into());
        }
        if !(200..=999).contains(&status) {
            return Err(SendErrorKind::InvalidStatus.into());
        }
        put_status_line(status, out);
        let mut writer = Writer::head(out);
        writer.write(headers)?;
        let given = writer.seen.connection;
        if self.is_tunnel(status) {
            return self.write_tunnel(body, out);
        }
        let mut plan = Plan {
            body: self.write_framing(status, body, out)?,
            close: given & CLOSE != 0 || !self.state.keeps_alive() || self.closes_early(),
            switch: false,
        };
        plan.close |=
            plan.body.is_until_close() || (body == ResponseBody::Streamed && !self.http11);
        if plan.close && given & CLOSE == 0 {
            out.put_slice(b"Connection: close\r\n");
        } else if !plan.close && !self.http11 && given & KEEP_ALIVE == 0 {
            // RFC 9112 §9.3: 1.0 clients need to be told.
            out.put_slice(b"Connection: keep-alive\r\n");
        }
        out.put_slice(b"\r\n");
        Ok(plan)
    }

    /// RFC 9110 §9.3.6: "A server MUST NOT send any Transfer-Encoding or Content-Length header
    /// fields in a 2xx (Successful) response to CONNECT."
    fn write_tunnel(&self, body: ResponseBody, out: &mut BytesMut) -> Result<Plan, SendError> {
        if body != ResponseBody::None {
            return Err(SendErrorKind::BodyNotAllowed.into());
        }
        if !self.can_switch() {
            return Err(SendErrorKind::NotUpgradable.into());
        }
        out.put_slice(b"\r\n");
        Ok(Plan {
            body: BodyEncoder::new(BodyLength::None),
            close: false,
            switch: true,
        })
    }

    fn write_framing(
        &self,
        status: u16,
        body: ResponseBody,
        out: &mut BytesMut,
    ) -> Result<BodyEncoder, SendError> {
        let head = self.asked == Asked::Head;
        let encoder = match (status, body) {
            // RFC 9110 §8.6: "A server MUST NOT send a Content-Length header field in any
            // response with a status code of 1xx (Informational) or 204 (No Content)."
            (204, ResponseBody::None | ResponseBody::Known(0)) | (304, ResponseBody::None) => {
                BodyEncoder::new(BodyLength::None)
            }
            // A 304 may tell the length that a 200 would have.
            (304, ResponseBody::Known(length)) => {
                put_content_length(length, out);
                BodyEncoder::new(BodyLength::None)
            }
            // RFC 9110 §15.3.6: "a server MUST NOT generate content in a 205 response".
            (204 | 304, _) | (205, ResponseBody::Known(1..) | ResponseBody::Streamed) => {
                return Err(SendErrorKind::BodyNotAllowed.into());
            }
            (_, ResponseBody::None) if head => BodyEncoder::discard(),
            (_, ResponseBody::None) => {
                put_content_length(0, out);
                BodyEncoder::new(BodyLength::None)
            }
            (_, ResponseBody::Known(length)) => {
                put_content_length(length, out);
                BodyEncoder::new(BodyLength::Known(length))
            }
            (_, ResponseBody::Streamed) if self.http11 => {
                out.put_slice(b"Transfer-Encoding: chunked\r\n");
                BodyEncoder::new(BodyLength::Chunked)
            }
            (_, ResponseBody::Streamed) => BodyEncoder::new(BodyLength::UntilClose),
        };
        Ok(if head {
            BodyEncoder::discard()
        } else {
            encoder
        })
    }

    /// Whether a response that starts now ends the connection because the upload is unfinished.
    fn closes_early(&self) -> bool {
        self.is_receiving_body() && self.linger == Linger::Close
    }

    /// A final head was written.
    fn commit(&mut self, plan: Plan) {
        self.expect = Expect::None;
        self.body = plan.body;
        if plan.switch {
            let _ = self.state.step(Step::Switch);
            return;
        }
        if plan.close {
            self.state.refuse_keep_alive();
        }
        let _ = self.state.step(Step::Response);
    }

    fn finish(&mut self) {
        let _ = self.state.step(Step::ResponseEnd);
    }
}

/// What follows from a head that was written.
#[derive(Clone, Copy, Debug)]
struct Plan {
    body: BodyEncoder,
    close: bool,
    switch: bool,
}

/// Runs `write`, and takes back what it appended when it fails.
pub(crate) fn append<T>(
    out: &mut BytesMut,
    write: impl FnOnce(&mut BytesMut) -> Result<T, SendError>,
) -> Result<T, SendError> {
    let length = out.len();
    let result = write(out);
    if result.is_err() {
        out.truncate(length);
    }
    result
}

pub(crate) fn put_content_length(length: u64, out: &mut BytesMut) {
    out.put_slice(b"Content-Length: ");
    out.put_slice(itoa::Buffer::new().format(length).as_bytes());
    out.put_slice(b"\r\n");
}

/// RFC 9112 §2.3: the version is the sender's own, also to a client that speaks 1.0.
fn put_status_line(status: u16, out: &mut BytesMut) {
    out.put_slice(b"HTTP/1.1 ");
    out.put_slice(itoa::Buffer::new().format(status).as_bytes());
    out.put_u8(b' ');
    out.put_slice(reason::phrase(status).as_bytes());
    out.put_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
