//! WebSockets (`wss`) and event streams (`https`) over TLS, with rustls.
//!
//!     cargo run --example tls wss://localhost:8443/echo ca.pem hello again
//!     cargo run --example tls https://localhost:8443/events ca.pem
//!
//! `ca.pem` holds the certificates of the authorities that are trusted.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use holdline_net::blocking::event_source::EventSource;
use holdline_net::blocking::websocket::{self, ClientWebSocket, Message, WebSocket};
use holdline_net::blocking::{Tcp, Url};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, authorities, texts @ ..] = &arguments[..] else {
        eprintln!("usage: tls URL CA.PEM [TEXT]...");
        return ExitCode::from(2);
    };
    match run(url, authorities, texts) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{url}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(url: &str, authorities: &str, texts: &[String]) -> Result<(), Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authorities)? {
        roots.add(certificate?)?;
    }
    let trust = trusting(roots);
    if url.starts_with("wss:") {
        let (sender, outgoing) = channel();
        for text in texts {
            sender.send(text.clone())?;
        }
        // Other threads may hold clones of `sender`. When the last one is gone, the socket is closed.
        drop(sender);
        talk(connect(url, trust)?, &outgoing, |text| println!("{text}"))?;
    } else {
        listen(url, trust, |text| println!("{text}"))?;
    }
    Ok(())
}

pub(crate) fn trusting(roots: RootCertStore) -> Arc<ClientConfig> {
    let config = ClientConfig::builder().with_root_certificates(roots);
    Arc::new(config.with_no_client_auth())
}

/// An event stream over TLS: all that it needs is a function that opens the stream.
pub(crate) fn listen(
    url: &str,
    trust: Arc<ClientConfig>,
    mut received: impl FnMut(&str),
) -> Result<(), Box<dyn Error>> {
    let mut config = holdline_sse::Config::new(url);
    config.reconnect = false;
    let mut source = EventSource::new(config, move |url: &Url| Tls::open(url, &trust))?;
    // Longer than the server's heartbeat; it is looked at after each read timeout.
    source.set_silence_limit(Some(Duration::from_secs(30)));
    while let Some(event) = source.next_event()? {
        received(event.data);
    }
    Ok(())
}

/// A WebSocket over TLS.
pub(crate) fn connect(
    url: &str,
    trust: Arc<ClientConfig>,
) -> Result<ClientWebSocket<Tls>, Box<dyn Error>> {
    let url: Url = url.parse()?;
    let tls = Tls::open(&url, &trust)?;
    Ok(WebSocket::connect(tls, url.authority(), url.target())?)
}

/// Reads and writes on one thread, for a TLS stream has one state for both directions and cannot be split.
/// Whoever wants to send puts the text into the queue.
pub(crate) fn talk(
    mut websocket: ClientWebSocket<Tls>,
    outgoing: &Receiver<String>,
    mut received: impl FnMut(&str),
) -> Result<(), websocket::Error> {
    // How long a text may lie in the queue while nothing is received.
    let tick = Some(Duration::from_millis(20));
    websocket.stream().tcp.set_read_timeout(tick)?;
    let mut closing = false;
    loop {
        match outgoing.try_recv() {
            Ok(text) => {
                websocket.send_text(&text)?;
                continue;
            }
            Err(TryRecvError::Disconnected) if !closing => {
                closing = true;
                websocket.send_close(holdline_websocket::CloseCode::NORMAL, "")?;
            }
            Err(_) => {}
        }
        match websocket.read() {
            Ok(Some(Message::Text(text))) => received(text),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            // Time to look into the queue.
            Err(error) if error.is_timeout() => {}
            Err(error) => return Err(error),
        }
    }
}

/// A client's TLS stream that can be read while the peer takes nothing: `rustls::StreamOwned` writes before
/// it reads, and would never give the answer of a server that refuses a long request in the middle.
#[derive(Debug)]
pub(crate) struct Tls {
    session: ClientConnection,
    pub(crate) tcp: TcpStream,
}

impl Tls {
    pub(crate) fn open(url: &Url, trust: &Arc<ClientConfig>) -> io::Result<Self> {
        let tcp = Tcp {
            read_timeout: Some(Duration::from_secs(5)),
            ..Tcp::default()
        };
        let name = ServerName::try_from(url.host().to_owned())
            .map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        let session = ClientConnection::new(Arc::clone(trust), name).map_err(io::Error::other)?;
        let tcp = tcp.connect_plain(url)?;
        Ok(Self { session, tcp })
    }

    /// Writes what the session has ready.
    fn write_out(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut self.tcp)?;
        }
        Ok(())
    }
}

impl Read for Tls {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(block) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => return other,
            }
            if self.session.is_handshaking() {
                self.write_out()?;
            }
            self.session.read_tls(&mut self.tcp)?;
            let processed = self.session.process_new_packets();
            if let Err(error) = processed {
                // The alert that says why. The error is told whether it can be written or not.
                self.write_out().ok();
                return Err(io::Error::new(ErrorKind::InvalidData, error));
            }
        }
    }
}

impl Write for Tls {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The session takes no more than it has room for, and says so with 0.
        self.handshake()?;
        match self.session.writer().write(bytes)? {
            0 => self
                .write_out()
                .and_then(|()| self.session.writer().write(bytes)),
            length => Ok(length),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_out()
    }
}

impl Tls {
    fn handshake(&mut self) -> io::Result<()> {
        while self.session.is_handshaking() {
            self.write_out()?;
            if self.session.read_tls(&mut self.tcp)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let processed = self.session.process_new_packets();
            processed.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        }
        Ok(())
    }
}
