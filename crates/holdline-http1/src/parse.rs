//! From the bytes of a complete head to its view: the strict way, and what both ways share.
//!
//! A head that lies whole in the input is first tried by `fast`, which only ever says yes. When
//! it says no, for whatever reason, the head goes through `scan`, which alone decides what is
//! wrong and where, and is then cut here. Heads that arrive in pieces always take the strict way,
//! so the tests that cut every case at every byte compare the two.

use alloc::vec::Vec;

use memchr::memchr;

use crate::buffer::{Buffer, Span};
use crate::error::{ReceiveError, ReceiveErrorKind as Kind};
use crate::fast::{fast_request, fast_response};
use crate::framing::{BodyLength, Facts, Framing, Version};
use crate::head::{Line, RequestHead, ResponseHead};
use crate::header::{Headers, trim};
use crate::limits::Limits;
use crate::scan::{Fault, Rules, Scan};
use crate::target::{self, Authority};

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

/// Parses the request head at the start of `input`, with every rule that a
/// [`ServerConnection`](crate::ServerConnection) applies. `Ok(None)`: the head is not complete.
///
/// Keeps nothing: a call with more bytes looks at all of them again. `buffer` only lends the
/// memory for the table of fields.
///
/// # Errors
///
/// The rule that the head breaks, with the offset in `input`.
///
/// ```
/// use holdline_http1::{Buffer, Limits, parse_request_head};
///
/// let mut buffer = Buffer::new();
/// let bytes = b"GET /a?b=c HTTP/1.1\r\nHost: example.com\r\n\r\n";
/// let parsed = parse_request_head(bytes, &Limits::default(), &mut buffer)?.expect("complete");
/// assert_eq!(parsed.head.path(), "/a");
/// assert_eq!(parsed.consumed, bytes.len());
/// # Ok::<(), holdline_http1::ReceiveError>(())
/// ```
pub fn parse_request_head<'b>(
    input: &'b [u8],
    limits: &Limits,
    buffer: &'b mut Buffer,
) -> Result<Option<ParsedRequest<'b>>, ReceiveError> {
    buffer.reset();
    match fast_request(input, limits, false, &mut buffer.spans) {
        Some(parsed) => Ok(Some(parsed.view(input, &buffer.spans))),
        None => parse_request_strictly(input, limits, buffer)
            .map_err(|fault| ReceiveError::new(fault.kind, fault.at as u64).for_server()),
    }
}

#[inline(never)]
fn parse_request_strictly<'b>(
    input: &'b [u8],
    limits: &Limits,
    buffer: &'b mut Buffer,
) -> Result<Option<ParsedRequest<'b>>, Fault> {
    let rules = Rules::head(limits, false);
    let Some(length) = Scan::request().advance(input, &rules)? else {
        return Ok(None);
    };
    let head = input.get(..length).unwrap_or(input);
    let parsed = strict_request(head, limits, false, &mut buffer.spans)?;
    Ok(Some(parsed.view(input, &buffer.spans)))
}

/// Parses the response head at the start of `input`, for a response to `method`, with every
/// rule that a [`ClientConnection`](crate::ClientConnection) applies. `Ok(None)`: the head is
/// not complete. See [`parse_request_head`].
///
/// # Errors
///
/// The rule that the head breaks, with the offset in `input`.
pub fn parse_response_head<'b>(
    input: &'b [u8],
    method: &str,
    limits: &Limits,
    buffer: &'b mut Buffer,
) -> Result<Option<ParsedResponse<'b>>, ReceiveError> {
    buffer.reset();
    let asked = Asked::of(method);
    match fast_response(input, asked, limits, &mut buffer.spans) {
        Some(parsed) => Ok(Some(parsed.view(input, &buffer.spans))),
        None => parse_response_strictly(input, asked, limits, buffer)
            .map_err(|fault| ReceiveError::new(fault.kind, fault.at as u64).for_client()),
    }
}

#[inline(never)]
fn parse_response_strictly<'b>(
    input: &'b [u8],
    asked: Asked,
    limits: &Limits,
    buffer: &'b mut Buffer,
) -> Result<Option<ParsedResponse<'b>>, Fault> {
    let rules = Rules::head(limits, false);
    let Some(length) = Scan::response().advance(input, &rules)? else {
        return Ok(None);
    };
    let head = input.get(..length).unwrap_or(input);
    let parsed = strict_response(head, asked, limits, &mut buffer.spans)?;
    Ok(Some(parsed.view(input, &buffer.spans)))
}

/// What a response depends on in the request that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Head,
    Connect,
    Other,
}

impl Asked {
    pub(crate) fn of(method: &str) -> Self {
        match method {
            "HEAD" => Self::Head,
            "CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
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
    keep_alive: bool,
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

/// Cuts a request head that `scan` found whole and well-formed.
pub(crate) fn strict_request<'h>(
    bytes: &'h [u8],
    limits: &Limits,
    same_host: bool,
    spans: &mut Vec<Span>,
) -> Result<Request<'h>, Fault> {
    let start = if bytes.starts_with(b"\r\n") { 2 } else { 0 };
    let line = line_at(bytes, start);
    let mut words = line.splitn(3, |&byte| byte == b' ');
    let mut word = || words.next().map_or("", text);
    let (method, target, name) = (word(), word(), word());
    split_fields(bytes, start + line.len() + 2, spans);
    let target_at = start + method.len() + 1;
    let form = target::parse(method, target);
    form.map_err(|(kind, offset)| Fault::new(kind, target_at + offset))?;
    let judge = Judge {
        bytes,
        limits,
        facts: &note_spans(bytes, spans),
        spans,
        same_host,
    };
    let version = version_of(name.as_bytes());
    judge.request(method, target, target_at, version, bytes.len())
}

/// Cuts a response head that `scan` found whole and well-formed.
pub(crate) fn strict_response<'h>(
    bytes: &'h [u8],
    asked: Asked,
    limits: &Limits,
    spans: &mut Vec<Span>,
) -> Result<Response<'h>, Fault> {
    let line = line_at(bytes, 0);
    split_fields(bytes, line.len() + 2, spans);
    let digits = line.get(9..12).unwrap_or_default();
    let status = digits.iter().fold(0, |status, &digit| {
        status * 10 + u16::from(digit.wrapping_sub(b'0'))
    });
    let judge = Judge {
        bytes,
        limits,
        facts: &note_spans(bytes, spans),
        spans,
        same_host: false,
    };
    let version = version_of(line.get(..8).unwrap_or_default());
    judge.response(line, status, version, asked, bytes.len())
}

