//! The bytes of a stream, its beginning and its end.

use std::time::Duration;

use holdline::emitter::{Config, EmitError, Emitter};
use holdline::origins::Origins;
use holdline_net::Ending;
use holdline_sse::{EncodeError, EventFields, PADDING};

use super::support::{Client, Sources, eventually};

const HEAD: &str = "HTTP/1.1 200 OK\r\n\
    Content-Type: text/event-stream\r\n\
    Cache-Control: no-store\r\n\
    X-Content-Type-Options: nosniff\r\n\
    X-Accel-Buffering: no\r\n\
    Transfer-Encoding: chunked\r\n";

fn is_shared_by_threads<T: Send + Sync + Clone>() {}

#[test]
fn every_kind_of_block_arrives_at_once_with_its_exact_bytes() {
    is_shared_by_threads::<Emitter>();
    let sources = Sources::start(Config::default());
    let mut client = Client::connect(sources.server.address);
    client.send("GET", "/", "");
    assert_eq!(client.head(), HEAD);
    let emitter = sources.opened();
    let long = EventFields {
        event: Some("move"),
        id: Some("7"),
        data: Some("x"),
        retry: Some(Duration::from_millis(1500)),
    };
    type Emit<'a> = &'a dyn Fn(&Emitter) -> Result<(), EmitError>;
    let cases: [(Emit<'_>, &str); 9] = [
        (&|e| e.data("one"), "data: one\n\n"),
        (&|e| e.data(""), "data:\n\n"),
        (
            &|e| e.data("a\r\nb\rc\n"),
            "data: a\ndata: b\ndata: c\ndata:\n\n",
        ),
        (&|e| e.event("move", "1,2"), "event: move\ndata: 1,2\n\n"),
        (&|e| e.comment("still\nhere"), ": still\n: here\n\n"),
        (&|e| e.id("7-2b"), "id: 7-2b\n\n"),
        (&|e| e.id(""), "id:\n\n"),
        (&|e| e.retry(Duration::from_secs(2)), "retry: 2000\n\n"),
        (
            &|e| e.send(&long),
            "event: move\nid: 7\nretry: 1500\ndata: x\n\n",
        ),
    ];
    for (emit, bytes) in cases {
        assert_eq!(emit(&emitter), Ok(()));
        // Each is a chunk of its own, because nothing else is waiting.
        assert_eq!(client.chunk(), bytes.as_bytes());
    }
    emitter.close();
    assert_eq!(client.chunk(), b"");
    assert_eq!(sources.closed(), Ending::Finished);
    // The connection stays open.
    client.send("GET", "/nothing", "");
    assert!(client.head().starts_with("HTTP/1.1 404 Not Found\r\n"));
}

#[test]
fn line_ends_and_nul_in_a_name_or_an_id_are_refused_with_nothing_written() {
    let sources = Sources::start(Config::default());
    let (mut client, emitter) = sources.open("/", "");
    for (text, byte, at) in [("a\rb", b'\r', 1), ("\n", b'\n', 0), ("ab\0", 0, 2)] {
        let name = EmitError::Invalid(EncodeError::EventType { byte, at });
        assert_eq!(emitter.event(text, "x"), Err(name));
        let id = EmitError::Invalid(EncodeError::Id { byte, at });
        assert_eq!(emitter.id(text), Err(id));
        let fields = EventFields {
            event: Some("fine"),
            id: Some(text),
            ..EventFields::data("x")
        };
        assert_eq!(emitter.send(&fields), Err(id));
        assert!(
            id.to_string().contains("id") || id.to_string().contains("ID"),
            "{id}"
        );
    }
    assert_eq!(emitter.queued(), 0);
    emitter.data("next").unwrap();
    assert_eq!(client.chunk(), b"data: next\n\n");
}

#[test]
fn padding_comes_first_for_those_who_ask() {
    let sources = Sources::start(Config::default());
    for query in ["?padding=true", "?evs_preamble=2056"] {
        let (mut client, emitter) = sources.open(&format!("/{query}"), "");
        emitter.data("x").unwrap();
        assert_eq!(client.chunk(), PADDING);
        assert_eq!(client.chunk(), b"data: x\n\n");
        drop((client, emitter));
        sources.closed();
    }
}

#[test]
fn a_quiet_stream_has_heartbeats() {
    let mut config = Config::default();
    config.heartbeat = Duration::from_millis(40);
    let sources = Sources::start(config);
    let (mut client, emitter) = sources.open("/", "");
    assert_eq!(client.chunk(), b":\n\n");
    emitter.data("x").unwrap();
    assert!(client.until("data: x\n\n").len() % 3 == 0);
    assert_eq!(client.chunk(), b":\n\n");
}

#[test]
fn no_heartbeats_are_sent_when_none_are_wanted() {
    let mut config = Config::default();
    config.heartbeat = Duration::ZERO;
    let sources = Sources::start(config);
    let (mut client, emitter) = sources.open("/", "");
    std::thread::sleep(Duration::from_millis(100));
    emitter.data("x").unwrap();
    assert_eq!(client.chunk(), b"data: x\n\n");
}

#[test]
fn an_allowed_page_is_named_and_a_foreign_one_is_not() {
    let mut config = Config::default();
    config.origins = Origins::new(["https://app.example", "*"]);
    let sources = Sources::start(config);
    let cases = [
        (
            "Origin: https://app.example\r\n",
            Some("https://app.example"),
        ),
        (
            "Origin: http://other.example\r\n",
            Some("http://other.example"),
        ),
        ("Origin: null\r\n", None),
    ];
    for (field, allowed) in cases {
        let mut client = Client::connect(sources.server.address);
        for (method, target) in [("GET", "/nothing"), ("OPTIONS", "/"), ("GET", "/")] {
            client.send(method, target, field);
            let head = client.head();
            let named = head.split_once("Access-Control-Allow-Origin: ");
            let named = named.and_then(|(_, rest)| rest.split("\r\n").next());
            assert_eq!(named, allowed, "{head}");
            assert!(head.contains("Vary: Origin\r\n"), "{head}");
            let credentials = head.contains("Access-Control-Allow-Credentials: true\r\n");
            let by_name = allowed == Some("https://app.example");
            assert_eq!(credentials, by_name, "{head}");
            assert!(!head.contains("Set-Cookie"), "{head}");
        }
        sources.opened();
        drop(client);
        sources.closed();
    }
    let mut client = Client::connect(sources.server.address);
    client.send("OPTIONS", "/", "Origin: https://app.example\r\n");
    assert_eq!(
        client.head(),
        "HTTP/1.1 204 No Content\r\n\
         Access-Control-Allow-Origin: https://app.example\r\n\
         Access-Control-Allow-Credentials: true\r\n\
         Vary: Origin\r\n\
         Allow: GET, HEAD, OPTIONS\r\n\
         Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n\
         Access-Control-Allow-Headers: Authorization, Cache-Control, Content-Type, Idempotency-Key, Last-Event-ID, \
         X-Requested-With\r\n\
         Access-Control-Max-Age: 600\r\n"
    );
    client.send("GET", "/", "");
    assert_eq!(client.head(), HEAD);
}

#[test]
fn head_and_other_methods_open_nothing() {
    let sources = Sources::start(Config::default());
    let mut client = Client::connect(sources.server.address);
    client.send("HEAD", "/", "");
    assert_eq!(client.head(), HEAD);
    client.send("POST", "/", "Content-Length: 0\r\n");
    let head = client.head();
    assert!(head.starts_with("HTTP/1.1 405 "), "{head}");
    assert!(head.contains("Allow: GET, HEAD, OPTIONS\r\n"), "{head}");
    client.send("GET", "/gone", "");
    assert!(client.head().starts_with("HTTP/1.1 204 "));
    assert!(sources.is_silent());
}

#[test]
fn a_client_that_leaves_is_noticed() {
    let sources = Sources::start(Config::default());
    let (client, emitter) = sources.open("/", "");
    assert!(!emitter.is_closed());
    drop(client);
    assert_eq!(sources.closed(), Ending::Disconnected);
    assert!(emitter.is_closed());
    assert_eq!(emitter.data("x"), Err(EmitError::Closed));
    assert_eq!(emitter.wait(Duration::ZERO), Err(EmitError::Closed));
    assert_eq!(emitter.queued(), 0);
    emitter.close();
}

#[test]
fn the_last_clone_that_is_dropped_ends_the_stream_after_what_was_emitted() {
    let sources = Sources::start(Config::default());
    let (mut client, emitter) = sources.open("/", "");
    let clone = emitter.clone();
    drop(emitter);
    clone.data("last").unwrap();
    drop(clone);
    assert_eq!(client.until("data: last\n\n"), "data: last\n\n");
    assert_eq!(client.chunk(), b"");
    assert_eq!(sources.closed(), Ending::Finished);
}

#[test]
fn a_server_that_stops_sends_what_was_emitted_and_ends_the_stream() {
    let mut sources = Sources::start(Config::default());
    let (mut client, emitter) = sources.open("/", "");
    emitter.data("last").unwrap();
    sources.server.stop();
    assert_eq!(client.until("data: last\n\n"), "data: last\n\n");
    // The last thing the client is told is when to come back.
    assert!(client.chunk().starts_with(b"retry: "));
    assert_eq!(client.chunk(), b"");
    assert_eq!(sources.closed(), Ending::Stopped);
    assert_eq!(emitter.data("x"), Err(EmitError::Closed));
}

#[test]
fn many_threads_emit_to_one_stream_and_each_keeps_its_order() {
    let sources = Sources::start(Config::default());
    let (mut client, emitter) = sources.open("/", "");
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let emitter = emitter.clone();
            std::thread::spawn(move || {
                for number in 0..500 {
                    emitter.data(&format!("{thread} {number}")).unwrap();
                }
            })
        })
        .collect();
    let mut next = [0; 8];
    let mut body = String::new();
    while next != [500; 8] {
        body.push_str(&String::from_utf8(client.chunk()).unwrap());
        while let Some((event, rest)) = body.split_once("\n\n") {
            let (thread, number) = event["data: ".len()..].split_once(' ').unwrap();
            let thread: usize = thread.parse().unwrap();
            assert_eq!(number, next[thread].to_string());
            next[thread] += 1;
            body = rest.to_owned();
        }
    }
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    // A client that will not ask anything more has left, even if it still reads.
    client.finish();
    assert_eq!(sources.closed(), Ending::Disconnected);
    eventually(|| emitter.is_closed());
}
