//! How a request is answered, and before that, how its body is taken.

use std::sync::Arc;

use bytes::Bytes;
use holdline_http1::{BodyLength, Fields, PreparedResponse, ResponseBody, SendError};
use holdline_websocket as websocket;

use crate::machine::Machine;
use crate::meter::Meter;
use crate::output::Exchange;

/// Answers one request. Made by the server for [`Handler::request`](crate::Handler::request).
#[derive(Debug)]
pub struct Responder<'a, S> {
    pub(crate) exchange: Exchange<'a>,
    pub(crate) outcome: &'a mut Outcome<S>,
}

/// What the handler did with a request, or with the head of one.
#[derive(Debug)]
pub(crate) enum Outcome<S> {
    /// The body is to be taken whole, with at most so many bytes.
    TakeBody(u64),
    /// The body is to be taken in pieces.
    TakePieces(S),
    Unanswered,
    Answered,
    Held(S),
    Streaming(S),
    Upgraded(Upgraded<S>),
    /// The head that should have begun it cannot be sent.
    Unsendable(S),
}

/// A WebSocket that begins.
#[derive(Debug)]
pub(crate) struct Upgraded<S> {
    pub(crate) machine: Machine,
    pub(crate) stream: S,
    /// Its messages are handed out in pieces.
    pub(crate) in_pieces: bool,
}

/// Decides what becomes of the body of a request. Made by the server for
/// [`Handler::head`](crate::Handler::head).
///
/// Dropped without a decision, it takes the body up to the server's limit.
#[derive(Debug)]
pub struct Intake<'a, S> {
    pub(crate) exchange: Exchange<'a>,
    pub(crate) outcome: &'a mut Outcome<S>,
    pub(crate) length: BodyLength,
}

impl<'a, S> Intake<'a, S> {
    /// How many bytes the body has, if its head says so; otherwise it comes in chunks.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match self.length {
            BodyLength::Known(length) => Some(length),
            _ => None,
        }
    }

    /// Takes the whole body, then calls [`Handler::request`](crate::Handler::request). A body of more than
    /// `limit` bytes, without transfer coding, is refused with 413: by
    /// [`Rejection::BodyTooLarge`](crate::Rejection::BodyTooLarge) at once if its length is announced, else by
    /// [`Rejection::Malformed`](crate::Rejection::Malformed) with the chunk that is too much.
    pub fn take(self, limit: u64) {
        *self.outcome = Outcome::TakeBody(limit);
    }

    /// Takes the body as it comes, and keeps none of it:
    /// [`Handler::body_piece`](crate::Handler::body_piece), then
    /// [`Handler::body_end`](crate::Handler::body_end). There is no limit but the handler's own.
    pub fn take_pieces(self, stream: S) {
        *self.outcome = Outcome::TakePieces(stream);
    }

    /// Answers now. The body is neither asked for nor kept. A small one (64 KiB) that the client sends anyway is
    /// dropped, and the connection goes on, unless the client said `Expect: 100-continue`: it may send the body or not.
    /// Otherwise the connection closes after the response, and what the client still sends is discarded for a while, so
    /// that it can read that response (RFC 9112 §9.6).
    #[must_use]
    pub fn answer(self) -> Responder<'a, S> {
        // Until the responder is used.
        *self.outcome = Outcome::Unanswered;
        Responder {
            exchange: self.exchange,
            outcome: self.outcome,
        }
    }
}

