//! The closing handshake: codes, reasons, who was first, what becomes of the transport, deadlines.

use crate::support::{Got, client, every_way, feed, masked, refused, run, server, transmit};
use bytes::BytesMut;
use holdline_websocket::{
    Buffer, CloseCode, ClosedBy, Event, Limits, ReceiveErrorKind as Kind, Role, SendError,
    Transport,
};

fn closed(code: u16, reason: &str) -> Got {
    Got::Closed(code, reason.into())
}

#[test]
pub(crate) fn one_byte_close_payload_is_1002() {
    refused(&[(b"\x88\x01", b"\x03")], Kind::ClosePayload, 1, 1002);
    // At the header: the byte need not come.
    refused(&[(b"\x88\x01", b"")], Kind::ClosePayload, 1, 1002);
}

#[test]
pub(crate) fn empty_close_is_answered_empty() {
    let outcome = run(&[(b"\x88\x00", b"")]);
    assert_eq!(outcome.items, [closed(1005, "")]);
    assert_eq!(outcome.reply, b"\x88\x80\x37\xfa\x21\x3d");
    let outcome = every_way(
        Role::Server,
        Limits::default(),
        &masked(&[(b"\x88\x00", b"")]),
    );
    assert_eq!(outcome.reply, b"\x88\x00");
}

#[test]
pub(crate) fn code_is_echoed_without_the_reason() {
    let frames = masked(&[(b"\x88\x05", b"\x03\xe8bye")]);
    let outcome = every_way(Role::Server, Limits::default(), &frames);
    assert_eq!(outcome.items, [closed(1000, "bye")]);
    assert_eq!(outcome.reply, b"\x88\x02\x03\xe8");
}

#[test]
pub(crate) fn every_close_code_from_0_to_5000_is_judged() {
    for code in (0..=5000).chain([5001, 0x7fff, 0x8000, u16::MAX]) {
        let legal = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        let mut connection = server();
        let mut buffer = Buffer::new();
        let mut block = masked(&[(b"\x88\x02", &code.to_be_bytes())]);
        let received = connection.receive(&mut &mut block[..], &mut buffer);
        let reply = transmit(&mut connection);
        if legal {
            assert!(matches!(received, Ok(Some(Event::Closed(r))) if r.code.as_u16() == code));
            assert_eq!(reply, [0x88, 2, (code >> 8) as u8, code as u8]);
        } else {
            let error = received.unwrap_err();
            assert_eq!((error.kind(), error.at()), (Kind::CloseCode, 6), "{code}");
            assert_eq!(reply[2..4], 1002u16.to_be_bytes(), "{code}");
        }

        // And what may be received may be sent.
        let mut out = BytesMut::from("before");
        let sent = server().send_close(code.into(), "", &mut out);
        if legal {
            assert_eq!((sent, &out[6..]), (Ok(()), &reply[..]));
        } else if code != 1005 {
            assert_eq!(sent, Err(SendError::CloseCode(code.into())), "{code}");
            assert_eq!(out, b"before"[..]);
        }
    }
}

#[test]
fn bad_code_is_refused_in_every_split() {
    for code in [0u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
        refused(
            &[(b"\x88\x02", &code.to_be_bytes())],
            Kind::CloseCode,
            2,
            1002,
        );
        refused(
            &[(b"\x81\x01", b"a"), (b"\x88\x02", &code.to_be_bytes())],
            Kind::CloseCode,
            5,
            1002,
        );
    }
}

#[test]
pub(crate) fn reason_that_is_not_utf8_is_1007() {
    refused(
        &[(b"\x88\x05", b"\x03\xe8a\xff\x80")],
        Kind::CloseReason,
        5,
        1007,
    );
    refused(
        &[(b"\x88\x04", b"\x03\xe8\xe2\x82")],
        Kind::CloseReason,
        6,
        1007,
    );
    // The code is judged first.
    refused(&[(b"\x88\x03", b"\x03\xed\xff")], Kind::CloseCode, 2, 1002);
}

#[test]
fn longest_reason() {
    let mut payload = b"\x03\xe8".to_vec();
    payload.resize(125, b'r');
    let outcome = run(&[(b"\x88\x7d", &payload)]);
    assert_eq!(outcome.items, [closed(1000, &"r".repeat(123))]);
}

#[test]
pub(crate) fn what_follows_a_close_is_discarded() {
    let outcome = run(&[
        (b"\x88\x02", b"\x03\xe8"),
        (b"\x81\x01", b"a"),
        (b"\xff\xff", b"no frame at all"),
        (b"\x88\x00", b""),
    ]);
    assert_eq!(outcome.items, [closed(1000, "")]);
    assert_eq!(outcome.error, None);
}

#[test]
fn the_boundary_law_holds_at_a_close() {
    let (mut block, mut buffer) = (*b"\x88\x00rest", Buffer::new());
    let mut input = &mut block[..];
    let mut connection = client();
    assert!(matches!(
        connection.receive(&mut input, &mut buffer),
        Ok(Some(Event::Closed(_)))
    ));
    assert_eq!(input, b"rest");
    assert_eq!(connection.receive(&mut input, &mut buffer), Ok(None));
    assert_eq!(input, b"");
}

