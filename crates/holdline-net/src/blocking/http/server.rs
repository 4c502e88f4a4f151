use std::io::{Read, Write};
use std::ops::Range;
use std::time::{Duration, Instant};

use holdline_http1::{
    BodyLength, Buffer, Dated, Event, Fields, PreparedResponse, RequestHeadBuf, ResponseBody,
    ServerConfig, ServerConnection,
};

use crate::clock;

use super::super::io::{Io, IoEvent, timed_out};
use super::Error;
use super::incoming::Incoming;

/// The server's end of a blocking HTTP connection.
///
/// Read a request, read its body or not, answer it, and so on until there is none.
///
/// ```
/// use holdline_net::blocking::http::Server;
/// # use std::io::{self, Cursor, Read, Write};
/// # struct Stream(Cursor<&'static [u8]>, Vec<u8>);
/// # impl Read for Stream { fn read(&mut self, b: &mut [u8]) -> io::Result<usize> { self.0.read(b) } }
/// # impl Write for Stream {
/// #     fn write(&mut self, b: &[u8]) -> io::Result<usize> { self.1.write(b) }
/// #     fn flush(&mut self) -> io::Result<()> { Ok(()) }
/// # }
/// # let stream = Stream(Cursor::new(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"), Vec::new());
/// let mut http = Server::new(stream);
/// while let Some(request) = http.read_request()? {
///     let body = http.read_body(64 * 1024)?;
///     match request.as_ref().method() {
///         "POST" => http.respond(200, [("Content-Type", "text/plain")], &body)?,
///         _ => http.respond(405, [("Allow", "POST")], b"")?,
///     }
/// }
/// # let (stream, _) = http.into_parts();
/// # assert!(stream.1.ends_with(b"\r\n\r\nhi"));
/// # Ok::<(), holdline_net::blocking::http::Error>(())
/// ```
///
/// `Content-Length`, `Transfer-Encoding` and `Connection` are written by the connection. Give none of them. `Date` is
/// written unless you give one. `100 Continue` is sent when the body is asked for.
#[derive(Debug)]
pub struct Server<S> {
    io: Io<S>,
    machine: ServerConnection,
    buffer: Buffer,
    /// The current request's body.
    incoming: Incoming,
    answered: bool,
    timeout: Option<Duration>,
}

/// What the machine has received, without borrows.
enum Step {
    Request(RequestHeadBuf, BodyLength),
    Data(Range<usize>),
    End,
    /// No more comes, or it waits for the response.
    Nothing,
}

impl<S> Server<S> {
    /// A connection with the default limits (16 KiB of head).
    pub fn new(stream: S) -> Self {
        Self::with_config(stream, ServerConfig::default())
    }

