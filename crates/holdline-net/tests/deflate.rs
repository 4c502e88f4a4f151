//! permessage-deflate on the event loop, with this crate's own client at the other end.
#![cfg(feature = "deflate")]
#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

mod support;

use std::io::Write;
use std::net::TcpStream;
use std::num::NonZeroUsize;

use bytes::BytesMut;
use holdline_net::blocking::websocket::{ClientKeys, Message, Options, WebSocket};
use holdline_websocket::{DeflateOptions, PreparedMessage};
use support::{Running, config, read_until};

fn connect(server: &Running, deflate: DeflateOptions) -> WebSocket<TcpStream, ClientKeys> {
    let mut options = Options::default();
    options.deflate = Some(deflate);
    let stream = server.connect();
    let websocket = WebSocket::connect_with(stream, "a", "/socket", (), &[], options).unwrap();
    assert!(websocket.connection().compresses());
    websocket
}

#[test]
fn messages_of_all_sizes_come_back_whatever_was_agreed() {
    let server = Running::start(config());
    let mut alone = DeflateOptions::default();
    alone.no_context_takeover = true;
    alone.peer_no_context_takeover = true;
    let mut narrow = DeflateOptions::default();
    narrow.max_window_bits = 9;
    narrow.peer_max_window_bits = 8;
    for options in [DeflateOptions::default(), alone, narrow] {
        let mut websocket = connect(&server, options);
        let words = "one two three four five six seven \u{1f40b} ".repeat(6_000);
        for length in [0, 1, 2, 125, 126, 127, 1000, 65_535, 200_000] {
            let mut end = length;
            while !words.is_char_boundary(end) {
                end += 1;
            }
            let text = &words[..end];
            websocket.send_text(text).unwrap();
            assert_eq!(websocket.read().unwrap(), Some(Message::Text(text)));
            // What does not get smaller comes back as well.
            let noise: Vec<u8> = (0..length as u32)
                .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
                .collect();
            websocket.send_binary(&noise).unwrap();
            assert_eq!(websocket.read().unwrap(), Some(Message::Binary(&noise)));
        }
        websocket.close().unwrap();
    }
}

/// The server shares their payloads, from 4 KiB on without a copy.
#[test]
fn messages_come_back_in_order_where_nothing_was_agreed() {
    let server = Running::start(config());
    let (stream, options) = (server.connect(), Options::default());
    let mut websocket = WebSocket::connect_with(stream, "a", "/socket", (), &[], options).unwrap();
    assert!(!websocket.connection().compresses());
    for length in [0, 1, 126, 4095, 4096, 65_535, 65_536, 300_000] {
        let data: Vec<u8> = (0..length).map(|i| (i / 3) as u8).collect();
        let text = "\u{1f40b}".repeat(length / 4);
        websocket.send_binary(&data).unwrap();
        websocket.send_text("next").unwrap();
        websocket.send_text(&text).unwrap();
        assert_eq!(websocket.read().unwrap(), Some(Message::Binary(&data)));
        assert_eq!(websocket.read().unwrap(), Some(Message::Text("next")));
        assert_eq!(websocket.read().unwrap(), Some(Message::Text(&text)));
    }
    websocket.close().unwrap();
}

/// What a client sends in one read may be a thousand times as long when it is inflated.
#[test]
fn a_client_whose_small_input_inflates_to_much_gets_no_more_than_its_turn() {
    const MESSAGES: usize = 20;
    let mut config = config();
    config.threads = NonZeroUsize::MIN;
    let server = Running::start(config);
    let mut greedy = connect(&server, DeflateOptions::default());
    let mut other = server.connect();
    // A frame of a client: the mask of zeros changes nothing.
    let prepared = PreparedMessage::binary(&vec![0; 2 << 20]).with_deflate(9);
    let frame = prepared.compressed_bytes().unwrap();
    let mut masked = BytesMut::from(&frame[..]);
    masked[1] |= 0x80;
    let header = if frame[1] == 126 { 4 } else { 10 };
    let payload = masked.split_off(header);
    let frame = [&masked[..], &[0; 4], &payload[..]].concat();
    assert!(frame.len() * MESSAGES < 1 << 16, "{}", frame.len());
    greedy
        .stream_mut()
        .write_all(&frame.repeat(MESSAGES))
        .unwrap();
    other
        .write_all(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    read_until(&mut other, b"/hello");
    let handed_out = server.messages();
    assert!(handed_out < MESSAGES / 2, "{handed_out}");
}
