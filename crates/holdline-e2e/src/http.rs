//! An HTTP/1.1 client that accepts only what the standard allows a server to send.
//!
//! It is written for tests: one socket, no reuse, no redirects, and anything that is not exactly right is an error
//! of kind `InvalidData`. If the connection ends inside a response, the error is `UnexpectedEof`, so that a cut can
//! be told from a fault.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use socket2::{Domain, Socket, Type};

use crate::wait::LIMIT;

/// One connection, or what was read from one.
#[derive(Debug)]
pub struct Client<S = TcpStream> {
    stream: BufReader<S>,
}

/// The head of a response.
#[derive(Clone, Debug)]
pub struct Head {
    /// `HTTP/1.1`, say.
    pub version: String,
    /// The status code.
    pub status: u16,
    /// The field lines, in their order.
    pub fields: Vec<(String, String)>,
}

/// A whole response.
#[derive(Clone, Debug)]
pub struct Response {
    /// Its head.
    pub head: Head,
    /// Its body, without framing.
    pub body: Vec<u8>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::new(TcpStream::connect(address)?)
    }

    /// Connects from an address of this machine.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect_from(own: IpAddr, address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(own, 0).into())?;
        socket.connect(&address.into())?;
        Self::new(socket.into())
    }

    /// Uses a connected socket.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Writes raw bytes.
    ///
    /// # Errors
    /// What the system says, for example because the server has closed the connection.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes.as_ref())
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        self.stream.get_ref()
    }
}

impl<S: Read> Client<S> {
    /// Reads what a server has sent.
    pub fn reading(stream: S) -> Self {
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Reads a head. `None` when the connection ended before its first byte.
    ///
    /// # Errors
    /// See the module: a fault, a cut, or [`LIMIT`] without a byte.
    pub fn head(&mut self) -> io::Result<Option<Head>> {
        let Some(first) = line(&mut self.stream, true)? else {
            return Ok(None);
        };
        let mut parts = first.splitn(3, ' ');
        let (version, status, reason) = (parts.next(), parts.next(), parts.next());
        let (Some(version), Some(status), Some(_)) = (version, status, reason) else {
            return Err(fault(format!("no status line: {first:?}")));
        };
        let digits = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
        if !matches!(version, "HTTP/1.1" | "HTTP/1.0") || !digits {
            return Err(fault(format!("no status line: {first:?}")));
        }
        let mut head = Head {
            version: version.to_owned(),
            status: status.parse().map_err(|_| fault("no status"))?,
            fields: Vec::new(),
        };
        loop {
            let line = line(&mut self.stream, false)?.unwrap_or_default();
            if line.is_empty() {
                return Ok(Some(head));
            }
            let field = line.split_once(": ").filter(|(name, value)| {
                let token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                !name.is_empty() && name.bytes().all(token) && value.trim() == *value
            });
            let (name, value) = field.ok_or_else(|| fault(format!("no field line: {line:?}")))?;
            head.fields.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Reads the body that follows `head` in an answer to `method`, as it comes.
    ///
    /// # Errors
    /// When the head does not say, or says twice, how long the body is.
    pub fn body(&mut self, head: &Head, method: &str) -> io::Result<Body<'_, S>> {
        Ok(Body {
            left: framing(head, method)?,
            stream: &mut self.stream,
        })
    }

    /// Reads a whole response to `method`. `None` when the connection ended before its first byte.
    ///
    /// # Errors
    /// As [`head`](Self::head).
    pub fn response(&mut self, method: &str) -> io::Result<Option<Response>> {
        let Some(head) = self.head()? else {
            return Ok(None);
        };
        let mut body = Vec::new();
        self.body(&head, method)?.read_to_end(&mut body)?;
        Ok(Some(Response { head, body }))
    }

    /// Reads a response that must come.
    ///
    /// # Errors
    /// As [`head`](Self::head), and when the connection ends instead.
    pub fn answer(&mut self, method: &str) -> io::Result<Response> {
        let none = || io::Error::new(ErrorKind::UnexpectedEof, "closed without a response");
        self.response(method)?.ok_or_else(none)
    }

    /// Reads a WebSocket frame from a server (RFC 6455 §5.2). Returns its first byte and the length of its payload,
    /// which is dropped. Pings are skipped.
    ///
    /// # Errors
    /// What the system says, and a masked frame.
    pub fn frame(&mut self) -> io::Result<(u8, u64)> {
        loop {
            let mut head = [0; 2];
            self.stream.read_exact(&mut head)?;
            let mut long = [0; 8];
            let length = match head[1] {
                126 => {
                    self.stream.read_exact(&mut long[6..])?;
                    u64::from_be_bytes(long)
                }
                127 => {
                    self.stream.read_exact(&mut long)?;
                    u64::from_be_bytes(long)
                }
                length if length < 126 => length.into(),
                _ => return Err(fault("a server that masks")),
            };
            let mut payload = self.stream.by_ref().take(length);
            if io::copy(&mut payload, &mut io::sink())? < length {
                return Err(cut());
            }
            if head[0] != PING {
                return Ok((head[0], length));
            }
        }
    }

    /// Reads what is left, to the end of the connection.
    ///
    /// # Errors
    /// What the system says.
    pub fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest)?;
        Ok(rest)
    }
}

