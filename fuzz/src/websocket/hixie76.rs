//! The protocol of the first browsers.

use bytes::BytesMut;
use holdline_websocket::{
    Buffer,
    hixie76::{
        Challenge, ClientRequest, Config, Connection, Event, ReceiveErrorKind, accept, is_offered,
    },
};

use crate::cuts::{Cuts, seed};

type Outcome = (Vec<String>, Option<(ReceiveErrorKind, u64)>, Vec<u8>);

/// Any bytes after the heads give the same events, the same error and the same replies however they are cut, at a
/// server and at a client. Texts arrive as they were. Any head is accepted or refused.
pub fn hixie76(data: &[u8]) {
    let (seed, stream) = seed(data);
    any_bytes(seed, stream);
    session(seed, stream);
    head(stream);
}

fn any_bytes(seed: u8, stream: &[u8]) {
    let mut config = Config::default();
    config.limits = super::limits(300, 200);
    let challenge = Challenge::parse(b" 1", b"2 ").expect("good keys");
    let server = || Connection::server(config, challenge);
    let whole = receive(server(), std::iter::once(stream));
    assert_eq!(whole, receive(server(), Cuts::new(stream, seed)));

    let answer = challenge.answer(*b"12345678");
    let client = || Connection::client(config, answer);
    let good = [&answer.as_bytes()[..], stream].concat();
    for stream in [stream, &good] {
        let whole = receive(client(), std::iter::once(stream));
        assert_eq!(whole, receive(client(), Cuts::new(stream, seed)));
    }
}

/// Two of our own understand one another.
fn session(seed: u8, script: &[u8]) {
    let mut state = u32::from(seed);
    let random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.rotate_left(15).to_be_bytes()
    };
    let request = ClientRequest::new("ws://a/", "http://a", random).expect("a good URL");
    let headers = request.headers();
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    let headers = headers.chain([("Host", request.host().as_bytes())]);
    assert!(is_offered(headers.clone()));
    let accepted = accept("GET", request.target(), false, headers).expect("our own request");
    let mut server = Connection::server(Config::default(), accepted.challenge());
    let mut response = accepted.response(None);
    response.push(("Connection", "Upgrade".into()));
    let response = response
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    let answer = request
        .verify(101, response)
        .expect("our own answer")
        .answer;
    let mut client = Connection::client(Config::default(), answer);

    let (mut buffer, mut wire) = (Buffer::new(), BytesMut::new());
    for part in Cuts::new(&request.body(), seed) {
        let mut part = &mut part.to_vec()[..];
        let _ = server
            .receive(&mut part, &mut buffer)
            .expect("any eight bytes");
    }
    let mut sent = vec!["Open".to_string()];
    for line in script.split(|byte| *byte == b'\n') {
        let text = String::from_utf8_lossy(line);
        server.send_text(&text, &mut wire).expect("it is open");
        sent.push(format!("text {text}"));
    }
    server.send_close(&mut wire).expect("it is open");
    sent.push("Closed { clean: true }".to_string());
    let (items, error, mut reply) = run(&mut client, Cuts::new(&wire, seed));
    assert_eq!((items, error), (sent, None));
    let closed = server.receive(&mut &mut reply[..], &mut buffer);
    assert_eq!(closed, Ok(Some(Event::Closed { clean: true })));
    assert!(client.is_clean() && server.is_clean());
}

fn head(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let good = [("Upgrade", &b"WebSocket"[..]), ("Connection", b"Upgrade")];
    let lines = text.split('\n').filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name, value.trim().as_bytes()))
    });
    match accept("GET", "/", false, good.into_iter().chain(lines)) {
        Ok(request) => {
            assert!(request.location().is_ascii());
            assert!(request.response(request.protocol()).len() >= 3);
        }
        Err(error) => assert!([400, 405].contains(&error.status())),
    }
}

fn receive<'a>(mut connection: Connection, parts: impl Iterator<Item = &'a [u8]>) -> Outcome {
    run(&mut connection, parts)
}

fn run<'a>(connection: &mut Connection, parts: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let (mut items, mut buffer, mut reply) = (Vec::new(), Buffer::new(), BytesMut::new());
    let mut failed = None;
    for part in parts {
        let mut owned = part.to_vec();
        let mut input = &mut owned[..];
        loop {
            match connection.receive(&mut input, &mut buffer) {
                Ok(Some(Event::Text(text))) => items.push(format!("text {text}")),
                Ok(Some(event)) => items.push(format!("{event:?}")),
                Ok(None) => break,
                Err(error) => {
                    let error = (error.kind(), error.at());
                    assert!(failed.is_none_or(|first| first == error), "it is sticky");
                    failed = Some(error);
                    break;
                }
            }
        }
        assert!(input.is_empty(), "None means that all was taken");
    }
    connection.poll_transmit(&mut reply);
    (items, failed, reply.to_vec())
}
