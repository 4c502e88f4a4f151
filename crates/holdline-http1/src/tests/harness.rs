//! The harness that runs a case whole, at every split, byte by byte and with trailing bytes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::BytesMut;

use crate::error::ReceiveErrorKind as Kind;
use crate::{
    Buffer, ClientConfig, ClientConnection, Event, Limits, RequestBody, RequestDecoder,
    ResponseDecoder, ResponseEvent, ServerConfig, ServerConnection,
};

/// What came out of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) items: Vec<String>,
    pub(crate) error: Option<(Kind, u64)>,
    /// What was sent, without 100s, whose sending depends on how the body arrives.
    pub(crate) sent: String,
    /// Bytes that were left untouched.
    pub(crate) left: Vec<u8>,
    pub(crate) closes: bool,
}

impl Outcome {
    fn push(&mut self, item: String) {
        self.items.push(item);
    }

    fn data(&mut self, data: &[u8]) {
        assert!(!data.is_empty(), "Data is never empty");
        let text = format!("{}", data.escape_ascii());
        match self.items.last_mut() {
            Some(last) if last.starts_with("data ") => last.push_str(&text),
            _ => self.items.push(format!("data {text}")),
        }
    }
}

/// One that takes the bytes of a stream piece by piece.
pub(crate) trait Machine {
    /// Takes what is in `input`. False: it takes nothing any more.
    fn feed(&mut self, input: &mut &[u8], outcome: &mut Outcome) -> bool;
    /// The stream has ended.
    fn eof(&mut self, outcome: &mut Outcome);
    /// The last look.
    fn finish(&mut self, _: &mut Outcome) {}
}

/// Feeds the pieces; what is left of one is put before the next.
pub(crate) fn feed(mut machine: impl Machine, pieces: &[&[u8]], eof: bool) -> Outcome {
    let mut outcome = Outcome::default();
    let mut open = true;
    for piece in pieces {
        let mut bytes = core::mem::take(&mut outcome.left);
        bytes.extend_from_slice(piece);
        let mut input = &bytes[..];
        open = open && machine.feed(&mut input, &mut outcome);
        outcome.left = input.to_vec();
    }
    if eof && outcome.error.is_none() {
        machine.eof(&mut outcome);
    }
    machine.finish(&mut outcome);
    outcome
}

/// The outcome of a stream, which is the same however it is cut.
pub(crate) fn every_way<M: Machine>(machine: impl Fn() -> M, bytes: &[u8], eof: bool) -> Outcome {
    let whole = feed(machine(), &[bytes], eof);
    for split in 0..=bytes.len() {
        let (left, right) = bytes.split_at(split);
        assert_same(machine(), &[left, right], eof, &whole);
    }
    for size in [1, 2, 3, 7] {
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        assert_same(machine(), &pieces, eof, &whole);
    }
    whole
}

/// These pieces of a stream give what it gives in one piece.
pub(crate) fn assert_same(machine: impl Machine, pieces: &[&[u8]], eof: bool, whole: &Outcome) {
    let mut outcome = feed(machine, pieces, eof);
    // After an error nothing is taken, so how much is left depends on the cut.
    if whole.error.is_some() && outcome.error.is_some() {
        outcome.left.clone_from(&whole.left);
    }
    let shown: Vec<String> = pieces
        .iter()
        .map(|piece| format!("{}", piece.escape_ascii()))
        .collect();
    assert_eq!(&outcome, whole, "in pieces: {shown:?}");
}

/// A server that answers each request, and each error, with its status.
pub(crate) struct Server {
    http: ServerConnection,
    buffer: Buffer,
    out: BytesMut,
}

pub(crate) fn server(config: &ServerConfig) -> Server {
    Server {
        http: ServerConnection::new(config.clone()),
        buffer: Buffer::new(),
        out: BytesMut::new(),
    }
}

impl Machine for Server {
    fn feed(&mut self, input: &mut &[u8], outcome: &mut Outcome) -> bool {
        loop {
            match self.http.receive(input, &mut self.buffer) {
                Ok(Some(Event::Paused)) => {
                    assert!(!input.is_empty(), "Paused leaves something");
                    return true;
                }
                Ok(Some(event)) => {
                    describe(&event, outcome);
                    if let Event::End { .. } = event {
                        self.http
                            .respond(200, (), b"ok", &mut self.out)
                            .expect("a request waits");
                    }
                }
                Ok(None) => {
                    assert!(input.is_empty(), "the drain law");
                    self.http.poll_transmit(&mut self.out);
                    return true;
                }
                Err(error) => {
                    outcome.error = Some((error.kind(), error.at()));
                    assert!(input.is_empty(), "an error takes the whole input");
                    let mut more = &b"more"[..];
                    let again = self.http.receive(&mut more, &mut self.buffer);
                    assert_eq!(again.expect_err("sticky"), error);
                    assert!(more.is_empty(), "an error takes the whole input");
                    if self.http.can_respond() {
                        self.http
                            .respond(error.status(), (), b"", &mut self.out)
                            .expect("an error can be answered");
                    }
                    assert!(self.http.should_close());
                    return false;
                }
            }
        }
    }

    fn eof(&mut self, outcome: &mut Outcome) {
        match self.http.receive_eof() {
            Ok(Some(event)) => describe(&event, outcome),
            Ok(None) => {}
            Err(error) => outcome.error = Some((error.kind(), error.at())),
        }
    }

