//! WebSockets on tokio, client and server: pings are answered and deadlines are kept by themselves.
//!
//!     cargo run --example tokio_websocket serve 127.0.0.1:8000
//!     cargo run --example tokio_websocket 127.0.0.1:8000 hello again
//!
//! The codecs know no runtime: [`Socket`] is all that it takes to give them one.

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use bytes::BytesMut;
use holdline_http1 as http1;
use holdline_net::blocking::websocket::{ClientKeys, OwnedMessage};
use holdline_net::entropy;
use holdline_websocket::handshake::{client, server};
use holdline_websocket::{
    Buffer, CloseCode, Config, Connection, Event, Keepalive, MaskKeys, Unmasked,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, Instant, sleep_until, timeout};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match (runtime, &arguments[..]) {
        (Err(error), _) => Err(error),
        (Ok(runtime), [word, address]) if word == "serve" => runtime.block_on(serve(address)),
        (Ok(runtime), [address, texts @ ..]) => runtime.block_on(talk(address, texts)),
        _ => {
            eprintln!(
                "usage: tokio_websocket serve ADDRESS\n       tokio_websocket ADDRESS [TEXT]..."
            );
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("ws://{}/", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("{error}");
            }
        });
    }
}

/// Sends back every message until the client closes.
pub(crate) async fn echo(stream: TcpStream) -> io::Result<()> {
    let accepted = timeout(HANDSHAKE, Socket::accept(stream)).await;
    let mut socket = accepted.map_err(|_| io::Error::from(ErrorKind::TimedOut))??;
    while let Some(message) = socket.next().await? {
        socket.send(&message).await?;
    }
    Ok(())
}

/// Sends each text, and prints what comes back.
async fn talk(address: &str, texts: &[String]) -> io::Result<()> {
    let connected = timeout(HANDSHAKE, Socket::connect(address, "/")).await;
    let mut socket = connected.map_err(|_| io::Error::from(ErrorKind::TimedOut))??;
    for text in texts {
        socket.send(&OwnedMessage::Text(text.clone())).await?;
        println!("{:?}", socket.next().await?);
    }
    socket.close().await
}

/// A connection, its bytes, and the clock.
pub(crate) struct Socket<K> {
    stream: TcpStream,
    connection: Connection<K>,
    buffer: Buffer,
    /// What was read and not taken yet.
    input: BytesMut,
    /// What is to be written.
    out: BytesMut,
    origin: Instant,
}

impl Socket<ClientKeys> {
    pub(crate) async fn connect(host: &str, target: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(host).await?;
        let mut nonce = [0; 16];
        entropy::fill(&mut nonce)?;
        let request = client::Request::new(nonce);
        let mut http = http1::ClientConnection::new(http1::ClientConfig::default());
        let (mut input, mut out) = (BytesMut::new(), BytesMut::new());
        let headers = ([("Host", host)], request.headers());
        http.request("GET", target, headers, b"", &mut out)
            .map_err(io::Error::other)?;
        stream.write_all(&out).await?;
        let mut buffer = http1::Buffer::new();
        loop {
            read(&mut stream, &mut input).await?;
            let mut rest = &input[..];
            let event = http
                .receive(&mut rest, &mut buffer)
                .map_err(io::Error::other)?;
            let left = rest.len();
            if let Some(http1::ResponseEvent::Response { head, .. }) = event {
                let verified = request.verify(head.status(), head.headers().iter());
                verified.map_err(io::Error::other)?;
                // What follows the head belongs to the WebSocket.
                let input = input.split_off(input.len() - left);
                let keys: ClientKeys = entropy::mask_key;
                return Ok(Self::new(stream, input, Connection::client(config(), keys)));
            }
            input = input.split_off(input.len() - left);
        }
    }
}

