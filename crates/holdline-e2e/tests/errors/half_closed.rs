//! Clients that shut down their sending side and still read.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use holdline_e2e::{Client, Server, publish};

use super::with_host;

/// Sends a request and a FIN, and reads to the end.
fn ask_and_shut_down(server: &Server, target: &str, when: impl FnOnce()) -> String {
    let mut client = TcpStream::connect(server.address()).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n");
    client.write_all(request.as_bytes()).unwrap();
    when();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    answer
}

fn presence(server: &Server) -> u64 {
    let mut client = Client::connect(server.address()).unwrap();
    let request = "GET /channels/a/presence HTTP/1.1\r\n\r\n";
    client.send(with_host(request)).unwrap();
    let answer = client.answer("GET").unwrap().json().unwrap();
    answer["subscribers"].as_u64().unwrap()
}

#[test]
fn a_held_poll_is_answered_with_what_there_is_and_leaves_the_presence() {
    let server = Server::start(&[]).unwrap();
    for target in [
        "/channels/a/long-poll?wait=300",
        "/channels/a/jsonp?callback=f&wait=300",
    ] {
        let answer = ask_and_shut_down(&server, target, || while presence(&server) == 0 {});
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains(r#""messages":[],"lost":false"#), "{answer}");
        assert_eq!(presence(&server), 0, "{target}");
    }
}

#[test]
fn a_stream_gives_what_there_is_and_ends() {
    let server = Server::start(&[]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    publish(&mut client, "a", "kept").unwrap();
    for transport in ["sse?", "xhr-stream?", "iframe?callback=f&"] {
        let target = format!("/channels/a/{transport}since=earliest");
        let answer = ask_and_shut_down(&server, &target, || {});
        assert!(answer.contains("kept"), "{answer}");
        assert!(answer.ends_with("\r\n0\r\n\r\n"), "{answer}");
        if transport.starts_with("iframe") {
            assert!(answer.contains("</html>"), "{answer}");
        }
        assert_eq!(presence(&server), 0, "{target}");
    }
}

#[test]
fn a_publisher_that_shuts_down_at_once_is_told_the_id() {
    let server = Server::start(&[]).unwrap();
    let mut client = TcpStream::connect(server.address()).unwrap();
    client
        .write_all(b"POST /channels/a HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi")
        .unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(r#"{"id":""#), "{answer}");
}
