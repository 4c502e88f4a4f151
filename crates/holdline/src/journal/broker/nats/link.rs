//! One connection to a server of NATS.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use serde::{Deserialize, Serialize};

use super::address::{Address, User};
use super::wire::{self, Message, Said, take};
use crate::journal::broker::engine::{PATIENCE, Trouble};

/// A connection that is good until its first error.
pub(super) struct Link {
    stream: TcpStream,
    input: BytesMut,
    output: Vec<u8>,
    piece: Box<[u8]>,
    pub(super) server: Server,
    /// What the subjects of all answers begin with.
    inbox: String,
    /// The number of the last thing that was asked.
    asked: u64,
    /// What came while something else was waited for.
    waiting: VecDeque<Message>,
}

/// What a server says about itself.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Server {
    /// Another one each time it starts.
    pub(super) server_id: String,
    pub(super) version: String,
    #[serde(default)]
    pub(super) headers: bool,
    #[serde(default)]
    pub(super) jetstream: bool,
    #[serde(default)]
    pub(super) tls_required: bool,
    /// The cluster that it belongs to, if it does.
    pub(super) cluster: Option<String>,
    /// Header and body of a message together, in bytes.
    pub(super) max_payload: usize,
}

/// What a client says about itself.
#[derive(Serialize)]
struct Client<'a> {
    verbose: bool,
    pedantic: bool,
    tls_required: bool,
    name: &'a str,
    lang: &'a str,
    version: &'a str,
    protocol: u8,
    echo: bool,
    headers: bool,
    no_responders: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_token: Option<&'a str>,
}

impl Link {
    /// Connects to the first server that answers.
    pub(super) fn new(address: &Address) -> Result<Self, Trouble> {
        let mut last = None;
        for host in &address.hosts {
            match Self::to(host, address) {
                Ok(link) => return Ok(link),
                // It would be wrong at each of them, and is worth more to know.
                Err(Trouble::Wrong(text)) => return Err(Trouble::Wrong(text)),
                Err(trouble) => last = Some(trouble),
            }
        }
        Err(last.unwrap_or_else(|| Trouble::Wrong("no host is given".to_owned())))
    }

    fn to(host: &str, address: &Address) -> Result<Self, Trouble> {
        let until = Instant::now() + PATIENCE;
        let (stream, server, input) = greet(host, until)?;
        server.check()?;
        let mut link = Self {
            stream,
            input,
            output: Vec::new(),
            piece: vec![0; PIECE].into_boxed_slice(),
            server,
            inbox: inbox()?,
            asked: 0,
            waiting: VecDeque::new(),
        };
        let client = Client::new(address.user.as_ref());
        let client = serde_json::to_string(&client).map_err(|error| away(&error))?;
        let subscription = format!("SUB {}.* 1", link.inbox);
        link.output.extend_from_slice(
            format!("CONNECT {client}\r\n{subscription}\r\nPING\r\n").as_bytes(),
        );
        link.flush()?;
        loop {
            match link.said(until)? {
                Some(Said::Pong) => return Ok(link),
                Some(Said::Error(text)) if text.to_ascii_lowercase().contains("auth") => {
                    return Err(Trouble::Wrong(format!(
                        "the server of NATS does not let us in ({text}): give user name and password or a token in \
                        the URL"
                    )));
                }
                Some(Said::Error(text)) => return Err(away(&text)),
                Some(_) => {}
                None => return Err(silent()),
            }
        }
    }

    /// Has this published, and gives the number under which the answer comes. Nothing is sent before
    /// [`flush`](Self::flush).
    pub(super) fn queue(&mut self, subject: &str, headers: &[(&str, &str)], payload: &[u8]) -> u64 {
        self.asked += 1;
        let reply = format!("{}.{}", self.inbox, self.asked);
        wire::publish(&mut self.output, subject, &reply, headers, payload);
        self.asked
    }

    /// Has all messages of this subject come, too.
    pub(super) fn listen(&mut self, subject: &str) -> Result<(), Trouble> {
        let subscription = format!("SUB {subject} 2\r\n");
        self.output.extend_from_slice(subscription.as_bytes());
        self.flush()
    }

