//! Time: the keepalive, and how long closing may take. What arrived before a deadline counts.

use std::time::Duration;

use crate::support::{Got, client, feed, masked, server, transmit};
use bytes::BytesMut;
use holdline_websocket::{
    Buffer, CloseCode, Config, Connection, Event, Keepalive, SendError, Timeout, Transport,
};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_close_deadline_starts_when_the_time_is_told() {
    let (mut connection, mut out) = (client(), BytesMut::new());
    assert_eq!(connection.poll_timeout(), None);
    connection.handle_timeout(SECOND);
    assert_eq!(connection.poll_timeout(), None);
    connection
        .send_close(CloseCode::NORMAL, "", &mut out)
        .unwrap();
    // At once: the machine asks for the time.
    assert_eq!(connection.poll_timeout(), Some(SECOND));
    connection.handle_timeout(5 * SECOND);
    assert_eq!(connection.poll_timeout(), Some(15 * SECOND));
    connection.handle_timeout(14 * SECOND);
    assert_eq!(connection.transport(), Transport::Keep);
    connection.handle_timeout(15 * SECOND);
    assert_eq!(connection.transport(), Transport::Keep);
    assert_eq!(
        connection.poll_timeout(),
        Some(15 * SECOND),
        "at once again"
    );
    connection.handle_timeout(15 * SECOND);
    assert_eq!(connection.transport(), Transport::Drop);
    assert_eq!(connection.timed_out(), Some(Timeout::Close));
    assert_eq!(connection.poll_timeout(), None);
    // Given up: nothing is delivered any more, and the end is still told.
    assert_eq!(feed(&mut connection, b"\x81\x01a"), []);
    assert!(matches!(connection.receive_eof(), Ok(Some(Event::Closed(r))) if !r.is_clean()));
}

#[test]
fn a_close_that_lay_in_the_socket_at_the_deadline_is_clean() {
    let (mut connection, mut out) = (client(), BytesMut::new());
    connection
        .send_close(CloseCode::NORMAL, "", &mut out)
        .unwrap();
    connection.handle_timeout(SECOND);
    connection.handle_timeout(60 * SECOND);
    let got = feed(&mut connection, b"\x81\x04last\x88\x02\x03\xe8");
    assert_eq!(
        got,
        [Got::Text("last".into()), Got::Closed(1000, String::new())]
    );
    assert!(connection.is_clean());
    assert_eq!(connection.timed_out(), None);
}

#[test]
fn a_peer_that_goes_on_sending_cannot_keep_a_connection_that_is_closing() {
    let (mut connection, mut out) = (client(), BytesMut::new());
    connection
        .send_close(CloseCode::NORMAL, "", &mut out)
        .unwrap();
    connection.handle_timeout(SECOND);
    for second in 2..21 {
        connection.handle_timeout(second * SECOND);
        assert_eq!(feed(&mut connection, b"\x81\x01a").len(), 1, "{second}");
    }
    connection.handle_timeout(21 * SECOND);
    assert_eq!(connection.timed_out(), Some(Timeout::Close));
}

#[test]
fn half_a_frame_does_not_prolong_closing() {
    let (mut connection, mut out) = (client(), BytesMut::new());
    connection
        .send_close(CloseCode::NORMAL, "", &mut out)
        .unwrap();
    connection.handle_timeout(SECOND);
    connection.handle_timeout(11 * SECOND);
    assert_eq!(feed(&mut connection, b"\x81\x05a"), []);
    connection.handle_timeout(12 * SECOND);
    assert_eq!(connection.timed_out(), Some(Timeout::Close));
}

#[test]
fn the_same_deadline_holds_until_the_stream_ends() {
    let mut connection = server();
    feed(&mut connection, &masked(&[(b"\x88\x00", b"")]));
    connection.handle_timeout(SECOND);
    transmit(&mut connection);
    assert_eq!(connection.transport(), Transport::ShutdownWrite);
    assert_eq!(connection.poll_timeout(), Some(11 * SECOND));
    connection.handle_timeout(11 * SECOND);
    assert_eq!(connection.transport(), Transport::ShutdownWrite);
    connection.handle_timeout(11 * SECOND);
    assert_eq!(connection.transport(), Transport::Drop);
    // Both Close frames were exchanged, so it is still a clean close (§7.1.4).
    assert!(connection.is_clean());
    assert_eq!(
        (connection.timed_out(), connection.poll_timeout()),
        (None, None)
    );
    assert_eq!(connection.receive_eof(), Ok(None));
}

#[test]
fn no_close_deadline_when_it_is_forever() {
    let mut config = Config::default();
    config.close_timeout = Duration::MAX;
    let (mut connection, mut out) = (Connection::server(config), BytesMut::new());
    connection
        .send_close(CloseCode::NORMAL, "", &mut out)
        .unwrap();
    connection.handle_timeout(SECOND);
    assert_eq!(connection.poll_timeout(), None);
}

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
fn keepalive_hears_what_is_read_straight_into_a_message() {
    for (filled, goes_on) in [(1, true), (0, false)] {
        let (mut connection, mut buffer) = (with_keepalive(), Buffer::new());
        let head = b"\x82\xff\0\0\0\0\0\x01\0\0\0\0\0\0";
        let mut frame = [&head[..], &[7; 1 << 15]].concat();
        let mut input = &mut frame[..];
        assert_eq!(connection.receive(&mut input, &mut buffer), Ok(None));
        connection.handle_timeout(SECOND);
        connection.handle_timeout(21 * SECOND);
        transmit(&mut connection);
        connection.handle_timeout(31 * SECOND);
        assert!(!connection.receive_room(&mut buffer).is_empty());
        let received = connection.receive_filled(filled, &mut buffer);
        assert_eq!(received, Ok(None));
        connection.handle_timeout(31 * SECOND);
        assert_eq!(connection.is_open(), goes_on);
    }
}

/// What is read in pieces between the two calls counts, and a read that gives nothing does not.
#[test]
fn keepalive_hears_what_is_received_in_pieces() {
    for (came, goes_on) in [(&mut [0x82][..], true), (&mut [], false)] {
        let mut connection = with_keepalive();
        connection.handle_timeout(SECOND);
        connection.handle_timeout(21 * SECOND);
        transmit(&mut connection);
        connection.handle_timeout(31 * SECOND);
        let (mut input, mut buffer) = (came, Buffer::new());
        assert_eq!(connection.receive_piece(&mut input, &mut buffer), Ok(None));
        connection.handle_timeout(31 * SECOND);
        assert_eq!(connection.is_open(), goes_on);
    }
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
