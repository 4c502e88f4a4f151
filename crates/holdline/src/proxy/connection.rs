//! One connection: two sockets, and a thread for each direction.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use crate::inspect::Side;
use crate::proxy::shown::{Shown, without_thread};

pub(super) struct Connection {
    client: TcpStream,
    shown: Shown,
}

impl Connection {
    pub(super) const fn new(client: TcpStream, shown: Shown) -> Self {
        Self { client, shown }
    }

    /// Forwards until both directions have ended.
    pub(super) fn run(self, to: &[SocketAddr]) {
        let Self { client, shown } = self;
        let server = match connect(to) {
            Ok(server) => server,
            Err(problem) => return shown.say(&format!("the server cannot be reached: {problem}")),
        };
        for socket in [&client, &server] {
            if let Err(error) = prepare(socket) {
                tracing::debug!(%error, "a socket is gone");
            }
        }
        match client.peer_addr() {
            Ok(address) => shown.say(&format!("{address} has connected")),
            Err(_) => shown.say("a client has connected"),
        }
        let forwarded = std::thread::scope(|scope| {
            let up = std::thread::Builder::new()
                .name("up".to_owned())
                .spawn_scoped(scope, || forward(Side::Client, &client, &server, &shown))?;
            let down = forward(Side::Server, &server, &client, &shown);
            io::Result::Ok((up.join().unwrap_or_default(), down))
        });
        match forwarded {
            Ok((up, down)) => shown.end(&format!(
                "over, after {up} bytes from the client and {down} from the server"
            )),
            Err(error) => shown.say(&without_thread(&error)),
        }
    }
}

fn connect(to: &[SocketAddr]) -> Result<TcpStream, String> {
    let mut problem = String::new();
    for address in to {
        match TcpStream::connect_timeout(address, CONNECT_TIMEOUT) {
            Ok(server) => return Ok(server),
            Err(error) => problem = format!("{address}: {error}"),
        }
    }
    Err(problem)
}

/// Forwards what `side` sends until it ends. Returns how many bytes that were.
///
/// Nothing is read before all that was read has been written: a slow receiver slows its sender down.
fn forward(side: Side, mut from: &TcpStream, mut to: &TcpStream, shown: &Shown) -> u64 {
    let mut block = vec![0; BLOCK];
    let mut total = 0;
    loop {
        let length = match from.read(&mut block) {
            Ok(0) => {
                shown.ended(side);
                close(to, Shutdown::Write);
                return total;
            }
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                shown.say(&format!("the {} is gone: {error}", side.name()));
                close(to, Shutdown::Both);
                close(from, Shutdown::Both);
                return total;
            }
        };
        let bytes = block.get(..length).unwrap_or_default();
        total += bytes.len() as u64;
        shown.sent(side, bytes);
        if to.write_all(bytes).is_err() {
            // Who reads no more may still have something to say.
            close(from, Shutdown::Read);
            return total;
        }
    }
}

fn close(socket: &TcpStream, how: Shutdown) {
    if let Err(error) = socket.shutdown(how) {
        tracing::debug!(%error, "a socket is closed already");
    }
}

/// Who has vanished without a word must not keep a place for ever.
fn prepare(socket: &TcpStream) -> io::Result<()> {
    // What is small must not wait for more.
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(QUIET).with_interval(PROBE);
    SockRef::from(socket).set_tcp_keepalive(&keepalive)
}

/// Bytes that are read at a time.
const BLOCK: usize = 16 << 10;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// After what time without a byte a peer is asked whether it is still there, and how often then.
const QUIET: Duration = Duration::from_secs(60);
const PROBE: Duration = Duration::from_secs(10);

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_client_that_vanished_is_noticed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        prepare(&client).unwrap();
        let socket = SockRef::from(&client);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), QUIET);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), PROBE);
    }
}