    /// Publishes what nobody answers.
    pub(super) fn tell(&mut self, subject: &str, payload: &[u8]) -> Result<(), Trouble> {
        wire::publish(&mut self.output, subject, "", &[], payload);
        self.flush()
    }

    /// The number that comes next.
    pub(super) fn next(&self) -> u64 {
        self.asked + 1
    }

    /// Uses up the next number.
    pub(super) fn skip(&mut self) {
        self.asked += 1;
    }

    pub(super) fn flush(&mut self) -> Result<(), Trouble> {
        let written = self.stream.write_all(&self.output);
        self.output.clear();
        self.output.shrink_to(PIECE);
        written.map_err(|error| away(&error))
    }

    /// Asks, and waits for the answer. What else arrives is for [`receive`](Self::receive).
    pub(super) fn ask(&mut self, subject: &str, payload: &[u8]) -> Result<Message, Trouble> {
        let number = self.queue(subject, &[], payload);
        self.answer(number)
    }

    /// Sends what is queued, and waits for the answer with this number.
    pub(super) fn answer(&mut self, number: u64) -> Result<Message, Trouble> {
        self.flush()?;
        let until = Instant::now() + PATIENCE;
        while let Some(message) = self.arriving(until)? {
            if self.answers(&message) == Some(number) {
                return Ok(message);
            }
            self.waiting.push_back(message);
        }
        Err(silent())
    }

    /// The next message that has come, or comes until then.
    pub(super) fn receive(&mut self, until: Instant) -> Result<Option<Message>, Trouble> {
        match self.waiting.pop_front() {
            Some(message) => Ok(Some(message)),
            None => self.arriving(until),
        }
    }

    /// These came while something else was waited for.
    pub(super) fn put_back(&mut self, messages: Vec<Message>) {
        for message in messages.into_iter().rev() {
            self.waiting.push_front(message);
        }
    }

    /// Answers the pings that have come meanwhile. An error says that the server has closed the connection.
    pub(super) fn refresh(&mut self) -> Result<(), Trouble> {
        while let Some(message) = self.arriving(Instant::now())? {
            self.waiting.push_back(message);
        }
        Ok(())
    }

