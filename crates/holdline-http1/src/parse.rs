//! Heads on plain slices, for those who want no more.

use crate::buffer::Buffer;
use crate::error::{Fault, ReceiveError, ReceiveErrorKind as Kind};
use crate::head::judge::{self, ParsedRequest, ParsedResponse, RequestKind};
use crate::limits::{Limits, Reading};
use crate::wire::scan::{Rules, Scan};

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
    match judge::request(input, &strict(limits), &mut buffer.spans) {
        Some(Ok(request)) => Ok(Some(request.view(input, &buffer.spans))),
        Some(Err(fault)) => Err(fault.error(0).for_server()),
        None => unfinished(Scan::request(), input, limits)
            .map_err(|fault| fault.error(0).for_server())
            .map(|()| None),
    }
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
    let kind = RequestKind::of(method);
    match judge::response(input, kind, &strict(limits), &mut buffer.spans) {
        Some(Ok(response)) => Ok(Some(response.view(input, &buffer.spans))),
        Some(Err(fault)) => Err(fault.error(0).for_client()),
        None => unfinished(Scan::response(), input, limits)
            .map_err(|fault| fault.error(0).for_client())
            .map(|()| None),
    }
}

/// Made anew where it is needed, so that what nobody looks at is not made at all.
#[inline(always)]
fn strict(limits: &Limits) -> Reading {
    Reading::strict(limits.clone())
}

/// Why a head was not taken: it is bad, or else not complete.
#[inline(never)]
fn unfinished(mut scan: Scan, input: &[u8], limits: &Limits) -> Result<(), Fault> {
    match scan.advance(input, &Rules::head(&strict(limits)))? {
        None => Ok(()),
        // The tests of `wire::cut` show that this does not happen.
        Some(end) => Err(Fault::new(Kind::BufferMismatch, end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BodyLength;

    #[test]
    fn plain_slices_can_be_parsed() {
        let mut buffer = Buffer::new();
        let limits = Limits::default();
        let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
        let parsed = parse_request_head(request, &limits, &mut buffer)
            .expect("good")
            .expect("whole");
        assert_eq!(
            (parsed.body, parsed.consumed),
            (BodyLength::None, request.len() - 4)
        );
        for length in 0..parsed.consumed {
            let part = parse_request_head(&request[..length], &limits, &mut buffer);
            assert!(part.expect("good").is_none());
        }
        let error = parse_request_head(b"GET / HTTP/1.1\r\n\n", &limits, &mut buffer);
        assert_eq!(error.expect_err("bad").at(), 16);

        let response = b"HTTP/1.1 200 OK\r\n\r\n";
        for (method, body) in [("GET", BodyLength::UntilClose), ("HEAD", BodyLength::None)] {
            let parsed = parse_response_head(response, method, &limits, &mut buffer);
            assert_eq!(parsed.expect("good").expect("whole").body, body);
        }
    }
}
