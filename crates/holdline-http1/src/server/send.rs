//! What a server sends.

mod shared;

use bytes::BytesMut;

use super::{Expect, Linger, ResponseBody, ServerConnection};
use crate::block::{Fields, Seen, Writer};
use crate::body::BodyEncoder;
use crate::error::{SendError, SendErrorKind};
use crate::framing::BodyLength;
use crate::head::judge::RequestKind;
use crate::reason;
use crate::state::{Responder, State, Step};
use crate::wire::field::{self, CLOSE, KEEP_ALIVE};

impl ServerConnection {
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
        let after = self.state.after(Step::Informational);
        let after = after.ok_or(SendErrorKind::NoRequest)?;
        if !matches!(status, 100 | 102..=199) {
            return Err(SendErrorKind::InvalidStatus.into());
        }
        if !self.http11 {
            return Err(SendErrorKind::InformationalToHttp10.into());
        }
        append(out, |out| {
            put_status_line(status, out);
            Writer::head(out).write(&headers)?;
            out.extend_from_slice(b"\r\n");
            Ok(())
        })?;
        self.state = after;
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
        append(out, |out| {
            let seen = write_fields(status, &headers, out)?;
            let (mut after, mut encoder) = self.finish_head(status, seen, body, out)?;
            if body == ResponseBody::None && !after.is_switched() {
                after = after
                    .after(Step::ResponseEnd)
                    .ok_or(SendErrorKind::NoBody)?;
                encoder = BodyEncoder::nothing();
            }
            self.commit(after, encoder);
            Ok(())
        })
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
        append(out, |out| {
            let seen = write_fields(status, &headers, out)?;
            self.finish_response(status, seen, body, out)
        })
    }

    /// Appends data of the response's body: one chunk, or bare bytes. Empty data appends nothing.
    ///
    /// # Errors
    ///
    /// No body is open, or it is longer than announced.
    pub fn send_data(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), SendError> {
        self.open_body()?.encode_data(data, out)
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
        if !self.can_respond() && self.body.end_nothing() {
            return Ok(());
        }
        let ended = self.after_body()?;
        self.body.encode_end(trailers, out)?;
        self.state = ended;
        Ok(())
    }

    /// Appends a chunk and the end of the body in one go.
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data) and [`send_end`](Self::send_end); then neither is
    /// appended.
    pub fn send_last_data(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), SendError> {
        let (ended, mut body) = (self.after_body()?, self.body);
        append(out, |out| {
            body.encode_data(data, out)?;
            body.encode_end((), out)
        })?;
        self.state = ended;
        self.body = body;
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
        let after = self.after_switch()?;
        if self.request_kind == RequestKind::Connect {
            return Err(SendErrorKind::NotUpgradable.into());
        }
        append(out, |out| {
            put_status_line(101, out);
            let mut writer = Writer::head(out);
            writer.write(&headers)?;
            let seen = writer.seen;
            // RFC 9110 §7.8: "A server that sends a 101 (Switching Protocols) response MUST send
            // an Upgrade header field".
            if !seen.has_upgrade() {
                return Err(SendErrorKind::MissingUpgrade.into());
            }
            field::put_connection(seen.missing_options(false), out);
            out.extend_from_slice(b"\r\n");
            Ok(())
        })?;
        self.commit(after, BodyEncoder::new(BodyLength::None));
        Ok(())
    }

    /// Appends what is due by itself: `100 Continue`, when the request expects it, the caller has
    /// received on after the head, and neither the body nor a final response has begun. True:
    /// something was appended.
    #[inline]
    pub fn poll_transmit(&mut self, out: &mut BytesMut) -> bool {
        let due = self.expect == Expect::Due && self.state.step(Step::Informational);
        if due {
            self.expect = Expect::None;
            put_status_line(100, out);
            out.extend_from_slice(b"\r\n");
        }
        due
    }

    /// The state after the head of a final response with this status.
    #[inline]
    fn after_head(&self, status: u16) -> Result<State, SendError> {
        if self.is_tunnel(status) {
            return self.after_switch();
        }
        let after = self.state.after(Step::Response);
        Ok(after.ok_or(SendErrorKind::NoRequest)?)
    }

    /// The state after a switch, which a complete request must have asked for.
    fn after_switch(&self) -> Result<State, SendError> {
        let refused = match self.can_respond() {
            true => SendErrorKind::NotUpgradable,
            false => SendErrorKind::NoRequest,
        };
        Ok(self.state.after(Step::Switch).ok_or(refused)?)
    }

    /// The state after the end of the response.
    #[inline]
    fn after_body(&self) -> Result<State, SendError> {
        let after = self.state.after(Step::ResponseEnd);
        Ok(after.ok_or(SendErrorKind::NoBody)?)
    }

    #[inline]
    fn is_tunnel(&self, status: u16) -> bool {
        self.request_kind == RequestKind::Connect && (200..300).contains(&status)
    }

    #[inline]
    fn open_body(&mut self) -> Result<&mut BodyEncoder, SendError> {
        match self.state.responder {
            Responder::Body => Ok(&mut self.body),
            _ => Err(SendErrorKind::NoBody.into()),
        }
    }

    /// Writes what follows the caller's fields, and the body.
    pub(super) fn finish_response(
        &mut self,
        status: u16,
        seen: Seen,
        data: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        let (after, mut body) = self.finish_whole_head(status, seen, data.len(), out)?;
        body.encode_data(data, out)?;
        self.commit(after, body);
        Ok(())
    }

    /// Writes what follows the caller's fields in the head of a whole response. Changes nothing but `out`; gives the
    /// body, and the state after it.
    #[inline]
    fn finish_whole_head(
        &self,
        status: u16,
        seen: Seen,
        length: usize,
        out: &mut BytesMut,
    ) -> Result<(State, BodyEncoder), SendError> {
        let body = match (status, length) {
            (204 | 304, 0) => ResponseBody::None,
            _ if self.is_tunnel(status) && length == 0 => ResponseBody::None,
            (304, _) => return Err(SendErrorKind::BodyNotAllowed.into()),
            _ => ResponseBody::Known(length as u64),
        };
        let (mut after, encoder) = self.finish_head(status, seen, body, out)?;
        if !after.is_switched() {
            after = after
                .after(Step::ResponseEnd)
                .ok_or(SendErrorKind::NoBody)?;
        }
        Ok((after, encoder))
    }

    /// Writes what the connection must say beside the caller's fields, and the empty line. Changes
    /// nothing but `out`; gives the state and the body that follow.
    #[inline]
    fn finish_head(
        &self,
        status: u16,
        seen: Seen,
        body: ResponseBody,
        out: &mut BytesMut,
    ) -> Result<(State, BodyEncoder), SendError> {
        let mut after = self.after_head(status)?;
        let given = seen.connection;
        if after.is_switched() {
            // RFC 9110 §9.3.6: "A server MUST NOT send any Transfer-Encoding or Content-Length
            // header fields in a 2xx (Successful) response to CONNECT."
            if body != ResponseBody::None {
                return Err(SendErrorKind::BodyNotAllowed.into());
            }
            field::put_connection(seen.missing_options(false), out);
            out.extend_from_slice(b"\r\n");
            return Ok((after, BodyEncoder::new(BodyLength::None)));
        }
        let encoder = self.write_framing(status, body, out)?;
        let close = given & CLOSE != 0
            || !self.state.keeps_alive()
            || self.closes_early()
            || encoder.is_until_close()
            || (body == ResponseBody::Streamed && !self.http11);
        if close {
            after.refuse_keep_alive();
        }
        let own = match close {
            true => CLOSE,
            // RFC 9112 §9.3: 1.0 clients need to be told.
            false if !self.http11 => KEEP_ALIVE,
            false => 0,
        };
        field::put_connection(seen.missing_options(close) | (own & !given), out);
        out.extend_from_slice(b"\r\n");
        Ok((after, encoder))
    }

    #[inline]
    fn write_framing(
        &self,
        status: u16,
        body: ResponseBody,
        out: &mut BytesMut,
    ) -> Result<BodyEncoder, SendError> {
        let head = self.request_kind == RequestKind::Head;
        let (told, length) = match (status, body) {
            // RFC 9110 §8.6: "A server MUST NOT send a Content-Length header field in any
            // response with a status code of 1xx (Informational) or 204 (No Content)."
            (204, ResponseBody::None | ResponseBody::Known(0)) | (304, ResponseBody::None) => {
                (None, BodyLength::None)
            }
            // A 304 may tell the length that a 200 would have.
            (304, ResponseBody::Known(length)) => (Some(length), BodyLength::None),
            // RFC 9110 §15.3.6: "a server MUST NOT generate content in a 205 response".
            (204 | 304, _) | (205, ResponseBody::Known(1..) | ResponseBody::Streamed) => {
                return Err(SendErrorKind::BodyNotAllowed.into());
            }
            (_, ResponseBody::None) if head => (None, BodyLength::None),
            (_, ResponseBody::None) => (Some(0), BodyLength::None),
            (_, ResponseBody::Known(length)) => (Some(length), BodyLength::Known(length)),
            (_, ResponseBody::Streamed) if self.http11 => {
                out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
                (None, BodyLength::Chunked)
            }
            (_, ResponseBody::Streamed) => (None, BodyLength::UntilClose),
        };
        if let Some(length) = told {
            put_content_length(length, out);
        }
        Ok(match head {
            true => BodyEncoder::discard(),
            false => BodyEncoder::new(length),
        })
    }

    /// Whether a response that starts now ends the connection because the upload is unfinished.
    pub(super) fn closes_early(&self) -> bool {
        self.is_receiving_body()
            && match self.linger {
                Linger::Close => true,
                // A client that was not told to continue may never send the body, and what it
                // sends next would be taken for it.
                Linger::Drain(_) if self.expect != Expect::None => true,
                Linger::Drain(most) => self.decoder.body_remaining().is_some_and(|n| n > most),
            }
    }

    /// A final head was written, and perhaps the body.
    #[inline]
    pub(super) fn commit(&mut self, state: State, body: BodyEncoder) {
        self.expect = Expect::None;
        self.state = state;
        self.body = body;
    }
}

/// Writes the start of a final head: the status line and the caller's fields.
pub(super) fn write_fields(
    status: u16,
    headers: &impl Fields,
    out: &mut BytesMut,
) -> Result<Seen, SendError> {
    if !(200..=999).contains(&status) {
        return Err(SendErrorKind::InvalidStatus.into());
    }
    put_status_line(status, out);
    let mut writer = Writer::head(out);
    writer.write(headers)?;
    Ok(writer.seen)
}

/// Runs `write`, and takes back what it appended when it fails.
#[inline]
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

#[inline]
pub(crate) fn put_content_length(length: u64, out: &mut BytesMut) {
    out.extend_from_slice(b"Content-Length: ");
    out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// RFC 9112 §2.3: the version is the sender's own, also to a client that speaks 1.0.
#[inline]
fn put_status_line(status: u16, out: &mut BytesMut) {
    match reason::status_line(status) {
        Some(line) => out.extend_from_slice(line.as_bytes()),
        None => {
            out.extend_from_slice(b"HTTP/1.1 ");
            out.extend_from_slice(itoa::Buffer::new().format(status).as_bytes());
            out.extend_from_slice(b" \r\n");
        }
    }
}
