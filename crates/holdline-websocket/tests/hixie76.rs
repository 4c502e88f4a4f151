//! The protocol of the first browsers: handshake and frames, with exact bytes. A case runs whole, at every cut, byte
//! by byte and with trailing bytes.
#![cfg(feature = "hixie76")]
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use bytes::BytesMut;
use holdline_websocket::{
    Buffer, ClosedBy, Transport,
    hixie76::{
        Challenge, ClientRequest, Config, Connection, Event, HandshakeError, PreparedMessage,
        ReceiveErrorKind as Kind, SendError, VerifyError, accept, is_offered,
    },
};

type Pairs<'h> = Vec<(&'h str, &'h [u8])>;

/// The keys, the body and the answer of the example in §1.3.
const KEY1: &str = "18x 6]8vM;54 *(5:  {   U1]8  z [  8";
const KEY2: &str = "1_ tx7X d  <  nw  334J702) 7]o}` 0";
const BODY: [u8; 8] = *b"Tm[K T2u";
const ANSWER: &[u8; 16] = b"fQJ,fN/4F4!~K~MH";

fn pairs<'h>(without: &[&str], with: &[(&'h str, &'h str)]) -> Pairs<'h> {
    [
        ("Host", "example.com"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key2", KEY2),
        ("Sec-WebSocket-Protocol", "sample"),
        ("Upgrade", "WebSocket"),
        ("Sec-WebSocket-Key1", KEY1),
        ("Origin", "http://example.com"),
    ]
    .iter()
    .filter(|(name, _)| !without.contains(name))
    .chain(with)
    .map(|(name, value)| (*name, value.as_bytes()))
    .collect()
}

#[track_caller]
fn refused(without: &[&str], with: &[(&str, &str)], expected: HandshakeError) {
    let headers = pairs(without, with);
    let error = accept("GET", "/demo", false, headers.into_iter()).unwrap_err();
    assert_eq!((error, error.status()), (expected, 400));
}

fn challenge() -> Challenge {
    Challenge::parse(KEY1.as_bytes(), KEY2.as_bytes()).unwrap()
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    items: Vec<String>,
    error: Option<(Kind, u64)>,
    reply: Vec<u8>,
}

fn in_parts(mut connection: Connection, parts: &[&[u8]]) -> Outcome {
    let (mut buffer, mut reply) = (Buffer::new(), BytesMut::new());
    let (mut items, mut error) = (Vec::new(), None);
    for part in parts {
        let mut owned = part.to_vec();
        let mut input = &mut owned[..];
        loop {
            match connection.receive(&mut input, &mut buffer) {
                Ok(Some(Event::Text(text))) => items.push(format!("text {text}")),
                Ok(Some(event)) => items.push(format!("{event:?}")),
                Ok(None) => break,
                Err(e) => {
                    assert!(error.is_none_or(|first| first == (e.kind(), e.at())));
                    assert_eq!(buffer.capacity(), 0, "nothing is kept");
                    error = Some((e.kind(), e.at()));
                    break;
                }
            }
        }
        assert!(input.is_empty(), "the drain law");
    }
    connection.poll_transmit(&mut reply);
    let reply = reply.to_vec();
    Outcome {
        items,
        error,
        reply,
    }
}

fn every_way(new: impl Fn() -> Connection, bytes: &[u8]) -> Outcome {
    let whole = in_parts(new(), &[bytes]);
    for cut in 0..=bytes.len() {
        let (one, two) = bytes.split_at(cut);
        assert_eq!(in_parts(new(), &[one, two]), whole, "cut at {cut}");
    }
    for size in [1, 2, 3, 7] {
        let parts: Vec<&[u8]> = bytes.chunks(size).collect();
        assert_eq!(in_parts(new(), &parts), whole, "{size} at a time");
    }
    if whole.error.is_some() || whole.items.last().is_some_and(|i| i.starts_with("Closed")) {
        let longer = [bytes, b"\x00late\xff"].concat();
        assert_eq!(in_parts(new(), &[&longer]), whole, "with trailing bytes");
    }
    whole
}

/// What a server makes of the frames after the challenge, with limits of 8 and 10 bytes.
fn frames(frames: &[u8]) -> Outcome {
    let mut config = Config::default();
    config.limits.max_message = 8;
    config.limits.max_frame = 10;
    let outcome = every_way(
        || Connection::server(config, challenge()),
        &[&BODY[..], frames].concat(),
    );
    assert_eq!(outcome.items[0], "Open");
    assert_eq!(outcome.reply[..16], ANSWER[..]);
    Outcome {
        items: outcome.items[1..].to_vec(),
        reply: outcome.reply[16..].to_vec(),
        ..outcome
    }
}

#[track_caller]
fn refused_frames(bytes: &[u8], kind: Kind, at: u64) {
    let outcome = frames(bytes);
    assert_eq!(outcome.error, Some((kind, 8 + at)));
    assert_eq!(outcome.reply, b"\xff\x00");
}

#[test]
fn hixie76_example_of_the_draft_section_1_3() {
    assert_eq!(challenge().answer(BODY).as_bytes(), ANSWER);
    let request = accept("GET", "/demo", false, pairs(&[], &[]).into_iter()).unwrap();
    assert_eq!(request.challenge(), challenge());
    assert_eq!(request.origin(), "http://example.com");
    assert_eq!(request.protocol(), Some("sample"));
    let expected = [
        ("Upgrade", "WebSocket".to_string()),
        ("Sec-WebSocket-Origin", "http://example.com".to_string()),
        (
            "Sec-WebSocket-Location",
            "ws://example.com/demo".to_string(),
        ),
        ("Sec-WebSocket-Protocol", "sample".to_string()),
    ];
    assert_eq!(request.response(Some("sample")), expected);
    assert_eq!(request.response(None), expected[..3]);
    assert_eq!(request.response(Some("other")), expected[..3]);
}

#[test]
fn hixie76_location_is_what_the_client_connected_to() {
    let headers = pairs(&["Host"], &[("host", "EXAMPLE.com:8080")]);
    let request = accept("GET", "/a?b=C", true, headers.into_iter()).unwrap();
    assert_eq!(request.location(), "wss://example.com:8080/a?b=C");
}

#[test]
fn hixie76_keys_are_multiples_of_their_spaces() {
    let good = KEY2.as_bytes();
    for (key, why) in [
        (&b""[..], "nothing"),
        (b"12", "no space: a division by zero"),
        (b"a b c", "no digit"),
        (b"1 3 a", "not a multiple"),
        (b" 4294967296", "over 32 bits"),
        (b" 99999999999999999999999999", "over 64 bits"),
    ] {
        assert_eq!(Challenge::parse(key, good), None, "{why}");
        assert_eq!(Challenge::parse(good, key), None, "{why}");
        let key = std::str::from_utf8(key).unwrap();
        refused(
            &["Sec-WebSocket-Key1"],
            &[("Sec-WebSocket-Key1", key)],
            HandshakeError::Key,
        );
    }
    // The greatest, and zero.
    assert!(Challenge::parse(b" 4294967295", b" 0").is_some());
}

#[test]
fn hixie76_head_is_checked() {
    use HandshakeError as E;
    for (name, error) in [
        ("Upgrade", E::NotUpgrade),
        ("Connection", E::NotUpgrade),
        ("Host", E::Host),
        ("Origin", E::Origin),
        ("Sec-WebSocket-Key1", E::Key),
        ("Sec-WebSocket-Key2", E::Key),
    ] {
        refused(&[name], &[], error);
        if error != E::NotUpgrade {
            let again = pairs(&[], &[]);
            let (_, value) = again.iter().find(|(found, _)| *found == name).unwrap();
            let value = std::str::from_utf8(value).unwrap();
            refused(&[], &[(name, value)], error);
        }
    }
    refused(&["Host"], &[("Host", "a/b")], E::Host);
    refused(&["Origin"], &[("Origin", "")], E::Origin);
    refused(&["Origin"], &[("Origin", "\u{e9}")], E::Origin);
    refused(&[], &[("Sec-WebSocket-Protocol", "b")], E::Protocol);
    let no_protocol = &["Sec-WebSocket-Protocol"];
    refused(no_protocol, &[("Sec-WebSocket-Protocol", "")], E::Protocol);
    let error = |method, target| {
        accept(method, target, false, pairs(&[], &[]).into_iter())
            .unwrap_err()
            .status()
    };
    assert_eq!(error("POST", "/"), 405);
    assert_eq!(E::Method.headers(), [("Allow", "GET")]);
    for target in ["", "*", "http://a/", "/a b", "/a\r\nb", "/a#b", "/\u{e9}"] {
        assert_eq!(error("GET", target), 400, "{target}");
    }
}

#[test]
fn hixie76_is_told_from_later_protocols() {
    assert!(is_offered(pairs(&[], &[]).into_iter()));
    assert!(!is_offered(pairs(&["Sec-WebSocket-Key1"], &[]).into_iter()));
    let both = pairs(&[], &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]);
    assert!(!is_offered(both.into_iter()));
}

