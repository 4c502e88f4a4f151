//! Our rules for heads that a caller has parsed with `httparse`.

use alloc::vec::Vec;
use core::ops::Range;

use crate::buffer::{Buffer, Span};
use crate::error::{Fault, ReceiveError, ReceiveErrorKind as Kind};
use crate::framing::Version;
use crate::head::judge::{FieldSummary, ParsedRequest, ParsedResponse, RequestKind};
use crate::limits::{Limits, Reading};
use crate::wire::class;
use crate::wire::cut::{RequestParts, ResponseParts};

/// Feature `httparse`. Applies every rule of [`parse_request_head`](crate::parse_request_head) to a head
/// that `httparse` has found complete: target, Host, framing, limits, and strict line ends. `head` is
/// the very slice that was parsed, up to the end of the empty line or beyond.
///
/// `httparse` takes a line feed without a carriage return and knows nothing of what fields mean. If
/// nothing else in your program needs it, [`parse_request_head`](crate::parse_request_head) does all of
/// this in less time.
///
/// # Errors
///
/// The rule that the head breaks, with the offset in `head`. A request that is not complete, or was
/// parsed from other bytes, is [`TruncatedHead`](crate::ReceiveErrorKind::TruncatedHead).
///
/// ```
/// use holdline_http1::{Buffer, Limits, check_httparse_request};
///
/// let bytes = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
/// let mut fields = [httparse::EMPTY_HEADER; 16];
/// let mut request = httparse::Request::new(&mut fields);
/// assert!(request.parse(bytes).is_ok());
/// let mut buffer = Buffer::new();
/// let checked = check_httparse_request(&request, bytes, &Limits::default(), &mut buffer);
/// assert!(checked.is_err_and(|error| error.section() == "RFC 9112 §6.3"));
/// ```
pub fn check_httparse_request<'b, 'i: 'b>(
    request: &httparse::Request<'_, 'i>,
    head: &'i [u8],
    limits: &Limits,
    buffer: &'b mut Buffer,
) -> Result<ParsedRequest<'b>, ReceiveError> {
    buffer.reset();
    let reading = Reading::strict(limits.clone());
    let checked = check_request(request, head, &reading, &mut buffer.spans);
    let (summary, parts) =
        checked.map_err(|fault| within(fault, &reading.limits()).error(0).for_server())?;
    let judged = summary.request(head, &buffer.spans, &reading, parts);
    let judged = judged.map_err(|fault| fault.error(0).for_server())?;
    Ok(judged.view(head, &buffer.spans))
}

/// Feature `httparse`. The same as [`check_httparse_request`] for a response to `method`.
///
/// # Errors
///
/// As [`check_httparse_request`].
pub fn check_httparse_response<'b, 'i: 'b>(
    response: &httparse::Response<'_, 'i>,
    head: &'i [u8],
    method: &str,
    limits: &Limits,
    buffer: &'b mut Buffer,
) -> Result<ParsedResponse<'b>, ReceiveError> {
    buffer.reset();
    let reading = Reading::strict(limits.clone());
    let checked = check_response(response, head, &reading, &mut buffer.spans);
    let (summary, parts) =
        checked.map_err(|fault| within(fault, &reading.limits()).error(0).for_client())?;
    let judged = summary.response(RequestKind::of(method), &reading, parts);
    let judged = judged.map_err(|fault| fault.error(0).for_client())?;
    Ok(judged.view(head, &buffer.spans))
}

fn check_request<'b>(
    request: &httparse::Request<'_, 'b>,
    head: &'b [u8],
    reading: &Reading,
    spans: &mut Vec<Span>,
) -> Result<(FieldSummary, RequestParts<'b>), Fault> {
    let limits = &reading.limits();
    let (Some(method), Some(target), Some(minor)) = (request.method, request.path, request.version)
    else {
        return Err(INCOMPLETE);
    };
    let method_at = place(head, method.as_bytes())?.start;
    let target_place = place(head, target.as_bytes())?;
    // httparse passes over any number of empty lines.
    match head.get(..method_at) {
        Some([] | [b'\r', b'\n']) => {}
        Some([b'\n', ..] | [b'\r', b'\n', b'\n', ..]) => {
            let at = method_at.min(if head.starts_with(b"\n") { 0 } else { 2 });
            return Err(Fault::new(Kind::BareLf, at));
        }
        _ => return Err(Fault::new(Kind::EmptyLines, 2)),
    }
    if method.len() > limits.max_method {
        return Err(Fault::new(
            Kind::MethodTooLong,
            method_at + limits.max_method,
        ));
    }
    // The first byte that is wrong counts.
    let good = class::prefix_len(target.as_bytes(), class::is_target);
    if good < target.len() && good <= limits.max_target {
        return Err(Fault::new(Kind::InvalidTarget, target_place.start + good));
    }
    if target.len() > limits.max_target {
        let at = target_place.start + limits.max_target;
        return Err(Fault::new(Kind::TargetTooLong, at));
    }
    let line_end = target_place.end + VERSION_LEN;
    let mut summary = FieldSummary::default();
    let end = fields(request.headers, head, line_end, limits, spans, &mut summary)?;
    let parts = RequestParts {
        method,
        target,
        target_at: target_place.start,
        version: Version::from_minor(minor),
        end,
    };
    Ok((summary, parts))
}

