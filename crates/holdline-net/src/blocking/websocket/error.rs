use std::io;

use holdline_websocket::handshake::{HandshakeError, VerifyError};
use holdline_websocket::{ReceiveError, SendError, Timeout};

use super::super::UrlError;
use super::super::http;
use super::super::http::Response;
use super::super::io::{failed, is_timeout};

/// What can go wrong on a blocking WebSocket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stream failed, or its timeout passed: see [`is_timeout`](Self::is_timeout).
    #[error("{prefix}{0}", prefix = failed(.0))]
    Io(#[from] io::Error),
    /// The stream ended without a Close frame: what the peer meant to say may be incomplete.
    #[error("the connection was cut: there was no Close frame")]
    Disconnected,
    /// The peer broke a rule. It was told with a Close frame.
    #[error("the peer broke a rule: {0}")]
    Receive(#[from] ReceiveError),
    /// The caller asked for something that cannot be sent. Nothing was.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The peer did not answer a ping of the keepalive, or our Close, in time.
    #[error("the peer does not answer")]
    Timeout(Timeout),
    /// The URL is not that of a WebSocket (client).
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The HTTP part of the handshake failed.
    #[error("the handshake failed: {0}")]
    Http(#[source] http::Error),
    /// The request is no WebSocket handshake, and was refused (server).
    #[error("the request was refused: {0}")]
    Handshake(#[from] HandshakeError),
    /// The application refused the request with this status (server).
    #[error("the request was refused with status {0}")]
    Refused(u16),
    /// The client closed the connection before it sent a request (server).
    #[error("there was no request")]
    NoRequest,
    /// The server answered with something other than 101 (client).
    #[error("the server answered with status {}", .0.response.status())]
    Rejected(Box<Rejection>),
    /// The server said 101, but not in the way the standard asks for (client).
    #[error("the server's handshake is wrong: {0}")]
    Verify(#[from] VerifyError),
    /// A subprotocol that was offered is not a token, or was offered twice (client).
    #[error("a subprotocol must be a token, and be offered once")]
    Protocol,
}

impl Error {
    /// Whether the stream's own timeout passed. Nothing is lost: call `read` again, or `flush` after a
    /// send. Never true for a timeout in the handshake, which cannot be taken up again.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Io(error) if is_timeout(error))
    }
}

impl From<http::Error> for Error {
    fn from(error: http::Error) -> Self {
        Self::Http(error)
    }
}

/// An ordinary HTTP response instead of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The head of the response.
    pub response: Response,
    /// What came of the body within 5 s, up to 16 KiB.
    pub body: Vec<u8>,
}
