//! HTTP/1.1 in both directions.

use bytes::BytesMut;
use holdline_http1::{
    Buffer, Chunk, ChunkDecoder, ClientConfig, ClientConnection, Event, Headers, Limits,
    ReceiveError, ReceiveErrorKind, RequestBody, RequestDecoder, ResponseBody, ResponseDecoder,
    ResponseEvent, ServerConfig, ServerConnection,
};

use crate::cuts::{Cuts, seed};

/// What came out of a stream. Body data is joined, because its pieces follow the cuts.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    items: Vec<String>,
    error: Option<(ReceiveErrorKind, u64)>,
}

impl Outcome {
    fn data(&mut self, data: &[u8]) {
        assert!(!data.is_empty());
        let text = data.escape_ascii().to_string();
        match self.items.last_mut() {
            Some(last) if last.starts_with("data ") => last.push_str(&text),
            _ => self.items.push(format!("data {text}")),
        }
    }

    fn fail(&mut self, error: &ReceiveError) {
        assert!((400..=599).contains(&error.status()), "{error}");
        assert!(error.section().starts_with("RFC "), "{error}");
        self.error = Some((error.kind(), error.at()));
    }
}

/// However a stream of requests is cut, the requests and the error are the same.
pub fn request(data: &[u8]) {
    let (seed, stream) = seed(data);
    let whole = requests(limits(seed), std::iter::once(stream));
    assert_eq!(whole, requests(limits(seed), Cuts::new(stream, seed)));
}

/// However a stream of responses is cut, the responses and the error are the same.
pub fn response(data: &[u8]) {
    let (seed, stream) = seed(data);
    let method = ["GET", "HEAD", "CONNECT", "POST"][usize::from(seed >> 1) % 4];
    let whole = responses(limits(seed), method, std::iter::once(stream));
    assert_eq!(
        whole,
        responses(limits(seed), method, Cuts::new(stream, seed))
    );
}

/// However a chunked body is cut, the data and the error are the same.
pub fn chunked(data: &[u8]) {
    let (seed, stream) = seed(data);
    let decode = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut decoder = ChunkDecoder::new(limits(seed));
        let mut outcome = Outcome::default();
        for piece in pieces {
            let mut input = piece;
            loop {
                match decoder.decode(&mut input) {
                    Ok(Some(Chunk::Data(data))) => outcome.data(data),
                    Ok(Some(Chunk::Last)) => outcome.items.push("last".to_owned()),
                    Ok(None) => break,
                    Err(error) => {
                        outcome.fail(&error);
                        return outcome;
                    }
                }
            }
        }
        outcome
    };
    let whole = decode(&mut std::iter::once(stream));
    assert_eq!(whole, decode(&mut Cuts::new(stream, seed)));
}

/// A server that answers whatever comes: the same answers however the requests are cut, each request
/// answered once, nothing after an error, and every answer is one that our client understands.
pub fn server(data: &[u8]) {
    let (seed, stream) = seed(data);
    let whole = serve(seed, std::iter::once(stream));
    let cut = serve(seed, Cuts::new(stream, seed));
    assert_eq!(whole, cut);
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
    let mut server = ServerConnection::new(ServerConfig::default());
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

fn fields(headers: Headers<'_>) -> String {
    let line = |(name, value): (&str, &[u8])| format!(" {name}={}", value.escape_ascii());
    headers.iter().map(line).collect()
}

fn requests<'a>(limits: Limits, pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = RequestDecoder::new(limits);
    let mut buffer = Buffer::new();
    let mut outcome = Outcome::default();
    for piece in pieces {
        let mut input = piece;
        loop {
            match decoder.decode(&mut input, &mut buffer) {
                Ok(Some(Event::Request { head, body })) => outcome.items.push(format!(
                    "{} {} {:?}{} {body:?}",
                    head.method(),
                    head.target(),
                    head.version(),
                    fields(head.headers()),
                )),
                Ok(Some(Event::Data(data))) => outcome.data(data),
                Ok(Some(Event::End { trailers })) => {
                    outcome.items.push(format!("end{}", fields(trailers)));
                }
                Ok(Some(_)) | Ok(None) => break,
                Err(error) => {
                    outcome.fail(&error);
                    return outcome;
                }
            }
        }
    }
    match decoder.decode_eof() {
        Ok(end) => outcome.items.extend(end.map(|end| format!("{end:?}"))),
        Err(error) => outcome.fail(&error),
    }
    outcome
}

