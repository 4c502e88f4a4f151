//! What an application implements, and what the server tells it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use holdline_http1::{ReceiveError, RequestHead, SendError};

pub use crate::connection_id::ConnectionId;
use crate::finished::End;
use crate::message::{Message, Piece};
use crate::output::{Exchange, Output, Raw};
use crate::raw::{Arrival, Expects, Place};
use crate::responder::{Intake, Responder};
use crate::tap::Tap;

/// An application on one event loop.
///
/// Every loop has a handler of its own, and calls it from one thread only; what handlers share,
/// they share behind `Arc`. A call must not block: all connections of the loop wait for it.
///
/// A request is answered through its [`Responder`]: at once, or later ([`Responder::hold`]), or
/// piece by piece ([`Responder::stream`]), or by becoming a WebSocket
/// ([`Responder::upgrade_websocket`]). In the last three cases the handler gives the server a
/// [`Stream`](Handler::Stream): the application's state of that connection. It gets it back with
/// every later call, and for good in [`closed`](Handler::closed).
///
/// Nothing is pushed into a connection from outside. Whoever has news for a connection wakes it
/// ([`Wake`]), and the server calls [`ready`](Handler::ready) when the connection has room. So a
/// slow client costs its state and no queue.
pub trait Handler {
    /// The application's state of a held, streaming or WebSocket connection.
    type Stream;

    /// The head of a request with a body has arrived, and none of the body was read yet. Decides what becomes
    /// of the body: see [`Intake`]. `request` has an empty one.
    ///
    /// A client that sent `Expect: 100-continue` is asked for the body only if it is wanted
    /// (RFC 9110 §10.1.1).
    ///
    /// The default takes the whole body, up to the server's limit
    /// ([`max_body`](holdline_http1::Limits::max_body) of [`Config::http`](crate::Config::http)).
    fn head(&mut self, request: &Request<'_>, intake: Intake<'_, Self::Stream>) {
        let _ = (request, intake);
    }

    /// The server has all the connections it may have, and `request` came over one of its
    /// [`reserve`](crate::Config::reserve). Whether it is served even so. It must be one that is answered at once, such
    /// as a question whether the server is well: while connections of the reserve are held, nobody else can have them.
    /// The connection closes after the response. Called before [`head`](Handler::head) and
    /// [`request`](Handler::request).
    ///
    /// The default serves none: [`Rejection::TooManyConnections`].
    fn serves_when_full(&mut self, request: &Request<'_>) -> bool {
        let _ = request;
        false
    }

    /// The head of a request has arrived. Whoever wants to see its bytes as they are on the socket, for a log or to find a
    /// fault, returns a [`Tap`]: it sees them from the request's first byte to the last of the response, or of the
    /// WebSocket that follows, and nothing of any other request over the same connection. Called only if
    /// [`Config::taps`](crate::Config::taps) is set, before everything else that is called for a request. `request` has an
    /// empty body. The default returns none.
    ///
    /// ```
    /// use holdline_net::Tap;
    ///
    /// struct Trace(u64);
    ///
    /// impl Tap for Trace {
    ///     fn received(&mut self, bytes: &[u8]) {
    ///         eprintln!("{} < {}", self.0, bytes.escape_ascii());
    ///     }
    ///
    ///     fn sent(&mut self, bytes: &[u8]) {
    ///         eprintln!("{} > {}", self.0, bytes.escape_ascii());
    ///     }
    /// }
    /// ```
    fn tap(&mut self, request: &Request<'_>) -> Option<Box<dyn Tap>> {
        let _ = request;
        None
    }

    /// A whole request has arrived. One with a body was decided about in [`head`](Handler::head) before.
    ///
    /// Leaving it unanswered (dropping `responder`) is answered with status 500.
    fn request(&mut self, request: &Request<'_>, responder: Responder<'_, Self::Stream>);