#[test]
fn hixie76_origin_null_is_foreign() {
    let headers = pairs(&["Origin"], &[("Origin", "null")]);
    let request = accept("GET", "/", false, headers.into_iter()).unwrap();
    assert!(!request.origin_is_allowed(&["null"]));
}

#[test]
fn hixie76_challenge_may_arrive_split_and_answer_goes_first() {
    let (mut server, mut buffer, mut out) = (
        Connection::server(Config::default(), challenge()),
        Buffer::new(),
        BytesMut::new(),
    );
    assert_eq!(
        server.receive(&mut &mut BODY.to_vec()[..7], &mut buffer),
        Ok(None)
    );
    assert!(!server.poll_transmit(&mut out) && !server.is_open());
    assert_eq!(server.send_text("early", &mut out), Err(SendError::NotOpen));
    assert_eq!(server.send_close(&mut out), Err(SendError::NotOpen));
    let mut rest = &mut b"u\x00a\xff".to_vec()[..];
    assert_eq!(
        server.receive(&mut rest, &mut buffer),
        Ok(Some(Event::Open))
    );
    assert_eq!(rest, b"\x00a\xff", "the boundary law");
    let all = PreparedMessage::text("all");
    assert_eq!(server.send_prepared(&all), Err(SendError::NotOpen));
    server.send_text("first", &mut out).unwrap();
    assert_eq!(out.split()[..], b"fQJ,fN/4F4!~K~MH\x00first\xff"[..]);
    assert_eq!(server.send_prepared(&all).unwrap(), b"\x00all\xff"[..]);
    assert!(!server.poll_transmit(&mut out) && server.is_open());
}

