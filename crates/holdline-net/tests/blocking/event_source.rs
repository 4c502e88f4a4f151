use std::collections::VecDeque;
use std::io::{Error as IoError, ErrorKind, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use holdline_net::blocking::event_source::{Error, EventSource, Update};
use holdline_net::blocking::{Tcp, Url};
use holdline_sse::{Config, Reason, is_temporary};

use crate::script::{Script, every_cut, text};

pub(crate) const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

pub(crate) fn config() -> Config {
    let mut config = Config::new("http://a.example:81/events?x=1");
    config.reconnection_time = Duration::from_millis(1);
    config.min_delay = Duration::from_millis(1);
    config.max_delay = Duration::from_millis(2);
    config
}

/// Gives out the streams in turn; then nothing can be connected to.
pub(crate) fn connector(
    streams: impl IntoIterator<Item = Script>,
) -> impl FnMut(&Url) -> std::io::Result<Script> {
    let mut streams: VecDeque<Script> = streams.into_iter().collect();
    move |url| {
        assert!(url.to_string().starts_with("http://a.example:81/"), "{url}");
        let refused = || IoError::from(ErrorKind::ConnectionRefused);
        streams.pop_front().ok_or_else(refused)
    }
}

#[test]
fn events_come_whole_however_the_stream_is_cut() {
    let body = "retry: 5\nid: 1\ndata: one\n\n: comment\nevent: e\nid: 2\ndata: a\ndata: b\n\nid: 3\n\ndata: cut";
    for stream in every_cut(format!("{HEAD}{body}").as_bytes()) {
        let choppy = Script::answering([(1, HEAD)]).choppy();
        let requests = choppy.written();
        let mut source = EventSource::new(config(), connector([stream, choppy])).unwrap();
        let mut seen = Vec::new();
        let mut losses = 0;
        while losses < 3 {
            match source.read().unwrap().unwrap() {
                Update::Event(event) => {
                    seen.push(format!("{} {} {:?}", event.id, event.event, event.data));
                }
                Update::Lost(lost) => {
                    losses += 1;
                    assert!(lost.retry_in <= Duration::from_millis(8), "{lost:?}");
                }
                _ => {}
            }
        }
        assert_eq!(seen, ["1 message \"one\"", "2 e \"a\\nb\""]);
        assert_eq!(source.last_event_id(), "3");
        let request = text(&requests);
        assert!(request.starts_with("GET /events?x=1 HTTP/1.1\r\nHost: a.example:81\r\n"));
        assert!(request.contains("Accept: text/event-stream\r\n"));
        assert!(request.contains("Last-Event-ID: 3\r\n"), "{request}");
    }
}

#[test]
fn chunks_are_no_events_and_heartbeats_no_trouble() {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bytes =
        format!("{head}5\r\ndata:\r\n3\r\n 1\n\r\n3\r\n\n:\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n");
    for stream in every_cut(bytes.as_bytes()) {
        let mut config = config();
        config.reconnect = false;
        let mut source = EventSource::new(config, connector([stream])).unwrap();
        let mut seen = Vec::new();
        while let Some(event) = source.next_event().unwrap() {
            seen.push(event.data.to_owned());
        }
        assert_eq!(seen, ["1", "2"]);
    }
}

#[test]
fn final_answers_are_errors_with_their_body() {
    for (answer, reason) in [
        (
            "HTTP/1.1 404 N\r\nContent-Length: 4\r\n\r\ngone",
            Reason::Status(404),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\ngone",
            Reason::ContentType,
        ),
    ] {
        let mut source = EventSource::new(config(), connector([Script::new([answer])])).unwrap();
        match source.next_event() {
            Err(Error::Failed {
                reason: found,
                body,
                ..
            }) => {
                assert_eq!((found, &body[..]), (reason, &b"gone"[..]));
            }
            other => panic!("{other:?}"),
        }
        assert!(source.next_event().unwrap().is_none());
    }
    let no_content = Script::new(["HTTP/1.1 204 No Content\r\n\r\n"]);
    let mut source = EventSource::new(config(), connector([no_content])).unwrap();
    assert!(source.next_event().unwrap().is_none());
}

#[test]
fn failures_are_told_and_tried_again_as_often_as_allowed() {
    let mut config = config();
    config.max_retries = Some(2);
    config.retry_status = is_temporary;
    let busy = Script::new(["HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"]);
    let mut source = EventSource::new(config, connector([busy])).unwrap();
    let mut told = Vec::new();
    let error = loop {
        match source.read() {
            Ok(Some(Update::Lost(lost))) => told.push((lost.reason, lost.error.is_some())),
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!(
        told,
        [
            (Reason::Status(503), false),
            (Reason::ConnectionFailed, true)
        ]
    );
    assert!(
        matches!(error, Error::Failed { error: Some(_), .. }),
        "{error:?}"
    );
}

#[test]
fn redirects_are_followed() {
    let moved =
        Script::new(["HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"]);
    let there = Script::new([format!("{HEAD}data: 1\n\n")]);
    let requests = there.written();
    let mut source = EventSource::new(config(), connector([moved, there])).unwrap();
    assert_eq!(source.next_event().unwrap().unwrap().data, "1");
    assert!(text(&requests).starts_with("GET /there HTTP/1.1\r\n"));
}

#[test]
fn bad_urls_and_headers_are_the_callers_mistakes() {
    let result = EventSource::new(Config::new("nonsense"), connector([]));
    assert!(matches!(result, Err(Error::Url(_))));
    let mut config = config();
    config.headers.push(("X".into(), b"a\nb".to_vec()));
    let mut source = EventSource::new(config, connector([Script::new([HEAD])])).unwrap();
    assert!(matches!(source.read(), Err(Error::Request(_))));
    assert!(source.read().unwrap().is_none());
}

#[test]
fn a_silent_server_is_given_up() {
    let streams = [Script::new([HEAD]).endless(), Script::new([HEAD]).endless()];
    let mut source = EventSource::new(config(), connector(streams)).unwrap();
    assert!(matches!(source.read(), Ok(Some(Update::Open))));
    assert!(matches!(source.read(), Ok(Some(Update::Idle))));
    source.set_silence_limit(Some(Duration::from_millis(3)));
    loop {
        match source.read().unwrap().unwrap() {
            Update::Idle => thread::sleep(Duration::from_millis(1)),
            Update::Lost(lost) => {
                assert!(lost.error.unwrap().is_timeout());
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(source.read(), Ok(Some(Update::Open))));
}

#[test]
fn a_source_that_waits_can_be_stopped() {
    let mut config = config();
    config.min_delay = Duration::from_secs(100);
    config.max_delay = Duration::from_secs(100);
    let mut source = EventSource::new(config, connector([])).unwrap();
    let stopper = source.stopper();
    let begun = Instant::now();
    let stopping = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        stopper.stop();
    });
    assert!(source.next_event().unwrap().is_none());
    stopping.join().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(50));
}

#[test]
fn it_reconnects_over_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let server = thread::spawn({
        let requests = Arc::clone(&requests);
        move || {
            for number in 1..=3 {
                let (mut stream, _) = listener.accept().unwrap();
                let mut block = [0; 1000];
                let length = stream.read(&mut block).unwrap();
                requests
                    .lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&block[..length]).into_owned());
                write!(stream, "{HEAD}id: {number}\ndata: {number}\n\n").unwrap();
            }
        }
    });
    let mut config = config();
    config.url = url;
    let mut source = EventSource::tcp(config, Tcp::default()).unwrap();
    for number in ["1", "2", "3"] {
        assert_eq!(source.next_event().unwrap().unwrap().data, number);
    }
    server.join().unwrap();
    let requests = requests.lock().unwrap();
    assert!(!requests[0].contains("Last-Event-ID"));
    assert!(requests[2].contains("Last-Event-ID: 2\r\n"));
}
