use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use holdline_http1::{Buffer, ClientConfig, ClientConnection, Fields, RequestBody};

use super::super::io::{Io, IoEvent, is_timeout, timed_out};
use super::incoming::Incoming;
use super::{Error, Response};

mod receive;

pub use receive::Expectation;

/// The client's end of a blocking HTTP connection.
///
/// ```no_run
/// use std::net::TcpStream;
/// use holdline_net::blocking::http::Client;
///
/// let host = "127.0.0.1:8080";
/// let mut http = Client::new(TcpStream::connect(host)?, host);
/// for text in ["one", "two"] {
///     http.request("POST", "/channels/demo", (), text.as_bytes())?;
///     let response = http.read_response()?;
///     let body = http.read_body(64 * 1024)?;
///     println!("{} {}", response.status(), String::from_utf8_lossy(&body));
///     if !http.is_reusable() {
///         break; // The server closes: connect again.
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `Host`, `Content-Length`, `Transfer-Encoding` and `Connection` are written by the connection.
/// Give none of them.
///
/// # A server that answers before it has the whole request
///
/// It may do so to refuse it, and then read no more (RFC 9112 §9.5). What comes while a request is being sent
/// is looked at, and the call that sends returns `Ok` as soon as the final response begins: read it. After a
/// status of 300 or above the rest of the request is not sent any more, and the connection ends with that
/// response; otherwise it goes on being sent while the response is read.
///
/// # Using a connection again
///
/// A server may close an idle connection at any time, and may say something before it does, such as a 408.
/// Each request but the first looks at the socket, and is [refused](Error::is_stale) when it has ended or
/// bytes are there that answer nothing. A stream that cannot be asked without waiting, such as TLS, is used
/// unless bytes were read already; there a stale connection may show only when the response is read.
///
/// A request that timed out is still under way: go on with `flush` or `read_response`, or drop the connection.
/// No other request can be sent before its response is read to the end.
#[derive(Debug)]
pub struct Client<S> {
    pub(in crate::blocking) io: Io<S>,
    machine: ClientConnection,
    buffer: Buffer,
    host: String,
    /// Response heads that came while the request was being sent; the final one is the last.
    early: VecDeque<Response>,
    /// A request was sent, and its final response was not handed out yet.
    awaiting: bool,
    /// There was an exchange before the present one.
    used: bool,
    /// A byte of the response to the present request has come.
    heard: bool,
    /// The server wants no more of the request.
    refused: bool,
    /// The next request ends the connection.
    close: bool,
    /// The current response's body.
    incoming: Incoming,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
}

impl<S> Client<S> {
    /// A connection with the default limits. `host` is the value of `Host`: the authority of the
    /// URL, with its port if it has one.
    pub fn new(stream: S, host: &str) -> Self {
        Self::with_config(stream, host, ClientConfig::default())
    }

    /// A connection with limits of the caller's choice.
    pub fn with_config(stream: S, host: &str, config: ClientConfig) -> Self {
        Self {
            io: Io::new(stream, Vec::new(), "no answer"),
            machine: ClientConnection::new(config),
            buffer: Buffer::new(),
            host: host.to_owned(),
            early: VecDeque::new(),
            awaiting: false,
            used: false,
            heard: false,
            refused: false,
            close: false,
            incoming: Incoming::nothing(),
            timeout: None,
            deadline: None,
        }
    }

    /// The stream. Do not read from it or write to it.
    pub fn stream(&self) -> &S {
        &self.io.stream
    }

    /// The stream, to set its options. Do not read from it or write to it.
    pub fn stream_mut(&mut self) -> &mut S {
        &mut self.io.stream
    }

    /// The stream, and the bytes that were read from it and not used.
    pub fn into_parts(self) -> (S, Vec<u8>) {
        self.io.into_parts()
    }

    /// How long each call may take in all, however the bytes come. Default: `None`, so that the stream's own
    /// timeouts decide, and a single byte starts one of those again.
    ///
    /// For a `TcpStream` and a Unix socket it is exact. Another stream is looked at when a read or a write returns,
    /// so there a call may take one timeout of the stream more.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout;
    }

    /// Makes the next request say `Connection: close`, so that the server closes after its response
    /// (RFC 9112 §9.6).
    pub fn close_after_response(&mut self) {
        self.close = true;
    }

    /// Whether the final response to the present request has begun to come, also when it was
    /// [read](Self::read_response) since. A caller that sends a long body in pieces can stop then.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        let handed_out = self.used && !self.awaiting;
        let head = self.early.back();
        handed_out || head.is_some_and(|head| !head.is_informational())
    }

    /// The trailer fields of the last response's body, once it is read.
    #[must_use]
    pub fn trailers(&self) -> &[(String, Vec<u8>)] {
        self.incoming.trailers()
    }

    /// Calls from now on end at this time, instead of after [`set_timeout`](Self::set_timeout).
    pub(in crate::blocking) fn set_deadline(&mut self, limit: Duration) {
        self.timeout = Some(limit);
        self.deadline = Instant::now().checked_add(limit);
    }

    pub(in crate::blocking) fn no_deadline(&mut self) {
        self.timeout = None;
        self.deadline = None;
    }

    /// When the call that begins now must end.
    fn until(&self) -> Option<Instant> {
        let timeout = self
            .timeout
            .and_then(|limit| Instant::now().checked_add(limit));
        self.deadline.or(timeout)
    }
}

