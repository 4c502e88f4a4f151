//! Payloads that are sent without a copy, read by an implementation that is not ours.

use std::io::{self, Read, Write};

use bytes::{Bytes, BytesMut};
use holdline_websocket::{Config, Connection, MaskKeys, Role, SendError, SharedText};
use tungstenite::{Message, WebSocket, protocol::Role as PeerRole};

use crate::support::KEY;

const SIZES: [usize; 10] = [0, 1, 125, 126, 127, 1000, 4095, 65_535, 65_536, 300_000];

/// What was written, to be read by the peer, which answers nothing.
struct Wire<'a>(&'a [u8]);

impl Read for Wire<'_> {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        self.0.read(block)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn text(length: usize) -> String {
    let mut text = "消息 to all 😀 ".repeat(length / 17 + 1);
    while text.len() > length {
        text.pop();
    }
    text.extend(std::iter::repeat_n('.', length - text.len()));
    text
}

/// Each size as text, as binary data and in three fragments; every other one is held by somebody else, too.
fn all_arrive<K: MaskKeys>(mut connection: Connection<K>) {
    let (mut out, mut expected) = (BytesMut::new(), Vec::new());
    let mut held = Vec::new();
    for (n, length) in SIZES.into_iter().enumerate() {
        let text = text(length);
        let data: Vec<u8> = (0..length).map(|i| (i / 3) as u8).collect();
        let (shared, binary) = (SharedText::from(text.clone()), Bytes::from(data.clone()));
        if n % 2 == 0 {
            held.push((shared.bytes().clone(), text.clone().into_bytes()));
            held.push((binary.clone(), data.clone()));
        }
        let rest = connection.send_text_shared(shared.clone(), &mut out);
        out.extend_from_slice(&rest.unwrap());
        expected.push(Message::from(text.clone()));
        let rest = connection.send_binary_shared(binary, &mut out);
        out.extend_from_slice(&rest.unwrap());
        expected.push(Message::from(data.clone()));
        for part in 0..3 {
            let last = part == 2;
            let rest = connection.send_text_fragment_shared(shared.clone(), last, &mut out);
            out.extend_from_slice(&rest.unwrap());
        }
        expected.push(Message::from(text.repeat(3)));
        for part in 0..3 {
            let (part, last) = (Bytes::copy_from_slice(&data), part == 2);
            let rest = connection.send_binary_fragment_shared(part, last, &mut out);
            out.extend_from_slice(&rest.unwrap());
        }
        expected.push(Message::from(data.repeat(3)));
    }
    let peer = match K::ROLE {
        Role::Server => PeerRole::Client,
        Role::Client => PeerRole::Server,
    };
    let mut peer = WebSocket::from_raw_socket(Wire(&out), peer, None);
    for message in expected {
        assert!(peer.read().unwrap() == message, "{} bytes", message.len());
    }
    // What somebody else held is as it was.
    assert!(held.iter().all(|(bytes, before)| bytes == before));
}

#[test]
fn a_servers_shared_payloads_are_read_by_tungstenite() {
    all_arrive(Connection::server(Config::default()));
}

#[test]
fn a_clients_shared_payloads_are_read_by_tungstenite() {
    all_arrive(Connection::client(Config::default(), || KEY));
}

#[test]
fn a_client_masks_what_it_alone_holds_in_place() {
    let mut client = Connection::client(Config::default(), || KEY);
    let data = Bytes::from(vec![7; 100_000]);
    let (at, mut out) = (data.as_ptr(), BytesMut::new());
    let rest = client.send_binary_shared(data, &mut out).unwrap();
    assert_eq!(rest.as_ptr(), at);
    let (mut copied, mut other) = (
        BytesMut::new(),
        Connection::client(Config::default(), || KEY),
    );
    other.send_binary(&[7; 100_000], &mut copied).unwrap();
    assert!([&out[..], &rest].concat() == copied);
}

#[test]
fn what_may_not_be_sent_leaves_no_header() {
    let mut connection = Connection::server(Config::default());
    let mut out = BytesMut::new();
    let hello = SharedText::from("Hello");
    let rest = connection.send_text_fragment_shared(hello.clone(), false, &mut out);
    assert_eq!(
        (&out[..], rest),
        (&b"\x01\x05"[..], Ok(hello.bytes().clone()))
    );
    out.clear();
    let data = Bytes::from_static(b"data");
    let within = Err(SendError::MessageUnfinished);
    assert_eq!(connection.send_text_shared(hello.clone(), &mut out), within);
    assert_eq!(
        connection.send_binary_shared(data.clone(), &mut out),
        within
    );
    assert_eq!(
        connection.send_binary_fragment_shared(data, true, &mut out),
        within
    );
    assert!(out.is_empty());
    let rest = connection.send_text_fragment_shared(hello, true, &mut out);
    assert_eq!((&out[..], rest.unwrap().len()), (&b"\x80\x05"[..], 5));
}
