//! Who closes what first, and what an end without a goodbye is.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
#[cfg(unix)]
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use holdline_net::blocking::websocket::{ClientKeys, Error, Message, WebSocket};
use holdline_net::entropy;
use holdline_websocket::{CloseCode, Config, Connection};

use crate::script::{Script, every_cut};

const SOON: Duration = Duration::from_millis(200);
/// A Close frame of a client with code 1000.
const GOODBYE: &[u8] = b"\x88\x82\0\0\0\0\x03\xe8";

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let other = listener.accept().unwrap().0;
    for stream in [&one, &other] {
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
    }
    (one, other)
}

fn server<S>(stream: S) -> WebSocket<S> {
    WebSocket::new(stream, Vec::new(), Connection::server(Config::default()))
}

fn client<S>(stream: S) -> WebSocket<S, ClientKeys> {
    let keys: ClientKeys = entropy::mask_key;
    WebSocket::new(
        stream,
        Vec::new(),
        Connection::client(Config::default(), keys),
    )
}

/// Nothing comes, and the stream does not end either.
fn assert_silent(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(SOON)).unwrap();
    let error = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_client_that_closes_leaves_the_stream_to_the_server() {
    let (stream, mut peer) = pair();
    let closing = thread::spawn(move || {
        let mut websocket = client(stream);
        websocket.close().unwrap();
        let (code, _) = websocket.close_reason().unwrap();
        (code, websocket.connection().is_clean())
    });
    let mut frame = [0; 8];
    peer.read_exact(&mut frame).unwrap();
    assert_eq!(frame[..2], [0x88, 0x82]);
    // A message that was on its way, and then the answer.
    peer.write_all(b"\x81\x02hi\x88\x02\x03\xe8").unwrap();
    assert_silent(&mut peer);
    assert!(!closing.is_finished());
    drop(peer);
    assert_eq!(closing.join().unwrap(), (CloseCode::NORMAL, true));
}

#[test]
fn a_client_that_is_closed_answers_and_leaves_the_stream_to_the_server() {
    let (stream, mut peer) = pair();
    peer.write_all(b"\x81\x02hi\x88\x05\x0f\xa0bye").unwrap();
    let reading = thread::spawn(move || {
        let mut websocket = client(stream);
        assert_eq!(websocket.read().unwrap(), Some(Message::Text("hi")));
        assert_eq!(websocket.read().unwrap(), None);
        let reason = websocket.close_reason().unwrap();
        assert_eq!(reason, (CloseCode::from(4000), "bye"));
        websocket.close().unwrap();
    });
    let mut frame = [0; 8];
    peer.read_exact(&mut frame).unwrap();
    // The same code.
    let code = [frame[6] ^ frame[2], frame[7] ^ frame[3]];
    assert_eq!((frame[1], code), (0x82, [0x0f, 0xa0]));
    assert_silent(&mut peer);
    assert!(!reading.is_finished());
    peer.shutdown(Shutdown::Write).unwrap();
    reading.join().unwrap();
}

#[test]
fn a_server_closes_the_stream_first_and_at_once() {
    let (stream, mut peer) = pair();
    peer.write_all(GOODBYE).unwrap();
    let mut websocket = server(stream);
    assert_eq!(websocket.read().unwrap(), None);
    websocket.close().unwrap();
    drop(websocket);
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"\x88\x02\x03\xe8");
}

