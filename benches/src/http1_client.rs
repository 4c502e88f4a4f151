//! HTTP/1.1, from request to response in memory, as a client that keeps its connection: one request at a time.

use std::cell::RefCell;
use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use futures_util::future::join;
use holdline_http1::{
    Buffer, ClientConfig, ClientConnection, Event, RequestBody, ResponseEvent, ServerConfig,
    ServerConnection,
};
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;

use crate::memory::{Exchange, run};
use crate::sample::{Random, ascii};
use crate::{Case, Digest, FLOOR, OURS, Sink, contestants};

/// Two responses.
#[must_use]
pub fn cases() -> Vec<Case> {
    let small = format!("{HEAD}Content-Length: 13\r\n\r\nHello, World!");
    let json = ascii(1 << 10, &mut Random::new(1));
    let api = format!("{HEAD}{API_FIELDS}Content-Length: 1024\r\n\r\n{json}");
    [("small", small), ("1 KiB, 14 fields", api)]
        .map(|(name, response)| {
            let case = Case::new("HTTP client", name, REQUESTS as u64, move || {
                let response = Bytes::from(response.clone());
                contestants![Responses(vec![response; REQUESTS]);
                    OURS => ours,
                    "hyper" => hyper,
                    "ureq-proto" => ureq_proto,
                    FLOOR => floor,
                ]
            });
            case.written(decode)
        })
        .into()
}

const HEAD: &str = "HTTP/1.1 200 OK\r\n\
Content-Type: text/plain\r\n\
Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

/// As an API behind a proxy sends them.
const API_FIELDS: &str = "Server: nginx\r\n\
Vary: Accept-Encoding, Origin\r\n\
Cache-Control: no-store\r\n\
X-Request-Id: req_0123456789abcdef0123456789abcdef\r\n\
X-RateLimit-Limit: 5000\r\n\
X-RateLimit-Remaining: 4999\r\n\
X-RateLimit-Reset: 1700000000\r\n\
Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n\
X-Content-Type-Options: nosniff\r\n\
Access-Control-Allow-Origin: *\r\n\
Connection: keep-alive\r\n";

/// What each read gives.
struct Responses(Vec<Bytes>);

/// How many requests one run sends.
const REQUESTS: usize = 512;

/// Room for a response.
const READ: usize = 4 << 10;

const TARGET: &str = "/channels/news?since=earliest";
const HOST: &str = "example.com";
const AGENT: &str = "bench/1";

/// What was sent: method, target and the fields that all send. Names are not compared by case.
fn decode(written: &[u8], sink: &mut Digest) {
    let mut server = ServerConnection::new(ServerConfig::default());
    let (mut input, mut buffer, mut out) = (written, Buffer::new(), BytesMut::new());
    while let Some(event) = server.receive(&mut input, &mut buffer).expect("valid") {
        match event {
            Event::Request { head, .. } => {
                sink.part(head.method().as_bytes(), false);
                sink.part(head.target().as_bytes(), false);
                for name in ["host", "user-agent", "accept"] {
                    sink.part(head.headers().get(name).expect("sent"), false);
                }
            }
            Event::End { .. } => {
                let fields = [("Content-Type", "text/plain")];
                server.respond(200, fields, b"", &mut out).expect("owed");
                out.clear();
            }
            other => panic!("{other:?}"),
        }
    }
}

