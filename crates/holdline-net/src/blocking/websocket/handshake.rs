//! The opening handshake of both roles (RFC 6455 §4), as HTTP.

use std::io::{Read, Write};
use std::time::Duration;

use holdline_http1::{Fields, RequestHead, RequestHeadBuf};
use holdline_websocket::Connection;
use holdline_websocket::handshake::{HandshakeError, client, server};

use super::super::http::{Client, Server};
use super::super::{Tcp, Url, UrlError};
use super::{ClientWebSocket, Error, Options, Rejection, WebSocket};
use crate::entropy;

/// The masking keys of a client: [`entropy::mask_key`].
pub type ClientKeys = fn() -> [u8; 4];

/// How a server answers a good handshake request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Choice {
    /// Accept it without a subprotocol.
    Accept,
    /// Accept it with this one of the subprotocols that the client offers.
    Protocol(String),
    /// Refuse it with this status: 403 for a foreign origin, 404 for a wrong path.
    Refuse(u16),
}

/// Connects to a `ws` URL over TCP with the timeouts of [`Tcp::default`], and asks for a WebSocket.
///
/// For `wss`, put a TLS stream on [`Tcp::connect_plain`] and give it to [`WebSocket::connect`]: the example
/// `tls`. For options, header fields and subprotocols there is [`WebSocket::connect_with`].
///
/// # Errors
///
/// [`Error::Url`]; [`Error::Io`] when there is no connection; otherwise as [`WebSocket::connect`].
pub fn connect(url: &str) -> Result<ClientWebSocket, Error> {
    let url: Url = url.parse()?;
    match url.scheme() {
        "ws" | "wss" => {
            let stream = Tcp::default().connect(&url)?;
            WebSocket::connect(stream, url.authority(), url.target())
        }
        _ => Err(UrlError::NotWebSocket.into()),
    }
}

impl<S: Read + Write + 'static> WebSocket<S> {
    /// Reads a handshake request from a new connection, checks it and answers it.
    ///
    /// Any path and any origin is accepted. A server that browsers reach should look at both:
    /// [`accept_with`](Self::accept_with).
    ///
    /// # Errors
    ///
    /// A request that is no handshake is answered with its status (400, 405, 426, or that of the HTTP error)
    /// and returned. A timeout ends the handshake.
    pub fn accept(stream: S) -> Result<Self, Error> {
        Self::accept_with(stream, Options::default(), |_, _| Choice::Accept)
    }

    /// The same with [`Options`], such as limits, and with a choice by path, origin and
    /// subprotocols. "Servers that are not intended to process input from any web page but only for
    /// certain sites SHOULD verify the |Origin| field" (RFC 6455 §10.2).
    ///
    /// ```no_run
    /// # fn f(stream: std::net::TcpStream) -> Result<(), holdline_net::blocking::websocket::Error> {
    /// use holdline_net::blocking::websocket::{Choice, Options, WebSocket};
    ///
    /// let websocket = WebSocket::accept_with(stream, Options::default(), |head, request| {
    ///     match head.path() {
    ///         "/chat" if request.origin_is_allowed(&["https://example.com"]) => Choice::Accept,
    ///         "/chat" => Choice::Refuse(403),
    ///         _ => Choice::Refuse(404),
    ///     }
    /// })?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept), and [`Error::Refused`].
    pub fn accept_with(
        stream: S,
        options: impl Into<Options>,
        choose: impl FnOnce(RequestHead<'_>, &server::Request<'_>) -> Choice,
    ) -> Result<Self, Error> {
        let options = options.into();
        let mut http = Server::new(stream);
        http.set_timeout(Some(options.handshake_timeout));
        match http.read_request() {
            Ok(Some(head)) => Self::upgrade(http, &head, options, choose),
            Ok(None) => Err(Error::NoRequest),
            Err(error) => {
                // The reason why the handshake failed matters more than why the client could not be told.
                http.refuse(&error).ok();
                Err(error.into())
            }
        }
    }

    /// Turns an HTTP connection into a WebSocket: checks the request that
    /// [`Server::read_request`] gave, and answers it.
    ///
    /// # Errors
    ///
    /// As [`accept_with`](Self::accept_with). The connection is answered and gone then, so ask
    /// [`RequestHead::is_upgrade`] first where other requests may come.
    pub fn upgrade(
        mut http: Server<S>,
        head: &RequestHeadBuf,
        options: impl Into<Options>,
        choose: impl FnOnce(RequestHead<'_>, &server::Request<'_>) -> Choice,
    ) -> Result<Self, Error> {
        let head = head.as_ref();
        let request = match server::accept(head.method(), head.headers().iter()) {
            // RFC 9110 §7.8: "A server MUST ignore an Upgrade header field that is received in an
            // HTTP/1.0 request."
            Ok(_) if !head.is_upgrade("websocket") => {
                return refuse(http, HandshakeError::NotUpgrade);
            }
            Ok(request) => request,
            Err(error) => return refuse(http, error),
        };
        let protocol = match choose(head, &request) {
            Choice::Accept => None,
            Choice::Protocol(protocol) => Some(protocol),
            Choice::Refuse(status) => {
                http.close_after_response();
                http.respond(status, (), b"")?;
                http.linger(false);
                return Err(Error::Refused(status));
            }
        };
        let (config, extensions) = options.into().answer(&request);
        let answer = (request.response(protocol.as_deref()), extensions);
        let (stream, unread) = http.switch(answer)?;
        let offered = |protocol: &String| request.protocols().contains(&protocol.as_str());
        let mut websocket = Self::new(stream, unread, Connection::server(config));
        websocket.protocol = protocol.filter(offered);
        Ok(websocket)
    }
}

