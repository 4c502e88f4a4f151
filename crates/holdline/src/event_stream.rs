//! A server's part in an event stream: reading what the client asks for, answering with the right header fields,
//! beginning the stream and keeping it alive.
//!
//! Because old clients cannot set header fields, a request can say in up to three ways where the client stands: see
//! [`Opening`]. `XDomainRequest`, which Internet Explorer 8 and 9 use for pages of other sites, sends GET or POST
//! without credentials and without custom header fields. It needs [the page's own origin](crate::origins) in the
//! answer, and shows nothing of the answer until 2 KiB have arrived.

use std::borrow::Cow;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, RandomState};
use std::time::Duration;

use holdline_http1::RequestHead;
use holdline_net::ConnectionId;

/// What the request of an event stream asks for.
///
/// **The last event ID** comes from the field `Last-Event-ID` (WHATWG HTML §9.2.4). A client that
/// cannot set it uses the query: `lastEventId`, `last_event_id` or `evs_last_event_id`. The field
/// takes precedence over the query, because a browser sends it when it reconnects to the same URL.
/// If the query has several, the last one that is not empty counts, because polyfills append theirs
/// to the URL of the page. An empty ID counts as none: the client has received nothing yet.
///
/// **Padding** is requested by `padding` or `evs_preamble` in the query, with any value but `false`
/// and `0`.
///
/// ```
/// use holdline::event_stream::Opening;
/// use holdline_http1::{Buffer, Event, ServerConfig, ServerConnection};
///
/// let mut http = ServerConnection::new(ServerConfig::default());
/// let mut buffer = Buffer::new();
/// let mut input = &b"GET /sse?padding=true&lastEventId=7-2b HTTP/1.1\r\nHost: a\r\n\r\n"[..];
/// let Ok(Some(Event::Request { head, .. })) = http.receive(&mut input, &mut buffer) else {
///     unreachable!()
/// };
/// let opening = Opening::of(&head);
/// assert_eq!(opening.last_event_id(), Some("7-2b"));
/// assert!(opening.wants_padding()); // holdline_sse::PADDING
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Opening<'r> {
    last_event_id: Option<Cow<'r, str>>,
    padding: bool,
}

impl<'r> Opening<'r> {
    /// Reads the header field and the query of a request. Bytes that are not UTF-8 become U+FFFD: no server has sent
    /// such an ID, so it is simply unknown.
    #[must_use]
    pub fn of(head: &RequestHead<'r>) -> Self {
        let mut in_query = None;
        let mut padding = false;
        for (name, value) in form_urlencoded::parse(head.query().unwrap_or_default().as_bytes()) {
            if LAST_EVENT_ID.contains(&&*name) {
                in_query = Some(value).filter(|id| !id.is_empty()).or(in_query);
            } else if PADDING.contains(&&*name) {
                padding = !matches!(&*value, "false" | "0");
            }
        }
        let field = head.headers().get("last-event-id");
        let field = field.filter(|id| !id.is_empty());
        Self {
            last_event_id: field.map(String::from_utf8_lossy).or(in_query),
            padding,
        }
    }

    /// The ID of the last event that the client received, never empty. `None` if the client comes for the first
    /// time.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        self.last_event_id.as_deref()
    }

    /// Whether the stream should begin with [`holdline_sse::PADDING`], because the client cannot see the beginning
    /// of an answer until 2 KiB of it have arrived.
    #[must_use]
    pub fn wants_padding(&self) -> bool {
        self.padding
    }
}

/// The header fields of the answer, whose status is 200: its type, that it must not be stored, and that nginx must
/// not buffer it.
pub const HEADERS: [(&str, &str); 4] = [
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Accel-Buffering", "no"),
];

/// Whether the client names `text/event-stream` in `Accept`, as every browser's `EventSource` does (WHATWG HTML
/// §9.2.2).
///
/// Such a client never comes back after any status but 200 (§9.2.3). So a server that has no room or is stopping
/// should answer it with 200, [`HEADERS`] and [`not_now`] instead of 503. Do this only for GET: for any other
/// method, 200 would say that the request had been carried out.
#[must_use]
pub fn is_accepted(head: &RequestHead<'_>) -> bool {
    let ranges = head.headers().get_all("accept");
    head.method() == "GET"
        && ranges
            .flat_map(|value| value.split(|&byte| byte == b','))
            .any(is_event_stream)
}

/// Whether a media range of `Accept` (RFC 9110 §12.5.1) is this type with a weight other than 0.
fn is_event_stream(range: &[u8]) -> bool {
    let mut parts = range.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
    let named = parts.next().unwrap_or_default();
    let weighs_nothing = |part: &[u8]| {
        let digits = part.strip_prefix(b"q=").or(part.strip_prefix(b"Q="));
        digits.is_some_and(|digits| digits.iter().all(|byte| matches!(byte, b'0' | b'.')))
    };
    named.eq_ignore_ascii_case(b"text/event-stream") && !parts.any(weighs_nothing)
}

/// The whole body of an event stream that only tells the client when to come back: in 2 to 10 seconds. The time is
/// random, so that clients that were turned away together do not all return together.
#[must_use]
pub fn not_now() -> String {
    // Its keys are random.
    let random = RandomState::new().hash_one(());
    format!("retry: {}\n\n", 2_000 + random % 8_001)
}

