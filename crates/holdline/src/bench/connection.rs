//! One of many connections: a non-blocking socket and the decoders for it.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use bytes::{Buf, BytesMut};
use holdline_http1::{Buffer, ClientConfig, ClientConnection, RequestBody, ResponseEvent};
use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

use super::plan::Plan;
use super::reader::{Reader, Trouble};
use super::stamp;
use super::tally::{Arrivals, Place, Tally};
use crate::transport::Transport;

pub(super) struct Connection {
    pub(super) stream: TcpStream,
    http: ClientConnection,
    buffer: Buffer,
    out: BytesMut,
    reader: Reader,
    is_connected: bool,
    /// Whether messages published from now on will arrive.
    pub(super) is_open: bool,
    pub(super) place: Place,
}

impl Connection {
    /// Begins to connect. `number` counts the connections of all processes.
    pub(super) fn begin(
        address: SocketAddr,
        number: usize,
        transport: Transport,
    ) -> io::Result<Self> {
        Ok(Self {
            stream: connect(address, number)?,
            http: ClientConnection::new(ClientConfig::default()),
            buffer: Buffer::new(),
            out: BytesMut::new(),
            reader: Reader::new(transport),
            is_connected: false,
            is_open: false,
            place: Place::default(),
        })
    }

    /// Does whatever is possible without waiting. After an error the connection is of no use.
    pub(super) fn ready(
        &mut self,
        plan: &Plan,
        scratch: &mut [u8],
        tally: &mut Tally,
    ) -> Result<(), Trouble> {
        if !self.is_connected {
            if !self.look_whether_connected()? {
                return Ok(());
            }
            self.ask(plan, &plan.target, self.reader.headers())?;
        }
        self.write()?;
        loop {
            let length = match self.stream.read(scratch) {
                Ok(0) => return Err("the server closed the connection".into()),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(said(&error)),
            };
            let now = stamp::now();
            self.take(&mut scratch[..length], now, plan, tally)?;
            self.write()?;
        }
    }

    fn look_whether_connected(&mut self) -> Result<bool, Trouble> {
        match self.stream.take_error() {
            Ok(None) => {}
            Ok(Some(error)) | Err(error) => return Err(said(&error)),
        }
        self.is_connected = match self.stream.peer_addr() {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::NotConnected => false,
            Err(error) => return Err(said(&error)),
        };
        Ok(self.is_connected)
    }

    fn ask(
        &mut self,
        plan: &Plan,
        target: &str,
        mut headers: Vec<(&'static str, String)>,
    ) -> Result<(), Trouble> {
        headers.push(("Host", plan.authority.clone()));
        self.http
            .send_request("GET", target, &headers, RequestBody::None, &mut self.out)
            .map_err(|error| error.to_string().into())
    }

    fn write(&mut self) -> Result<(), Trouble> {
        while !self.out.is_empty() {
            match self.stream.write(&self.out) {
                Ok(0) => return Err("nothing can be written".into()),
                Ok(length) => self.out.advance(length),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(said(&error)),
            }
        }
        // A silent connection should not use memory for output.
        self.out = BytesMut::new();
        Ok(())
    }

    fn take(
        &mut self,
        bytes: &mut [u8],
        now: u64,
        plan: &Plan,
        tally: &mut Tally,
    ) -> Result<(), Trouble> {
        let mut arrivals = Arrivals {
            run: plan.run,
            now,
            place: &mut self.place,
            tally,
        };
        if self.http.is_switched() {
            return self.reader.frames(bytes, &mut arrivals, &mut self.out);
        }
        let mut ended = false;
        let mut input = &*bytes;
        loop {
            let event = self.http.receive(&mut input, &mut self.buffer);
            match event.map_err(|_| "the server broke a rule of HTTP")? {
                Some(ResponseEvent::Response { head, .. }) => {
                    self.is_open |= self.reader.head(head)?;
                }
                Some(ResponseEvent::Data(data)) => self.reader.data(data, &mut arrivals)?,
                Some(ResponseEvent::End { .. }) => ended = true,
                Some(ResponseEvent::Paused) | None => break,
                Some(_) => {}
            }
        }
        let used = bytes.len() - input.len();
        if self.http.is_switched() {
            let frames = &mut bytes[used..];
            return self.reader.frames(frames, &mut arrivals, &mut self.out);
        }
        if ended {
            let cursor = self.reader.end(&mut arrivals)?;
            // The first answer only gave the cursor. From now on nothing is missed.
            self.is_open = true;
            let target = format!("{}{cursor}", plan.next_target);
            self.ask(plan, &target, Vec::new())?;
        }
        Ok(())
    }
}

/// Between two addresses there are only some 28,000 ports for connections. So connections beyond the first 25,000
/// come from 127.0.0.2, the next from 127.0.0.3, and so on.
fn connect(address: SocketAddr, number: usize) -> io::Result<TcpStream> {
    let nth = number / PORTS;
    if nth == 0 || !address.is_ipv4() || !address.ip().is_loopback() {
        return TcpStream::connect(address);
    }
    let first = u32::from(Ipv4Addr::LOCALHOST);
    let source = Ipv4Addr::from(first + u32::try_from(nth).unwrap_or(0));
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((source, 0)).into())?;
    match socket.connect(&address.into()) {
        Err(error) if !is_under_way(&error) => Err(error),
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}

fn is_under_way(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

/// An error without the details that differ from connection to connection.
pub(super) fn said(error: &io::Error) -> Trouble {
    Cow::Owned(error.kind().to_string())
}

/// Connections from one source address.
const PORTS: usize = 25_000;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn each_25_000_connections_come_from_another_address() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        for (number, from) in [
            (0, "127.0.0.1"),
            (24_999, "127.0.0.1"),
            (25_000, "127.0.0.2"),
            (75_000, "127.0.0.4"),
        ] {
            let _stream = connect(address, number).unwrap();
            let (_, peer) = listener.accept().unwrap();
            assert_eq!(peer.ip().to_string(), from);
        }
    }
}
