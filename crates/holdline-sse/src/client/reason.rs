use thiserror::Error;

use crate::error::DecodeError;

/// The states of the standard, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadyState {
    /// Not yet connected, or connecting again.
    Connecting = 0,
    /// The response is an event stream.
    Open = 1,
    /// Closed for good.
    Closed = 2,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// The response body ended.
    #[error("the stream ended")]
    EndOfStream,
    /// The response body ended inside a line or an event. See
    /// [`EventSource::cut_event`](crate::EventSource::cut_event).
    #[error("the stream ended inside an event")]
    EndInEvent,
    /// There was no connection, or it broke.
    #[error("the connection failed")]
    ConnectionFailed,
    /// No connection to the URL can ever be made, as the caller
    /// [told](crate::EventSource::connection_impossible).
    #[error("no connection to this URL can be made")]
    Unreachable,
    /// The server answered with this status.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// The response is no `text/event-stream`.
    #[error("the response is not text/event-stream")]
    ContentType,
    /// The response has a content coding, such as gzip, although none was asked for.
    #[error("the event stream is compressed or otherwise encoded, which was not asked for")]
    ContentEncoding,
    /// A redirect without a `Location`, or to something that is not an HTTP URL.
    #[error("a redirect has no location that can be followed")]
    Location,
    /// More redirects in a row than [`Config::max_redirects`](crate::Config::max_redirects).
    #[error("too many redirects")]
    TooManyRedirects,
    /// The stream exceeded a limit.
    #[error(transparent)]
    Decode(DecodeError),
    /// [`EventSource::close`](crate::EventSource::close) was called.
    #[error("closed by the client")]
    Closed,
}
