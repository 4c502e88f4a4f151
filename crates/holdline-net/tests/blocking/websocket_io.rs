//! What arrived counts: WebSockets whose writes fail, whose application is busy, or whose peer only writes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use holdline_net::blocking::websocket::{ClientKeys, ClientWebSocket, Error, Message, WebSocket};
use holdline_net::entropy;
use holdline_websocket::{CloseCode, Config, Connection, Keepalive};

use crate::peer::{PATIENCE, SHORT, pair, read_to_end, reset};

fn client<S>(stream: S, config: Config) -> ClientWebSocket<S> {
    let keys: ClientKeys = entropy::mask_key;
    WebSocket::new(stream, Vec::new(), Connection::client(config, keys))
}

#[cfg(unix)]
#[test]
fn two_peers_that_both_write_get_what_was_written_when_they_read() {
    let (stream, peer) = pair();
    // An echo that reads nothing while a write of its own is stuck.
    let echoing = thread::spawn(move || {
        let mut websocket = WebSocket::new(peer, Vec::new(), Connection::server(Config::default()));
        let mut echoed = 0;
        while let Some(message) = websocket.next_message().unwrap() {
            websocket.send(&message).unwrap();
            echoed += 1;
        }
        echoed
    });
    stream.set_write_timeout(Some(SHORT)).unwrap();
    let mut websocket = client(stream, Config::default());
    let text = "x".repeat(64 << 10);
    let mut sent = 0;
    let error = loop {
        sent += 1;
        assert!(sent < 10_000);
        match websocket.send_text(&text) {
            Ok(()) => {}
            Err(error) => break error,
        }
    };
    assert!(error.is_timeout(), "{error}");
    // The system may round the time.
    let told = error.to_string();
    assert!(
        told.starts_with("the peer took nothing within 15"),
        "{told}"
    );
    for _ in 0..sent {
        assert_eq!(websocket.read().unwrap(), Some(Message::Text(&text)));
    }
    websocket.close().unwrap();
    assert_eq!(echoing.join().unwrap(), sent);
}

#[test]
fn why_the_server_closed_is_read_after_sends_have_failed() {
    let (stream, mut peer) = pair();
    peer.write_all(b"\x81\x02hi\x88\x02\x11\x31").unwrap();
    drop(peer);
    let mut websocket = client(stream, Config::default());
    // The first one is answered with a reset.
    let begun = Instant::now();
    while websocket.send_text("more").is_ok() {
        assert!(begun.elapsed() < PATIENCE);
        thread::yield_now();
    }
    assert!(websocket.send_text("more").is_err());
    assert_eq!(websocket.read().unwrap(), Some(Message::Text("hi")));
    assert_eq!(websocket.read().unwrap(), None);
    assert_eq!(websocket.close_reason(), Some((CloseCode::from(4401), "")));
}

#[test]
fn a_busy_application_does_not_lose_what_came_in_time() {
    let mut config = Config::default();
    config.keepalive = Some(Keepalive {
        interval: Duration::from_millis(20),
        timeout: Duration::from_millis(20),
    });
    let (stream, mut peer) = pair();
    let mut websocket = client(stream, config);
    let answering = thread::spawn(move || {
        // The masked ping of the keepalive, and its pong with a message behind it.
        let mut frame = [0; 6];
        peer.read_exact(&mut frame).unwrap();
        assert_eq!(frame[0], 0x89);
        let mut payload = vec![0; usize::from(frame[1] & 0x7f)];
        peer.read_exact(&mut payload).unwrap();
        for (at, byte) in payload.iter_mut().enumerate() {
            *byte ^= frame[2 + at % 4];
        }
        peer.write_all(&[&[0x8a, payload.len() as u8], &payload[..], b"\x81\x02hi"].concat())
            .unwrap();
        peer
    });
    // Sends the ping, waits no longer than its deadline, and then is busy.
    websocket
        .stream()
        .set_read_timeout(Some(Duration::from_millis(30)))
        .unwrap();
    let pong = websocket.read();
    let pong =
        matches!(pong, Ok(Some(Message::Pong(_)))) || pong.is_err_and(|error| error.is_timeout());
    assert!(pong);
    let mut peer = answering.join().unwrap();
    peer.write_all(b"\x81\x01!").unwrap();
    thread::sleep(Duration::from_millis(100));
    let mut texts = Vec::new();
    while texts.len() < 2 {
        match websocket.read().unwrap() {
            Some(Message::Text(text)) => texts.push(text.to_owned()),
            Some(_) => {}
            None => panic!("it was closed"),
        }
    }
    assert_eq!(texts, ["hi", "!"]);
}