    /// A connection with limits of the caller's choice.
    pub fn with_config(stream: S, config: ServerConfig) -> Self {
        Self {
            io: Io::new(stream, Vec::new(), "nothing came"),
            machine: ServerConnection::new(config),
            buffer: Buffer::new(),
            incoming: Incoming::nothing(),
            answered: true,
            timeout: None,
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

    /// The stream, and the bytes that were read from it and not used. What a call could not write is dropped: call
    /// [`flush`](Self::flush) before if one ended with a timeout.
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

    /// Makes the next response, or the current one if it has not begun, the last of the connection.
    pub fn close_after_response(&mut self) {
        self.machine.close_after_response();
    }

    /// The trailer fields of the last request's body, once it is read (RFC 9110 §6.5).
    #[must_use]
    pub fn trailers(&self) -> &[(String, Vec<u8>)] {
        self.incoming.trailers()
    }
}

impl<S: Read + Write + 'static> Server<S> {
    /// Waits for the next request. `None`: the client has closed, or the connection ends after the
    /// last response. What is left of the body before is skipped.
    ///
    /// # Errors
    ///
    /// [`Error::Receive`] when the request is bad: [`refuse`](Self::refuse) it.
    /// [`Error::Unanswered`] when the last request is not answered to the end. [`Error::Io`].
    pub fn read_request(&mut self) -> Result<Option<RequestHeadBuf>, Error> {
        if !self.answered {
            return Err(Error::Unanswered);
        }
        let until = self.until();
        self.flush_within(until)?;
        loop {
            if self.machine.should_close() {
                self.linger(false);
                return Ok(None);
            }
            match self.step(until)? {
                Step::Request(head, body) => {
                    self.begin(body)?;
                    return Ok(Some(head));
                }
                Step::Nothing => return Ok(None),
                Step::Data(_) | Step::End => {}
            }
        }
    }

    /// The next piece of the request's body, as it came. `None` at its end. What is left of it when the request is
    /// answered to the end is skipped, and not given any more.
    ///
    /// # Errors
    ///
    /// [`Error::Receive`], also when the stream ends within the body. [`Error::Io`].
    pub fn read_data(&mut self) -> Result<Option<&[u8]>, Error> {
        let until = self.until();
        Ok(self.data(until)?.map(|range| self.io.piece(range)))
    }

    /// The whole body of the request, or what [`read_data`](Self::read_data) left of it, of at most
    /// `limit` bytes. After a timeout the next call goes on. Call it before the request is answered.
    ///
    /// # Errors
    ///
    /// [`Error::BodyTooLong`], at once when the length is announced. Otherwise as `read_data`.
    pub fn read_body(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
        self.incoming.check(limit)?;
        let until = self.until();
        while let Some(range) = self.data(until)? {
            self.incoming.collect(self.io.piece(range), limit)?;
        }
        Ok(self.incoming.take_collected())
    }

    /// Answers with a whole body. For HEAD the body is not sent, only its length.
    ///
    /// A request whose body was not read to its end is answered with `Connection: close`.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] when nothing waits for an answer or a field is bad. [`Error::Io`].
    pub fn respond(&mut self, status: u16, headers: impl Fields, body: &[u8]) -> Result<(), Error> {
        let date = clock::date_block();
        let headers = Dated::new(&date, headers);
        self.machine
            .respond(status, headers, body, &mut self.io.out)?;
        self.answered = true;
        self.flush()
    }

    /// Answers with a whole response that was made before: the same bytes as [`respond`](Self::respond), for less
    /// work. Its `Date` becomes that of this second.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] when nothing waits for an answer, or a CONNECT, which a 2xx with a body cannot answer.
    /// [`Error::Io`].
    pub fn respond_prepared(&mut self, response: &mut PreparedResponse) -> Result<(), Error> {
        clock::renew_date(response, &clock::date_block());
        self.machine.respond_prepared(response, &mut self.io.out)?;
        self.answered = true;
        self.flush()
    }

    /// Sends the head of a response. Its body follows with [`send_data`](Self::send_data) and
    /// [`send_end`](Self::send_end), except for [`ResponseBody::None`].
    ///
    /// # Errors
    ///
    /// As [`respond`](Self::respond).
    pub fn send_response(
        &mut self,
        status: u16,
        headers: impl Fields,
        body: ResponseBody,
    ) -> Result<(), Error> {
        let date = clock::date_block();
        let headers = Dated::new(&date, headers);
        self.machine
            .send_response(status, headers, body, &mut self.io.out)?;
        self.answered = body == ResponseBody::None;
        self.flush()
    }

    /// Sends a 1xx response before the final one, such as 103 with `Link` fields.
    ///
    /// # Errors
    ///
    /// As [`respond`](Self::respond), and to a client that speaks HTTP/1.0.
    pub fn send_informational(&mut self, status: u16, headers: impl Fields) -> Result<(), Error> {
        self.machine
            .send_informational(status, headers, &mut self.io.out)?;
        self.flush()
    }

    /// Sends a piece of the response's body at once: one chunk, or bare bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] when no body is open or it is longer than announced. [`Error::Io`], which is
    /// also how a client that went away is noticed.
    pub fn send_data(&mut self, data: &[u8]) -> Result<(), Error> {
        self.machine.send_data(data, &mut self.io.out)?;
        self.flush()
    }

    /// Ends the response's body.
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data), and when the body is shorter than announced.
    pub fn send_end(&mut self) -> Result<(), Error> {
        self.send_end_with_trailers(())
    }

    /// Ends the response's body with a trailer section (RFC 9110 §6.5). The body must be
    /// [streamed](ResponseBody::Streamed), to a client that speaks HTTP/1.1.
    ///
    /// # Errors
    ///
    /// As [`send_end`](Self::send_end), and when the body is not chunked or a field may not stand there.
    pub fn send_end_with_trailers(&mut self, trailers: impl Fields) -> Result<(), Error> {
        self.machine
            .send_end_with_trailers(trailers, &mut self.io.out)?;
        self.answered = true;
        self.flush()
    }

