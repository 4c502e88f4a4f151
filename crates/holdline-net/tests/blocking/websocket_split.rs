//! A WebSocket that is read and written by different threads.

use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use holdline_net::blocking::websocket::{ClientKeys, Error, Message, OwnedMessage, WebSocket};
use holdline_net::entropy;
use holdline_websocket::{CloseCode, Config, Connection};

use crate::peer::{PATIENCE, SHORT, pair, read_to_end};

fn client(
    stream: std::net::TcpStream,
    config: Config,
) -> WebSocket<std::net::TcpStream, ClientKeys> {
    let keys: ClientKeys = entropy::mask_key;
    WebSocket::new(stream, Vec::new(), Connection::client(config, keys))
}

fn server(stream: std::net::TcpStream) -> WebSocket<std::net::TcpStream> {
    WebSocket::new(stream, Vec::new(), Connection::server(Config::default()))
}

#[test]
fn many_senders_and_a_reader_work_at_once_and_messages_stay_whole() {
    let (stream, peer) = pair();
    let echoing = thread::spawn(move || {
        let mut websocket = server(peer);
        while let Some(message) = websocket.next_message().unwrap() {
            websocket.send(&message).unwrap();
        }
    });
    let (mut reader, sender) = client(stream, Config::default()).split().unwrap();
    let sending: Vec<_> = (0..4_u8)
        .map(|number| {
            let sender = sender.clone();
            thread::spawn(move || {
                for length in [0, 1, 5000, 300_000] {
                    sender.send_binary(&vec![number; length]).unwrap();
                }
            })
        })
        .collect();
    let mut lengths = [0; 4];
    for _ in 0..16 {
        match reader.next_message().unwrap() {
            Some(OwnedMessage::Binary(data)) => {
                if let Some(&number) = data.first() {
                    assert!(data.iter().all(|&byte| byte == number));
                    lengths[usize::from(number)] += data.len();
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(lengths, [305_001; 4]);
    sending
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    sender.send_close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(reader.next_message().unwrap(), None);
    assert_eq!(reader.close_reason(), Some((CloseCode::NORMAL, "")));
    echoing.join().unwrap();
}

#[test]
fn a_sender_that_is_stuck_does_not_stop_the_reader_and_pings_are_answered_afterwards() {
    let (stream, mut peer) = pair();
    stream.set_read_timeout(None).unwrap();
    stream.set_write_timeout(None).unwrap();
    let (mut reader, sender) = client(stream, Config::default()).split().unwrap();
    let length = 32 << 20;
    let sending = thread::spawn(move || sender.send_binary(&vec![0; length]).unwrap());
    // The write is under way, and is not read.
    let mut header = [0; 14];
    peer.read_exact(&mut header).unwrap();
    thread::sleep(Duration::from_millis(50));
    assert!(!sending.is_finished());
    for number in 0..3 {
        peer.write_all(&[0x81, 1, b'0' + number, 0x89, 1, number])
            .unwrap();
        let text = char::from(b'0' + number).to_string();
        assert_eq!(reader.read().unwrap(), Some(Message::Text(&text)));
        assert_eq!(reader.read().unwrap(), Some(Message::Ping(&[number])));
    }
    assert!(!sending.is_finished());
    // The reader waits without a timeout; the pong comes though nobody sends anything more.
    let reading = thread::spawn(move || {
        assert_eq!(reader.read().unwrap(), None);
    });
    let mut rest = vec![0; length];
    peer.read_exact(&mut rest).unwrap();
    sending.join().unwrap();
    let mut pong = [0; 7];
    peer.read_exact(&mut pong).unwrap();
    // Only the newest ping needs an answer (RFC 6455 §5.5.3).
    assert_eq!((pong[0], pong[1], pong[6] ^ pong[2]), (0x8a, 0x81, 2));
    peer.write_all(b"\x88\x02\x03\xe8").unwrap();
    reading.join().unwrap();
}

#[test]
fn a_close_that_is_never_answered_ends_a_reader_without_a_timeout() {
    let mut config = Config::default();
    config.close_timeout = SHORT;
    let (stream, mut peer) = pair();
    stream.set_read_timeout(None).unwrap();
    let (mut reader, sender) = client(stream, config).split().unwrap();
    let reading = thread::spawn(move || matches!(reader.read(), Err(Error::Timeout(_))));
    thread::sleep(Duration::from_millis(20));
    sender.send_close(CloseCode::NORMAL, "").unwrap();
    assert!(reading.join().unwrap());
    assert!(matches!(sender.send_text("x"), Err(Error::Send(_))));
    drop(sender);
    read_to_end(&mut peer);
}

#[test]
fn what_a_sender_could_not_write_goes_on_while_the_other_half_reads() {
    let (stream, mut peer) = pair();
    stream.set_write_timeout(Some(SHORT)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut reader, sender) = client(stream, Config::default()).split().unwrap();
    let reading = thread::spawn(move || {
        assert_eq!(reader.read().unwrap(), Some(Message::Text("got it")));
    });
    let length = 32 << 20;
    assert!(
        sender
            .send_binary(&vec![0; length])
            .unwrap_err()
            .is_timeout()
    );
    let mut all = vec![0; length + 14];
    peer.read_exact(&mut all).unwrap();
    peer.write_all(b"\x81\x06got it").unwrap();
    reading.join().unwrap();
}

#[test]
fn a_close_is_answered_though_a_sender_was_writing_and_the_reader_is_gone() {
    let (stream, mut peer) = pair();
    let (mut reader, sender) = client(stream, Config::default()).split().unwrap();
    let length = 32 << 20;
    let sending = thread::spawn(move || sender.send_binary(&vec![0; length]).unwrap());
    let mut header = [0; 14];
    peer.read_exact(&mut header).unwrap();
    peer.write_all(b"\x88\x02\x03\xe8").unwrap();
    assert_eq!(reader.read().unwrap(), None);
    drop(reader);
    assert!(!sending.is_finished());
    let mut rest = vec![0; length];
    peer.read_exact(&mut rest).unwrap();
    let mut close = [0; 8];
    peer.read_exact(&mut close).unwrap();
    assert_eq!(close[..2], [0x88, 0x82]);
    sending.join().unwrap();
}