#[test]
fn hixie76_text_frames() {
    let outcome = frames(b"\x00Hello\xff\x00\xff\x00\xc3\xa9\xf0\x9f\x98\x80\xff");
    assert_eq!(outcome.items, ["text Hello", "text ", "text é😀"]);
    assert_eq!((outcome.error, outcome.reply), (None, vec![]));
}

#[test]
fn hixie76_other_frames_are_skipped_within_a_limit() {
    // Types 01 to 7F end with FF; types 80 to FF say how long they are, seven bits a byte.
    let skipped = [
        &b"\x00a\xff\x010123456789\xff\x7f\xff"[..],
        b"\x80\x00\xfe\x0a0123456789\x80\x80\x80\x03\xff\xff\xff\xff\x02\xff\x00\x00b\xff",
    ]
    .concat();
    assert_eq!(frames(&skipped).items, ["text a", "text b"]);
    refused_frames(b"\x0101234567890\xff", Kind::FrameTooLong, 11);
    refused_frames(b"\x80\x0b01234567890", Kind::FrameTooLong, 1);
    refused_frames(b"\x80\x81\x00", Kind::FrameTooLong, 2);
    refused_frames(
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        Kind::FrameTooLong,
        1,
    );
}

#[test]
fn hixie76_length_that_overflows_is_refused() {
    let mut config = Config::default();
    config.limits.max_frame = u64::MAX;
    let bytes = [&BODY[..], b"\x80\x81", &[0x80; 9], b"\x00"].concat();
    let outcome = every_way(|| Connection::server(config, challenge()), &bytes);
    // 2^63 is still good; the next seven bits are too much.
    assert_eq!(outcome.error, Some((Kind::FrameTooLong, 8 + 11)));
}

