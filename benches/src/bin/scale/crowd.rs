//! Many connections on which nothing happens.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// What a connection may be: held by one of the transports, kept alive after a request, or without a byte so far.
pub(crate) const KINDS: [&str; 8] = [
    "sse",
    "xhr-stream",
    "iframe",
    "websocket",
    "long-poll",
    "jsonp",
    KEPT_ALIVE,
    SILENT,
];
const KEPT_ALIVE: &str = "kept alive";
const SILENT: &str = "silent";

const MESSAGE: &str = "this is what everybody waits for";
const HEALTH: &str = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
/// No machine is so slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// So many are on their way at once: fewer than the system lets wait to be accepted.
const PACE: usize = 200;

/// Connections of one kind. Those that are held are subscribers of the channel `news`.
pub(crate) struct Crowd {
    address: SocketAddr,
    streams: Vec<TcpStream>,
    is_held: bool,
}

impl Crowd {
    /// Returns when the server counts all of them. They must be its only ones.
    pub(crate) fn gather(address: SocketAddr, kind: &str, count: usize) -> io::Result<Self> {
        let request = request(kind);
        let mut crowd = Self {
            address,
            streams: Vec::with_capacity(count),
            is_held: kind != KEPT_ALIVE && kind != SILENT,
        };
        while crowd.streams.len() < count {
            for _ in 0..PACE.min(count - crowd.streams.len()) {
                let mut stream = TcpStream::connect(address)?;
                stream.write_all(request.as_bytes())?;
                crowd.streams.push(stream);
            }
            crowd.wait_until_counted()?;
        }
        Ok(crowd)
    }

    fn wait_until_counted(&self) -> io::Result<()> {
        let (target, all) = match self.is_held {
            true => (
                "/channels/news/presence",
                format!("\"subscribers\":{}}}", self.streams.len()),
            ),
            // The one that asks is a connection, too.
            false => (
                "/stats",
                format!("\"connections\":{},", self.streams.len() + 1),
            ),
        };
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let counted = self.ask(&format!("GET {target} HTTP/1.1"), "")?;
            if counted.contains(&all) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(io::Error::other(format!("the server does not count {all}")))
    }

    fn ask(&self, line: &str, body: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        let (host, length) = (self.address, body.len());
        write!(
            stream,
            "{line}\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Reads what a stream begins with, so that nothing waits in the sockets.
    pub(crate) fn read_openings(&mut self) -> io::Result<()> {
        let mut bytes = [0; 8192];
        for stream in &mut self.streams {
            stream.set_nonblocking(true)?;
            match stream.read(&mut bytes) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            stream.set_nonblocking(false)?;
        }
        Ok(())
    }

    /// How many get a message that is published now, or are answered if they are not held.
    pub(crate) fn publish_and_receive(&mut self) -> io::Result<usize> {
        if self.is_held {
            self.ask("POST /channels/news HTTP/1.1", MESSAGE)?;
            return self.receive(MESSAGE.as_bytes());
        }
        for stream in &mut self.streams {
            stream.write_all(HEALTH.as_bytes())?;
        }
        self.receive(b"HTTP/1.1 200 OK\r\n")
    }

    fn receive(&mut self, wanted: &[u8]) -> io::Result<usize> {
        let (mut received, mut bytes) = (0, [0; 8192]);
        for stream in &mut self.streams {
            stream.set_read_timeout(Some(PATIENCE))?;
            let mut length = 0;
            while !holds(&bytes[..length], wanted) && length < bytes.len() {
                match stream.read(&mut bytes[length..])? {
                    0 => break,
                    more => length += more,
                }
            }
            received += usize::from(holds(&bytes[..length], wanted));
        }
        Ok(received)
    }
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// What a connection of this kind begins with.
fn request(kind: &str) -> String {
    match kind {
        KEPT_ALIVE => HEALTH.to_owned(),
        SILENT => String::new(),
        transport => subscription(transport),
    }
}

fn subscription(transport: &str) -> String {
    let more = match transport {
        "iframe" | "jsonp" => "?callback=f",
        _ => "",
    };
    let fields = match transport {
        "websocket" => {
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        }
        _ => "",
    };
    let wait = match transport {
        "long-poll" => "?wait=300",
        "jsonp" => "&wait=300",
        _ => "",
    };
    format!(
        "GET /channels/news/{transport}{more}{wait} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n"
    )
}