/// A little less than `interval` (by up to a quarter), and different for each connection. Otherwise ten thousand
/// connections made within one second would send all their heartbeats in the same millisecond, for ever.
#[must_use]
pub fn heartbeat(interval: Duration, connection: ConnectionId) -> Duration {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(connection);
    interval.mul_f64(1.0 - 0.25 * (hash % 1000) as f64 / 1000.0)
}

/// The last is the name used by a polyfill that prefixes its parameters with `evs_`.
const LAST_EVENT_ID: [&str; 3] = ["lastEventId", "last_event_id", "evs_last_event_id"];
const PADDING: [&str; 2] = ["padding", "evs_preamble"];

#[cfg(test)]
mod tests {
    use holdline_http1::{Buffer, Event, ServerConfig, ServerConnection};

    use super::*;

    fn opening(query: &str, fields: &[u8]) -> Opening<'static> {
        let mut request = format!("GET /sse?{query} HTTP/1.1\r\nHost: a\r\n").into_bytes();
        request.extend_from_slice(fields);
        request.extend_from_slice(b"\r\n");
        let (mut input, mut buffer) = (&request[..], Buffer::new());
        let mut http = ServerConnection::new(ServerConfig::default());
        let Ok(Some(Event::Request { head, .. })) = http.receive(&mut input, &mut buffer) else {
            panic!("{request:?}")
        };
        let Opening {
            last_event_id,
            padding,
        } = Opening::of(&head);
        Opening {
            last_event_id: last_event_id.map(|id| id.into_owned().into()),
            padding,
        }
    }

    fn id(query: &str, fields: &[u8]) -> Option<String> {
        opening(query, fields).last_event_id().map(str::to_owned)
    }

    #[test]
    fn the_field_goes_before_the_query() {
        assert_eq!(id("lastEventId=1", b"Last-Event-ID: 2\r\n").unwrap(), "2");
        assert_eq!(id("lastEventId=1", b"Last-Event-ID:\r\n").unwrap(), "1");
        assert_eq!(id("", b"last-event-id: caf\xc3\xa9\r\n").unwrap(), "café");
        assert_eq!(id("", b"Last-Event-ID: a\xff\r\n").unwrap(), "a\u{fffd}");
        assert_eq!(id("", b""), None);
    }

    #[test]
    fn the_query_has_three_names_for_it() {
        for name in ["lastEventId", "last_event_id", "evs_last_event_id"] {
            assert_eq!(id(&format!("{name}=a%2Fb+c"), b"").unwrap(), "a/b c");
            assert_eq!(id(&format!("{name}="), b""), None);
        }
        for name in ["lasteventid", "Last-Event-ID", "xlastEventId"] {
            assert_eq!(id(&format!("{name}=1"), b""), None);
        }
    }

    #[test]
    fn what_a_polyfill_appends_is_newer_than_what_the_page_began_with() {
        assert_eq!(id("last_event_id=1&lastEventId=2&r=7", b"").unwrap(), "2");
        assert_eq!(id("lastEventId=1&lastEventId=", b"").unwrap(), "1");
    }

    #[test]
    fn an_event_source_is_known_by_what_it_accepts() {
        let accepts = |method: &str, accept: &str| {
            let request = format!("{method} /sse HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n");
            let (mut input, mut buffer) = (request.as_bytes(), Buffer::new());
            let mut http = ServerConnection::new(ServerConfig::default());
            match http.receive(&mut input, &mut buffer) {
                Ok(Some(Event::Request { head, .. })) => is_accepted(&head),
                other => panic!("{other:?}"),
            }
        };
        for accept in [
            "text/event-stream",
            "application/json, Text/Event-Stream;q=0.5",
            "text/html\r\nAccept: text/event-stream",
        ] {
            assert!(accepts("GET", accept), "{accept}");
            assert!(!accepts("HEAD", accept), "{accept}");
        }
        for accept in [
            "*/*",
            "text/*",
            "text/event-stream; q=0.0",
            "text/event-streams",
            "",
        ] {
            assert!(!accepts("GET", accept), "{accept}");
        }
    }

    #[test]
    fn clients_that_are_sent_away_come_back_at_different_times() {
        let times: std::collections::HashSet<u64> = (0..50)
            .map(|_| {
                let body = not_now();
                let time = body
                    .strip_prefix("retry: ")
                    .and_then(|rest| rest.strip_suffix("\n\n"));
                let time = time.unwrap().parse().unwrap();
                assert!((2_000..=10_000).contains(&time), "{time}");
                time
            })
            .collect();
        assert!(times.len() > 25, "{times:?}");
    }

    #[test]
    fn padding_is_for_those_who_ask() {
        for query in [
            "padding=true",
            "padding",
            "padding=1",
            "a&evs_preamble=2056",
        ] {
            assert!(opening(query, b"").wants_padding(), "{query}");
        }
        for query in ["", "padding=false", "padding=0", "evs_preamble=0", "pad=1"] {
            assert!(!opening(query, b"").wants_padding(), "{query}");
        }
    }
}