impl<S: Read + Write + 'static> Client<S> {
    /// Whether the response was read to its end, another request may follow, and the server has neither closed
    /// the connection nor sent anything that was not asked for. It may still close it at any time.
    ///
    /// A stream other than a socket is not asked: see [there](Self#using-a-connection-again).
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        let done = self.machine.is_reusable() && !self.refused && !self.io.is_sending();
        done && self.io.is_quiet()
    }

    /// Sends a request with a whole body, which may be empty.
    ///
    /// It returns early when the server [answers
    /// early](Self#a-server-that-answers-before-it-has-the-whole-request).
    ///
    /// # Errors
    ///
    /// [`Error::Send`] when the last response is not read to its end, or something cannot be sent.
    /// [`Error::Stale`] when a connection that was used before is closed, or was answered unasked.
    /// [`Error::Io`]: the request was not written to its end, and there is no response.
    pub fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: impl Fields,
        body: &[u8],
    ) -> Result<(), Error> {
        self.check_stream()?;
        let close = self.close.then_some([("Connection", "close")]);
        let headers = ((host_field(&self.host, method, target), close), headers);
        self.machine
            .request(method, target, headers, body, &mut self.io.out)?;
        self.begin_exchange();
        self.push()
    }

    /// Sends the head of a request. Its body follows with [`send_data`](Self::send_data) and
    /// [`send_end`](Self::send_end), except for [`RequestBody::None`].
    ///
    /// With `Expect: 100-continue` among the headers, [`wait_for_continue`](Self::wait_for_continue) comes
    /// before the body.
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request).
    pub fn send_request(
        &mut self,
        method: &str,
        target: &str,
        headers: impl Fields,
        body: RequestBody,
    ) -> Result<(), Error> {
        self.check_stream()?;
        let close = self.close.then_some([("Connection", "close")]);
        let headers = ((host_field(&self.host, method, target), close), headers);
        self.machine
            .send_request(method, target, headers, body, &mut self.io.out)?;
        self.begin_exchange();
        self.push()
    }

    /// Sends a piece of the request's body. When the server wants no more of it
    /// ([`is_answered`](Self::is_answered), with a status of 300 or above) nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] when no body is open or it is longer than announced. [`Error::Io`].
    pub fn send_data(&mut self, data: &[u8]) -> Result<(), Error> {
        if self.refused {
            return Ok(());
        }
        self.machine.send_data(data, &mut self.io.out)?;
        self.push()
    }

    /// Ends the request's body.
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data), and when the body is shorter than announced.
    pub fn send_end(&mut self) -> Result<(), Error> {
        self.send_end_with_trailers(())
    }

    /// Ends the request's body, which must be [streamed](RequestBody::Streamed), with a trailer section
    /// (RFC 9110 §6.5).
    ///
    /// # Errors
    ///
    /// As [`send_end`](Self::send_end), and for a field that may not stand there.
    pub fn send_end_with_trailers(&mut self, trailers: impl Fields) -> Result<(), Error> {
        if self.refused {
            return Ok(());
        }
        self.machine
            .send_end_with_trailers(trailers, &mut self.io.out)?;
        self.push()
    }

    /// Writes what an earlier call could not write.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.push()
    }

    /// Refuses a connection that was used before and has ended since, or has said something unasked.
    fn check_stream(&self) -> Result<(), Error> {
        if !self.used || !self.machine.is_reusable() || self.io.is_quiet() {
            return Ok(());
        }
        let text = "the server has closed it, or sent what no request asked for";
        Err(Error::Stale(io::Error::new(ErrorKind::NotConnected, text)))
    }

    fn begin_exchange(&mut self) {
        self.awaiting = true;
        self.heard = false;
        self.early.clear();
    }

    /// Writes what is in `out`, until it is written or the server answers.
    fn push(&mut self) -> Result<(), Error> {
        let until = self.until();
        let answered = self.is_answered();
        loop {
            if self.refused {
                self.io.discard_out();
                return Ok(());
            }
            match self.io.send(until) {
                Ok(IoEvent::Sent) => return Ok(()),
                Ok(_) if answered => {}
                Ok(_) if self.finds_answer()? => return Ok(()),
                Ok(IoEvent::Ended) => return Err(self.unanswered()),
                Ok(_) => {}
                Err(error) if is_timeout(&error) => return Err(error.into()),
                Err(error) => return self.after_break(error),
            }
            if let (Some(until), Some(limit)) = (until, self.timeout)
                && until <= Instant::now()
            {
                return Err(timed_out("the request was not sent", limit).into());
            }
        }
    }

    /// Nothing more can be written. But the answer may be in the stream already.
    fn after_break(&mut self, error: io::Error) -> Result<(), Error> {
        let now = Instant::now();
        loop {
            if self.is_answered() || self.finds_answer()? {
                self.refused = true;
                return Ok(());
            }
            if !matches!(self.io.receive(Some(now)), Ok(IoEvent::Came)) {
                return Err(self.lost(error));
            }
        }
    }

    /// What a failure of the stream means.
    fn lost(&self, error: io::Error) -> Error {
        match self.used && !self.heard && !is_timeout(&error) {
            true => Error::Stale(error),
            false => Error::Io(error),
        }
    }
}

/// `Host`, unless the target itself names the authority, which the machine then writes.
fn host_field<'h>(
    host: &'h str,
    method: &str,
    target: &str,
) -> Option<[(&'static str, &'h str); 1]> {
    let is_origin = target.starts_with('/') || target == "*";
    (is_origin && method != "CONNECT").then_some([("Host", host)])
}
