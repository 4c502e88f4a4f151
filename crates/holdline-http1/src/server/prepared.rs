//! A response that was made before.

use alloc::vec::Vec;

use bytes::BytesMut;

use super::send::{append, write_fields};
use super::{ServerConfig, ServerConnection};
use crate::block::{Fields, Seen, Writer};
use crate::body::BodyEncoder;
use crate::buffer::Buffer;
use crate::error::SendError;
use crate::framing::BodyLength;
use crate::head::judge::RequestKind;
use crate::state::Step;

/// A whole response that was checked and laid out once, to be sent often
/// ([`respond_prepared`](ServerConnection::respond_prepared)). Only its `Date` changes.
///
/// ```
/// use holdline_http1::PreparedResponse;
///
/// let mut response = PreparedResponse::new(200, [("Content-Type", "text/plain")], b"hello")?;
/// response.set_date("Sun, 06 Nov 1994 08:49:37 GMT")?; // once a second, say
/// # Ok::<(), holdline_http1::SendError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedResponse {
    status: u16,
    seen: Seen,
    /// What [`respond`](ServerConnection::respond) sends to a GET that needs nothing special.
    whole: Vec<u8>,
    /// Where the fields of the caller end.
    fields_end: usize,
    body_at: usize,
    /// Where the value of `Date` stands, and its length.
    date: Option<(usize, usize)>,
}

impl PreparedResponse {
    /// Lays out status, fields and body. A `Date` among the fields is the one that [`set_date`](Self::set_date) replaces.
    ///
    /// # Errors
    ///
    /// The status is below 200 or above 999, a field is bad, or the status does not allow the body.
    pub fn new(status: u16, headers: impl Fields, body: &[u8]) -> Result<Self, SendError> {
        let mut out = BytesMut::new();
        let mut seen = write_fields(status, &headers, &mut out)?;
        let fields_end = out.len();
        let has_date = core::mem::take(&mut seen.date);
        let date = has_date.then(|| find_date(&out)).flatten();
        let mut http = after_get();
        http.finish_response(status, seen, body, &mut out)?;
        Ok(Self {
            status,
            seen,
            fields_end,
            body_at: out.len() - body.len(),
            whole: out.into(),
            date,
        })
    }

    /// Has it say `Date` with this value (RFC 9110 §6.6.1). To replace a date by another one of the same
    /// length, as all HTTP dates have, is cheap.
    ///
    /// # Errors
    ///
    /// The text has a control character.
    pub fn set_date(&mut self, date: &str) -> Result<(), SendError> {
        let mut line = BytesMut::new();
        Writer::head(&mut line).field(NAME, date.as_bytes())?;
        let before = NAME.len() + 2;
        let (start, end) = match self.date {
            Some((at, length)) => (at - before, at + length + 2),
            None => (self.fields_end, self.fields_end),
        };
        self.whole.splice(start..end, line.iter().copied());
        let grown = |place: usize| place + line.len() - (end - start);
        self.fields_end = grown(self.fields_end);
        self.body_at = grown(self.body_at);
        self.date = Some((start + before, date.len()));
        Ok(())
    }

    /// The status code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The value of `Date` as it is now, to compare with the one that it should have.
    #[must_use]
    pub fn date(&self) -> Option<&[u8]> {
        let (at, length) = self.date?;
        Some(self.part(at..at + length))
    }

    fn part(&self, range: core::ops::Range<usize>) -> &[u8] {
        self.whole.get(range).unwrap_or_default()
    }
}

const NAME: &str = "Date";

/// Where the value of the first `Date` stands in what was written, and its length.
fn find_date(written: &[u8]) -> Option<(usize, usize)> {
    let mut start = 0;
    for line in written.split_inclusive(|&byte| byte == b'\n') {
        let (name, rest) = line.split_at_checked(NAME.len()).unwrap_or_default();
        if let Some(value) = rest.strip_prefix(b": ")
            && name.eq_ignore_ascii_case(NAME.as_bytes())
        {
            let at = start + line.len() - value.len();
            return Some((at, value.len() - b"\r\n".len()));
        }
        start += line.len();
    }
    None
}

impl ServerConnection {
    /// Appends a whole response that was made before: the same bytes, and the same state
    /// afterwards, as [`respond`](Self::respond) with its status, fields and body.
    ///
    /// # Errors
    ///
    /// No request waits, or the request is a CONNECT, which a 2xx with a body cannot answer.
    #[inline]
    pub fn respond_prepared(
        &mut self,
        response: &PreparedResponse,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        let is_same = self.needs_nothing_special() && response.seen == Seen::default();
        let ended = self.state.after(Step::Response);
        if is_same && let Some(after) = ended.and_then(|state| state.after(Step::ResponseEnd)) {
            out.extend_from_slice(&response.whole);
            self.commit(after, BodyEncoder::new(BodyLength::None));
            return Ok(());
        }
        self.respond_prepared_in_parts(response, out)
    }

    fn respond_prepared_in_parts(
        &mut self,
        response: &PreparedResponse,
        out: &mut BytesMut,
    ) -> Result<(), SendError> {
        append(out, |out| {
            out.extend_from_slice(response.part(0..response.fields_end));
            let body = response.part(response.body_at..response.whole.len());
            self.finish_response(response.status, response.seen, body, out)
        })
    }

    /// Whether this request is answered like the one of [`after_get`]: what
    /// [`finish_response`](Self::finish_response) looks at is the same.
    #[inline]
    fn needs_nothing_special(&self) -> bool {
        self.http11
            && self.request_kind == RequestKind::Other
            && self.state.keeps_alive()
            && !self.closes_early()
    }
}

/// A connection that owes the answer to a GET.
fn after_get() -> ServerConnection {
    let mut http = ServerConnection::new(ServerConfig::default());
    let mut input = &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..];
    let mut buffer = Buffer::new();
    // Both events are known.
    while let Ok(Some(_)) = http.receive(&mut input, &mut buffer) {}
    http
}
