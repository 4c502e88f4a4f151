//! Items to bytes (WHATWG HTML §9.2.5).

use bytes::BytesMut;
use core::time::Duration;
use memchr::memchr3;

use crate::EncodeError;
use crate::line::lines;

/// The fields of one event to send.
///
/// ```
/// use bytes::BytesMut;
/// use holdline_sse::EventFields;
///
/// let mut out = BytesMut::new();
/// let event = EventFields { id: Some("7"), ..EventFields::data("two\nlines") };
/// event.encode(&mut out)?;
/// assert_eq!(&out[..], b"id: 7\ndata: two\ndata: lines\n\n");
/// # Ok::<(), holdline_sse::EncodeError>(())
/// ```
///
/// No string can begin another field or another event: line ends in `data` begin another `data`
/// line, and in `event` and `id` they are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventFields<'a> {
    /// The event type. `None` and `Some("")` both mean `message` to the receiver.
    ///
    /// Do not use `open` or `error`: an `EventSource` in a browser fires events of its own with
    /// these names, and a listener cannot tell them apart.
    pub event: Option<&'a str>,
    /// The last event ID from this event on. `Some("")` resets it.
    ///
    /// A client sends it back in the header `Last-Event-ID`, so keep it short: servers and
    /// proxies refuse a request head of more than a few KiB, and the client could then never
    /// reconnect. Control characters, and spaces at either end, cannot be carried by a header.
    pub id: Option<&'a str>,
    /// The data. `Some("")` dispatches an event with empty data. With `None` no event is
    /// dispatched, but `id` and `retry` take effect.
    ///
    /// CRLF, CR and LF all end a line of data. The receiver joins the lines with LF, so what it
    /// sees is the same text with every line end turned into LF.
    pub data: Option<&'a str>,
    /// The reconnection time, written in whole milliseconds. A part of a millisecond is dropped.
    pub retry: Option<Duration>,
}

impl<'a> EventFields<'a> {
    /// An event of type `message` that has data and nothing else.
    #[must_use]
    pub const fn data(data: &'a str) -> Self {
        Self {
            event: None,
            id: None,
            data: Some(data),
            retry: None,
        }
    }

    /// Appends the block to `out`: the fields that are set, and a blank line.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] when `event` or `id` contains CR, LF or NUL. Nothing was written then.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        if let Some(event) = self.event
            && let Some((byte, at)) = forbidden(event)
        {
            return Err(EncodeError::EventType { byte, at });
        }
        if let Some(id) = self.id
            && let Some((byte, at)) = forbidden(id)
        {
            return Err(EncodeError::Id { byte, at });
        }
        let len = |text: Option<&str>| text.map_or(0, |text| text.len() + "event: \n".len());
        out.reserve(len(self.event) + len(self.id) + len(self.data) + 1);
        if let Some(event) = self.event {
            put_line(b"event:", event, out);
        }
        if let Some(id) = self.id {
            put_line(b"id:", id, out);
        }
        if let Some(retry) = self.retry {
            put_retry(retry, out);
        }
        if let Some(data) = self.data {
            put_lines(b"data:", data, out);
        }
        out.extend_from_slice(b"\n");
        Ok(())
    }
}

/// Appends a comment, which receivers ignore. Each line of `text` becomes a comment line.
///
/// A blank line follows, so that the comment is a block of its own: write it between events.
pub fn encode_comment(text: &str, out: &mut BytesMut) {
    put_lines(b":", text, out);
    out.extend_from_slice(b"\n");
}

/// Appends a block that sets the last event ID and dispatches no event. An empty ID resets it.
///
/// # Errors
///
/// [`EncodeError::Id`] when `id` contains CR, LF or NUL. Nothing was written then.
pub fn encode_id(id: &str, out: &mut BytesMut) -> Result<(), EncodeError> {
    EventFields {
        id: Some(id),
        ..EventFields::default()
    }
    .encode(out)
}

/// Appends a block that sets the reconnection time and dispatches no event. Whole milliseconds
/// are written; a part of one is dropped.
pub fn encode_retry(time: Duration, out: &mut BytesMut) {
    put_retry(time, out);
    out.extend_from_slice(b"\n");
}

/// A block that means nothing: an empty comment. Send it every 15 seconds or so to a quiet
/// client. "Legacy proxy servers are known to, in certain cases, drop HTTP connections after a
/// short timeout" (WHATWG HTML §9.2.7), and a write is how a server learns that a client is gone.
pub const HEARTBEAT: &[u8] = b":\n\n";

/// A comment of 2 KiB and a blank line. Send it first to clients that cannot see the beginning of
/// a response before that much has arrived: the polyfills that use `XDomainRequest` in Internet
/// Explorer 8 and 9, or `XMLHttpRequest` in old browsers.
pub const PADDING: &[u8] = &{
    let mut padding = [b' '; 2 + 2048];
    padding[0] = b':';
    padding[2048] = b'\n';
    padding[2049] = b'\n';
    padding
};

fn put_lines(name: &[u8], text: &str, out: &mut BytesMut) {
    for line in lines(text) {
        put_line(name, line, out);
    }
}

fn put_line(name: &[u8], value: &str, out: &mut BytesMut) {
    out.extend_from_slice(name);
    if !value.is_empty() {
        // Always a space: one space is removed, and the value may begin with its own.
        out.extend_from_slice(b" ");
        out.extend_from_slice(value.as_bytes());
    }
    out.extend_from_slice(b"\n");
}

fn put_retry(time: Duration, out: &mut BytesMut) {
    let mut rest = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let mut digits = [0; 20];
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(b"retry: ");
    out.extend_from_slice(&digits[digits.len() - used..]);
    out.extend_from_slice(b"\n");
}

/// The first byte of `value` that a one-line field cannot carry, and where it is.
fn forbidden(value: &str) -> Option<(u8, usize)> {
    let at = memchr3(0x0d, 0x0a, 0x00, value.as_bytes())?;
    Some((*value.as_bytes().get(at)?, at))
}