impl<S> Responder<'_, S> {
    /// Answers with the whole body. `Content-Length`, `Connection`, and a `Date` unless the fields have one, are added.
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

    /// Answers with the whole body, which is written from where it is if it is long: nothing of it is copied. It is held
    /// until it was sent.
    ///
    /// # Errors
    /// As [`respond`](Self::respond).
    pub fn respond_shared(
        mut self,
        status: u16,
        headers: impl Fields,
        body: &Bytes,
    ) -> Result<(), SendError> {
        self.exchange.respond_shared(status, headers, body)?;
        *self.outcome = Outcome::Answered;
        Ok(())
    }

    /// Answers with a response that was made before: what is asked often and has one answer for all costs a fifth
    /// less so. Its `Date` is set here, and renewed once a second, for which it must be mutable. `Connection` is added
    /// as for [`respond`](Self::respond).
    ///
    /// ```
    /// # use holdline_http1::{PreparedResponse, SendError};
    /// # use holdline_net::Responder;
    /// struct Hello(PreparedResponse);
    ///
    /// impl Hello {
    ///     fn new() -> Result<Self, SendError> {
    ///         PreparedResponse::new(200, [("Content-Type", "text/plain")], b"hello").map(Self)
    ///     }
    ///
    ///     fn answer(&mut self, responder: Responder<'_, ()>) -> Result<(), SendError> {
    ///         responder.respond_prepared(&mut self.0)
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// The request is a CONNECT, which a 2xx with a body cannot answer. Nothing has been written; the server
    /// answers 500.
    pub fn respond_prepared(mut self, response: &mut PreparedResponse) -> Result<(), SendError> {
        self.exchange.respond_prepared(response)?;
        *self.outcome = Outcome::Answered;
        Ok(())
    }

    /// Answers later: [`Handler::ready`](crate::Handler::ready) and the rest get
    /// [`Output::Held`](crate::Output::Held).
    pub fn hold(self, stream: S) {
        *self.outcome = Outcome::Held(stream);
    }

    /// Sends the head now and the body in pieces, chunked or to an HTTP/1.0 client until the
    /// connection closes: [`Handler::ready`](crate::Handler::ready) and the rest get
    /// [`Output::Body`](crate::Output::Body).
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
    /// [`Output::WebSocket`](crate::Output::WebSocket).
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
        self.upgrade(headers, config, stream, false)
    }

    /// The same, and messages are handed out in pieces as they come, none of which is kept:
    /// [`Handler::message_piece`](crate::Handler::message_piece) is called instead of
    /// [`Handler::message`](crate::Handler::message). A handler that wants no messages can refuse one
    /// this way as soon as it begins.
    ///
    /// # Errors
    /// As for [`upgrade_websocket`](Self::upgrade_websocket).
    pub fn upgrade_websocket_in_pieces(
        self,
        headers: impl Fields,
        config: websocket::Config,
        stream: S,
    ) -> Result<(), SendError> {
        self.upgrade(headers, config, stream, true)
    }

    fn upgrade(
        self,
        headers: impl Fields,
        config: websocket::Config,
        stream: S,
        in_pieces: bool,
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
        outgoing.status = sent.is_ok().then_some(101).or(outgoing.status);
        *self.outcome = match sent {
            Ok(()) => {
                let connection = websocket::Connection::server(config);
                Outcome::Upgraded(Upgraded {
                    machine: Machine::Rfc6455(connection),
                    stream,
                    in_pieces,
                })
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
    /// [`MessageError::TextOnly`](crate::MessageError::TextOnly). It closes without code and reason, and has no pings.
    ///
    /// A bad request must be answered with
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
        outgoing.status = sent.is_ok().then_some(101).or(outgoing.status);
        *self.outcome = match sent {
            Ok(()) => Outcome::Upgraded(Upgraded {
                machine: Machine::Hixie76(connection),
                stream,
                in_pieces: false,
            }),
            Err(_) => Outcome::Unsendable(stream),
        };
        sent
    }

    /// Counts what this request and its response take, from its head on until it is over, also of a response or a
    /// WebSocket that lasts. To be called before it is answered. Other requests cost nothing by this.
    pub fn meter(&mut self, meter: Arc<Meter>) {
        let outgoing = &mut *self.exchange.outgoing;
        outgoing.meter = Some((meter, outgoing.len()));
    }

    /// Closes the connection after this response.
    pub fn close_connection(&mut self) {
        self.exchange.machine.close_after_response();
    }
}