    /// Writes what an earlier call could not write.
    ///
    /// What the client sends meanwhile is kept, up to 64 KiB, or dropped if it is the rest of a request that
    /// is refused.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.flush_within(self.until())
    }

    /// Answers an error with [its status](Error::status) and a line of text, if an answer can still
    /// be given, and gives the client a little time to read it. Drop the connection afterwards.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn refuse(&mut self, error: &Error) -> Result<(), Error> {
        if !self.machine.can_respond() {
            return Ok(());
        }
        self.close_after_response();
        let headers = [("Content-Type", "text/plain; charset=utf-8")];
        self.respond(error.status(), headers, format!("{error}\n").as_bytes())?;
        self.linger(true);
        Ok(())
    }

    /// Answers with `101 Switching Protocols`, and hands out the stream together with the bytes that
    /// were read after the request: they belong to the new protocol.
    ///
    /// `headers` must hold `Upgrade`; `Connection: Upgrade` is added. For a WebSocket see
    /// [`WebSocket::upgrade`](crate::blocking::websocket::WebSocket::upgrade).
    ///
    /// # Errors
    ///
    /// [`Error::Send`] when the request asked for no upgrade, its body is unread, or a field is bad.
    /// [`Error::Io`].
    pub fn switch(mut self, headers: impl Fields) -> Result<(S, Vec<u8>), Error> {
        self.machine
            .send_switching_protocols(headers, &mut self.io.out)?;
        self.flush()?;
        Ok(self.into_parts())
    }

    fn flush_within(&mut self, until: Option<Instant>) -> Result<(), Error> {
        loop {
            let event = self.io.send(until)?;
            if event == IoEvent::Sent {
                return Ok(());
            }
            if self.machine.should_close() {
                self.io.drop_unread();
            }
            if let (Some(until), Some(limit)) = (until, self.timeout)
                && until <= Instant::now()
            {
                return Err(timed_out("the response was not sent", limit).into());
            }
        }
    }

    fn until(&self) -> Option<Instant> {
        self.timeout
            .and_then(|limit| Instant::now().checked_add(limit))
    }

    fn begin(&mut self, body: BodyLength) -> Result<(), Error> {
        self.answered = false;
        self.incoming = Incoming::from(body);
        if body == BodyLength::None {
            // It ends without another byte.
            self.parse()?;
        }
        Ok(())
    }

    fn data(&mut self, until: Option<Instant>) -> Result<Option<Range<usize>>, Error> {
        if self.incoming.is_over() {
            return Ok(None);
        }
        Ok(match self.step(until)? {
            Step::Data(range) => Some(range),
            _ => None,
        })
    }

    /// Waits for the next event.
    fn step(&mut self, until: Option<Instant>) -> Result<Step, Error> {
        loop {
            if let Some(step) = self.parse()? {
                return Ok(step);
            }
            // 100 Continue goes out while its body is waited for.
            self.machine.poll_transmit(&mut self.io.out);
            let limit = self.timeout.unwrap_or_default();
            if !self.io.is_fed(until, limit)? {
                return Ok(match self.machine.receive_eof()? {
                    Some(_) => {
                        self.incoming.end();
                        Step::End
                    }
                    None => Step::Nothing,
                });
            }
        }
    }

    /// Takes the next event out of what was read. `None`: more is needed.
    fn parse(&mut self) -> Result<Option<Step>, Error> {
        let mut input = self.io.unread();
        let event = self.machine.receive(&mut input, &mut self.buffer)?;
        let (step, length) = match event {
            Some(Event::Request { head, body }) => (Some(Step::Request(head.to_owned(), body)), 0),
            Some(Event::Data(data)) => (Some(Step::Data(0..0)), data.len()),
            Some(Event::End { trailers }) => {
                self.incoming.end_with(trailers);
                (Some(Step::End), 0)
            }
            Some(_) => (Some(Step::Nothing), 0),
            None => (None, 0),
        };
        let left = input.len();
        self.io.keep(left);
        Ok(match step {
            Some(Step::Data(_)) => Some(Step::Data(self.io.taken(length))),
            step => step,
        })
    }

    /// Ends the connection so that the last response arrives: closing with bytes unread resets the connection,
    /// and the client would lose what it has not read yet. So our direction is ended, and whatever
    /// the client still sends is read and dropped until it ends its own direction, within a limit (RFC 9112 §9.6).
    ///
    /// After an error of the client we cannot know whether more is on its way. A stream that we cannot wait
    /// for with a deadline is then left at once.
    pub(in crate::blocking) fn linger(&mut self, after_error: bool) {
        let more = self.machine.is_receiving_body() || !self.io.is_quiet();
        // If a socket cannot be shut down, its peer is gone and has nothing to lose.
        if !(more || after_error && self.io.keeps_time()) || self.io.shut_down_write().is_err() {
            return;
        }
        let until = Instant::now().checked_add(LINGER_TIME);
        loop {
            self.io.drop_unread();
            if !matches!(self.io.receive(until), Ok(IoEvent::Came)) {
                return;
            }
            if until.is_some_and(|until| until <= Instant::now()) {
                return;
            }
        }
    }
}

/// How long a client may go on sending after the last response; as [`Config::linger_timeout`] of the event loop.
///
/// [`Config::linger_timeout`]: crate::Config::linger_timeout
const LINGER_TIME: Duration = Duration::from_secs(5);
