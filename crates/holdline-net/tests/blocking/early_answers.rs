//! Servers that answer before they have the whole request, and read no more.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};

use holdline_http1::RequestBody;
use holdline_net::blocking::Tcp;
use holdline_net::blocking::event_source::{Error as SourceError, EventSource, Update};
use holdline_net::blocking::http::{Client, Expectation};
use holdline_sse::{Config, Reason};

use crate::peer::{PATIENCE, SHORT, connect, peer, read_head, read_to_end};

const REFUSAL: &[u8] =
    b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlong";

fn big() -> Vec<u8> {
    vec![b'x'; 16 << 20]
}

/// Answers after the head, reads no more, and keeps the connection until it is told that all is over.
fn refusing() -> (String, impl FnOnce()) {
    let (over, is_over) = channel::<()>();
    let (address, playing) = peer(move |mut stream| {
        read_head(&mut stream);
        stream.write_all(REFUSAL).unwrap();
        is_over.recv_timeout(PATIENCE).unwrap();
    });
    let end = move || {
        over.send(()).unwrap();
        playing.join().unwrap();
    };
    (address, end)
}

#[cfg(unix)]
#[test]
fn a_413_in_the_middle_of_a_long_upload_is_read_whatever_the_timeouts() {
    for timeout in [None, Some(SHORT), Some(PATIENCE)] {
        let (address, end) = refusing();
        let mut http = Client::new(connect(&address, timeout), &address);
        http.request("POST", "/", (), &big()).unwrap();
        assert!(http.is_answered());
        assert_eq!(http.read_response().unwrap().status(), 413);
        assert_eq!(http.read_body(100).unwrap(), b"long");
        assert!(!http.is_reusable());
        end();
    }
}

#[cfg(unix)]
#[test]
fn a_413_ends_an_upload_in_pieces() {
    let (address, end) = refusing();
    let mut http = Client::new(connect(&address, None), &address);
    http.send_request("POST", "/", (), RequestBody::Streamed)
        .unwrap();
    let mut sent = 0;
    while !http.is_answered() {
        http.send_data(&[b'x'; 1 << 16]).unwrap();
        sent += 1;
        assert!(sent < 10_000);
    }
    // Who does not look goes on, and sends nothing.
    http.send_data(&big()).unwrap();
    http.send_end().unwrap();
    assert_eq!(http.read_response().unwrap().status(), 413);
    end();
}

#[cfg(unix)]
#[test]
fn a_413_to_an_event_source_that_posts_is_told() {
    for timeout in [None, Some(PATIENCE)] {
        let (address, end) = refusing();
        let config = Config::post_json(format!("http://{address}/"), big());
        let tcp = Tcp {
            read_timeout: timeout,
            write_timeout: timeout,
            ..Tcp::default()
        };
        let mut source = EventSource::tcp(config, tcp).unwrap();
        match source.next_event() {
            Err(SourceError::Failed { reason, body, .. }) => {
                assert_eq!((reason, &body[..]), (Reason::Status(413), &b"long"[..]));
            }
            other => panic!("{other:?}"),
        }
        end();
    }
}

/// A stream of which nothing is known but that it can be read and written, as TLS is.
struct Opaque(TcpStream);

impl Read for Opaque {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        self.0.read(block)
    }
}

