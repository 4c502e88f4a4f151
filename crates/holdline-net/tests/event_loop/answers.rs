//! Answers that were made before, and bodies that are sent from where they are.

use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use holdline_http1::{BodyLength, PreparedResponse};
use holdline_net::blocking::http::{Client, Response};
use holdline_net::{ConnectionId, Handle, Handler, Output, Progress, Request, Responder};

use crate::support::{Running, config};

/// Answers `/prepared` with what was made before, holds `/held` for the same and `/shared/N` for so many bytes and
/// `/shared/N/STATUS` for another status than 200, answers `/at-once/N` with so many bytes and
/// `/dated` with a date of its own, and streams at any other path, so at `/dated-stream`.
struct Answers {
    prepared: PreparedResponse,
    dropped: Sender<usize>,
}

impl Answers {
    fn new(dropped: Sender<usize>) -> Self {
        let fields = [("Content-Type", "text/plain")];
        Self {
            prepared: PreparedResponse::new(200, fields, b"made before").unwrap(),
            dropped,
        }
    }
}

/// A body that tells when the server has no more use for it.
struct Told(Vec<u8>, Sender<usize>);

impl AsRef<[u8]> for Told {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.1.send(self.0.len()).unwrap();
    }
}

impl Handler for Answers {
    /// What a shared body is to have, and its status.
    type Stream = Option<(usize, u16)>;

    fn request(&mut self, request: &Request<'_>, mut responder: Responder<'_, Self::Stream>) {
        match request.head.path() {
            "/prepared" => responder.respond_prepared(&mut self.prepared).unwrap(),
            "/held" => responder.hold(None),
            "/dated" => responder.respond(200, [DATED], b"").unwrap(),
            "/dated-stream" => responder.stream(200, [DATED], None).unwrap(),
            path if path.starts_with("/at-once/") => {
                let length = path["/at-once/".len()..].parse().unwrap();
                let told = Told(vec![b's'; length], self.dropped.clone());
                let body = Bytes::from_owner(told);
                responder.respond_shared(200, (), &body).unwrap();
            }
            path if path.starts_with("/shared/") => {
                let rest = &path["/shared/".len()..];
                let (length, status) = rest.split_once('/').unwrap_or((rest, "200"));
                responder.hold(Some((length.parse().unwrap(), status.parse().unwrap())));
            }
            path => {
                if path == "/last" {
                    responder.close_connection();
                }
                responder.stream(200, (), None).unwrap();
            }
        }
    }

    fn ready(
        &mut self,
        _: ConnectionId,
        shared: &mut Self::Stream,
        output: Output<'_>,
    ) -> Progress {
        match output {
            Output::Held(held) => match *shared {
                Some((length, status)) => {
                    let told = Told(vec![b's'; length], self.dropped.clone());
                    if let Err(error) = held.respond_shared(status, (), &Bytes::from_owner(told)) {
                        // Nothing was written, so it is held as before.
                        assert!(error.to_string().contains("body"), "{error}");
                        *shared = None;
                        return Progress::More;
                    }
                }
                None => held.respond_prepared(&mut self.prepared).unwrap(),
            },
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

const DATED: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
/// Nothing, what is copied, and what is not.
const LENGTHS: [usize; 7] = [0, 1, 1000, 5000, 0x4000, 100_000, 1];

/// A server with this handler.
struct Answering {
    handle: Handle,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
    dropped: Receiver<usize>,
}

impl Answering {
    fn start() -> Self {
        let server = Running::bind(config());
        let (drops, dropped) = mpsc::channel();
        Self {
            handle: server.handle(),
            address: server.local_addr().unwrap(),
            thread: Some(thread::spawn(move || {
                server.run(|_| Answers::new(drops.clone())).unwrap();
            })),
            dropped,
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

#[test]
fn a_shared_body_is_given_back_when_it_was_sent_or_its_client_is_gone() {
    let server = Answering::start();
    let dropped = || {
        server
            .dropped
            .recv_timeout(Duration::from_secs(60))
            .unwrap()
    };
    let mut client = server.client();
    for length in [0, 1, 5000, 0x4000, 1 << 20] {
        for (method, path) in [
            ("GET", "shared"),
            ("HEAD", "shared"),
            ("GET", "at-once"),
            ("HEAD", "at-once"),
        ] {
            let (response, body) = ask(&mut client, method, &format!("/{path}/{length}"));
            let expected = if method == "HEAD" { 0 } else { length };
            assert!(body == vec![b's'; expected], "{} bytes", body.len());
            let field = response.header("content-length").unwrap();
            assert_eq!(field, Some(&*length.to_string()));
            assert_eq!(dropped(), length);
        }
    }
    // More than any system takes for one that does not read.
    let length = 64 << 20;
    client
        .request("GET", &format!("/shared/{length}"), (), b"")
        .unwrap();
    client.read_response().unwrap();
    assert!(server.dropped.try_recv().is_err());
    drop(client);
    assert_eq!(dropped(), length);
}

#[test]
fn a_date_that_the_handler_gives_is_the_only_one() {
    let server = Answering::start();
    let mut client = server.client();
    for path in ["/dated", "/dated-stream", "/at-once/1"] {
        let (response, _) = ask(&mut client, "GET", path);
        let fields = response.headers();
        let mut dates = fields.filter(|(name, _)| name.eq_ignore_ascii_case("date"));
        let (_, date) = dates.next().unwrap();
        assert_eq!(date == DATED.1.as_bytes(), path != "/at-once/1");
        assert!(dates.next().is_none(), "{path}");
    }
}

#[test]
fn a_shared_body_is_framed_and_refused_as_one_that_is_copied() {
    let server = Answering::start();
    let mut client = server.client();
    for (path, length) in [
        ("/shared/0/204", None),
        ("/shared/0/304", None),
        ("/shared/0/205", Some("0")),
        ("/shared/0/404", Some("0")),
    ] {
        let (response, body) = ask(&mut client, "GET", path);
        assert_eq!(
            (response.status().to_string(), body),
            (path[10..].into(), vec![])
        );
        assert_eq!(response.header("content-length").unwrap(), length, "{path}");
    }
    for path in ["/shared/5000/204", "/shared/5000/304", "/shared/5000/205"] {
        let (response, body) = ask(&mut client, "GET", path);
        assert_eq!(
            (response.status(), body),
            (200, b"made before".to_vec()),
            "{path}"
        );
    }
}
