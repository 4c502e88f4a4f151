//! The load: so many connections, each of which sends, waits for the answers, and sends again.

use std::io;
use std::time::Instant;

use holdline_benches::child::Child;
use holdline_net::entropy::mask_key;
use holdline_websocket::{Config, Connection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What each request took, in nanoseconds.
pub(crate) struct Cost {
    /// Of the server.
    pub(crate) cpu: f64,
    /// Until all were answered, the generator included.
    pub(crate) wall: f64,
}

/// What each connection sends.
pub(crate) struct Load {
    /// Sent first, to become a WebSocket.
    handshake: &'static [u8],
    batch: Vec<u8>,
    depth: usize,
    count: usize,
    /// What the answer to a batch ends with.
    ending: Vec<u8>,
    /// When it is known.
    answer_length: Option<usize>,
}

const CONNECTIONS: usize = 32;

/// `count` requests in all, `depth` at a time on each connection.
pub(crate) fn requests(depth: usize, count: usize) -> Load {
    Load {
        handshake: b"",
        batch: b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(depth),
        depth,
        count,
        ending: b"Hello, World!".into(),
        answer_length: None,
    }
}

/// Binary messages of this length.
pub(crate) fn frames(length: usize, depth: usize, count: usize) -> Load {
    let payload = vec![0x5a; length];
    let mut batch = bytes::BytesMut::new();
    let mut client = Connection::client(Config::default(), mask_key);
    let mut server = Connection::server(Config::default());
    let mut answer = bytes::BytesMut::new();
    for _ in 0..depth {
        client.send_binary(&payload, &mut batch).expect("open");
        server.send_binary(&payload, &mut answer).expect("open");
    }
    Load {
        handshake: b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        batch: batch.to_vec(),
        depth,
        count,
        ending: answer.to_vec(),
        answer_length: Some(answer.len()),
    }
}

impl Load {
    /// Sends it all, after a tenth of it that does not count.
    pub(crate) async fn run(&self, child: &Child) -> io::Result<Cost> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(self.connect(child).await?);
        }
        let batches = self.count / self.depth / CONNECTIONS;
        self.send(&mut connections, batches / 10 + 1).await?;
        let (before, start) = (child.times()?.all, Instant::now());
        self.send(&mut connections, batches).await?;
        let wall = start.elapsed().as_nanos() as f64;
        let cpu = child.times()?.all - before;
        let count = (batches * self.depth * CONNECTIONS) as f64;
        Ok(Cost {
            cpu: cpu / count,
            wall: wall / count,
        })
    }

    async fn connect(&self, child: &Child) -> io::Result<(TcpStream, Vec<u8>)> {
        let mut stream = TcpStream::connect(child.address).await?;
        stream.set_nodelay(true)?;
        if !self.handshake.is_empty() {
            stream.write_all(self.handshake).await?;
            read_head(&mut stream).await?;
        }
        // How long the answer to a batch is: it is the same each time.
        stream.write_all(&self.batch).await?;
        let length = match self.answer_length {
            Some(length) => length,
            None => {
                let one = read_head(&mut stream).await?.len() + self.ending.len();
                let mut rest = vec![0; one * self.depth - (one - self.ending.len())];
                stream.read_exact(&mut rest).await?;
                return Ok((stream, vec![0; one * self.depth]));
            }
        };
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer).await?;
        Ok((stream, answer))
    }

    async fn send(
        &self,
        connections: &mut [(TcpStream, Vec<u8>)],
        batches: usize,
    ) -> io::Result<()> {
        let all = connections.iter_mut().map(async |(stream, answer)| {
            for _ in 0..batches {
                stream.write_all(&self.batch).await?;
                stream.read_exact(answer).await?;
                if !answer.ends_with(&self.ending) {
                    return Err(io::Error::other("a wrong answer"));
                }
            }
            Ok(())
        });
        let all = futures_util::future::try_join_all(all);
        all.await?;
        Ok(())
    }
}

/// Up to the empty line, and no byte more.
async fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(head)
}
