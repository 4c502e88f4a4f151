//! Plain sockets as the peer of a blocking connection, with bounded waits.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long anything here may wait: longer than a slow machine needs, and only a fault makes it pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// A client's timeout where the peer never does what it waits for.
pub(crate) const SHORT: Duration = Duration::from_millis(150);

/// A peer that plays its part with the first connection. Returns its address; join it to see it fail.
pub(crate) fn peer<T: Send + 'static>(
    play: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let playing = thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        play(stream)
    });
    (address, playing)
}

/// A connection to `address` with these timeouts.
pub(crate) fn connect(address: &str, timeout: Option<Duration>) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(timeout).unwrap();
    stream.set_write_timeout(timeout).unwrap();
    stream
}

/// Both ends of a connection.
pub(crate) fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let other = listener.accept().unwrap().0;
    for stream in [&one, &other] {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
    }
    (one, other)
}

/// Reads a request's head.
pub(crate) fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => panic!("{other:?} after {:?}", String::from_utf8_lossy(&head)),
        }
    }
    String::from_utf8(head).unwrap()
}

/// Waits until the other side has closed; what comes is dropped.
pub(crate) fn read_to_end(stream: &mut TcpStream) {
    let mut block = [0; 1 << 16];
    while matches!(stream.read(&mut block), Ok(1..)) {}
}

/// Writes a byte now and then, until the other side has had enough.
pub(crate) fn trickle(stream: &mut TcpStream, byte: u8) {
    for _ in 0..2000 {
        if stream.write_all(&[byte]).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Drops the stream so that the other side is reset.
pub(crate) fn reset(stream: TcpStream) {
    let socket = socket2::SockRef::from(&stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}