#[test]
fn we_close_first_as_server() {
    let (mut connection, mut out) = (server(), BytesMut::new());
    connection
        .send_close(CloseCode::GOING_AWAY, "restart", &mut out)
        .unwrap();
    assert_eq!(out[..], b"\x88\x09\x03\xe9restart"[..]);
    assert_eq!(connection.closed_by(), Some(ClosedBy::Us));
    assert_eq!(connection.transport(), Transport::Keep);
    assert!(connection.is_closing() && !connection.should_close());

    // What was under way still arrives; pings are not answered any more.
    let frames = masked(&[
        (b"\x81\x01", b"a"),
        (b"\x89\x01", b"p"),
        (b"\x88\x02", b"\x03\xe9"),
    ]);
    let items = feed(&mut connection, &frames);
    assert_eq!(
        items,
        [
            Got::Text("a".into()),
            Got::Ping(b"p".into()),
            closed(1001, "")
        ]
    );
    assert_eq!(transmit(&mut connection), b"");
    assert!(connection.is_clean() && connection.should_close());
    assert_eq!(connection.closed_by(), Some(ClosedBy::Us));
    assert_eq!(connection.transport(), Transport::ShutdownWrite);
    assert_eq!(connection.receive_eof(), Ok(None));
    assert_eq!(connection.transport(), Transport::Drop);
    assert!(connection.is_clean());
}

#[test]
pub(crate) fn peer_closes_first_and_the_client_awaits_the_end_of_the_stream() {
    let mut connection = client();
    assert_eq!(
        feed(&mut connection, b"\x88\x02\x0f\xa0"),
        [closed(4000, "")]
    );
    assert_eq!(connection.closed_by(), Some(ClosedBy::Peer));
    // The reply is not out yet.
    assert!(!connection.should_close() && !connection.is_clean());
    assert_eq!(connection.transport(), Transport::Keep);
    assert_eq!(
        transmit(&mut connection),
        [0x88, 0x82, 0x37, 0xfa, 0x21, 0x3d, 0x38, 0x5a]
    );
    assert_eq!(transmit(&mut connection), b"", "only once");
    assert_eq!(connection.transport(), Transport::AwaitPeerClose);
    assert!(connection.should_close() && connection.is_clean());
    assert_eq!(connection.receive_eof(), Ok(None));
    assert_eq!(connection.transport(), Transport::Drop);
}

#[test]
fn both_close_at_the_same_time() {
    let (mut one, mut two) = (client(), server());
    let (mut from_one, mut from_two) = (BytesMut::new(), BytesMut::new());
    one.send_close(CloseCode::NORMAL, "", &mut from_one)
        .unwrap();
    two.send_close(CloseCode::GOING_AWAY, "", &mut from_two)
        .unwrap();
    assert_eq!(feed(&mut one, &from_two), [closed(1001, "")]);
    assert_eq!(feed(&mut two, &from_one), [closed(1000, "")]);
    assert_eq!((transmit(&mut one), transmit(&mut two)), (vec![], vec![]));
    assert!(one.is_clean() && two.is_clean());
    assert_eq!(one.transport(), Transport::AwaitPeerClose);
    assert_eq!(two.transport(), Transport::ShutdownWrite);
}

#[test]
fn own_close_in_place_of_the_automatic_reply() {
    let (mut connection, mut out) = (server(), BytesMut::new());
    feed(&mut connection, &masked(&[(b"\x88\x00", b"")]));
    // A message that was under way may be finished first (§5.5.1).
    connection.send_text("last", &mut out).unwrap();
    connection
        .send_close(CloseCode::NORMAL, "", &mut out)
        .unwrap();
    assert_eq!(out[..], b"\x81\x04last\x88\x02\x03\xe8"[..]);
    assert_eq!(transmit(&mut connection), b"");
    assert!(connection.is_clean());
    assert_eq!(connection.closed_by(), Some(ClosedBy::Peer));
}

#[test]
pub(crate) fn nothing_is_sent_after_a_close() {
    let (mut connection, mut out) = (server(), BytesMut::new());
    connection
        .send_close(CloseCode::NO_STATUS, "", &mut out)
        .unwrap();
    assert_eq!(out.split()[..], b"\x88\x00"[..]);
    let prepared = holdline_websocket::PreparedMessage::text("x");
    assert_eq!(connection.send_text("x", &mut out), Err(SendError::Closed));
    assert_eq!(
        connection.send_binary(b"x", &mut out),
        Err(SendError::Closed)
    );
    assert_eq!(
        connection.send_text_fragment("x", false, &mut out),
        Err(SendError::Closed)
    );
    assert_eq!(connection.send_ping(b"x", &mut out), Err(SendError::Closed));
    assert_eq!(connection.send_pong(b"x", &mut out), Err(SendError::Closed));
    assert_eq!(connection.send_prepared(&prepared), Err(SendError::Closed));
    assert_eq!(
        connection.send_close(CloseCode::NORMAL, "", &mut out),
        Err(SendError::Closed)
    );
    assert!(out.is_empty());
}

