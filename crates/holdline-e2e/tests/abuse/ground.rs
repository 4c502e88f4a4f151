//! What attacks stand on.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use holdline_e2e::{Client, LIMIT, Response};
use rand::rngs::StdRng;
use socket2::SockRef;

/// A row of the tables in `main.rs`.
#[derive(Clone, Copy)]
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// Returns when it is over and all its sockets are closed; with an error when the server did not answer as it
    /// should.
    pub(crate) run: fn(&mut Ground) -> Result<()>,
}

/// Where an attack takes place.
pub(crate) struct Ground {
    /// The server's.
    pub(crate) address: SocketAddr,
    /// From the seed that was printed.
    pub(crate) random: StdRng,
    /// 1 in the short form, more in the long one: by this the attack is larger.
    pub(crate) scale: usize,
}

impl Ground {
    pub(crate) fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        Ok(stream)
    }

    pub(crate) fn client(&self) -> Result<Client> {
        Ok(Client::new(self.connect()?)?)
    }

    /// One request on a connection of its own.
    pub(crate) fn ask(&self, request: &str) -> Result<Response> {
        let mut client = self.client()?;
        client.send(with_host(request))?;
        let method = request.split(' ').next().unwrap_or_default();
        let answer = client.answer(method);
        answer.with_context(|| format!("{request:?}"))
    }

    /// Publishes on a connection of its own.
    pub(crate) fn publish(&self, channel: &str, text: &str) -> Result<()> {
        let length = text.len();
        let answer = self.ask(&format!(
            "POST /channels/{channel} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{text}"
        ))?;
        ensure!(answer.head.status == 200, "not published: {answer:?}");
        Ok(())
    }
}

/// The same request with a `Host` field first.
pub(crate) fn with_host(request: &str) -> Vec<u8> {
    holdline_e2e::with_host(request)
}

/// Closes with a reset in place of an end.
pub(crate) fn reset(stream: TcpStream) -> io::Result<()> {
    // Together with closing.
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))
}

/// Sends each of the sockets one more of its bytes again and again, from the first after the last, until the server
/// has said something or closed.
pub(crate) fn trickle(streams: &[(&TcpStream, &[u8])], pause: Duration) -> Result<()> {
    let end = Instant::now() + LIMIT;
    let mut waiting = streams.to_vec();
    for n in 0.. {
        let mut left = Vec::new();
        for (mut stream, bytes) in waiting {
            if !has_news(stream)? && stream.write_all(&[bytes[n % bytes.len()]]).is_ok() {
                left.push((stream, bytes));
            }
        }
        waiting = left;
        if waiting.is_empty() {
            break;
        }
        let left = waiting.len();
        ensure!(
            Instant::now() < end,
            "{left} slow connections are still open"
        );
        thread::sleep(pause);
    }
    Ok(())
}

/// Whether there is something to read, or the connection has ended.
pub(crate) fn has_news(stream: &TcpStream) -> io::Result<bool> {
    stream.set_nonblocking(true)?;
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false)?;
    Ok(!peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock))
}

/// Reads to the end, which may be a reset; gives what came.
pub(crate) fn drain(stream: &mut impl Read) -> Result<Vec<u8>> {
    let (mut all, mut block) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        match stream.read(&mut block) {
            Ok(0) => return Ok(all),
            Ok(n) => all.extend_from_slice(&block[..n]),
            Err(error) if is_silence(&error) => return Err(error).context("it was not closed"),
            Err(_) => return Ok(all),
        }
    }
}

/// Whether an error means that nothing happened for too long, rather than an end.
pub(crate) fn is_silence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// The answer to an error that ends the connection: this status, and then the end.
pub(crate) fn refused(client: &mut Client, status: u16) -> Result<()> {
    let answer = client.answer("GET")?;
    ensure!(answer.head.status == status, "not {status}: {answer:?}");
    let rest = client.rest()?;
    ensure!(
        rest.is_empty(),
        "after a {status}: {:?}",
        String::from_utf8_lossy(&rest)
    );
    Ok(())
}
