//! Sessions of exchanges with bodies of any size between ours and hyper, in both roles.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use bytes::{Bytes, BytesMut};
use holdline_http1::{
    Buffer, ClientConfig, ClientConnection, Event, PreChunked, PreparedResponse, RequestBody,
    ResponseBody, ResponseEvent, ServerConfig, ServerConnection,
};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::rt::ReadBufCursor;
use hyper::service::service_fn;
use hyper::{Request, Response};

use crate::cuts::Cuts;
use crate::stated::{Script, Step};

/// Our client with hyper's server, and hyper's client with our server, over one connection: every body arrives as it was in
/// both directions, whatever its size (see `Script`), its framing and the cuts, and the connection is kept.
///
/// A step is an exchange, whose request and response have the same body. By its kind: bits 0 and 1, how the request's body is
/// framed; 2 to 4, the response's, or that it was prepared; 5, trailers after chunks, or a date in what was prepared.
pub fn session(data: &[u8]) {
    let script = Script::of(data);
    let steps: Vec<_> = script.steps.iter().take(MOST).copied().collect();
    let bodies: Vec<_> = steps
        .iter()
        .map(|step| Bytes::from(step.payload.bytes()))
        .collect();
    with_their_server(&steps, &bodies, script.cuts);
    with_their_client(&steps, &bodies, script.cuts);
}

