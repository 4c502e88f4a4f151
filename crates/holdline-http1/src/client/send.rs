//! What a client sends.

use bytes::BytesMut;

use super::{ClientConnection, RequestBody};
use crate::block::{Fields, Seen, Writer};
use crate::body::{BodyEncoder, ChunkFrame};
use crate::error::{SendError, SendErrorKind};
use crate::framing::BodyLength;
use crate::server::{append, put_content_length};
use crate::state::{Requester, State, Step};
use crate::wire::class;
use crate::wire::field::{self, CLOSE};
use crate::wire::target::{self, Authority};

impl ClientConnection {
    /// Appends the head of a request. The body follows by [`send_data`](Self::send_data) and
    /// [`send_end`](Self::send_end), except for [`RequestBody::None`].
    ///
    /// `headers` must hold exactly one `Host`, except when the target has an authority (in
    /// absolute-form and authority-form): then `Host` is added, and one that is given must agree
    /// (RFC 9112 §3.2). `Content-Length` and `Transfer-Encoding` are added, and
    /// `Connection: Upgrade` when there is an `Upgrade`.
    ///
    /// # Errors
    ///
    /// The connection is not ready for a request; the method, target, Host or a field is bad;
    /// the method does not allow the body; `Expect: 100-continue` without a body.
    pub fn send_request(
        &mut self,
        method: &str,
        target: &str,
        headers: impl Fields,
        body: RequestBody,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        append(out, |out| {
            let mut begun = self.write_head(method, target, &headers, body, out)?;
            if body == RequestBody::None {
                begun.end()?;
                begun.body = BodyEncoder::nothing();
            }
            self.commit(method, begun);
            Ok(())
        })
    }

    /// Appends a whole request: head and body, with `Content-Length` if there is a body or the method gives one a meaning
    /// (RFC 9110 §8.6).
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
        append(out, |out| {
            let mut begun = self.write_head(method, target, &headers, length, out)?;
            begun.body.encode_data(body, out)?;
            begun.end()?;
            begun.awaits_continue = false;
            self.commit(method, begun);
            Ok(())
        })
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

    /// Frames `length` bytes of data that the caller writes itself, as in a vectored write. None:
    /// write nothing.
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data).
    pub fn send_frame(&mut self, length: usize) -> Result<Option<ChunkFrame>, SendError> {
        let frame = self.open_body()?.encode_frame(length)?;
        self.awaits_continue = false;
        Ok(frame)
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
        if self.body.end_nothing() {
            return Ok(());
        }
        let ended = self
            .state
            .after(Step::RequestEnd)
            .ok_or(SendErrorKind::NoBody)?;
        self.body.encode_end(trailers, out)?;
        self.state = ended;
        self.awaits_continue = false;
        Ok(())
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
    ) -> Result<Begun, SendError> {
        let is_ready = self.decoder.is_between() && self.decoder.error().is_none();
        let after = self.state.after(Step::Request).filter(|_| is_ready);
        let mut state = after.ok_or(SendErrorKind::NotReady)?;
        if !class::is_token_text(method.as_bytes()) {
            return Err(SendErrorKind::InvalidMethod.into());
        }
        let bytes_ok = !target.is_empty() && target.bytes().all(class::is_target);
        let form = match target::parse(method, target) {
            Ok(form) if bytes_ok => form,
            _ => return Err(SendErrorKind::InvalidTarget.into()),
        };
        for word in [method, " ", target, " HTTP/1.1\r\n"] {
            out.extend_from_slice(word.as_bytes());
        }
        let fields_at = out.len();
        let mut writer = Writer::head(out);
        writer.write(headers)?;
        let seen = writer.seen;
        write_host(target, &form, seen, fields_at, out)?;
        if seen.expect_continue && matches!(body, RequestBody::None | RequestBody::Known(0)) {
            return Err(SendErrorKind::ExpectWithoutBody.into());
        }
        let closes = seen.connection & CLOSE != 0;
        let body = self.write_framing(method, body, out)?;
        field::put_connection(seen.missing_options(closes), out);
        out.extend_from_slice(b"\r\n");
        if seen.has_upgrade() || method == "CONNECT" {
            state.allow_switch();
        }
        if closes {
            state.refuse_keep_alive();
        }
        Ok(Begun {
            state,
            body,
            awaits_continue: seen.expect_continue,
        })
    }

    fn write_framing(
        &self,
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
            // RFC 9112 §6.1: "A client MUST NOT send a request containing Transfer-Encoding unless it
            // knows the server will handle HTTP/1.1 requests". Before the first response the caller
            // is taken to know.
            (_, RequestBody::Streamed) if self.server_is_http10 => {
                return Err(SendErrorKind::ChunkedToHttp10.into());
            }
            (_, RequestBody::Streamed) => {
                out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
                BodyLength::Chunked
            }
        };
        Ok(BodyEncoder::new(length))
    }

    /// The head was written, and perhaps the body.
    fn commit(&mut self, method: &str, begun: Begun) {
        self.state = begun.state;
        self.body = begun.body;
        self.awaits_continue = begun.awaits_continue;
        self.decoder.message.expect(method);
        self.informational = 0;
        self.response_started = false;
        self.connect = method == "CONNECT";
    }
}

/// What the connection will be when a request that is being written is kept.
struct Begun {
    state: State,
    body: BodyEncoder,
    awaits_continue: bool,
}

impl Begun {
    fn end(&mut self) -> Result<(), SendError> {
        self.state = self
            .state
            .after(Step::RequestEnd)
            .ok_or(SendErrorKind::NoBody)?;
        Ok(())
    }
}

/// Sees that there is one good Host, the target's own if the target has one. `fields_at` is where
/// the caller's fields begin in `out`.
///
/// RFC 9112 §3.2: "If the target URI includes an authority component, then a client MUST send a
/// field value for Host that is identical to that authority component".
fn write_host(
    target: &str,
    form: &target::Target,
    seen: Seen,
    fields_at: usize,
    out: &mut BytesMut,
) -> Result<(), SendError> {
    if seen.hosts > 1 || seen.bad_host {
        return Err(SendErrorKind::InvalidHost.into());
    }
    let Some(authority) = form.authority_in(target) else {
        return match seen.hosts {
            1 => Ok(()),
            _ => Err(SendErrorKind::InvalidHost.into()),
        };
    };
    if seen.hosts == 1 {
        let given = host_among(out.get(fields_at..).unwrap_or_default());
        let agrees = given.is_some_and(|host| host.agrees(&authority, form.default_port));
        return match agrees {
            true => Ok(()),
            false => Err(SendErrorKind::HostMismatch.into()),
        };
    }
    // RFC 9110 §7.2: Host "SHOULD" be "the first field in the header section".
    let fields = out.split_off(fields_at);
    let host = target.get(form.authority.clone()).unwrap_or_default();
    for bytes in [b"Host: ", host.as_bytes(), b"\r\n", &fields] {
        out.extend_from_slice(bytes);
    }
    Ok(())
}

/// The value of the first Host among field lines that were written.
fn host_among(lines: &[u8]) -> Option<Authority<'_>> {
    let value = lines.split(|&byte| byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(5)?;
        name.eq_ignore_ascii_case(b"Host:").then_some(value)
    })?;
    Authority::parse(value.trim_ascii())
}
