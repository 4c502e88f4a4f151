use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use holdline_sse::Request;

use super::super::http::{self, Client};
use super::super::{Tcp, Url};

/// Opens the connections of an [`EventSource`](super::EventSource): [`Tcp`], or a function from the URL to a stream.
pub trait Connect {
    /// The stream.
    type Stream: Read + Write + 'static;

    /// Opens a connection to the URL's host and port. Set the stream's timeouts here.
    ///
    /// # Errors
    /// What made it fail. The event source tries again later, unless the kind is `Unsupported` or
    /// `InvalidInput`: no attempt can do better, so the source closes.
    fn connect(&mut self, url: &Url) -> io::Result<Self::Stream>;
}

impl Connect for Tcp {
    type Stream = TcpStream;

    fn connect(&mut self, url: &Url) -> io::Result<TcpStream> {
        Tcp::connect(self, url)
    }
}

impl<F: FnMut(&Url) -> io::Result<S>, S: Read + Write + 'static> Connect for F {
    type Stream = S;

    fn connect(&mut self, url: &Url) -> io::Result<S> {
        self(url)
    }
}

/// Why a connection could not be opened.
pub(super) enum Refusal {
    /// Another attempt may succeed.
    Temporary(http::Error),
    /// No attempt can do better.
    Impossible(io::Error),
    /// The caller's configuration cannot be sent.
    Request(http::Error),
}

/// Connects, and sends the request. `limit` is how long the response head may take.
pub(super) fn send_request<C: Connect>(
    request: &Request<'_>,
    connector: &mut C,
    limit: Option<Duration>,
) -> Result<Client<C::Stream>, Refusal> {
    let url = Url::parse_http(request.url())
        .map_err(|error| Refusal::Impossible(io::Error::new(ErrorKind::InvalidInput, error)))?;
    let connected = connector.connect(&url);
    let stream = connected.map_err(|error| match error.kind() {
        ErrorKind::Unsupported | ErrorKind::InvalidInput => Refusal::Impossible(error),
        _ => Refusal::Temporary(error.into()),
    })?;
    let mut http = Client::new(stream, url.authority());
    if let Some(limit) = limit {
        http.set_deadline(limit);
    }
    let headers: Vec<(&str, &[u8])> = request.headers().collect();
    match http.request(request.method(), url.target(), headers, request.body()) {
        Ok(()) => Ok(http),
        // The rest of the request is written while the response is waited for.
        Err(error) if error.is_timeout() => Ok(http),
        Err(error @ http::Error::Send(_)) => Err(Refusal::Request(error)),
        Err(error) => Err(Refusal::Temporary(error)),
    }
}
