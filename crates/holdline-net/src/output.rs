//! What a handler writes to: typed by what the connection is, so that nothing can be sent that
//! the protocol does not allow at that point.

use std::time::Duration;

use holdline_http1::{
    Fields, HeaderBlock, PreChunked, RequestHead, ResponseBody, SendError, ServerConnection,
};
use holdline_websocket::{self as websocket, CloseCode, PreparedMessage};

use crate::machine::Machine;
use crate::queue::Outgoing;

/// Answers one request. Made by the server for [`Handler::request`](crate::Handler::request).
#[derive(Debug)]
pub struct Responder<'a, S> {
    pub(crate) exchange: Exchange<'a>,
    pub(crate) outcome: &'a mut Outcome<S>,
}

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Outcome<S> {
    Unanswered,
    Answered,
    Held(S),
    Streaming(S),
    Upgraded(Machine, S),
    /// The head that should have begun it cannot be sent.
    Unsendable(S),
}

impl<S> Responder<'_, S> {
    /// Answers with the whole body. `Date`, `Content-Length` and `Connection` are added.
    ///
    /// # Errors
    /// A header field that cannot be sent. Nothing has been written; the server answers 500.
    pub fn respond(
        mut self,
        status: u16,
        headers: impl Fields,
        body: &[u8],
    ) -> Result<(), SendError> {
        self.exchange.respond(status, headers, body)?;
        *self.outcome = Outcome::Answered;
        Ok(())
    }

    /// Answers later: [`Handler::ready`](crate::Handler::ready) and the rest get
    /// [`Output::Held`].
    pub fn hold(self, stream: S) {
        *self.outcome = Outcome::Held(stream);
    }

    /// Sends the head now and the body in pieces, chunked or to an HTTP/1.0 client until the
    /// connection closes: [`Handler::ready`](crate::Handler::ready) and the rest get
    /// [`Output::Body`].
    ///
    /// # Errors
    /// A header field that cannot be sent. Nothing has been written; the server answers 500 and
    /// gives the stream back to [`Handler::closed`](crate::Handler::closed).
    pub fn stream(mut self, status: u16, headers: impl Fields, stream: S) -> Result<(), SendError> {
        let sent = self
            .exchange
            .send_head(status, headers, ResponseBody::Streamed);
        *self.outcome = match sent {
            Ok(()) => Outcome::Streaming(stream),
            Err(_) => Outcome::Unsendable(stream),
        };
        sent
    }

    /// Answers `101` with `headers` (what
    /// [`response`](websocket::handshake::server::Request::response) gives); what follows is a
    /// WebSocket: [`Handler::ready`](crate::Handler::ready) and the rest get
    /// [`Output::WebSocket`].
    ///
    /// With feature `deflate`: when `config.deflate` has what the handshake's `accept_deflate` gave, its
    /// field `Sec-WebSocket-Extensions` is added.
    ///
    /// # Errors
    /// The request asks for no upgrade, or a header field cannot be sent. Nothing has been written;
    /// the server answers 500 and gives the stream back to
    /// [`Handler::closed`](crate::Handler::closed).
    pub fn upgrade_websocket(
        self,
        headers: impl Fields,
        config: websocket::Config,
        stream: S,
    ) -> Result<(), SendError> {
        let Exchange {
            machine, outgoing, ..
        } = self.exchange;
        #[cfg(feature = "deflate")]
        let headers = {
            let agreed = config.deflate.as_ref();
            let field = agreed.map(|deflate| [("Sec-WebSocket-Extensions", deflate.to_string())]);
            (headers, field)
        };
        let sent = machine.send_switching_protocols(headers, &mut outgoing.bytes);
        *self.outcome = match sent {
            Ok(()) => {
                let connection = websocket::Connection::server(config);
                Outcome::Upgraded(Machine::Rfc6455(connection), stream)
            }
            Err(_) => Outcome::Unsendable(stream),
        };
        sent
    }

    /// The same for the WebSocket of the first browsers, after
    /// [`hixie76::accept`](websocket::hixie76::accept): `headers` is what its `response` gives, and
    /// `connection` a [`hixie76::Connection::server`](websocket::hixie76::Connection::server) with its
    /// challenge. The handler is called when the eight bytes after the head have come and are answered.
    ///
    /// Such a connection has text messages only: sending anything else is
    /// [`MessageError::TextOnly`]. It closes without code and reason, and has no pings.
    ///
    /// A request that is no good must be answered with
    /// [`close_connection`](Self::close_connection): the bytes after its head are no request.
    ///
    /// # Errors
    /// As for [`upgrade_websocket`](Self::upgrade_websocket).
    #[cfg(feature = "hixie76")]
    pub fn upgrade_hixie76(
        self,
        headers: impl Fields,
        connection: websocket::hixie76::Connection,
        stream: S,
    ) -> Result<(), SendError> {
        let Exchange {
            machine, outgoing, ..
        } = self.exchange;
        let sent = machine.send_switching_protocols(headers, &mut outgoing.bytes);
        *self.outcome = match sent {
            Ok(()) => Outcome::Upgraded(Machine::Hixie76(connection), stream),
            Err(_) => Outcome::Unsendable(stream),
        };
        sent
    }

    /// Has the connection closed after this response.
    pub fn close_connection(&mut self) {
        self.exchange.machine.close_after_response();
    }
}

