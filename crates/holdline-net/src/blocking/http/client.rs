use std::io::{Read, Write};
use std::ops::Range;

use holdline_http1::{
    BodyLength, Buffer, ClientConfig, ClientConnection, Fields, RequestBody, ResponseEvent, Version,
};

use super::super::io::{Io, is_timeout};
use super::{Error, copy};

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
#[derive(Debug)]
pub struct Client<S> {
    pub(in crate::blocking) io: Io<S>,
    machine: ClientConnection,
    buffer: Buffer,
    host: String,
    /// How the rest of the current response's body is framed; `None` when it is read.
    body: BodyLength,
    /// What [`read_body`](Self::read_body) has collected so far.
    collected: Vec<u8>,
    trailers: Vec<(String, Vec<u8>)>,
}

/// What the machine has received, without borrows.
enum Step {
    Response(Response),
    Data(Range<usize>),
    /// Another one is to come.
    Informational,
    End,
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
            io: Io::new(stream, Vec::new()),
            machine: ClientConnection::new(config),
            buffer: Buffer::new(),
            host: host.to_owned(),
            body: BodyLength::None,
            collected: Vec::new(),
            trailers: Vec::new(),
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

    /// Whether the response was read to its end and another request may follow. The server may
    /// still close an idle connection at any time.
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        self.machine.is_reusable() && self.io.unread().is_empty()
    }

    /// The trailer fields of the last response's body, once it is read.
    #[must_use]
    pub fn trailers(&self) -> &[(String, Vec<u8>)] {
        &self.trailers
    }
}

impl<S: Read + Write> Client<S> {
    /// Sends a request with a whole body, which may be empty.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] when the last response is not read to its end, or something cannot be sent.
    /// [`Error::Io`]: the request was not written to its end. When the server closed while a long
    /// body was being sent, there may be a response nevertheless:
    /// [`read_response`](Self::read_response) tells.
    pub fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: impl Fields,
        body: &[u8],
    ) -> Result<(), Error> {
        let headers = ([("Host", &self.host)], headers);
        self.machine
            .request(method, target, headers, body, &mut self.io.out)?;
        self.flush()
    }

    /// Sends the head of a request. Its body follows with [`send_data`](Self::send_data) and
    /// [`send_end`](Self::send_end), except for [`RequestBody::None`].
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
        let headers = ([("Host", &self.host)], headers);
        self.machine
            .send_request(method, target, headers, body, &mut self.io.out)?;
        self.flush()
    }

    /// Sends a piece of the request's body.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] when no body is open or it is longer than announced. [`Error::Io`].
    pub fn send_data(&mut self, data: &[u8]) -> Result<(), Error> {
        self.machine.send_data(data, &mut self.io.out)?;
        self.flush()
    }

    /// Ends the request's body.
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data), and when the body is shorter than announced.
    pub fn send_end(&mut self) -> Result<(), Error> {
        self.machine.send_end(&mut self.io.out)?;
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

    /// Waits for the head of the response. Informational ones are skipped, except 101.
    ///
    /// # Errors
    ///
    /// [`Error::Receive`], also when the stream ends before the response. [`Error::Io`].
    pub fn read_response(&mut self) -> Result<Response, Error> {
        loop {
            match self.step()? {
                Step::Response(response) => {
                    self.body = response.body;
                    self.collected = Vec::new();
                    self.trailers.clear();
                    if self.body == BodyLength::None && !self.machine.is_switched() {
                        // Its end is due without another byte.
                        self.step()?;
                    }
                    return Ok(response);
                }
                Step::Informational | Step::Data(_) | Step::End => {}
            }
        }
    }

    /// The next piece of the response's body, as it came. `None` at its end.
    ///
    /// # Errors
    ///
    /// [`Error::Receive`], also when the stream ends within the body. [`Error::Io`].
    pub fn read_data(&mut self) -> Result<Option<&[u8]>, Error> {
        Ok(self.data()?.map(|range| self.io.piece(range)))
    }

    /// The whole body of the response, or what [`read_data`](Self::read_data) left of it, of at most
    /// `limit` bytes. After a timeout the next call goes on.
    ///
    /// # Errors
    ///
    /// [`Error::BodyTooLong`]; the connection cannot be used again then. Otherwise as `read_data`.
    pub fn read_body(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
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

    /// After a 101, or a 2xx to CONNECT: hands out the stream together with the bytes that were read
    /// after the response, which belong to the new protocol.
    ///
    /// # Errors
    ///
    /// [`Error::NotSwitched`].
    pub fn switch(self) -> Result<(S, Vec<u8>), Error> {
        if !self.machine.is_switched() {
            return Err(Error::NotSwitched);
        }
        Ok(self.into_parts())
    }

    /// Where the next piece of the body stands in the read block.
    pub(in crate::blocking) fn data(&mut self) -> Result<Option<Range<usize>>, Error> {
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
                Some(ResponseEvent::Response { head, body }) => {
                    let response = Response {
                        status: head.status(),
                        version: head.version(),
                        headers: copy(head.headers()),
                        body,
                    };
                    Some((Step::Response(response), 0))
                }
                Some(ResponseEvent::Data(data)) => Some((Step::Data(0..0), data.len())),
                Some(ResponseEvent::End { trailers }) => {
                    self.body = BodyLength::None;
                    self.trailers = copy(trailers);
                    Some((Step::End, 0))
                }
                Some(ResponseEvent::Informational(_)) => Some((Step::Informational, 0)),
                // Paused: no request is under way, and there is nothing to receive.
                Some(_) => {
                    return Err(std::io::Error::from(std::io::ErrorKind::NotConnected).into());
                }
                None => None,
            };
            let left = input.len();
            self.io.keep(left);
            match step {
                Some((Step::Data(_), length)) => return Ok(Step::Data(self.io.taken(length))),
                Some((step, _)) => return Ok(step),
                None => {}
            }
            // A server may answer before it has the whole request, and close: what cannot be written
            // any more must not keep its answer from being read.
            match self.io.flush() {
                Err(error) if is_timeout(&error) => return Err(error.into()),
                Err(_) => self.io.discard_out(),
                Ok(()) => {}
            }
            if self.io.fill()? == 0 {
                return match self.machine.receive_eof()? {
                    Some(_) => {
                        self.body = BodyLength::None;
                        Ok(Step::End)
                    }
                    None => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
                };
            }
        }
    }
}

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: u16,
    version: Version,
    headers: Vec<(String, Vec<u8>)>,
    body: BodyLength,
}

impl Response {
    /// The status code, 100 to 999.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The version that the server speaks.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// How the end of the body is found.
    #[must_use]
    pub fn body(&self) -> BodyLength {
        self.body
    }

    /// The value of the first field line with this name, in any case, when it is UTF-8.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers();
        let (_, value) = fields.find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// The field lines, in wire order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}
