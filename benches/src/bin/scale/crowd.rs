//! Many who are subscribed and get nothing.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// All transports that hold a connection.
pub(crate) const TRANSPORTS: [&str; 6] = [
    "sse",
    "xhr-stream",
    "iframe",
    "websocket",
    "long-poll",
    "jsonp",
];

const MESSAGE: &str = "this is what everybody waits for";
/// No machine is so slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// So many are on their way at once: fewer than the system lets wait to be accepted.
const PACE: usize = 200;

/// Subscribers of the channel `news`.
pub(crate) struct Crowd {
    address: SocketAddr,
    streams: Vec<TcpStream>,
}

impl Crowd {
    /// Returns when the server counts all of them. They must be its only ones.
    pub(crate) fn gather(address: SocketAddr, transport: &str, count: usize) -> io::Result<Self> {
        let request = request(transport);
        let mut crowd = Self {
            address,
            streams: Vec::with_capacity(count),
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
        let all = format!("\"subscribers\":{}}}", self.streams.len());
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let presence = self.ask("GET /channels/news/presence HTTP/1.1", "")?;
            if presence.contains(&all) {
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

    /// How many get a message that is published now.
    pub(crate) fn publish_and_receive(&mut self) -> io::Result<usize> {
        self.ask("POST /channels/news HTTP/1.1", MESSAGE)?;
        self.receive()
    }

    fn receive(&mut self) -> io::Result<usize> {
        let (mut received, mut bytes) = (0, [0; 8192]);
        for stream in &mut self.streams {
            stream.set_read_timeout(Some(PATIENCE))?;
            let mut length = 0;
            while !holds(&bytes[..length], MESSAGE.as_bytes()) && length < bytes.len() {
                match stream.read(&mut bytes[length..])? {
                    0 => break,
                    more => length += more,
                }
            }
            received += usize::from(holds(&bytes[..length], MESSAGE.as_bytes()));
        }
        Ok(received)
    }
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

fn request(transport: &str) -> String {
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
