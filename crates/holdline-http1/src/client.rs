//! The client's end of a connection.

use bytes::{BufMut, BytesMut};

use crate::block::{Fields, Writer};
use crate::body::BodyEncoder;
use crate::buffer::Buffer;
use crate::class;
use crate::decoder::ResponseDecoder;
use crate::error::{ReceiveError, ReceiveErrorKind as Kind, SendError, SendErrorKind};
use crate::event::ResponseEvent;
use crate::framing::{BodyLength, CLOSE, UPGRADE, Version};
use crate::head::ResponseHead;
use crate::limits::Limits;
use crate::server::{append, put_content_length};
use crate::state::{Requester, Responder, State, Step};
use crate::target;

/// How a [`ClientConnection`] behaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientConfig {
    /// What a server may send.
    pub limits: Limits,
    /// Take folded field lines, each fold replaced by spaces, instead of refusing them
    /// (RFC 9112 §5.2). Off by default.
    pub unfold: bool,
}

/// How the body of a request is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestBody {
    /// There is none. POST, PUT and PATCH get `Content-Length: 0` (RFC 9110 §8.6). The request is
    /// finished with its head, and needs no `send_end`.
    None,
    /// So many bytes will follow.
    Known(u64),
    /// The length is not known: chunked. Only for servers that speak HTTP/1.1.
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
///     if let ResponseEvent::Data(data) = event {
///         body.extend_from_slice(data);
///     }
/// }
/// assert_eq!(body, b"hi");
/// assert!(http.is_reusable());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientConnection {
    decoder: ResponseDecoder,
    body: BodyEncoder,
    state: State,
    informational: usize,
    awaits_continue: bool,
    connect: bool,
    /// The request was finished by its head, so that `send_end` has nothing to do.
    ended_by_head: bool,
}

