//! Replies, sending, keepalive and size.

use crate::support::{KEY, feed, masked, server, transmit};
use bytes::{Bytes, BytesMut};
use holdline_websocket::{
    Buffer, Config, Connection, MessageKind, PreparedMessage, Role, SendError, Unmasked,
};

#[test]
fn an_idle_connection_is_small() {
    assert!(
        size_of::<Connection<Unmasked>>() <= 200,
        "{}",
        size_of::<Connection<Unmasked>>()
    );
    assert!(size_of::<Buffer>() <= 80, "{}", size_of::<Buffer>());
}

#[test]
pub(crate) fn ping_flood_is_bounded_and_the_newest_is_answered() {
    let mut flood = Vec::new();
    for n in 0..10_000u32 {
        flood.extend(masked(&[(b"\x89\x04", &n.to_be_bytes())]));
    }
    let mut connection = server();
    assert_eq!(feed(&mut connection, &flood).len(), 10_000);
    assert_eq!(
        transmit(&mut connection),
        [b"\x8a\x04", &9999u32.to_be_bytes()[..]].concat()
    );
    assert_eq!(transmit(&mut connection), b"");
}

#[test]
fn every_ping_is_answered_when_transmitting_after_each_event() {
    let mut block = masked(&[(b"\x89\x01", b"1"), (b"\x89\x01", b"2"), (b"\x89\x00", b"")]);
    let (mut connection, mut buffer, mut out) = (server(), Buffer::new(), BytesMut::new());
    let mut input = &mut block[..];
    while connection
        .receive(&mut input, &mut buffer)
        .unwrap()
        .is_some()
    {
        connection.poll_transmit(&mut out);
    }
    assert_eq!(out[..], b"\x8a\x011\x8a\x012\x8a\x00"[..]);
}

#[test]
pub(crate) fn pong_is_sent_between_the_fragments_of_our_message() {
    let (mut connection, mut out) = (server(), BytesMut::new());
    connection.send_text_fragment("a", false, &mut out).unwrap();
    feed(&mut connection, &masked(&[(b"\x89\x00", b"")]));
    connection.poll_transmit(&mut out);
    connection.send_text_fragment("", false, &mut out).unwrap();
    connection.send_ping(b"p", &mut out).unwrap();
    connection.send_text_fragment("b", true, &mut out).unwrap();
    connection.send_text("c", &mut out).unwrap();
    assert_eq!(
        out[..],
        b"\x01\x01a\x8a\0\0\0\x89\x01p\x80\x01b\x81\x01c"[..]
    );
}

#[test]
fn no_other_message_within_a_fragmented_one() {
    let (mut connection, mut out) = (server(), BytesMut::new());
    connection
        .send_binary_fragment(b"a", false, &mut out)
        .unwrap();
    let sent = out.len();
    let refused = Err(SendError::MessageUnfinished);
    assert_eq!(connection.send_text("x", &mut out), refused);
    assert_eq!(connection.send_binary(b"x", &mut out), refused);
    assert_eq!(connection.send_text_fragment("x", true, &mut out), refused);
    assert_eq!(
        connection
            .send_header(MessageKind::Text, 1, &mut out)
            .unwrap_err(),
        SendError::MessageUnfinished
    );
    assert_eq!(
        connection
            .send_prepared(&PreparedMessage::text("x"))
            .unwrap_err(),
        SendError::MessageUnfinished
    );
    assert_eq!(out.len(), sent);
    // A Close may interrupt it.
    connection.send_close(1000.into(), "", &mut out).unwrap();
    assert_eq!(
        connection.send_binary_fragment(b"x", true, &mut out),
        Err(SendError::Closed)
    );
}

#[test]
fn control_payloads_are_at_most_125_bytes() {
    let (mut connection, mut out) = (server(), BytesMut::new());
    assert_eq!(
        connection.send_ping(&[0; 126], &mut out),
        Err(SendError::ControlTooLong(126))
    );
    assert_eq!(
        connection.send_pong(&[0; 126], &mut out),
        Err(SendError::ControlTooLong(126))
    );
    assert!(out.is_empty());
    connection.send_pong(&[0; 125], &mut out).unwrap();
    assert_eq!(out.len(), 127);
}