/// Cuts field lines that `scan` found well-formed, from `start` to the empty line.
pub(crate) fn split_fields(bytes: &[u8], start: usize, spans: &mut Vec<Span>) {
    spans.clear();
    let mut at = start;
    loop {
        let line = line_at(bytes, at);
        let Some(colon) = memchr(b':', line) else {
            return;
        };
        let (name, value) = line.split_at_checked(colon + 1).unwrap_or_default();
        let leading = value.len() - value.trim_ascii_start().len();
        let value_start = at + name.len() + leading;
        spans.push(Span {
            name_start: at as u32,
            name_end: (at + colon) as u32,
            value_start: value_start as u32,
            value_end: (value_start + trim(value).len()) as u32,
        });
        at += line.len() + 2;
    }
}

/// What depends on the meaning of fields, the same for both ways.
pub(crate) struct Judge<'a, 'h> {
    pub(crate) bytes: &'h [u8],
    pub(crate) limits: &'a Limits,
    pub(crate) facts: &'a Facts,
    pub(crate) spans: &'a [Span],
    /// Refuse a Host that is not the target's authority.
    pub(crate) same_host: bool,
}

impl<'h> Judge<'_, 'h> {
    #[inline(always)]
    pub(crate) fn request(
        &self,
        method: &'h str,
        target: &'h str,
        target_at: usize,
        version: Version,
        consumed: usize,
    ) -> Result<Request<'h>, Fault> {
        let form = target::parse(method, target)
            .map_err(|(kind, offset)| Fault::new(kind, target_at + offset))?;
        self.host(&form, target, target_at, version)?;
        let body = match self.facts.framing(version)? {
            // RFC 9112 §6.3: "If this is a request message and none of the above are true, then
            // the message body length is zero".
            None => BodyLength::None,
            Some(framing) => self.within_limit(framing)?,
        };
        Ok(Request {
            line: Line::new(method, target, version, form.authority, self.facts),
            body,
            consumed,
        })
    }

    /// RFC 9112 §3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1
    /// request message that lacks a Host header field and to any request message that contains
    /// more than one Host header field line or a Host header field with an invalid field value."
    #[inline(always)]
    fn host(
        &self,
        form: &target::Target,
        target: &str,
        target_at: usize,
        version: Version,
    ) -> Result<(), Fault> {
        if let Some(at) = self.facts.second_host_at {
            return Err(Fault::new(Kind::DuplicateHost, at));
        }
        let Some(span) = self
            .facts
            .host
            .and_then(|index| self.spans.get(index as usize))
        else {
            return match version.is_at_least_11() {
                true => Err(Fault::new(Kind::MissingHost, target_at)),
                false => Ok(()),
            };
        };
        let at = span.value_start as usize;
        let host =
            Authority::parse(span.value(self.bytes)).ok_or(Fault::new(Kind::InvalidHost, at))?;
        // RFC 9112 §3.2.2: the target wins. A difference is refused only for those who ask for it.
        if self.same_host
            && let Some(authority) = form.authority_in(target)
            && !host.agrees(&authority, form.default_port)
        {
            return Err(Fault::new(Kind::HostMismatch, at));
        }
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn response(
        &self,
        line: &'h [u8],
        status: u16,
        version: Version,
        asked: Asked,
        consumed: usize,
    ) -> Result<Response<'h>, Fault> {
        let body = match (asked, status) {
            // RFC 9112 §6.3, rules 1 and 2: these have no body, whatever the fields say.
            (Asked::Head, _) | (_, 100..=199 | 204 | 304) | (Asked::Connect, 200..=299) => {
                BodyLength::None
            }
            _ => match self.facts.framing(version)? {
                Some(framing) => self.within_limit(framing)?,
                None => BodyLength::UntilClose,
            },
        };
        Ok(Response {
            status,
            version,
            keep_alive: self.facts.keep_alive(version),
            reason: line.get(13..).unwrap_or_default(),
            body,
            consumed,
        })
    }

    fn within_limit(&self, framing: Framing) -> Result<BodyLength, Fault> {
        match framing {
            Framing::Length(length, at) if length > self.limits.max_body => {
                Err(Fault::new(Kind::BodyTooLong, at))
            }
            _ => Ok(framing.length()),
        }
    }
}

fn note_spans(bytes: &[u8], spans: &[Span]) -> Facts {
    let mut facts = Facts::default();
    for (index, span) in spans.iter().enumerate() {
        let at = span.value_start as usize;
        facts.note(index, span.name(bytes), span.value(bytes), at);
    }
    facts
}

fn line_at(bytes: &[u8], start: usize) -> &[u8] {
    let rest = bytes.get(start..).unwrap_or_default();
    let end = memchr(b'\r', rest).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

/// The version that ends with this digit.
fn version_of(name: &[u8]) -> Version {
    Version::from_minor(name.last().map_or(0, |digit| digit.wrapping_sub(b'0')))
}

/// Bytes that were found to be ASCII.
fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests;