/// A request that awaits its response.
#[derive(Debug)]
pub struct Exchange<'a> {
    pub(crate) machine: &'a mut ServerConnection,
    pub(crate) outgoing: &'a mut Outgoing,
    pub(crate) date: &'a HeaderBlock,
    pub(crate) request_head: Option<RequestHead<'a>>,
}

impl Exchange<'_> {
    /// The head of the request that is refused, if it arrived whole and without a fault: what is
    /// wrong then is the body, or the server. `None` too for a request that was held.
    #[must_use]
    pub fn request_head(&self) -> Option<RequestHead<'_>> {
        self.request_head
    }

    /// Answers with the whole body. `Date`, `Content-Length` and `Connection` are added.
    ///
    /// # Errors
    /// A header field that cannot be sent. Nothing has been written.
    pub fn respond(
        &mut self,
        status: u16,
        headers: impl Fields,
        body: &[u8],
    ) -> Result<(), SendError> {
        let headers = (self.date, headers);
        self.machine
            .respond(status, headers, body, &mut self.outgoing.bytes)
    }

    fn send_head(
        &mut self,
        status: u16,
        headers: impl Fields,
        body: ResponseBody,
    ) -> Result<(), SendError> {
        let headers = (self.date, headers);
        self.machine
            .send_response(status, headers, body, &mut self.outgoing.bytes)
    }
}

/// Where a stream's bytes go.
#[derive(Debug)]
pub enum Output<'a> {
    /// A request that is held: it can be answered.
    Held(Held<'a>),
    /// A response body that is being sent: it can be continued and ended.
    Body(Body<'a>),
    /// A WebSocket: it can be sent messages, and closed.
    WebSocket(WebSocket<'a>),
}

impl Output<'_> {
    /// Has [`Handler::timer`](crate::Handler::timer) called once, `after` from now. Replaces the
    /// timer that was set before.
    pub fn set_timer(&mut self, after: Duration) {
        match self {
            Output::Held(held) => held.timer.set(after),
            Output::Body(body) => body.timer.set(after),
            Output::WebSocket(socket) => socket.timer.set(after),
        }
    }
}

/// The handler's timer of one connection, in milliseconds of the loop's clock.
#[derive(Debug)]
pub(crate) struct Timer<'a> {
    pub(crate) at: &'a mut u64,
    pub(crate) now: u64,
}

impl Timer<'_> {
    fn set(&mut self, after: Duration) {
        let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        *self.at = self.now.saturating_add(after);
    }
}

/// A held request.
#[derive(Debug)]
pub struct Held<'a> {
    pub(crate) exchange: Exchange<'a>,
    pub(crate) timer: Timer<'a>,
    pub(crate) over: &'a mut bool,
}

impl Held<'_> {
    /// Answers the request. The stream is over.
    ///
    /// # Errors
    /// A header field that cannot be sent. Nothing has been written.
    pub fn respond(
        mut self,
        status: u16,
        headers: impl Fields,
        body: &[u8],
    ) -> Result<(), SendError> {
        self.exchange.respond(status, headers, body)?;
        *self.over = true;
        Ok(())
    }
}