fn with_their_server(steps: &[Step], bodies: &[Bytes], cuts: u8) {
    let pipe = Pipe::default();
    let got = Rc::new(RefCell::new(Vec::new()));
    let service = service_fn(|request: Request<Incoming>| {
        let got = Rc::clone(&got);
        async move {
            let kind = request.headers()["x-kind"].as_bytes()[0];
            let body = read(request.into_body()).await;
            got.borrow_mut().push(body.clone());
            Ok::<_, Infallible>(Response::new(Pieces::new(body, kind >> 1 & 1 != 0)))
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.header_read_timeout(None).auto_date_header(false);
    let mut server = pin!(builder.serve_connection(pipe.clone(), service));
    let turns = Turns::new();
    let mut ours = ClientConnection::new(ClientConfig::default());
    let mut buffer = Buffer::new();
    for (step, body) in steps.iter().zip(bodies) {
        let mut wire = BytesMut::new();
        send_request(&mut ours, *step, body, cuts, &mut wire);
        let mut back = Vec::new();
        for piece in Cuts::of_long(&wire, cuts) {
            pipe.put(piece);
            turns.run(|cx| assert!(server.as_mut().poll(cx).is_pending(), "it is kept"));
        }
        for piece in Cuts::of_long(&pipe.take(), cuts.wrapping_add(1)) {
            let mut input = piece;
            while let Some(event) = ours
                .receive(&mut input, &mut buffer)
                .expect("a good response")
            {
                if let ResponseEvent::Data(data) = event {
                    back.extend_from_slice(data);
                }
            }
        }
        assert!(ours.is_reusable(), "the response is complete");
        assert!(got.borrow().last() == Some(body), "hyper read another body");
        assert!(back == *body, "we read another body");
    }
    assert_eq!(got.borrow().len(), steps.len());
}

fn with_their_client(steps: &[Step], bodies: &[Bytes], cuts: u8) {
    let pipe = Pipe::default();
    let turns = Turns::new();
    let builder = hyper::client::conn::http1::Builder::new();
    let mut handshake = pin!(builder.handshake::<_, Pieces>(pipe.clone()));
    let mut connected = None;
    turns.run(|cx| {
        if let Poll::Ready(both) = handshake.as_mut().poll(cx) {
            connected = Some(both.expect("a handshake"));
        }
    });
    let (mut sender, connection) = connected.expect("a handshake needs no bytes");
    let mut connection = pin!(connection);
    let mut ours = ServerConnection::new(ServerConfig::default());
    let mut buffer = Buffer::new();
    for (step, body) in steps.iter().zip(bodies) {
        let request = Request::post("/a?b").header("host", "a.example");
        let request = request
            .body(Pieces::new(body.clone(), step.kind & 1 != 0))
            .expect("a request");
        let mut answer = pin!(sender.send_request(request));
        turns.run(|cx| {
            assert!(answer.as_mut().poll(cx).is_pending());
            assert!(connection.as_mut().poll(cx).is_pending(), "it is kept");
        });
        let (mut got, mut out) = (Vec::new(), BytesMut::new());
        for piece in Cuts::of_long(&pipe.take(), cuts) {
            let mut input = piece;
            while let Some(event) = ours
                .receive(&mut input, &mut buffer)
                .expect("a good request")
            {
                match event {
                    Event::Data(data) => got.extend_from_slice(data),
                    Event::End { .. } => send_response(&mut ours, *step, body, cuts, &mut out),
                    _ => {}
                }
            }
        }
        assert!(got == *body, "we read another body");
        assert!(ours.is_idle() && !ours.should_close());
        let mut reading = pin!(async {
            let response = answer.await.expect("a good response");
            assert_eq!(response.headers()["x-kind"], "value");
            let date = response.headers().get("date");
            assert_eq!(date.is_some(), step.kind & 0x3c == 0x3c);
            assert!(date.is_none_or(|date| date == DATE));
            read(response.into_body()).await
        });
        let mut read = None;
        for piece in Cuts::of_long(&out, cuts.wrapping_add(1)) {
            pipe.put(piece);
            turns.run(|cx| {
                assert!(connection.as_mut().poll(cx).is_pending(), "it is kept");
                if read.is_none()
                    && let Poll::Ready(body) = reading.as_mut().poll(cx)
                {
                    read = Some(body);
                }
            });
        }
        assert!(read.as_ref() == Some(body), "hyper read another body");
    }
}

fn send_request(
    ours: &mut ClientConnection,
    step: Step,
    body: &[u8],
    cuts: u8,
    out: &mut BytesMut,
) {
    let kind = [step.kind >> 2 & 0x1f | 0x40];
    let fields = [("Host", &b"a.example"[..]), ("X-Kind", &kind)];
    let length = match step.kind & 3 {
        0 => {
            ours.request("POST", "/a?b", fields, body, out)
                .expect("it is idle");
            return;
        }
        1 => RequestBody::Known(body.len() as u64),
        _ => RequestBody::Streamed,
    };
    ours.send_request("POST", "/a?b", fields, length, out)
        .expect("it is idle");
    for piece in Cuts::of_long(body, cuts) {
        if step.kind & 3 != 3 {
            ours.send_data(piece, out).expect("a body is open");
        } else if let Some(frame) = ours.send_frame(piece.len()).expect("a body is open") {
            for part in [frame.before(), piece, frame.after()] {
                out.extend_from_slice(part);
            }
        }
    }
    if step.kind & 0x22 == 0x22 {
        ours.send_end_with_trailers(TRAILERS, out)
            .expect("a body is open");
    } else {
        ours.send_end(out).expect("a body is open");
    }
}

fn send_response(
    ours: &mut ServerConnection,
    step: Step,
    body: &[u8],
    cuts: u8,
    out: &mut BytesMut,
) {
    let way = step.kind >> 2 & 7;
    let fields = [("X-Kind", "value")];
    let length = match way {
        0 => {
            ours.respond(200, fields, body, out)
                .expect("a request waits");
            return;
        }
        7 => {
            let mut response = PreparedResponse::new(200, fields, body).expect("a good response");
            if step.kind & 0x20 != 0 {
                for date in ["another one", DATE] {
                    response.set_date(date).expect("a good date");
                }
            }
            ours.respond_prepared(&response, out)
                .expect("a request waits");
            return;
        }
        1 | 2 => ResponseBody::Known(body.len() as u64),
        _ => ResponseBody::Streamed,
    };
    ours.send_response(200, fields, length, out)
        .expect("a request waits");
    for piece in Cuts::of_long(body, cuts) {
        if way == 5 {
            let bytes = ours
                .send_prechunked(&PreChunked::new(piece))
                .expect("a body is open");
            out.extend_from_slice(&bytes);
        } else if way & 1 == 0 {
            ours.send_data(piece, out).expect("a body is open");
        } else if let Some(frame) = ours.send_frame(piece.len()).expect("a body is open") {
            for part in [frame.before(), piece, frame.after()] {
                out.extend_from_slice(part);
            }
        }
    }
    if step.kind & 0x20 != 0 && way > 2 {
        ours.send_end_with_trailers(TRAILERS, out)
            .expect("a body is open");
    } else {
        ours.send_end(out).expect("a body is open");
    }
}

async fn read(body: Incoming) -> Bytes {
    let mut body = pin!(body);
    let mut all = BytesMut::new();
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        if let Ok(data) = frame.expect("a good body").into_data() {
            all.extend_from_slice(&data);
        }
    }
    all.freeze()
}

/// Polls as often as what is polled asks for.
struct Turns(Arc<Woken>);

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

impl Turns {
    fn new() -> Self {
        Self(Arc::new(Woken(AtomicBool::new(false))))
    }

    fn run(&self, mut poll: impl FnMut(&mut Context<'_>)) {
        let waker = Waker::from(Arc::clone(&self.0));
        let mut cx = Context::from_waker(&waker);
        loop {
            poll(&mut cx);
            if !self.0.0.swap(false, Relaxed) {
                return;
            }
        }
    }
}

/// A body for hyper to send: with a length, or in three chunks.
struct Pieces {
    rest: Vec<Bytes>,
    length: Option<u64>,
}

impl Pieces {
    fn new(body: Bytes, is_chunked: bool) -> Self {
        let length = (!is_chunked).then_some(body.len() as u64);
        let (one, two) = (body.len() / 3, body.len() / 2);
        let mut rest = vec![body.slice(two..), body.slice(one..two), body.slice(..one)];
        rest.retain(|piece| !piece.is_empty());
        Self { rest, length }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.rest.pop().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A stream whose other end is in the hands of the property.
#[derive(Clone, Default)]
struct Pipe(Rc<RefCell<Ends>>);

#[derive(Default)]
struct Ends {
    to_hyper: BytesMut,
    from_hyper: Vec<u8>,
}

impl Pipe {
    fn put(&self, bytes: &[u8]) {
        self.0.borrow_mut().to_hyper.extend_from_slice(bytes);
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.borrow_mut().from_hyper)
    }
}

impl hyper::rt::Read for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut ends = self.0.borrow_mut();
        if ends.to_hyper.is_empty() {
            return Poll::Pending;
        }
        let length = buffer.remaining().min(ends.to_hyper.len());
        buffer.put_slice(&ends.to_hyper.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.borrow_mut().from_hyper.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

const TRAILERS: [(&str, &str); 2] = [("X-Sum", "6"), ("X-Empty", "")];

/// Exchanges in one session.
const MOST: usize = 20;
