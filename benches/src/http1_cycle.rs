//! HTTP/1.1, from request to response in memory: keep-alive, one request in each read or 16.

use std::convert::Infallible;
use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use holdline_http1::{
    Buffer, ClientConfig, ClientConnection, Event, HeaderBlock, PreparedResponse, RequestBody,
    ResponseEvent, ServerConfig, ServerConnection,
};
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper_util::rt::TokioIo;

use crate::http1_head::{BROWSER, SMALL};
use crate::memory::{Exchange, run};
use crate::{Case, Digest, FLOOR, OURS, Sink, contestants};

/// Two requests, alone and 16 at a time.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, request) in [("small", SMALL), ("browser", BROWSER)] {
        for (depth_name, depth) in [("single", 1), ("16 pipelined", 16)] {
            cases.push(
                Case::new(
                    "HTTP cycle",
                    format!("{name}, {depth_name}"),
                    REQUESTS as u64,
                    move || {
                        let reads: Vec<Bytes> =
                            vec![request.repeat(depth).into(); REQUESTS / depth];
                        contestants![Reads(reads); OURS => ours, "holdline, prepared" => prepared, "hyper" => hyper, FLOOR => floor]
                    },
                )
                .written(decode),
            );
        }
    }
    cases
}

/// What each read gives.
struct Reads(Vec<Bytes>);

/// How many requests one run answers.
const REQUESTS: usize = 512;

/// Room for 16 heads of a browser, and not much more: the block is filled with zeros in each run.
const READ: usize = 16 << 10;

const BODY: &[u8] = b"Hello, World!";

/// The status, whether there is a date, and the body of each response. Names and order of other fields are
/// up to the contestant.
fn decode(mut written: &[u8], sink: &mut Digest) {
    let mut client = ClientConnection::new(ClientConfig::default());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
    while !written.is_empty() {
        client
            .send_request("GET", "/", [("Host", "a")], RequestBody::None, &mut out)
            .expect("idle");
        loop {
            let event = client.receive(&mut written, &mut buffer).expect("valid");
            match event.expect("whole") {
                ResponseEvent::Response { head, .. } => {
                    sink.part(&head.status().to_be_bytes(), false);
                    let date = head.headers().get("date").map_or(0, <[u8]>::len);
                    sink.part(&[date as u8], false);
                    sink.part(head.headers().get("content-type").unwrap_or(b""), false);
                }
                ResponseEvent::Data(data) => sink.part(data, false),
                ResponseEvent::End { .. } => break sink.part(&[], true),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn ours(Reads(reads): &Reads, sink: &mut impl Sink) {
    let mut http = ServerConnection::new(ServerConfig::default());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::with_capacity(READ));
    let mut block = vec![0; READ];
    // As a server that makes the date once a second.
    let common = HeaderBlock::new([
        ("Content-Type", "text/plain"),
        ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ]);
    let common = common.expect("valid");
    for read in reads {
        block[..read.len()].copy_from_slice(read);
        let mut input = &block[..read.len()];
        while let Some(event) = http.receive(&mut input, &mut buffer).expect("valid") {
            match event {
                Event::Request { head, .. } => assert_eq!(head.method(), "GET"),
                Event::End { .. } => http.respond(200, &common, BODY, &mut out).expect("owed"),
                other => panic!("{other:?}"),
            }
        }
        sink.write(&out);
        out.clear();
    }
}

/// The same with an answer that is made before.
fn prepared(Reads(reads): &Reads, sink: &mut impl Sink) {
    let mut http = ServerConnection::new(ServerConfig::default());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::with_capacity(READ));
    let mut block = vec![0; READ];
    let mut response = PreparedResponse::new(200, [("Content-Type", "text/plain")], BODY);
    let response = response.as_mut().expect("valid");
    response
        .set_date("Sun, 06 Nov 1994 08:49:37 GMT")
        .expect("valid");
    for read in reads {
        block[..read.len()].copy_from_slice(read);
        let mut input = &block[..read.len()];
        while let Some(event) = http.receive(&mut input, &mut buffer).expect("valid") {
            match event {
                Event::Request { head, .. } => assert_eq!(head.method(), "GET"),
                Event::End { .. } => http.respond_prepared(response, &mut out).expect("owed"),
                other => panic!("{other:?}"),
            }
        }
        sink.write(&out);
        out.clear();
    }
}

fn hyper(Reads(reads): &Reads, sink: &mut impl Sink) {
    use hyper::body::Incoming;
    use hyper::{Request, Response, server::conn::http1, service::service_fn};
    let service = service_fn(async |request: Request<Incoming>| {
        assert_eq!(request.method(), "GET");
        let mut response = Response::new(Full::new(Bytes::from_static(BODY)));
        let kind = HeaderValue::from_static("text/plain");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        Ok::<_, Infallible>(response)
    });
    let stream = TokioIo::new(Exchange::new(reads, sink));
    let connection = http1::Builder::new()
        .pipeline_flush(true)
        .serve_connection(stream, service);
    run(connection).expect("valid");
}

/// httparse alone, and an answer that was made before.
fn floor(Reads(reads): &Reads, sink: &mut impl Sink) {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\
                            Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nHello, World!";
    let mut out = BytesMut::with_capacity(READ);
    let mut block = vec![0; READ];
    for read in reads {
        block[..read.len()].copy_from_slice(read);
        let mut input = &block[..read.len()];
        while !input.is_empty() {
            let mut fields = [const { MaybeUninit::uninit() }; 64];
            let mut request = httparse::Request::new(&mut []);
            let status = request.parse_with_uninit_headers(input, &mut fields);
            input = &input[status.expect("valid").unwrap()..];
            assert_eq!(request.method, Some("GET"));
            out.extend_from_slice(ANSWER);
        }
        sink.write(&out);
        out.clear();
    }
}