impl Write for Opaque {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn a_413_is_read_over_a_stream_that_cannot_be_asked_when_a_write_times_out() {
    let (address, end) = refusing();
    let stream = Opaque(connect(&address, Some(SHORT)));
    let mut http = Client::new(stream, &address);
    http.request("POST", "/", (), &big()).unwrap();
    assert_eq!(http.read_response().unwrap().status(), 413);
    assert_eq!(http.read_body(100).unwrap(), b"long");
    end();
}

#[test]
fn an_answer_that_begins_while_the_request_is_sent_does_not_cut_the_request() {
    let (address, playing) = peer(|mut stream| {
        read_head(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            .unwrap();
        let mut body = vec![0; 16 << 20];
        stream.read_exact(&mut body).unwrap();
        stream.write_all(b"2\r\nok\r\n0\r\n\r\n").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        read_to_end(&mut stream);
    });
    let mut http = Client::new(connect(&address, Some(PATIENCE)), &address);
    http.request("POST", "/", (), &big()).unwrap();
    assert_eq!(http.read_response().unwrap().status(), 200);
    assert_eq!(http.read_body(10).unwrap(), b"ok");
    drop(http);
    playing.join().unwrap();
}

/// Answers after the head, and says `answer` when the client has begun to send its body. It reads that only then.
fn answering_both_ways(answer: &'static [u8]) -> (String, JoinHandle<usize>) {
    peer(move |mut stream| {
        read_head(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            .unwrap();
        while stream.peek(&mut [0]).unwrap() == 0 {}
        stream.write_all(answer).unwrap();
        // Now nothing can go on unless the client has taken the answer in.
        thread::sleep(SHORT);
        let mut body = Vec::new();
        while !body.ends_with(b"\r\n0\r\n\r\n") {
            let mut block = [0; 1 << 16];
            match stream.read(&mut block).unwrap() {
                0 => break,
                length => body.extend_from_slice(&block[..length]),
            }
        }
        body.len()
    })
}

#[test]
fn a_response_whose_head_was_read_comes_whole_while_the_request_is_still_sent() {
    let answer = Vec::leak((0..100_000_u32).map(|n| n as u8).collect());
    let (address, playing) = answering_both_ways(answer);
    let mut http = Client::new(connect(&address, Some(PATIENCE)), &address);
    http.send_request("POST", "/", (), RequestBody::Streamed)
        .unwrap();
    assert!(!http.is_answered());
    assert_eq!(http.read_response().unwrap().status(), 200);
    http.send_data(&big()).unwrap();
    http.send_end().unwrap();
    assert!(http.read_body(200_000).unwrap() == answer);
    assert!(http.is_answered());
    assert!(playing.join().unwrap() > 16 << 20);
}

#[cfg(unix)]
#[test]
fn a_response_whose_head_was_read_comes_whole_when_the_server_resets_the_request() {
    let (address, playing) = peer(|mut stream| {
        read_head(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
            .unwrap();
        while stream.peek(&mut [0]).unwrap() == 0 {}
        // With the rest of the request unread, which resets the connection.
        stream.write_all(b"done").unwrap();
    });
    let mut http = Client::new(connect(&address, Some(PATIENCE)), &address);
    http.send_request("POST", "/", (), RequestBody::Streamed)
        .unwrap();
    assert_eq!(http.read_response().unwrap().status(), 200);
    http.send_data(&big()).unwrap();
    assert_eq!(http.read_body(10).unwrap(), b"done");
    assert!(!http.is_reusable());
    playing.join().unwrap();
}

#[test]
fn continue_is_waited_for_and_early_hints_are_seen() {
    let (address, playing) = peer(|mut stream| {
        read_head(&mut stream);
        stream
            .write_all(
                b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
            )
            .unwrap();
        let mut body = [0; 2];
        stream.read_exact(&mut body).unwrap();
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .unwrap();
        // The second request is answered without its body, the third not at all.
        read_head(&mut stream);
        stream
            .write_all(b"HTTP/1.1 417 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .unwrap();
        read_to_end(&mut stream);
        body
    });
    let expect = [("Expect", "100-continue")];
    let mut http = Client::new(connect(&address, Some(PATIENCE)), &address);
    http.send_request("PUT", "/", expect, RequestBody::Known(2))
        .unwrap();
    assert_eq!(
        http.wait_for_continue(PATIENCE).unwrap(),
        Expectation::Continue
    );
    http.send_data(b"hi").unwrap();
    http.send_end().unwrap();
    let hints = http.read_any_response().unwrap();
    assert_eq!(
        (hints.status(), hints.header("link").unwrap()),
        (103, Some("</a>"))
    );
    assert_eq!(http.read_any_response().unwrap().status(), 100);
    assert_eq!(http.read_any_response().unwrap().status(), 204);
    http.send_request("PUT", "/", expect, RequestBody::Known(2))
        .unwrap();
    assert_eq!(
        http.wait_for_continue(PATIENCE).unwrap(),
        Expectation::Answered
    );
    assert_eq!(http.read_response().unwrap().status(), 417);
    drop(http);
    assert_eq!(&playing.join().unwrap(), b"hi");
}

#[cfg(unix)]
#[test]
fn a_server_that_does_not_know_expect_is_not_waited_for() {
    let (address, playing) = peer(|mut stream| {
        read_head(&mut stream);
        read_to_end(&mut stream);
    });
    let mut http = Client::new(connect(&address, Some(PATIENCE)), &address);
    http.send_request(
        "PUT",
        "/",
        [("Expect", "100-continue")],
        RequestBody::Known(2),
    )
    .unwrap();
    assert_eq!(http.wait_for_continue(SHORT).unwrap(), Expectation::Late);
    http.send_data(b"hi").unwrap();
    drop(http);
    playing.join().unwrap();
}

#[test]
fn a_body_that_trickles_behind_a_temporary_refusal_is_not_waited_for() {
    let (address, playing) = peer(|mut stream| {
        read_head(&mut stream);
        stream
            .write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\nwait")
            .unwrap();
        // The client hangs up though the body has not come. A wait for it would take 5 s.
        stream
            .set_read_timeout(Some(std::time::Duration::from_secs(3)))
            .unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    });
    let mut config = Config::new(format!("http://{address}/"));
    config.retry_status = holdline_sse::is_temporary;
    let mut source = EventSource::tcp(config, Tcp::default()).unwrap();
    match source.read() {
        Ok(Some(Update::Lost(lost))) => assert_eq!(lost.reason, Reason::Status(503)),
        other => panic!("{other:?}"),
    }
    playing.join().unwrap();
}
