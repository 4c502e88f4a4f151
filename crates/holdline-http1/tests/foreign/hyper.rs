//! hyper in both roles over a stream in memory: what it reads from bytes.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use hyper::body::{Body, Incoming};
use hyper::rt::ReadBufCursor;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

/// A message as a receiver understood it, without what hyper's types lose.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Message {
    pub(crate) method: String,
    pub(crate) target: String,
    /// The digit after the dot.
    pub(crate) minor: u8,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, Vec<u8>)>,
}

/// A reason: its name, why we are right, and when it holds: for our request and what they have in
/// its place.
pub(crate) type Reason = (
    &'static str,
    &'static str,
    fn(&Message, Option<&Message>) -> bool,
);

/// Whether a comma-separated list has a token.
pub(crate) fn lists(value: &[u8], token: &str) -> bool {
    value
        .split(|&byte| byte == b',')
        .any(|option| option.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// Fields without the case of their names, and in the order of names.
pub(crate) fn own<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<(String, Vec<u8>)> {
    let mut fields: Vec<_> = fields
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_vec()))
        .collect();
    // Lines with one name keep their order, which is what bears a meaning.
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    fields
}

/// The complete requests that hyper's server reads. Each read gives at most the next number of
/// `cuts`, which begin again at their end; no cuts: as much as there is room for.
pub(crate) fn requests(bytes: &[u8], cuts: &[usize]) -> Vec<Message> {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let service = service_fn(|request: Request<Incoming>| {
        let taken = Arc::clone(&taken);
        async move {
            let (head, body) = request.into_parts();
            let mut message = Message {
                method: head.method.as_str().into(),
                target: head.uri.to_string(),
                minor: u8::from(head.version == hyper::Version::HTTP_11),
                fields: theirs(&head.headers),
                ..Message::default()
            };
            let mut response = Response::new(String::new());
            if read(body, &mut message).await.is_ok() {
                taken.lock().expect("one thread").push(message);
                // A 200 would make it a tunnel.
                if head.method == Method::CONNECT {
                    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
                }
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .half_close(true)
        .header_read_timeout(None)
        .auto_date_header(false);
    {
        let stream = Memory::new(bytes.to_vec(), cuts, true);
        let mut connection = pin!(builder.serve_connection(stream, service));
        let mut cx = Context::from_waker(Waker::noop());
        let ended = (0..ROUNDS).any(|_| connection.as_mut().poll(&mut cx).is_ready());
        assert!(ended, "hyper never ends: {}", bytes.escape_ascii());
    }
    let taken = taken.lock().expect("one thread");
    taken.clone()
}

/// The final response that hyper's client reads as the answer to this method: its status stands in
/// `target`. None: it takes none.
pub(crate) fn response(method: &str, bytes: &[u8], cuts: &[usize]) -> Option<Message> {
    let stream = Memory::new(bytes.to_vec(), cuts, false);
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder.max_headers(1000);
    let mut cx = Context::from_waker(Waker::noop());
    let mut handshake = pin!(builder.handshake(stream));
    let Poll::Ready(connected) = handshake.as_mut().poll(&mut cx) else {
        panic!("a handshake needs no bytes");
    };
    let (mut sender, connection) = connected.expect("a handshake");
    let uri = if method == "CONNECT" { "a:443" } else { "/" };
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header("Host", "a");
    let request = request.body(String::new()).expect("a request");
    let mut answer = pin!(async move {
        let (head, body) = sender.send_request(request).await.ok()?.into_parts();
        let mut message = Message {
            method: method.into(),
            target: head.status.as_u16().to_string(),
            minor: u8::from(head.version == hyper::Version::HTTP_11),
            fields: theirs(&head.headers),
            ..Message::default()
        };
        read(body, &mut message).await.ok()?;
        Some(message)
    });
    let mut connection = pin!(connection.with_upgrades());
    let mut is_open = true;
    for _ in 0..ROUNDS {
        is_open = is_open && connection.as_mut().poll(&mut cx).is_pending();
        if let Poll::Ready(message) = answer.as_mut().poll(&mut cx) {
            return message;
        }
    }
    panic!("hyper never ends: {}", bytes.escape_ascii());
}

async fn read(body: Incoming, message: &mut Message) -> hyper::Result<()> {
    let mut body = pin!(body);
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        match frame?.into_data() {
            Ok(data) => message.body.extend_from_slice(&data),
            Err(frame) => {
                message.trailers = frame.trailers_ref().map(theirs).unwrap_or_default();
            }
        }
    }
    Ok(())
}

fn theirs(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    own(headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes())))
}

/// A stream in memory. It waits only for the first write, if it is a client's.
struct Memory {
    bytes: Vec<u8>,
    at: usize,
    cuts: Vec<usize>,
    reads: usize,
    is_readable: bool,
}

impl Memory {
    fn new(bytes: Vec<u8>, cuts: &[usize], is_readable: bool) -> Self {
        Self {
            bytes,
            at: 0,
            cuts: cuts.to_vec(),
            reads: 0,
            is_readable,
        }
    }
}

impl hyper::rt::Read for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.is_readable {
            return Poll::Pending;
        }
        let cut = match self.cuts.len() {
            0 => usize::MAX,
            length => self.cuts[self.reads % length],
        };
        let length = buffer.remaining().min(cut).min(self.bytes.len() - self.at);
        buffer.put_slice(&self.bytes[self.at..self.at + length]);
        self.at += length;
        self.reads += 1;
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Memory {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.is_readable = true;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// More turns than any stream of these tests needs.
const ROUNDS: usize = 1_000_000;
