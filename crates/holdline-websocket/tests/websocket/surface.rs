//! Small things that a caller sees, each of which no other test would miss.

use bytes::{Bytes, BytesMut};
use holdline_websocket::{
    AcceptKey, Buffer, ClientKey, CloseCode, CloseReason, Event, FrameHeader, HeaderError, Limits,
    Mask, MessageDecoder, MessageKind, Opcode, PreparedMessage, ReceiveErrorKind, Role, SendError,
    SharedText, Utf8Validator,
};

use crate::support::{Got, client, feed, limits, run_with, server};

#[test]
fn names_are_shown_in_words() {
    let opcodes = [
        (Opcode::Continuation, "continuation"),
        (Opcode::Text, "text"),
        (Opcode::Binary, "binary"),
        (Opcode::Close, "close"),
        (Opcode::Ping, "ping"),
        (Opcode::Pong, "pong"),
    ];
    for (opcode, name) in opcodes {
        assert_eq!(opcode.to_string(), name);
        assert_eq!(opcode.is_control(), opcode.as_u8() > 7);
    }
    assert_eq!(MessageKind::Text.opcode(), Opcode::Text);
    assert_eq!(MessageKind::Binary.opcode(), Opcode::Binary);
    assert_eq!(CloseCode::GOING_AWAY.to_string(), "1001 (going away)");
    assert_eq!(CloseCode::from(4000).to_string(), "4000");
    assert_eq!(u16::from(CloseCode::from(4000)), 4000);
    assert_eq!(CloseCode::from(4000).description(), None);
    let described = (0..=u16::MAX).filter(|&code| CloseCode::from(code).description().is_some());
    assert_eq!(
        described.collect::<Vec<_>>(),
        [1000, 1001, 1002, 1003, 1005, 1006]
            .into_iter()
            .chain(1007..=1015)
            .collect::<Vec<_>>()
    );
    let key = ClientKey::new(*b"the sample nonce");
    assert_eq!(key.to_string(), "dGhlIHNhbXBsZSBub25jZQ==");
    let accept: AcceptKey = key.accept();
    assert_eq!(accept.to_string(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn a_connection_shows_its_state() {
    let mut connection = server();
    let shown = format!("{connection:?}");
    for part in [
        "state: Open",
        "closed_by: None",
        "timed_out: None",
        "decoder: ",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    feed(&mut connection, b"\x88\x80\0\0\0\0");
    let shown = format!("{connection:?}");
    for part in ["state: CloseReceived", "closed_by: Some(Peer)"] {
        assert!(shown.contains(part), "{shown}");
    }
    assert_eq!(format!("{:?}", Mask::NONE), "Mask::NONE");
    assert_eq!(format!("{:?}", Mask::new([1; 4])), "Mask(..)");
    assert_eq!(
        (server().role(), client().role()),
        (Role::Server, Role::Client)
    );
}

#[test]
fn errors_are_told_in_words() {
    let (mut connection, mut buffer) = (server(), Buffer::new());
    let mut bytes = *b"\x81\x81\0\0\0\0\xff";
    let error = connection.receive(&mut &mut bytes[..], &mut buffer);
    let error = error.expect_err("no text");
    assert_eq!(
        error.to_string(),
        "text is not UTF-8 at byte 6 (RFC 6455 §8.1); close with 1007 (invalid payload data)"
    );
    assert_eq!(error.section(), "RFC 6455 §8.1");
    assert_eq!(error.close_code(), CloseCode::INVALID_PAYLOAD);
    let control = FrameHeader {
        fin: true,
        reserved: 0,
        opcode: Opcode::Ping,
        mask: None,
        payload_len: 126,
    };
    let mut out = BytesMut::new();
    assert_eq!(control.encode(&mut out), Err(HeaderError::ControlTooLong));
    let longest = FrameHeader {
        payload_len: 125,
        ..control
    };
    assert_eq!(longest.encode(&mut out), Ok(()));
    assert_eq!(out.split()[..], [0x89, 125]);
    let open = FrameHeader {
        fin: false,
        payload_len: 0,
        ..control
    };
    assert_eq!(open.encode(&mut out), Err(HeaderError::ControlFragmented));
    let data = FrameHeader {
        opcode: Opcode::Binary,
        payload_len: 1 << 63,
        ..control
    };
    assert_eq!(data.encode(&mut out), Err(HeaderError::LengthHighBit));
    assert!(out.is_empty());
    assert_eq!(
        SendError::CloseCode(CloseCode::NO_STATUS).to_string(),
        "close code 1005 (no status received) must not be sent, or not with a reason"
    );
}

#[test]
fn a_header_is_as_long_as_it_says() {
    for (payload_len, size) in [
        (0, 2),
        (125, 2),
        (126, 4),
        (65_535, 4),
        (65_536, 10),
        (u64::MAX >> 1, 10),
    ] {
        for mask in [None, Some([1, 2, 3, 4])] {
            let header = FrameHeader {
                fin: payload_len > 125,
                reserved: 0x70,
                opcode: Opcode::Binary,
                mask,
                payload_len,
            };
            let mut out = BytesMut::new();
            header.encode(&mut out).unwrap();
            let whole = size + if mask.is_some() { 4 } else { 0 };
            assert_eq!((header.size(), out.len()), (whole, whole));
            assert_eq!(FrameHeader::decode(&out), Ok(Some((header, whole))));
            for cut in 0..whole {
                assert_eq!(FrameHeader::decode(&out[..cut]), Ok(None));
            }
        }
    }
}

#[test]
fn text_that_is_shared_is_the_same_bytes() {
    let text = SharedText::from("caf\u{e9}");
    let bytes = Bytes::from(text.clone());
    assert_eq!(bytes.as_ptr(), text.bytes().as_ptr());
    assert_eq!(bytes, "caf\u{e9}");
    let prepared = PreparedMessage::text("caf\u{e9}");
    assert_eq!(
        (prepared.kind(), prepared.payload()),
        (MessageKind::Text, bytes)
    );
    assert_eq!(CloseReason::MAX_REASON, 123);
}

#[test]
fn a_validator_tells_how_much_of_a_code_point_is_missing() {
    for (text, size) in [
        ("\u{e9}", 2),
        ("\u{20ac}", 3),
        ("\u{ed7f}", 3),
        ("\u{1f40b}", 4),
        ("\u{10ffff}", 4),
    ] {
        let mut validator = Utf8Validator::new();
        for (at, byte) in text.bytes().enumerate() {
            assert_eq!(
                validator.missing(),
                if at == 0 { 0 } else { size - at },
                "{text}"
            );
            assert_eq!(validator.is_complete(), at == 0);
            let byte = [byte];
            let piece = validator.push(&byte).unwrap();
            assert_eq!(piece.first, text.chars().next().filter(|_| at + 1 == size));
        }
        assert_eq!(validator.missing(), 0);
    }
}

#[test]
fn a_decoder_alone_tells_its_role_and_whether_it_is_done() {
    for (role, wire) in [
        (Role::Client, &b"\x81\x01a\x88\x00"[..]),
        (Role::Server, b"\x81\x81\0\0\0\0a\x88\x80\0\0\0\0"),
    ] {
        let mut decoder = MessageDecoder::new(role, Limits::default());
        assert_eq!(decoder.role(), role);
        let (mut bytes, mut buffer) = (wire.to_vec(), Buffer::new());
        let mut input = &mut bytes[..];
        let text = decoder.decode(&mut input, &mut buffer).unwrap();
        assert_eq!(text, Some(Event::Text("a")));
        assert!(!decoder.is_closed() && decoder.error().is_none());
        let end = decoder.decode(&mut input, &mut buffer).unwrap();
        assert!(matches!(end, Some(Event::Closed(reason)) if reason.is_clean()));
        assert!(decoder.is_closed() && !decoder.is_receiving());
        assert_eq!(decoder.decode_eof(), Ok(None));

        let mut decoder = MessageDecoder::new(role, Limits::default());
        let mut bytes = *b"\x8f\x00";
        let error = decoder.decode(&mut &mut bytes[..], &mut buffer);
        let error = error.expect_err("reserved");
        assert_eq!(error.kind(), ReceiveErrorKind::ReservedOpcode);
        assert_eq!(decoder.error(), Some(error));
        assert!(!decoder.is_closed());
        assert_eq!(decoder.decode_eof(), Err(error));
    }
}

#[test]
fn a_decoder_whose_stream_ends_between_messages_is_closed_once() {
    let mut decoder = MessageDecoder::new(Role::Client, Limits::default());
    let end = decoder.decode_eof().unwrap();
    assert!(matches!(end, Some(Event::Closed(reason)) if reason.code == CloseCode::ABNORMAL));
    assert!(decoder.is_closed());
    assert_eq!(decoder.decode_eof(), Ok(None));
    let (mut within, mut buffer) = (
        MessageDecoder::new(Role::Client, Limits::default()),
        Buffer::new(),
    );
    let mut bytes = *b"\x82\x7e\x01";
    assert_eq!(within.decode(&mut &mut bytes[..], &mut buffer), Ok(None));
    let error = within.decode_eof().expect_err("within a header");
    assert_eq!(
        (error.kind(), error.at()),
        (ReceiveErrorKind::UnexpectedEof, 3)
    );
}

#[cfg(feature = "deflate")]
#[test]
fn what_was_agreed_is_told_for_each_role() {
    use holdline_websocket::{Config, Connection, Deflate};

    let answer = "permessage-deflate; server_no_context_takeover; client_max_window_bits=10";
    let agreed = Deflate::from_answer(answer).unwrap();
    assert_eq!(agreed.to_string(), answer);
    assert!(agreed.no_context_takeover(Role::Server) && !agreed.no_context_takeover(Role::Client));
    assert_eq!(agreed.max_window_bits(Role::Server), 15);
    assert_eq!(agreed.max_window_bits(Role::Client), 10);
    let answer = "permessage-deflate; client_no_context_takeover; server_max_window_bits=9";
    let agreed = Deflate::from_answer(answer).unwrap();
    assert_eq!(agreed.to_string(), answer);
    assert!(!agreed.no_context_takeover(Role::Server) && agreed.no_context_takeover(Role::Client));
    assert_eq!(Deflate::from_answer("x-other"), None);
    assert_eq!(
        Deflate::from_answer("permessage-deflate, permessage-deflate"),
        None
    );
    let decoder = |role| MessageDecoder::new(role, Limits::default());
    assert!(!decoder(Role::Client).inflates());
    let decoder = decoder(Role::Client).with_deflate(&agreed);
    assert!(decoder.inflates() && decoder.inflating() == 0);
    let mut config = Config::default();
    assert!(!Connection::server(config).compresses());
    config.deflate = Some(agreed);
    assert!(Connection::server(config).compresses());
}

#[cfg(feature = "tokio-util")]
#[test]
fn the_connection_in_a_codec_can_be_asked_and_told_the_time() {
    use std::time::Duration;

    use holdline_websocket::codec::Codec;
    let mut codec = Codec::new(server());
    let mut out = BytesMut::new();
    let sent = codec
        .connection_mut()
        .send_close(CloseCode::NORMAL, "", &mut out);
    assert!(sent.is_ok() && codec.connection().is_closing());
    codec
        .connection_mut()
        .handle_timeout(Duration::from_secs(1));
    let deadline = codec.connection().poll_timeout();
    assert_eq!(deadline, Some(Duration::from_secs(11)));
}

#[cfg(feature = "hixie76")]
#[test]
fn the_first_protocol_tells_role_state_and_errors() {
    use std::time::Duration;

    use holdline_websocket::hixie76::{
        Challenge, Config, Connection, PreparedMessage, ReceiveErrorKind,
    };
    let challenge = Challenge::parse(
        b"18x 6]8vM;54 *(5:  {   U1]8  z [  8",
        b"1_ tx7X d  <  nw  334J702) 7]o}` 0",
    );
    let challenge = challenge.unwrap();
    let answer = challenge.answer(*b"Tm[K T2u");
    assert_eq!(format!("{answer:?}"), "Answer(fQJ,fN/4F4!~K~MH)");
    assert_eq!(PreparedMessage::text("Hi").bytes()[..], b"\0Hi\xff"[..]);
    let config = Config::default();
    assert_eq!(
        (config.timeout, config.limits),
        (Duration::from_secs(10), Limits::default())
    );
    let mut server = Connection::server(config, challenge);
    let mut client = Connection::client(config, answer);
    assert_eq!((server.role(), client.role()), (Role::Server, Role::Client));
    assert!(!server.is_established() && !server.timed_out() && server.closed_by().is_none());
    assert!(!server.should_close());
    let mut buffer = Buffer::new();
    let mut wrong = *b"f?";
    let error = client
        .receive(&mut &mut wrong[..], &mut buffer)
        .expect_err("wrong");
    assert_eq!((error.kind(), error.at()), (ReceiveErrorKind::Answer, 1));
    assert_eq!(
        error.kind().description(),
        "the challenge is not answered rightly"
    );
    assert_eq!(
        error.to_string(),
        "the challenge is not answered rightly at byte 1 (draft-hixie-76 §4.1)"
    );
    assert_eq!(error.section(), "draft-hixie-76 §4.1");
    assert!(client.should_close());
    server.handle_timeout(Duration::from_secs(1));
    server.handle_timeout(Duration::from_secs(11));
    server.handle_timeout(Duration::from_secs(11));
    assert!(server.timed_out() && server.should_close());
}

#[test]
fn a_ping_within_a_message_is_no_part_of_its_length() {
    let frames: [(&[u8], &[u8]); 3] = [
        (b"\x02\x05", b"12345"),
        (b"\x89\x64", &[b'p'; 100]),
        (b"\x80\x05", b"67890"),
    ];
    let outcome = run_with(limits(100, 10), &frames);
    let message = Got::Binary(b"1234567890".to_vec());
    assert!(outcome.items.contains(&message), "{outcome:?}");
}

#[cfg(feature = "deflate")]
#[test]
fn after_an_error_nothing_is_kept_for_compressed_messages() {
    let request = holdline_websocket::DeflateOptions::default();
    let agreed = crate::deflate::agreed(&request);
    let mut decoder = MessageDecoder::new(Role::Client, Limits::default()).with_deflate(&agreed);
    assert!(decoder.inflates());
    let (mut input, mut buffer) = ([0x83, 0], Buffer::new());
    assert!(decoder.decode(&mut &mut input[..], &mut buffer).is_err());
    assert!(!decoder.inflates());
}
