//! The examples' own code, over loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

#[cfg(feature = "deflate")]
use holdline_net::Server;

#[allow(dead_code, reason = "`main` is not called here")]
#[path = "../../examples/http_server.rs"]
pub(crate) mod http_server;
#[allow(dead_code, reason = "`main` is not called here")]
#[path = "../../examples/sse_clock.rs"]
mod sse_clock;
#[allow(dead_code, reason = "`main` is not called here")]
#[path = "../../examples/tls.rs"]
pub(crate) mod tls;
#[allow(dead_code, reason = "`main` is not called here")]
#[path = "../../examples/tokio_websocket.rs"]
mod tokio_websocket;
#[allow(dead_code, reason = "`main` is not called here")]
#[path = "../../examples/websocket_client.rs"]
mod websocket_client;
#[cfg(feature = "deflate")]
#[allow(dead_code, reason = "`main` is not called here")]
#[path = "../../examples/websocket_echo.rs"]
mod websocket_echo;
#[cfg(feature = "deflate")]
#[allow(dead_code, reason = "`main` is not called here")]
#[path = "../../examples/websocket_testsuite_client.rs"]
mod websocket_testsuite_client;

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
fn a_websocket_client_is_told_of_what_is_no_websocket() {
    let address = listen(http_server::serve);
    let error = websocket_client::talk(&format!("ws://{address}/x"), &[], &mut Vec::new());
    assert!(error.unwrap_err().to_string().contains("404"));
}

/// The echo server in both of its forms.
#[cfg(feature = "deflate")]
fn echo_servers() -> [String; 2] {
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), Default::default()).unwrap();
    let address = server.local_addr().unwrap().to_string();
    thread::spawn(move || server.run(|_| websocket_echo::Echo));
    [address, listen(websocket_echo::echo)]
}

#[cfg(feature = "deflate")]
#[test]
fn the_websocket_client_talks_to_the_echo_server() {
    for address in echo_servers() {
        let texts = ["hello".to_owned(), "wörld".repeat(10_000)];
        let mut out = Vec::new();
        websocket_client::talk(&format!("ws://{address}/"), &texts, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            texts.map(|text| text + "\n").concat()
        );
        let answer = exchange(&address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    }
}

/// A suite of two cases: one that is echoed, compressed, and one that breaks a rule.
#[cfg(feature = "deflate")]
mod suite {
    use std::net::TcpStream;
    use std::sync::Mutex;

    use holdline_net::blocking::websocket::{Choice, Error, Message, Options, WebSocket};
    use holdline_websocket::{CloseCode, DeflateOptions};

    use super::{listen, websocket_testsuite_client};

    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

    fn serve(stream: TcpStream) {
        let mut options = Options::default();
        options.deflate = Some(DeflateOptions::default());
        let mut target = String::new();
        let mut websocket = WebSocket::accept_with(stream, options, |head, _| {
            target = head.target().to_string();
            Choice::Accept
        })
        .unwrap();
        let seen = match target.as_str() {
            "/suite/getCaseCount" => {
                websocket.send_text("2").unwrap();
                "count".to_owned()
            }
            "/suite/runCase?case=1&agent=a%20b" => {
                let text = "text ".repeat(100_000);
                websocket.send_text(&text).unwrap();
                websocket.send_binary(b"").unwrap();
                assert_eq!(websocket.read().unwrap(), Some(Message::Text(&text)));
                assert_eq!(websocket.read().unwrap(), Some(Message::Binary(b"")));
                "echoed".to_owned()
            }
            "/suite/runCase?case=2&agent=a%20b" => {
                use std::io::Write;
                // A reserved opcode, and then more than the client will read.
                websocket.stream_mut().write_all(b"\x83\x00").unwrap();
                websocket.stream_mut().write_all(&[0; 1 << 20]).unwrap();
                while let Ok(Some(_)) = websocket.read() {}
                let (code, _) = websocket.close_reason().unwrap();
                assert_eq!(code, CloseCode::PROTOCOL_ERROR);
                "told".to_owned()
            }
            "/suite/updateReports?agent=a%20b" => "report".to_owned(),
            other => other.to_owned(),
        };
        SEEN.lock().unwrap().push(seen);
        let closed = websocket.close();
        assert!(matches!(closed, Ok(()) | Err(Error::Send(_))), "{closed:?}");
    }

    #[test]
    fn the_testsuite_client_runs_every_case_and_asks_for_the_report() {
        let url = format!("ws://{}/suite/", listen(serve));
        let mut out = Vec::new();
        websocket_testsuite_client::run(&url, "a b", &mut out).unwrap();
        assert_eq!(*SEEN.lock().unwrap(), ["count", "echoed", "told", "report"]);
        let out = String::from_utf8(out).unwrap();
        assert!(out.starts_with("case 1 of 2: closed\ncase 2 of 2: the peer broke a rule"));
        assert!(out.ends_with("\n2 cases run\n"), "{out}");
        let nothing = websocket_testsuite_client::run("ws://127.0.0.1:1/", "a", &mut Vec::new());
        assert!(
            nothing
                .unwrap_err()
                .to_string()
                .starts_with("getCaseCount: ")
        );
    }
}

#[test]
fn pings_are_answered_on_tokio_while_the_application_only_reads() {
    use holdline_net::blocking::websocket::OwnedMessage;

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serving =
            tokio::spawn(
                async move { tokio_websocket::echo(listener.accept().await.unwrap().0).await },
            );
        let mut socket = tokio_websocket::Socket::connect(&address, "/")
            .await
            .unwrap();
        for text in ["one".to_owned(), "two".repeat(100_000)] {
            let message = OwnedMessage::Text(text);
            socket.send(&message).await.unwrap();
            assert_eq!(socket.next().await.unwrap(), Some(message));
        }
        socket.close().await.unwrap();
        serving.await.unwrap().unwrap();
    });
    // And a client that pings, over a plain socket.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        stream.set_nonblocking(true).unwrap();
        runtime.block_on(async {
            tokio_websocket::echo(tokio::net::TcpStream::from_std(stream).unwrap()).await
        })
    });
    let mut websocket =
        holdline_net::blocking::websocket::connect(&format!("ws://{address}/")).unwrap();
    websocket.send_ping(b"?").unwrap();
    let pong = holdline_net::blocking::websocket::Message::Pong(b"?");
    assert_eq!(websocket.read().unwrap(), Some(pong));
    websocket.close().unwrap();
    serving.join().unwrap().unwrap();
}