#[test]
fn header_for_a_payload_of_the_callers_own() {
    let mut out = BytesMut::new();
    let mut payload = *b"Hello";
    let mut mask = server()
        .send_header(MessageKind::Text, 5, &mut out)
        .unwrap();
    mask.apply(&mut payload);
    assert_eq!((&out[..], &payload), (&b"\x81\x05"[..], b"Hello"));

    let mut out = BytesMut::new();
    let mut client = Connection::client(Config::default(), || KEY);
    let mut mask = client.send_header(MessageKind::Text, 5, &mut out).unwrap();
    mask.apply(&mut payload);
    out.extend_from_slice(&payload);
    assert_eq!(out[..], b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"[..]);

    let mut out = BytesMut::new();
    let long = client.send_header(MessageKind::Binary, 1 << 63, &mut out);
    assert_eq!(long.unwrap_err(), SendError::TooLong(1 << 63));
    assert!(out.is_empty());
}

#[test]
pub(crate) fn each_frame_of_a_client_takes_a_key() {
    let mut number = 0u32;
    let mut client = Connection::client(Config::default(), || {
        number += 1;
        number.to_be_bytes()
    });
    let mut out = BytesMut::new();
    client.send_text("", &mut out).unwrap();
    client.send_ping(b"", &mut out).unwrap();
    feed(&mut client, b"\x89\x00\x88\x00");
    client.poll_transmit(&mut out);
    assert_eq!(
        out[..],
        b"\x81\x80\0\0\0\x01\x89\x80\0\0\0\x02\x8a\x80\0\0\0\x03\x88\x80\0\0\0\x04"[..]
    );
    assert_eq!(client.role(), Role::Client);
}

#[test]
fn prepared_messages_share_their_bytes() {
    let prepared = PreparedMessage::text("Hello");
    let one = server().send_prepared(&prepared).unwrap();
    let two = server().send_prepared(&prepared.clone()).unwrap();
    assert_eq!(one, b"\x81\x05Hello"[..]);
    assert_eq!(one.as_ptr(), two.as_ptr());
}

#[test]
fn shared_payloads_are_sent_as_others_are() {
    for length in [0, 1, 125, 126, 65_535, 65_536, 300_000] {
        let payload: Bytes = (0..length).map(|n| n as u8).collect();
        let (mut copied, mut shared) = (BytesMut::new(), BytesMut::new());
        server().send_binary(&payload, &mut copied).unwrap();
        let rest = server().send_binary_shared(payload.clone(), &mut shared);
        shared.extend_from_slice(&rest.unwrap());
        assert!(copied == shared, "{length} bytes");
    }
    let (mut connection, mut out) = (server(), BytesMut::new());
    connection.send_text_fragment("a", false, &mut out).unwrap();
    let before = out.clone();
    assert_eq!(
        connection.send_binary_shared(Bytes::from_static(b"b"), &mut out),
        Err(SendError::MessageUnfinished)
    );
    assert_eq!(out, before);
}

#[test]
fn debug_output_shows_no_key() {
    let client = Connection::client(Config::default(), || KEY);
    assert!(!format!("{client:?}").contains("250"));
}

#[test]
fn headers_of_fragments_alone() {
    let (mut connection, mut out) = (server(), BytesMut::new());
    let (text, binary) = (MessageKind::Text, MessageKind::Binary);
    connection
        .send_fragment_header(text, 126, false, &mut out)
        .unwrap();
    let between = connection.send_fragment_header(binary, 1, true, &mut out);
    assert_eq!(between, Err(SendError::MessageUnfinished));
    let too_long = connection.send_fragment_header(text, 1 << 63, true, &mut out);
    assert_eq!(too_long, Err(SendError::TooLong(1 << 63)));
    connection.send_ping(b"", &mut out).unwrap();
    // A message may be begun so and ended with a fragment of text, and the other way round.
    connection.send_text_fragment("a", true, &mut out).unwrap();
    connection.send_text_fragment("b", false, &mut out).unwrap();
    connection
        .send_fragment_header(text, 0, true, &mut out)
        .unwrap();
    assert_eq!(
        out[..],
        *b"\x01\x7e\x00\x7e\x89\x00\x80\x01a\x01\x01b\x80\x00"
    );
    connection.send_close(1000.into(), "", &mut out).unwrap();
    let late = connection.send_fragment_header(text, 0, true, &mut out);
    assert_eq!(late, Err(SendError::Closed));

    let mut client = Connection::client(Config::default(), || KEY);
    out.clear();
    let mut mask = client
        .send_fragment_header(binary, 5, true, &mut out)
        .unwrap();
    let mut payload = *b"Hello";
    mask.apply(&mut payload);
    assert_eq!(out[..], *b"\x82\x85\x37\xfa\x21\x3d");
    assert_eq!(payload, *b"\x7f\x9f\x4d\x51\x58");
}