fn ours(Responses(reads): &Responses, sink: &mut impl Sink) {
    let mut http = ClientConnection::new(ClientConfig::default());
    let (mut buffer, mut out) = (Buffer::new(), BytesMut::with_capacity(READ));
    let mut block = vec![0; READ];
    let fields = [("Host", HOST), ("User-Agent", AGENT), ("Accept", "*/*")];
    for read in reads {
        http.send_request("GET", TARGET, fields, RequestBody::None, &mut out)
            .expect("idle");
        sink.write(&out);
        out.clear();
        block[..read.len()].copy_from_slice(read);
        let mut input = &block[..read.len()];
        loop {
            let event = http.receive(&mut input, &mut buffer).expect("valid");
            match event.expect("whole") {
                ResponseEvent::Response { head, .. } => {
                    sink.part(&head.status().to_be_bytes(), false);
                    sink.part(head.headers().get("content-type").unwrap_or(b""), false);
                }
                ResponseEvent::Data(data) => sink.part(data, false),
                ResponseEvent::End { .. } => break sink.part(&[], true),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn hyper<S: Sink>(Responses(reads): &Responses, sink: &mut S) {
    let uri = Uri::from_static(TARGET);
    let sink = RefCell::new(sink);
    let mut written = Shared(&sink);
    let stream = TokioIo::new(Exchange::of_client(reads, &mut written));
    run(async {
        let handshake = hyper::client::conn::http1::handshake(stream).await;
        let (mut sender, connection) = handshake.expect("no input yet");
        let requests = async {
            for _ in reads {
                let request = Request::get(uri.clone())
                    .header("host", HOST)
                    .header("user-agent", AGENT)
                    .header("accept", "*/*")
                    .body(Empty::<Bytes>::new());
                let response = sender.send_request(request.expect("valid"));
                let response = response.await.expect("a response");
                let (status, kind) = (response.status(), response.headers().get("content-type"));
                let kind = kind.map_or(&b""[..], |kind| kind.as_bytes());
                sink.borrow_mut()
                    .part(&status.as_u16().to_be_bytes(), false);
                sink.borrow_mut().part(kind, false);
                let body = response.into_body().collect().await.expect("whole");
                sink.borrow_mut().item(&body.to_bytes());
            }
            drop(sender);
        };
        let (connection, ()) = join(connection, requests).await;
        connection.expect("valid");
    });
}

/// The sink for the connection and for who reads from it.
struct Shared<'a, S>(&'a RefCell<&'a mut S>);

impl<S: Sink> Sink for Shared<'_, S> {
    const CHECKS: bool = S::CHECKS;

    fn part(&mut self, data: &[u8], last: bool) {
        self.0.borrow_mut().part(data, last);
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.borrow_mut().write(bytes);
    }
}

/// It has no interface to reuse a request, so each one is put together again.
fn ureq_proto(Responses(reads): &Responses, sink: &mut impl Sink) {
    use ureq_proto::client::{Call, RecvBodyResult, RecvResponseResult, SendRequestResult};
    let uri: ureq_proto::http::Uri = format!("http://{HOST}{TARGET}").parse().expect("valid");
    let (mut out, mut body, mut block) = (vec![0; READ], vec![0; READ], vec![0; READ]);
    for read in reads {
        let request = ureq_proto::http::Request::get(uri.clone())
            .header("user-agent", AGENT)
            .header("accept", "*/*")
            .body(())
            .expect("valid");
        let mut call = Call::new(request).expect("valid").proceed();
        let length = call.write(&mut out).expect("room");
        sink.write(&out[..length]);
        block[..read.len()].copy_from_slice(read);
        let input = &block[..read.len()];
        let Some(SendRequestResult::RecvResponse(mut call)) = call.proceed().expect("sent") else {
            panic!("a request without a body")
        };
        let (used, response) = call.try_response(input, false).expect("valid");
        let response = response.expect("whole");
        sink.part(&response.status().as_u16().to_be_bytes(), false);
        let kind = response.headers().get("content-type");
        sink.part(kind.map_or(b"", |kind| kind.as_bytes()), false);
        let Some(RecvResponseResult::RecvBody(mut call)) = call.proceed() else {
            panic!("a response with a body")
        };
        let (_, length) = call.read(&input[used..], &mut body).expect("valid");
        sink.part(&body[..length], true);
        assert!(matches!(call.proceed(), Some(RecvBodyResult::Cleanup(_))));
    }
}

/// A request that was made before, httparse alone, and a body whose length is known.
fn floor(Responses(reads): &Responses, sink: &mut impl Sink) {
    let request = format!(
        "GET {TARGET} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: {AGENT}\r\nAccept: */*\r\n\r\n"
    );
    let mut block = vec![0; READ];
    for read in reads {
        sink.write(request.as_bytes());
        block[..read.len()].copy_from_slice(read);
        let input = &block[..read.len()];
        let mut fields = [const { MaybeUninit::uninit() }; 64];
        let mut response = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        let status = config.parse_response_with_uninit_headers(&mut response, input, &mut fields);
        let body = &input[status.expect("valid").unwrap()..];
        assert_eq!(response.code, Some(200));
        sink.item(body);
    }
}
