//! What we send.

use super::*;

#[test]
pub(crate) fn what_is_sent_keeps_within_the_window() {
    let small = options(|options| options.max_window_bits = 8);
    let noise: Vec<u8> = (0..300u32)
        .map(|i| (i.wrapping_mul(0x9e37_79b9) >> 24) as u8)
        .collect();
    let message = [&noise[..], &noise].concat();
    let (mut out, mut big) = (BytesMut::new(), BytesMut::new());
    sender(&small).send_binary(&message, &mut out).unwrap();
    sender(&DeflateOptions::default())
        .send_binary(&message, &mut big)
        .unwrap();
    // What repeats is 300 bytes back, which only the large window reaches.
    assert!(
        big.len() < 400 && out.len() > 600,
        "{} {}",
        big.len(),
        out.len()
    );
    // A receiver that keeps only 256 bytes understands it.
    let mut client = Connection::client(config(agreed(&small), Limits::default()), || KEY);
    let mut buffer = Buffer::new();
    assert_eq!(
        client.receive(&mut &mut out[..], &mut buffer),
        Ok(Some(Event::Binary(&message)))
    );
}

#[test]
fn a_shared_payload_is_compressed_if_that_was_agreed() {
    let payload = vec![7; 100_000];
    let (mut copied, mut shared) = (BytesMut::new(), BytesMut::new());
    let options = DeflateOptions::default();
    sender(&options).send_binary(&payload, &mut copied).unwrap();
    let rest = sender(&options).send_binary_shared(payload.into(), &mut shared);
    assert!(rest.unwrap().is_empty());
    assert_eq!(copied, shared);
    assert!(shared.len() < 1000);
    let text = "All in one ".repeat(10_000);
    let (mut copied, mut shared) = (BytesMut::new(), BytesMut::new());
    let (mut one, mut other) = (sender(&options), sender(&options));
    for last in [false, true] {
        one.send_text_fragment(&text, last, &mut copied).unwrap();
        let rest = other.send_text_fragment_shared(text.clone().into(), last, &mut shared);
        assert!(rest.unwrap().is_empty());
    }
    one.send_text(&text, &mut copied).unwrap();
    let rest = other.send_text_shared(text.into(), &mut shared);
    assert!(rest.unwrap().is_empty());
    assert_eq!(copied, shared);
}

#[test]
pub(crate) fn without_takeover_what_does_not_shrink_is_sent_as_it_is() {
    let noise: Vec<u8> = (0..300u32)
        .map(|i| (i.wrapping_mul(0x9e37_79b9) >> 24) as u8)
        .collect();
    for (message, shrinks) in [(&noise, false), (&vec![b'a'; 300], true)] {
        let mut out = BytesMut::new();
        sender(&alone()).send_binary(message, &mut out).unwrap();
        let first = if shrinks { 0xc2 } else { 0x82 };
        assert_eq!(out[0], first);
        assert_eq!(out.len() < message.len(), shrinks);
    }
}

#[test]
pub(crate) fn prepared_messages_with_and_without_deflate() {
    let news = "News! News! News! News! News! News!";
    let prepared = PreparedMessage::text(news).with_deflate(6);
    let compressed = prepared.compressed_bytes().unwrap().clone();
    assert_eq!(compressed[0], 0xc1);
    let mut plain = Connection::server(Config::default());
    assert_eq!(plain.send_prepared(&prepared).unwrap(), *prepared.bytes());
    assert!(!plain.compresses());
    assert_eq!(
        PreparedMessage::text("Hello")
            .with_deflate(6)
            .compressed_bytes(),
        None
    );

    // Between messages with takeover: the window of the receiver is not the sender's any more.
    for options in [
        DeflateOptions::default(),
        alone(),
        options(|options| options.max_window_bits = 8),
    ] {
        let mut server = sender(&options);
        let mut client = Connection::client(config(agreed(&options), Limits::default()), || KEY);
        let mut wire = BytesMut::new();
        for _ in 0..3 {
            server.send_text(news, &mut wire).unwrap();
            assert!(server.compresses());
            let shared = server.send_prepared(&prepared).unwrap();
            assert_eq!(shared, compressed);
            wire.extend_from_slice(&shared);
        }
        let (mut input, mut buffer) = (&mut wire[..], Buffer::new());
        for _ in 0..6 {
            assert_eq!(
                client.receive(&mut input, &mut buffer),
                Ok(Some(Event::Text(news)))
            );
        }
    }

    // One that refers further back than was agreed goes without.
    let long = PreparedMessage::text(&news.repeat(20)).with_deflate(6);
    let mut server = sender(&options(|options| options.max_window_bits = 8));
    assert_eq!(server.send_prepared(&long).unwrap(), *long.bytes());
    assert_eq!(
        sender(&alone()).send_prepared(&long).unwrap(),
        *long.compressed_bytes().unwrap()
    );
}