/// A response body that is being sent.
#[derive(Debug)]
pub struct Body<'a> {
    pub(crate) machine: &'a mut ServerConnection,
    pub(crate) outgoing: &'a mut Outgoing,
    pub(crate) timer: Timer<'a>,
    pub(crate) over: &'a mut bool,
    pub(crate) queued: usize,
}

impl Body<'_> {
    /// Whether more should be written now. A handler that stops because there is no room returns
    /// [`Progress::More`](crate::Progress::More). What is written without room is queued.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.queued + self.outgoing.len() < ROOM
    }

    /// Sends `data` as one chunk. Empty data sends nothing.
    ///
    /// # Errors
    /// The body is over.
    pub fn send(&mut self, data: &[u8]) -> Result<(), SendError> {
        self.machine.send_data(data, &mut self.outgoing.bytes)
    }

    /// Sends a chunk that was encoded once for all receivers.
    ///
    /// # Errors
    /// The body is over.
    pub fn send_prechunked(&mut self, data: &PreChunked) -> Result<(), SendError> {
        let bytes = self.machine.send_prechunked(data)?;
        self.outgoing.push_shared(&bytes);
        Ok(())
    }

    /// Ends the body. The stream is over.
    ///
    /// # Errors
    /// The body is over already.
    pub fn end(self) -> Result<(), SendError> {
        self.machine.send_end(&mut self.outgoing.bytes)?;
        *self.over = true;
        Ok(())
    }
}

/// A WebSocket.
#[derive(Debug)]
pub struct WebSocket<'a> {
    pub(crate) machine: &'a mut Machine,
    pub(crate) outgoing: &'a mut Outgoing,
    pub(crate) timer: Timer<'a>,
    pub(crate) queued: usize,
}

/// Why a WebSocket message was not sent. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The codec's own reason: the WebSocket is closing, or this cannot be sent at all.
    #[error(transparent)]
    Send(#[from] websocket::SendError),
    /// The client speaks the protocol of the first browsers, which has text messages and nothing else.
    #[error("this client knows text messages only (draft-hixie-76)")]
    TextOnly,
}

#[cfg(feature = "hixie76")]
impl From<websocket::hixie76::SendError> for MessageError {
    fn from(_: websocket::hixie76::SendError) -> Self {
        // The other one, before the handshake is over, cannot be: the handler is not called then.
        Self::Send(websocket::SendError::Closed)
    }
}

impl WebSocket<'_> {
    /// Whether permessage-deflate was agreed on for this connection. A message for many receivers
    /// needs its compressed form
    /// ([`with_deflate`](PreparedMessage::with_deflate)) only if this is true for one of them.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn compresses(&self) -> bool {
        self.machine.compresses()
    }

    /// Whether more should be written now. A handler that stops because there is no room returns
    /// [`Progress::More`](crate::Progress::More). What is written without room is queued.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.queued + self.outgoing.len() < ROOM
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// The WebSocket is closing.
    pub fn send_text(&mut self, text: &str) -> Result<(), MessageError> {
        self.machine.send_text(text, self.outgoing)
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// The WebSocket is closing.
    pub fn send_binary(&mut self, data: &[u8]) -> Result<(), MessageError> {
        self.machine.send_binary(data, self.outgoing)
    }

    /// Sends a message that was encoded once for all receivers.
    ///
    /// # Errors
    /// The WebSocket is closing.
    pub fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), MessageError> {
        self.machine.send_prepared(message, self.outgoing)
    }

    /// Sends a ping.
    ///
    /// # Errors
    /// The WebSocket is closing, or `payload` is longer than 125 octets.
    pub fn send_ping(&mut self, payload: &[u8]) -> Result<(), MessageError> {
        self.machine.send_ping(payload, self.outgoing)
    }

    /// Begins the closing handshake. The stream is over when the peer answers, or does not in time.
    ///
    /// # Errors
    /// The WebSocket is closing already, or the code may not be sent.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), MessageError> {
        self.machine.send_close(code, reason, self.outgoing)
    }
}

/// How many octets may wait for the socket before a handler is asked to stop writing.
pub(crate) const ROOM: usize = 64 * 1024;