#[test]
fn hixie76_message_over_the_limit_is_refused_at_its_byte() {
    assert_eq!(frames(b"\x0012345678\xff").items, ["text 12345678"]);
    refused_frames(b"\x00123456789\xff", Kind::MessageTooLong, 9);
    refused_frames(b"\x001234567\xc3\xa9\xff", Kind::MessageTooLong, 9);
}

#[test]
fn hixie76_text_is_refused_at_the_first_impossible_byte() {
    refused_frames(b"\x00a\xed\xa0", Kind::InvalidText, 3);
    refused_frames(b"\x00ab\xfe", Kind::InvalidText, 3);
    refused_frames(b"\x00\x80", Kind::InvalidText, 1);
    // The end comes within a code point.
    refused_frames(b"\x00a\xe2\x82\xff", Kind::InvalidText, 4);
}

#[test]
fn hixie76_close_is_answered_and_what_follows_is_discarded() {
    let outcome = frames(b"\x00a\xff\xff\x00\x00late\xff\x00\xc0");
    assert_eq!(outcome.items, ["text a", "Closed { clean: true }"]);
    assert_eq!(
        (outcome.error, &outcome.reply[..]),
        (None, &b"\xff\x00"[..])
    );
    // A length of zero in more bytes is one, too.
    assert_eq!(frames(b"\xff\x80\x00").items, ["Closed { clean: true }"]);
}

#[test]
fn hixie76_end_of_stream_without_close_is_told_once() {
    let mut server = Connection::server(Config::default(), challenge());
    let mut buffer = Buffer::new();
    server
        .receive(&mut &mut BODY.to_vec()[..], &mut buffer)
        .unwrap();
    server
        .receive(&mut &mut b"\x00half".to_vec()[..], &mut buffer)
        .unwrap();
    let closed = Event::Closed { clean: false };
    assert_eq!(server.receive_eof(), Ok(Some(closed)));
    assert_eq!(server.receive_eof(), Ok(None));
    assert_eq!(
        server.receive(&mut &mut b"\xff".to_vec()[..], &mut buffer),
        Ok(None)
    );
    assert_eq!(
        (server.transport(), server.closed_by(), buffer.capacity()),
        (Transport::Drop, Some(ClosedBy::Nobody), 0)
    );
}

#[test]
fn hixie76_deadlines_of_handshake_and_close() {
    let second = Duration::from_secs;
    let mut server = Connection::server(Config::default(), challenge());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    assert!(server.poll_timeout().is_some());
    server.handle_timeout(second(1));
    assert_eq!(server.poll_timeout(), Some(second(11)));
    let mut late = Connection::server(Config::default(), challenge());
    late.handle_timeout(second(1));
    late.handle_timeout(second(11));
    assert_eq!(late.poll_timeout(), Some(second(11)), "at once again");
    late.handle_timeout(second(11));
    assert_eq!(
        (late.transport(), late.timed_out()),
        (Transport::Drop, true)
    );
    assert_eq!(
        late.receive(&mut &mut BODY.to_vec()[..], &mut buffer),
        Ok(None)
    );

    server
        .receive(&mut &mut BODY.to_vec()[..], &mut buffer)
        .unwrap();
    assert_eq!(server.poll_timeout(), None);
    server.send_close(&mut out).unwrap();
    assert_eq!(server.send_text("", &mut out), Err(SendError::Closed));
    assert_eq!(out[16..], b"\xff\x00"[..]);
    server.handle_timeout(second(20));
    assert_eq!(server.poll_timeout(), Some(second(30)));
    server.handle_timeout(second(30));
    assert_eq!(server.transport(), Transport::Keep);
    server.handle_timeout(second(30));
    assert_eq!(server.transport(), Transport::Drop);
}

