//! Answers that were made before, and bodies that are sent from where they are.

use std::net::{SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use holdline_http1::{BodyLength, PreparedResponse};
use holdline_net::blocking::http::{Client, Response};
use holdline_net::{ConnectionId, Handle, Handler, Output, Progress, Request, Responder};

use crate::support::{Running, config};

/// Answers `/prepared` with what was made before, holds `/held` for the same, and streams at any other path.
struct Answers(PreparedResponse);

impl Answers {
    fn new() -> Self {
        let fields = [("Content-Type", "text/plain")];
        Self(PreparedResponse::new(200, fields, b"made before").unwrap())
    }
}

impl Handler for Answers {
    type Stream = ();

    fn request(&mut self, request: &Request<'_>, mut responder: Responder<'_, ()>) {
        match request.head.path() {
            "/prepared" => responder.respond_prepared(&mut self.0).unwrap(),
            "/held" => responder.hold(()),
            path => {
                if path == "/last" {
                    responder.close_connection();
                }
                responder.stream(200, (), ()).unwrap();
            }
        }
    }

    fn ready(&mut self, _: ConnectionId, (): &mut (), output: Output<'_>) -> Progress {
        match output {
            Output::Held(held) => held.respond_prepared(&mut self.0).unwrap(),
            Output::Body(mut body) => {
                for (length, letter) in LENGTHS.into_iter().zip(b'a'..) {
                    let data = Bytes::from(vec![letter; length]);
                    body.send_shared(&data).unwrap();
                    // Between two that are not copied.
                    body.send(b"-").unwrap();
                }
                body.end().unwrap();
            }
            other => panic!("{other:?}"),
        }
        Progress::Idle
    }
}

/// Nothing, what is copied, and what is not.
const LENGTHS: [usize; 7] = [0, 1, 1000, 5000, 0x4000, 100_000, 1];

/// A server with this handler.
struct Answering {
    handle: Handle,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Answering {
    fn start() -> Self {
        let server = Running::bind(config());
        Self {
            handle: server.handle(),
            address: server.local_addr().unwrap(),
            thread: Some(thread::spawn(move || {
                server.run(|_| Answers::new()).unwrap();
            })),
        }
    }

    fn client(&self) -> Client<TcpStream> {
        let stream = TcpStream::connect(self.address).unwrap();
        let mut client = Client::new(stream, "a");
        client.set_timeout(Some(Duration::from_secs(60)));
        client
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            // A failing test says more than the server that it leaves.
            let _ = thread.join();
        }
    }
}

/// Asks, and reads the whole answer.
fn ask(client: &mut Client<TcpStream>, method: &str, path: &str) -> (Response, Vec<u8>) {
    client.request(method, path, (), b"").unwrap();
    let response = client.read_response().unwrap();
    (response, client.read_body(1 << 20).unwrap())
}

#[test]
fn an_answer_that_was_made_before_is_the_same_for_all_but_for_its_date() {
    let server = Answering::start();
    let mut client = server.client();
    for path in ["/prepared", "/prepared", "/held", "/prepared"] {
        for (method, expected) in [("GET", "made before"), ("HEAD", "")] {
            let (response, body) = ask(&mut client, method, path);
            assert_eq!((response.status(), body), (200, expected.into()), "{path}");
            let field = |name| response.header(name).unwrap();
            assert_eq!(field("content-length"), Some("11"));
            assert_eq!(field("content-type"), Some("text/plain"));
            let date = field("date").unwrap();
            assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
        }
    }
}

#[test]
fn what_is_shared_stands_between_what_is_copied() {
    let server = Answering::start();
    let mut expected = Vec::new();
    for (length, letter) in LENGTHS.into_iter().zip(b'a'..) {
        expected.extend(vec![letter; length]);
        expected.push(b'-');
    }
    let mut client = server.client();
    for (method, path) in [("GET", "/"), ("HEAD", "/"), ("GET", "/last")] {
        let (response, body) = ask(&mut client, method, path);
        match method {
            "HEAD" => assert_eq!(body, b""),
            _ => {
                assert_eq!(response.body(), BodyLength::Chunked);
                assert!(body == expected, "{} bytes", body.len());
            }
        }
    }
}