impl<S: Read + Write + 'static> WebSocket<S, ClientKeys> {
    /// Asks a server for a WebSocket over a stream that is connected to it. `host` is the value of
    /// `Host`, with the port if it has one; `target` is path and query.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] when the server answers with another status than 101. A timeout ends the
    /// handshake.
    pub fn connect(stream: S, host: &str, target: &str) -> Result<Self, Error> {
        Self::connect_with(stream, host, target, (), &[], Options::default())
    }

    /// The same with header fields of the caller, such as `Authorization` or `Origin`, with
    /// subprotocols to offer, the best first, and with [`Options`], such as limits.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect); [`Error::Protocol`]; a header field that cannot be sent.
    pub fn connect_with(
        stream: S,
        host: &str,
        target: &str,
        headers: impl Fields,
        protocols: &[&str],
        options: impl Into<Options>,
    ) -> Result<Self, Error> {
        let options = options.into();
        let mut nonce = [0; 16];
        entropy::fill(&mut nonce)?;
        let mut request = client::Request::new(nonce);
        for protocol in protocols {
            request
                .offer_protocol(protocol)
                .map_err(|_| Error::Protocol)?;
        }
        options.offer(&mut request);
        let mut http = Client::new(stream, host);
        http.set_deadline(options.handshake_timeout);
        http.request("GET", target, (request.headers(), headers), b"")?;
        let response = http.read_response()?;
        if response.status() != 101 {
            http.set_deadline(REJECTION_TIME.min(options.handshake_timeout));
            let body = http.read_what_comes(MAX_REJECTION);
            return Err(Error::Rejected(Box::new(Rejection { response, body })));
        }
        let accepted = request.verify(response.status(), response.headers())?;
        let config = options.agreed(&accepted);
        let (stream, unread) = http.switch()?;
        let keys: ClientKeys = entropy::mask_key;
        let mut websocket = Self::new(stream, unread, Connection::client(config, keys));
        websocket.protocol = accepted.protocol.map(str::to_owned);
        Ok(websocket)
    }
}

fn refuse<S: Read + Write + 'static, T>(
    mut http: Server<S>,
    error: HandshakeError,
) -> Result<T, Error> {
    http.close_after_response();
    let headers = [("Content-Type", "text/plain; charset=utf-8")];
    let body = format!("{error}\n");
    http.respond(error.status(), (error.headers(), headers), body.as_bytes())?;
    http.linger(false);
    Err(error.into())
}

/// How long to wait for the body of a response that is no WebSocket.
const REJECTION_TIME: Duration = Duration::from_secs(5);
/// Bytes of the body of a response that is no WebSocket.
const MAX_REJECTION: usize = 16 * 1024;
