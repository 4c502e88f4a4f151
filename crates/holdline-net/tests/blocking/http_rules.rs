//! What users of the blocking client and server read, and ask for.

use std::io::{Read, Write};
use std::net::Shutdown;
#[cfg(unix)]
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
#[cfg(unix)]
use std::{thread::JoinHandle, time::Duration};

use holdline_http1::{RequestBody, ResponseBody};
use holdline_net::blocking::http::{Client, Error, Server};

use crate::peer::{PATIENCE, SHORT, connect, pair, peer, read_head, read_to_end};
use crate::script::{Script, text};

#[test]
fn a_response_without_a_request_is_an_error_at_once() {
    let (stream, _peer) = pair();
    let mut http = Client::new(stream, "x");
    // Without it, this would wait for ever.
    http.stream().set_read_timeout(None).unwrap();
    assert!(matches!(http.read_response(), Err(Error::NoRequest)));
    assert!(matches!(http.read_any_response(), Err(Error::NoRequest)));
    assert!(http.read_data().unwrap().is_none());
}

#[test]
fn a_timeout_says_that_no_answer_came_and_how_long_it_waited() {
    let (address, playing) = peer(|mut stream| {
        read_head(&mut stream);
        read_to_end(&mut stream);
    });
    let mut http = Client::new(connect(&address, Some(SHORT)), &address);
    http.request("GET", "/", (), b"").unwrap();
    let error = http.read_response().unwrap_err();
    assert!(error.is_timeout());
    // The system may round the time.
    assert!(
        error.to_string().starts_with("no answer within 15"),
        "{error}"
    );
    http.set_timeout(Some(SHORT / 3));
    let error = http.read_response().unwrap_err();
    assert_eq!(error.to_string(), "no answer within 50 ms");
    drop(http);
    playing.join().unwrap();
}

#[test]
fn a_client_is_told_of_a_broken_rule_and_not_what_to_answer() {
    let mut http = Client::new(Script::new(["HTTP/1.1 20 OK\r\n\r\n"]), "x");
    http.request("GET", "/", (), b"").unwrap();
    let error = http.read_response().unwrap_err().to_string();
    assert!(
        error.contains("RFC 9112 §4") && !error.contains("answer"),
        "{error}"
    );
}

#[test]
fn a_header_that_is_not_text_is_not_taken_for_absent() {
    let mut http = Client::new(
        Script::new([&b"HTTP/1.1 200 OK\r\nX: \xff\r\nY: y\r\nContent-Length: 0\r\n\r\n"[..]]),
        "x",
    );
    http.request("GET", "/", (), b"").unwrap();
    let response = http.read_response().unwrap();
    assert!(matches!(response.header("x"), Err(Error::NotText { .. })));
    assert_eq!(response.header_bytes("x"), Some(&b"\xff"[..]));
    assert_eq!(response.header("y").unwrap(), Some("y"));
    assert_eq!(response.header("z").unwrap(), None);
}

#[test]
fn an_announced_length_over_the_limit_is_refused_before_a_byte_of_it_is_read() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    let mut http = Client::new(Script::new([head]).endless(), "x");
    http.request("GET", "/", (), b"").unwrap();
    http.read_response().unwrap();
    assert!(matches!(
        http.read_body(999_999),
        Err(Error::BodyTooLong { limit: 999_999 })
    ));
}

#[test]
fn a_client_sends_trailers_and_asks_for_the_end_of_the_connection() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let mut http = Client::new(Script::new([answer]), "x");
    let written = http.stream().written();
    http.close_after_response();
    http.send_request("POST", "/", (), RequestBody::Streamed)
        .unwrap();
    http.send_data(b"abc").unwrap();
    http.send_end_with_trailers([("Check", "5")]).unwrap();
    http.read_response().unwrap();
    assert!(!http.is_reusable());
    let written = text(&written);
    assert!(written.contains("\r\nConnection: close\r\n"), "{written}");
    assert!(
        written.ends_with("3\r\nabc\r\n0\r\nCheck: 5\r\n\r\n"),
        "{written}"
    );
}

