//! Connections whose system takes only a little ahead of the test.

use std::io;
use std::net::{SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

/// Connects with a receive buffer of about so many bytes. Whoever does not read falls behind as soon as it is full.
///
/// Unless its size is set, Linux lets the buffer of a client that does not read grow to what `tcp_rmem` allows: 6 MiB on
/// some machines, 32 MiB on others.
///
/// # Errors
/// What the system says.
pub fn narrow(address: SocketAddr, bytes: usize) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_recv_buffer_size(bytes)?;
    socket.connect(&address.into())?;
    Ok(socket.into())
}