    /// A part of a body that is taken in pieces ([`Intake::take_pieces`]). `output` is [`Output::Held`]: the
    /// request may be answered at any time.
    fn body_piece(
        &mut self,
        connection: ConnectionId,
        stream: &mut Self::Stream,
        piece: &[u8],
        output: Output<'_>,
    ) {
        let _ = (connection, stream, piece, output);
    }

    /// The body that was taken in pieces is complete. The request is held from now on
    /// ([`Responder::hold`]).
    fn body_end(
        &mut self,
        connection: ConnectionId,
        stream: &mut Self::Stream,
        output: Output<'_>,
    ) {
        let _ = (connection, stream, output);
    }

    /// The connection was handed a stream, was woken, or has room again after
    /// [`Progress::More`].
    fn ready(
        &mut self,
        connection: ConnectionId,
        stream: &mut Self::Stream,
        output: Output<'_>,
    ) -> Progress;

    /// A whole message arrived on a WebSocket.
    fn message(
        &mut self,
        connection: ConnectionId,
        stream: &mut Self::Stream,
        message: Message<'_>,
        output: Output<'_>,
    ) {
        let _ = (connection, stream, message, output);
    }

    /// A part of a message arrived on a WebSocket that takes messages in pieces
    /// ([`Responder::upgrade_websocket_in_pieces`]).
    fn message_piece(
        &mut self,
        connection: ConnectionId,
        stream: &mut Self::Stream,
        piece: Piece<'_>,
        output: Output<'_>,
    ) {
        let _ = (connection, stream, piece, output);
    }

    /// A client connected to a [raw listener](crate::Listener::raw). Returns what the application keeps of the
    /// connection, or `None` to close it at once. Then [`ready`](Self::ready) is called, which may speak first, and
    /// [`bytes`](Self::bytes) with what comes.
    ///
    /// Limits and deadlines are those of HTTP: [`Expects`] says which. The default closes it.
    fn connected(&mut self, arrival: &Arrival<'_>) -> Option<Self::Stream> {
        let _ = arrival;
        None
    }

    /// Bytes came over a connection of a raw listener. The handler takes from the front of `input` what belongs to the
    /// message that is coming, up to the end of that message and never none, and says what it expects next. What it
    /// leaves it is given again: at once, or after others had their turn and what was answered has gone out.
    ///
    /// What a message is, and how long it may be, is for the handler to know. The default closes the connection.
    fn bytes(
        &mut self,
        connection: ConnectionId,
        stream: &mut Self::Stream,
        input: &mut &[u8],
        output: Output<'_>,
    ) -> Expects {
        let _ = (connection, stream);
        *input = &[];
        if let Output::Raw(raw) = output {
            raw.close();
        }
        Expects::Nothing
    }

    /// A connection of a raw listener is about to be closed, for the reason that HTTP has as well: there are too many
    /// ([`connected`](Self::connected) was not called then), a message came too slowly, or there is no room for the
    /// rest of it. The client may be told so. The default says nothing.
    fn reject_raw(&mut self, rejection: &Rejection<'_>, output: Raw<'_>) {
        let _ = (rejection, output);
    }

    /// The client has shut down its sending side while a response is pending: nothing more comes from it.
    /// It may still read, or it may have gone: a closed tab looks the same. So a held request should be
    /// answered now, with whatever there is; otherwise the connection is closed without an answer. A body
    /// may get last words; it is ended by the server.
    ///
    /// [`Progress::More`] makes the connection wait for an answer that is on its way, such as that of a request
    /// that changes something. Called when [`ready`](Handler::ready) has nothing more to write, perhaps more
    /// than once. The same for a connection of a raw listener, which ends then unless this returns `More`. The default
    /// does nothing and returns [`Progress::Idle`].
    fn half_closed(
        &mut self,
        connection: ConnectionId,
        stream: &mut Self::Stream,
        output: Output<'_>,
    ) -> Progress {
        let _ = (connection, stream, output);
        Progress::Idle
    }

    /// The timer that the handler set through an [`Output`] has run out.
    fn timer(&mut self, connection: ConnectionId, stream: &mut Self::Stream, output: Output<'_>) {
        let _ = (connection, stream, output);
    }

