use std::time::Duration;

use holdline_sse::{Event, Reason};

use super::super::UrlError;
use super::super::http;

/// What an [`EventSource`](super::EventSource) has to tell.
#[derive(Debug)]
#[non_exhaustive]
pub enum Update<'e> {
    /// The server answered with an event stream.
    Open,
    /// An event.
    Event(Event<'e>),
    /// What had come of an event when its stream ended; only with
    /// [`set_cut_events`](super::EventSource::set_cut_events). [`Lost`](Self::Lost) or the error
    /// follows. The ID is the one before this event: with it the event comes again, and whole.
    Cut(Event<'e>),
    /// The last event ID was set without an event; only with
    /// [`Config::ids`](holdline_sse::Config::ids).
    Id(&'e str),
    /// A comment; only with [`Config::comments`](holdline_sse::Config::comments).
    Comment(&'e str),
    /// The reconnection time was set; only with [`Config::retry`](holdline_sse::Config::retry).
    Retry(Duration),
    /// There is no connection, or no longer. The next call waits and connects again.
    Lost(Lost),
    /// The stream's own read timeout passed. Nothing is lost; call again.
    Idle,
}

/// Why there is no connection, and when there will be another attempt.
#[derive(Debug)]
#[non_exhaustive]
pub struct Lost {
    /// Why, in the terms of the standard.
    pub reason: Reason,
    /// The error of the stream or of HTTP, if that is what failed.
    pub error: Option<http::Error>,
    /// How long the next call waits before it connects.
    pub retry_in: Duration,
}

/// What ends an [`EventSource`](super::EventSource) for good.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL cannot be connected to.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The request cannot be sent: a header field or method of the configuration is bad.
    #[error("the request cannot be sent: {0}")]
    Request(#[source] http::Error),
    /// The server's answer is final, or there were more failures in a row than allowed.
    #[error("{reason}{}", detail(.error))]
    Failed {
        /// Why, in the terms of the standard.
        #[source]
        reason: Reason,
        /// What came within 5 s of the body of an answer that is no event stream, up to 16 KiB.
        body: Vec<u8>,
        /// The error of the stream or of HTTP, if that is what failed.
        error: Option<http::Error>,
    },
}

fn detail(error: &Option<http::Error>) -> String {
    let detail = error.as_ref();
    detail.map(|error| format!(": {error}")).unwrap_or_default()
}