impl Socket<Unmasked> {
    /// Any origin is accepted: a server that browsers reach looks at it first.
    pub(crate) async fn accept(mut stream: TcpStream) -> io::Result<Self> {
        let mut http = http1::ServerConnection::new(http1::ServerConfig::default());
        let (mut input, mut out) = (BytesMut::new(), BytesMut::new());
        let mut buffer = http1::Buffer::new();
        loop {
            read(&mut stream, &mut input).await?;
            let mut rest = &input[..];
            let event = http
                .receive(&mut rest, &mut buffer)
                .map_err(io::Error::other)?;
            let left = rest.len();
            let Some(http1::Event::Request { head, .. }) = event else {
                input = input.split_off(input.len() - left);
                continue;
            };
            // A request that is no handshake is just cut off here; `error.status()` is what to answer.
            let request = server::accept(head.method(), head.headers().iter());
            let response = request.map_err(io::Error::other)?.response(None);
            // The end of a request without a body needs no more input.
            let mut input = input.split_off(input.len() - left);
            http.receive(&mut Default::default(), &mut http1::Buffer::new())
                .map_err(io::Error::other)?;
            http.send_switching_protocols(response, &mut out)
                .map_err(io::Error::other)?;
            stream.write_all(&out).await?;
            return Ok(Self::new(
                stream,
                input.split(),
                Connection::server(config()),
            ));
        }
    }
}

impl<K: MaskKeys> Socket<K> {
    fn new(stream: TcpStream, input: BytesMut, connection: Connection<K>) -> Self {
        Self {
            stream,
            connection,
            buffer: Buffer::new(),
            input,
            out: BytesMut::new(),
            origin: Instant::now(),
        }
    }

    /// Waits for the next message. `None`: the peer has closed.
    pub(crate) async fn next(&mut self) -> io::Result<Option<OwnedMessage>> {
        loop {
            let before = self.input.len();
            let mut rest = &mut self.input[..];
            let event = self.connection.receive(&mut rest, &mut self.buffer);
            let left = rest.len();
            let message = match event {
                Ok(None | Some(Event::Ping(_) | Event::Pong(_))) if before > left => Ok(None),
                Ok(None) => {
                    self.turn().await?;
                    continue;
                }
                Ok(Some(Event::Text(text))) => Ok(Some(OwnedMessage::Text(text.to_owned()))),
                Ok(Some(Event::Binary(data))) => Ok(Some(OwnedMessage::Binary(data.to_vec()))),
                Ok(Some(Event::Closed(_))) => Err(None),
                Ok(Some(_)) => Ok(None),
                Err(error) => Err(Some(io::Error::other(error))),
            };
            let _taken = self.input.split_to(before - left);
            // Pongs, the answer to a Close, and the Close that answers a broken rule.
            self.write().await?;
            match message {
                Ok(None) => {}
                Ok(Some(message)) => return Ok(Some(message)),
                Err(None) => return Ok(None),
                Err(Some(error)) => return Err(error),
            }
        }
    }

    pub(crate) async fn send(&mut self, message: &OwnedMessage) -> io::Result<()> {
        let sent = match message {
            OwnedMessage::Text(text) => self.connection.send_text(text, &mut self.out),
            OwnedMessage::Binary(data) => self.connection.send_binary(data, &mut self.out),
        };
        sent.map_err(io::Error::other)?;
        self.write().await
    }

    pub(crate) async fn close(&mut self) -> io::Result<()> {
        let sent = self
            .connection
            .send_close(CloseCode::NORMAL, "", &mut self.out);
        sent.map_err(io::Error::other)?;
        self.write().await?;
        while self.next().await?.is_some() {}
        Ok(())
    }

    /// Reads once, or keeps a deadline. A deadline that has passed is judged after what is there was read:
    /// the connection gives up when it is told a second time.
    async fn turn(&mut self) -> io::Result<()> {
        self.write().await?;
        let due = self.connection.poll_timeout().map(|due| self.origin + due);
        // Without keepalive nothing is due; a look at the clock now and then does no harm.
        let due = due.unwrap_or_else(|| Instant::now() + Duration::from_secs(60));
        tokio::select! {
            biased;
            came = read(&mut self.stream, &mut self.input) => came,
            () = sleep_until(due) => {
                self.connection.handle_timeout(self.origin.elapsed());
                match self.connection.timed_out() {
                    Some(_) => {
                        self.write().await?;
                        Err(ErrorKind::TimedOut.into())
                    }
                    None => Ok(()),
                }
            }
        }
    }

    async fn write(&mut self) -> io::Result<()> {
        self.connection.poll_transmit(&mut self.out);
        self.stream.write_all_buf(&mut self.out).await
    }
}

/// Reads once.
async fn read(stream: &mut TcpStream, input: &mut BytesMut) -> io::Result<()> {
    match stream.read_buf(input).await? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

fn config() -> Config {
    let mut config = Config::default();
    config.keepalive = Some(Keepalive {
        interval: Duration::from_secs(20),
        timeout: Duration::from_secs(20),
    });
    config
}

const HANDSHAKE: Duration = Duration::from_secs(30);