#[test]
pub(crate) fn own_reasons_are_cut_to_123_bytes_at_a_character() {
    let (mut connection, mut out) = (server(), BytesMut::new());
    let reason = format!("{}\u{20ac}", "r".repeat(122));
    connection
        .send_close(CloseCode::NORMAL, &reason, &mut out)
        .unwrap();
    assert_eq!((out[1], out.len()), (124, 2 + 124));
    let mut peer = client();
    assert_eq!(feed(&mut peer, &out), [closed(1000, &"r".repeat(122))]);
    // A reason needs a code.
    let refused = server().send_close(CloseCode::NO_STATUS, "why", &mut out);
    assert_eq!(refused, Err(SendError::CloseCode(CloseCode::NO_STATUS)));
}

#[test]
pub(crate) fn end_of_stream_without_close_is_1006_once() {
    for bytes in [
        &b""[..],
        b"\x81\x01a",
        b"\x81",
        b"\x81\x05Hel",
        b"\x01\x01a",
    ] {
        let mut connection = client();
        feed(&mut connection, bytes);
        let Ok(Some(Event::Closed(reason))) = connection.receive_eof() else {
            panic!()
        };
        assert_eq!(
            (reason.code, reason.is_clean()),
            (CloseCode::ABNORMAL, false)
        );
        assert_eq!(connection.receive_eof(), Ok(None));
        assert_eq!(transmit(&mut connection), b"");
        assert_eq!(connection.transport(), Transport::Drop);
        assert_eq!(connection.closed_by(), Some(ClosedBy::Nobody));
        assert!(!connection.is_clean());
        assert_eq!(connection.poll_timeout(), None);
    }
}

#[test]
fn end_of_stream_before_the_answer_to_our_close_is_1006() {
    let (mut connection, mut out) = (client(), BytesMut::new());
    connection
        .send_close(CloseCode::NORMAL, "", &mut out)
        .unwrap();
    assert!(matches!(connection.receive_eof(), Ok(Some(Event::Closed(r))) if !r.is_clean()));
    assert_eq!(connection.closed_by(), Some(ClosedBy::Us));
    assert_eq!(connection.transport(), Transport::Drop);
}

#[test]
fn a_close_is_answered_even_when_the_peer_shut_down_after_it() {
    let mut connection = server();
    feed(&mut connection, &masked(&[(b"\x88\x00", b"")]));
    assert_eq!(connection.receive_eof(), Ok(None));
    assert_eq!(connection.transport(), Transport::Keep);
    assert_eq!(transmit(&mut connection), b"\x88\x00");
    assert_eq!(connection.transport(), Transport::Drop);
}

#[test]
fn a_failed_connection_sends_one_close_and_shuts_down() {
    let mut connection = server();
    let mut buffer = Buffer::new();
    let mut block = masked(&[(b"\x89\x01", b"p"), (b"\x83\x00", b"")]);
    let mut input = &mut block[..];
    connection.receive(&mut input, &mut buffer).unwrap();
    let error = connection.receive(&mut input, &mut buffer).unwrap_err();
    assert_eq!(connection.receive(&mut input, &mut buffer), Err(error));
    assert!(!connection.should_close(), "the Close frame is not out");
    let mut out = BytesMut::new();
    assert_eq!(connection.send_text("x", &mut out), Err(SendError::Closed));
    // The ping that came before is answered, then the error.
    assert_eq!(
        transmit(&mut connection),
        b"\x8a\x01p\x88\x18\x03\xeathe opcode is reserved"
    );
    assert_eq!(transmit(&mut connection), b"");
    assert_eq!(connection.transport(), Transport::ShutdownWrite);
    assert_eq!(connection.closed_by(), Some(ClosedBy::Us));
    assert_eq!(connection.receive_eof(), Err(error));
    assert_eq!(connection.transport(), Transport::Drop);
}

#[test]
fn a_rule_broken_after_our_close_sends_nothing_more() {
    let (mut connection, mut out) = (server(), BytesMut::new());
    connection
        .send_close(CloseCode::NORMAL, "", &mut out)
        .unwrap();
    let mut block = masked(&[(b"\x83\x00", b"")]);
    assert!(
        connection
            .receive(&mut &mut block[..], &mut Buffer::new())
            .is_err()
    );
    assert_eq!(transmit(&mut connection), b"");
    assert_eq!(connection.transport(), Transport::ShutdownWrite);
}

#[test]
fn errors_say_what_where_and_what_to_do() {
    let mut block = *b"\x81\x01a\x83";
    let mut input = &mut block[..];
    let (mut connection, mut buffer) = (client(), Buffer::new());
    connection.receive(&mut input, &mut buffer).unwrap();
    let error = connection.receive(&mut input, &mut buffer).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the opcode is reserved at byte 3 (RFC 6455 §5.2); close with 1002 (protocol error)"
    );
    assert_eq!(
        (error.section(), error.close_code()),
        ("RFC 6455 §5.2", CloseCode::PROTOCOL_ERROR)
    );
}
