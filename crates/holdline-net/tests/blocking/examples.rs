//! The examples' own code, over loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

#[allow(dead_code, reason = "`main` is not called here")]
#[path = "../../examples/http_server.rs"]
mod http_server;
#[allow(dead_code, reason = "`main` is not called here")]
#[path = "../../examples/sse_clock.rs"]
mod sse_clock;
#[allow(dead_code, reason = "`main` is not called here")]
#[path = "../../examples/websocket_client.rs"]
mod websocket_client;
#[allow(dead_code, reason = "`main` is not called here")]
#[path = "../../examples/websocket_echo.rs"]
mod websocket_echo;

/// Serves each connection in a thread. Returns the address.
fn listen<T: Send + 'static>(serve: fn(TcpStream) -> T) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || serve(stream));
        }
    });
    address.to_string()
}

/// Sends everything, ends the stream, and reads to the end.
fn exchange(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_http_server_answers() {
    let address = listen(http_server::serve);
    let requests = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi\
        HEAD / HTTP/1.1\r\nHost: a\r\n\r\nPUT / HTTP/1.1\r\nHost: a\r\n\r\n\
        GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    let answer = exchange(&address, requests);
    let statuses: Vec<&str> = answer.matches("HTTP/1.1 ").collect();
    assert_eq!(statuses.len(), 4, "{answer}");
    for part in [
        "\r\n\r\nhiHTTP/1.1 200 OK",
        "Allow: GET, HEAD",
        "HTTP/1.1 404 ",
    ] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    let answer = exchange(&address, b"GET / HTTP/1.1\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let long = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n";
    assert!(exchange(&address, long).starts_with("HTTP/1.1 413 "));
}

#[test]
fn the_clock_ticks() {
    let address = listen(sse_clock::serve);
    assert!(exchange(&address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").contains("EventSource"));
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /clock HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let lines = BufReader::new(stream).lines().map(Result::unwrap);
    let events: Vec<String> = lines
        .filter(|line| line.starts_with("data: "))
        .take(2)
        .collect();
    assert!(
        events.iter().all(|event| event.ends_with(" UTC")),
        "{events:?}"
    );
    assert_ne!(events[0], events[1]);
}

#[test]
fn the_websocket_client_talks_to_the_echo_server() {
    let address = listen(websocket_echo::echo);
    let texts = ["hello".to_owned(), "wörld".repeat(10_000)];
    let mut out = Vec::new();
    websocket_client::talk(&format!("ws://{address}/"), &texts, &mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        texts.map(|text| text + "\n").concat()
    );

    let error = websocket_client::talk(&format!("ws://{address}/x"), &[], &mut Vec::new());
    assert!(error.unwrap_err().to_string().contains("404"));
}