impl ClientConnection {
    /// A connection before its first request.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        let mut decoder = ResponseDecoder::new(config.limits);
        decoder.unfold(config.unfold);
        Self {
            decoder,
            body: BodyEncoder::new(BodyLength::None),
            state: State::new(),
            informational: 0,
            awaits_continue: false,
            connect: false,
            ended_by_head: false,
        }
    }

    /// Appends the head of a request. The body follows by [`send_data`](Self::send_data) and
    /// [`send_end`](Self::send_end), except for [`RequestBody::None`].
    ///
    /// `headers` must hold exactly one `Host`. `Content-Length` and `Transfer-Encoding` are
    /// added, and `Connection: Upgrade` when there is an `Upgrade`.
    ///
    /// # Errors
    ///
    /// The connection is not ready for a request; the method, target, Host or a field is bad;
    /// the method does not allow the body.
    pub fn send_request(
        &mut self,
        method: &str,
        target: &str,
        headers: impl Fields,
        body: RequestBody,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        let plan = append(out, |out| {
            self.write_head(method, target, &headers, body, out)
        })?;
        self.commit(method, plan);
        if body == RequestBody::None {
            let _ = self.state.step(Step::RequestEnd);
            self.ended_by_head = true;
        }
        Ok(())
    }

    /// Appends a whole request: head with `Content-Length`, and body.
    ///
    /// # Errors
    ///
    /// As [`send_request`](Self::send_request).
    pub fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: impl Fields,
        body: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        let length = match body {
            [] => RequestBody::None,
            _ => RequestBody::Known(body.len() as u64),
        };
        let plan = append(out, |out| {
            let mut plan = self.write_head(method, target, &headers, length, out)?;
            plan.body.encode_data(body, out)?;
            Ok(plan)
        })?;
        self.commit(method, plan);
        let _ = self.state.step(Step::RequestEnd);
        Ok(())
    }

    /// Appends data of the request's body: one chunk, or bare bytes. Empty data appends nothing.
    ///
    /// # Errors
    ///
    /// No body is open, or it is longer than announced.
    pub fn send_data(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), SendError> {
        self.open_body()?.encode_data(data, out)?;
        self.awaits_continue = false;
        Ok(())
    }

    /// Appends what ends the request's body.
    ///
    /// # Errors
    ///
    /// No body is open, or it is shorter than announced.
    pub fn send_end(&mut self, out: &mut BytesMut) -> Result<(), SendError> {
        self.send_end_with_trailers((), out)
    }

    /// Appends what ends the request's body, with a trailer section.
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
        self.awaits_continue = false;
        let _ = self.state.step(Step::RequestEnd);
        Ok(())
    }

    /// Takes the next event from the front of `input`. `Ok(None)`: the input is used up.
    ///
    /// `buffer` must be the same one while [`Buffer::is_empty`] is false. After the `Response`
    /// of a 101, or of a 2xx to CONNECT, [`is_switched`](Self::is_switched), and what follows in
    /// the input is left there.
    ///
    /// # Errors
    ///
    /// The rule that the server broke. Sticky: nothing is taken any more.
    pub fn receive<'b, 'i: 'b>(
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
        // A head begins where its first byte stands, also when it comes in pieces.
        let head_at = self.decoder.message_at();
        match self.decoder.decode(input, buffer) {
            Ok(Some(event)) => {
                let checked = match &event {
                    ResponseEvent::Informational(_) => self.informational(head_at),
                    ResponseEvent::Response { head, body } => self.begin(head, *body, head_at),
                    ResponseEvent::End { .. } => {
                        self.end();
                        Ok(())
                    }
                    _ => Ok(()),
                };
                checked.map(|()| Some(event))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(self.fault(error)),
        }
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
                let _ = self.state.step(Step::ResponderEof);
                Ok(end)
            }
            Err(error) => Err(self.fault(error)),
        }
    }

    /// Whether the exchange is complete and the next request may be sent: keep the connection
    /// in the pool.
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

    /// Whether the request said `Expect: 100-continue` and neither an answer has come nor a body
    /// was begun: hold the body back, for a time of the caller's choice (RFC 9110 §10.1.1).
    #[must_use]
    pub const fn awaits_continue(&self) -> bool {
        self.awaits_continue
    }

    fn informational(&mut self, head_at: u64) -> Result<(), ReceiveError> {
        self.awaits_continue = false;
        self.informational += 1;
        if self.informational > self.decoder.limits().max_informational {
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
        let tunnel = self.connect && (200..300).contains(&head.status());
        if head.status() == 101 || tunnel {
            let allowed = tunnel || (!self.connect && head.version() == Version::Http11);
            if !allowed || !self.state.step(Step::Switch) {
                return Err(self.fail(Kind::UnexpectedSwitch, head_at));
            }
            return Ok(());
        }
        let _ = self.state.step(Step::Response);
        if !head.is_keep_alive() || body == BodyLength::UntilClose {
            self.state.refuse_keep_alive();
        }
        Ok(())
    }

    fn end(&mut self) {
        let _ = self.state.step(Step::ResponseEnd);
    }

    fn fail(&mut self, kind: Kind, at: u64) -> ReceiveError {
        let error = self.decoder.fail(kind, at);
        self.fault(error)
    }

    fn fault(&mut self, error: ReceiveError) -> ReceiveError {
        let _ = self.state.step(Step::ResponseFault);
        self.state.refuse_keep_alive();
        error
    }

    fn open_body(&mut self) -> Result<&mut BodyEncoder, SendError> {
        match self.state.requester {
            Requester::Body => Ok(&mut self.body),
            _ => Err(SendErrorKind::NoBody.into()),
        }
    }

    /// Writes a head. Changes nothing but `out`.
    fn write_head(
        &self,
        method: &str,
        target: &str,
        headers: &impl Fields,
        body: RequestBody,
        out: &mut BytesMut,
    ) -> Result<Plan, SendError> {
        if !self.is_reusable() {
            return Err(SendErrorKind::NotReady.into());
        }
        if !class::is_token_text(method.as_bytes()) {
            return Err(SendErrorKind::InvalidMethod.into());
        }
        let bytes_ok = !target.is_empty() && target.bytes().all(class::is_target);
        if !bytes_ok || target::parse(method, target).is_err() {
            return Err(SendErrorKind::InvalidTarget.into());
        }
        for word in [method, " ", target, " HTTP/1.1\r\n"] {
            out.put_slice(word.as_bytes());
        }
        let mut writer = Writer::head(out);
        writer.write(headers)?;
        let seen = writer.seen;
        if seen.hosts != 1 || seen.bad_host {
            return Err(SendErrorKind::InvalidHost.into());
        }
        // RFC 9110 §7.8: "A sender of Upgrade MUST also send an "Upgrade" connection option".
        if seen.upgrade && seen.connection & UPGRADE == 0 {
            out.put_slice(b"Connection: Upgrade\r\n");
        }
        let body = write_framing(method, body, out)?;
        out.put_slice(b"\r\n");
        Ok(Plan {
            body,
            close: seen.connection & CLOSE != 0,
            switch: seen.upgrade || method == "CONNECT",
            awaits_continue: seen.expect_continue,
        })
    }

    fn commit(&mut self, method: &str, plan: Plan) {
        self.decoder.expect(method);
        self.body = plan.body;
        self.informational = 0;
        self.awaits_continue = plan.awaits_continue;
        self.connect = method == "CONNECT";
        self.ended_by_head = false;
        let _ = self.state.step(Step::Request);
        if plan.switch {
            self.state.allow_switch();
        }
        if plan.close {
            self.state.refuse_keep_alive();
        }
    }
}

/// What follows from a head that was written.
struct Plan {
    body: BodyEncoder,
    close: bool,
    switch: bool,
    awaits_continue: bool,
}

fn write_framing(
    method: &str,
    body: RequestBody,
    out: &mut BytesMut,
) -> Result<BodyEncoder, SendError> {
    let length = match (method, body) {
        // RFC 9110 §8.6: "A user agent SHOULD send Content-Length in a request when the method
        // defines a meaning for enclosed content and it is not sending Transfer-Encoding."
        ("POST" | "PUT" | "PATCH", RequestBody::None) => {
            put_content_length(0, out);
            BodyLength::None
        }
        (_, RequestBody::None) => BodyLength::None,
        // RFC 9110 §9.3.8: "A client MUST NOT send content in a TRACE request." A CONNECT request
        // has no content either (§9.3.6).
        ("TRACE" | "CONNECT", _) => return Err(SendErrorKind::BodyNotAllowed.into()),
        (_, RequestBody::Known(length)) => {
            put_content_length(length, out);
            BodyLength::Known(length)
        }
        (_, RequestBody::Streamed) => {
            out.put_slice(b"Transfer-Encoding: chunked\r\n");
            BodyLength::Chunked
        }
    };
    Ok(BodyEncoder::new(length))
}

#[cfg(test)]
mod tests;
