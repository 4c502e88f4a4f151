use std::io;

use holdline_http1::{ReceiveError, SendError};

use super::super::io::{failed, is_timeout};

/// What can go wrong on a blocking HTTP connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stream failed, or a timeout passed: see [`is_timeout`](Self::is_timeout).
    #[error("{prefix}{0}", prefix = failed(.0))]
    Io(#[from] io::Error),
    /// The peer broke a rule of HTTP/1.1, or ended the stream too soon.
    #[error("the peer broke a rule: {}", rule(.0))]
    Receive(ReceiveError),
    /// The caller asked for something that HTTP/1.1 does not allow. Nothing was sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The body is longer than the caller's limit. The rest of it is unread.
    #[error("the body has more than {limit} bytes")]
    BodyTooLong {
        /// The caller's limit, in bytes.
        limit: usize,
    },
    /// The caller asked for the next request before the last one was answered to its end (server).
    #[error("the response to the last request is not finished")]
    Unanswered,
    /// The caller asked for a response without a request before it (client).
    #[error("no request is under way that could be answered: send one first")]
    NoRequest,
    /// The connection was used before and is gone: see [`is_stale`](Self::is_stale).
    #[error("the connection cannot be used again: {0}")]
    Stale(#[source] io::Error),
    /// There is no response that switches to another protocol (client).
    #[error("the connection has not switched to another protocol")]
    NotSwitched,
    /// The value of a field line is not UTF-8.
    #[error("the value of {name} is not UTF-8")]
    NotText {
        /// The field's name, as it was asked for.
        name: String,
    },
}

impl Error {
    /// Whether a timeout passed: the stream's own, or that of
    /// [`Client::set_timeout`](super::Client::set_timeout). Nothing is lost: make the same call again to go
    /// on reading, or call `flush` to go on writing.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Io(error) if is_timeout(error))
    }

    /// Whether a connection that was used before turned out to be closed, with not one byte of a response to
    /// this request (client). Servers close idle connections at any time, so connect again.
    ///
    /// Whether the request may be sent again depends on the call that gave the error. After
    /// [`request`](super::Client::request) or `send_request` the server does not have the whole request. After
    /// [`read_response`](super::Client::read_response) it may have acted on it: send only what is idempotent
    /// again by yourself (RFC 9110 §9.2.2, RFC 9112 §9.5).
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Stale(_))
    }

    /// The status with which a server answers this error.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Receive(error) => error.status(),
            Self::BodyTooLong { .. } => 413,
            Self::Io(error) if is_timeout(error) => 408,
            _ => 500,
        }
    }
}

impl From<ReceiveError> for Error {
    fn from(error: ReceiveError) -> Self {
        Self::Receive(error)
    }
}

/// The rule alone: what to answer concerns only a server, which asks for [`Error::status`].
fn rule(error: &ReceiveError) -> String {
    let (what, at, section) = (error.kind().description(), error.at(), error.section());
    format!("{what} at byte {at} ({section})")
}