    /// The server is stopping. A held request must be answered now. A body may get last words; it is ended by the
    /// server. This is called for it when [`ready`](Handler::ready) has nothing more to write; what is not written within
    /// [`Config::stop_timeout`](crate::Config::stop_timeout) is cut off, so that its client knows of it. A WebSocket may
    /// get last words; the server closes it with 1001. A connection of a raw listener may get last words; it is closed.
    fn stopping(
        &mut self,
        connection: ConnectionId,
        stream: &mut Self::Stream,
        output: Output<'_>,
    ) {
        let _ = (connection, stream, output);
    }

    /// The stream is over. Called exactly once for each stream that the server was given.
    fn closed(&mut self, connection: ConnectionId, stream: Self::Stream, ending: Ending) {
        let _ = (connection, stream, ending);
    }

    /// A request is over, and its response was sent as far as it could be. Called only if
    /// [`Config::report_requests`](crate::Config::report_requests) is set; after [`closed`](Self::closed), where there was a
    /// stream. The default does nothing.
    fn finished(&mut self, request: &Finished<'_>) {
        let _ = request;
    }

    /// Another thread called [`Notifier::notify`](crate::Notifier::notify).
    fn notified(&mut self, wake: &mut Wake<'_>) {
        let _ = wake;
    }

    /// The loop has called for everything that there was, and waits now for what comes next. For what is done once
    /// for many connections.
    fn turn_ended(&mut self) {}

    /// A request was refused before it reached [`request`](Handler::request). Writes the error
    /// response, after which the connection closes.
    ///
    /// The default answers with the status and a line of plain text, and with `Retry-After` if that is 429 or 503. `405`,
    /// `426` and the like are the application's own and never come here.
    ///
    /// # Errors
    /// The handler's mistakes in composing the response; the server then closes without one.
    fn reject(
        &mut self,
        rejection: &Rejection<'_>,
        exchange: &mut Exchange<'_>,
    ) -> Result<(), SendError> {
        let text = format!("{rejection}\n");
        let headers = [("Content-Type", "text/plain; charset=utf-8")];
        let status = rejection.status();
        let retry_after = matches!(status, 429 | 503).then_some([("Retry-After", "1")]);
        exchange.respond(status, (headers, retry_after), text.as_bytes())
    }
}

/// A request with its whole body.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Method, target and header fields.
    pub head: RequestHead<'a>,
    /// The body, without transfer coding. Empty in [`Handler::head`].
    pub body: &'a [u8],
    /// The connection it came over.
    pub connection: ConnectionId,
    /// Which of the server's listeners it came from, counted from 0 in the order of
    /// [`Server::new`](crate::Server::new).
    pub listener: usize,
    /// The client's address. Over a Unix socket it has none.
    pub peer: Option<SocketAddr>,
    pub(crate) place: Place<'a>,
}

impl Request<'_> {
    /// The address of the client. Of a client behind a [trusted proxy](crate::Config::trusted_proxies) it is what that
    /// says in `X-Forwarded-For`: the last address that is not a trusted proxy's own. `None` over a Unix socket.
    #[must_use]
    pub fn client(&self) -> Option<IpAddr> {
        let peer = self.peer.map(|peer| peer.ip());
        self.place.addresses.client(peer, &self.head)
    }

    /// By what this client is to be limited, if at all: its [address](Self::client), or of an IPv6 address the first 64
    /// bits. `None` over a Unix socket and for a trusted proxy itself.
    #[must_use]
    pub fn limited_address(&self) -> Option<IpAddr> {
        self.client()
            .and_then(|client| self.place.addresses.limited(client))
    }

    /// The address of this machine that the client connected to, with the port. `None` if the connection does not
    /// come over IP.
    ///
    /// When the listener takes connections on every address, this asks the system, each time: connections do not
    /// keep it.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<Option<SocketAddr>> {
        self.place.local_addr()
    }
}

/// What [`Handler::ready`] left undone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Progress {
    /// Everything there was has been written.
    Idle,
    /// There is more to write: call again when the connection has room.
    More,
}

