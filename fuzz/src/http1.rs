//! HTTP/1.1 in both directions.

use bytes::{Bytes, BytesMut};
use holdline_http1::{
    Buffer, Chunk, ChunkDecoder, ClientConfig, ClientConnection, Event, Limits, PreparedResponse,
    ReceiveError, RequestBody, RequestDecoder, ResponseBody, ResponseDecoder, ResponseEvent,
    SendError, ServerConfig, ServerConnection,
};

use crate::cuts::{Cuts, seed};
use stream::{Machine, Next, Outcome, feed, fields, however_cut};

mod foreign;
mod lenient;
mod second_opinion;
mod session;
mod stream;

pub use foreign::hyper;
pub use lenient::lenient;
pub use session::session;

/// However a stream of requests is cut, the requests and the error are the same; and httparse agrees about
/// the first head.
pub fn request(data: &[u8]) {
    let (seed, stream) = seed(data);
    second_opinion::of_request(stream, &limits(seed));
    however_cut(|| Requests::new(limits(seed)), stream, seed);
}

/// However a stream of responses is cut, the responses and the error are the same; and httparse agrees
/// about the first head.
pub fn response(data: &[u8]) {
    let (seed, stream) = seed(data);
    let method = method(seed);
    second_opinion::of_response(stream, method, &limits(seed));
    however_cut(|| Responses::new(limits(seed), method), stream, seed);
}

/// However a chunked body is cut, the data and the error are the same.
pub fn chunked(data: &[u8]) {
    let (seed, stream) = seed(data);
    however_cut(|| Chunks(ChunkDecoder::new(limits(seed))), stream, seed);
}

/// A server that answers whatever comes: the same answers however the requests are cut, each request
/// answered once, nothing after an error, and every answer is one that our client understands. Answers that were
/// prepared, and those whose body is not copied, are the same, byte for byte.
pub fn server(data: &[u8]) {
    let (seed, stream) = seed(data);
    let all = however_cut(|| Server::new(limits(seed), respond), stream, seed);
    for respond in [respond_prepared, respond_shared] {
        let mut other = Server::new(limits(seed), respond);
        feed(&mut other, Cuts::new(stream, seed));
        assert_eq!(other.out, all[0].0.out);
    }
    let [whole, cut, single] = all.map(|(server, _)| server.answers());
    assert_eq!(whole, cut);
    assert_eq!(whole, single);
}

/// A request of our client arrives at our server as it was sent, and the answer at the client.
pub fn exchange(data: &[u8]) {
    let (seed, text) = seed(data);
    let (head, body) = match text.iter().position(|&byte| byte == b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &[][..]),
    };
    let value = String::from_utf8_lossy(head);
    let fields = [("Host", "example.com"), ("X-Value", value.as_ref())];
    let chunked = seed % 2 == 1;
    let mut client = ClientConnection::new(ClientConfig::default());
    let mut wire = BytesMut::new();
    let length = if chunked {
        RequestBody::Streamed
    } else {
        RequestBody::Known(body.len() as u64)
    };
    if client
        .send_request("POST", "/path?query", fields, length, &mut wire)
        .is_err()
    {
        assert!(wire.is_empty(), "nothing is written on an error");
        assert!(value.chars().any(char::is_control));
        return;
    }
    for piece in Cuts::new(body, seed) {
        client.send_data(piece, &mut wire).expect("a body is open");
    }
    client.send_end(&mut wire).expect("a body is open");
    let mut config = ServerConfig::default();
    // The value may be long, and what is no UTF-8 in it has become three bytes.
    config.limits.max_head = wire.len();
    let mut server = ServerConnection::new(config);
    let (mut buffer, mut got, mut answer) = (Buffer::new(), Vec::new(), BytesMut::new());
    for piece in Cuts::new(&wire, seed.wrapping_add(1)) {
        let mut input = piece;
        while let Some(event) = server
            .receive(&mut input, &mut buffer)
            .expect("our own request")
        {
            match event {
                Event::Request { head, .. } => {
                    let echoed = head.headers().get("x-value").expect("it was sent");
                    assert_eq!(echoed, value.trim_matches([' ', '\t']).as_bytes());
                }
                Event::Data(data) => got.extend_from_slice(data),
                Event::End { .. } => {
                    let body = if seed & 2 == 0 {
                        ResponseBody::Streamed
                    } else {
                        ResponseBody::Known(got.len() as u64)
                    };
                    server
                        .send_response(200, (), body, &mut answer)
                        .expect("a request waits");
                    server.send_data(&got, &mut answer).expect("a body is open");
                    server.send_end(&mut answer).expect("a body is open");
                }
                _ => panic!("nothing else was sent"),
            }
        }
    }
    assert_eq!(got, body);
    let mut back = Vec::new();
    for piece in Cuts::new(&answer, seed.wrapping_add(2)) {
        let mut input = piece;
        while let Some(event) = client
            .receive(&mut input, &mut buffer)
            .expect("our own response")
        {
            if let ResponseEvent::Data(data) = event {
                back.extend_from_slice(data);
            }
        }
    }
    assert_eq!(back, body);
    assert!(client.is_reusable() && server.is_idle());
}

