use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use crate::Limits;

/// What an [`EventSource`](crate::EventSource) requests, and how it comes back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// An absolute `http` or `https` URL.
    pub url: String,
    /// The request method. Default: `GET`.
    pub method: String,
    /// More request headers. `Accept`, `Accept-Encoding` and `Cache-Control` given here replace
    /// the source's own.
    /// A redirect to another origin is followed without `Authorization`, `Cookie` and
    /// `Proxy-Authorization`.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The request body. Default: empty. `Content-Length` is up to the caller's HTTP client.
    pub body: Bytes,
    /// The last event ID of an earlier source, to go on from there. Default: empty.
    pub last_event_id: String,

    /// Whether to connect again when the stream ends or breaks. Default: yes.
    pub reconnect: bool,
    /// How many times in a row to try again without success, before the source closes. Success is
    /// an event, or a stream that stayed open for at least as long as the delay before it.
    /// Default: no limit.
    pub max_retries: Option<u32>,
    /// The delay before connecting again, until the server sends `retry`. Default: 3 s.
    pub reconnection_time: Duration,
    /// The least delay, whatever the server sends: `retry: 0` must not become a busy loop.
    /// Default: 100 ms.
    pub min_delay: Duration,
    /// Each attempt in a row without success doubles the delay, up to this. It does not shorten a
    /// `retry` that is longer. Default: 60 s.
    pub max_delay: Duration,
    /// The longest delay that the server may ask for, with `retry` or `Retry-After`. What is longer
    /// counts as this. Default: 1 hour.
    pub max_server_delay: Duration,
    /// How much longer a delay may become at random, in percent of it. Never shorter, because the
    /// server chose the delay. Default: 50.
    pub jitter_percent: u32,
    /// Which statuses other than 200 and the redirects are no reason to close: the source tries
    /// again. Default: none, as in the standard. [`is_temporary`] is a sensible choice; a
    /// `Retry-After` is then obeyed.
    pub retry_status: fn(u16) -> bool,
    /// How many redirects in a row to follow. Default: 20, as in the Fetch standard.
    pub max_redirects: u32,

    /// The decoder's limits.
    pub limits: Limits,
    /// Whether to hand out [`Item::Comment`](crate::Item::Comment). Default: no.
    pub comments: bool,
    /// Whether to hand out [`Item::Retry`](crate::Item::Retry). Default: no.
    pub retry: bool,
    /// Whether to hand out [`Item::Id`](crate::Item::Id). Default: no.
    pub ids: bool,
}

impl Config {
    /// What the standard's `EventSource` does with this URL.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: "GET".into(),
            headers: Vec::new(),
            body: Bytes::new(),
            last_event_id: String::new(),
            reconnect: true,
            max_retries: None,
            reconnection_time: Duration::from_secs(3),
            min_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(60),
            max_server_delay: Duration::from_secs(60 * 60),
            jitter_percent: 50,
            retry_status: |_| false,
            max_redirects: 20,
            limits: Limits::new(),
            comments: false,
            retry: false,
            ids: false,
        }
    }

    /// One `POST` with a JSON body, whose response is an event stream, as the interfaces of
    /// language models have it. It does not reconnect: a second request would do the work again,
    /// and begin at its start.
    #[must_use]
    pub fn post_json(url: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            method: "POST".into(),
            headers: Vec::from([("Content-Type".into(), b"application/json".to_vec())]),
            body: body.into(),
            reconnect: false,
            ..Self::new(url)
        }
    }

    /// `delay` and a random part of [`jitter_percent`](Self::jitter_percent) of it.
    pub(super) fn jittered(&self, delay: Duration, random: u32) -> Duration {
        let most = delay.as_nanos().saturating_mul(self.jitter_percent.into());
        let more = (most / 100).saturating_mul(random.into()) >> u32::BITS;
        let second = Duration::from_secs(1).as_nanos();
        let seconds = u64::try_from(more / second).unwrap_or(u64::MAX);
        let nanos = u32::try_from(more % second).unwrap_or(0);
        delay.saturating_add(Duration::new(seconds, nanos))
    }
}

/// Whether a status is likely to pass: 408, 425, 429, 500, 502, 503 and 504. For
/// [`Config::retry_status`].
#[must_use]
pub const fn is_temporary(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}