/// A request that is over, with its response. See
/// [`Config::report_requests`](crate::Config::report_requests).
///
/// It is over when the system took the last byte of the response, or when the connection ended before that. A
/// WebSocket is over when it is closed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Finished<'a> {
    /// The connection that it came over.
    pub connection: ConnectionId,
    /// The client's address. `None` over a Unix socket.
    pub peer: Option<SocketAddr>,
    /// The request's method; empty if its head did not arrive whole and without a fault.
    pub method: &'a str,
    /// The path of its target, as it was sent and without the query; empty like the method.
    pub path: &'a str,
    /// The status of the response; `None` if the connection ended before one was sent.
    pub status: Option<u16>,
    /// Bytes of the response that the system took, its head and framing included.
    pub sent: u64,
    /// From when the head was there to now.
    pub time: Duration,
    /// Why it is over.
    pub end: End,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Ending {
    /// The application answered, ended the body, or the WebSocket was closed by handshake.
    Finished,
    /// The peer went away.
    Disconnected,
    /// The peer broke the protocol.
    Failed,
    /// The peer took or sent bytes too slowly, or left a close or ping unanswered.
    TimedOut,
    /// The server stopped.
    Stopped,
    /// What it had sent was not whole, and the server had no room for it any more
    /// ([`max_upload_total`](crate::Config::max_upload_total)).
    NoRoom,
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Rejection<'a> {
    /// The bytes break HTTP or a limit.
    Malformed(&'a ReceiveError),
    /// The head or the body did not arrive in time.
    Timeout,
    /// The head announces a longer body than there may be.
    BodyTooLarge {
        /// How many bytes it may have.
        limit: u64,
    },
    /// More is being sent to the server at one time than it has room for
    /// ([`max_upload_total`](crate::Config::max_upload_total)), and nothing is as late as this request.
    NoRoom,
    /// The server has all the connections it may have.
    TooManyConnections,
    /// The client's address has all the connections it may have
    /// ([`max_connections_per_address`](crate::Config::max_connections_per_address)).
    TooManyFromAddress,
    /// The server is stopping, and the handler left a held request unanswered.
    Stopping,
    /// The handler left the request unanswered, or answered with something that cannot be sent.
    Unanswered,
}

impl Rejection<'_> {
    /// The status for it.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Rejection::Malformed(error) => error.status(),
            Rejection::Timeout | Rejection::NoRoom => 408,
            Rejection::BodyTooLarge { .. } => 413,
            Rejection::TooManyFromAddress => 429,
            Rejection::TooManyConnections | Rejection::Stopping => 503,
            Rejection::Unanswered => 500,
        }
    }
}

impl std::fmt::Display for Rejection<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Rejection::Malformed(error) => error.fmt(f),
            Rejection::Timeout => f.write_str("the request did not arrive in time"),
            Rejection::BodyTooLarge { limit } => {
                write!(f, "the body may have at most {limit} bytes")
            }
            Rejection::NoRoom => f.write_str(
                "the server has no room for all that is being sent to it, and this request came slowest; \
                try again later",
            ),
            Rejection::TooManyConnections => {
                f.write_str("the server has as many connections as it may; try again later")
            }
            Rejection::TooManyFromAddress => f.write_str(
                "your address has as many connections as one may have; close some or try again later",
            ),
            Rejection::Stopping => f.write_str("the server is stopping; try again later"),
            Rejection::Unanswered => f.write_str("the server failed to answer this request"),
        }
    }
}

/// The connections that [`Handler::notified`] has news for.
#[derive(Debug)]
pub struct Wake<'a> {
    pub(crate) woken: &'a mut Vec<ConnectionId>,
}

impl Wake<'_> {
    /// Asks for [`Handler::ready`] to be called for `connection` as soon as it has room. An identifier of a
    /// connection that is gone is ignored.
    pub fn wake(&mut self, connection: ConnectionId) {
        self.woken.push(connection);
    }
}