fn limits(seed: u8) -> Limits {
    let mut limits = Limits::default();
    if seed & 0x40 != 0 {
        limits.max_head = 120;
        limits.max_fields = 4;
        limits.max_target = 20;
        limits.max_method = 5;
        limits.max_body = 30;
        limits.max_chunk_extension = 8;
        limits.max_chunk_extensions = 12;
    }
    limits
}

/// The method of the request that a stream of responses answers.
fn method(seed: u8) -> &'static str {
    ["GET", "HEAD", "CONNECT", "POST"][usize::from(seed >> 1) % 4]
}

struct Requests {
    decoder: RequestDecoder,
    buffer: Buffer,
}

impl Requests {
    fn new(limits: Limits) -> Self {
        Self {
            decoder: RequestDecoder::new(limits),
            buffer: Buffer::new(),
        }
    }
}

impl Machine for Requests {
    fn next(&mut self, input: &mut &[u8], outcome: &mut Outcome) -> Result<Next, ReceiveError> {
        match self.decoder.decode(input, &mut self.buffer)? {
            None => return Ok(Next::Drained),
            Some(Event::Paused) => return Ok(Next::Stop),
            Some(Event::Request { head, body }) => outcome.push(format!(
                "{} {} {:?}{} {body:?}",
                head.method(),
                head.target(),
                head.version(),
                fields(head.headers()),
            )),
            Some(Event::Data(data)) => outcome.data(data),
            Some(event) => outcome.push(format!("{event:?}")),
        }
        Ok(Next::Item)
    }

    fn eof(&mut self, outcome: &mut Outcome) -> Result<(), ReceiveError> {
        let end = self.decoder.decode_eof()?;
        outcome.items.extend(end.map(|end| format!("{end:?}")));
        Ok(())
    }
}

struct Responses {
    decoder: ResponseDecoder,
    buffer: Buffer,
}

impl Responses {
    fn new(limits: Limits, method: &str) -> Self {
        let mut decoder = ResponseDecoder::new(limits);
        decoder.expect(method);
        Self {
            decoder,
            buffer: Buffer::new(),
        }
    }
}

impl Machine for Responses {
    fn next(&mut self, input: &mut &[u8], outcome: &mut Outcome) -> Result<Next, ReceiveError> {
        match self.decoder.decode(input, &mut self.buffer)? {
            None => return Ok(Next::Drained),
            Some(ResponseEvent::Paused) => return Ok(Next::Stop),
            Some(ResponseEvent::Data(data)) => outcome.data(data),
            Some(event) => outcome.push(format!("{event:?}")),
        }
        Ok(Next::Item)
    }

    fn eof(&mut self, outcome: &mut Outcome) -> Result<(), ReceiveError> {
        let end = self.decoder.decode_eof()?;
        outcome.items.extend(end.map(|end| format!("{end:?}")));
        Ok(())
    }
}

struct Chunks(ChunkDecoder);

