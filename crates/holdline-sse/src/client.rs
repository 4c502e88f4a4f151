//! The client's side of an event stream, which connects again whenever the stream breaks
//! (WHATWG HTML §9.2.2 and §9.2.3).
//!
//! ```text
//!               poll_request           receive_response: 200
//!      Ready ──────────────► Requested ─────────────────────► Open
//!        ▲ ▲                  │  │  │                          │
//!        │ └───── redirect ───┘  │  │ receive_eof,             │
//!        │                       │  │ connection_failed,       │
//!        │ handle_timeout        │  │ status to retry          │
//!     Waiting ◄──────────────────┼──┴──────────────────────────┤
//!                                ▼                             │
//!                              Closed ◄── too long, close ─────┘
//! ```
//!
//! `Ready`, `Requested` and `Waiting` are all [`ReadyState::Connecting`]. From `Requested` a final
//! answer, or a connection that is impossible, leads to `Closed`, too.

mod config;
mod date;
mod reason;
mod redirect;
mod request;

use core::time::Duration;

pub use self::config::{Config, is_temporary};
pub use self::reason::{ReadyState, Reason};
pub use self::request::{Request, Response};

use self::redirect::Redirects;
use crate::{Buffer, DecodeError, Decoder, Event, Item};

/// An `EventSource` without IO: it says what to request and when, and reads what comes.
///
/// The caller does the rest: it opens connections, tells the time as a [`Duration`] since an
/// origin of its own, and gives 32 random bits wherever a delay is chosen, so that a thousand
/// clients that lost one server do not come back at the same moment.
///
/// ```
/// # use core::time::Duration;
/// # use holdline_sse::{Buffer, Config, Event, EventSource, Item, ReadyState, Response};
/// # fn connect(request: holdline_sse::Request<'_>) -> (Response<'static>, &'static [u8]) {
/// #     (Response::new(200, [("content-type", &b"text/event-stream"[..])]), b"id: 7\ndata: hello\n\n")
/// # }
/// # let (now, random) = (Duration::ZERO, 0);
/// let mut source = EventSource::new(Config::new("http://localhost:8080/events"));
/// let mut buffer = Buffer::new();
/// while let Some(request) = source.poll_request() {
///     let (response, body) = connect(request);
///     if source.receive_response(&response, now, random) == ReadyState::Open {
///         let mut input = &body[..];
///         while let Some(Item::Event(event)) = source.receive(&mut input, &mut buffer)? {
///             assert_eq!((event.data, event.id), ("hello", "7"));
///         }
///         source.receive_eof(now, random);
///     }
///     // Sleep until `poll_timeout`, then go on: `source.handle_timeout(now)`.
/// }
/// assert_eq!(source.poll_timeout(), Some(Duration::from_secs(3)));
/// assert_eq!(source.last_event_id(), "7");
/// # Ok::<(), holdline_sse::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct EventSource {
    config: Config,
    decoder: Decoder,
    redirects: Redirects,
    phase: Phase,
    reason: Option<Reason>,
    /// Attempts in a row without an event and without a stream that outlived its delay.
    failures: u32,
}