    fn arriving(&mut self, until: Instant) -> Result<Option<Message>, Trouble> {
        loop {
            match self.said(until)? {
                Some(Said::Message(message)) => return Ok(Some(message)),
                Some(Said::Error(text)) => return Err(away(&text)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// The number of what this message answers.
    pub(super) fn answers(&self, message: &Message) -> Option<u64> {
        let rest = message.subject.strip_prefix(&self.inbox)?;
        rest.strip_prefix('.')?.parse().ok()
    }

    /// The next thing that the server says until then. Pings are answered.
    fn said(&mut self, until: Instant) -> Result<Option<Said>, Trouble> {
        let most = self.server.max_payload.min(LARGEST) + SLACK;
        loop {
            match take(&mut self.input, most).map_err(|text| away(&text))? {
                Some(Said::Ping) => {
                    self.output.extend_from_slice(b"PONG\r\n");
                    self.flush()?;
                }
                Some(said) => return Ok(Some(said)),
                None => {
                    let arrived = read(&mut self.stream, &mut self.piece, until)?;
                    if arrived == 0 {
                        return Ok(None);
                    }
                    self.input.extend_from_slice(&self.piece[..arrived]);
                }
            }
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl Server {
    fn check(&self) -> Result<(), Trouble> {
        let mut numbers = self.version.split('.').map(str::parse::<u32>);
        let version = numbers.next().zip(numbers.next());
        if !matches!(version, Some((Ok(major), Ok(minor))) if (major, minor) >= OLDEST) {
            return Err(Trouble::Wrong(format!(
                "the server of NATS is version {}: at least {}.{} is needed",
                self.version, OLDEST.0, OLDEST.1
            )));
        }
        if self.tls_required {
            return Err(Trouble::Wrong(
                "the server of NATS wants TLS, which Holdline does not speak: let it listen without TLS on a private \
                address, or put a tunnel in between"
                    .to_owned(),
            ));
        }
        match self.headers && self.jetstream {
            true => Ok(()),
            false => Err(no_jetstream()),
        }
    }
}

impl<'a> Client<'a> {
    fn new(user: Option<&'a User>) -> Self {
        let (user, pass, auth_token) = match user {
            Some(User::Token(token)) => (None, None, Some(token.as_str())),
            Some(User::Password { name, password }) => {
                (Some(name.as_str()), Some(password.as_str()), None)
            }
            None => (None, None, None),
        };
        Self {
            verbose: false,
            pedantic: false,
            tls_required: false,
            name: "holdline",
            lang: "rust",
            version: env!("CARGO_PKG_VERSION"),
            protocol: 1,
            echo: true,
            headers: true,
            no_responders: true,
            user,
            pass,
            auth_token,
        }
    }
}

/// A subject that nobody else has.
fn inbox() -> Result<String, Trouble> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| away(&error))?;
    Ok(format!("_INBOX.{:032x}", u128::from_ne_bytes(random)))
}

/// Connects, and reads what the server says about itself, which comes first.
fn greet(host: &str, until: Instant) -> Result<(TcpStream, Server, BytesMut), Trouble> {
    let addresses = host
        .to_socket_addrs()
        .map_err(|error| away(&format!("{host}: {error}")))?;
    let mut last = away(&format!("{host} has no address"));
    for address in addresses {
        let left = until
            .saturating_duration_since(Instant::now())
            .max(SHORTEST);
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return welcome(stream, until),
            Err(error) => last = away(&format!("{host}: {error}")),
        }
    }
    Err(last)
}

fn welcome(
    mut stream: TcpStream,
    until: Instant,
) -> Result<(TcpStream, Server, BytesMut), Trouble> {
    stream
        .set_nodelay(true)
        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
        .map_err(|error| away(&error))?;
    let (mut input, mut piece) = (BytesMut::new(), vec![0; PIECE]);
    loop {
        match take(&mut input, SLACK).map_err(Trouble::Wrong)? {
            Some(Said::Info(json)) => {
                let server = serde_json::from_slice(&json).map_err(|error| {
                    Trouble::Wrong(format!("this is no server of NATS: {error}"))
                })?;
                return Ok((stream, server, input));
            }
            Some(Said::Error(text)) => return Err(away(&text)),
            Some(_) => {}
            None => match read(&mut stream, &mut piece, until)? {
                0 => return Err(silent()),
                arrived => input.extend_from_slice(&piece[..arrived]),
            },
        }
    }
}

/// How many bytes arrived; 0 if none did until then. What lies there is read even if that time is over.
fn read(stream: &mut TcpStream, piece: &mut [u8], until: Instant) -> Result<usize, Trouble> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let result = match left.is_zero() {
            true => read_what_lies_there(stream, piece),
            false => stream
                .set_read_timeout(Some(left.max(SHORTEST)))
                .and_then(|()| stream.read(piece)),
        };
        match result {
            Ok(0) => return Err(away(&"the server of NATS has closed the connection")),
            Ok(arrived) => return Ok(arrived),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if left.is_zero() {
                    return Ok(0);
                }
            }
            Err(error) => return Err(away(&error)),
        }
    }
}

/// The shortest wait that the system knows takes some milliseconds, and this is done for each message.
fn read_what_lies_there(stream: &mut TcpStream, piece: &mut [u8]) -> io::Result<usize> {
    stream.set_nonblocking(true)?;
    let result = stream.read(piece);
    stream.set_nonblocking(false)?;
    result
}

pub(super) fn away(error: &dyn fmt::Display) -> Trouble {
    Trouble::Away(error.to_string())
}

pub(super) fn silent() -> Trouble {
    away(&"the server of NATS does not answer")
}

pub(super) fn no_jetstream() -> Trouble {
    Trouble::Wrong(
        "the server of NATS has no JetStream, or this account may not use it: start it with -js"
            .to_owned(),
    )
}

/// The version that can do all that is needed.
const OLDEST: (u32, u32) = (2, 9);
/// Read at a time.
const PIECE: usize = 64 << 10;
/// No message is larger, whatever the server says.
const LARGEST: usize = 64 << 20;
/// What the server may add to a message, or says beside messages.
const SLACK: usize = 64 << 10;
/// A wait of nothing would be one without an end.
const SHORTEST: Duration = Duration::from_millis(1);