impl Head {
    /// The values of a field, in their order. Names are compared without case.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let same = move |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        self.fields
            .iter()
            .filter(same)
            .map(|(_, value)| value.as_str())
    }

    /// The first value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }
}

impl Response {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none, or its type says that it is none.
    pub fn json(&self) -> Result<Value> {
        let kind = self.head.get("Content-Type");
        ensure!(
            kind == Some("application/json"),
            "not JSON by its type: {self:?}"
        );
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {self:?}"))
    }

    /// The body as text, with what is not UTF-8 replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A body, read as it comes and without its framing.
#[derive(Debug)]
pub struct Body<'c, S = TcpStream> {
    stream: &'c mut BufReader<S>,
    left: Left,
}

/// What is left of a body.
#[derive(Clone, Copy, Debug)]
enum Left {
    Known(u64),
    /// Of this chunk; with zero comes the next chunk's size.
    Chunk(u64),
    UntilClose,
}

impl<S: Read> Read for Body<'_, S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let left = match &mut self.left {
            Left::Known(0) => return Ok(0),
            Left::UntilClose => return self.stream.read(out),
            Left::Known(left) => left,
            Left::Chunk(left) => {
                if *left == 0 {
                    *left = chunk_size(self.stream)?;
                    if *left == 0 {
                        if line(self.stream, false)? != Some(String::new()) {
                            return Err(fault("trailer fields that nobody asked for"));
                        }
                        self.left = Left::Known(0);
                        return Ok(0);
                    }
                }
                left
            }
        };
        let most = usize::try_from(*left).unwrap_or(usize::MAX).min(out.len());
        let n = self.stream.read(&mut out[..most])?;
        if n == 0 {
            return Err(cut());
        }
        *left -= n as u64;
        if matches!(self.left, Left::Chunk(0)) && line(self.stream, false)?.as_deref() != Some("") {
            return Err(fault("a chunk that does not end where it should"));
        }
        Ok(n)
    }
}

/// How long a body is (RFC 9112 §6.3).
fn framing(head: &Head, method: &str) -> io::Result<Left> {
    let length: Vec<&str> = head.all("Content-Length").collect();
    let coding: Vec<&str> = head.all("Transfer-Encoding").collect();
    if length.len() + coding.len() > 1 {
        return Err(fault(format!("a body of two lengths: {head:?}")));
    }
    if method == "HEAD" || head.status < 200 || matches!(head.status, 204 | 304) {
        return Ok(Left::Known(0));
    }
    match (length.first(), coding.first()) {
        (Some(length), _) => length
            .parse()
            .map(Left::Known)
            .map_err(|_| fault(format!("no length: {length:?}"))),
        (None, Some(&"chunked")) => Ok(Left::Chunk(0)),
        (None, Some(coding)) => Err(fault(format!("a coding that nobody asked for: {coding:?}"))),
        (None, None) if head.get("Connection") == Some("close") => Ok(Left::UntilClose),
        (None, None) => Err(fault(format!("a body without a length: {head:?}"))),
    }
}

fn chunk_size(stream: &mut impl BufRead) -> io::Result<u64> {
    let size = line(stream, false)?.unwrap_or_default();
    let hex = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u64::from_str_radix(&size, 16) {
        Ok(size) if hex => Ok(size),
        _ => Err(fault(format!("no chunk size: {size:?}"))),
    }
}

/// A line that ends with CRLF. `None` when the stream ends before it, where it `may_end`.
fn line(stream: &mut impl BufRead, may_end: bool) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line)?;
    if line.is_empty() && may_end {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(cut());
    }
    if line.pop() != Some(b'\r') {
        return Err(fault("a line that does not end with CRLF"));
    }
    match String::from_utf8(line) {
        Ok(line) if !line.contains(['\r', '\0']) => Ok(Some(line)),
        _ => Err(fault("a line that is no text")),
    }
}

pub(crate) fn fault(message: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, message.into())
}

fn cut() -> io::Error {
    io::Error::new(
        ErrorKind::UnexpectedEof,
        "the connection ended inside a response",
    )
}

/// Publishes one text on a kept connection, and returns the message's id.
///
/// # Errors
/// When it is refused.
pub fn publish(client: &mut Client, channel: &str, text: &str) -> Result<String> {
    let length = text.len();
    client.send(format!(
        "POST /channels/{channel} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{text}"
    ))?;
    let answer = client.answer("POST")?;
    ensure!(answer.head.status == 200, "not published: {answer:?}");
    let id = answer.json()?["id"].as_str().map(str::to_owned);
    id.context("a published message has no id")
}

/// The same request with a `Host` field first.
#[must_use]
pub fn with_host(request: &str) -> Vec<u8> {
    let (line, rest) = request.split_once("\r\n").unwrap_or((request, ""));
    format!("{line}\r\nHost: test\r\n{rest}").into_bytes()
}

/// The first byte of a ping.
const PING: u8 = 0x89;