#[test]
fn short_messages_are_sent_as_they_are() {
    let mut server = sender(&options(|options| options.min_size = 6));
    let mut out = BytesMut::new();
    server.send_text("Hello", &mut out).unwrap();
    server.send_text_fragment("Hello", false, &mut out).unwrap();
    server
        .send_text_fragment("Hello Hello Hello", true, &mut out)
        .unwrap();
    assert_eq!(
        out[..],
        *b"\x81\x05Hello\x01\x05Hello\x80\x11Hello Hello Hello"
    );
}

#[test]
fn headers_of_fragments_are_not_mixed_with_compressed_ones() {
    use holdline_websocket::{MessageKind, SendError};
    let mut server = sender(&DeflateOptions::default());
    let mut out = BytesMut::new();
    server.send_text_fragment("a", false, &mut out).unwrap();
    let before = out.clone();
    let mixed = server.send_fragment_header(MessageKind::Text, 1, true, &mut out);
    assert_eq!((mixed, &out), (Err(SendError::MessageUnfinished), &before));
    server.send_text_fragment("b", true, &mut out).unwrap();
    // One that was begun without compression goes on without.
    out.clear();
    server
        .send_fragment_header(MessageKind::Text, 0, false, &mut out)
        .unwrap();
    server.send_text_fragment("b", true, &mut out).unwrap();
    assert_eq!(out[..], *b"\x01\x00\x80\x01b");
}

/// RFC 7692 §6.1: neither on later fragments nor on control frames.
#[test]
fn a_compressed_message_has_rsv1_on_its_first_frame_only() {
    let mut server = sender(&DeflateOptions::default());
    let mut out = BytesMut::new();
    let part = "Hello Hello Hello Hello Hello";
    let mut first_bytes = Vec::new();
    let mut sent = |out: &mut BytesMut| first_bytes.push(out.split()[0]);
    server.send_text_fragment(part, false, &mut out).unwrap();
    sent(&mut out);
    server.send_ping(b"", &mut out).unwrap();
    sent(&mut out);
    server.send_text_fragment(part, false, &mut out).unwrap();
    sent(&mut out);
    server.send_pong(b"", &mut out).unwrap();
    sent(&mut out);
    server.send_text_fragment(part, true, &mut out).unwrap();
    sent(&mut out);
    server.send_binary(&[b'a'; 100], &mut out).unwrap();
    sent(&mut out);
    server.send_close(1000.into(), "", &mut out).unwrap();
    sent(&mut out);
    assert_eq!(first_bytes, [0x41, 0x89, 0x00, 0x8a, 0x80, 0xc2, 0x88]);
}

#[test]
fn what_is_shorter_than_the_least_is_sent_as_it_is() {
    let mut server = sender(&options(|options| options.min_size = 50));
    let mut out = BytesMut::new();
    let first_byte_of = |length: usize, server: &mut Connection, out: &mut BytesMut| {
        server.send_binary(&vec![b'a'; length], out).unwrap();
        out.split()[0]
    };
    for (length, first_byte) in [(0, 0x82), (10, 0x82), (49, 0x82), (50, 0xc2), (51, 0xc2)] {
        assert_eq!(
            first_byte_of(length, &mut server, &mut out),
            first_byte,
            "{length}"
        );
    }
}

#[test]
fn without_takeover_what_stays_as_long_is_sent_as_it_is() {
    let mut seen = 0;
    for noise in 32..80u32 {
        for again in 0..32 {
            let mut message: Vec<u8> = (0..noise)
                .map(|i| (i.wrapping_mul(0x9e37_79b9) >> 25) as u8)
                .collect();
            message.extend_from_within(..again);
            // The first of its connection is compressed alike, and always.
            let mut compressed = BytesMut::new();
            sender(&DeflateOptions::default())
                .send_binary(&message, &mut compressed)
                .unwrap();
            assert_eq!(compressed[0], 0xc2);
            if compressed.len() == 2 + message.len() {
                let mut out = BytesMut::new();
                sender(&alone()).send_binary(&message, &mut out).unwrap();
                assert_eq!(out[0], 0x82);
                seen += 1;
            }
        }
    }
    assert!(seen > 0);
}