    fn finish(&mut self, outcome: &mut Outcome) {
        outcome.sent =
            String::from_utf8_lossy(&self.out).replace("HTTP/1.1 100 Continue\r\n\r\n", "");
        outcome.closes = self.http.should_close();
    }
}

/// A bare request decoder.
pub(crate) struct Decoder(RequestDecoder, Buffer);

impl Decoder {
    pub(crate) fn new() -> Self {
        Self(RequestDecoder::new(Limits::default()), Buffer::new())
    }
}

impl Machine for Decoder {
    fn feed(&mut self, input: &mut &[u8], outcome: &mut Outcome) -> bool {
        loop {
            match self.0.decode(input, &mut self.1) {
                Ok(None) => {
                    assert!(input.is_empty(), "the drain law");
                    return true;
                }
                Ok(Some(Event::Paused)) => return true,
                Ok(Some(event)) => describe(&event, outcome),
                Err(error) => {
                    outcome.error = Some((error.kind(), error.at()));
                    assert!(input.is_empty(), "an error takes the whole input");
                    return false;
                }
            }
        }
    }

    fn eof(&mut self, outcome: &mut Outcome) {
        match self.0.decode_eof() {
            Ok(Some(event)) => describe(&event, outcome),
            Ok(None) => {}
            Err(error) => outcome.error = Some((error.kind(), error.at())),
        }
    }
}

/// A bare response decoder, for answers to GET.
pub(crate) struct Responses(ResponseDecoder, Buffer);

impl Responses {
    pub(crate) fn new() -> Self {
        Self(ResponseDecoder::new(Limits::default()), Buffer::new())
    }
}

impl Machine for Responses {
    fn feed(&mut self, input: &mut &[u8], outcome: &mut Outcome) -> bool {
        loop {
            match self.0.decode(input, &mut self.1) {
                Ok(None) => {
                    assert!(input.is_empty(), "the drain law");
                    return true;
                }
                Ok(Some(ResponseEvent::Paused)) => return true,
                Ok(Some(event)) => describe_response(&event, outcome),
                Err(error) => {
                    outcome.error = Some((error.kind(), error.at()));
                    assert!(input.is_empty(), "an error takes the whole input");
                    return false;
                }
            }
        }
    }

    fn eof(&mut self, outcome: &mut Outcome) {
        match self.0.decode_eof() {
            Ok(Some(event)) => describe_response(&event, outcome),
            Ok(None) => {}
            Err(error) => outcome.error = Some((error.kind(), error.at())),
        }
    }
}

fn describe(event: &Event<'_>, outcome: &mut Outcome) {
    match event {
        Event::Request { head, body } => {
            outcome.push(format!("{head:?} {body:?} host {:?}", head.host()));
        }
        Event::Data(data) => outcome.data(data),
        Event::End { trailers } => outcome.push(format!("end {trailers:?}")),
        Event::Paused => outcome.push("paused".into()),
    }
}

/// A client that has sent one request.
pub(crate) struct Client {
    http: ClientConnection,
    buffer: Buffer,
}

pub(crate) fn client(config: &ClientConfig, method: &str, upgrade: Option<&str>) -> Client {
    let mut http = ClientConnection::new(config.clone());
    let (target, host) = match method {
        "CONNECT" => ("a:443", None),
        _ => ("/", Some([("Host", "a")])),
    };
    let upgrade = upgrade.map(|protocol| [("Upgrade", protocol)]);
    http.send_request(
        method,
        target,
        (host, upgrade),
        RequestBody::None,
        &mut BytesMut::new(),
    )
    .expect("a request");
    Client {
        http,
        buffer: Buffer::new(),
    }
}

impl Machine for Client {
    fn feed(&mut self, input: &mut &[u8], outcome: &mut Outcome) -> bool {
        loop {
            match self.http.receive(input, &mut self.buffer) {
                Ok(Some(ResponseEvent::Paused)) => {
                    assert!(!input.is_empty(), "Paused leaves something");
                    return true;
                }
                Ok(Some(event)) => describe_response(&event, outcome),
                Ok(None) => {
                    assert!(input.is_empty(), "the drain law");
                    return true;
                }
                Err(error) => {
                    outcome.error = Some((error.kind(), error.at()));
                    assert!(input.is_empty(), "an error takes the whole input");
                    let mut more = &b"more"[..];
                    let again = self.http.receive(&mut more, &mut self.buffer);
                    assert_eq!(again.expect_err("sticky"), error);
                    assert!(more.is_empty(), "an error takes the whole input");
                    return false;
                }
            }
        }
    }

    fn eof(&mut self, outcome: &mut Outcome) {
        match self.http.receive_eof() {
            Ok(Some(event)) => describe_response(&event, outcome),
            Ok(None) => {}
            Err(error) => outcome.error = Some((error.kind(), error.at())),
        }
    }

    fn finish(&mut self, outcome: &mut Outcome) {
        outcome.closes = self.http.should_close();
        outcome.sent = match (self.http.is_switched(), self.http.is_reusable()) {
            (true, false) => "switched".into(),
            (false, true) => "reusable".into(),
            _ => String::new(),
        };
    }
}

fn describe_response(event: &ResponseEvent<'_>, outcome: &mut Outcome) {
    match event {
        ResponseEvent::Informational(head) => outcome.push(format!("{head:?}")),
        ResponseEvent::Response { head, body } => outcome.push(format!("{head:?} {body:?}")),
        ResponseEvent::Data(data) => outcome.data(data),
        ResponseEvent::End { trailers } => outcome.push(format!("end {trailers:?}")),
        ResponseEvent::Paused => outcome.push("paused".into()),
    }
}
