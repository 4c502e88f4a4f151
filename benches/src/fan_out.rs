//! One publisher and many who listen to an event stream.

use std::io;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::child::{Child, Times};

/// Servers that can be measured so.
pub const SERVERS: [&str; 4] = [PROGRAM, "holdline-net", "axum", WRITES];
/// The program itself, with its log, its cursors and its limits.
pub const PROGRAM: &str = "holdline";
/// The floor: a loop that writes the same bytes to each socket and does nothing else.
pub const WRITES: &str = "writes";

/// What a delivery took, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// CPU time of the server, in and out of the system.
    pub cpu: Times,
    /// Until all were delivered, the generator included.
    pub wall: f64,
}

/// A server and those who listen to it.
#[derive(Debug)]
pub struct FanOut {
    /// The server.
    pub child: Child,
    streams: Vec<TcpStream>,
    publisher: TcpStream,
    publish: String,
}

const EVENT_END: &[u8] = b"\n\n\r\n";
const EVENT: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

impl FanOut {
    /// Starts `server`, one of [`SERVERS`], with so many who listen; `loops` is for the program.
    ///
    /// # Errors
    /// If it does not start, or does not answer.
    pub async fn start(server: &str, receivers: usize, loops: &str) -> io::Result<Self> {
        let (child, listen, publish) = match server {
            PROGRAM => (
                // No signs of life between the events: the peers send none.
                Child::program("127.0.0.1", &["--threads", loops, "--heartbeat", "1h"])?,
                "/channels/news/sse",
                "/channels/news",
            ),
            peer => (Child::server(&format!("fan-out-{peer}"))?, "/", "/"),
        };
        let listen = format!("GET {listen} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        let mut streams = Vec::new();
        for _ in 0..receivers {
            let mut stream = TcpStream::connect(child.address).await?;
            stream.write_all(listen.as_bytes()).await?;
            read_to(&mut stream, b"\r\n\r\n").await?;
            if server == PROGRAM {
                // Where it stands, as a chunk.
                read_to(&mut stream, EVENT_END).await?;
            }
            streams.push(stream);
        }
        let publisher = TcpStream::connect(child.address).await?;
        publisher.set_nodelay(true)?;
        let publish = format!(
            "POST {publish} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{EVENT}",
            EVENT.len()
        );
        let mut fan_out = Self {
            child,
            streams,
            publisher,
            publish,
        };
        fan_out.run(1).await?;
        Ok(fan_out)
    }

    /// Publishes `count` events, each when the one before has reached everybody.
    ///
    /// # Errors
    /// If one does not arrive as it was sent.
    pub async fn run(&mut self, count: usize) -> io::Result<Cost> {
        let (before, start) = (self.child.times()?, Instant::now());
        for _ in 0..count {
            self.publish().await?;
            receive(&mut self.streams).await?;
        }
        let wall = start.elapsed().as_nanos() as f64;
        let after = self.child.times()?;
        let deliveries = (self.streams.len() * count) as f64;
        Ok(Cost {
            cpu: Times {
                all: (after.all - before.all) / deliveries,
                user: (after.user - before.user) / deliveries,
            },
            wall: wall / deliveries,
        })
    }

    async fn publish(&mut self) -> io::Result<()> {
        self.publisher.write_all(self.publish.as_bytes()).await?;
        let head = read_to(&mut self.publisher, b"\r\n\r\n").await?;
        // What the program answers has a body.
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1);
        let length = length.and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        self.publisher.read_exact(&mut body).await?;
        Ok(())
    }
}

/// One event by each: a chunk that ends with an empty line.
async fn receive(streams: &mut [TcpStream]) -> io::Result<()> {
    let mut bytes = [0; 1024];
    for stream in streams {
        let mut length = 0;
        while !bytes[..length].ends_with(EVENT_END) {
            match stream.read(&mut bytes[length..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                more => length += more,
            }
        }
        let mut windows = bytes[..length].windows(EVENT.len());
        if !windows.any(|window| window == EVENT.as_bytes()) {
            return Err(io::Error::other("a wrong event"));
        }
    }
    Ok(())
}

/// Up to `ending`, and no byte more.
async fn read_to(stream: &mut TcpStream, ending: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(ending) {
        bytes.push(stream.read_u8().await?);
    }
    Ok(bytes)
}