fn responses<'a>(limits: Limits, method: &str, pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = ResponseDecoder::new(limits);
    decoder.expect(method);
    let mut buffer = Buffer::new();
    let mut outcome = Outcome::default();
    for piece in pieces {
        let mut input = piece;
        loop {
            match decoder.decode(&mut input, &mut buffer) {
                Ok(Some(ResponseEvent::Data(data))) => outcome.data(data),
                Ok(Some(ResponseEvent::Paused)) | Ok(None) => break,
                Ok(Some(event)) => outcome.items.push(format!("{event:?}")),
                Err(error) => {
                    outcome.fail(&error);
                    return outcome;
                }
            }
        }
    }
    match decoder.decode_eof() {
        Ok(end) => outcome.items.extend(end.map(|end| format!("{end:?}"))),
        Err(error) => outcome.fail(&error),
    }
    outcome
}

/// The requests that reached the application, the error, and the statuses of what was answered.
fn serve<'a>(seed: u8, pieces: impl Iterator<Item = &'a [u8]>) -> (Outcome, Vec<u16>, bool) {
    let mut config = ServerConfig::default();
    config.limits = limits(seed);
    let mut server = ServerConnection::new(config);
    let mut buffer = Buffer::new();
    let mut outcome = Outcome::default();
    let (mut out, mut methods) = (BytesMut::new(), Vec::new());
    let mut kept = Vec::new();
    'stream: for piece in pieces {
        kept.extend_from_slice(piece);
        let block = std::mem::take(&mut kept);
        let mut input = &block[..];
        loop {
            match server.receive(&mut input, &mut buffer) {
                Ok(Some(Event::Request { head, .. })) => {
                    outcome
                        .items
                        .push(format!("{} {}", head.method(), head.target()));
                    methods.push(head.method().to_owned());
                }
                Ok(Some(Event::Data(data))) => outcome.data(data),
                Ok(Some(Event::End { .. })) => {
                    let method = methods.last().map_or("", String::as_str);
                    // A tunnel is not offered: 405 like any other method that is unknown.
                    let status = if method == "CONNECT" { 405 } else { 200 };
                    server
                        .respond(status, (), b"answer", &mut out)
                        .expect("a request waits");
                }
                Ok(Some(_)) => {
                    assert!(server.should_close(), "paused, with everything answered");
                    break 'stream;
                }
                Ok(None) => break,
                Err(error) => {
                    outcome.fail(&error);
                    if server.can_respond() {
                        server
                            .respond(error.status(), (), b"error", &mut out)
                            .expect("it can respond");
                        methods.push("ERROR".to_owned());
                    }
                    assert!(server.should_close());
                    break 'stream;
                }
            }
        }
        kept.extend_from_slice(input);
    }
    let mut statuses = Vec::new();
    let mut answers = &out[..];
    let mut decoder = ResponseDecoder::new(Limits::default());
    for method in &methods {
        // A fault inside a request replaces its answer.
        decoder.expect(method);
        while !answers.is_empty() {
            match decoder
                .decode(&mut answers, &mut buffer)
                .expect("our own answers")
            {
                Some(ResponseEvent::Response { head, .. }) => statuses.push(head.status()),
                Some(ResponseEvent::End { .. }) => break,
                _ => {}
            }
        }
    }
    assert!(statuses.len() <= methods.len());
    (outcome, statuses, server.should_close())
}