#[test]
fn a_server_sends_trailers_and_ends_the_connection() {
    let mut http = Server::new(Script::new(["GET / HTTP/1.1\r\nHost: x\r\n\r\n"]).endless());
    let written = http.stream().written();
    http.read_request().unwrap().unwrap();
    http.close_after_response();
    http.send_response(200, (), ResponseBody::Streamed).unwrap();
    http.send_data(b"abc").unwrap();
    http.send_end_with_trailers([("Check", "5")]).unwrap();
    assert!(http.read_request().unwrap().is_none());
    let written = text(&written);
    assert!(written.contains("\r\nConnection: close\r\n"), "{written}");
    assert!(
        written.ends_with("3\r\nabc\r\n0\r\nCheck: 5\r\n\r\n"),
        "{written}"
    );
}

/// A client that sends 50 MB before it reads, and what it reads.
fn upload(address: &str) -> String {
    let mut stream = connect(address, Some(PATIENCE));
    let length = 50_000_000;
    let head = format!("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![b'x'; length]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_client_that_sends_50_mb_to_a_refusing_server_reads_the_413() {
    // The loop of the README, and a handler that answers without reading.
    let (address, serving) = peer(|stream| crate::examples::http_server::serve(stream).is_err());
    let answer = upload(&address);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(serving.join().unwrap());
    let (address, serving) = peer(|stream| {
        let mut http = Server::new(stream);
        http.read_request().unwrap().unwrap();
        http.respond(413, (), b"long").unwrap();
        http.read_request().unwrap().is_none()
    });
    let answer = upload(&address);
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && answer.ends_with("long"),
        "{answer}"
    );
    assert!(serving.join().unwrap());
}

#[test]
fn a_client_that_never_stops_sending_is_not_read_for_ever() {
    let (address, serving) = peer(|stream| {
        let mut http = Server::new(stream);
        http.set_timeout(Some(SHORT));
        let refused = http.read_request().unwrap_err();
        assert!(refused.is_timeout(), "{refused}");
        refused.status()
    });
    let mut stream = connect(&address, Some(PATIENCE));
    let trickling = thread::spawn(move || {
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
        crate::peer::trickle(&mut stream, b'x');
    });
    assert_eq!(serving.join().unwrap(), 408);
    trickling.join().unwrap();
}

/// A peer that writes `first` and then takes a few bytes now and then, until the other side has had enough.
#[cfg(unix)]
fn sipping(first: &'static [u8]) -> (String, JoinHandle<()>, impl FnOnce()) {
    let (over, is_over) = channel::<()>();
    let (address, playing) = peer(move |mut stream| {
        stream.write_all(first).unwrap();
        while is_over.recv_timeout(Duration::from_millis(5)) == Err(RecvTimeoutError::Timeout) {
            stream.read_exact(&mut [0; 4096]).unwrap();
        }
    });
    (address, playing, move || over.send(()).unwrap())
}

#[cfg(unix)]
#[test]
fn a_server_that_takes_a_little_now_and_then_does_not_keep_a_request_beyond_the_timeout() {
    let (address, playing, end) = sipping(b"");
    let mut http = Client::new(connect(&address, None), &address);
    http.set_timeout(Some(SHORT));
    let error = http
        .request("POST", "/", (), &vec![b'x'; 64 << 20])
        .unwrap_err();
    assert_eq!(error.to_string(), "the request was not sent within 150 ms");
    assert!(error.is_timeout());
    end();
    playing.join().unwrap();
}

#[cfg(unix)]
#[test]
fn a_client_that_takes_a_little_now_and_then_does_not_keep_a_response_beyond_the_timeout() {
    let (address, playing, end) = sipping(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut http = Server::new(connect(&address, None));
    http.set_timeout(Some(SHORT));
    http.read_request().unwrap().unwrap();
    let error = http.respond(200, (), &vec![b'x'; 64 << 20]).unwrap_err();
    assert_eq!(error.to_string(), "the response was not sent within 150 ms");
    assert!(error.is_timeout());
    // Nor does what is left of it keep the call for the next request.
    assert!(http.read_request().unwrap_err().is_timeout());
    end();
    playing.join().unwrap();
}
