//! What ends an event source, or one of its streams, and what it tells of that.

use std::io::{Error as IoError, ErrorKind};

use holdline_net::blocking::event_source::{Error, EventSource, Update};
use holdline_net::blocking::{Tcp, Url};
use holdline_sse::{Config, Reason, is_temporary};

use crate::event_source::{HEAD, config, connector};
use crate::script::{Script, text};

/// The reason for which a source closed, and its message.
fn failed(result: Result<Option<Update<'_>>, Error>) -> (Reason, String) {
    match result {
        Err(error) => {
            let message = error.to_string();
            match error {
                Error::Failed { reason, .. } => (reason, message),
                other => panic!("{other}"),
            }
        }
        other => panic!("{other:?}"),
    }
}

fn moved(location: &str) -> Script {
    Script::new([format!(
        "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    )])
}

#[test]
fn a_compressed_stream_ends_the_source_instead_of_one_connection_after_another() {
    // The body has no end: nobody waits for it.
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n";
    let stream = Script::new([head.as_bytes(), b"\x1f\x8b\x08"]).endless();
    let requests = stream.written();
    let mut source = EventSource::new(config(), connector([stream])).unwrap();
    let (reason, message) = failed(source.read());
    assert_eq!(reason, Reason::ContentEncoding);
    assert!(message.contains("compressed"), "{message}");
    assert!(source.read().unwrap().is_none());
    assert!(text(&requests).contains("\r\nAccept-Encoding: identity\r\n"));
}

#[test]
fn https_without_tls_is_final_at_once() {
    let config = Config::new("https://127.0.0.1:1/events");
    let mut source = EventSource::tcp(config, Tcp::default()).unwrap();
    let (reason, message) = failed(source.read());
    assert_eq!(reason, Reason::Unreachable);
    assert!(message.contains("TLS is not built in"), "{message}");
    assert!(source.read().unwrap().is_none());
}

#[test]
fn a_redirect_to_https_without_tls_is_final_at_once() {
    let mut streams = vec![moved("https://b.example/events")];
    let connect = move |url: &Url| match url.is_secure() {
        true => Tcp::default().connect(url).map(|_| unreachable!()),
        false => streams
            .pop()
            .ok_or(IoError::from(ErrorKind::ConnectionRefused)),
    };
    let mut source = EventSource::new(config(), connect).unwrap();
    let (reason, message) = failed(source.read());
    assert_eq!(reason, Reason::Unreachable);
    assert!(message.contains("TLS is not built in"), "{message}");
    assert!(source.read().unwrap().is_none());
}

#[test]
fn a_redirect_that_cannot_be_read_is_final_at_once() {
    for (location, expected) in [
        ("http://a.example:99999/", Reason::Unreachable),
        ("http://a.example:b/", Reason::Unreachable),
        ("http://:81/", Reason::Unreachable),
        ("ws://a.example:81/", Reason::Location),
        ("ftp://a.example:81/", Reason::Location),
        ("http://", Reason::Location),
    ] {
        let mut source = EventSource::new(config(), connector([moved(location)])).unwrap();
        assert_eq!(failed(source.read()).0, expected, "{location}");
        assert!(source.read().unwrap().is_none());
    }
}

#[test]
fn a_websocket_url_is_no_event_stream() {
    for url in [
        "ws://a.example:81/",
        "wss://a.example:81/",
        "WS://a.example",
    ] {
        let result = EventSource::new(Config::new(url), connector([]));
        let error = result.err().expect("it is not taken for http");
        assert!(
            error.to_string().contains("http://host:port/path"),
            "{error}"
        );
    }
}

#[test]
fn a_json_error_in_an_event_stream_does_not_hammer_the_server() {
    // Each attempt that brings no event counts, and makes the next delay longer.
    let mut config = config();
    config.max_retries = Some(2);
    let body = format!("{HEAD}{{\"error\":\"quota exceeded\"}}\n\n");
    let streams = [(); 5].map(|()| Script::new([&body]));
    let mut source = EventSource::new(config, connector(streams)).unwrap();
    let mut losses = 0;
    let result = loop {
        match source.read() {
            Ok(Some(Update::Open)) => {}
            Ok(Some(Update::Lost(lost))) => {
                assert_eq!(lost.reason, Reason::EndOfStream);
                losses += 1;
            }
            other => break other,
        }
    };
    assert_eq!(failed(result).0, Reason::EndOfStream);
    assert_eq!(losses, 2);
}

#[test]
fn a_retry_after_that_is_a_date_is_waited_for() {
    for (date, least) in [
        ("Date: Sat, 28 Nov 2026 11:59:50 GMT\r\n", 30.0),
        // Without one, from this machine's clock: the cap of an hour.
        ("", 3600.0),
    ] {
        let mut config = config();
        config.retry_status = is_temporary;
        config.jitter_percent = 0;
        let after = match date {
            "" => "Fri, 31 Dec 9999 23:59:59 GMT",
            _ => "Sat, 28 Nov 2026 12:00:20 GMT",
        };
        let busy = Script::new([format!(
            "HTTP/1.1 503 Busy\r\n{date}Retry-After: {after}\r\nContent-Length: 0\r\n\r\n"
        )]);
        let mut source = EventSource::new(config, connector([busy])).unwrap();
        match source.read().unwrap().unwrap() {
            Update::Lost(lost) => {
                // Some of it may have passed already.
                let seconds = lost.retry_in.as_secs_f64();
                assert!(seconds > least - 20.0 && seconds <= least, "{lost:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What a source tells of streams that end inside an event.
fn told(streams: impl IntoIterator<Item = Script>, cut_events: bool) -> Vec<String> {
    let mut source = EventSource::new(config(), connector(streams)).unwrap();
    source.set_cut_events(cut_events);
    let mut told = Vec::new();
    loop {
        match source.read().unwrap().unwrap() {
            Update::Event(event) => told.push(format!("event {}", event.data)),
            Update::Cut(event) => told.push(format!("cut {} {}", event.id, event.data)),
            Update::Lost(lost) => {
                let refused = |error: &_| format!("{error}").contains("refused");
                if lost.error.as_ref().is_some_and(refused) {
                    return told;
                }
                told.push(lost.reason.to_string());
            }
            _ => {}
        }
    }
}

#[test]
fn a_stream_that_ends_inside_an_event_is_told_and_the_cut_event_handed_out_if_asked_for() {
    let chunked =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let streams = || {
        [
            Script::new([format!("{HEAD}id: 1\ndata: a\n\nid: 2\ndata: b\ndata: c")]),
            Script::new([format!("{HEAD}data: whole\n\n")]),
            // The connection breaks in the middle of the body.
            Script::new([format!("{chunked}7\r\ndata: d\r\n")]),
        ]
    };
    let ended = "the stream ended inside an event";
    assert_eq!(
        told(streams(), false),
        [
            "event a",
            ended,
            "event whole",
            "the stream ended",
            "the connection failed"
        ]
    );
    assert_eq!(
        told(streams(), true),
        [
            "event a",
            "cut 1 b\nc",
            ended,
            "event whole",
            "the stream ended",
            "cut 1 d",
            "the connection failed"
        ]
    );
}

#[test]
fn a_stream_that_is_not_taken_up_again_and_is_cut_is_an_error() {
    let mut config = config();
    config.reconnect = false;
    let stream = Script::new([format!("{HEAD}data: a\n\ndata: [DO")]);
    let mut source = EventSource::new(config, connector([stream])).unwrap();
    assert_eq!(source.next_event().unwrap().unwrap().data, "a");
    assert_eq!(failed(source.read()).0, Reason::EndInEvent);
    assert!(source.read().unwrap().is_none());
}