#[test]
fn hixie76_what_lay_in_the_socket_at_the_deadline_is_received() {
    let second = Duration::from_secs;
    let mut server = Connection::server(Config::default(), challenge());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    server.handle_timeout(second(1));
    server.handle_timeout(second(60));
    let mut bytes = BODY;
    let opened = server.receive(&mut &mut bytes[..], &mut buffer);
    assert_eq!(opened, Ok(Some(Event::Open)));
    server.handle_timeout(second(60));
    assert!(server.is_open() && server.poll_timeout().is_none());

    server.send_close(&mut out).unwrap();
    server.handle_timeout(second(60));
    server.handle_timeout(second(90));
    let mut bytes = *b"\0last\xff\xff\0";
    let mut input = &mut bytes[..];
    let text = server.receive(&mut input, &mut buffer);
    assert_eq!(text, Ok(Some(Event::Text("last"))));
    server.handle_timeout(second(90));
    let closed = server.receive(&mut input, &mut buffer);
    assert_eq!(closed, Ok(Some(Event::Closed { clean: true })));
    assert!(server.is_clean() && !server.timed_out());
}

fn client(random_start: u32) -> ClientRequest {
    let mut number = random_start;
    let random = move || {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        number.rotate_left(16).to_be_bytes()
    };
    let url = "ws://Example.com:80/demo?x";
    let mut request = ClientRequest::new(url, "http://Example.com", random).unwrap();
    request.ask_protocol("sample").unwrap();
    request
}

#[test]
fn hixie76_client_keys_follow_the_draft() {
    for start in 0..500 {
        for (name, value) in client(start).headers() {
            if !name.starts_with("Sec-WebSocket-Key") {
                continue;
            }
            let spaces = value.bytes().filter(|byte| *byte == b' ').count();
            let others = value.bytes().filter(|b| !matches!(b, b' ' | b'0'..=b'9'));
            assert!((1..=12).contains(&spaces), "{value}");
            assert!((1..=12).contains(&others.count()), "{value}");
            assert!(value.is_ascii() && value.trim() == value);
        }
    }
}

#[test]
fn hixie76_client_and_server_understand_one_another() {
    for start in 0..500 {
        let request = client(start);
        assert_eq!(
            (request.host(), request.target()),
            ("example.com", "/demo?x")
        );
        let sent = request.headers();
        let head = sent.iter().map(|(name, value)| (*name, value.as_bytes()));
        let head = head.chain([("Host", request.host().as_bytes())]);
        let accepted = accept("GET", request.target(), false, head).unwrap();
        let mut server = Connection::server(Config::default(), accepted.challenge());
        let mut response = accepted.response(accepted.protocol());
        response.push(("Connection", "Upgrade".into()));
        let head = response
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()));
        let verified = request.verify(101, head).unwrap();
        assert_eq!(verified.protocol, Some("sample"));
        let mut client = Connection::client(Config::default(), verified.answer);

        let (mut buffer, mut wire) = (Buffer::new(), BytesMut::new());
        assert_eq!(
            client.send_text("early", &mut wire),
            Err(SendError::NotOpen)
        );
        let mut body = request.body();
        assert_eq!(
            server.receive(&mut &mut body[..], &mut buffer),
            Ok(Some(Event::Open))
        );
        server.send_text("news", &mut wire).unwrap();
        let mut sent = wire.split();
        let mut input = &mut sent[..];
        assert_eq!(
            client.receive(&mut input, &mut buffer),
            Ok(Some(Event::Open))
        );
        assert_eq!(
            client.receive(&mut input, &mut buffer),
            Ok(Some(Event::Text("news")))
        );
        client.send_close(&mut wire).unwrap();
        let clean = Ok(Some(Event::Closed { clean: true }));
        assert_eq!(
            server.receive(&mut &mut wire.split()[..], &mut buffer),
            clean
        );
        assert!(server.poll_transmit(&mut wire));
        assert_eq!(client.receive(&mut &mut wire[..], &mut buffer), clean);
        assert!(client.is_clean() && server.is_clean());
        assert_eq!(server.transport(), Transport::ShutdownWrite);
        assert_eq!(client.transport(), Transport::AwaitPeerClose);
    }
}

