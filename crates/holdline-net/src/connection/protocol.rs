//! What a connection speaks.

use super::http::Http;
use super::lingering::Lingering;
use super::raw::RawSocket;
use super::websocket::Socket;

pub(super) enum Protocol<S> {
    Http(Http<S>),
    WebSocket(Socket<S>),
    /// What the handler decodes.
    Raw(RawSocket<S>),
    Lingering(Lingering),
}

impl<S> Protocol<S> {
    /// Whether a response is pending, so that nothing more is parsed before it is finished.
    pub(super) fn is_pending(&self) -> bool {
        matches!(self, Protocol::Http(http) if http.is_pending())
    }

    /// Whether it may hand out more of what it was given, without another byte.
    pub(super) fn has_more(&self) -> bool {
        match self {
            Protocol::Http(http) => http.has_more(),
            Protocol::WebSocket(socket) => socket.has_more(),
            Protocol::Raw(_) | Protocol::Lingering(_) => false,
        }
    }

    pub(super) fn has_stream(&self) -> bool {
        match self {
            Protocol::Http(http) => http.has_stream(),
            Protocol::WebSocket(_) | Protocol::Raw(_) => true,
            Protocol::Lingering(_) => false,
        }
    }

    /// Whether the body of a response is being sent.
    pub(super) fn has_body(&self) -> bool {
        matches!(self, Protocol::Http(http) if http.has_body())
    }

    /// Whether the handler may be called.
    pub(super) fn is_established(&self) -> bool {
        match self {
            Protocol::WebSocket(socket) => socket.is_established(),
            Protocol::Http(_) | Protocol::Raw(_) | Protocol::Lingering(_) => true,
        }
    }

    pub(super) fn into_stream(self) -> Option<S> {
        match self {
            Protocol::Http(http) => http.into_stream(),
            Protocol::WebSocket(socket) => Some(socket.stream),
            Protocol::Raw(raw) => Some(raw.stream),
            Protocol::Lingering(_) => None,
        }
    }
}
