//! Connections that were used before, and are gone or hold bytes that answer nothing.

use std::io::Write;
use std::net::Shutdown;
use std::sync::mpsc::channel;

use holdline_net::blocking::http::{Client, Error};

use crate::peer::{PATIENCE, connect, peer, read_head, read_to_end, reset};
use crate::script::Script;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const LATE: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\nConnection: close\r\n\r\nidle";

/// One exchange; then the server does `then`, and only after that the client goes on.
fn after_one_exchange(
    then: impl FnOnce(&mut std::net::TcpStream) + Send + 'static,
) -> (Client<std::net::TcpStream>, impl FnOnce()) {
    let (did, done) = channel();
    let (address, playing) = peer(move |mut stream| {
        read_head(&mut stream);
        stream.write_all(OK).unwrap();
        then(&mut stream);
        did.send(()).unwrap();
        read_to_end(&mut stream);
    });
    let mut http = Client::new(connect(&address, Some(PATIENCE)), &address);
    http.request("GET", "/", (), b"").unwrap();
    http.read_response().unwrap();
    http.read_body(10).unwrap();
    // Loopback delivers before the server's call returns.
    done.recv_timeout(PATIENCE).unwrap();
    (http, move || playing.join().unwrap())
}

#[cfg(unix)]
#[test]
fn an_idle_408_does_not_answer_the_next_request() {
    let (mut http, end) = after_one_exchange(|stream| {
        stream.write_all(LATE).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
    });
    assert!(!http.is_reusable());
    let error = http.request("GET", "/next", (), b"").unwrap_err();
    assert!(error.is_stale() && !error.is_timeout(), "{error}");
    drop(http);
    end();
}

#[cfg(unix)]
#[test]
fn a_connection_that_the_server_closed_is_recognised_as_stale() {
    let (mut http, end) = after_one_exchange(|stream| stream.shutdown(Shutdown::Write).unwrap());
    assert!(!http.is_reusable());
    let error = http.request("POST", "/next", (), b"once").unwrap_err();
    assert!(error.is_stale(), "{error}");
    drop(http);
    end();
}

#[test]
fn a_body_behind_the_answer_to_head_does_not_answer_the_next_request() {
    let answer = [OK, OK].concat();
    let mut http = Client::new(Script::answering([(1, &answer[..]), (2, OK)]), "x");
    http.request("HEAD", "/", (), b"").unwrap();
    assert_eq!(http.read_response().unwrap().status(), 200);
    assert!(!http.is_reusable());
    assert!(http.request("GET", "/", (), b"").unwrap_err().is_stale());
}

#[test]
fn a_stream_that_cannot_be_asked_tells_when_the_response_is_read() {
    let mut http = Client::new(Script::answering([(1, OK)]), "x");
    http.request("GET", "/", (), b"").unwrap();
    http.read_response().unwrap();
    http.read_body(10).unwrap();
    assert!(http.is_reusable());
    http.request("GET", "/", (), b"").unwrap();
    let error = http.read_response().unwrap_err();
    assert!(error.is_stale(), "{error}");
}

#[test]
fn a_first_request_or_one_whose_answer_began_is_not_stale() {
    let mut http = Client::new(Script::new::<&str>([]), "x");
    http.request("GET", "/", (), b"").unwrap();
    let error = http.read_response().unwrap_err();
    assert!(
        !error.is_stale() && matches!(error, Error::Receive(_)),
        "{error}"
    );
    let mut http = Client::new(Script::answering([(1, OK), (2, b"HTTP/1.1 2")]), "x");
    http.request("GET", "/", (), b"").unwrap();
    http.read_response().unwrap();
    http.read_body(10).unwrap();
    http.request("GET", "/", (), b"").unwrap();
    assert!(!http.read_response().unwrap_err().is_stale());
}

#[test]
fn a_reset_before_the_second_answer_is_stale() {
    let (address, playing) = peer(|mut stream| {
        read_head(&mut stream);
        stream.write_all(OK).unwrap();
        read_head(&mut stream);
        reset(stream);
    });
    let mut http = Client::new(connect(&address, Some(PATIENCE)), &address);
    for _ in 0..2 {
        http.request("GET", "/", (), b"").unwrap();
        match http.read_response() {
            Ok(_) => assert_eq!(http.read_body(10).unwrap(), b"hi"),
            Err(error) => assert!(error.is_stale(), "{error}"),
        }
    }
    assert!(!http.is_reusable());
    playing.join().unwrap();
}

#[test]
fn a_request_that_timed_out_keeps_the_connection_for_its_own_answer() {
    let script = Script::answering([(1, OK)]).choppy();
    let mut http = Client::new(script, "x");
    assert!(
        http.request("GET", "/one", (), b"")
            .unwrap_err()
            .is_timeout()
    );
    // Another request cannot overtake it (RFC 9112 §9.5).
    assert!(matches!(
        http.request("GET", "/two", (), b""),
        Err(Error::Send(_))
    ));
    while http.flush().is_err() {}
    let response = loop {
        match http.read_response() {
            Err(error) if error.is_timeout() => {}
            other => break other.unwrap(),
        }
    };
    assert_eq!(response.status(), 200);
}