#[test]
fn a_server_that_closes_waits_for_the_answer_and_then_closes_the_stream() {
    let (stream, mut peer) = pair();
    let closing = thread::spawn(move || {
        let mut websocket = server(stream);
        websocket.send_close(CloseCode::GOING_AWAY, "x").unwrap();
        // What the client says until it has seen that can still be read.
        assert_eq!(websocket.read().unwrap(), Some(Message::Text("a")));
        assert!(matches!(websocket.send_text("b"), Err(Error::Send(_))));
        websocket.close().unwrap();
        websocket.connection().is_clean()
    });
    peer.write_all(b"\x81\x81\0\0\0\0a").unwrap();
    let mut frame = [0; 5];
    peer.read_exact(&mut frame).unwrap();
    assert_eq!(&frame, b"\x88\x03\x03\xe9x");
    assert_silent(&mut peer);
    peer.write_all(GOODBYE).unwrap();
    assert!(closing.join().unwrap());
    assert_eq!(peer.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_stream_that_ends_without_a_close_frame_is_1006_wherever_it_is_cut() {
    // Within a header, within a message, between fragments, between messages; never after a Close.
    let bytes = b"\x01\x03abc\x89\x01p\x80\x02de\x82\x7e\x00\x80";
    for end in 0..=bytes.len() {
        for stream in every_cut(&bytes[..end]) {
            let mut websocket = client(stream);
            let error = loop {
                match websocket.read() {
                    Err(error) if error.is_timeout() => {}
                    Err(error) => break error,
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("it was not closed"),
                }
            };
            assert!(matches!(error, Error::Disconnected), "{end}: {error}");
            assert_eq!(websocket.close_reason(), Some((CloseCode::ABNORMAL, "")));
            assert!(!websocket.connection().is_clean());
            assert!(matches!(websocket.read(), Err(Error::Disconnected)));
            assert!(matches!(websocket.send_text("x"), Err(Error::Send(_))));
            assert!(websocket.close().is_err());
        }
    }
}

#[test]
fn a_close_that_is_never_answered_has_a_deadline() {
    let mut config = Config::default();
    config.close_timeout = SOON;
    let (stream, mut peer) = pair();
    stream
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let mut websocket = WebSocket::new(stream, Vec::new(), Connection::server(config));
    let start = Instant::now();
    let error = loop {
        match websocket.close() {
            Err(error) if error.is_timeout() => {}
            Err(error) => break error,
            Ok(()) => panic!("it was not answered"),
        }
    };
    assert!(matches!(error, Error::Timeout(_)), "{error}");
    assert!(start.elapsed() >= SOON && start.elapsed() < 20 * SOON);
    let mut frame = [0; 4];
    peer.read_exact(&mut frame).unwrap();
    assert_eq!(&frame, b"\x88\x02\x03\xe8");
}

#[test]
fn a_peer_that_broke_a_rule_and_goes_on_sending_still_sees_why() {
    let (stream, mut peer) = pair();
    let serving = thread::spawn(move || {
        let mut websocket = server(stream);
        assert!(matches!(websocket.read(), Err(Error::Receive(_))));
        websocket.end(|stream| stream.shutdown(Shutdown::Write))
    });
    let mut writer = peer.try_clone().unwrap();
    let flood = thread::spawn(move || {
        // An unmasked frame, and then more than the buffers of a socket take.
        writer.write_all(b"\x81\x01a").unwrap();
        for _ in 0..64 {
            writer.write_all(&[0; 1 << 16]).unwrap();
        }
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).unwrap();
    assert_eq!((rest[0], &rest[2..4]), (0x88, &b"\x03\xea"[..]));
    flood.join().unwrap();
    serving.join().unwrap().unwrap();
}

#[test]
fn an_end_that_is_not_awaited_does_not_hide_an_error() {
    let mut websocket = client(Script::new([b"\x81\x02hi"]));
    assert!(matches!(
        websocket.end(|_| Ok(())),
        Err(Error::Disconnected)
    ));
    let mut websocket = client(Script::new([b"\x88\x00"]));
    let failed = websocket.end(|_| Err(ErrorKind::NotConnected.into()));
    assert!(matches!(failed, Err(Error::Io(_))));
}

/// Closes with `SOON` as the time for it and no timeout of the stream, after a message that the peer does not take if it is
/// `stuck`. Another thread plays the peer, whose stream stays open until the end. Returns how it ended.
#[cfg(unix)]
fn close_soon(stuck: bool, goodbye: &'static [u8]) -> Result<(), Error> {
    let (stream, mut peer) = pair();
    let mut config = Config::default();
    config.close_timeout = SOON;
    let keys: ClientKeys = entropy::mask_key;
    let mut websocket = WebSocket::new(stream, Vec::new(), Connection::client(config, keys));
    if stuck {
        let stream = websocket.stream();
        stream.set_write_timeout(Some(SOON)).unwrap();
        while websocket.send_binary(&vec![0; 8 << 20]).is_ok() {}
    }
    peer.write_all(goodbye).unwrap();
    websocket.stream().set_read_timeout(None).unwrap();
    websocket.stream().set_write_timeout(None).unwrap();
    let (ended, end) = channel();
    let closing = thread::spawn(move || ended.send(websocket.close()).unwrap());
    // If it does not end, the end of the stream ends it.
    let result = end.recv_timeout(Duration::from_secs(20));
    drop(peer);
    closing.join().unwrap();
    result.expect("closing took no end")
}

#[cfg(unix)]
#[test]
fn a_server_that_answers_a_close_and_keeps_the_stream_open_is_not_waited_for_longer_than_closing_may_take()
 {
    // The answer is there already, as if it had come in the same moment.
    close_soon(false, b"\x88\x02\x03\xe8").unwrap();
}

#[cfg(unix)]
#[test]
fn a_peer_that_takes_nothing_does_not_hold_up_the_end_of_closing() {
    let error = close_soon(true, b"").unwrap_err();
    assert!(matches!(error, Error::Timeout(_)), "{error}");
    close_soon(true, b"\x88\x02\x03\xe8").unwrap();
}
