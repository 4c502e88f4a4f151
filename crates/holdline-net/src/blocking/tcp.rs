//! Opens TCP connections with the timeouts that a client wants.

use std::io::{Error, ErrorKind, Result};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::url::Url;

/// How to open a TCP connection to a URL.
///
/// ```no_run
/// use std::time::Duration;
/// use holdline_net::blocking::{Tcp, Url};
///
/// let url: Url = "http://127.0.0.1:8080/".parse()?;
/// let tcp = Tcp { read_timeout: Some(Duration::from_secs(5)), ..Tcp::default() };
/// let stream = tcp.connect(&url)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// How long connecting to one address may take. A name may have several. Default: 10 s.
    pub connect_timeout: Duration,
    /// How long a read may wait. Default: 30 s. `None`: for ever.
    pub read_timeout: Option<Duration>,
    /// How long a write may wait. Default: 30 s. `None`: for ever.
    pub write_timeout: Option<Duration>,
}

impl Default for Tcp {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Some(Duration::from_secs(30)),
            write_timeout: Some(Duration::from_secs(30)),
        }
    }
}

impl Tcp {
    /// Connects to the URL's host and port: to the first of its addresses that answers.
    ///
    /// # Errors
    /// The name has no address, no address answers, a timeout is zero, or the URL wants TLS.
    pub fn connect(&self, url: &Url) -> Result<TcpStream> {
        if url.is_secure() {
            let message =
                "TLS is not built in: wrap Tcp::connect_plain in the TLS stream of your choice";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        self.connect_plain(url)
    }

    /// Connects to the URL's host and port whatever its scheme says: what a TLS stream is put on for `https`
    /// and `wss`. The example `tls` shows how.
    ///
    /// # Errors
    /// The name has no address, no address answers, or a timeout is zero.
    pub fn connect_plain(&self, url: &Url) -> Result<TcpStream> {
        let mut last = Error::new(ErrorKind::NotFound, "the host has no address");
        for address in (url.host(), url.port()).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, self.connect_timeout) {
                Ok(stream) => {
                    // Small messages must not wait for the answer to the one before.
                    stream.set_nodelay(true)?;
                    stream.set_read_timeout(self.read_timeout)?;
                    stream.set_write_timeout(self.write_timeout)?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}
