use std::io::{Read, Write};
use std::ops::Range;
use std::time::{Duration, Instant, SystemTime};

use holdline_http1::{
    BodyLength, Buffer, Event, Fields, HeaderBlock, RequestHeadBuf, ResponseBody, ServerConfig,
    ServerConnection,
};

use super::super::io::Io;
use super::{Error, copy};

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
/// `Date`, `Content-Length`, `Transfer-Encoding` and `Connection` are written by the connection.
/// Give none of them. `100 Continue` is sent when the body is asked for.
#[derive(Debug)]
pub struct Server<S> {
    io: Io<S>,
    machine: ServerConnection,
    buffer: Buffer,
    /// How the rest of the current request's body is framed; `None` when it is read.
    body: BodyLength,
    /// What [`read_body`](Self::read_body) has collected so far.
    collected: Vec<u8>,
    trailers: Vec<(String, Vec<u8>)>,
    answered: bool,
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
            io: Io::new(stream, Vec::new()),
            machine: ServerConnection::new(config),
            buffer: Buffer::new(),
            body: BodyLength::None,
            collected: Vec::new(),
            trailers: Vec::new(),
            answered: true,
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

    /// Has the next response, or the present one if it has not begun, end the connection.
    pub fn close_after_response(&mut self) {
        self.machine.close_after_response();
    }

    /// The trailer fields of the last request's body, once it is read (RFC 9110 §6.5).
    #[must_use]
    pub fn trailers(&self) -> &[(String, Vec<u8>)] {
        &self.trailers
    }
}

impl<S: Read + Write> Server<S> {
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
        self.io.flush()?;
        loop {
            if self.machine.should_close() {
                self.linger();
                return Ok(None);
            }
            match self.step()? {
                Step::Request(head, body) => {
                    self.begin(body)?;
                    return Ok(Some(head));
                }
                Step::Nothing => return Ok(None),
                Step::Data(_) | Step::End => {}
            }
        }
    }

    /// The next piece of the request's body, as it came. `None` at its end.
    ///
    /// # Errors
    ///
    /// [`Error::Receive`], also when the stream ends within the body. [`Error::Io`].
    pub fn read_data(&mut self) -> Result<Option<&[u8]>, Error> {
        Ok(self.data()?.map(|range| self.io.piece(range)))
    }

    /// The whole body of the request, or what [`read_data`](Self::read_data) left of it, of at most
    /// `limit` bytes. After a timeout the next call goes on.
    ///
    /// # Errors
    ///
    /// [`Error::BodyTooLong`], at once when the length is announced. Otherwise as `read_data`.
    pub fn read_body(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
        if let BodyLength::Known(length) = self.body
            && self.collected.is_empty()
            && length > limit as u64
        {
            return Err(Error::BodyTooLong { limit });
        }
        while let Some(range) = self.data()? {
            if self.collected.len() + range.len() > limit {
                self.collected = Vec::new();
                return Err(Error::BodyTooLong { limit });
            }
            let piece = self.io.piece(range);
            self.collected.extend_from_slice(piece);
        }
        Ok(std::mem::take(&mut self.collected))
    }

    /// Answers with a whole body. For HEAD the body is not sent, only its length.
    ///
    /// A request whose body was not read to its end is answered with `Connection: close`.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] when nothing waits for an answer or a field is bad. [`Error::Io`].
    pub fn respond(&mut self, status: u16, headers: impl Fields, body: &[u8]) -> Result<(), Error> {
        let headers = (date(), headers);
        self.machine
            .respond(status, headers, body, &mut self.io.out)?;
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
        let headers = (date(), headers);
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
        self.machine.send_end(&mut self.io.out)?;
        self.answered = true;
        self.flush()
    }

    /// Writes what an earlier call could not write.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn flush(&mut self) -> Result<(), Error> {
        Ok(self.io.flush()?)
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
        self.linger();
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
        self.io.flush()?;
        Ok(self.into_parts())
    }

    fn begin(&mut self, body: BodyLength) -> Result<(), Error> {
        self.answered = false;
        self.body = body;
        self.collected = Vec::new();
        self.trailers.clear();
        if body == BodyLength::None {
            // Its end is due without another byte.
            self.step()?;
        }
        Ok(())
    }

    fn data(&mut self) -> Result<Option<Range<usize>>, Error> {
        if self.body == BodyLength::None {
            return Ok(None);
        }
        Ok(match self.step()? {
            Step::Data(range) => Some(range),
            _ => None,
        })
    }

    fn step(&mut self) -> Result<Step, Error> {
        loop {
            let mut input = self.io.unread();
            let event = self.machine.receive(&mut input, &mut self.buffer)?;
            let step = match event {
                Some(Event::Request { head, body }) => {
                    Some((Step::Request(head.to_owned(), body), 0))
                }
                Some(Event::Data(data)) => Some((Step::Data(0..0), data.len())),
                Some(Event::End { trailers }) => {
                    self.body = BodyLength::None;
                    self.trailers = copy(trailers);
                    Some((Step::End, 0))
                }
                Some(_) => Some((Step::Nothing, 0)),
                None => None,
            };
            let left = input.len();
            self.io.keep(left);
            match step {
                Some((Step::Data(_), length)) => return Ok(Step::Data(self.io.taken(length))),
                Some((step, _)) => return Ok(step),
                None => {}
            }
            self.machine.poll_transmit(&mut self.io.out);
            self.io.flush()?;
            if self.io.fill()? == 0 {
                return Ok(match self.machine.receive_eof()? {
                    Some(_) => {
                        self.body = BodyLength::None;
                        Step::End
                    }
                    None => Step::Nothing,
                });
            }
        }
    }

    /// Reads and drops what the client still sends, for a while: closing with bytes unread resets
    /// the connection, and the client would lose the response (RFC 9112 §9.6).
    fn linger(&mut self) {
        let begun = Instant::now();
        let mut rest = LINGER_BYTES;
        while self.machine.is_receiving_body() && rest > 0 && begun.elapsed() < LINGER_TIME {
            match self.io.fill() {
                Ok(0) | Err(_) => break,
                Ok(length) => rest = rest.saturating_sub(length),
            }
        }
    }
}

/// RFC 9110 §6.6.1: "An origin server with a clock [...] MUST generate a Date header field in all
/// 2xx (Successful), 3xx (Redirection), and 4xx (Client Error) responses".
fn date() -> Option<HeaderBlock> {
    let now = httpdate::fmt_http_date(SystemTime::now());
    HeaderBlock::new([("Date", now)]).ok()
}

const LINGER_BYTES: usize = 256 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(2);