fn check_response<'b>(
    response: &httparse::Response<'_, 'b>,
    head: &'b [u8],
    reading: &Reading,
    spans: &mut Vec<Span>,
) -> Result<(FieldSummary, ResponseParts<'b>), Fault> {
    let (Some(status), Some(minor)) = (response.code, response.version) else {
        return Err(INCOMPLETE);
    };
    if status < 100 {
        return Err(Fault::new(Kind::InvalidStatus, STATUS_AT));
    }
    // httparse passes over empty lines.
    if head.starts_with(b"\n") {
        return Err(Fault::new(Kind::BareLf, 0));
    }
    if !head.starts_with(b"HTTP/1.") {
        return Err(Fault::new(Kind::InvalidVersion, 0));
    }
    // httparse gives no reason that is not ASCII; ours is cut from the bytes.
    let line = head.iter().position(|&byte| byte == b'\n');
    let line = line.ok_or(INCOMPLETE)?;
    let line_end = match head.get(..line) {
        Some([line @ .., b'\r']) => line.len(),
        _ => return Err(Fault::new(Kind::BareLf, line)),
    };
    let reason = head.get(STATUS_AT + 4..line_end).unwrap_or_default();
    if let Some(place) = reason.iter().position(|&byte| !class::is_value(byte)) {
        return Err(Fault::new(Kind::InvalidReason, STATUS_AT + 4 + place));
    }
    let mut summary = FieldSummary::default();
    let limits = &reading.limits();
    let end = fields(
        response.headers,
        head,
        line_end,
        limits,
        spans,
        &mut summary,
    )?;
    let parts = ResponseParts {
        status,
        version: Version::from_minor(minor),
        reason,
        end,
        bare_lf: false,
    };
    Ok((summary, parts))
}

/// Notes the fields, whose lines follow each other without a gap. Gives where the head ends.
fn fields(
    headers: &[httparse::Header<'_>],
    head: &[u8],
    start_line_end: usize,
    limits: &Limits,
    spans: &mut Vec<Span>,
    summary: &mut FieldSummary,
) -> Result<usize, Fault> {
    let mut at = line_end(head, start_line_end)?;
    for header in headers {
        let (name, value) = (header.name.as_bytes(), header.value);
        if spans.len() >= limits.max_fields {
            return Err(Fault::new(Kind::TooManyFields, at));
        }
        let name_end = at + name.len();
        if head.get(at..name_end) != Some(name) || name.is_empty() {
            return Err(INCOMPLETE);
        }
        // RFC 9112 §5.1: "No whitespace is allowed between the field name and colon."
        if head.get(name_end) != Some(&b':') {
            return Err(Fault::new(Kind::InvalidFieldName, name_end));
        }
        let value_start = skip(head, name_end + 1);
        let value_end = value_start + value.len();
        if head.get(value_start..value_end) != Some(value) {
            return Err(INCOMPLETE);
        }
        if let Some(place) = value.iter().position(|&byte| !class::is_value(byte)) {
            return Err(Fault::new(Kind::InvalidFieldValue, value_start + place));
        }
        summary.note(spans.len(), name, value, value_start);
        spans.push(Span {
            name_start: at as u32,
            name_end: name_end as u32,
            value_start: value_start as u32,
            value_end: value_end as u32,
        });
        at = line_end(head, skip(head, value_end))?;
        if at > limits.max_head {
            return Err(Fault::new(Kind::HeadTooLong, limits.max_head));
        }
    }
    let end = line_end(head, at)?;
    match end > limits.max_head {
        true => Err(Fault::new(Kind::HeadTooLong, limits.max_head)),
        false => Ok(end),
    }
}

/// A head that is too long is not looked at beyond its limit.
fn within(fault: Fault, limits: &Limits) -> Fault {
    match fault.at >= limits.max_head {
        true => Fault::new(Kind::HeadTooLong, limits.max_head),
        false => fault,
    }
}

/// What follows the whitespace at `at`.
fn skip(head: &[u8], at: usize) -> usize {
    let rest = head.get(at..).unwrap_or_default();
    at + class::prefix_len(rest, |byte| matches!(byte, b' ' | b'\t'))
}

/// What follows the line end that must stand at `at`.
fn line_end(head: &[u8], at: usize) -> Result<usize, Fault> {
    match head.get(at..) {
        Some([b'\r', b'\n', ..]) => Ok(at + 2),
        Some([b'\n', ..]) => Err(Fault::new(Kind::BareLf, at)),
        Some([b'\r', ..]) => Err(Fault::new(Kind::BareCr, at)),
        _ => Err(INCOMPLETE),
    }
}

/// Where a part lies in the head that it was cut from. Addresses are only compared.
fn place(head: &[u8], part: &[u8]) -> Result<Range<usize>, Fault> {
    let start = (part.as_ptr() as usize).wrapping_sub(head.as_ptr() as usize);
    match head.get(start..start.saturating_add(part.len())) {
        Some(found) if found == part => Ok(start..start + part.len()),
        _ => Err(INCOMPLETE),
    }
}

const INCOMPLETE: Fault = Fault::new(Kind::TruncatedHead, 0);
/// A space, `HTTP/1.` and a digit.
const VERSION_LEN: usize = 9;
const STATUS_AT: usize = 9;
