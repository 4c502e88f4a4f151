//! What the parts of a head mean together: the target's form, Host, framing and the connection.

use alloc::vec::Vec;

use super::{Line, RequestHead, ResponseHead};
use crate::buffer::Span;
use crate::error::{Fault, ReceiveErrorKind as Kind};
use crate::framing::{BodyLength, Framing, FramingFields, Version};
use crate::header::Headers;
use crate::limits::Reading;
use crate::wire::cut::{self, RequestParts, ResponseParts};
use crate::wire::field::{self, CLOSE, KEEP_ALIVE, Special, UPGRADE};
use crate::wire::target::{self, Authority, Target};

/// A request head cut from plain bytes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ParsedRequest<'b> {
    /// The head.
    pub head: RequestHead<'b>,
    /// The body that follows it.
    pub body: BodyLength,
    /// Bytes of the input that the head took.
    pub consumed: usize,
}

/// A response head cut from plain bytes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ParsedResponse<'b> {
    /// The head.
    pub head: ResponseHead<'b>,
    /// The body that follows it.
    pub body: BodyLength,
    /// Bytes of the input that the head took.
    pub consumed: usize,
}

/// What a response depends on in the request that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKind {
    Head,
    Connect,
    Other,
}

impl RequestKind {
    pub(crate) fn of(method: &str) -> Self {
        match method {
            "HEAD" => Self::Head,
            "CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

/// The request head at the start of `bytes`, if it is complete and well-formed: judged, with its
/// spans beside it.
#[inline(always)]
pub(crate) fn request<'h>(
    bytes: &'h [u8],
    reading: &Reading,
    spans: &mut Vec<Span>,
) -> Option<Result<Request<'h>, Fault>> {
    let mut summary = FieldSummary::default();
    let note = |index, name: &[u8], value: &[u8], at| summary.note(index, name, value, at);
    let parts = cut::request(bytes, &reading.limits(), spans, note)?;
    Some(summary.request(bytes, spans, reading, parts))
}

/// The same of a response head.
#[inline(always)]
pub(crate) fn response<'h>(
    bytes: &'h [u8],
    request_kind: RequestKind,
    reading: &Reading,
    spans: &mut Vec<Span>,
) -> Option<Result<Response<'h>, Fault>> {
    let mut summary = FieldSummary::default();
    let note = |index, name: &[u8], value: &[u8], at| summary.note(index, name, value, at);
    let parts = cut::response(bytes, reading, spans, note)?;
    Some(summary.response(request_kind, reading, parts))
}

/// A request head that was found good. The spans are beside it.
pub(crate) struct Request<'h> {
    pub(crate) line: Line<&'h str>,
    pub(crate) body: BodyLength,
    pub(crate) consumed: usize,
}

impl<'h> Request<'h> {
    pub(crate) fn view<'b>(self, bytes: &'b [u8], spans: &'b [Span]) -> ParsedRequest<'b>
    where
        'h: 'b,
    {
        ParsedRequest {
            head: RequestHead {
                line: self.line,
                headers: Headers::new(bytes.get(..self.consumed).unwrap_or(bytes), spans),
            },
            body: self.body,
            consumed: self.consumed,
        }
    }
}

/// A response head that was found good. The spans are beside it.
pub(crate) struct Response<'h> {
    pub(crate) status: u16,
    version: Version,
    pub(crate) keep_alive: bool,
    /// It was taken only because the reading is lenient.
    pub(crate) needs_leniency: bool,
    reason: &'h [u8],
    pub(crate) body: BodyLength,
    pub(crate) consumed: usize,
}

impl<'h> Response<'h> {
    pub(crate) fn view<'b>(self, bytes: &'b [u8], spans: &'b [Span]) -> ParsedResponse<'b>
    where
        'h: 'b,
    {
        ParsedResponse {
            head: ResponseHead {
                status: self.status,
                version: self.version,
                keep_alive: self.keep_alive,
                reason: self.reason,
                headers: Headers::new(bytes.get(..self.consumed).unwrap_or(bytes), spans),
            },
            body: self.body,
            consumed: self.consumed,
        }
    }
}

/// What the fields of one head say about Host, framing and the connection, gathered line by line.
/// What is wrong with them is judged when the head is complete.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FieldSummary {
    /// Index of the first Host line.
    host: Option<u32>,
    /// Offset of the value of the second Host line.
    second_host_at: Option<usize>,
    framing: FramingFields,
    /// Options of Connection, and the two bits below.
    connection: u8,
}

impl FieldSummary {
    /// Looks at one line.
    #[inline]
    pub(crate) fn note(&mut self, index: usize, name: &[u8], value: &[u8], at: usize) {
        if Special::is_likely(name) {
            self.note_likely(index, name, value, at);
        }
    }

    fn note_likely(&mut self, index: usize, name: &[u8], value: &[u8], at: usize) {
        let Some(special) = Special::of_likely(name) else {
            return;
        };
        match special {
            Special::Host => match self.host {
                None => self.host = Some(index as u32),
                Some(_) => self.second_host_at = self.second_host_at.or(Some(at)),
            },
            Special::Expect if field::expects_continue(value) => self.connection |= EXPECT_CONTINUE,
            Special::Expect => {}
            Special::Upgrade => self.connection |= HAS_UPGRADE,
            Special::Connection => self.connection |= field::connection_options(value),
            Special::ContentLength => self.framing.note_content_length(value, at),
            Special::TransferEncoding => self.framing.note_transfer_encoding(value, at),
        }
    }

