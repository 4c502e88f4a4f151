use std::io;

use holdline_http1::{ReceiveError, SendError};

use super::super::io::is_timeout;

/// What can go wrong on a blocking HTTP connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stream failed, or its timeout passed: see [`is_timeout`](Self::is_timeout).
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    /// The peer broke a rule of HTTP/1.1, or ended the stream too soon.
    #[error("the peer broke a rule: {0}")]
    Receive(#[from] ReceiveError),
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
    /// There is no response that switches to another protocol (client).
    #[error("the connection has not switched to another protocol")]
    NotSwitched,
}

impl Error {
    /// Whether the stream's own timeout passed. Nothing is lost: make the same call again to go on
    /// reading, or call `flush` to go on writing.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Io(error) if is_timeout(error))
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