#[test]
fn hixie76_client_checks_everything_in_the_response() {
    let request = client(1);
    let good = [
        ("Upgrade", "WebSocket"),
        ("Connection", "upgrade"),
        ("Sec-WebSocket-Origin", "http://example.com"),
        ("Sec-WebSocket-Location", "ws://example.com/demo?x"),
        ("Sec-WebSocket-Protocol", "sample"),
    ];
    let verify = |status, headers: &[(&'static str, &'static str)]| {
        let pairs = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()));
        request
            .verify(status, pairs)
            .map(|accepted| accepted.protocol)
    };
    assert_eq!(verify(101, &good), Ok(Some("sample")));
    assert_eq!(verify(200, &good), Err(VerifyError::Status(200)));
    use VerifyError as E;
    let errors = [
        E::Upgrade,
        E::Connection,
        E::Origin,
        E::Location,
        E::Protocol,
    ];
    for (at, error) in errors.into_iter().enumerate() {
        let mut missing = good.to_vec();
        let line = missing.remove(at);
        assert_eq!(verify(101, &missing), Err(error));
        let twice = [&good[..], &[line]].concat();
        assert_eq!(verify(101, &twice), Err(error));
        for bad in ["", "websocket", "http://example.com/", "ws://example.com/"] {
            let mut wrong = good;
            wrong[at].1 = bad;
            assert_eq!(verify(101, &wrong), Err(error), "{bad}");
        }
    }
}

#[test]
fn hixie76_wrong_answer_fails_the_client_at_its_byte() {
    let answer = challenge().answer(BODY);
    let new = || Connection::client(Config::default(), answer);
    let outcome = every_way(new, b"fQJ,fN/4F4!~K~MI\x00a\xff");
    assert_eq!(outcome.items, [] as [String; 0]);
    assert_eq!(outcome.error, Some((Kind::Answer, 15)));
    assert_eq!(outcome.reply, b"", "no frame means anything to such a peer");
    let good = every_way(new, b"fQJ,fN/4F4!~K~MH\x00a\xff");
    assert_eq!(good.items, ["Open", "text a"]);
}

#[test]
fn hixie76_client_urls() {
    let random = || [1, 2, 3, 4];
    let new = |url, origin| ClientRequest::new(url, origin, random);
    assert_eq!(new("wss://a:443", "http://b").unwrap().host(), "a");
    assert_eq!(new("wss://a:80/", "http://b").unwrap().host(), "a:80");
    for url in [
        "http://a/",
        "ws://",
        "ws:///a",
        "ws://a/#b",
        "ws://a/ b",
        "ws://a@b/",
        "ws://a?b",
    ] {
        assert!(new(url, "http://b").is_err(), "{url}");
    }
    for origin in ["", "a b", "\u{e9}", "a\r\nb"] {
        assert!(new("ws://a/", origin).is_err(), "{origin}");
    }
    let mut request = new("ws://a/", "null").unwrap();
    for protocol in ["", "a\nb", " a", "\u{e9}"] {
        assert!(request.ask_protocol(protocol).is_err(), "{protocol}");
    }
}

#[test]
fn hixie76_memory_grows_with_what_came_and_is_given_back() {
    let mut server = Connection::server(Config::default(), challenge());
    let mut buffer = Buffer::new();
    let mut bytes = [&BODY[..], b"\x00", &[b'a'; 100_000], b"\xff"].concat();
    let mut end = [bytes.pop().unwrap()];
    for part in bytes.chunks_mut(1000) {
        let mut input = part;
        while server.receive(&mut input, &mut buffer).unwrap().is_some() {}
    }
    assert!((100_000..=200_000).contains(&buffer.capacity()));
    let Ok(Some(Event::Text(text))) = server.receive(&mut &mut end[..], &mut buffer) else {
        panic!()
    };
    assert_eq!(text.len(), 100_000);
    assert_eq!(
        server.receive(&mut &mut b"".to_vec()[..], &mut buffer),
        Ok(None)
    );
    assert_eq!(buffer.capacity(), 0);
}
