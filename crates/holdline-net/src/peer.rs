//! Finding out that a peer has vanished: its machine lost power, or a cable was pulled, so that nothing says
//! that the connection is over.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use crate::config::Config;

/// Makes the system give up a peer that acknowledges nothing for
/// [`peer_timeout`](Config::peer_timeout), and probe one that is sent nothing.
pub(crate) fn watch_peer(socket: SockRef<'_>, config: &Config) -> io::Result<()> {
    if config.peer_timeout.is_zero() {
        return Ok(());
    }
    // A peer that merely reads slowly is judged by the write timeout. Linux counts a closed window as nothing
    // acknowledged, so this timeout must not be shorter.
    let timeout = config.peer_timeout.max(config.write_timeout);
    // The first probe at half of the time, and two more until it is over. On Linux the user timeout decides
    // how many of them may fail.
    let keepalive = TcpKeepalive::new()
        .with_time(at_least_a_second(timeout / 2))
        .with_interval(at_least_a_second(timeout / 4));
    #[cfg(not(any(target_os = "openbsd", target_os = "redox", target_os = "solaris")))]
    let keepalive = keepalive.with_retries(2);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    socket.set_tcp_user_timeout(Some(timeout))?;
    Ok(())
}

/// The unit of the system.
fn at_least_a_second(time: Duration) -> Duration {
    time.max(Duration::from_secs(1))
}

/// Whether a connection inherits these options from the socket that listened, so that they cost it no system
/// call. Elsewhere each connection is given them.
pub(crate) const INHERITED: bool = cfg!(any(target_os = "android", target_os = "linux"));

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn accepted(config: &Config) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        watch_peer(SockRef::from(&listener), config).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        listener.accept().unwrap().0
    }

    #[test]
    fn a_connection_inherits_how_long_a_vanished_peer_is_waited_for() {
        let socket = accepted(&Config::default());
        let socket = SockRef::from(&socket);
        let timeout = Some(Duration::from_secs(45));
        assert_eq!(socket.tcp_user_timeout().unwrap(), timeout);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap().as_secs(), 22);
        assert_eq!(socket.tcp_keepalive_interval().unwrap().as_secs(), 11);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 2);
    }

    #[test]
    fn a_peer_is_never_given_up_sooner_than_it_may_stall() {
        let config = Config {
            write_timeout: Duration::from_secs(120),
            ..Config::default()
        };
        let socket = accepted(&config);
        let timeout = SockRef::from(&socket).tcp_user_timeout().unwrap();
        assert_eq!(timeout, Some(config.write_timeout));
    }

    #[test]
    fn zero_leaves_vanished_peers_to_the_system() {
        let config = Config {
            peer_timeout: Duration::ZERO,
            ..Config::default()
        };
        let socket = accepted(&config);
        let socket = SockRef::from(&socket);
        assert_eq!(socket.tcp_user_timeout().unwrap(), None);
        assert!(!socket.keepalive().unwrap());
    }
}