impl Machine for Chunks {
    fn next(&mut self, input: &mut &[u8], outcome: &mut Outcome) -> Result<Next, ReceiveError> {
        match self.0.decode(input)? {
            // After the last chunk it takes nothing.
            None if !input.is_empty() => return Ok(Next::Stop),
            None => return Ok(Next::Drained),
            Some(Chunk::Data(data)) => outcome.data(data),
            Some(Chunk::Last) => outcome.push("last"),
        }
        Ok(Next::Item)
    }
}

/// Answers each request, and an error.
struct Server {
    http: ServerConnection,
    buffer: Buffer,
    out: BytesMut,
    /// The methods of the requests, and `ERROR` for an error.
    methods: Vec<String>,
    respond: Respond,
}

type Respond = fn(&mut ServerConnection, u16, &[u8], &mut BytesMut) -> Result<(), SendError>;

fn respond(
    http: &mut ServerConnection,
    status: u16,
    body: &[u8],
    out: &mut BytesMut,
) -> Result<(), SendError> {
    http.respond(status, (), body, out)
}

fn respond_prepared(
    http: &mut ServerConnection,
    status: u16,
    body: &[u8],
    out: &mut BytesMut,
) -> Result<(), SendError> {
    http.respond_prepared(&PreparedResponse::new(status, (), body)?, out)
}

fn respond_shared(
    http: &mut ServerConnection,
    status: u16,
    body: &[u8],
    out: &mut BytesMut,
) -> Result<(), SendError> {
    let rest = http.respond_shared(status, (), &Bytes::copy_from_slice(body), out)?;
    out.extend_from_slice(&rest);
    Ok(())
}

impl Server {
    fn new(limits: Limits, respond: Respond) -> Self {
        let mut config = ServerConfig::default();
        config.limits = limits;
        Self {
            http: ServerConnection::new(config),
            buffer: Buffer::new(),
            out: BytesMut::new(),
            methods: Vec::new(),
            respond,
        }
    }

    /// The statuses of what was answered, read by our client.
    fn answers(mut self) -> (Vec<u16>, bool) {
        let mut statuses = Vec::new();
        let mut answers = &self.out[..];
        let mut decoder = ResponseDecoder::new(Limits::default());
        for method in &self.methods {
            // A fault inside a request replaces its answer.
            decoder.expect(method);
            while !answers.is_empty() {
                match decoder
                    .decode(&mut answers, &mut self.buffer)
                    .expect("our own answers")
                {
                    Some(ResponseEvent::Response { head, .. }) => statuses.push(head.status()),
                    Some(ResponseEvent::End { .. }) => break,
                    _ => {}
                }
            }
        }
        assert!(statuses.len() <= self.methods.len());
        (statuses, self.http.should_close())
    }
}

impl Machine for Server {
    fn next(&mut self, input: &mut &[u8], outcome: &mut Outcome) -> Result<Next, ReceiveError> {
        match self.http.receive(input, &mut self.buffer)? {
            None => return Ok(Next::Drained),
            Some(Event::Request { head, .. }) => {
                outcome.push(format!("{} {}", head.method(), head.target()));
                self.methods.push(head.method().to_owned());
            }
            Some(Event::Data(data)) => outcome.data(data),
            Some(Event::End { .. }) => {
                let method = self.methods.last().map_or("", String::as_str);
                // A tunnel is not offered: 405 like any other method that is unknown.
                let status = if method == "CONNECT" { 405 } else { 200 };
                (self.respond)(&mut self.http, status, b"answer", &mut self.out)
                    .expect("a request waits");
            }
            Some(_) => {
                assert!(self.http.should_close(), "paused, with everything answered");
                return Ok(Next::Stop);
            }
        }
        Ok(Next::Item)
    }

    fn failed(&mut self, error: &ReceiveError) {
        if self.http.can_respond() {
            (self.respond)(&mut self.http, error.status(), b"error", &mut self.out)
                .expect("it can respond");
            self.methods.push("ERROR".to_owned());
        }
        assert!(self.http.should_close());
    }
}