impl EventSource {
    /// An event source that wants to connect at once.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let mut decoder = Decoder::new(config.limits).with_last_event_id(&config.last_event_id);
        if config.comments {
            decoder = decoder.with_comments();
        }
        if config.retry {
            decoder = decoder.with_retry();
        }
        if config.ids {
            decoder = decoder.with_ids();
        }
        Self {
            config,
            decoder,
            redirects: Redirects::default(),
            phase: Phase::Ready,
            reason: None,
            failures: 0,
        }
    }

    /// The state, as `EventSource.readyState` gives it.
    #[must_use]
    pub const fn ready_state(&self) -> ReadyState {
        match self.phase {
            Phase::Ready | Phase::Requested | Phase::Waiting { .. } => ReadyState::Connecting,
            Phase::Open { .. } => ReadyState::Open,
            Phase::Closed => ReadyState::Closed,
        }
    }

    /// Why the last connection ended, when the source is `Connecting` again or `Closed`.
    /// `None` while nothing went wrong yet, and while it is `Open`.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// The request to send now, once; `None` when none is due. Open a connection, send it, and
    /// tell what came of it with [`receive_response`](Self::receive_response) or
    /// [`connection_failed`](Self::connection_failed).
    pub fn poll_request(&mut self) -> Option<Request<'_>> {
        if self.phase != Phase::Ready {
            return None;
        }
        self.phase = Phase::Requested;
        let id = self.decoder.last_event_id();
        Some(Request::new(&self.config, &self.redirects, id))
    }

    /// Tells what the server answered, and returns what that means:
    ///
    /// - `Open`: pass the body to [`receive`](Self::receive).
    /// - `Connecting`: drop the body. After a redirect there is another
    ///   [request](Self::poll_request) at once, else one after
    ///   [`poll_timeout`](Self::poll_timeout).
    /// - `Closed`: drop the body. See [`reason`](Self::reason).
    ///
    /// Only 200 with `text/event-stream` opens the stream; parameters of the type are ignored. It
    /// must not have a content coding, because none was asked for (RFC 9110 §12.5.3). Redirects 301, 302,
    /// 303, 307 and 308 are followed. Every other status is final, also 204, with which a server tells
    /// a client to stop, unless [`Config::retry_status`] says otherwise.
    ///
    /// `random` is 32 random bits. Does nothing when no request was sent.
    pub fn receive_response(
        &mut self,
        response: &Response<'_>,
        now: Duration,
        random: u32,
    ) -> ReadyState {
        if self.phase == Phase::Requested {
            match response.status {
                200 if response.is_encoded() => self.fail(Reason::ContentEncoding),
                200 if response.is_event_stream() => {
                    self.phase = Phase::Open { since: now };
                    self.reason = None;
                }
                200 => self.fail(Reason::ContentType),
                status @ (301 | 302 | 303 | 307 | 308) => {
                    match self
                        .redirects
                        .follow(&self.config, status, response.location)
                    {
                        Ok(()) => self.phase = Phase::Ready,
                        Err(reason) => self.fail(reason),
                    }
                }
                status if (self.config.retry_status)(status) => {
                    self.retry(Reason::Status(status), now, random, response.retry_after());
                }
                status => self.fail(Reason::Status(status)),
            }
        }
        self.ready_state()
    }

    /// Takes bytes of the response body up to the end of the next item, like
    /// [`Decoder::decode`]. Bytes that come when the stream is not `Open` are dropped.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the stream exceeds a limit. The source is then `Closed`: with the
    /// same last event ID the server would send the same event again.
    pub fn receive<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Item<'b>>, DecodeError> {
        if !self.is_open() {
            *input = &[];
            return match self.reason {
                Some(Reason::Decode(error)) => Err(error),
                _ => Ok(None),
            };
        }
        match self.decoder.decode(input, buffer) {
            Ok(item) => {
                if let Some(Item::Event(_)) = item {
                    self.failures = 0;
                }
                Ok(item)
            }
            Err(error) => {
                self.fail(Reason::Decode(error));
                Err(error)
            }
        }
    }

    /// Tells that the response body ended. What was unfinished is discarded, and the source
    /// connects again after a delay, unless [`Config::reconnect`] is off. The reason is
    /// [`Reason::EndInEvent`] if something was unfinished. `random` is 32 random bits.
    pub fn receive_eof(&mut self, now: Duration, random: u32) -> ReadyState {
        let reason = match self.decoder.is_between_events() {
            true => Reason::EndOfStream,
            false => Reason::EndInEvent,
        };
        self.lose(reason, now, random)
    }

    /// Tells that no connection could be made, that it broke, or that nothing came for too long:
    /// a server that sends heartbeats and is silent for three of them is gone. Otherwise like
    /// [`receive_eof`](Self::receive_eof).
    pub fn connection_failed(&mut self, now: Duration, random: u32) -> ReadyState {
        self.lose(Reason::ConnectionFailed, now, random)
    }

    /// Tells that no connection to the request's [URL](Self::url) can ever be made: it needs TLS
    /// and the caller has none, or the caller cannot read a URL that a redirect gave. The source is
    /// then `Closed`. Does nothing when no request is due or sent.
    pub fn connection_impossible(&mut self) -> ReadyState {
        if matches!(self.phase, Phase::Ready | Phase::Requested) {
            self.fail(Reason::Unreachable);
        }
        self.ready_state()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout): the end of the delay before the
    /// next request. `None` when there is nothing to wait for.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Duration> {
        match self.phase {
            Phase::Waiting { until } => Some(until),
            _ => None,
        }
    }

    /// Tells the time. When the delay is over there is a [request](Self::poll_request) to send.
    pub fn handle_timeout(&mut self, now: Duration) {
        if let Phase::Waiting { until } = self.phase
            && now >= until
        {
            // Each attempt begins at the source's own URL again.
            self.redirects = Redirects::default();
            self.phase = Phase::Ready;
        }
    }

    /// Closes the source for good. Drop the connection if there is one.
    pub fn close(&mut self) {
        if self.phase != Phase::Closed {
            self.fail(Reason::Closed);
        }
    }

    /// The last event ID string, which the next request carries. Keep it to go on in another
    /// process: [`Config::last_event_id`].
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        self.decoder.last_event_id()
    }

    /// The reconnection time: the server's last `retry`, but at most
    /// [`Config::max_server_delay`]; or [`Config::reconnection_time`].
    #[must_use]
    pub fn reconnection_time(&self) -> Duration {
        match self.decoder.reconnection_time() {
            Some(time) => time.min(self.config.max_server_delay),
            None => self.config.reconnection_time,
        }
    }

    /// The URL that the present request goes to, after redirects.
    #[must_use]
    pub fn url(&self) -> &str {
        self.redirects.url(&self.config)
    }

    /// Whether nothing of an event is unfinished, as
    /// [`Decoder::is_between_events`] tells it. Ask before
    /// [`receive_eof`](Self::receive_eof) to learn whether the stream was cut in an event.
    #[must_use]
    pub fn is_between_events(&self) -> bool {
        self.decoder.is_between_events()
    }

    /// What has come of the event that is arriving, as [`Decoder::cut_event`] tells it. Ask before
    /// [`receive_eof`](Self::receive_eof) or [`connection_failed`](Self::connection_failed) for an
    /// event that was cut off; the standard wants it discarded.
    pub fn cut_event<'b>(&self, buffer: &'b mut Buffer) -> Option<Event<'b>> {
        self.decoder.cut_event(buffer).filter(|_| self.is_open())
    }

    const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    fn lose(&mut self, reason: Reason, now: Duration, random: u32) -> ReadyState {
        if matches!(self.phase, Phase::Requested | Phase::Open { .. }) {
            self.retry(reason, now, random, None);
        }
        self.ready_state()
    }

    /// "Reestablish the connection", unless this was one failure too many.
    fn retry(&mut self, reason: Reason, now: Duration, random: u32, after: Option<Duration>) {
        self.decoder.discard_unfinished();
        // A stream that lived for longer than the delay before it counts as a success.
        if let Phase::Open { since } = self.phase
            && now.saturating_sub(since) >= self.delay(self.failures.saturating_sub(1))
        {
            self.failures = 0;
        }
        let exponent = self.failures;
        self.failures = self.failures.saturating_add(1);
        let is_last = |max| exponent >= max;
        if !self.config.reconnect || self.config.max_retries.is_some_and(is_last) {
            self.fail(reason);
            return;
        }
        let after = after.unwrap_or_default().min(self.config.max_server_delay);
        let delay = self.delay(exponent).max(after);
        let until = now.saturating_add(self.config.jittered(delay, random));
        self.phase = Phase::Waiting { until };
        self.reason = Some(reason);
    }

    /// "Wait a delay equal to the reconnection time of the event source. Optionally, wait some
    /// more. In particular, if the previous attempt failed, then user agents might introduce an
    /// exponential backoff delay to avoid overloading a potentially already overloaded server."
    fn delay(&self, exponent: u32) -> Duration {
        let first = self.reconnection_time().max(self.config.min_delay);
        let factor = 1_u32.checked_shl(exponent).unwrap_or(u32::MAX);
        let most = self.config.max_delay.max(first);
        first.saturating_mul(factor).min(most)
    }

    /// "Fail the connection".
    fn fail(&mut self, reason: Reason) {
        self.phase = Phase::Closed;
        self.reason = Some(reason);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A request is due.
    Ready,
    /// The response is awaited.
    Requested,
    /// The response is an event stream, and was so at this time.
    Open {
        since: Duration,
    },
    /// The delay before the next request.
    Waiting {
        until: Duration,
    },
    Closed,
}
