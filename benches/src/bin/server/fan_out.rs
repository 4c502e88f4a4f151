//! An event stream for everybody who asks with GET; what is sent with POST goes to all of them.

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use axum::{Router, extract::State, response::Sse, response::sse::Event, routing::get};
use bytes::BytesMut;
use futures_util::stream;
use holdline_http1::PreChunked;
use holdline_net::{ConnectionId, Handler, Notifier, Output, Progress, Request, Responder, Wake};
use holdline_sse::EventFields;
use tokio::sync::broadcast;

use crate::{ANY_PORT, announce, serve_holdline, serve_tokio};

pub(crate) fn holdline() -> io::Result<()> {
    serve_holdline(|notifier| Hub {
        notifier,
        listeners: Vec::new(),
        newest: None,
    })
}

/// The generator publishes when the message before has arrived everywhere, so the newest is all that anybody lacks.
/// (The program `holdline` keeps a log, and a cursor for each.)
struct Hub {
    notifier: Notifier,
    listeners: Vec<ConnectionId>,
    newest: Option<(u64, PreChunked)>,
}

impl Handler for Hub {
    /// The number of the last event that was sent.
    type Stream = u64;

    fn request(&mut self, request: &Request<'_>, responder: Responder<'_, u64>) {
        let number = self.newest.as_ref().map_or(0, |(number, _)| *number);
        if request.head.method() == "GET" {
            self.listeners.push(request.connection);
            let kind = [("Content-Type", "text/event-stream")];
            responder.stream(200, kind, number).expect("valid");
            return;
        }
        let text = str::from_utf8(request.body).expect("text");
        let mut event = BytesMut::new();
        EventFields::data(text).encode(&mut event).expect("valid");
        self.newest = Some((number + 1, PreChunked::new(&event)));
        self.notifier.notify();
        responder.respond(200, (), b"").expect("valid");
    }

    fn notified(&mut self, wake: &mut Wake<'_>) {
        self.listeners
            .iter()
            .for_each(|&connection| wake.wake(connection));
    }

    fn ready(&mut self, _: ConnectionId, sent: &mut u64, output: Output<'_>) -> Progress {
        if let (Output::Body(mut body), Some((number, event))) = (output, &self.newest)
            && *sent < *number
        {
            body.send_prechunked(event).expect("open");
            *sent = *number;
        }
        Progress::Idle
    }
}

pub(crate) fn axum() -> io::Result<()> {
    async fn listen(
        State(hub): State<broadcast::Sender<String>>,
    ) -> Sse<impl stream::Stream<Item = Result<Event, Infallible>>> {
        Sse::new(stream::unfold(hub.subscribe(), async |mut events| {
            let text = events.recv().await.ok()?;
            Some((Ok(Event::default().data(text)), events))
        }))
    }

    async fn publish(State(hub): State<broadcast::Sender<String>>, text: String) {
        hub.send(text).expect("listeners");
    }

    serve_tokio(async |listener| {
        let (hub, _) = broadcast::channel::<String>(16);
        let app = Router::new()
            .route("/", get(listen).post(publish))
            .with_state(hub);
        axum::serve(listener, app).await
    })
}

/// Writes the same bytes to each socket: what the system takes for it, whoever asks.
pub(crate) fn writes() -> io::Result<()> {
    let listener = TcpListener::bind(ANY_PORT)?;
    announce(listener.local_addr()?)?;
    let mut listeners = Vec::new();
    loop {
        let (mut client, _) = listener.accept()?;
        client.set_nodelay(true)?;
        let mut request = [0; 1024];
        // One piece has all of a small request, and none has come from who only looks whether this listens.
        let length = client.read(&mut request)?;
        if request[..length].starts_with(b"GET") {
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            client.set_nonblocking(true)?;
            listeners.push(client);
        } else if length > 0 {
            return publish(client, &request[..length], &mut listeners);
        }
    }
}

fn publish(mut client: TcpStream, request: &[u8], listeners: &mut [TcpStream]) -> io::Result<()> {
    let text = request
        .rsplit(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    let event = [b"data: ", text, b"\n\n"].concat();
    let chunk = PreChunked::new(&event);
    let mut request = [0; 1024];
    loop {
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        for listener in &mut *listeners {
            listener.write_all(chunk.framed())?;
        }
        if client.read(&mut request)? == 0 {
            return Ok(());
        }
    }
}
