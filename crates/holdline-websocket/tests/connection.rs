//! Replies, sending, keepalive and size.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use bytes::BytesMut;
use holdline_websocket::{
    Buffer, Config, Connection, Event, Keepalive, MaskKeys, MessageKind, PreparedMessage, Role,
    SendError, Timeout, Transport, Unmasked,
};
use support::{Got, KEY, masked};

fn server() -> Connection {
    Connection::server(Config::default())
}

fn feed<K: MaskKeys>(connection: &mut Connection<K>, bytes: &[u8]) -> Vec<Got> {
    let (mut block, mut buffer) = (bytes.to_vec(), Buffer::new());
    let (mut input, mut items) = (&mut block[..], Vec::new());
    while let Some(event) = connection.receive(&mut input, &mut buffer).unwrap() {
        items.push(support::got(event));
    }
    items
}

fn transmit<K: MaskKeys>(connection: &mut Connection<K>) -> Vec<u8> {
    let mut out = BytesMut::new();
    connection.poll_transmit(&mut out);
    out.to_vec()
}

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
fn ping_flood_is_bounded_and_the_newest_is_answered() {
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
fn pong_is_sent_between_the_fragments_of_our_message() {
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
fn each_frame_of_a_client_takes_a_key() {
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

const SECOND: Duration = Duration::from_secs(1);

fn with_keepalive() -> Connection {
    let mut config = Config::default();
    config.keepalive = Some(Keepalive {
        interval: 20 * SECOND,
        timeout: 10 * SECOND,
    });
    Connection::server(config)
}

#[test]
fn keepalive_is_off_by_default() {
    let mut connection = server();
    connection.handle_timeout(1000 * SECOND);
    assert_eq!(
        (connection.poll_timeout(), transmit(&mut connection)),
        (None, vec![])
    );
    assert_eq!(connection.latency(), None);
}

#[test]
fn keepalive_pings_and_measures_the_latency() {
    let mut connection = with_keepalive();
    assert!(
        connection.poll_timeout().is_some_and(|at| at < SECOND),
        "asks for the time"
    );
    connection.handle_timeout(100 * SECOND);
    assert_eq!(connection.poll_timeout(), Some(120 * SECOND));
    connection.handle_timeout(119 * SECOND);
    assert_eq!(transmit(&mut connection), b"");
    connection.handle_timeout(120 * SECOND);
    assert_eq!(transmit(&mut connection), b"\x89\x04\0\0\0\x01");
    assert_eq!(connection.poll_timeout(), Some(130 * SECOND));

    // Another pong is no answer; the right one is, and the time is asked for at once.
    feed(&mut connection, &masked(&[(b"\x8a\x01", b"x")]));
    assert_eq!(connection.poll_timeout(), Some(130 * SECOND));
    feed(&mut connection, &masked(&[(b"\x8a\x04", b"\0\0\0\x01")]));
    assert_eq!(connection.poll_timeout(), Some(120 * SECOND));
    connection.handle_timeout(120 * SECOND + SECOND / 4);
    assert_eq!(connection.latency(), Some(SECOND / 4));
    assert_eq!(connection.poll_timeout(), Some(140 * SECOND + SECOND / 4));
    connection.handle_timeout(141 * SECOND);
    assert_eq!(transmit(&mut connection), b"\x89\x04\0\0\0\x02");
}

#[test]
fn keepalive_gives_up_a_silent_peer() {
    let mut connection = with_keepalive();
    connection.handle_timeout(SECOND);
    connection.handle_timeout(21 * SECOND);
    transmit(&mut connection);
    connection.handle_timeout(30 * SECOND);
    assert!(connection.is_open());
    connection.handle_timeout(31 * SECOND);
    assert!(connection.is_open());
    assert_eq!(
        connection.poll_timeout(),
        Some(31 * SECOND),
        "at once again"
    );
    connection.handle_timeout(31 * SECOND);
    assert_eq!(connection.timed_out(), Some(Timeout::Keepalive));
    let mut out = BytesMut::new();
    assert_eq!(connection.send_text("x", &mut out), Err(SendError::Closed));
    // It is told why.
    assert_eq!(connection.transport(), Transport::Keep);
    let close = transmit(&mut connection);
    assert_eq!(close, *b"\x88\x21\x03\xf3a ping was not answered in time");
    assert_eq!(
        (connection.transport(), connection.poll_timeout()),
        (Transport::Drop, None)
    );
    assert_eq!(transmit(&mut connection), b"");
    assert!(
        matches!(connection.receive_eof(), Ok(Some(Event::Closed(r))) if r.code.as_u16() == 1006)
    );
}

#[test]
fn keepalive_waits_while_a_long_frame_arrives() {
    let mut connection = with_keepalive();
    connection.handle_timeout(SECOND);
    connection.handle_timeout(21 * SECOND);
    transmit(&mut connection);
    let mut buffer = Buffer::new();
    let mut long = masked(&[(b"\x82\x7e\x01\x00", &[7; 256])]);
    let (one, two) = long.split_at_mut(100);
    assert_eq!(connection.receive(&mut &mut one[..], &mut buffer), Ok(None));
    connection.handle_timeout(31 * SECOND);
    assert!(connection.is_open());
    assert_eq!(connection.poll_timeout(), Some(41 * SECOND));
    let two = &mut &mut two[..];
    assert!(matches!(
        connection.receive(two, &mut buffer),
        Ok(Some(Event::Binary(_)))
    ));
    connection.handle_timeout(41 * SECOND);
    assert!(connection.is_open());
    connection.handle_timeout(51 * SECOND);
    connection.handle_timeout(51 * SECOND);
    transmit(&mut connection);
    assert_eq!(connection.transport(), Transport::Drop);
}

/// The application was busy for a while, and looks at the clock before it looks at the socket.
#[test]
fn a_pong_and_a_text_that_lay_in_the_socket_at_the_deadline_are_received() {
    let mut connection = with_keepalive();
    connection.handle_timeout(SECOND);
    connection.handle_timeout(21 * SECOND);
    transmit(&mut connection);
    connection.handle_timeout(90 * SECOND);
    let waiting = masked(&[(b"\x8a\x04", b"\0\0\0\x01"), (b"\x81\x02", b"hi")]);
    let pong = Got::Pong(b"\0\0\0\x01".to_vec());
    assert_eq!(
        feed(&mut connection, &waiting),
        [pong, Got::Text("hi".into())]
    );
    connection.handle_timeout(90 * SECOND);
    assert!(connection.is_open());
    assert_eq!(connection.latency(), Some(69 * SECOND));
    assert_eq!(connection.poll_timeout(), Some(110 * SECOND));
}

#[test]
fn one_byte_that_lay_in_the_socket_at_the_deadline_prolongs_the_keepalive() {
    let mut connection = with_keepalive();
    connection.handle_timeout(SECOND);
    connection.handle_timeout(21 * SECOND);
    transmit(&mut connection);
    connection.handle_timeout(31 * SECOND);
    feed(&mut connection, b"\x82");
    connection.handle_timeout(32 * SECOND);
    assert_eq!(connection.poll_timeout(), Some(42 * SECOND));
    connection.handle_timeout(42 * SECOND);
    assert!(connection.is_open());
    connection.handle_timeout(42 * SECOND);
    assert_eq!(connection.timed_out(), Some(Timeout::Keepalive));
    // A Close that nobody takes has a deadline as well.
    assert_eq!(connection.poll_timeout(), Some(42 * SECOND));
    connection.handle_timeout(42 * SECOND);
    assert_eq!(connection.poll_timeout(), Some(52 * SECOND));
    connection.handle_timeout(52 * SECOND);
    connection.handle_timeout(52 * SECOND);
    assert_eq!(connection.transport(), Transport::Drop);
    assert_eq!(connection.timed_out(), Some(Timeout::Keepalive));
}

#[test]
fn a_client_also_says_that_its_ping_was_not_answered() {
    let mut config = Config::default();
    config.keepalive = Some(Keepalive {
        interval: SECOND,
        timeout: SECOND,
    });
    let mut client = Connection::client(config, || [0; 4]);
    for second in [1, 2, 3, 3u32] {
        client.handle_timeout(second * SECOND);
    }
    let close = transmit(&mut client);
    assert_eq!(close[..8], *b"\x88\xa1\0\0\0\0\x03\xf3");
    // The ping that was due and never taken does not go before it.
    assert_eq!(client.transport(), Transport::Drop);
}

#[test]
fn keepalive_ends_when_closing_begins() {
    let mut connection = with_keepalive();
    connection.handle_timeout(SECOND);
    connection.handle_timeout(21 * SECOND);
    let mut out = BytesMut::new();
    connection.send_close(1000.into(), "", &mut out).unwrap();
    assert_eq!(
        transmit(&mut connection),
        b"",
        "the ping that was due is not sent any more"
    );
    connection.handle_timeout(22 * SECOND);
    assert_eq!(connection.poll_timeout(), Some(32 * SECOND));
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
