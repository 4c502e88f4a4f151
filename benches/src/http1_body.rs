//! HTTP/1.1, chunked bodies: received by a server from a request, and sent in a response.

use std::convert::Infallible;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use holdline_http1::{
    Buffer, ClientConfig, ClientConnection, Event, RequestBody, ResponseBody, ResponseEvent,
    ServerConfig, ServerConnection,
};
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Request, Response, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;

use crate::memory::{Exchange, run};
use crate::sample::{Random, ascii, size};
use crate::{BLOCK, Case, Digest, OURS, Sink, contestants};

/// Both directions in two sizes of chunks.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for length in [128, 16 << 10] {
        let decode: fn(&[u8], &mut Digest) = match length {
            128 => |written, sink| decode(128, written, sink),
            _ => |written, sink| decode(16 << 10, written, sink),
        };
        let body = move || Body::new(length, TOTAL / length);
        let chunks = (TOTAL / length) as u64;
        let name = format!("{} chunks", size(length));
        cases.push(Case::new(
            "HTTP chunked decode",
            name.clone(),
            chunks,
            move || contestants![body(); OURS => decode_ours, "hyper" => decode_hyper],
        ));
        cases.push(
            Case::new("HTTP chunked encode", name, chunks, move || {
                contestants![body();
                    OURS => encode_ours,
                    "holdline, frames alone" => encode_ours_frames_alone,
                    "hyper" => encode_hyper,
                ]
            })
            .written(decode),
        );
    }
    cases
}

/// The length of the body.
const TOTAL: usize = 256 << 10;

struct Body {
    chunks: Vec<Bytes>,
    /// The request with this body.
    request: Bytes,
}

impl Body {
    fn new(length: usize, count: usize) -> Self {
        let mut random = Random::new(13);
        let chunks: Vec<Bytes> = (0..count)
            .map(|_| ascii(length, &mut random).into())
            .collect();
        let mut client = ClientConnection::new(ClientConfig::default());
        let mut wire = BytesMut::new();
        client
            .send_request(
                "POST",
                "/",
                [("Host", "a")],
                RequestBody::Streamed,
                &mut wire,
            )
            .expect("idle");
        for chunk in &chunks {
            client.send_data(chunk, &mut wire).expect("open");
        }
        client.send_end(&mut wire).expect("open");
        Self {
            chunks,
            request: wire.freeze(),
        }
    }
}

/// Contestants may join chunks or cut them, so an item is as many bytes as a chunk had.
struct Recut<'s, S> {
    sink: &'s mut S,
    chunk: usize,
    missing: usize,
}

impl<'s, S: Sink> Recut<'s, S> {
    fn new(body: &Body, sink: &'s mut S) -> Self {
        let chunk = body.chunks[0].len();
        Self {
            sink,
            chunk,
            missing: chunk,
        }
    }

    fn data(&mut self, mut data: &[u8]) {
        if !S::CHECKS {
            return self.sink.part(data, false);
        }
        while !data.is_empty() {
            let (now, later) = data.split_at(data.len().min(self.missing));
            self.missing -= now.len();
            self.sink.part(now, self.missing == 0);
            if self.missing == 0 {
                self.missing = self.chunk;
            }
            data = later;
        }
    }
}

fn decode_ours(body: &Body, sink: &mut impl Sink) {
    let mut recut = Recut::new(body, sink);
    let mut http = ServerConnection::new(ServerConfig::default());
    let mut buffer = Buffer::new();
    let mut block = vec![0; BLOCK];
    for read in body.request.chunks(BLOCK) {
        block[..read.len()].copy_from_slice(read);
        let mut input = &block[..read.len()];
        while let Some(event) = http.receive(&mut input, &mut buffer).expect("valid") {
            if let Event::Data(data) = event {
                recut.data(data);
            }
        }
    }
}

fn decode_hyper<S: Sink>(body: &Body, sink: &mut S) {
    // The service and the stream want the sink at the same time. The answer is thrown away.
    let recut = std::cell::RefCell::new(Recut::new(body, sink));
    let mut nowhere = Nowhere;
    let service = service_fn(async |request: Request<Incoming>| {
        let mut body = request.into_body();
        while let Some(frame) = body.frame().await {
            if let Some(data) = frame.expect("valid").data_ref() {
                recut.borrow_mut().data(data);
            }
        }
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    let stream = TokioIo::new(Exchange::new(
        std::slice::from_ref(&body.request),
        &mut nowhere,
    ));
    run(http1::Builder::new()
        .max_buf_size(BLOCK)
        .half_close(true)
        .serve_connection(stream, service))
    .expect("valid");
}

fn encode_ours(body: &Body, sink: &mut impl Sink) {
    let mut out = BytesMut::with_capacity(BLOCK);
    let mut http = begin_response(&mut out);
    for chunk in &body.chunks {
        http.send_data(chunk, &mut out).expect("open");
        if out.len() >= BLOCK {
            sink.write(&out);
            out.clear();
        }
    }
    http.send_end(&mut out).expect("open");
    sink.write(&out);
}

/// A request was received, and the head of its response is in `out`.
fn begin_response(out: &mut BytesMut) -> ServerConnection {
    let mut http = ServerConnection::new(ServerConfig::default());
    let mut buffer = Buffer::new();
    let mut input = REQUEST;
    while let Some(event) = http.receive(&mut input, &mut buffer).expect("valid") {
        assert!(matches!(event, Event::Request { .. } | Event::End { .. }));
    }
    http.send_response(200, (), ResponseBody::Streamed, out)
        .expect("owed");
    http
}

/// The chunks are written from where they are, as in a vectored write.
fn encode_ours_frames_alone(body: &Body, sink: &mut impl Sink) {
    let mut out = BytesMut::with_capacity(BLOCK);
    let mut http = begin_response(&mut out);
    sink.write(&out);
    out.clear();
    for chunk in &body.chunks {
        let frame = http.send_frame(chunk.len()).expect("open").expect("a body");
        sink.write(frame.before());
        sink.write(chunk);
        sink.write(frame.after());
    }
    http.send_end(&mut out).expect("open");
    sink.write(&out);
}

fn encode_hyper(body: &Body, sink: &mut impl Sink) {
    let service = service_fn(async |_: Request<Incoming>| {
        let chunks = body.chunks.clone().into_iter();
        let chunks = stream::iter(chunks.map(|chunk| Ok::<_, Infallible>(Frame::data(chunk))));
        Ok::<_, Infallible>(Response::new(StreamBody::new(chunks)))
    });
    let reads = [Bytes::from_static(REQUEST)];
    let stream = TokioIo::new(Exchange::new(&reads, sink));
    run(http1::Builder::new()
        .max_buf_size(BLOCK)
        .half_close(true)
        .serve_connection(stream, service))
    .expect("valid");
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn decode(chunk: usize, mut written: &[u8], sink: &mut Digest) {
    let mut client = ClientConnection::new(ClientConfig::default());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    client
        .send_request("GET", "/", [("Host", "a")], RequestBody::None, &mut out)
        .expect("idle");
    let mut body = Vec::new();
    while let Some(event) = client.receive(&mut written, &mut buffer).expect("valid") {
        match event {
            ResponseEvent::Data(data) => body.extend_from_slice(data),
            ResponseEvent::End { .. } => break,
            _ => {}
        }
    }
    body.chunks(chunk).for_each(|chunk| sink.item(chunk));
}

/// Where answers go that nobody looks at.
struct Nowhere;

impl Sink for Nowhere {
    const CHECKS: bool = false;
    fn part(&mut self, _: &[u8], _: bool) {}
    fn write(&mut self, _: &[u8]) {}
}
