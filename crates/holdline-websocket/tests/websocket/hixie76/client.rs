//! The client.

use super::*;

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
pub(crate) fn hixie76_client_keys_follow_the_draft() {
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
pub(crate) fn hixie76_client_checks_everything_in_the_response() {
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
pub(crate) fn hixie76_wrong_answer_fails_the_client_at_its_byte() {
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
