use std::io::{self, Read, Write};
use std::net::TcpStream;

use super::super::{Tcp, Url};
#[cfg(doc)]
use super::EventSource;

/// Opens the connections of an [`EventSource`]: [`Tcp`], or a function from the URL to a stream.
pub trait Connect {
    /// The stream.
    type Stream: Read + Write + 'static;

    /// Opens a connection to the URL's host and port. Set the stream's timeouts here.
    ///
    /// # Errors
    /// What made it fail. The event source tries again later, unless the kind is `Unsupported` or
    /// `InvalidInput`: no attempt can do better, so the source closes.
    fn connect(&mut self, url: &Url) -> io::Result<Self::Stream>;
}

impl Connect for Tcp {
    type Stream = TcpStream;

    fn connect(&mut self, url: &Url) -> io::Result<TcpStream> {
        Tcp::connect(self, url)
    }
}

impl<F: FnMut(&Url) -> io::Result<S>, S: Read + Write + 'static> Connect for F {
    type Stream = S;

    fn connect(&mut self, url: &Url) -> io::Result<S> {
        self(url)
    }
}