    /// Judges a request by its parts: the target's form, then Host, then framing.
    #[inline(always)]
    pub(crate) fn request<'h>(
        &self,
        bytes: &[u8],
        spans: &[Span],
        reading: &Reading,
        parts: RequestParts<'h>,
    ) -> Result<Request<'h>, Fault> {
        let form = target::parse(parts.method, parts.target)
            .map_err(|(kind, offset)| Fault::new(kind, parts.target_at + offset))?;
        self.judge_host(bytes, spans, reading, &parts, &form)?;
        let RequestParts {
            method,
            target,
            version,
            end,
            ..
        } = parts;
        let body = match self.framing.framing(version, false)? {
            // RFC 9112 §6.3: "If this is a request message and none of the above are true, then
            // the message body length is zero".
            None => BodyLength::None,
            Some(framing) => within_limit(framing, reading)?,
        };
        let line = Line {
            method,
            target,
            version,
            authority_start: form.authority.start as u32,
            authority_end: form.authority.end as u32,
            keep_alive: self.keep_alive(version),
            upgrade: self.offers_upgrade(version),
            expects_continue: self.expects_continue(version),
        };
        Ok(Request {
            line,
            body,
            consumed: end,
        })
    }

    /// Judges Host, by itself and beside the target.
    ///
    /// RFC 9112 §3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1
    /// request message that lacks a Host header field and to any request message that contains
    /// more than one Host header field line or a Host header field with an invalid field value."
    #[inline(always)]
    fn judge_host(
        &self,
        bytes: &[u8],
        spans: &[Span],
        reading: &Reading,
        parts: &RequestParts<'_>,
        form: &Target,
    ) -> Result<(), Fault> {
        if let Some(at) = self.second_host_at {
            return Err(Fault::new(Kind::DuplicateHost, at));
        }
        let Some(span) = self.host.and_then(|index| spans.get(index as usize)) else {
            return match parts.version.is_at_least_11() {
                true => Err(Fault::new(Kind::MissingHost, parts.target_at)),
                false => Ok(()),
            };
        };
        let at = span.value_start as usize;
        let Some(host) = Authority::parse(span.value(bytes)) else {
            return Err(Fault::new(Kind::InvalidHost, at));
        };
        // RFC 9112 §3.2.2: the target wins. A difference is refused only for those who ask for it.
        if reading.same_host && !form.clone().allows(&host, parts.target) {
            return Err(Fault::new(Kind::HostMismatch, at));
        }
        Ok(())
    }

    /// Judges a response by its parts and by what it answers.
    #[inline(always)]
    pub(crate) fn response<'h>(
        &self,
        request_kind: RequestKind,
        reading: &Reading,
        parts: ResponseParts<'h>,
    ) -> Result<Response<'h>, Fault> {
        let ResponseParts {
            status,
            version,
            reason,
            end,
            bare_lf,
        } = parts;
        let mut needs_leniency = bare_lf;
        let body = match (request_kind, status) {
            // RFC 9112 §6.3, rules 1 and 2: these have no body, whatever the fields say.
            (RequestKind::Head, _)
            | (_, 100..=199 | 204 | 304)
            | (RequestKind::Connect, 200..=299) => BodyLength::None,
            _ => {
                needs_leniency |= self.framing.needs_leniency();
                match self.framing.framing(version, reading.lenient)? {
                    Some(framing) => within_limit(framing, reading)?,
                    None => BodyLength::UntilClose,
                }
            }
        };
        Ok(Response {
            status,
            version,
            keep_alive: self.keep_alive(version),
            needs_leniency,
            reason,
            body,
            consumed: end,
        })
    }

    /// RFC 9112 §9.3: `close` wins; 1.1 stays by default, 1.0 only when asked.
    fn keep_alive(&self, version: Version) -> bool {
        self.connection & CLOSE == 0
            && (version.is_at_least_11() || self.connection & KEEP_ALIVE != 0)
    }

    fn offers_upgrade(&self, version: Version) -> bool {
        let both = UPGRADE | HAS_UPGRADE;
        version.is_at_least_11() && self.connection & both == both
    }

    /// RFC 9110 §10.1.1: "A server that receives a 100-continue expectation in an HTTP/1.0
    /// request MUST ignore that expectation."
    fn expects_continue(&self, version: Version) -> bool {
        version.is_at_least_11() && self.connection & EXPECT_CONTINUE != 0
    }
}

fn within_limit(framing: Framing, reading: &Reading) -> Result<BodyLength, Fault> {
    match framing {
        Framing::Length(length, at) if length > reading.bounds.max_body => {
            Err(Fault::new(Kind::BodyTooLong, at))
        }
        _ => Ok(framing.length()),
    }
}

const HAS_UPGRADE: u8 = 0x10;
const EXPECT_CONTINUE: u8 = 0x20;