#[test]
fn a_close_that_came_in_time_is_seen_after_the_close_timeout() {
    let mut config = Config::default();
    config.close_timeout = Duration::from_millis(20);
    let (stream, mut peer) = pair();
    let mut websocket = client(stream, config);
    websocket.send_close(CloseCode::NORMAL, "").unwrap();
    // The deadline begins, and passes while the application is busy.
    websocket
        .stream()
        .set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    assert!(websocket.read().unwrap_err().is_timeout());
    peer.write_all(b"\x81\x02hi\x88\x02\x03\xe8").unwrap();
    thread::sleep(Duration::from_millis(50));
    assert_eq!(websocket.read().unwrap(), Some(Message::Text("hi")));
    assert_eq!(websocket.read().unwrap(), None);
    assert_eq!(websocket.close_reason(), Some((CloseCode::NORMAL, "")));
}

#[cfg(unix)]
#[test]
fn a_missed_ping_is_told_with_close_1011() {
    let mut config = Config::default();
    config.keepalive = Some(Keepalive {
        interval: Duration::from_millis(20),
        timeout: Duration::from_millis(20),
    });
    let (stream, mut peer) = pair();
    let mut websocket = WebSocket::new(stream, Vec::new(), Connection::server(config));
    // No read timeout of the stream's own is needed: `read` keeps the deadline.
    websocket.stream().set_read_timeout(None).unwrap();
    assert!(matches!(websocket.read(), Err(Error::Timeout(_))));
    drop(websocket);
    let mut frames = Vec::new();
    peer.read_to_end(&mut frames).unwrap();
    let close = frames.windows(2).any(|bytes| bytes == [0x03, 0xf3]);
    assert!(frames[0] == 0x89 && close, "{frames:x?}");
}

#[test]
fn a_reset_is_1006_and_the_connection_is_not_open_any_more() {
    let (stream, peer) = pair();
    reset(peer);
    let mut websocket = client(stream, Config::default());
    assert!(matches!(
        websocket.read(),
        Err(Error::Io(_) | Error::Disconnected)
    ));
    assert!(!websocket.connection().is_open());
    assert_eq!(websocket.close_reason(), Some((CloseCode::ABNORMAL, "")));
    assert!(matches!(websocket.read(), Err(Error::Disconnected)));
    assert!(matches!(websocket.send_text("x"), Err(Error::Send(_))));
}

/// TLS that ends without its own goodbye.
struct CutTls;

impl Read for CutTls {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(
            ErrorKind::UnexpectedEof,
            "peer closed connection without sending TLS close_notify",
        ))
    }
}

impl Write for CutTls {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_tls_stream_that_is_cut_is_1006() {
    let mut websocket = client(CutTls, Config::default());
    let error = websocket.read().unwrap_err();
    assert!(error.to_string().contains("close_notify"), "{error}");
    assert!(!websocket.connection().is_open());
    assert_eq!(websocket.close_reason(), Some((CloseCode::ABNORMAL, "")));
}

#[test]
fn closing_twice_waits_once() {
    let mut config = Config::default();
    config.close_timeout = Duration::from_secs(3600);
    let (stream, mut peer) = pair();
    let closing = thread::spawn(move || {
        let mut websocket = client(stream, config);
        websocket.close().unwrap();
        // The peer keeps its side open this time: another wait would never end.
        websocket.close().unwrap();
        websocket
    });
    let mut frame = [0; 8];
    peer.read_exact(&mut frame).unwrap();
    peer.write_all(b"\x88\x02\x03\xe8").unwrap();
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    drop(closing.join().unwrap());
    read_to_end(&mut peer);
}

/// A stream of which nothing is known.
struct Opaque(TcpStream);

impl Read for Opaque {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        self.0.read(block)
    }
}

impl Write for Opaque {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn closing_twice_waits_once_when_the_peer_leaves_its_side_open() {
    let mut config = Config::default();
    config.close_timeout = SHORT;
    let (stream, mut peer) = pair();
    stream.set_read_timeout(Some(SHORT)).unwrap();
    peer.write_all(b"\x88\x02\x03\xe8").unwrap();
    let mut websocket = client(Opaque(stream), config);
    websocket.close().unwrap();
    websocket.stream().0.set_read_timeout(None).unwrap();
    // Without a read timeout another wait would never end.
    websocket.close().unwrap();
    drop(websocket);
    read_to_end(&mut peer);
}
